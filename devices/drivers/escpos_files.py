"""Slip printers behind a device file: serial line, Bluetooth serial line, and the kernel's printer file.

Keeps true: a file that is gone is an error and never created; closing never waits for a printer that takes
nothing; what is told as delivered has left this machine. A Bluetooth line is connected anew for each slip:
the radio sleeps between them, and waking it takes seconds that no other way of connecting needs.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import termios
import time
from typing import Any

import serial  # noqa: F401 - python-escpos hides that it is missing until the line is opened
from escpos.printer import File, Serial

from devices.config import PrinterConfig
from devices.drivers.escpos_base import TICK_S, fitting, left, number_of
from devices.ports import Offline

_AGAIN_S = 0.5
_ESC_INIT = b"\x1b@"
_AWAY = frozenset(
    (
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENOTCONN,
        errno.ETIMEDOUT,
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EIO,
        errno.EBUSY,
        errno.EAGAIN,
    )
)
"""What the radio says of a printer that sleeps, is far away, or has not let go of its last caller."""


class SerialLink(Serial):  # type: ignore[misc]
    """A serial line."""

    _device: Any
    _deadline = 0.0

    def __init__(self, config: PrinterConfig) -> None:
        super().__init__(
            config.device,
            baudrate=config.baudrate,
            timeout=config.status_timeout_s,
            xonxoff=config.flow == "xonxoff",
            dsrdtr=config.flow == "dsrdtr",
        )
        self._flow = config.flow

    def open(self, raise_not_found: bool = True) -> None:
        if not os.path.exists(self.devfile):
            raise ConnectionError(f"{self.devfile} is not there: switched off or unplugged")
        super().open(raise_not_found)
        self.device.rtscts = self._flow == "rtscts"
        # python-escpos sets no write timeout: a printer that keeps the line busy would hold the bench.
        self.device.write_timeout = self.timeout

    def arm(self, deadline: float) -> None:
        self._deadline = deadline

    def _raw(self, msg: bytes) -> None:
        self.device.write_timeout = left(self._deadline)
        self.device.write(msg)

    def ask(self, question: bytes, mask: int, fixed: int, timeout_s: float) -> int | None:
        until = time.monotonic() + timeout_s
        try:
            self.device.reset_input_buffer()
        except termios.error as error:
            raise ConnectionResetError(*error.args) from error
        self.device.write_timeout = timeout_s
        self.device.write(question)
        while (seconds := until - time.monotonic()) > 0:
            self.device.timeout = seconds
            if (byte := fitting(self.device.read(1), mask, fixed)) is not None:
                return byte
        return None

    def deliver(self) -> None:
        while self.device.out_waiting:
            time.sleep(min(TICK_S, left(self._deadline)))

    def close(self) -> None:
        # python-escpos flushes first: that waits for ever, and fails on a line that was pulled out. What
        # could not be delivered is thrown away instead.
        device, self._device = self._device, False
        if not device or not device.is_open:
            return
        try:
            if device.out_waiting:
                device.reset_output_buffer()
        except (OSError, termios.error):
            pass
        finally:
            device.close()


class BluetoothLink(SerialLink):
    """A serial line by radio (``/dev/rfcomm0``), bound to a printer that was paired once."""

    def __init__(self, config: PrinterConfig) -> None:
        super().__init__(config)
        # There are no wires for these on the air; the radio has a flow control of its own.
        self.xonxoff = self.dsrdtr = False
        self._flow = "none"
        self._connect_s = config.connect_s or 12.0

    def open(self, raise_not_found: bool = True) -> None:
        until = time.monotonic() + self._connect_s
        while True:
            try:
                super().open(raise_not_found)
                self._connected(until)
                return
            except Exception as error:
                number = number_of(error)
                if number is not None and number not in _AWAY:
                    raise
                if time.monotonic() + _AGAIN_S >= until:
                    raise Offline(f"no answer by radio within {self._connect_s:.0f} s: {error}") from error
            time.sleep(_AGAIN_S)

    def _connected(self, until: float) -> None:
        # The kernel opens the line before the radio has found the printer, and keeps what is written until
        # then: only what has left says that somebody is there. This command moves no paper.
        self.arm(until)
        self._raw(_ESC_INIT)
        self.deliver()


class FileLink(File):  # type: ignore[misc]
    """A device file such as ``/dev/usb/lp0``; it can answer where the kernel lets it be read."""

    _deadline = 0.0
    _reads = False

    def __init__(self, config: PrinterConfig) -> None:
        super().__init__(config.device)

    def open(self, raise_not_found: bool = True) -> None:
        # A pipe that is opened both ways would answer with the House's own words.
        self._reads = stat.S_ISCHR(os.stat(self.devfile).st_mode)
        way = os.O_RDWR if self._reads else os.O_WRONLY
        try:
            descriptor = os.open(self.devfile, way | os.O_NONBLOCK | os.O_NOCTTY | os.O_APPEND)
        except PermissionError:
            self._reads = False
            descriptor = os.open(self.devfile, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_APPEND)
        self.device = os.fdopen(descriptor, "r+b" if self._reads else "wb", buffering=0)

    def arm(self, deadline: float) -> None:
        self._deadline = deadline

    def _raw(self, msg: bytes) -> None:
        self._write(msg, self._deadline)

    def _write(self, msg: bytes, deadline: float) -> None:
        rest = memoryview(msg)
        while rest:
            self._writable(deadline)
            rest = rest[self.device.write(rest) or 0 :]

    def _writable(self, deadline: float) -> None:
        if not select.select([], [self.device], [], left(deadline))[1]:
            raise TimeoutError("the printer takes nothing")

    def ask(self, question: bytes, mask: int, fixed: int, timeout_s: float) -> int | None:
        if not self._reads:
            return None
        until = time.monotonic() + timeout_s
        while time.monotonic() < until - timeout_s / 2 and self._answer(0):
            pass
        self._write(question, until)
        while (seconds := until - time.monotonic()) > 0:
            if (byte := fitting(self._answer(seconds), mask, fixed)) is not None:
                return byte
        return None

    def _answer(self, seconds: float) -> bytes:
        if not select.select([self.device], [], [], seconds)[0]:
            return b""
        try:
            answer = os.read(self.device.fileno(), 64)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EAGAIN, errno.EBADF):
                raise
            # A printer that only listens: the kernel refuses to read from it.
            self._reads = False
            answer = b""
        if not answer:
            # Readable and yet empty: asking on without a rest would take a whole core.
            time.sleep(min(TICK_S, seconds))
        return answer

    def deliver(self) -> None:
        # The kernel's printer driver takes a block before the printer does, and closing throws it away.
        self._writable(self._deadline)
        # Of a printer that was pulled out meanwhile it tells only at a write.
        os.write(self.device.fileno(), b"")
