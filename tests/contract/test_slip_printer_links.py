"""Serial lines, device files and USB carry the same dots as the network, and end before their deadline."""

from __future__ import annotations

import fcntl
import os
import socket
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from devices import choose, raster
from devices.config import PrinterConfig
from devices.drivers import escpos_links
from devices.picture import PictureBook
from devices.ports import Denied, Offline, State
from tests.contract.escpos_reader import Reader
from tests.contract.line import Line
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


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.close()


def test_a_serial_printer_that_answers_confirms_its_paper(line: Line, tmp_path: Path) -> None:
    config = PrinterConfig(kind="serial", device=line.name, width=384, status_timeout_s=2)
    printer = choose.slip_printer(config, tmp_path, BOOK)
    assert printer.status().state is State.READY
    assert printer.print(ticket())
    assert line.papers(384) == [dots(raster.render(ticket(), 384, BOOK))]


@pytest.mark.parametrize("flow", ["rtscts", "xonxoff", "none", "dsrdtr"])
def test_the_flow_of_a_serial_line_is_the_one_of_the_settings(
    flow: Literal["rtscts", "xonxoff", "none", "dsrdtr"], line: Line
) -> None:
    link: Any = escpos_links.link(PrinterConfig(kind="serial", device=line.name, flow=flow))
    link.open()
    seen = {"rtscts": link.device.rtscts, "xonxoff": link.device.xonxoff, "dsrdtr": link.device.dsrdtr}
    link.close()
    assert [name for name, on in seen.items() if on] == ([] if flow == "none" else [flow])


def test_a_printer_file_that_can_be_read_tells_how_the_printer_is(line: Line, tmp_path: Path) -> None:
    config = PrinterConfig(kind="file", device=line.name, status_timeout_s=2)
    printer = choose.slip_printer(config, tmp_path, BOOK)
    assert printer.status().state is State.READY
    assert printer.print(ticket())
    assert line.papers(576) == [dots(raster.render(ticket(), 576, BOOK))]


def test_a_printer_file_that_stays_silent_is_printed_to_all_the_same(tmp_path: Path) -> None:
    silent = Line(answers=False)
    try:
        config = PrinterConfig(kind="file", device=silent.name, status_timeout_s=0.1)
        printer = choose.slip_printer(config, tmp_path, BOOK)
        assert printer.print(ticket()) is False
        assert printer.status().state is State.UNKNOWN
        assert silent.papers(576) == [dots(raster.render(ticket(), 576, BOOK))]
    finally:
        silent.close()


def test_what_the_kernel_still_holds_of_a_slip_is_waited_for_before_the_file_is_closed(
    tmp_path: Path,
) -> None:
    pipe = tmp_path / "lp0"
    os.mkfifo(pipe)
    ours = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    link = escpos_links.link(PrinterConfig(kind="file", device=str(pipe)))
    try:
        link.open()
        link.arm(time.monotonic() + 0.3)
        link._raw(bytes(fcntl.fcntl(ours, fcntl.F_GETPIPE_SZ)))
        with pytest.raises(TimeoutError):
            link.deliver()
        link.arm(time.monotonic() + 3)
        assert len(os.read(ours, 1 << 20)) >= 65536
        link.deliver()
    finally:
        link.close()
        os.close(ours)


def test_a_printer_file_that_goes_away_over_the_last_bytes_has_not_delivered_them() -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    link = escpos_links.link(PrinterConfig(kind="file", device=os.ttyname(theirs)))
    link.open()
    link.arm(time.monotonic() + 3)
    link._raw(b"the end")
    os.close(theirs)
    os.close(ours)
    with pytest.raises(OSError):
        link.deliver()
    link.close()


def test_a_late_answer_does_not_break_off_a_slip_that_is_still_being_printed() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        port = server.getsockname()[1]
        link = escpos_links.link(PrinterConfig(kind="network", host="127.0.0.1", port=port))
        link.open()
        link.arm(time.monotonic() + 3)
        printer, _ = server.accept()
        with printer:
            printer.settimeout(3)
            assert link.ask(b"\x10\x04\x04", 0x93, 0x12, 0.01) is None
            link._raw(b"slip")
            link.deliver()
            # Its answer comes when nobody reads any more.
            printer.sendall(b"\x12")
            link.close()
            broken_off = printer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            received = b""
            while said := printer.recv(64):
                received += said
    assert (received, broken_off) == (b"\x10\x04\x04slip", 0)


class _Babbler:
    """A connection on which something always lies ready, as fast as it is read."""

    def __init__(self) -> None:
        self._over = time.monotonic() + 3

    def setblocking(self, wanted: bool) -> None: ...

    def settimeout(self, seconds: float) -> None: ...

    def sendall(self, data: bytes) -> None: ...

    def recv(self, most: int) -> bytes:
        assert time.monotonic() < self._over, "it is listened to for ever"
        return bytes(most)


def test_a_printer_that_never_stops_talking_holds_nobody() -> None:
    link: Any = escpos_links.link(PrinterConfig(kind="network", host="127.0.0.1"))
    link.device = _Babbler()
    assert link.ask(b"\x10\x04\x04", 0x93, 0x12, 0.2) is None
    link.device = None


def test_a_serial_cable_that_is_pulled_out_is_offline_whatever_is_asked_of_it() -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    link = escpos_links.link(PrinterConfig(kind="serial", device=os.ttyname(theirs)))
    link.open()
    link.arm(time.monotonic() + 3)
    os.close(theirs)
    os.close(ours)
    with pytest.raises(OSError):
        link.ask(b"\x10\x04\x04", 0x93, 0x12, 0.2)
    link.close()


def test_a_radio_line_that_opens_before_the_printer_is_there_is_offline_before_any_paper(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So does the kernel's: what is written waits for the radio.
    monkeypatch.setattr("serial.Serial.out_waiting", 2)
    config = PrinterConfig(kind="bluetooth", device=line.name, connect_s=0.8, status_timeout_s=0.1)
    printer = choose.slip_printer(config, tmp_path, BOOK)
    told: list[str] = []
    with pytest.raises(Offline, match="radio"):
        printer.print(ticket(), on_first_byte=lambda: told.append("first"))
    assert told == []
    assert printer.status().state is State.OFFLINE


def test_a_printer_file_of_another_group_is_denied_and_not_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*args: object) -> int:
        raise PermissionError(13, "Permission denied", "/dev/usb/lp0")

    monkeypatch.setattr("devices.drivers.escpos_files.os.open", denied)
    printer = choose.slip_printer(PrinterConfig(kind="file", device="/dev/null"), tmp_path, BOOK)
    with pytest.raises(Denied):
        printer.print(ticket())
    assert printer.status().state is State.DENIED


def test_a_bluetooth_printer_that_wakes_up_late_is_waited_for(line: Line, tmp_path: Path) -> None:
    radio = tmp_path / "rfcomm0"
    config = PrinterConfig(kind="bluetooth", device=str(radio), width=384, connect_s=5)
    printer = choose.slip_printer(config, tmp_path, BOOK)
    waker = threading.Timer(0.6, lambda: radio.symlink_to(line.name))
    waker.start()
    try:
        printer.print(ticket())
    finally:
        waker.join()
    assert line.papers(384) == [dots(raster.render(ticket(), 384, BOOK))]


def test_a_bluetooth_printer_out_of_reach_is_offline_before_any_paper_and_in_bounded_time(
    tmp_path: Path,
) -> None:
    config = PrinterConfig(kind="bluetooth", device=str(tmp_path / "rfcomm0"), connect_s=0.8)
    printer = choose.slip_printer(config, tmp_path, BOOK)
    told: list[str] = []
    started = time.monotonic()
    with pytest.raises(Offline, match="radio"):
        printer.print(ticket(), on_first_byte=lambda: told.append("first"))
    assert time.monotonic() - started < 6
    assert told == []


def test_a_bluetooth_printer_is_not_woken_to_ask_what_it_has_just_said(line: Line, tmp_path: Path) -> None:
    radio = tmp_path / "rfcomm0"
    radio.symlink_to(line.name)
    printer = choose.slip_printer(
        PrinterConfig(kind="bluetooth", device=str(radio), width=384, connect_s=0.3, status_timeout_s=2),
        tmp_path,
        BOOK,
    )
    assert printer.status().state is State.READY
    printer.print(ticket())
    line.settle()
    before = len(line.received)
    assert printer.status().state is State.READY
    assert len(line.received) == before
    radio.unlink()
    assert printer.status().state is State.READY
    with pytest.raises(Offline):
        printer.print(ticket())
    assert printer.status().state is State.OFFLINE
    radio.symlink_to(line.name)
    assert printer.status().state is State.READY


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"kind": "bluetooth", "device": "/dev/rfcomm0", "timeout_s": 10}, "timeout_s"),
        ({"kind": "bluetooth"}, "device"),
        ({"kind": "network", "host": "printer", "connect_s": 20}, "connect_s"),
        ({"pause_ms": 5000}, "pause_ms"),
    ],
)
def test_settings_of_a_connection_that_cannot_work_are_refused_by_name(
    told: dict[str, object], named: str
) -> None:
    with pytest.raises(msgspec.ValidationError, match=named):
        msgspec.convert(told, PrinterConfig)


def test_the_simulator_has_no_link() -> None:
    with pytest.raises(ValueError, match="simulator"):
        escpos_links.link(PrinterConfig())
