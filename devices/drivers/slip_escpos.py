"""Print slips on an ESC/POS printer, through python-escpos.

A slip goes as one image, in fragments, by the command that the settings choose. Nothing is held between
jobs: a network printer serves one connection at a time, and others may want it. A printer that answers
status questions is asked before (so that no paper is torn for nothing) and after (so that "printed" means
printed); one that stays silent is never waited for twice. A connection that closes is Offline, whatever
python-escpos makes of it.

The limit: a silent printer is believed once its side has taken every byte. If it is switched off in the
second after that, nobody here can know; the villager can, and asks again.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from escpos.constants import GS, RT_STATUS
from escpos.exceptions import Error as EscposError
from PIL import Image

from devices import raster
from devices.config import PrinterConfig
from devices.drivers import escpos_links
from devices.picture import PictureBook
from devices.ports import DeviceError, Offline, SlipPrinter, State, Status, refuse_unusable
from devices.slip import Slip

_IMPLEMENTATIONS = {"raster": "bitImageRaster", "graphics": "graphics", "column": "bitImageColumn"}
_FIRST_QUESTION_S = 0.15
"""How long the very first slip waits to learn whether this printer answers at all."""
_CONFIRM_S = 4.0
"""Longer than a slip takes to print (a metre of paper at 250 mm/s)."""

# Fixed bits of the answers, by the command reference: DLE EOT n has bits 1 and 4 set, 0 and 7 clear;
# GS r has 4 and 7 clear.
_REALTIME = (0b1001_0011, 0b0001_0010)
_QUEUED = (0b1001_0000, 0b0000_0000)


@contextlib.contextmanager
def _offline() -> Iterator[None]:
    # pyserial's and pyusb's own errors are OSErrors too.
    try:
        yield
    except DeviceError:
        raise
    except (OSError, EscposError) as error:
        raise Offline(str(error) or type(error).__name__) from error


class EscposSlipPrinter(SlipPrinter):
    """A real slip printer: network, USB, serial or device file."""

    def __init__(self, config: PrinterConfig, pictures: PictureBook | None = None) -> None:
        self._config = config
        self._pictures = pictures
        self._lock = threading.Lock()
        self._closed = False
        self._answers: bool | None = None
        self._confirms = True

    @property
    def width(self) -> int:
        return self._config.width

    def print(self, slip: Slip, *, on_first_byte: Callable[[], None] | None = None) -> None:
        paper = raster.render(slip, self.width, self._pictures)
        deadline = time.monotonic() + self._config.timeout_s
        with self._lock, self._linked(deadline) as link:
            if self._answers is not False:
                with _offline():
                    refuse_unusable(self._ask(link, _FIRST_QUESTION_S if self._answers is None else None))
            if on_first_byte is not None:
                on_first_byte()
            with _offline():
                self._send(link, paper)
                if self._answers and self._confirms:
                    self._confirm(link)

    def status(self) -> Status:
        if not self._lock.acquire(blocking=False):
            return Status(State.BUSY, "printing")
        try:
            with self._linked(time.monotonic() + 4 * self._config.status_timeout_s) as link, _offline():
                return self._ask(link)
        except DeviceError as error:
            return Status.of(error)
        finally:
            self._lock.release()

    def close(self) -> None:
        self._closed = True

    @contextlib.contextmanager
    def _linked(self, deadline: float) -> Iterator[Any]:
        if self._closed:
            raise Offline("closed")
        link = escpos_links.link(self._config)
        try:
            with _offline():
                link.open()
            link.arm(deadline)
            yield link
        finally:
            with contextlib.suppress(OSError):
                link.close()

    def _send(self, link: Any, paper: Image.Image) -> None:
        rows = self._config.fragment_rows
        link.hw("INIT")
        for top in range(0, paper.height, rows):
            fragment = paper.crop((0, top, paper.width, min(top + rows, paper.height)))
            link.image(fragment, impl=_IMPLEMENTATIONS[self._config.mode], fragment_height=rows)
        if self._config.cut == "none":
            link.print_and_feed(4)
        else:
            link.cut(mode=self._config.cut.upper())
        link.deliver()

    def _ask(self, link: escpos_links.Link, timeout_s: float | None = None) -> Status:
        def answer(about: int) -> int:
            return link.ask(RT_STATUS + bytes((about,)), *_REALTIME, self._config.status_timeout_s) or 0

        paper = link.ask(RT_STATUS + b"\x04", *_REALTIME, timeout_s or self._config.status_timeout_s)
        self._answers = paper is not None
        if paper is None:
            return Status(State.UNKNOWN, "connected, but it does not answer status questions")
        cause = answer(2)
        if cause & 0x04:
            return Status(State.COVER_OPEN, "cover open")
        if paper & 0x60 or cause & 0x20:
            return Status(State.NO_PAPER, "paper end")
        if cause & 0x40:
            errors = answer(3)
            if errors & 0x08:
                return Status(State.JAMMED, "cutter error")
            return Status(
                State.BROKEN, "unrecoverable error" if errors & 0x20 else "error; open and close the cover"
            )
        return Status(State.LOW_PAPER, "paper near its end") if paper & 0x0C else Status(State.READY)

    def _confirm(self, link: escpos_links.Link) -> None:
        # GS r waits its turn behind the image, so its answer means that the paper came out.
        if link.ask(GS + b"r\x01", *_QUEUED, _CONFIRM_S) is not None:
            return
        refuse_unusable(self._ask(link))
        self._confirms = False
