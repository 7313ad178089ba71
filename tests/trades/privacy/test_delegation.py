"""Who acts for another: a relation with a last day, the latest word holds."""

from __future__ import annotations

import datetime as dt
import sqlite3

import pytest

from hub.base.errors import Refused
from hub.trades.privacy import delegation
from hub.trades.privacy.model import Scope, Shown
from tests.fakes import FakeClock


def record(conn: sqlite3.Connection, clock: FakeClock, days: int, scope: Scope = Scope.FILL) -> int:
    until = clock.read().on + dt.timedelta(days=days)
    return delegation.record(
        conn, "d1", "child", scope=scope, shown=Shown.PRESENT, until_on=until, staff=1, moment=clock.read()
    )


def test_the_latest_word_holds_and_none_is_lost(conn: sqlite3.Connection, clock: FakeClock) -> None:
    assert delegation.of(conn, "d1") is None
    record(conn, clock, 3)
    record(conn, clock, 5, Scope.FILL_AND_SEND)
    found = delegation.of(conn, "d1")
    assert found is not None and found.scope is Scope.FILL_AND_SEND
    assert conn.execute("SELECT count(*) FROM delegations").fetchone()[0] == 2
    with pytest.raises(sqlite3.IntegrityError, match="only grow"):
        conn.execute("DELETE FROM delegations")


@pytest.mark.parametrize("days", [-1, delegation.LONGEST_DAYS + 1])
def test_no_delegation_has_ended_before_it_began_or_lasts_for_ever(
    conn: sqlite3.Connection, clock: FakeClock, days: int
) -> None:
    with pytest.raises(Refused, match="delegation_until"):
        record(conn, clock, days)
    wanted = clock.read().on + dt.timedelta(days=days)
    if days > 0:
        record(conn, clock, (delegation.last_day(wanted, clock.read()) - clock.read().on).days)
