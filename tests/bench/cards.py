"""``python -m tests.bench.cards``: an A4 page read for codes, told as JSON.

In a process of its own, so that its memory is its own. The page has forty lines and a card's code, turned a
little; a page without one shows what looking closer everywhere costs.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from devices import codes
from tests.bench import memory
from tests.devices.codes_corpus import CARD_2021, Case, draw

_ROOT = Path(__file__).parents[2]
DPIS = (150, 200, 300)


@dataclass(frozen=True)
class Read:
    """One page: milliseconds each time, its peak of memory in megabytes over what the process had before."""

    name: str
    ms: list[float]
    found: int
    megabytes: float

    @property
    def median(self) -> float:
        """Milliseconds, median."""
        return statistics.median(self.ms)


def page(dpi: int, case: Case | None) -> bytes:
    """Return an A4 page as a scanner hands it over: a grey PGM."""
    sheet = Image.new("L", (round(8.27 * dpi), round(11.69 * dpi)), 245)
    pen = ImageDraw.Draw(sheet)
    for line in range(40):
        top = round((0.6 + line * 0.26) * dpi)
        for word in range(9):
            left = round((0.7 + word * 0.75) * dpi)
            pen.rectangle((left, top, left + round(0.6 * dpi), top + round(0.08 * dpi)), fill=40)
    if case is not None:
        sheet.paste(draw(case), (5 * dpi, 7 * dpi))
    held = io.BytesIO()
    sheet.save(held, "PPM")
    return held.getvalue()


def measure(times: int) -> list[Read]:
    """Read each page ``times`` times in this process."""
    found = []
    for dpi in DPIS:
        case = Case(CARD_2021, 18, dpi, 7, blur=0.4, noise=5)
        found.append(_read(f"A4 at {dpi} dpi with a code", page(dpi, case), times))
    found.append(_read("A4 at 200 dpi without a code", page(200, None), 1))
    return found


def _read(name: str, content: bytes, times: int) -> Read:
    before = memory.of("self", os.getpid()).rss
    ms, seen = [], 0
    for _ in range(times):
        began = time.perf_counter()
        seen = len(codes.find(content))
        ms.append(1000 * (time.perf_counter() - began))
    return Read(name, ms, seen, max(0.0, memory.own_peak() - before))


def in_a_process(times: int) -> list[Read]:
    """Measure in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.cards", str(times)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        timeout=120,
        check=True,
    )
    return [Read(**one) for one in json.loads(done.stdout)]


if __name__ == "__main__":
    print(json.dumps([asdict(one) for one in measure(int(sys.argv[1]))]))
