"""A scanner that a test plays: it hands over the pages it was given, and can be held between two rows."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable

from PIL import Image, ImageDraw

from devices.desk_ports import ScannedPage, Scanner, ScanSource, ScanWish
from devices.ports import DeviceError, State, Status


def letter(words: str = "", *, dpi: int = 100, ground: str = "white", lines: int = 18) -> Image.Image:
    """An A4 page of dark lines like writing, with ``words`` on top, lying a little inside a dark lid."""
    width, height = round(8.27 * dpi), round(11.69 * dpi)
    page = Image.new("RGB", (width, height), ground)
    pen = ImageDraw.Draw(page)
    pen.text((width // 8, height // 16), words, fill="black")
    for row in range(lines):
        top = height // 8 + row * height // 24
        for at in range(12):
            left = width // 10 + at * width // 16
            pen.rectangle((left, top, left + width // 24 + (row * at) % 9, top + height // 90), fill="black")
    return page


def pnm(page: Image.Image) -> bytes:
    """A page as a scanner hands it over."""
    out = io.BytesIO()
    page.save(out, "PPM")
    return out.getvalue()


class PlayedScanner(Scanner):
    """Hands over ``pages``, after the first ``free_pages`` once ``held`` is set; ends with ``fails``."""

    def __init__(self, *pages: bytes, dpi: int = 100) -> None:
        self.pages = pages
        self.dpi = dpi
        self.held: threading.Event | None = None
        self.free_pages = 0
        self.fails: DeviceError | None = None
        self.wishes: list[ScanWish] = []
        self.stopped_after: float | None = None

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
        self.wishes.append(wish)
        count = 1 if wish.source is ScanSource.FLATBED else min(wish.most_pages, len(self.pages))
        for number, page in enumerate(self.pages[:count], 1):
            share = 0.1
            while True:
                on_progress(number, share)
                began = time.monotonic()
                if stopped():
                    self.stopped_after = time.monotonic()
                    return number - 1
                if self.held is None or number <= self.free_pages or self.held.wait(0.05):
                    break
                share = min(0.9, share + (time.monotonic() - began) / 10)
            on_page(ScannedPage(number, page, self.dpi))
            on_progress(number, 1.0)
        if self.fails is not None:
            raise self.fails
        return count

    def status(self) -> Status:
        return Status(State.READY)

    def close(self) -> None:
        pass
