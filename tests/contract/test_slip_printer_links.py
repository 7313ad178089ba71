"""Serial lines, device files and USB carry the same dots as the network, and end before their deadline."""

from __future__ import annotations

import os
import socket
import threading
import time
import tty
from pathlib import Path

import pytest

from devices import choose, raster
from devices.config import PrinterConfig
from devices.drivers import escpos_links
from devices.picture import PictureBook
from devices.ports import Offline, State
from tests.contract.escpos_reader import Reader
from tests.contract.paper import dots, trimmed
from tests.devices.samples import PICTURES, ticket

BOOK = PictureBook(PICTURES)


def _collect(descriptor: int, into: bytearray, enough: threading.Event) -> threading.Thread:
    def run() -> None:
        while not enough.is_set():
            try:
                into.extend(os.read(descriptor, 65536))
            except BlockingIOError:
                time.sleep(0.001)
            except OSError:
                return

    os.set_blocking(descriptor, False)
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_connection_that_breaks_with_bytes_still_under_way_is_not_delivered() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        link = escpos_links.link(
            PrinterConfig(kind="network", host="127.0.0.1", port=server.getsockname()[1])
        )
        link.open()
        link.arm(time.monotonic() + 3)
        printer, _ = server.accept()
        link._raw(bytes(60_000))
        printer.close()
        with pytest.raises(ConnectionError):
            link.deliver()
        link.close()


def test_a_serial_line_carries_the_same_dots(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    received, enough = bytearray(), threading.Event()
    thread = _collect(ours, received, enough)
    try:
        config = PrinterConfig(kind="serial", device=os.ttyname(theirs), width=384)
        choose.slip_printer(config, tmp_path, BOOK).print(ticket())
        until = time.monotonic() + 3
        while not received.endswith(b"\x1dV\x01") and time.monotonic() < until:
            time.sleep(0.01)
    finally:
        enough.set()
        thread.join(timeout=3)
        os.close(ours)
        os.close(theirs)
    (paper,) = Reader(384).read(bytes(received)).papers
    assert trimmed(list(paper.rows)) == dots(raster.render(ticket(), 384, BOOK))


def test_a_serial_line_that_takes_nothing_is_offline_before_the_deadline(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    try:
        config = PrinterConfig(kind="serial", device=os.ttyname(theirs), timeout_s=1, status_timeout_s=0.1)
        printer = choose.slip_printer(config, tmp_path, BOOK)
        started = time.monotonic()
        with pytest.raises(Offline):
            printer.print(ticket())
        assert time.monotonic() - started < 5
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_device_file_carries_the_same_dots(tmp_path: Path) -> None:
    pipe = tmp_path / "lp0"
    os.mkfifo(pipe)
    ours = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    received, enough = bytearray(), threading.Event()
    thread = _collect(ours, received, enough)
    try:
        printer = choose.slip_printer(PrinterConfig(kind="file", device=str(pipe)), tmp_path, BOOK)
        printer.print(ticket())
        assert printer.status().state is State.UNKNOWN
        until = time.monotonic() + 3
        while not received.endswith(b"\x1dV\x01") and time.monotonic() < until:
            time.sleep(0.01)
    finally:
        enough.set()
        thread.join(timeout=3)
        os.close(ours)
    (paper,) = Reader(576).read(bytes(received)).papers
    assert trimmed(list(paper.rows)) == dots(raster.render(ticket(), 576, BOOK))


def test_a_device_file_that_is_gone_is_offline_and_is_not_created(tmp_path: Path) -> None:
    gone = tmp_path / "lp0"
    printer = choose.slip_printer(PrinterConfig(kind="file", device=str(gone)), tmp_path, BOOK)
    with pytest.raises(Offline):
        printer.print(ticket())
    assert not gone.exists()


class _UsbPrinter:
    """What pyusb would hand out for a printer that takes everything."""

    class backend:  # noqa: N801 - pyusb's own name
        __module__ = "usb.backend.libusb0"

    def __init__(self) -> None:
        self.written = bytearray()
        self.waits: list[int] = []
        self.endpoints: set[int] = set()

    def set_configuration(self) -> None: ...

    def reset(self) -> None: ...

    def write(self, endpoint: int, data: bytes, timeout: int) -> int:
        self.endpoints.add(endpoint)
        self.waits.append(timeout)
        self.written += data
        return len(data)

    def read(self, endpoint: int, size: int, timeout: int) -> bytes:
        self.endpoints.add(endpoint)
        self.waits.append(timeout)
        if self.written.endswith(b"\x1dr\x01"):
            return b"\x00"
        return b"\x12"


def test_a_usb_printer_gets_the_same_dots_at_its_own_endpoints_with_a_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugged = _UsbPrinter()
    monkeypatch.setattr("usb.core.find", lambda **wanted: plugged)
    monkeypatch.setattr("usb.util.dispose_resources", lambda device: None)
    config = PrinterConfig(
        kind="usb", vendor=0x0416, product=0x5011, in_endpoint=0x81, out_endpoint=0x03, timeout_s=7
    )
    printer = choose.slip_printer(config, tmp_path, BOOK)
    printer.print(ticket())
    assert printer.status().state is State.READY
    assert plugged.endpoints == {0x81, 0x03}
    assert all(0 < wait <= 7000 for wait in plugged.waits)
    (paper,) = Reader(576).read(bytes(plugged.written)).papers
    assert trimmed(list(paper.rows)) == dots(raster.render(ticket(), 576, BOOK))


def test_a_usb_printer_that_is_not_plugged_in_is_offline(tmp_path: Path) -> None:
    printer = choose.slip_printer(PrinterConfig(kind="usb", vendor=0x0416, product=0x5011), tmp_path, BOOK)
    with pytest.raises(Offline):
        printer.print(ticket())
    assert printer.status().state is State.OFFLINE
