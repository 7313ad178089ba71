"""Sheets in the database: sealed, one wish a drawing of a page, forgotten in time."""

from __future__ import annotations

import datetime as dt
import sqlite3

import pytest

from hub.base import boxes
from hub.base.errors import Conflict, Missing, NotReady, Refused
from hub.post import sheet_jobs, sheet_printing
from hub.post.sheet_jobs import Kind, State
from tests.fakes import FakeClock

PRIVATE, PUBLIC = boxes.pair()
PDF = b"%PDF-1.4 MARKER"


@pytest.fixture
def ready(conn: sqlite3.Connection, clock: FakeClock) -> None:
    sheet_printing.offer(conn, PUBLIC, moment=clock.read())


def _add(
    conn: sqlite3.Connection, clock: FakeClock, subject: str = "draft:a", *, copies: int = 1, mark: str = ""
) -> int:
    return sheet_jobs.add(
        conn, Kind.FORM, PDF, moment=clock.read(), subject=subject, copies=copies, mark=mark
    )


@pytest.mark.usefixtures("ready")
def test_only_the_other_half_opens_what_was_queued(conn: sqlite3.Connection, clock: FakeClock) -> None:
    job_id = _add(conn, clock)
    sealed = sheet_printing.box(conn, job_id)
    assert sealed is not None
    box, context = sealed
    assert b"MARKER" not in box
    assert boxes.open(PRIVATE, box, context) == PDF
    other, _ = boxes.pair()
    with pytest.raises(boxes.WrongKey):
        boxes.open(other, box, context)


@pytest.mark.usefixtures("ready")
def test_a_mark_stands_for_one_sheet_for_ever(conn: sqlite3.Connection, clock: FakeClock) -> None:
    first = _add(conn, clock, mark="0123456789abcdef")
    assert sheet_jobs.of_mark(conn, "0123456789abcdef") == first
    sheet_printing.handing(conn, first)
    sheet_printing.ended(conn, first, State.DONE, moment=clock.read())
    assert _add(conn, clock, mark="0123456789abcdef") == first
    assert _add(conn, clock) != first


def test_no_sheet_is_taken_for_the_bench_of_another_boot(conn: sqlite3.Connection, clock: FakeClock) -> None:
    with pytest.raises(NotReady, match="sheetjobs.no_bench"):
        _add(conn, clock)
    sheet_printing.offer(conn, PUBLIC, moment=clock.read())
    assert sheet_jobs.ready(conn, clock.read())
    clock.reboot()
    assert not sheet_jobs.ready(conn, clock.read())
    with pytest.raises(NotReady, match="sheetjobs.no_bench"):
        _add(conn, clock)


@pytest.mark.usefixtures("ready")
def test_too_many_copies_and_too_many_sheets_are_refused(conn: sqlite3.Connection, clock: FakeClock) -> None:
    for copies in (0, 4):
        with pytest.raises(Refused, match="sheetjobs.copies"):
            _add(conn, clock, copies=copies)
    for _ in range(50):
        _add(conn, clock)
    with pytest.raises(Conflict, match="sheetjobs.too_many"):
        _add(conn, clock)


@pytest.mark.usefixtures("ready")
def test_an_ended_sheet_keeps_nothing_and_is_dropped_on_its_day(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    done, waiting, held = (_add(conn, clock, f"draft:{name}") for name in "abc")
    sheet_printing.handing(conn, done)
    sheet_printing.handed(conn, done, "1:x", moment=clock.read())
    sheet_printing.ended(conn, done, State.DONE, moment=clock.read())
    sheet_printing.handing(conn, held)
    sheet_printing.handed(conn, held, "2:y", moment=clock.read())
    assert conn.execute("SELECT count(*) FROM sheet_jobs WHERE box IS NOT NULL").fetchone()[0] == 2
    clock.advance(3600)
    before = clock.at - dt.timedelta(seconds=60)
    assert sheet_jobs.forget(conn, before=before, moment=clock.read()) == 1
    with pytest.raises(Missing):
        sheet_jobs.get(conn, done)
    assert sheet_jobs.get(conn, waiting).state is State.CANCELLED
    assert sheet_jobs.get(conn, held).unwanted


@pytest.mark.usefixtures("ready")
def test_when_its_draft_goes_a_sheet_is_taken_back(conn: sqlite3.Connection, clock: FakeClock) -> None:
    mine, other = _add(conn, clock, "draft:a"), _add(conn, clock, "draft:b")
    sheet_jobs.drop(conn, "draft:a", moment=clock.read())
    assert sheet_jobs.get(conn, mine).state is State.CANCELLED
    assert sheet_jobs.get(conn, other).state is State.QUEUED
    sheet_jobs.drop(conn, "draft:a", moment=clock.read())


@pytest.mark.usefixtures("ready")
def test_a_sheet_that_was_taken_back_meanwhile_is_not_handed_over(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    job_id = _add(conn, clock)
    sheet_jobs.cancel(conn, job_id, moment=clock.read())
    assert not sheet_printing.handing(conn, job_id)
    with pytest.raises(Conflict, match="sheetjobs.too_late"):
        sheet_jobs.cancel(conn, job_id, moment=clock.read())
    with pytest.raises(Conflict, match="sheetjobs.answered"):
        sheet_jobs.answer(conn, job_id, True, moment=clock.read())
    with pytest.raises(Missing, match="sheetjobs.no_job"):
        sheet_jobs.cancel(conn, 99, moment=clock.read())


@pytest.mark.usefixtures("ready")
def test_a_sheet_wanted_anew_is_no_longer_unwanted(conn: sqlite3.Connection, clock: FakeClock) -> None:
    job_id = _add(conn, clock)
    sheet_printing.handing(conn, job_id)
    sheet_printing.handed(conn, job_id, "1:x", moment=clock.read())
    sheet_jobs.cancel(conn, job_id, moment=clock.read())
    sheet_printing.goes(conn, sheet_printing.under_way(conn)[0], State.ASK, "sheetjobs.forgotten")
    assert not sheet_jobs.answer(conn, job_id, False, moment=clock.read()).unwanted


@pytest.mark.usefixtures("ready")
def test_what_was_taken_back_meanwhile_has_no_box_and_what_is_being_handed_is_written_once(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    gone, going = _add(conn, clock), _add(conn, clock, "draft:b")
    sheet_jobs.cancel(conn, gone, moment=clock.read())
    assert sheet_printing.box(conn, gone) is None and not sheet_printing.handing(conn, gone)
    assert sheet_printing.handing(conn, going)
    before = conn.total_changes
    assert sheet_printing.handing(conn, going)
    assert conn.total_changes == before


@pytest.mark.usefixtures("ready")
def test_a_sheet_that_nothing_takes_up_is_stuck_after_half_a_minute(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    job_id = _add(conn, clock)
    clock.advance(29)
    assert sheet_jobs.stuck(conn, clock.read()) == ()
    clock.advance(2)
    assert [(job.id, job.reason_key) for job in sheet_jobs.stuck(conn, clock.read())] == [
        (job_id, "sheetjobs.late")
    ]
    sheet_printing.handing(conn, job_id)
    sheet_printing.handed(conn, job_id, "1:x", moment=clock.read())
    assert sheet_jobs.stuck(conn, clock.read()) == ()


@pytest.mark.usefixtures("ready")
def test_a_sheet_that_failed_is_told_until_it_is_asked_for_again_or_half_an_hour_is_over(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    first, second = _add(conn, clock, "draft:a"), _add(conn, clock, "draft:b")
    for job_id in (first, second):
        sheet_printing.ended(conn, job_id, State.FAILED, "sheetjobs.power_lost", moment=clock.read())
    assert [job.id for job in sheet_jobs.failed_lately(conn, clock.read())] == [first, second]
    _add(conn, clock, "draft:a")
    assert [job.id for job in sheet_jobs.failed_lately(conn, clock.read())] == [second]
    clock.advance(31 * 60)
    assert sheet_jobs.failed_lately(conn, clock.read()) == ()
