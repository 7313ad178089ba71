"""Requests: written down without a name, due on their day, closed once."""

from __future__ import annotations

import datetime as dt
import sqlite3

import pytest

from hub.base import db
from hub.base.errors import Conflict, Missing, Refused
from hub.trades.privacy import log, requests
from hub.trades.privacy.model import (
    Access,
    Act,
    Identified,
    Kind,
    Reason,
    RequestId,
    State,
    Subject,
    SubjectKind,
)
from tests.fakes import FakeClock

OFF = frozenset({dt.date(2026, 11, 23)})


def ask(
    conn: sqlite3.Connection, clock: FakeClock, kind: Kind = Kind.COPY, off: frozenset[dt.date] = frozenset()
) -> RequestId:
    subject = Subject(SubjectKind.DRAFT, "d1")
    return requests.ask(
        conn, kind, Identified.CARD_SEEN, [subject], lang="vi", staff=1, moment=clock.read(), off=off
    )


def do(conn: sqlite3.Connection, clock: FakeClock, number: int, act: Act, detail: str = "") -> None:
    requests.act(conn, number, act, detail, staff=1, moment=clock.read())


def test_a_request_is_open_until_a_guide_says_done(conn: sqlite3.Connection, clock: FakeClock) -> None:
    number = ask(conn, clock)
    found = requests.get(conn, number)
    # 21 November 2026 is a Saturday.
    assert found.state is State.OPEN and found.due_on == dt.date(2026, 11, 24)
    assert requests.count(conn) == 1
    do(conn, clock, number, Act.EXPORTED)
    requests.close(conn, number, staff=1, moment=clock.read())
    assert requests.get(conn, number).state is State.DONE and requests.count(conn) == 0


@pytest.mark.parametrize("kind", [Kind.COPY, Kind.CORRECT, Kind.DELETE, Kind.WITHDRAW])
def test_a_copy_not_given_is_not_done(conn: sqlite3.Connection, clock: FakeClock, kind: Kind) -> None:
    number = ask(conn, clock, kind)
    with pytest.raises(Refused, match="nothing_done"):
        requests.close(conn, number, staff=1, moment=clock.read())
    if kind is Kind.COPY:
        do(conn, clock, number, Act.WITHDRAWN, SubjectKind.DRAFT)
        with pytest.raises(Refused, match="nothing_done"):
            requests.close(conn, number, staff=1, moment=clock.read())
    requests.refuse(conn, number, Reason.AT_OFFICE, staff=1, moment=clock.read())
    found = requests.get(conn, number)
    assert found.state is State.REFUSED and found.acts[-1].detail == Reason.AT_OFFICE


def test_one_record_of_three_dealt_with_does_not_end_an_erasure(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    number = ask(conn, clock, Kind.DELETE)
    sealed, home = Subject(SubjectKind.SEALED, "ABC"), Subject(SubjectKind.HOUSEHOLD, "h1")
    requests.add(conn, number, sealed)
    requests.add(conn, number, home)
    do(conn, clock, number, Act.ERASED, SubjectKind.DRAFT)
    for left in ([sealed, home], [sealed], [home]):
        with pytest.raises(Refused, match="some_left"):
            requests.close(conn, number, staff=1, moment=clock.read(), here=left)
    do(conn, clock, number, Act.WITHDRAWN, SubjectKind.SEALED)
    requests.close(conn, number, staff=1, moment=clock.read(), here=[sealed])
    assert requests.get(conn, number).state is State.DONE


def test_a_press_that_was_sent_twice_is_one_request(conn: sqlite3.Connection, clock: FakeClock) -> None:
    number = ask(conn, clock)
    clock.advance(2)
    assert ask(conn, clock) == number
    assert ask(conn, clock, Kind.DELETE) != number
    clock.advance(11)
    assert ask(conn, clock) != number


def test_a_closed_request_takes_nothing_more(conn: sqlite3.Connection, clock: FakeClock) -> None:
    number = ask(conn, clock, Kind.KNOW)
    requests.close(conn, number, staff=1, moment=clock.read())
    with pytest.raises(Conflict, match="closed"):
        do(conn, clock, number, Act.EXPORTED)
    with pytest.raises(Conflict, match="closed"):
        requests.add(conn, number, Subject(SubjectKind.DRAFT, "d2"))
    with pytest.raises(Missing):
        requests.get(conn, 99)


def test_the_first_due_stands_first_and_is_late_after_its_day(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    late = ask(conn, clock, off=frozenset({dt.date(2026, 11, 24), dt.date(2026, 11, 25)}))
    clock.advance(60)
    soon = ask(conn, clock)
    assert [one.id for one in requests.listing(conn)] == [soon, late]
    found = requests.get(conn, soon)
    assert not found.late(dt.date(2026, 11, 24)) and found.late(dt.date(2026, 11, 25))


def test_a_doubtful_day_is_put_right_and_the_due_day_with_it(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    clock.reboot(at="2020-01-01T01:00:00.000000Z", trusted=False)
    number = ask(conn, clock, off=OFF)
    do(conn, clock, number, Act.CORRECTED)
    with db.write(conn):
        log.note(conn, Access.COPY_GIVEN, "request:1", staff=1, moment=clock.read())
    assert requests.settle_doubts(conn, clock.read(), OFF) == 0
    clock.advance(60)
    clock.at = dt.datetime(2026, 11, 21, 2, 0, tzinfo=dt.UTC)
    clock.trusted = True
    assert requests.settle_doubts(conn, clock.read(), OFF) == 3
    found = requests.get(conn, number)
    assert found.trusted and found.due_on == dt.date(2026, 11, 25)
    assert found.acts[0].trusted and log.verify(conn) == 1
    assert requests.settle_doubts(conn, clock.read(), OFF) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM privacy_requests",
        "UPDATE privacy_requests SET due_on = '2030-01-01'",
        "DELETE FROM privacy_acts",
        "UPDATE privacy_acts SET act = 'done'",
    ],
)
def test_requests_and_acts_only_grow(conn: sqlite3.Connection, clock: FakeClock, statement: str) -> None:
    do(conn, clock, ask(conn, clock), Act.EXPORTED)
    with pytest.raises(sqlite3.IntegrityError, match="only grow"):
        conn.execute(statement)
