"""What only a print service can do to a House: hang, forget, stop a queue, refuse a file, be cut off."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cups
import pytest

from devices import choose
from devices.config import SheetsConfig
from devices.desk_ports import SheetPrinter, SheetStage
from devices.drivers import sheet_cups
from devices.drivers.sheet_cups import CupsSheetPrinter
from devices.ports import Busy, Malformed, Offline, State, Unsupported
from tests.contract.cups import IppPrinter, PrivateCups, free_port, until
from tests.contract.test_sheet_contract import QUEUE, fresh, sheet


@pytest.fixture(scope="module")
def service() -> Iterator[PrivateCups]:
    made = PrivateCups()
    yield made
    made.close()


@pytest.fixture(scope="module")
def device(service: PrivateCups) -> IppPrinter:
    return service.printer(QUEUE)


def opened(service: PrivateCups, queue: str = QUEUE, answer_s: float = 5.0) -> CupsSheetPrinter:
    made = CupsSheetPrinter(SheetsConfig(kind="cups", server=service.server, queue=queue, answer_s=answer_s))
    return made


@pytest.fixture
def printer(service: PrivateCups, device: IppPrinter) -> Iterator[CupsSheetPrinter]:
    made = opened(service)
    yield made
    made.close()


def _comes(printer: SheetPrinter, handle: str, stage: SheetStage, seconds: float = 15.0) -> None:
    until(lambda: printer.follow(handle).stage is stage, seconds)


def test_a_broken_pdf_is_given_up_and_never_tried_again(
    printer: CupsSheetPrinter, service: PrivateCups, device: IppPrinter
) -> None:
    before = len(device.out())
    handle = printer.submit(b"%PDF-1.4\nno trailer, no pages", name=fresh())
    failed = until(lambda: (seen := printer.follow(handle)).stage is SheetStage.FAILED and seen)
    assert failed.status.state is State.BROKEN
    number = int(handle.partition(":")[0])
    until(lambda: service.asks().getJobAttributes(number)["job-state"] == 7)
    _comes(printer, printer.submit(sheet(), name=fresh()), SheetStage.DONE)
    assert len(device.out()) == before + 1


def test_a_service_that_takes_questions_and_answers_none_is_offline_and_holds_up_nobody(
    service: PrivateCups, device: IppPrinter
) -> None:
    printer = opened(service, answer_s=0.5)
    assert printer.status().state is State.READY
    before = threading.active_count()
    service.freeze()
    try:
        for _ in range(6):
            began = time.monotonic()
            assert printer.status().state is State.OFFLINE
            assert time.monotonic() - began < 1.0
        assert threading.active_count() - before <= 4
    finally:
        service.thaw()
    until(lambda: printer.status().state is State.READY)
    printer.close()


def test_a_hand_over_that_hung_is_not_followed_by_a_second_one(
    service: PrivateCups, device: IppPrinter
) -> None:
    printer, before, name = opened(service, answer_s=0.5), len(device.out()), fresh()
    assert printer.status().state is State.READY
    service.freeze()
    try:
        with pytest.raises(Offline):
            printer.submit(sheet(), name=name)
        with pytest.raises(Busy):
            printer.submit(sheet(), name=name)
    finally:
        service.thaw()

    handles: list[str] = []

    def handed() -> bool:
        try:
            handles[:] = [printer.submit(sheet(), name=name)]
        except (Busy, Offline):
            return False
        return True

    until(handed)
    _comes(printer, handles[0], SheetStage.DONE)
    assert printer.find(name) == handles[0]
    assert len(device.out()) == before + 1
    printer.close()


def test_a_job_that_was_made_and_never_filled_is_made_anew(
    printer: CupsSheetPrinter, service: PrivateCups, device: IppPrinter
) -> None:
    name, before, ready = fresh(), len(device.out()), threading.Event()
    jobs = len(service.asks().getJobs(which_jobs="all"))

    def begin_and_die() -> None:
        # libcups keeps its server a thread: this is the half of a hand-over that a crash cuts off.
        cups.setServer("127.0.0.1")
        cups.setPort(service.port)
        cups.Connection().createJob(QUEUE, name, {})
        ready.set()

    thread = threading.Thread(target=begin_and_die)
    thread.start()
    thread.join(5)
    assert ready.is_set()
    assert printer.find(name) is None
    handle = printer.submit(sheet(), name=name)
    _comes(printer, handle, SheetStage.DONE)
    assert len(device.out()) == before + 1
    assert len(service.asks().getJobs(which_jobs="all")) == jobs + 1


def test_a_service_that_lost_its_memory_knows_neither_job_nor_number(
    service: PrivateCups, device: IppPrinter
) -> None:
    printer, name = opened(service), fresh()
    service.forget()
    old = printer.submit(sheet(), name=name)
    _comes(printer, old, SheetStage.DONE)
    service.forget()
    until(lambda: printer.status().state is State.READY)
    assert printer.find(name) is None
    new = printer.submit(sheet(), name=fresh())
    assert new.partition(":")[0] == old.partition(":")[0], "the number is given again"
    assert printer.follow(old).stage is SheetStage.GONE
    _comes(printer, new, SheetStage.DONE)
    printer.close()


def test_without_the_service_everything_is_offline_and_it_goes_on_when_it_is_back(
    printer: CupsSheetPrinter, service: PrivateCups, device: IppPrinter
) -> None:
    handle = printer.submit(sheet(), name=fresh())
    service.stop()
    try:
        assert printer.status().state is State.OFFLINE
        with pytest.raises(Offline):
            printer.follow(handle)
        with pytest.raises(Offline):
            printer.submit(sheet(), name=fresh())
    finally:
        service.start()
    _comes(printer, handle, SheetStage.DONE, 20)


def test_a_service_that_was_started_anew_in_the_middle_of_a_sheet_asks_and_sends_nothing_twice(
    printer: CupsSheetPrinter, service: PrivateCups, device: IppPrinter
) -> None:
    before, name = len(device.out()), fresh()
    device.fault("media-empty-error")
    handle = printer.submit(sheet(), name=name)
    _comes(printer, handle, SheetStage.HELD)
    service.stop()
    service.start()
    # The printer has the sheet; the service kept no file and knows only that there was a job.
    assert printer.find(name) == handle
    assert printer.follow(handle).stage is SheetStage.GONE
    device.mend()
    until(lambda: len(device.out()) == before + 1)
    _comes(printer, printer.submit(sheet(), name=fresh()), SheetStage.DONE, 20)
    assert len(device.out()) == before + 2


def test_a_stopped_queue_waits_for_a_technician_and_then_goes_on(
    printer: CupsSheetPrinter, service: PrivateCups, device: IppPrinter
) -> None:
    before = len(device.out())
    service.asks().disablePrinter(QUEUE)
    handle = printer.submit(sheet(), name=fresh())
    seen = until(lambda: (seen := printer.follow(handle)).stage is SheetStage.HELD and seen)
    assert (seen.status.state, printer.status().state) == (State.PAUSED, State.PAUSED)
    assert "cupsenable" in seen.status.detail
    service.asks().enablePrinter(QUEUE)
    _comes(printer, handle, SheetStage.DONE)
    assert len(device.out()) == before + 1


def test_a_queue_that_stops_by_itself_when_the_cable_is_out_is_told_as_paused(service: PrivateCups) -> None:
    device = service.printer("stopping", policy="stop-printer", hurry=True)
    printer = opened(service, "stopping")
    device.pull()
    handle = printer.submit(sheet(), name=fresh())
    until(lambda: printer.follow(handle).status.state is State.PAUSED, 12)
    assert printer.follow(handle).stage is SheetStage.HELD
    device.plug_in()
    service.asks().enablePrinter("stopping")
    _comes(printer, handle, SheetStage.DONE, 20)
    assert len(device.out()) == 1
    printer.close()


def test_a_queue_that_gives_up_says_that_the_sheet_will_not_come(service: PrivateCups) -> None:
    device = service.printer("giving-up", policy="abort-job", hurry=True)
    printer = opened(service, "giving-up")
    device.pull()
    handle = printer.submit(sheet(), name=fresh())
    _comes(printer, handle, SheetStage.FAILED, 12)
    device.plug_in()
    assert device.out() == []
    printer.close()


def test_without_a_name_the_default_queue_is_used_and_without_one_that_is_said(
    service: PrivateCups, device: IppPrinter, tmp_path: Path
) -> None:
    printer = opened(service, "")
    with pytest.raises(Unsupported, match="default"):
        printer.submit(sheet(), name=fresh())
    assert printer.status().state is State.UNSUPPORTED
    service.asks().setDefault(QUEUE)
    assert printer.status().state is State.READY
    _comes(printer, printer.submit(sheet(), name=fresh()), SheetStage.DONE)
    assert opened(service, "no-such-queue").status().state is State.UNSUPPORTED
    nobody = choose.sheet_printer(SheetsConfig(kind="cups", server="127.0.0.1:9"), tmp_path)
    assert nobody.status().state is State.OFFLINE
    printer.close()


def test_the_queues_that_can_be_chosen_are_listed(
    printer: CupsSheetPrinter, service: PrivateCups, device: IppPrinter
) -> None:
    names = [one.name for one in printer.queues(0.5) if one.local]
    assert QUEUE in names
    offered = sheet_cups.found(SheetsConfig(kind="cups", server=service.server))
    assert {"kind": "cups", "queue": QUEUE} in [one.changes for one in offered]


def test_copies_are_asked_of_the_printer_and_no_banner_is_printed(
    printer: CupsSheetPrinter, service: PrivateCups, device: IppPrinter
) -> None:
    handle = printer.submit(sheet(), name=fresh(), copies=3)
    _comes(printer, handle, SheetStage.DONE)
    told = service.asks().getJobAttributes(int(handle.partition(":")[0]))
    assert told["copies"] == 3
    assert told["job-sheets"] == ["none", "none"]
    with pytest.raises(Malformed):
        printer.submit(sheet(), name=fresh(), copies=0)


def _told(folder: Path, marker: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and marker in path.read_bytes()]


def test_nothing_of_a_sheet_stays_with_the_service_when_it_is_out(
    printer: CupsSheetPrinter, service: PrivateCups, device: IppPrinter
) -> None:
    device.fault("media-empty-error")
    handle = printer.submit(sheet("MARKER of a person"), name=fresh())
    _comes(printer, handle, SheetStage.HELD)
    assert _told(service.folder / "spool", b"MARKER of a person")
    device.mend()
    _comes(printer, handle, SheetStage.DONE, 20)
    for name in ("spool", "cache", "log", "run"):
        until(lambda name=name: not _told(service.folder / name, b"MARKER of a person"))  # type: ignore[misc]


class Tray:
    """A printer that takes whatever comes in at its port, as an old network printer does."""

    def __init__(self) -> None:
        self.port = free_port()
        self.out: list[bytes] = []
        self._server: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def plug_in(self) -> None:
        self._server = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self._server.settimeout(0.1)
        self._thread = threading.Thread(target=self._take, args=(self._server,), daemon=True)
        self._thread.start()

    def pull(self) -> None:
        server, self._server = self._server, None
        assert self._thread is not None
        self._thread.join(5)
        assert server is not None
        server.close()

    def _take(self, server: socket.socket) -> None:
        while self._server is server:
            try:
                line, _ = server.accept()
            except TimeoutError:
                continue
            with line:
                line.settimeout(5)
                found = b""
                while part := line.recv(65_536):
                    found += part
                self.out.append(found)


def test_an_old_network_printer_without_a_driver_takes_the_file_as_it_is(service: PrivateCups) -> None:
    tray, conn = Tray(), service.asks()
    conn.addPrinter("old", device=f"socket://127.0.0.1:{tray.port}/?contimeout=60&waiteof=false")
    conn.setPrinterErrorPolicy("old", "retry-current-job")
    conn.acceptJobs("old")
    conn.enablePrinter("old")
    printer, pdf = opened(service, "old"), sheet()
    handle = printer.submit(pdf, name=fresh())
    held = until(lambda: (seen := printer.follow(handle)).stage is SheetStage.HELD and seen, 15)
    assert held.status.state is State.OFFLINE
    tray.plug_in()
    _comes(printer, handle, SheetStage.DONE, 30)
    assert tray.out == [pdf]
    tray.pull()
    printer.close()
