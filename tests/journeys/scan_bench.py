"""A bench whose scanner is loaded with marked pages: ``python -m tests.journeys.scan_bench``.

All else is as ``hub bench`` does it. The pages are drawn in its own memory, slowly handed over, and are
the same at every start.
"""

from __future__ import annotations

import dataclasses
import io
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import segno
from PIL import Image

from devices.desk_ports import ScannedPage, Scanner, ScanSource, ScanWish
from devices.ports import State, Status
from hub.base import logs, memory, settings
from hub.wiring import build
from hub.workers import bench
from tests.workers.scanners import letter, pnm

DPI = 100
PAGES = 3
WORDS = "Sùng Thị Dấu Vết Quét"
CARD = f"015155000000||{WORDS}|01021955|Nữ|Thôn Dấu Vết Quét, Xã Mẫu, Tỉnh Mẫu|01072025"
_ROWS = 8


CODE = f"{WORDS}; giay to so 000000"


def marked(number: int, code: str = CODE) -> bytes:
    """A page with words, a code and a pattern of dots that nothing else in the world has."""
    page = letter(f"{WORDS} {number}", dpi=DPI)
    noise = Image.frombytes("RGB", (160, 160), random.Random(number).randbytes(160 * 160 * 3))
    page.paste(noise, (400, 820))
    out = io.BytesIO()
    segno.make(code, error="m", micro=False).save(out, kind="png", scale=4, border=4)
    page.paste(Image.open(out).convert("RGB"), (60, 780))
    return pnm(page)


class MarkedScanner(Scanner):
    """Hands the marked pages over in about half a second each."""

    def __init__(self) -> None:
        self._pages = [marked(number) for number in range(1, PAGES + 1)]
        # On the glass lies a card; a page with a card's code on it would not be kept at all.
        self._card = marked(1, CARD)

    def sources(self) -> tuple[ScanSource, ...]:
        return tuple(ScanSource)

    def scan(
        self,
        wish: ScanWish,
        *,
        on_page: Callable[[ScannedPage], None],
        on_progress: Callable[[int, float], None],
        stopped: Callable[[], bool],
    ) -> int:
        count = 1 if wish.source is ScanSource.FLATBED else PAGES
        for number in range(1, count + 1):
            for row in range(_ROWS):
                if stopped():
                    return number - 1
                on_progress(number, row / _ROWS)
                time.sleep(0.04)
            shown = self._card if wish.source is ScanSource.FLATBED else self._pages[number - 1]
            on_page(ScannedPage(number, shown, DPI))
        return count

    def status(self) -> Status:
        return Status(State.READY)

    def close(self) -> None:
        pass


def main() -> None:
    """Do as ``hub bench`` does, with this scanner."""
    logs.start()
    memory.keep()
    house = build.build(settings.load(), Path(os.environ["HUB_DATA"]))
    logs.keep(house.data, "bench")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    ports = dataclasses.replace(house.ports, scanner=MarkedScanner)
    bench.run(dataclasses.replace(house, ports=ports), stop=stop)


if __name__ == "__main__":
    main()
