"""Print slips on an ESC/POS printer.

A slip goes as dots by the command that the settings choose, or as letters where the probe slip chose them.
Nothing is held between jobs: a network printer serves one connection at a time, and others may want it. A
printer that answers status questions is asked before (so that no paper is torn for nothing) and after (so
that "printed" means printed); one that stays silent is never waited for twice, and a question that goes
wrong stops no slip: only a known fault does. A connection that closes is Offline, whatever python-escpos
makes of it.

The limit: a silent printer is believed once its side has taken every byte. If it is switched off in the
second after that, nobody here can know; the villager can, and asks again.
"""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from escpos.exceptions import Error as EscposError

from devices import fonts
from devices.config import PrinterConfig
from devices.drivers import escpos_links, escpos_probe, escpos_profile, escpos_stream, escpos_text
from devices.drivers.escpos_base import Link, left, number_of
from devices.picture import PictureBook
from devices.ports import Denied, DeviceError, Offline, SlipPrinter, State, Status, refuse_unusable
from devices.slip import Slip

_FIRST_QUESTION_S = 0.15
"""How long the very first slip waits to learn whether this printer answers at all."""
_CONFIRM_S = 4.0
"""Longer than a slip takes to print (a metre of paper at 250 mm/s)."""
_RADIO_CALM_S = 60.0
"""How long a Bluetooth printer's last word holds: asking wakes it, and some beep each time."""

_RT_STATUS = b"\x10\x04"
_GS_R_PAPER = b"\x1dr\x01"
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
        if number_of(error) in (errno.EACCES, errno.EPERM):
            raise Denied(f"no permission for the printer: {error}") from error
        raise Offline(str(error) or type(error).__name__) from error


class EscposSlipPrinter(SlipPrinter):
    """A real slip printer: network, USB, serial line, Bluetooth or device file."""

    def __init__(self, config: PrinterConfig, pictures: PictureBook | None = None) -> None:
        self._config = escpos_profile.settled(config)
        # A library that is missing is told now, when the House is set up.
        escpos_links.link(self._config)
        self._pictures = pictures
        self._lock = threading.Lock()
        self._closed = False
        self._answers: bool | None = None if config.ask_status else False
        self._confirms: bool | None = None
        self._told = Status(State.UNKNOWN, "connected; by the settings it is not asked")
        self._last: tuple[float, Status] | None = None

    @property
    def width(self) -> int:
        return self._config.width

    def print(self, slip: Slip, *, on_first_byte: Callable[[], None] | None = None) -> bool:
        # All of it is made before the printer is called: what cannot be drawn must not be half printed.
        pieces = escpos_text.pieces(slip, self._config, self._pictures)
        return self._print(list(escpos_stream.slip(pieces, self._config)), on_first_byte)

    def print_probe(self, *, on_first_byte: Callable[[], None] | None = None) -> bool:
        return self._print(list(escpos_probe.stream(self._config)), on_first_byte)

    def status(self) -> Status:
        if not self._lock.acquire(blocking=False):
            return Status(State.BUSY, "printing")
        try:
            told = self._seen()
            return (fonts.sick() or told) if told.state.usable else told
        finally:
            self._lock.release()

    def close(self) -> None:
        self._closed = True

    def _print(self, chunks: Iterable[bytes], on_first_byte: Callable[[], None] | None) -> bool:
        deadline = time.monotonic() + self._config.timeout_s
        with self._lock, self._remembered(), self._linked(deadline) as link:
            if self._answers is not False:
                with _offline():
                    refuse_unusable(self._ask(link, _FIRST_QUESTION_S if self._answers is None else None))
            if on_first_byte is not None:
                on_first_byte()
            with _offline():
                self._send(link, chunks, deadline)
                return bool(self._answers) and self._confirms is not False and self._confirm(link)

    def _send(self, link: Link, chunks: Iterable[bytes], deadline: float) -> None:
        rest = 0.0
        for chunk in chunks:
            if rest:
                time.sleep(min(rest, left(deadline)))
            link._raw(chunk)
            rest = self._config.pause_ms / 1000
        link.deliver()

    def _seen(self) -> Status:
        if self._closed:
            return Status(State.OFFLINE, "closed")
        if self._config.kind == "bluetooth" and self._last is not None:
            at, told = self._last
            if told.state.usable and time.monotonic() - at < _RADIO_CALM_S:
                return told
        wait_s = max(4 * self._config.status_timeout_s, self._config.connect_s)
        try:
            with self._remembered(), self._linked(time.monotonic() + wait_s) as link, _offline():
                if not self._config.ask_status:
                    return self._told
                return self._ask(link)
        except DeviceError as error:
            return Status.of(error)

    @contextlib.contextmanager
    def _remembered(self) -> Iterator[None]:
        try:
            yield
        except DeviceError as error:
            self._last = time.monotonic(), Status.of(error)
            raise
        self._last = time.monotonic(), self._told

    @contextlib.contextmanager
    def _linked(self, deadline: float) -> Iterator[Link]:
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

    def _ask(self, link: Link, timeout_s: float | None = None) -> Status:
        self._told = self._asked(link, timeout_s)
        return self._told

    def _asked(self, link: Link, timeout_s: float | None) -> Status:
        def answer(about: int, wait_s: float) -> int | None:
            return link.ask(_RT_STATUS + bytes((about,)), *_REALTIME, wait_s)

        patience = self._config.status_timeout_s
        paper = answer(4, timeout_s or patience)
        if paper is None and self._answers:
            # Whoever answered before is asked twice before it is printed to blind.
            paper = answer(4, patience)
        self._answers = paper is not None
        if paper is None:
            return Status(State.UNKNOWN, "connected, but it does not answer status questions")
        cause = answer(2, patience) or 0
        if cause & 0x04:
            return Status(State.COVER_OPEN, "cover open")
        if paper & 0x60 or cause & 0x20:
            return Status(State.NO_PAPER, "paper end")
        if cause & 0x40:
            errors = answer(3, patience) or 0
            if errors & 0x08:
                return Status(State.JAMMED, "cutter error")
            if errors & 0x60 == 0x40:
                return Status(State.BUSY, "the head is too hot; it goes on by itself")
            return Status(
                State.BROKEN, "unrecoverable error" if errors & 0x20 else "error; open and close the cover"
            )
        return Status(State.LOW_PAPER, "paper near its end") if paper & 0x0C else Status(State.READY)

    def _confirm(self, link: Link) -> bool:
        # GS r waits its turn behind the image, so its answer means that the paper came out.
        if link.ask(_GS_R_PAPER, *_QUEUED, _CONFIRM_S) is not None:
            self._confirms = True
            return True
        refuse_unusable(self._ask(link))
        # One that has confirmed before was only slow over a long slip.
        self._confirms = self._confirms or False
        return False
