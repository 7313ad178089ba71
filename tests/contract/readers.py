"""Code readers that a test can hold a code before, and whose cable it can pull: the practice one, one on a
pseudo-terminal, one on a pipe that carries the kernel's own event records."""

from __future__ import annotations

import os
import struct
import time
import tty
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from devices.config import ReaderConfig
from devices.desk_ports import CodeReader
from devices.drivers.reader_evdev import EVENT, KEY, SYN, KeyboardReader
from devices.drivers.reader_serial import SerialReader
from devices.simulator.code_reader import Fault, SimulatedCodeReader

VENDOR, PRODUCT, SERIAL = 0x1234, 0xABCD, "R-000000"
_SHIFT, _ENTER, _ALT = 42, 28, 56
_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
)
_KEYPAD = dict(zip("0123456789", (82, 79, 80, 81, 75, 76, 77, 71, 72, 73), strict=True))


def until(told: Callable[[], object], seconds: float = 8.0) -> None:
    """Wait until something is so, at most ``seconds``."""
    end = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.01)


def keys(text: str) -> list[tuple[int, int]]:
    """Return the presses and releases with which a reader in US layout types ``text``, Alt for the rest."""
    found: list[tuple[int, int]] = []
    for letter in text:
        if letter == " ":
            found += [(57, 1), (57, 0)]
            continue
        for first, plain, shifted in _ROWS:
            if letter in plain:
                code = first + plain.index(letter)
                found += [(code, 1), (code, 0)]
                break
            if letter in shifted:
                code = first + shifted.index(letter)
                found += [(_SHIFT, 1), (code, 1), (code, 0), (_SHIFT, 0)]
                break
        else:
            found.append((_ALT, 1))
            for digit in f"0{ord(letter)}":
                found += [(_KEYPAD[digit], 1), (_KEYPAD[digit], 0)]
            found.append((_ALT, 0))
    return found


def events(typed: list[tuple[int, int]]) -> bytes:
    """Return key events as the kernel writes them, each with its report behind it."""
    return b"".join(EVENT.pack(1, 2, KEY, code, value) + EVENT.pack(1, 2, SYN, 0, 0) for code, value in typed)


class Rig(ABC):
    """One reader with its outside."""

    reader: CodeReader

    @abstractmethod
    def hold(self, text: str) -> None:
        """Hold a code before it."""

    @abstractmethod
    def pull(self) -> None:
        """Pull its cable."""

    @abstractmethod
    def plug(self) -> None:
        """Plug it in again, somewhere else where that is possible."""

    def begin(self, text: str) -> None:
        """Send a code but not its end; nothing for a reader that has no such thing."""

    def close(self) -> None:
        """End the reader and what stands outside."""
        self.reader.close()


class Practice(Rig):
    """The practice reader."""

    def __init__(self, folder: Path) -> None:
        self.reader: SimulatedCodeReader = SimulatedCodeReader(ReaderConfig(), folder)

    def hold(self, text: str) -> None:
        self.reader.hold(text)

    def pull(self) -> None:
        self.reader.inject(Fault.CABLE_PULLED)

    def plug(self) -> None:
        self.reader.mend()


def usb(folder: Path, *, vendor: int = VENDOR, product: int = PRODUCT, serial: str = SERIAL) -> Path:
    """Make a USB device in a made-up ``/sys`` and return the folder of its interface."""
    folder.mkdir(parents=True)
    told = {"idVendor": f"{vendor:04x}", "idProduct": f"{product:04x}", "serial": serial}
    for name, value in {**told, "manufacturer": "Mẫu", "product": "Đầu đọc"}.items():
        (folder / name).write_text(f"{value}\n", encoding="utf-8")
    (folder / "1-1:1.0").mkdir()
    return folder / "1-1:1.0"


class Serial(Rig):
    """A reader on a serial line: the other end of a pseudo-terminal, found through a made-up ``/sys``."""

    def __init__(self, folder: Path) -> None:
        self._sys, self._dev = folder / "sys", folder / "dev"
        self._dev.mkdir(parents=True)
        self._place = 0
        self._ends = self._held = -1
        self.plug()
        config = ReaderConfig(kind="serial", vendor=VENDOR, product=PRODUCT, serial=SERIAL)
        self.reader = SerialReader(config, sys=self._sys, dev=self._dev)

    def hold(self, text: str) -> None:
        os.write(self._ends, text.encode() + b"\r\n")

    def begin(self, text: str) -> None:
        os.write(self._ends, text.encode())

    def pull(self) -> None:
        name = f"ttyACM{self._place}"
        (self._dev / name).unlink()
        (self._sys / "class" / "tty" / name).unlink()
        os.close(self._ends)
        os.close(self._held)
        self._ends = self._held = -1

    def plug(self) -> None:
        self._place += 1
        name = f"ttyACM{self._place}"
        device = usb(self._sys / "devices" / f"usb{self._place}")
        (device / "tty" / name).mkdir(parents=True)
        (device / "tty" / name / "device").symlink_to(device)
        (self._sys / "class" / "tty").mkdir(parents=True, exist_ok=True)
        self._ends, line = os.openpty()
        tty.setraw(line)
        (self._dev / name).symlink_to(os.ttyname(line))
        (self._sys / "class" / "tty" / name).symlink_to(device / "tty" / name)
        # The reader opens the line by its name; a line that nobody holds open would say "gone" at once.
        self._held = line

    def close(self) -> None:
        super().close()
        for file in (self._ends, self._held):
            if file >= 0:
                os.close(file)


def input_device(sys: Path, name: str, device: Path, capabilities: str) -> None:
    """Put an event file of a device into a made-up ``/sys/class/input``."""
    place = device / "input" / name
    (place / "device" / "capabilities").mkdir(parents=True)
    (place / "device" / "capabilities" / "key").write_text(capabilities + "\n", encoding="ascii")
    (sys / "class" / "input").mkdir(parents=True, exist_ok=True)
    (sys / "class" / "input" / name).symlink_to(place)


def every_key() -> str:
    """Return the capabilities of a keyboard as the kernel writes them."""
    bits = 8 * struct.calcsize("@l")
    number = (1 << 128) - 2
    words = [number >> shift & ((1 << bits) - 1) for shift in range(0, 128, bits)]
    return " ".join(f"{word:x}" for word in reversed(words))


class Keyboard(Rig):
    """A reader that types: a pipe with the kernel's records, found through a made-up ``/sys``."""

    def __init__(self, folder: Path) -> None:
        self._sys, self._dev = folder / "sys", folder / "dev"
        (self._dev / "input").mkdir(parents=True)
        self._place = 0
        self._ends = -1
        self.grabbed = 0
        self.plug()
        config = ReaderConfig(kind="keyboard", vendor=VENDOR, product=PRODUCT, serial=SERIAL)
        self.reader = KeyboardReader(config, sys=self._sys, dev=self._dev, hold=self._grab)

    def _grab(self, file: int) -> None:
        self.grabbed += 1

    def send(self, content: bytes) -> None:
        """Send records as they are; a pipe takes a long code in parts."""
        end = time.monotonic() + 8
        while content:
            assert time.monotonic() < end, "nobody reads the pipe"
            try:
                content = content[os.write(self._ends, content) :]
            except BlockingIOError:
                time.sleep(0.005)

    def hold(self, text: str) -> None:
        self.send(events([*keys(text), (_ENTER, 1), (_ENTER, 0)]))

    def begin(self, text: str) -> None:
        self.send(events(keys(text)))

    def pull(self) -> None:
        name = f"event{self._place}"
        (self._sys / "class" / "input" / name).unlink()
        (self._dev / "input" / name).unlink()
        os.close(self._ends)
        self._ends = -1

    def plug(self) -> None:
        self._place += 1
        name = f"event{self._place}"
        device = usb(self._sys / "devices" / f"usb{self._place}")
        os.mkfifo(self._dev / "input" / name)
        input_device(self._sys, name, device, every_key())
        # Both ends here, so that the pipe is open before and after the reader is.
        self._ends = os.open(self._dev / "input" / name, os.O_RDWR | os.O_NONBLOCK)

    def close(self) -> None:
        super().close()
        if self._ends >= 0:
            os.close(self._ends)
