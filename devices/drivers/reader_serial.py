"""A code reader on a serial line: a real one, or USB in its serial ("USB-COM") mode.

This is the way to have a reader attached: its bytes are the code's own, with every Vietnamese letter. Keeps
true: the reader is found again by what it is, wherever it is plugged in; nobody else reads the line
meanwhile; nothing is ever sent to it.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

import serial

from devices.config import ReaderConfig
from devices.drivers import usb_places
from devices.drivers.reader_bytes import Line
from devices.drivers.reader_loop import LoopReader, Source
from devices.found import Found
from devices.ports import Busy, Denied, DeviceError, Offline

_MOST = 4096


class SerialReader(LoopReader):
    """A code reader on a serial line."""

    def __init__(self, config: ReaderConfig, *, sys: Path = usb_places.SYS, dev: Path = Path("/dev")) -> None:
        super().__init__(lambda: _Wire(_file(config, sys, dev), config.baudrate))


class _Wire(Source):
    def __init__(self, path: Path, baudrate: int) -> None:
        self._line = Line()
        try:
            self._port = serial.Serial(str(path), baudrate, timeout=0, exclusive=True)
        except (OSError, ValueError) as bad:
            raise _told(bad) from None

    @property
    def files(self) -> tuple[int, ...]:
        return (int(self._port.fileno()),)

    @property
    def begun(self) -> bool:
        return self._line.begun

    def read(self, file: int) -> list[str]:
        try:
            content = os.read(file, _MOST)
        except BlockingIOError:
            return []
        if not content:
            raise OSError(errno.ENODEV, "the reader is gone")
        return self._line.feed(content)

    def silence(self) -> str | None:
        return self._line.silence()

    def close(self) -> None:
        with suppress(OSError, ValueError):
            self._port.close()


def found(sys: Path = usb_places.SYS, dev: Path = Path("/dev")) -> tuple[Found, ...]:
    """Return the serial lines on USB; what is at their other end they do not tell."""
    seen = []
    for name, folder in usb_places.of_class("tty", sys):
        usb = usb_places.behind(folder / "device")
        if usb is not None:
            changes: dict[str, object] = {
                "kind": "serial",
                "vendor": usb.vendor,
                "product": usb.product,
                "serial": usb.serial,
                "device": "",
            }
            seen.append(Found("reader", usb.label, changes, f"a serial line, now {dev / name}"))
    return tuple(seen)


def _file(config: ReaderConfig, sys: Path, dev: Path) -> Path:
    if config.device:
        return Path(config.device)
    for name, folder in usb_places.of_class("tty", sys):
        usb = usb_places.behind(folder / "device")
        if usb is not None and usb.fits(config.vendor, config.product, config.serial):
            return dev / name
    raise Offline(f"no reader {config.vendor:04x}:{config.product:04x} is plugged in")


def _told(bad: Exception) -> DeviceError:
    code = getattr(bad, "errno", None)
    if code in (errno.EACCES, errno.EPERM):
        return Denied("no right to open the serial line: the dialout group is missing")
    # pyserial keeps the number of a refused lock in its text only.
    if code in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in str(bad):
        return Busy("another program uses the serial line")
    return Offline(f"the serial line cannot be opened: {os.strerror(code) if code else type(bad).__name__}")
