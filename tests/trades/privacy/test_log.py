"""The access log: it only grows, and shows where somebody changed it."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.base import db, migrate
from hub.base.errors import NotReady
from hub.overview import access
from hub.trades.privacy import log
from hub.trades.privacy.model import Access
from tests.fakes import FakeClock


def fill(conn: sqlite3.Connection, clock: FakeClock, count: int = 4) -> None:
    with db.write(conn):
        for number in range(count):
            log.note(conn, Access.PEOPLE_SEARCHED, f"s{number}", staff=1, moment=clock.read())
            clock.advance(1)


def test_each_line_stands_in_its_place(conn: sqlite3.Connection, clock: FakeClock) -> None:
    assert access.verify(conn) == 0
    fill(conn, clock)
    assert access.verify(conn) == 4 and log.counts(conn) == {Access.PEOPLE_SEARCHED: 4}
    assert [one.subject for one in log.lines(conn, 2)] == ["s3", "s2"]
    assert [one.act for one in log.about(conn, "s1")] == [Access.PEOPLE_SEARCHED]


@pytest.mark.parametrize("statement", ["DELETE FROM access_log", "UPDATE access_log SET subject = 'x'"])
def test_the_database_itself_refuses_a_change(
    conn: sqlite3.Connection, clock: FakeClock, statement: str
) -> None:
    fill(conn, clock)
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        conn.execute(statement)


@settings(max_examples=25, deadline=None)
@given(
    row=st.integers(1, 4),
    change=st.sampled_from(
        [
            "UPDATE access_log SET subject = 'x' WHERE id = ?",
            "UPDATE access_log SET staff_id = 9 WHERE id = ?",
            "UPDATE access_log SET act = 'log_read' WHERE id = ?",
            "DELETE FROM access_log WHERE id = ? AND id < 4",
        ]
    ),
)
def test_a_line_changed_behind_the_guards_is_found(row: int, change: str) -> None:
    conn = sqlite3.connect(":memory:", isolation_level=None)
    conn.row_factory = sqlite3.Row
    migrate.migrate(conn)
    fill(conn, FakeClock())
    conn.execute("DROP TRIGGER access_log_stays")
    conn.execute("DROP TRIGGER access_log_kept")
    done = conn.execute(change, (row,)).rowcount
    if done:
        with pytest.raises(NotReady, match="log_broken"):
            log.verify(conn)
    with pytest.raises(NotReady, match="log_unguarded"):
        access.verify(conn)
    conn.close()


@pytest.mark.parametrize(
    "table",
    [
        "access_log",
        "dossier_events",
        "household_events",
        "privacy_requests",
        "privacy_acts",
        "breaches",
        "breach_steps",
        "delegations",
    ],
)
@pytest.mark.parametrize("guard", ["kept", "stay"])
def test_a_guard_that_was_taken_away_is_missed(conn: sqlite3.Connection, table: str, guard: str) -> None:
    rows = conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,))
    (name,) = [row["name"] for row in rows if row["name"].startswith(f"{table}_{guard}")]
    conn.execute(f"DROP TRIGGER {name}")
    with pytest.raises(NotReady, match="log_unguarded"):
        access.verify(conn)
