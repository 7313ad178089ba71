"""From the wall button to the first byte at the printer: the panel's own press in a real bench process.

``python -m tests.bench.press DATA SETTINGS`` is that process: the bench as ``hub bench`` runs it, except that
the practice panel is pressed from its own thread for every line on stdin, and the moment of the press is told
on stdout. The printer is a socket; both sides read the machine's one monotonic clock.
"""

from __future__ import annotations

import dataclasses
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from devices.ports import TICKET, Panel
from devices.simulator.panel import SimulatedPanel
from hub.base import settings
from hub.wiring import build
from hub.workers import bench
from tests.contract.sink import Sink
from tests.journeys import village

_INIT = b"\x1b@"
_PAUSE_S = 0.12


class _Timed(Sink):
    """A sink that notes when the first byte of each paper came."""

    def __init__(self) -> None:
        self.begun: list[float] = []
        super().__init__()

    def _answer(self, connection: socket.socket, data: bytes, job: bytearray) -> None:
        if _INIT in data and job.count(_INIT) == data.count(_INIT):
            self.begun.append(time.monotonic())
        super()._answer(connection, data, job)


@dataclass(frozen=True)
class Presses:
    """Milliseconds from press to first byte."""

    ms: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.ms)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.ms, n=20)[-1]


def measure(data: Path, folder: Path, count: int) -> Presses:
    """Press ``count`` times, a paper each, and return how long each took; ``data`` is an opened House."""
    with _Timed() as sink:
        path = folder / "press.toml"
        village.write_settings(
            path,
            queue={"fold_s": 0.001},
            printer={"kind": "network", "host": "127.0.0.1", "port": sink.port, "width": 576},
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.press", str(data), str(path)],
            cwd=village.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert process.stdin is not None and process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            # What waited from the House's opening comes out first.
            _quiet(sink)
            took = []
            for _ in range(count + 1):
                before = len(sink.begun)
                process.stdin.write("press\n")
                pressed = float(process.stdout.readline())
                village.until(lambda: len(sink.begun) > before, 10)
                took.append(1000 * (sink.begun[before] - pressed))
                sink.printed()
                time.sleep(_PAUSE_S)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(8)
            process.stdin.close()
            process.stdout.close()
    # The first press of a process opens what later ones find open; it is a day's first, so it is told apart.
    return Presses(tuple(took[1:]))


def _quiet(sink: _Timed) -> None:
    count, since = len(sink.begun), time.monotonic()
    while time.monotonic() - since < 1.5:
        if len(sink.begun) != count:
            count, since = len(sink.begun), time.monotonic()
        time.sleep(0.05)
    sink.printed()


def main() -> None:
    data, path = Path(sys.argv[1]), Path(sys.argv[2])
    house = build.build(settings.load(path), data)
    opened: list[Panel] = []

    def open_panel() -> Panel:
        opened.append(house.ports.panel())
        return opened[-1]

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    changed = dataclasses.replace(house, ports=dataclasses.replace(house.ports, panel=open_panel))
    threading.Thread(target=_press, args=(opened,), daemon=True).start()
    bench.run(changed, stop=stop, ready=lambda: print("ready", flush=True))


def _press(opened: list[Panel]) -> None:
    for _ in sys.stdin:
        panel = opened[-1]
        assert isinstance(panel, SimulatedPanel)
        pressed = time.monotonic()
        panel.press(TICKET)
        print(pressed, flush=True)


if __name__ == "__main__":
    main()
