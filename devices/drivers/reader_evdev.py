"""A code reader that types as a keyboard, read from the kernel's event files and held for the House alone.

Keeps true: the reader is grabbed before the first key is taken, so a scan never types into a page or a
console; only the device that the settings name is ever opened, never a person's keyboard; when the kernel
says that keys were lost, the code they belong to is dropped.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from devices.config import ReaderConfig
from devices.drivers import usb_places
from devices.drivers.reader_keys import LETTERS, Typing
from devices.drivers.reader_loop import LoopReader, Source
from devices.drivers.usb_places import Usb
from devices.found import Found
from devices.ports import Busy, Denied, DeviceError, Offline, Unsupported

EVENT = struct.Struct("@llHHi")
"""``struct input_event``: two words of time, type, code, value."""

SYN, KEY = 0, 1
SYN_DROPPED = 3
_GRAB = 0x40044590  # EVIOCGRAB, _IOW('E', 0x90, int)
_WORD_BITS = 8 * struct.calcsize("@l")
_MOST = 64 * EVENT.size


def grab(file: int) -> None:
    """Have the kernel give the keys of an event file to nobody else; raises OSError."""
    fcntl.ioctl(file, _GRAB, 1)


class KeyboardReader(LoopReader):
    """A code reader on the kernel's input devices."""

    def __init__(
        self,
        config: ReaderConfig,
        *,
        sys: Path = usb_places.SYS,
        dev: Path = Path("/dev"),
        hold: Callable[[int], None] = grab,
    ) -> None:
        super().__init__(lambda: _Keys(_nodes(config, sys, dev), hold))


class _Keys(Source):
    """The event files of one reader; it may have several, and types on one."""

    def __init__(self, nodes: tuple[Path, ...], hold: Callable[[int], None]) -> None:
        self._typing: dict[int, Typing] = {}
        self._half: dict[int, bytes] = {}
        self._lost = False
        try:
            for node in nodes:
                file = os.open(node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                self._typing[file] = Typing()
                hold(file)
        except OSError as bad:
            self.close()
            raise _told(bad) from None

    @property
    def files(self) -> tuple[int, ...]:
        return tuple(self._typing)

    @property
    def begun(self) -> bool:
        return self._lost or any(typing.begun for typing in self._typing.values())

    def read(self, file: int) -> list[str]:
        try:
            content = os.read(file, _MOST)
        except BlockingIOError:
            return []
        if not content:
            raise OSError(errno.ENODEV, "the reader is gone")
        content = self._half.pop(file, b"") + content
        whole = len(content) - len(content) % EVENT.size
        if content[whole:]:
            self._half[file] = content[whole:]
        typing, found = self._typing[file], []
        for _, _, kind, code, value in EVENT.iter_unpack(content[:whole]):
            if kind == SYN and code == SYN_DROPPED:
                typing.drop()
                self._lost = True
            elif kind == KEY:
                text = typing.key(code, value)
                if text is None:
                    continue
                if not self._lost:
                    found.append(text)
                # What ends here is the rest of a code whose beginning is gone.
                self._lost = False
        return found

    def silence(self) -> str | None:
        left = [typing.silence() for typing in self._typing.values()]
        lost, self._lost = self._lost, False
        return None if lost else next((text for text in left if text), None)

    def close(self) -> None:
        # Closing lets go of the grab as well.
        for file in self._typing:
            with suppress(OSError):
                os.close(file)
        self._typing = {}


def found(sys: Path = usb_places.SYS) -> tuple[Found, ...]:
    """Return what on a USB cable types like a keyboard; a person's own keyboard is among it."""
    seen = {usb: None for _, _, usb in _keyboards(sys) if usb is not None}
    return tuple(
        Found(
            "reader",
            usb.label,
            {
                "kind": "keyboard",
                "vendor": usb.vendor,
                "product": usb.product,
                "serial": usb.serial,
                "device": "",
            },
            "types like a keyboard: choose it only if it is the reader, it will type nowhere else",
        )
        for usb in seen
    )


def _nodes(config: ReaderConfig, sys: Path, dev: Path) -> tuple[Path, ...]:
    if config.device:
        return (Path(config.device),)
    nodes = tuple(
        dev / "input" / name
        for name, folder, usb in _keyboards(sys)
        if (usb or _named(folder)).fits(config.vendor, config.product, config.serial)
    )
    if not nodes:
        raise Offline(f"no reader {config.vendor:04x}:{config.product:04x} is plugged in")
    return nodes


def _keyboards(sys: Path) -> Iterator[tuple[str, Path, Usb | None]]:
    for name, folder in usb_places.of_class("input", sys):
        if name.startswith("event") and _types(folder / "device"):
            yield name, folder, usb_places.behind(folder)


def _types(device: Path) -> bool:
    words = _read(device / "capabilities" / "key").split()
    try:
        numbers = [int(word, 16) for word in reversed(words)]
    except ValueError:
        return False
    return all(
        code // _WORD_BITS < len(numbers) and numbers[code // _WORD_BITS] >> code % _WORD_BITS & 1
        for code in LETTERS
    )


def _named(folder: Path) -> Usb:
    """Return what an input device on no USB (Bluetooth) says of itself."""
    device = folder / "device"
    numbers = []
    for name in ("vendor", "product"):
        try:
            numbers.append(int(_read(device / "id" / name) or "0", 16))
        except ValueError:
            numbers.append(0)
    return Usb(numbers[0], numbers[1], _read(device / "uniq"), _read(device / "name"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _told(bad: OSError) -> DeviceError:
    if bad.errno in (errno.EACCES, errno.EPERM):
        return Denied("no right to read the event file: the udev rule or the input group is missing")
    if bad.errno == errno.EBUSY:
        return Busy("another program holds the reader")
    if bad.errno in (errno.ENOTTY, errno.EINVAL):
        return Unsupported("not an event file")
    return Offline(f"the event file cannot be opened: {bad.strerror}")
