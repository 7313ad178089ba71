"""The ways to reach a slip printer, each a python-escpos device with a deadline on everything it does.

A link is opened for one job and closed after it. Here stands the network; device files and USB have rooms of
their own.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import termios
import time
from typing import Any

from escpos.printer import Network

from devices.config import PrinterConfig
from devices.drivers import escpos_names
from devices.drivers.escpos_base import TICK_S, Link, fitting, left

_FAREWELL_S = 0.2
"""How long a printer may take to close its side, or to say a last word."""


class NetworkLink(Network):  # type: ignore[misc]
    """Raw TCP, port 9100 as a rule."""

    device: Any
    _device: Any
    _deadline = 0.0

    def __init__(self, config: PrinterConfig) -> None:
        super().__init__(
            config.host, config.port, timeout=config.connect_s or min(config.timeout_s * 0.9, 3.0)
        )

    def open(self, raise_not_found: bool = True) -> None:
        # python-escpos leaves the socket of a refused connection open, one more at every try.
        self.device = None
        until = time.monotonic() + self.timeout
        where = escpos_names.address(self.host, self.port, self.timeout)
        try:
            self.device = socket.create_connection(where, timeout=max(0.2, until - time.monotonic()))
        except OSError:
            # The next try asks anew: the router may have given it another address.
            escpos_names.forget(self.host, self.port)
            raise

    def arm(self, deadline: float) -> None:
        self._deadline = deadline

    def _raw(self, msg: bytes) -> None:
        self.device.settimeout(left(self._deadline))
        self.device.sendall(msg)

    def ask(self, question: bytes, mask: int, fixed: int, timeout_s: float) -> int | None:
        until = time.monotonic() + timeout_s
        self._drain(until)
        self.device.settimeout(timeout_s)
        self.device.sendall(question)
        while (seconds := until - time.monotonic()) > 0:
            self.device.settimeout(seconds)
            try:
                answer = self.device.recv(16)
            except TimeoutError:
                return None
            if not answer:
                raise ConnectionResetError("the printer closed the connection")
            if (byte := fitting(answer, mask, fixed)) is not None:
                return byte
        return None

    def _drain(self, until: float) -> None:
        self.device.setblocking(False)
        try:
            while time.monotonic() < until:
                if not self.device.recv(256):
                    raise ConnectionResetError("the printer closed the connection")
        except BlockingIOError:
            return

    def close(self) -> None:
        # Closed over an answer that nobody read, the kernel breaks the connection off, and some printers then
        # drop what they have not printed yet.
        device, self._device = self._device, False
        if not device:
            return
        until = time.monotonic() + _FAREWELL_S
        try:
            device.shutdown(socket.SHUT_WR)
            while (seconds := until - time.monotonic()) > 0:
                device.settimeout(seconds)
                if not device.recv(256):
                    break
        except OSError:
            pass
        finally:
            device.close()

    def deliver(self) -> None:
        # Written is not received: only an empty send queue says that the printer's side has taken every byte.
        while True:
            broken = self.device.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if broken:
                raise OSError(broken, os.strerror(broken))
            waiting = struct.unpack("i", fcntl.ioctl(self.device.fileno(), termios.TIOCOUTQ, bytes(4)))[0]
            if not waiting:
                return
            time.sleep(min(TICK_S, left(self._deadline)))


def link(config: PrinterConfig) -> Link:
    """Return the link the settings name, not yet open.

    Raises ImportError when the library of that way of connecting is not installed.
    """
    made: Link
    match config.kind:
        case "network":
            made = NetworkLink(config)
        case "usb":
            from devices.drivers.escpos_usb import UsbLink

            made = UsbLink(config)
        case "simulator":
            raise ValueError("no link for a simulator")
        case _:
            from devices.drivers import escpos_files

            kinds: dict[str, type[Any]] = {
                "serial": escpos_files.SerialLink,
                "bluetooth": escpos_files.BluetoothLink,
                "file": escpos_files.FileLink,
            }
            made = kinds[config.kind](config)
    return made
