"""Breaches: the clock runs from discovery, and stops only for a reason."""

from __future__ import annotations

import datetime as dt
import sqlite3

import pytest

from hub.base.errors import Conflict, Missing, Refused
from hub.trades.privacy import breach, days
from hub.trades.privacy.model import BreachId, Kinds, Step
from tests.fakes import FakeClock


def report(conn: sqlite3.Connection, clock: FakeClock, hours_ago: float = 2, **more: object) -> BreachId:
    values = {"kinds": [Kinds.PHOTOS, Kinds.IDENTITY], "people": 3, "staff": 2, "moment": clock.read()} | more
    discovered = clock.at - dt.timedelta(hours=hours_ago)
    happened, measures = "Mất thẻ nhớ\ncủa máy", "Đã đổi mật khẩu"
    return breach.report(conn, happened, measures, discovered_at=discovered, **values)  # type: ignore[arg-type]


def test_the_clock_runs_from_discovery_until_it_was_reported(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    number = report(conn, clock)
    found = breach.get(conn, number)
    assert days.deadline(found.discovered_at) == clock.at + dt.timedelta(hours=70)
    assert found.kinds == (Kinds.IDENTITY, Kinds.PHOTOS) and found.happened == "Mất thẻ nhớ\ncủa máy"
    breach.step(conn, number, Step.ADDED, "Tìm thấy thẻ", staff=2, moment=clock.read())
    assert [one.id for one in breach.running(conn)] == [number]
    breach.step(conn, number, Step.REPORTED, "Gửi qua công an xã", staff=2, moment=clock.read())
    assert not breach.running(conn)
    with pytest.raises(Conflict, match="breach_ended"):
        breach.step(conn, number, Step.NOT_NOTIFIABLE, "Thôi", staff=2, moment=clock.read())
    breach.step(conn, number, Step.ADDED, "A05 đã trả lời", staff=2, moment=clock.read())
    assert len(breach.get(conn, number).steps) == 3


def test_what_stops_the_clock_needs_words(conn: sqlite3.Connection, clock: FakeClock) -> None:
    number = report(conn, clock)
    with pytest.raises(Refused, match="breach_words"):
        breach.step(conn, number, Step.NOT_NOTIFIABLE, "  ", staff=2, moment=clock.read())
    with pytest.raises(Missing):
        breach.step(conn, 99, Step.ADDED, "Lời", staff=2, moment=clock.read())


def test_a_breach_needs_words_a_kind_and_a_discovery_that_was(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    with pytest.raises(Refused, match="breach_what"):
        report(conn, clock, kinds=[])
    with pytest.raises(Refused, match="breach_future"):
        report(conn, clock, hours_ago=-1)


def test_a_doubtful_clock_stops_nobody_from_reporting(conn: sqlite3.Connection, clock: FakeClock) -> None:
    true = clock.at
    clock.reboot(at="2020-01-01T00:00:00.000000Z", trusted=False)
    number = report(conn, clock, (clock.at - true).total_seconds() / 3600)
    assert breach.get(conn, number).discovered_at == true and not breach.get(conn, number).trusted


@pytest.mark.parametrize("table", ["breaches", "breach_steps"])
def test_a_file_is_neither_changed_nor_deleted(
    conn: sqlite3.Connection, clock: FakeClock, table: str
) -> None:
    breach.step(conn, report(conn, clock), Step.ADDED, "Lời", staff=2, moment=clock.read())
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET staff_id = 5"):
        with pytest.raises(sqlite3.IntegrityError, match="only grow"):
            conn.execute(statement)
