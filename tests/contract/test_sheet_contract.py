"""What every sheet printer keeps: the same cases on the simulator and on a real CUPS with an IPP printer."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from devices import choose
from devices.config import SheetsConfig
from devices.desk_ports import SheetPrinter, SheetProgress, SheetStage
from devices.ports import Malformed, Offline, Paused, State
from devices.simulator.sheet_printer import Fault, SimulatedSheetPrinter
from tests.contract.cups import IppPrinter, PrivateCups, until

QUEUE = "hall"
WITHIN_S = 5.0
"""CUPS itself asks its printer every second or two; what the House adds is asserted in the bench's tests."""


def sheet(words: str = "Tờ khai mẫu") -> bytes:
    """Return a small PDF of one page."""
    held = io.BytesIO()
    canvas = Canvas(held, pagesize=A4, invariant=1, pageCompression=0)
    canvas.drawString(72, 720, words.encode("ascii", "replace").decode())
    canvas.save()
    return held.getvalue()


def fresh() -> str:
    """Return a name that was never used."""
    return f"dch-{secrets.token_hex(8)}"


class Rig(Protocol):
    printer: SheetPrinter

    def fault(self, name: str) -> None: ...
    def mend(self) -> None: ...
    def out(self) -> int: ...
    def again(self) -> SheetPrinter: ...
    def close(self) -> None: ...


class SimulatorRig:
    def __init__(self, folder: Path, _service: PrivateCups, _device: IppPrinter) -> None:
        self.folder = folder
        self.printer = self.again()

    def again(self) -> SheetPrinter:
        made = choose.sheet_printer(SheetsConfig(), self.folder)
        assert isinstance(made, SimulatedSheetPrinter)
        return made

    def fault(self, name: str) -> None:
        assert isinstance(self.printer, SimulatedSheetPrinter)
        self.printer.inject(Fault(name))

    def mend(self) -> None:
        assert isinstance(self.printer, SimulatedSheetPrinter)
        self.printer.mend()

    def out(self) -> int:
        jobs = json.loads((self.folder / "sheets.json").read_text("utf-8"))["jobs"]
        return sum(job["stage"] == "done" for job in jobs)

    def close(self) -> None:
        self.printer.close()


class CupsRig:
    def __init__(self, folder: Path, service: PrivateCups, device: IppPrinter) -> None:
        self.folder, self.service, self.device = folder, service, device
        self.before = len(device.out())
        self.printer = self.again()

    def again(self) -> SheetPrinter:
        return choose.sheet_printer(
            SheetsConfig(kind="cups", server=self.service.server, queue=QUEUE), self.folder
        )

    def fault(self, name: str) -> None:
        match name:
            case "cable_pulled":
                self.device.pull()
            case "rejects":
                self.service.asks().rejectJobs(QUEUE)
            case _:
                reasons = {
                    "out_of_paper": "media-empty-error",
                    "cover_open": "cover-open-error",
                    "jammed": "media-jam-error",
                    "out_of_ink": "toner-empty-error",
                }
                self.device.fault(reasons[name])

    def mend(self) -> None:
        self.device.mend()
        if not self.device.plugged:
            self.device.plug_in()
        self.service.asks().acceptJobs(QUEUE)

    def out(self) -> int:
        return len(self.device.out()) - self.before

    def close(self) -> None:
        self.mend()
        self.printer.close()


@pytest.fixture(scope="module")
def service() -> Iterator[PrivateCups]:
    made = PrivateCups()
    yield made
    made.close()


@pytest.fixture(scope="module")
def device(service: PrivateCups) -> IppPrinter:
    return service.printer(QUEUE)


@pytest.fixture(params=[SimulatorRig, CupsRig], ids=["simulator", "cups"])
def rig(
    request: pytest.FixtureRequest, tmp_path: Path, service: PrivateCups, device: IppPrinter
) -> Iterator[Rig]:
    made = request.param(tmp_path, service, device)
    yield made
    made.close()


def _until(rig: Rig, handle: str, stage: SheetStage, seconds: float = 15.0) -> SheetProgress:
    seen: list[SheetProgress] = []

    def there() -> bool:
        seen[:] = [rig.printer.follow(handle)]
        return seen[0].stage is stage

    try:
        until(there, seconds)
    except AssertionError:
        raise AssertionError(f"never {stage}: {seen}") from None
    return seen[0]


def test_a_sheet_comes_out_once_and_the_job_is_done(rig: Rig) -> None:
    handle = rig.printer.submit(sheet(), name=fresh())
    _until(rig, handle, SheetStage.DONE)
    assert rig.out() == 1


def test_a_name_that_was_handed_over_is_not_taken_again(rig: Rig) -> None:
    name = fresh()
    first = rig.printer.submit(sheet(), name=name)
    assert rig.printer.submit(sheet(), name=name) == first
    _until(rig, first, SheetStage.DONE)
    assert rig.printer.submit(sheet(), name=name) == first
    assert rig.out() == 1


def test_another_process_finds_the_job_by_its_name(rig: Rig) -> None:
    name = fresh()
    handle = rig.printer.submit(sheet(), name=name)
    _until(rig, handle, SheetStage.DONE)
    other = rig.again()
    assert other.find(name) == handle
    assert other.follow(handle).stage is SheetStage.DONE
    assert other.find(fresh()) is None
    other.close()


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ("out_of_paper", State.NO_PAPER),
        ("cover_open", State.COVER_OPEN),
        ("jammed", State.JAMMED),
        ("out_of_ink", State.NO_INK),
        ("cable_pulled", State.OFFLINE),
    ],
)
def test_a_fault_holds_the_job_says_why_and_one_sheet_comes_when_it_is_mended(
    rig: Rig, fault: str, state: State
) -> None:
    rig.fault(fault)
    handle = rig.printer.submit(sheet(), name=fresh())
    held = _until(rig, handle, SheetStage.HELD, WITHIN_S)
    assert held.status.state is state
    assert rig.printer.status().state is state
    assert rig.out() == 0
    rig.mend()
    _until(rig, handle, SheetStage.DONE, 20)
    until(lambda: rig.printer.status().state is State.READY)
    assert rig.out() == 1


def test_a_queue_that_rejects_jobs_says_so_and_takes_them_when_it_is_told_to(rig: Rig) -> None:
    rig.fault("rejects")
    name = fresh()
    with pytest.raises(Paused):
        rig.printer.submit(sheet(), name=name)
    assert rig.printer.status().state is State.PAUSED
    rig.mend()
    _until(rig, rig.printer.submit(sheet(), name=name), SheetStage.DONE)
    assert rig.out() == 1


def test_a_job_that_waits_can_be_taken_back_and_nothing_comes_out(rig: Rig) -> None:
    rig.fault("out_of_paper")
    handle = rig.printer.submit(sheet(), name=fresh())
    _until(rig, handle, SheetStage.HELD, WITHIN_S)
    rig.printer.cancel(handle)
    _until(rig, handle, SheetStage.CANCELLED)
    rig.printer.cancel(handle)
    rig.mend()
    other = rig.printer.submit(sheet(), name=fresh())
    _until(rig, other, SheetStage.DONE, 20)
    assert rig.out() == 1


def test_what_is_no_pdf_is_refused(rig: Rig) -> None:
    with pytest.raises(Malformed):
        rig.printer.submit(b"GIF89a", name=fresh())


def test_a_job_that_the_service_does_not_know_is_gone(rig: Rig) -> None:
    handle = rig.printer.submit(sheet(), name=fresh())
    _until(rig, handle, SheetStage.DONE)
    number, colon, name = handle.partition(":")
    assert rig.printer.follow(f"{int(number) + 999}{colon}{name}").stage is SheetStage.GONE


def test_after_closing_everything_is_offline(rig: Rig) -> None:
    other = rig.again()
    other.close()
    other.close()
    with pytest.raises(Offline):
        other.submit(sheet(), name=fresh())
    assert other.status().state is State.OFFLINE


def test_a_job_held_over_a_restart_of_the_house_comes_out_once(rig: Rig) -> None:
    rig.fault("out_of_paper")
    name = fresh()
    handle = rig.printer.submit(sheet(), name=name)
    _until(rig, handle, SheetStage.HELD, WITHIN_S)
    rig.printer.close()
    rig.printer = rig.again()
    assert rig.printer.submit(sheet(), name=name) == handle
    rig.mend()
    _until(rig, handle, SheetStage.DONE, 20)
    assert rig.out() == 1
