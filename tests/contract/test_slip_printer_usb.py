"""USB slip printers, pyusb's own code over a bus of the tests: identity, endpoints, deadlines, faults."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest
import usb.core

from devices import choose, raster
from devices.config import PrinterConfig
from devices.drivers import found_slip
from devices.picture import PictureBook
from devices.ports import Busy, Denied, Offline, State, Unsupported
from tests.contract.escpos_reader import Reader
from tests.contract.paper import dots, trimmed
from tests.contract.usb_backend import Interface, Plugged, plug
from tests.devices.samples import PICTURES, ticket

BOOK = PictureBook(PICTURES)
CONFIG = PrinterConfig(kind="usb", vendor=0x0416, product=0x5011, timeout_s=7, status_timeout_s=0.05)


def printed(device: Plugged) -> list[list[tuple[bool, ...]]]:
    return [trimmed(list(paper.rows)) for paper in Reader(576).read(bytes(device.written)).papers]


def expected() -> list[tuple[bool, ...]]:
    return dots(raster.render(ticket(), 576, BOOK))


def test_the_endpoints_are_read_from_the_printer_and_every_transfer_has_a_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Plugged(interfaces=(Interface(kind=3, endpoints=(0x82,)), Interface(endpoints=(0x03, 0x81))))
    plug(monkeypatch, device)
    printer = choose.slip_printer(CONFIG, tmp_path, BOOK)
    printer.print(ticket())
    assert printer.status().state is State.READY
    assert device.endpoints_used == {0x03, 0x81}
    assert all(0 < wait <= 7000 for wait in device.waits)
    assert printed(device) == [expected()]
    assert (device.resets, device.opened, device.claimed) == (0, 0, set())


def test_endpoints_of_the_settings_stand_over_the_descriptors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Plugged(interfaces=(Interface(endpoints=(0x01, 0x02, 0x81, 0x84)),))
    plug(monkeypatch, device)
    printer = choose.slip_printer(replace(CONFIG, out_endpoint=0x02, in_endpoint=0x84), tmp_path, BOOK)
    printer.print(ticket())
    assert device.endpoints_used == {0x02, 0x84}


def test_an_interface_that_speaks_ipp_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Plugged(
        interfaces=(Interface(protocol=4, endpoints=(0x01, 0x81)), Interface(endpoints=(0x02, 0x82)))
    )
    plug(monkeypatch, device)
    choose.slip_printer(CONFIG, tmp_path, BOOK).print(ticket())
    assert device.endpoints_used == {0x02, 0x82}


def test_a_printer_that_can_only_listen_prints_and_its_state_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Plugged(interfaces=(Interface(protocol=1, endpoints=(0x01,)),))
    plug(monkeypatch, device)
    printer = choose.slip_printer(CONFIG, tmp_path, BOOK)
    printer.print(ticket())
    assert printer.status().state is State.UNKNOWN
    assert printed(device) == [expected()]


def test_of_two_of_a_kind_the_one_with_the_right_serial_number_prints_wherever_it_is_plugged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Plugged(serial="A000001", port=1), Plugged(serial="A000002", port=2)
    plug(monkeypatch, first, second)
    printer = choose.slip_printer(replace(CONFIG, serial="A000002"), tmp_path, BOOK)
    printer.print(ticket())
    first.port, second.port = 2, 1
    printer.print(ticket())
    assert not first.written
    assert printed(second) == [expected(), expected()]


def test_a_serial_number_that_is_not_there_is_offline_and_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Plugged(serial="A000001")
    plug(monkeypatch, other)
    status = choose.slip_printer(replace(CONFIG, serial="A000009"), tmp_path, BOOK).status()
    assert status.state is State.OFFLINE
    assert "A000009" in status.detail
    assert not other.written


def test_without_a_serial_number_the_same_port_is_taken_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    low, high = Plugged(port=1), Plugged(port=2)
    bus = plug(monkeypatch, high, low)
    printer = choose.slip_printer(CONFIG, tmp_path, BOOK)
    printer.print(ticket())
    bus.devices.reverse()
    printer.print(ticket())
    assert len(printed(low)) == 2
    assert not high.written


def test_a_machine_that_does_not_permit_it_says_so_before_any_paper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(monkeypatch, Plugged(denied=True))
    printer = choose.slip_printer(CONFIG, tmp_path, BOOK)
    told: list[str] = []
    with pytest.raises(Denied, match="udev"):
        printer.print(ticket(), on_first_byte=lambda: told.append("first"))
    assert told == []
    assert printer.status().state is State.DENIED


def test_a_printer_whose_serial_number_may_not_be_read_is_denied_and_not_unplugged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Plugged(serial="A000001", denied=True)
    plug(monkeypatch, device)
    status = choose.slip_printer(replace(CONFIG, serial="A000001"), tmp_path, BOOK).status()
    assert status.state is State.DENIED
    assert device.opened == 0


def test_a_printer_that_does_not_even_take_a_question_is_offline_before_any_paper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Plugged()
    plug(monkeypatch, device)

    def full(*args: object) -> int:
        raise usb.core.USBTimeoutError("timed out", errno=errno.ETIMEDOUT)

    monkeypatch.setattr("tests.contract.usb_backend.Bus.bulk_write", full)
    printer = choose.slip_printer(CONFIG, tmp_path, BOOK)
    told: list[str] = []
    with pytest.raises(Offline):
        printer.print(ticket(), on_first_byte=lambda: told.append("first"))
    assert told == []
    assert printer.status().state is State.OFFLINE


def test_a_printer_that_another_program_holds_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Plugged(busy=True)
    plug(monkeypatch, device)
    with pytest.raises(Busy):
        choose.slip_printer(CONFIG, tmp_path, BOOK).print(ticket())
    assert device.opened == 0


def test_unplugged_midway_is_offline_and_plugged_in_again_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Plugged(gone_after=900)
    bus = plug(monkeypatch, device)
    printer = choose.slip_printer(CONFIG, tmp_path, BOOK)
    with pytest.raises(Offline):
        printer.print(ticket())
    bus.devices.clear()
    assert printer.status().state is State.OFFLINE
    fresh = Plugged()
    bus.devices.append(fresh)
    printer.print(ticket())
    assert printed(fresh) == [expected()]


def test_a_printer_that_takes_a_little_at_a_time_gets_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Plugged(most_taken=512)
    plug(monkeypatch, device)
    choose.slip_printer(CONFIG, tmp_path, BOOK).print(ticket())
    assert printed(device) == [expected()]


def test_a_printer_not_yet_configured_is_configured_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Plugged(configured=False)
    plug(monkeypatch, device)
    choose.slip_printer(CONFIG, tmp_path, BOOK).print(ticket())
    assert printed(device) == [expected()]


def test_a_silent_usb_printer_is_asked_once_and_printed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Plugged(brain=None)
    plug(monkeypatch, device)
    printer = choose.slip_printer(CONFIG, tmp_path, BOOK)
    printer.print(ticket())
    printer.print(ticket())
    assert len(Reader(576).read(bytes(device.written)).questions) == 1
    assert printed(device) == [expected(), expected()]


def test_a_device_without_a_way_to_print_is_unsupported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(monkeypatch, Plugged(interfaces=(Interface(kind=3, endpoints=(0x81,)),)))
    with pytest.raises(Unsupported):
        choose.slip_printer(CONFIG, tmp_path, BOOK).print(ticket())


def test_a_machine_without_libusb_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(**wanted: object) -> None:
        raise usb.core.NoBackendError("no backend available")

    monkeypatch.setattr("usb.core.find", missing)
    status = choose.slip_printer(CONFIG, tmp_path, BOOK).status()
    assert status.state is State.UNSUPPORTED
    assert "libusb" in status.detail


def test_looking_around_names_each_printer_by_what_stays_and_opens_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyboard = Plugged(vendor=0x1111, interfaces=(Interface(kind=3, endpoints=(0x81,)),))
    silent = Plugged(vendor=0x2222, maker="", name="", port=3)
    devices = (Plugged(serial="A000001"), keyboard, silent)
    plug(monkeypatch, *devices)
    seen = found_slip.found(tmp_path, listen_s=0.05)
    assert [(each.label, each.changes["vendor"], each.changes["serial"]) for each in seen] == [
        ("Mẫu Slip 80", 0x0416, "A000001"),
        ("USB 2222:5011", 0x2222, ""),
    ]
    made = [replace(PrinterConfig(), **each.changes) for each in seen]  # type: ignore[arg-type]
    assert [config.kind for config in made] == ["usb", "usb"]
    assert not any(device.written or device.claimed for device in devices)
    assert keyboard.opened == 0


def test_one_device_that_cannot_be_read_hides_no_printer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(monkeypatch, Plugged(vendor=0x1111, unreadable=True), Plugged(serial="A000001", port=2))
    assert [each.changes["serial"] for each in found_slip.found(tmp_path, listen_s=0.05)] == ["A000001"]
