"""``python -m tests.bench.pages``: an A4 page made ready for an office, told as JSON.

Each page is worked on by a process of its own, as in the House, so that its memory is told by the kernel's
own high-water mark. What is measured is ``devices.page.prepare`` alone, without the start of that process.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench import memory

_ROOT = Path(__file__).parents[2]
BUDGET = 400_000
WAYS: dict[str, tuple[int, bool]] = {
    "A4 at 200 dpi in colour": (200, True),
    "A4 at 300 dpi in grey": (300, False),
}
"""Dots an inch, and whether in colour."""


@dataclass(frozen=True)
class Made:
    """One way: processor milliseconds each time, the process's peak in megabytes, bytes before and after."""

    name: str
    ms: list[float]
    megabytes: float
    before: int
    after: int

    @property
    def median(self) -> float:
        """Milliseconds, median."""
        return statistics.median(self.ms)


def picture(dpi: int, colour: bool) -> bytes:
    """Return an A4 page on a dark lid, a little askew, as a scanner hands it over."""
    from tests.devices import pages_drawn

    laid = pages_drawn.on_glass(pages_drawn.paper("stamped", dpi), tilt=0.4).shown
    return pages_drawn.pnm(laid if colour else laid.convert("L"))


def measure(name: str, content: bytes, times: int) -> Made:
    """Make the page ready ``times`` times in this process."""
    from devices import page

    dpi, colour = WAYS[name]
    ms, after = [], 0
    for _ in range(times):
        # Processor time: other work on the machine is not the page's fault.
        began = time.process_time()
        after = page.prepare(content, dpi=dpi, colour=colour, budget=BUDGET).after_bytes
        ms.append(1000 * (time.process_time() - began))
    return Made(name, ms, memory.own_peak(), len(content), after)


def in_a_process(times: int) -> list[Made]:
    """Measure each way in a process of its own."""
    found = []
    for name, (dpi, colour) in WAYS.items():
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.pages", name, str(times)],
            cwd=_ROOT,
            input=picture(dpi, colour),
            stdout=subprocess.PIPE,
            timeout=180,
            check=True,
        )
        found.append(Made(**json.loads(done.stdout)))
    return found


if __name__ == "__main__":
    print(json.dumps(asdict(measure(sys.argv[1], sys.stdin.buffer.read(), int(sys.argv[2])))))
