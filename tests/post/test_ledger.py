"""The print ledger: the number on the paper, what happened to it, how sure that is, and how it is found."""

from __future__ import annotations

import datetime as dt
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.slip import Slip, Text
from hub.base import db
from hub.base.clock import VILLAGE
from hub.base.errors import Conflict, Missing
from hub.post import forgetting, jobs, ledger, printing, trail
from hub.post.jobs import Kind, Why
from hub.post.trail import What
from tests.fakes import FakeClock

SLIP = Slip((Text("Xin chào"),))
NOBODY, GUIDE = None, 7


def _add(conn: sqlite3.Connection, clock: FakeClock, subject: str = "ticket:1", **more: object) -> int:
    kind = Kind.RECEIPT if subject.startswith("dossier") else Kind.TICKET
    return jobs.add(conn, kind, SLIP, moment=clock.read(), subject=subject, **more)  # type: ignore[arg-type]


def _print(conn: sqlite3.Connection, clock: FakeClock, confirmed: bool = True) -> printing.Lease:
    lease = printing.take(conn, "bench-1")
    assert lease is not None
    printing.first_byte(conn, lease.id, moment=clock.read())
    printing.done(conn, lease.id, moment=clock.read(), confirmed=confirmed)
    return lease


def _story(conn: sqlite3.Connection, job_id: int) -> list[tuple[What, str, int | None]]:
    return [(event.what, event.reason, event.staff_id) for event in trail.events(conn, job_id)]


def test_the_paper_carries_the_number_of_the_ledger(conn: sqlite3.Connection, clock: FakeClock) -> None:
    job_id = _add(conn, clock)
    clock.advance(3600)
    lease = printing.take(conn, "bench-1")
    assert lease is not None
    # When it was asked for stands on the paper itself already.
    assert lease.foot == f"Tờ số {job_id:06}"


def test_a_doubtful_time_of_a_copy_is_marked_on_it(conn: sqlite3.Connection, clock: FakeClock) -> None:
    first = _add(conn, clock, lang="en")
    _print(conn, clock)
    feet = []
    for trusted in (True, False):
        clock.trusted = trusted
        jobs.again(conn, first, why=Why.TORN, moment=clock.read())
        feet.append(_print(conn, clock).foot)
    assert all(" · copy of 000001 · " in foot for foot in feet)
    assert len(feet[0]) < len(feet[1])


def test_a_paper_that_came_again_after_a_crash_says_so_beside_its_number(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    job_id = _add(conn, clock)
    lease = printing.take(conn, "bench-1")
    assert lease is not None
    printing.first_byte(conn, job_id, moment=clock.read())
    printing.recover(conn, moment=clock.read())
    again = _print(conn, clock)
    assert again.copy and again.foot == f"{lease.foot} · in lại"
    assert _story(conn, job_id) == [
        (What.ADDED, "", NOBODY),
        (What.BEGAN, "", NOBODY),
        (What.INTERRUPTED, "printing.interrupted", NOBODY),
        (What.BEGAN, "", NOBODY),
        (What.OUT, "printing.out_confirmed", NOBODY),
    ]


def test_a_copy_names_the_first_paper_also_when_it_is_a_copy_of_a_copy(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    first = _add(conn, clock)
    _print(conn, clock)
    second = jobs.again(conn, first, why=Why.TORN, moment=clock.read(), staff_id=GUIDE)
    copy = _print(conn, clock)
    assert (copy.id, copy.copy, copy.copy_of) == (second, True, first)
    assert f"bản sao của tờ {first:06}" in copy.foot and f"Tờ số {second:06}" in copy.foot
    third = jobs.again(conn, second, why=Why.LOST, moment=clock.read(), staff_id=GUIDE)
    assert jobs.get(conn, third).copy_of == first
    assert (What.COPIED, "printing.why_torn", GUIDE) in _story(conn, first)
    record = ledger.record(conn, first)
    assert record.copies == (second, third)
    assert [event.other_job for event in record.events if event.what is What.COPIED] == [second]


def test_a_copy_that_a_trade_asks_for_names_the_last_first_paper_of_its_subject(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    _add(conn, clock, "dossier:uuid:a")
    replaced = _add(conn, clock, "dossier:uuid:a")
    assert jobs.get(conn, _add(conn, clock, "dossier:uuid:a", copy=True)).copy_of == replaced
    assert jobs.get(conn, _add(conn, clock, "ticket:9", copy=True)).copy_of is None


@pytest.mark.parametrize(
    ("confirmed", "sure"), [(True, "printing.sure_confirmed"), (False, "printing.sure_taken")]
)
def test_what_the_printer_did_not_confirm_is_told_as_such(
    conn: sqlite3.Connection, clock: FakeClock, confirmed: bool, sure: str
) -> None:
    job_id = _add(conn, clock)
    assert ledger.record(conn, job_id).certainty_key is None
    _print(conn, clock, confirmed)
    assert ledger.record(conn, job_id).certainty_key == sure


@pytest.mark.parametrize(
    ("printed", "certain", "what"),
    [
        (True, False, What.ANSWERED_OUT),
        (False, False, What.ANSWERED_AGAIN),
        (False, True, What.ANSWERED_SURELY_NOT),
    ],
)
def test_what_a_guide_answered_stands_with_who_it_was(
    conn: sqlite3.Connection, clock: FakeClock, printed: bool, certain: bool, what: What
) -> None:
    job_id = _add(conn, clock, "dossier:uuid:a")
    printing.take(conn, "bench-1")
    printing.first_byte(conn, job_id, moment=clock.read())
    printing.fault(conn, job_id, "printing.no_paper", moment=clock.read())
    jobs.answer_printed(conn, job_id, printed, clock.read(), certain=certain, staff_id=GUIDE)
    assert _story(conn, job_id)[-2:] == [(What.ASKED, "printing.no_paper", NOBODY), (what, "", GUIDE)]
    record = ledger.record(conn, job_id)
    assert record.certainty_key == ("printing.sure_said" if printed else None)


def test_a_printer_that_stays_sick_is_one_line_and_not_one_a_try(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    job_id = _add(conn, clock)
    for reason in ("printing.no_paper", "printing.no_paper", "printing.offline", "printing.offline"):
        printing.take(conn, "bench-1")
        printing.fault(conn, job_id, reason, moment=clock.read())
    stuck = [reason for what, reason, _ in _story(conn, job_id) if what is What.STUCK]
    assert stuck == ["printing.no_paper", "printing.offline"]
    # What a mere look says in between is no try and makes no line.
    printing.restate(conn, "printing.cover_open")
    printing.take(conn, "bench-1")
    printing.fault(conn, job_id, "printing.offline", moment=clock.read())
    assert [what for what, _, _ in _story(conn, job_id)].count(What.STUCK) == 2


def test_giving_up_says_who_or_that_the_house_did(conn: sqlite3.Connection, clock: FakeClock) -> None:
    by_hand, dropped, old = (_add(conn, clock, f"ticket:{number}") for number in range(3))
    jobs.cancel(conn, by_hand, moment=clock.read(), staff_id=GUIDE)
    forgetting.drop(conn, "ticket:1", moment=clock.read())
    clock.advance(90_000)
    forgetting.forget(conn, before=clock.at - dt.timedelta(days=1), moment=clock.read())
    assert _story(conn, by_hand)[-1] == (What.CANCELLED, "", GUIDE)
    for job_id in (dropped, old):
        assert _story(conn, job_id)[-1] == (What.CANCELLED, "", NOBODY)
        assert jobs.get(conn, job_id).forgotten


def test_a_paper_whose_words_are_gone_keeps_its_row_and_is_not_printed_again(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    job_id = _add(conn, clock, private=True)
    _print(conn, clock)
    job = jobs.get(conn, job_id)
    assert job.private and job.forgotten
    with pytest.raises(Missing, match="forgotten"):
        jobs.again(conn, job_id, why=Why.LOST, moment=clock.read())
    assert What.COPIED not in [what for what, _, _ in _story(conn, job_id)]


def test_a_copy_that_is_refused_leaves_no_line(conn: sqlite3.Connection, clock: FakeClock) -> None:
    job_id = _add(conn, clock)
    with pytest.raises(Conflict):
        jobs.again(conn, job_id, why=Why.TORN, moment=clock.read())
    assert _story(conn, job_id) == [(What.ADDED, "", NOBODY)]


def test_while_a_copy_is_on_its_way_a_second_touch_brings_no_second_one(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    first = _add(conn, clock, "dossier:uuid:a")
    _print(conn, clock)
    copy = jobs.again(conn, first, why=Why.TORN, moment=clock.read())
    with pytest.raises(Conflict, match="still_open"):
        jobs.again(conn, first, why=Why.TORN, moment=clock.read())
    _print(conn, clock)
    another = jobs.again(conn, copy, why=Why.TORN, moment=clock.read())
    with pytest.raises(Conflict, match="still_open"):
        jobs.again(conn, first, why=Why.LOST, moment=clock.read())
    assert [job.id for job in ledger.numbered(conn, first)] == [another, copy, first]


def test_of_a_paper_from_before_the_history_nobody_says_that_a_guide_saw_it(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    job_id = _add(conn, clock)
    with db.write(conn):
        conn.execute("UPDATE jobs SET state = 'done', done_at = created_at WHERE id = ?", (job_id,))
    assert ledger.record(conn, job_id).certainty_key is None


def test_a_day_without_its_year_is_the_last_one_of_that_name() -> None:
    january = dt.date(2027, 1, 4)
    assert ledger.read_day("B2 28/12", january) == ("B2", dt.date(2026, 12, 28))
    assert ledger.read_day("4/1", january) == ("", january)
    assert ledger.read_day("29/2", dt.date(2029, 1, 4)) == ("", dt.date(2028, 2, 29))
    assert ledger.read_day("29/2", dt.date(2031, 1, 4)) == ("29/2", None)
    assert ledger.read_day("28/12/2027", january) == ("", dt.date(2027, 12, 28))


def test_the_history_only_grows(conn: sqlite3.Connection, clock: FakeClock) -> None:
    _add(conn, clock)
    for statement in (
        "UPDATE paper_events SET what = 'out'",
        "UPDATE paper_events SET at = '2020-01-01T00:00:00.000000Z'",
        "DELETE FROM paper_events",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"), db.write(conn):
            conn.execute(statement)


def test_doubtful_times_of_the_history_are_corrected_once(conn: sqlite3.Connection, clock: FakeClock) -> None:
    clock.trusted = False
    true = clock.at
    clock.at = true - dt.timedelta(days=400)
    job_id = _add(conn, clock)
    clock.at, clock.trusted = true, True
    jobs.settle_doubts(conn, clock.read())
    (event,) = trail.events(conn, job_id)
    assert event.trusted and abs((event.at - true).total_seconds()) < 5


def test_papers_are_found_by_number_subject_and_day(conn: sqlite3.Connection, clock: FakeClock) -> None:
    first = _add(conn, clock, "dossier:uuid:a_b")
    _print(conn, clock)
    copy = jobs.again(conn, first, why=Why.TORN, moment=clock.read())
    received = _add(conn, clock, "dossier:uuid:a_b:received")
    other = _add(conn, clock, "dossier:uuid:axb")
    on = clock.read().on
    clock.advance(86_400)
    tomorrow = _add(conn, clock, "ticket:1")
    assert [job.id for job in ledger.numbered(conn, first)] == [copy, first]
    assert ledger.numbered(conn, 999) == ()
    assert [job.id for job in ledger.about(conn, ["dossier:uuid:a_b"])] == [received, copy, first]
    assert ledger.about(conn, []) == ()
    assert [job.id for job in ledger.of_day(conn, on)] == [other, received, copy, first]
    assert [job.id for job in ledger.of_day(conn, on + dt.timedelta(days=1))] == [tomorrow]


def test_a_day_is_the_villages_and_not_greenwichs(conn: sqlite3.Connection, clock: FakeClock) -> None:
    clock.at = dt.datetime(2026, 11, 21, 23, 30, tzinfo=VILLAGE)
    late = _add(conn, clock)
    clock.at = dt.datetime(2026, 11, 22, 0, 30, tzinfo=VILLAGE)
    early = _add(conn, clock)
    assert [job.id for job in ledger.of_day(conn, dt.date(2026, 11, 21))] == [late]
    assert [job.id for job in ledger.of_day(conn, dt.date(2026, 11, 22))] == [early]


@given(st.integers(1, 999_999_999), st.sampled_from(["", " ", ".", "-", "#"]))
def test_a_number_is_read_however_it_is_spaced(number: int, gap: str) -> None:
    shown = f"{number:06}"
    assert ledger.read_number(f" {shown[:3]}{gap}{shown[3:]} ") == number


@given(st.text(max_size=20))
def test_whatever_is_typed_is_a_number_or_none(typed: str) -> None:
    found = ledger.read_number(typed)
    digits = "".join(mark for mark in typed if mark in "0123456789")
    assert found is None or found == int(digits)
