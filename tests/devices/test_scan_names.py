"""Which scanner stands behind a SANE name, on a machine that is a folder: plugged in elsewhere, two of a kind, gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devices.config import ScannerConfig
from devices.drivers import found_scan, scan_names, scan_run, usb_places
from devices.drivers.escpos_mdns import Announced
from devices.drivers.scan_names import Listed
from devices.drivers.scan_sane import SaneScanner
from devices.ports import State

OPTIONS = "    --source Flatbed [Flatbed]\n    --resolution 100|200dpi [100]\n"
Plug = Callable[..., Path]


@pytest.fixture
def plug(tmp_path: Path) -> Plug:
    """Plug a device into the made-up machine, as the kernel shows it."""

    def one(socket: str, number: int, vendor: int, product: int, serial: str = "", bus: int = 1) -> Path:
        folder = tmp_path / "bus" / "usb" / "devices" / socket
        (folder / f"{socket}:1.0").mkdir(parents=True)
        told = {
            "busnum": str(bus),
            "devnum": str(number),
            "idVendor": f"{vendor:04x}",
            "idProduct": f"{product:04x}",
            "manufacturer": "Mẫu",
            "product": "Scan",
        }
        for name, text in (told | ({"serial": serial} if serial else {})).items():
            (folder / name).write_text(f"{text}\n", "utf-8")
        return folder

    return one


def unplug(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def listed(*names: str) -> tuple[Listed, ...]:
    return scan_names.listed("".join(f"{name}|Mẫu|Scan\n" for name in names))


def test_a_scanner_is_found_again_after_it_was_plugged_in_elsewhere(plug: Plug, tmp_path: Path) -> None:
    first = plug("1-1", 4, 0x04A9, 0x190A)
    assert scan_names.choose(listed("genesys:libusb:001:004"), 0x04A9, 0x190A, "", tmp_path)
    assert scan_names.node_of(0x04A9, 0x190A, "", tmp_path) == (1, 4)
    unplug(first)
    assert scan_names.choose(listed("genesys:libusb:001:004"), 0x04A9, 0x190A, "", tmp_path) is None
    assert scan_names.node_of(0x04A9, 0x190A, "", tmp_path) is None
    plug("3-2", 17, 0x04A9, 0x190A, bus=3)
    found = scan_names.choose(listed("genesys:libusb:003:017"), 0x04A9, 0x190A, "", tmp_path)
    assert found == "genesys:libusb:003:017"


def test_two_of_a_kind_are_told_apart_by_their_serial_numbers(plug: Plug, tmp_path: Path) -> None:
    plug("1-1", 4, 0x04B8, 0x0142, "X0000001")
    plug("1-2", 5, 0x04B8, 0x0142, "X0000002")
    names = listed("epson2:libusb:001:004", "epson2:libusb:001:005")
    for serial, name in (("X0000001", names[0]), ("X0000002", names[1])):
        assert scan_names.choose(names, 0x04B8, 0x0142, serial, tmp_path) == name.name
    assert scan_names.choose(names, 0x04B8, 0x0142, "X0000003", tmp_path) is None


def test_another_device_that_took_its_place_on_the_bus_is_not_taken_for_it(
    plug: Plug, tmp_path: Path
) -> None:
    plug("1-1", 4, 0x03F0, 0x1234)
    assert scan_names.choose(listed("genesys:libusb:001:004"), 0x04A9, 0x190A, "", tmp_path) is None


@pytest.mark.parametrize("name", ["pixma:04A91912_4FA05A", "pixma:04a91912_4FA05A", "pixma:04A91912"])
def test_a_pixma_tells_its_numbers_in_its_name(plug: Plug, tmp_path: Path, name: str) -> None:
    assert scan_names.usb_of(name, tmp_path) is None
    plug("1-1", 4, 0x04A9, 0x1912, "4FA05A")
    usb = scan_names.usb_of(name, tmp_path)
    assert usb is not None and (usb.vendor, usb.product, usb.serial) == (0x04A9, 0x1912, "4FA05A")


def test_two_pixmas_of_a_kind_are_told_apart_and_a_third_is_none_of_them(plug: Plug, tmp_path: Path) -> None:
    plug("1-1", 4, 0x04A9, 0x1912, "4FA05A")
    plug("1-2", 5, 0x04A9, 0x1912, "4FA05B")
    second = scan_names.usb_of("pixma:04A91912_4FA05B", tmp_path)
    assert second is not None and second.serial == "4FA05B"
    assert scan_names.usb_of("pixma:04A91912_4FA05C", tmp_path) is None


@pytest.mark.parametrize(
    ("name", "here"),
    [
        ("brother4:bus2;dev7", True),
        ("fujitsu:libusb:002:007", True),
        ("epsonscan2:x:libusb:002:007:1", True),
        ("hpaio:/usb/Officejet_4500?serial=CN00000000", True),
        ("fujitsu:ScanSnap iX500:CN00000000", True),
        ("genesys:libusb:002:008", False),
        ("hpaio:/usb/Officejet_4500?serial=CN00000001", False),
        ("airscan:e0:Mẫu", False),
        ("test:0", False),
    ],
)
def test_names_of_many_backends_lead_to_the_device(plug: Plug, tmp_path: Path, name: str, here: bool) -> None:
    plug("2-1", 7, 0x03F0, 0x0001, "CN00000000", bus=2)
    assert (scan_names.usb_of(name, tmp_path) is not None) == here


def test_a_list_has_no_cameras_no_doubles_and_no_junk() -> None:
    told = "v4l:/dev/video0|Noname|Camera\nescl:http://192.0.2.1:80|Mẫu|Scan\nairscan:e0:Mẫu|eSCL|Scan|2\n\njunk\n"
    (one,) = scan_names.listed(told)
    assert (one.name, one.label) == ("airscan:e0:Mẫu", "eSCL Scan|2")


def test_an_empty_machine_has_nothing(tmp_path: Path) -> None:
    assert scan_names.plugged(tmp_path) == ()
    (tmp_path / "bus" / "usb" / "devices" / "usb1").mkdir(parents=True)
    assert scan_names.plugged(tmp_path) == ()


class Sane:
    """In the place of ``scanimage``'s answers: which names it lists, and how often it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, sys: Path) -> None:
        self.names: tuple[str, ...] = ()
        self.asked: list[list[str]] = []
        monkeypatch.setattr(scan_run, "ask", self._ask)
        monkeypatch.setattr(found_scan, "_announced", lambda _: iter(()))
        plugged, usb_of = scan_names.plugged, scan_names.usb_of
        monkeypatch.setattr(scan_names, "plugged", lambda _=usb_places.SYS: plugged(sys))
        monkeypatch.setattr(scan_names, "usb_of", lambda name, _=usb_places.SYS: usb_of(name, sys))

    def _ask(self, arguments: list[str], *_: object) -> str:
        self.asked.append(arguments)
        return "".join(f"{name}|Mẫu|Scan\n" for name in self.names) if "-f" in arguments else OPTIONS


@pytest.fixture
def sane(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sane:
    return Sane(monkeypatch, tmp_path)


def test_pulled_out_it_is_offline_and_plugged_in_elsewhere_it_is_ready_under_its_new_name(
    sane: Sane, plug: Plug
) -> None:
    scanner = SaneScanner(ScannerConfig(kind="sane", vendor=0x04A9, product=0x190A))
    assert scanner.status().state is State.OFFLINE and sane.asked == []
    here = plug("1-1", 4, 0x04A9, 0x190A)
    sane.names = ("genesys:libusb:001:004",)
    assert [scanner.status().state for _ in range(4)] == [State.READY] * 4
    assert len(sane.asked) == 2
    unplug(here)
    assert [scanner.status().state for _ in range(4)] == [State.OFFLINE] * 4
    plug("1-3", 9, 0x04A9, 0x190A)
    sane.names = ("genesys:libusb:001:009",)
    assert scanner.status().state is State.READY
    assert sane.asked[-1] == ["-d", "genesys:libusb:001:009", "-A"] and len(sane.asked) == 4


def test_a_scanner_that_sane_does_not_know_is_offline_until_it_is_plugged_in_anew(
    sane: Sane, plug: Plug
) -> None:
    here = plug("1-1", 4, 0x04A9, 0x190A)
    scanner = SaneScanner(ScannerConfig(kind="sane", vendor=0x04A9, product=0x190A))
    assert [scanner.status().state for _ in range(4)] == [State.OFFLINE] * 4
    assert len(sane.asked) == 1
    unplug(here)
    plug("1-1", 5, 0x04A9, 0x190A)
    sane.names = ("genesys:libusb:001:005",)
    assert scanner.status().state is State.READY


def test_the_only_scanner_is_taken_and_of_two_none_is_guessed(sane: Sane, plug: Plug) -> None:
    scanner = SaneScanner(ScannerConfig(kind="sane"))
    assert scanner.status().state is State.OFFLINE
    plug("1-1", 4, 0x04A9, 0x190A)
    sane.names = ("genesys:libusb:001:004",)
    assert scanner.status().state is State.READY
    plug("1-2", 5, 0x04B8, 0x0142)
    sane.names = ("genesys:libusb:001:004", "epson2:libusb:001:005")
    assert scanner.status().state is State.UNSUPPORTED


def test_what_is_found_is_named_by_what_stays(sane: Sane, plug: Plug) -> None:
    plug("1-1", 4, 0x04B8, 0x0142, "X0000001")
    sane.names = (
        "epson2:libusb:001:004",
        "kodakaio:libusb:001:033",
        "airscan:e0:Mẫu",
        "hpaio:/net/Mau?ip=192.0.2.7",
        "net:192.0.2.1:x",
    )
    seen = found_scan.found(0, ())
    assert [(one.changes["vendor"], one.changes["serial"], one.changes["device"]) for one in seen] == [
        (0x04B8, "X0000001", ""),
        (0, "", "hpaio:/net/Mau?ip=192.0.2.7"),
    ]
    for one in seen:
        ScannerConfig(**one.changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("service", "folder", "address"),
    [
        (0, "eSCL", "http://192.0.2.7:8080/eSCL"),
        (1, "", "https://192.0.2.7:8080/eSCL"),
        (0, "printers/scan", "http://192.0.2.7:8080/printers/scan"),
        (0, "eSCL, WSD\n[debug]\ntrace = /", "http://192.0.2.7:8080/eSCL"),
    ],
)
def test_what_a_scanner_says_about_itself_cannot_write_sanes_settings(
    service: int, folder: str, address: str
) -> None:
    seen = Announced(f"Mẫu.{scan_names.SERVICES[service]}", "Mẫu", "192.0.2.7", 8080, folder)
    assert scan_names.address_of(seen) == address


@pytest.mark.parametrize("device", ["genesys:libusb:001:004", "brother4:bus1;dev4", "--help"])
def test_a_place_on_the_bus_is_no_name_for_the_settings(device: str) -> None:
    with pytest.raises(ValueError, match="device"):
        ScannerConfig(kind="sane", device=device)


@pytest.mark.parametrize(
    "address", ["ftp://192.0.2.1/", "http://192.0.2.1/a,b", "http://x/\ny", "Nobody._ipp._tcp.local.", "x"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        ScannerConfig(kind="sane", address=address)
