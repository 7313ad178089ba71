"""Looking around on a machine that is a folder: kernel files, serial and radio lines, by what stays."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import replace
from pathlib import Path

import pytest

from devices import choose, found
from devices.config import PrinterConfig
from devices.drivers import found_slip
from devices.found import Found


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("devices.drivers.found_slip._on_usb", lambda: iter(()))
    monkeypatch.setattr("devices.drivers.found_slip._announced", lambda listen_s: iter(()))
    return tmp_path


def touch(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def link(path: Path, to: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(to)


def test_a_bare_machine_has_nothing(machine: Path) -> None:
    assert found_slip.found(machine, 0) == ()


def test_a_printer_file_is_named_by_its_stable_link_and_by_what_its_maker_calls_it(machine: Path) -> None:
    touch(machine / "dev/usb/lp0")
    touch(machine / "dev/usb/lp1")
    link(machine / "dev/hub/slip-0416-5011-A000001", machine / "dev/usb/lp0")
    device = machine / "sys/devices/usb1/1-1"
    touch(device / "manufacturer", "Mẫu\n")
    touch(device / "product", "Slip 80\n")
    (device / "1-1:1.0").mkdir()
    link(machine / "sys/class/usbmisc/lp0/device", device / "1-1:1.0")
    assert found_slip.found(machine, 0) == (
        Found(
            "printer",
            "Mẫu Slip 80",
            {"kind": "file", "device": "/dev/hub/slip-0416-5011-A000001"},
            "kernel printer file",
        ),
        Found("printer", "lp1", {"kind": "file", "device": "/dev/usb/lp1"}, "kernel printer file"),
    )


RULES = Path(__file__).parents[2] / "systemd/99-hub.rules"


@pytest.mark.parametrize(("own_serial", "linked"), [({"serial": "A000001"}, True), ({}, False)])
def test_a_printer_without_a_serial_number_is_not_named_by_that_of_the_hub_above_it(
    own_serial: dict[str, str], linked: bool
) -> None:
    printer = {"idVendor": "0416", "idProduct": "5011", "bDeviceClass": "00", **own_serial}
    root = {"idVendor": "1d6b", "idProduct": "0002", "bDeviceClass": "09", "serial": "xhci-hcd.0"}
    above = [{"bInterfaceClass": "07"}, printer, {}, root]
    (rule,) = [line for line in RULES.read_text("utf-8").splitlines() if "hub/slip-" in line]
    wanted = re.findall(r'ATTRS\{(\w+)\}(==|!=)"([^"]*)"', rule)
    # All of them must hold of one device, the printer or any above it; what is not there holds of none.
    fitting = [
        each
        for each in above
        if all(
            name in each and fnmatch.fnmatchcase(each[name], glob) == (how == "==")
            for name, how, glob in wanted
        )
    ]
    assert len(wanted) >= 2
    assert fitting[:1] == [printer] * linked


def test_lines_are_offered_last_with_time_enough_and_each_once(machine: Path) -> None:
    touch(machine / "dev/ttyUSB0")
    touch(machine / "dev/ttyUSB1")
    touch(machine / "dev/rfcomm0")
    link(machine / "dev/serial/by-id/usb-Mau_Cable-if00", machine / "dev/ttyUSB0")
    seen = found_slip.found(machine, 0)
    assert [each.changes["device"] for each in seen] == [
        "/dev/rfcomm0",
        "/dev/serial/by-id/usb-Mau_Cable-if00",
        "/dev/ttyUSB1",
    ]
    made = [replace(PrinterConfig(), **each.changes) for each in seen]  # type: ignore[arg-type]
    assert [config.kind for config in made] == ["bluetooth", "serial", "serial"]
    assert min(config.timeout_s for config in made) >= 60


def test_a_way_of_looking_that_fails_spoils_no_other(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("no bus")

    monkeypatch.setattr("devices.drivers.found_slip._on_usb", broken)
    touch(machine / "dev/usb/lp0")
    assert len(found_slip.found(machine, 0)) == 1


def test_a_kind_that_nobody_can_look_for_finds_nothing() -> None:
    assert choose.found(("balloon",)) == ()


def test_a_library_that_is_missing_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> tuple[Found, ...]:
        raise ImportError("no module named usb")

    monkeypatch.setitem(choose._FINDERS, "printer", missing)
    assert choose.found(("printer",)) == ()


def test_the_same_device_is_told_once() -> None:
    one = Found("printer", "Mẫu", {"kind": "usb"}, "first")
    assert found.once([one, replace(one, detail="second"), replace(one, device="scanner")]) == (
        one,
        replace(one, device="scanner"),
    )
