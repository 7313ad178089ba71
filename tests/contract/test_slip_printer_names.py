"""Network printers by name: announced on the loopback, looked up, or unknown; always in bounded time."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from zeroconf import IPVersion, ServiceInfo, Zeroconf

from devices import choose
from devices.config import PrinterConfig
from devices.drivers import escpos_mdns, escpos_names, found_slip
from devices.found import Found
from devices.picture import PictureBook
from devices.ports import Offline, State
from tests.contract.escpos_reader import Reader
from tests.contract.sink import Sink
from tests.devices.samples import PICTURES, ticket

BOOK = PictureBook(PICTURES)
NAME = "Slip Mau 80._pdl-datastream._tcp.local."


class Announcer:
    """A printer's own multicast DNS, on the loopback only."""

    def __init__(self) -> None:
        self.network = Zeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
        self.told: ServiceInfo | None = None

    def announce(self, port: int, name: str = NAME) -> None:
        told = ServiceInfo(
            escpos_mdns.SERVICE,
            name,
            addresses=[socket.inet_aton("127.0.0.1")],
            port=port,
            properties={"ty": "Mẫu Slip 80", "note": "quầy 1"},
            server="slip-mau.local.",
        )
        if self.told is None:
            self.network.register_service(told)
        else:
            self.network.update_service(told)
        self.told = told

    def close(self) -> None:
        self.network.close()


@pytest.fixture
def announcer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Announcer]:
    monkeypatch.setattr(escpos_mdns, "_INTERFACES", ("127.0.0.1",))
    monkeypatch.setattr(escpos_names, "_known", {})
    made = Announcer()
    yield made
    made.close()


def test_a_printer_is_reached_by_the_name_it_announces(tmp_path: Path, announcer: Announcer) -> None:
    with Sink() as sink:
        announcer.announce(sink.port)
        config = PrinterConfig(kind="network", host=NAME, connect_s=4)
        printer = choose.slip_printer(config, tmp_path, BOOK)
        printer.print(ticket())
        assert len(Reader(576).read(sink.printed()[0]).papers) == 1


def test_a_printer_that_moved_is_asked_for_again_only_after_it_was_missed(
    tmp_path: Path, announcer: Announcer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    whole = escpos_mdns.address

    def counted(name: str, timeout_s: float) -> tuple[str, int]:
        asked.append(name)
        return whole(name, timeout_s)

    monkeypatch.setattr(escpos_mdns, "address", counted)
    config = PrinterConfig(kind="network", host=NAME, connect_s=4)
    printer = choose.slip_printer(config, tmp_path, BOOK)
    with Sink() as first:
        announcer.announce(first.port)
        printer.print(ticket())
        printer.print(ticket())
        assert len(asked) == 1
    with Sink() as second:
        announcer.announce(second.port)
        with pytest.raises(Offline):
            printer.print(ticket())
        until = time.monotonic() + 8
        while printer.status().state is not State.READY and time.monotonic() < until:
            time.sleep(0.1)
        printer.print(ticket())
        assert len(second.printed()) == 1


def test_looking_around_finds_it_by_the_name_that_stays(tmp_path: Path, announcer: Announcer) -> None:
    with Sink() as sink:
        announcer.announce(sink.port)
        until = time.monotonic() + 8
        seen: list[Found] = []
        while not seen and time.monotonic() < until:
            seen = [each for each in found_slip.found(tmp_path, 0.8) if each.changes["kind"] == "network"]
        (one,) = seen
        assert (one.label, one.detail) == ("Mẫu Slip 80", f"network 127.0.0.1:{sink.port}")
        config = replace(PrinterConfig(connect_s=4), **one.changes)  # type: ignore[arg-type]
        assert config.host == NAME
        assert choose.slip_printer(config, tmp_path).status().state is State.READY


def test_a_name_that_nobody_announces_is_offline_in_bounded_time(
    tmp_path: Path, announcer: Announcer
) -> None:
    config = PrinterConfig(kind="network", host="Khong co._pdl-datastream._tcp.local.", connect_s=0.4)
    started = time.monotonic()
    with pytest.raises(Offline, match="Khong co"):
        choose.slip_printer(config, tmp_path).print(ticket())
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("name", ["", "x" * 70, "Mau\x01"])
def test_a_name_that_nobody_can_have_is_offline(name: str, tmp_path: Path, announcer: Announcer) -> None:
    config = PrinterConfig(kind="network", host=f"{name}._pdl-datastream._tcp.local", connect_s=0.4)
    with pytest.raises(Offline):
        choose.slip_printer(config, tmp_path).print(ticket())


def test_a_machine_without_a_network_still_finds_what_is_plugged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(**told: object) -> None:
        raise RuntimeError("No interfaces to listen on")

    monkeypatch.setattr(escpos_mdns, "Zeroconf", none)
    monkeypatch.setattr(found_slip, "_on_usb", lambda: iter(()))
    (tmp_path / "dev/usb").mkdir(parents=True)
    (tmp_path / "dev/usb/lp0").touch()
    assert [each.changes["kind"] for each in found_slip.found(tmp_path, 0.1)] == ["file"]


def test_a_name_that_takes_the_name_server_for_ever_is_offline_in_bounded_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def slow(*args: object) -> list[object]:
        over.wait(30)
        return []

    monkeypatch.setattr("socket.getaddrinfo", slow)
    config = PrinterConfig(kind="network", host="may-in.example", connect_s=0.3)
    printer = choose.slip_printer(config, tmp_path)
    started = time.monotonic()
    with pytest.raises(Offline, match="no address"):
        printer.print(ticket())
    assert time.monotonic() - started < 10
    over.set()


def test_a_name_in_the_hosts_file_is_enough(tmp_path: Path) -> None:
    with Sink() as sink:
        config = PrinterConfig(kind="network", host="localhost", port=sink.port)
        assert choose.slip_printer(config, tmp_path).status().state is State.READY


def test_an_address_is_never_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *args: pytest.fail("asked"))
    assert escpos_names.address("192.0.2.7", 9100, 1) == ("192.0.2.7", 9100)


def test_a_printer_with_a_fixed_address_loads_no_library_for_names() -> None:
    code = (
        "import sys; from devices.drivers import escpos_names, slip_escpos\n"
        "escpos_names.address('192.0.2.7', 9100, 1); print('zeroconf' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "False"
