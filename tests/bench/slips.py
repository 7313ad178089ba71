"""``python -m tests.bench.slips``: sixty lines drawn and written for a slip printer, told as JSON.

Drawing and encoding are measured apart, in a process of its own, so that its memory is theirs alone. Nothing
is sent anywhere.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from devices import raster
from devices.config import PrinterConfig
from devices.drivers import escpos_profile, escpos_stream, escpos_text
from devices.slip import Slip, Text
from tests.bench import memory

LINES = 60
_ROOT = Path(__file__).parents[2]
_WORDS = (
    "Nguyễn Thị Mẫu đăng ký khai sinh cho con",
    "Lệ phí 0 đồng, hẹn trả kết quả 24/11/2026",
    "Mời bà con ngồi chờ, loa sẽ gọi số của mình",
    "Cần hỏi thêm, gọi 0214 000 000",
)


@dataclass(frozen=True)
class Measured:
    """One way of printing sixty lines: processor milliseconds, bytes on the wire, megabytes it took more."""

    name: str
    drawing: list[float]
    writing: list[float]
    bytes: int
    megabytes: float

    @property
    def milliseconds(self) -> float:
        """Drawing and writing together, median."""
        return statistics.median(self.drawing) + statistics.median(self.writing)


def sixty_lines() -> Slip:
    """Return a slip that has exactly sixty lines at 576 dots."""
    return Slip(tuple(Text(_WORDS[at % len(_WORDS)][:28]) for at in range(LINES)))


WAYS: dict[str, PrinterConfig] = {
    "576 dots, GS v 0": PrinterConfig(),
    "576 dots, ESC *": PrinterConfig(mode="column"),
    "576 dots, GS ( L": PrinterConfig(mode="graphics"),
    "576 dots, empty rows sent": PrinterConfig(blank_rows="sent"),
    "384 dots, GS v 0": PrinterConfig(width=384),
    "letters, TCVN": PrinterConfig(encoding="tcvn", code_page=27),
}


def measure(times: int) -> list[Measured]:
    """Draw and write the slip ``times`` times in every way, in this process."""
    slip, found = sixty_lines(), []
    for name, config in WAYS.items():
        config = escpos_profile.settled(replace(config))
        before = memory.of("self", os.getpid()).rss
        pieces: list[escpos_text.Piece] = []
        chunks: list[bytes] = []

        def draw(config: PrinterConfig = config) -> None:
            pieces[:] = escpos_text.pieces(slip, config)

        def write(config: PrinterConfig = config) -> None:
            chunks[:] = escpos_stream.slip(pieces, config)

        drawing, writing = _timed(draw, times), _timed(write, times)
        after = memory.of("self", os.getpid()).rss
        found.append(Measured(name, drawing, writing, sum(map(len, chunks)), max(0.0, after - before)))
    return found


def in_a_process(times: int) -> list[Measured]:
    """Measure in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.slips", str(times)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        timeout=120,
        check=True,
    )
    return [Measured(**one) for one in json.loads(done.stdout)]


def _timed(work: Callable[[], None], times: int) -> list[float]:
    work()
    found = []
    for _ in range(times):
        # Processor time: other work on the machine is not the raster's fault.
        began = time.process_time()
        work()
        found.append(1000 * (time.process_time() - began))
    return found


if __name__ == "__main__":
    raster.render(Slip((Text("ấm máy"),)), 576)
    print(json.dumps([asdict(one) for one in measure(int(sys.argv[1]))]))
