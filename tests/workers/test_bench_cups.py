"""Sheets from the bench through a real print service to a real IPP printer: sealed, held, mended, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from devices.config import SheetsConfig
from hub.base.house import House
from hub.post import health, sheet_jobs
from hub.post.sheet_jobs import Kind, State
from hub.wiring import build
from tests.contract.cups import IppPrinter, PrivateCups
from tests.contract.test_sheet_contract import sheet
from tests.workers.house import made, running, until

MARKER = "MARKER of a person"


@pytest.fixture
def service() -> Iterator[PrivateCups]:
    found = PrivateCups()
    yield found
    found.close()


@pytest.fixture
def device(service: PrivateCups) -> IppPrinter:
    return service.printer("hall")


@pytest.fixture
def house(tmp_path: Path, service: PrivateCups, device: IppPrinter) -> House:
    plain = made(tmp_path / "data")
    sheets = SheetsConfig(kind="cups", server=service.server, queue="hall", answer_s=2)
    return build.build(msgspec.structs.replace(plain.settings, sheets=sheets), plain.data)


def test_sheets_wait_for_paper_and_for_the_service_and_each_comes_once(
    house: House, service: PrivateCups, device: IppPrinter
) -> None:
    with closing(house.connect()) as conn, running(house, ends_within_s=4.0):

        def added(subject: str) -> int:
            now = house.clock.read()
            return sheet_jobs.add(conn, Kind.FORM, sheet(MARKER), moment=now, subject=subject)

        def stands(job_id: int, state: State, reason: str | None, seconds: float) -> None:
            def there() -> bool:
                job = sheet_jobs.get(conn, job_id)
                return (job.state, job.reason_key) == (state, reason)

            try:
                until(there, seconds)
            except AssertionError:
                raise AssertionError(f"never {state}: {sheet_jobs.get(conn, job_id)}") from None

        def printer_is(state: str) -> bool:
            told = health.one(conn, "sheets", house.clock.read())
            return told is not None and told.state == state

        until(lambda: sheet_jobs.ready(conn, house.clock.read()))
        device.fault("media-empty-error")
        first = added("draft:a")
        # The service itself hears of it one to two seconds late.
        stands(first, State.HELD, "sheetjobs.no_paper", 6)
        until(lambda: printer_is("no_paper"))
        assert device.out() == []
        device.mend()
        stands(first, State.DONE, None, 20)
        until(lambda: printer_is("ready"))
        service.stop()
        second = added("draft:b")
        stands(second, State.QUEUED, "sheetjobs.offline", 6)
        until(lambda: printer_is("offline"), 10)
        service.start()
        stands(second, State.DONE, None, 20)
    assert len(device.out()) == 2
    for path in house.data.rglob("*"):
        assert not path.is_file() or MARKER.encode() not in path.read_bytes(), path
