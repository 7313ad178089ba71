"""The ways to reach a slip printer, each a python-escpos device with a deadline on everything it does.

python-escpos waits for ever, or a minute, in several places; these links bound them: every write ends
before the deadline given to ``arm``, every question before its own. An answer that does not come is None; a
connection that is gone is an OSError. A link is opened for one job and closed after it.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import termios
import time
from typing import Any, Protocol

import usb.core
from escpos.escpos import Escpos
from escpos.printer import File, Network, Serial, Usb

from devices.config import PrinterConfig

_TICK_S = 0.01


class Link(Protocol):
    """What the driver needs beyond python-escpos's own methods."""

    def arm(self, deadline: float) -> None:
        """Let every later write end before ``deadline`` (of ``time.monotonic``)."""

    def ask(self, question: bytes, mask: int, fixed: int, timeout_s: float) -> int | None:
        """Send a question; return the first byte whose ``mask`` bits are ``fixed``, None if none comes in
        time.
        """

    def deliver(self) -> None:
        """Wait until everything written has left this machine; raise OSError when it cannot."""


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no progress before the deadline")
    return left


def _fitting(answer: bytes, mask: int, fixed: int) -> int | None:
    # Dots of a picture may look like a question to the printer, so stray answers are possible: only a byte
    # of the right shape is taken.
    return next((byte for byte in answer if byte & mask == fixed), None)


class NetworkLink(Network):  # type: ignore[misc]
    """Raw TCP, port 9100 as a rule."""

    device: Any
    _deadline = 0.0

    def open(self, raise_not_found: bool = True) -> None:
        # python-escpos leaves the socket of a refused connection open, one more at every try.
        self.device = None
        self.device = socket.create_connection((self.host, self.port), timeout=self.timeout)

    def arm(self, deadline: float) -> None:
        self._deadline = deadline

    def _raw(self, msg: bytes) -> None:
        self.device.settimeout(_left(self._deadline))
        self.device.sendall(msg)

    def ask(self, question: bytes, mask: int, fixed: int, timeout_s: float) -> int | None:
        until = time.monotonic() + timeout_s
        self._drain()
        self.device.settimeout(timeout_s)
        self.device.sendall(question)
        while (left := until - time.monotonic()) > 0:
            self.device.settimeout(left)
            try:
                answer = self.device.recv(16)
            except TimeoutError:
                return None
            if not answer:
                raise ConnectionResetError("the printer closed the connection")
            if (byte := _fitting(answer, mask, fixed)) is not None:
                return byte
        return None

    def _drain(self) -> None:
        self.device.setblocking(False)
        try:
            while self.device.recv(256):
                pass
        except BlockingIOError:
            return
        raise ConnectionResetError("the printer closed the connection")

    def deliver(self) -> None:
        # Written is not received: only an empty send queue says that the printer's side has taken every byte.
        while True:
            broken = self.device.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if broken:
                raise OSError(broken, os.strerror(broken))
            waiting = struct.unpack("i", fcntl.ioctl(self.device.fileno(), termios.TIOCOUTQ, bytes(4)))[0]
            if not waiting:
                return
            time.sleep(min(_TICK_S, _left(self._deadline)))


class SerialLink(Serial):  # type: ignore[misc]
    """A serial line."""

    _deadline = 0.0

    def open(self, raise_not_found: bool = True) -> None:
        super().open(raise_not_found)
        # python-escpos sets no write timeout: a printer that keeps the line busy would hold the bench.
        self.device.write_timeout = self.timeout

    def arm(self, deadline: float) -> None:
        self._deadline = deadline

    def _raw(self, msg: bytes) -> None:
        self.device.write_timeout = _left(self._deadline)
        self.device.write(msg)

    def ask(self, question: bytes, mask: int, fixed: int, timeout_s: float) -> int | None:
        until = time.monotonic() + timeout_s
        self.device.reset_input_buffer()
        self.device.write_timeout = timeout_s
        self.device.write(question)
        while (left := until - time.monotonic()) > 0:
            self.device.timeout = left
            if (byte := _fitting(self.device.read(1), mask, fixed)) is not None:
                return byte
        return None

    def deliver(self) -> None:
        while self.device.out_waiting:
            time.sleep(min(_TICK_S, _left(self._deadline)))

    def close(self) -> None:
        # Closing flushes, and flushing waits for ever: what could not be delivered is thrown away first.
        if self._device and self._device.is_open:
            try:
                if self._device.out_waiting:
                    self._device.reset_output_buffer()
            except OSError:
                pass
        super().close()


class UsbLink(Usb):  # type: ignore[misc]
    """A USB printer spoken to directly, without a kernel driver."""

    _deadline = 0.0

    def arm(self, deadline: float) -> None:
        self._deadline = deadline

    def _raw(self, msg: bytes) -> None:
        # pyusb counts in milliseconds; 0 would be for ever.
        self.device.write(self.out_ep, msg, max(1, int(1000 * _left(self._deadline))))

    def ask(self, question: bytes, mask: int, fixed: int, timeout_s: float) -> int | None:
        until = time.monotonic() + timeout_s
        self.device.write(self.out_ep, question, int(1000 * timeout_s))
        while (left := until - time.monotonic()) > 0:
            try:
                answer = bytes(self.device.read(self.in_ep, 64, max(1, int(1000 * left))))
            except usb.core.USBTimeoutError:
                return None
            if (byte := _fitting(answer, mask, fixed)) is not None:
                return byte
        return None

    def deliver(self) -> None:
        """A bulk write returns when the printer has taken it."""


class FileLink(File):  # type: ignore[misc]
    """A device file such as ``/dev/usb/lp0``.

    Never creates one, so a pulled cable is an error and no plain file.
    """

    _deadline = 0.0

    def open(self, raise_not_found: bool = True) -> None:
        self.device = os.fdopen(
            os.open(self.devfile, os.O_WRONLY | os.O_NONBLOCK | os.O_APPEND), "wb", buffering=0
        )

    def arm(self, deadline: float) -> None:
        self._deadline = deadline

    def _raw(self, msg: bytes) -> None:
        rest = memoryview(msg)
        while rest:
            if not select.select([], [self.device], [], _left(self._deadline))[1]:
                raise TimeoutError("the printer takes nothing")
            rest = rest[self.device.write(rest) or 0 :]

    def ask(self, question: bytes, mask: int, fixed: int, timeout_s: float) -> int | None:
        return None

    def deliver(self) -> None:
        """The kernel's printer driver takes a write when the printer has room for it."""


def link(config: PrinterConfig) -> Escpos:
    """Return the link the settings name, not yet open.

    Its methods are those of ``Link`` and python-escpos.
    """
    made = _link(config)
    # Without a width in its profile python-escpos writes a complaint to standard output for every image.
    made.profile.profile_data = made.profile.profile_data | {"media": {"width": {"pixels": config.width}}}
    return made


def _link(config: PrinterConfig) -> Escpos:
    match config.kind:
        case "network":
            return NetworkLink(config.host, config.port, timeout=min(config.timeout_s, 3.0))
        case "serial":
            return SerialLink(config.device, baudrate=config.baudrate, timeout=config.status_timeout_s)
        case "usb":
            return UsbLink(
                config.vendor,
                config.product,
                usb_args={},
                timeout=int(1000 * config.timeout_s),
                in_ep=config.in_endpoint,
                out_ep=config.out_endpoint,
            )
        case "file":
            return FileLink(config.device)
        case _:
            raise ValueError(f"no link for a {config.kind}")
