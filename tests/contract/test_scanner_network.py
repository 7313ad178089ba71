"""A network scanner through ``sane-airscan``, and how it is by its own word, on 127.0.0.1."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from PIL import Image
from zeroconf import ServiceInfo, Zeroconf

from devices.config import ScannerConfig
from devices.desk_ports import ScannedPage, ScanSource, ScanWish
from devices.drivers import escpos_mdns, found_scan, scan_escl, scan_names, scan_run
from devices.drivers.scan_sane import SaneScanner
from devices.found import Found
from devices.ports import Busy, CoverOpen, DeviceError, Jammed, NoDocument, Offline, State
from tests.contract import escl

Make = Callable[..., SaneScanner]


@pytest.fixture
def served() -> Iterator[escl.Scanner]:
    with escl.serving() as scanner:
        yield scanner


@pytest.fixture
def make(served: escl.Scanner) -> Iterator[Make]:
    made: list[SaneScanner] = []

    def one(address: str = "", page_s: float = 20.0) -> SaneScanner:
        made.append(SaneScanner(ScannerConfig(kind="sane", address=address or served.address, page_s=page_s)))
        return made[-1]

    yield one
    for scanner in made:
        scanner.close()


def take(scanner: SaneScanner, source: ScanSource = ScanSource.FLATBED, dpi: int = 100) -> list[ScannedPage]:
    got: list[ScannedPage] = []
    wish = ScanWish(source=source, dpi=dpi)
    count = scanner.scan(wish, on_page=got.append, on_progress=lambda *_: None, stopped=lambda: False)
    assert count == len(got)
    return got


def test_glass_and_feeder_give_pages_of_a4_and_one_job_a_run(make: Make, served: escl.Scanner) -> None:
    scanner = make()
    assert scanner.status().state is State.READY
    assert scanner.sources() == tuple(ScanSource)
    page = take(scanner)[0]
    shown = Image.open(io.BytesIO(page.pnm))
    assert shown.mode == "RGB" and shown.width == pytest.approx(827, abs=3)
    assert shown.height == pytest.approx(1169, abs=3)
    assert [one.number for one in take(scanner, ScanSource.FEEDER)] == [1, 2, 3]
    assert len(take(scanner, ScanSource.FEEDER_BOTH)) == 6
    assert len(served.jobs) == 3


def test_the_resolution_is_one_that_the_feeder_has_though_the_glass_has_a_finer_one(make: Make) -> None:
    assert take(make(), ScanSource.FEEDER, 600)[0].dpi == 300


@pytest.mark.parametrize(
    ("fault", "error", "state"),
    [
        ("empty", NoDocument, State.READY),
        ("jam", Jammed, State.JAMMED),
        ("cover", CoverOpen, State.COVER_OPEN),
    ],
)
def test_what_is_wrong_with_the_feeder_is_told_and_gone_when_the_scanner_says_so(
    make: Make, served: escl.Scanner, fault: str, error: type[DeviceError], state: State
) -> None:
    scanner = make()
    served.fault = fault
    with pytest.raises(error) as told:
        take(scanner, ScanSource.FEEDER)
    assert type(told.value) is error
    assert scanner.status().state is state
    served.fault = ""
    assert scanner.status().state is State.READY
    assert len(take(scanner, ScanSource.FEEDER)) == 3


def test_a_scanner_that_somebody_else_uses_is_busy(make: Make, served: escl.Scanner) -> None:
    scanner = make()
    served.fault = "busy"
    assert scanner.status().state is State.BUSY
    with pytest.raises(Busy):
        take(scanner)


def test_a_scanner_that_dies_in_mid_page_is_offline_and_gives_no_half_page(
    make: Make, served: escl.Scanner
) -> None:
    scanner = make()
    served.fault = "die"
    began = time.monotonic()
    with pytest.raises(Offline):
        take(scanner)
    assert served.flowing.is_set() and time.monotonic() - began < 8
    served.fault = ""
    assert len(take(scanner)) == 1


def test_a_page_that_does_not_end_is_given_up_when_somebody_says_stop(
    make: Make, served: escl.Scanner
) -> None:
    served.fault = "slow"
    began: list[float] = []

    def stopped() -> bool:
        if served.flowing.is_set() and not began:
            began.append(time.monotonic())
        return bool(began)

    got: list[ScannedPage] = []
    assert (
        make().scan(ScanWish(dpi=100), on_page=got.append, on_progress=lambda *_: None, stopped=stopped) == 0
    )
    assert got == [] and time.monotonic() - began[0] < 4


def test_a_page_that_does_not_end_is_given_up_at_its_deadline(make: Make, served: escl.Scanner) -> None:
    served.fault = "slow"
    scanner = make()
    object.__setattr__(scanner._config, "page_s", 1.0)
    with pytest.raises(Offline):
        take(scanner)


def test_closing_in_mid_page_ends_the_scan(make: Make, served: escl.Scanner) -> None:
    served.fault = "slow"
    scanner = make()

    def close() -> None:
        assert served.flowing.wait(10)
        scanner.close()

    closing = threading.Thread(target=close)
    closing.start()
    with pytest.raises(Offline):
        take(scanner)
    closing.join(5)
    assert scanner.status().state is State.OFFLINE


def test_a_scanner_that_is_switched_off_is_offline_and_costs_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with escl.serving() as served:
        scanner = SaneScanner(ScannerConfig(kind="sane", address=served.address))
        assert scanner.status().state is State.READY
    started: list[list[str]] = []
    monkeypatch.setattr(scan_run, "ask", lambda arguments, *_: started.append(arguments))
    assert [scanner.status().state for _ in range(3)] == [State.OFFLINE] * 3
    assert started == []
    scanner.close()


def test_looking_at_a_well_scanner_opens_nothing_and_asks_only_how_it_is(
    make: Make, served: escl.Scanner
) -> None:
    scanner = make()
    scanner.status()
    served.asked.clear()
    for _ in range(3):
        assert scanner.status().state is State.READY
    assert served.asked == ["GET /eSCL/ScannerStatus"] * 3


def test_a_scanner_that_gives_no_answer_is_offline_in_bounded_time(
    make: Make, served: escl.Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.drivers.scan_sane._TELL_S", 0.4)
    served.fault = "silent"
    began = time.monotonic()
    assert make().status().state is State.OFFLINE
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (b"<scan:ScannerStatus><pwg:State>Idle</pwg:State></scan:ScannerStatus>", State.READY),
        (b"<State>Processing</State>", State.BUSY),
        (b"<pwg:State>Stopped</pwg:State>", State.UNKNOWN),
        (b"<pwg:State>Down</pwg:State>", State.OFFLINE),
        (b"<pwg:State>Idle</pwg:State><scan:AdfState>ScannerAdfHatchOpen</scan:AdfState>", State.COVER_OPEN),
        (b"<pwg:State>Idle</pwg:State><scan:AdfState>ScannerAdfEmpty</scan:AdfState>", State.READY),
        (b"<html>nothing of the kind</html>", State.UNKNOWN),
        (b"", State.UNKNOWN),
    ],
)
def test_a_status_is_read_by_its_words(told: bytes, state: State) -> None:
    assert scan_escl.read(told).state is state


@pytest.fixture
def announce(served: escl.Scanner, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, int], str]]:
    """Announce a scanner on the loopback alone; returns its service name."""
    monkeypatch.setattr(escpos_mdns, "_INTERFACES", ("127.0.0.1",))
    network = Zeroconf(interfaces=["127.0.0.1"])

    def one(service: str, port: int) -> str:
        name = f"Máy quét Mẫu [000000].{service}"
        properties = {"ty": "Mau Scan 3000", "rs": "/eSCL/"}
        info = ServiceInfo(
            service,
            name,
            port,
            addresses=[socket.inet_aton("127.0.0.1")],
            properties=properties,
            server="m.local.",
        )
        network.register_service(info, cooperating_responders=True)
        return name

    yield one
    network.close()


def test_a_scanner_is_found_by_what_it_calls_itself_and_scans_under_that_name(
    announce: Callable[[str, int], str], make: Make, served: escl.Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(served.address.split(":")[2].split("/")[0])
    name = announce(scan_names.SERVICES[0], port)
    announce(scan_names.SERVICES[1], port)
    monkeypatch.setattr(scan_run, "ask", lambda *_: "")
    (seen,) = found_scan.found(1.5, ())
    monkeypatch.undo()
    assert (seen.device, seen.label) == ("scanner", "Mau Scan 3000")
    assert seen.changes["address"] == name and seen.detail == f"network {served.address}"
    monkeypatch.setattr(escpos_mdns, "_INTERFACES", ("127.0.0.1",))
    scanner = make(address=name)
    assert scanner.status().state is State.READY
    assert len(take(scanner)) == 1


def test_a_name_that_nobody_announces_is_offline_and_searched_for_with_pauses(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def nobody(name: str, service: str, timeout_s: float) -> None:
        asked.append(name)
        raise OSError("nothing calls itself so")

    monkeypatch.setattr(escpos_mdns, "where", nobody)
    scanner = make(address="Nobody._uscan._tcp.local.")
    assert [scanner.status().state for _ in range(4)] == [State.OFFLINE] * 4
    assert len(asked) == 1


def test_a_scanner_beside_ipp_usb_is_found_on_its_own_port(
    served: escl.Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_run, "ask", lambda *_: "")
    monkeypatch.setattr(escpos_mdns, "announced", lambda *_: ())
    port = int(served.address.split(":")[2].split("/")[0])
    assert found_scan.found(0, (1, port)) == (
        Found(
            "scanner",
            "Mau Scan 3000",
            {
                "kind": "sane",
                "vendor": 0,
                "product": 0,
                "serial": "",
                "device": "",
                "address": served.address,
            },
            "USB without a driver, through ipp-usb",
        ),
    )
