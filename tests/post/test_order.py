"""Whose turn it is, for any outbox: the index says what a plain sorting of all rows would say."""

from __future__ import annotations

import datetime as dt
import functools
import sqlite3
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.base import clock as clocks
from hub.base import migrate
from hub.post import leases
from tests.fakes import FakeClock

NOW = FakeClock()
SIZES = (1, 262_143, 262_144, 2_097_151, 2_097_152, 30_000_000)


@dataclass(frozen=True)
class Row:
    """A queued parcel: hours since it came, seconds until its next try (None: ready), how long it was to wait."""

    urgent: bool
    size: int
    hours: int
    waits: int | None
    backoff: int

    @property
    def ready(self) -> bool:
        return self.waits is None or self.waits <= 0 or self.waits > self.backoff

    def key(self, number: int) -> tuple[object, ...]:
        weight = 0 if self.size < 256 * 1024 else 1 if self.size < 2 * 1024 * 1024 else 2
        return not self.urgent, weight, -self.hours, number


rows = st.lists(
    st.builds(
        Row,
        urgent=st.booleans(),
        size=st.sampled_from(SIZES),
        hours=st.integers(0, 60),
        waits=st.none() | st.integers(-50, 5_000),
        backoff=st.integers(0, 2_000),
    ),
    max_size=12,
)


@functools.cache
def _template() -> sqlite3.Connection:
    conn = sqlite3.connect(":memory:")
    migrate.migrate(conn)
    return conn


def _filled(given_rows: list[Row]) -> sqlite3.Connection:
    conn = sqlite3.connect(":memory:", isolation_level=None)
    _template().backup(conn)
    conn.row_factory = sqlite3.Row
    now = NOW.read().at
    for number, row in enumerate(given_rows, 1):
        next_try = None if row.waits is None else now + dt.timedelta(seconds=row.waits)
        since = next_try - dt.timedelta(seconds=row.backoff) if next_try else None
        conn.execute(
            "INSERT INTO outbox(id, instance_id, form_id, form_version, follow_code, label, urgent, envelope, sha256,"
            " size, backoff_s, next_try_at, waits_since, added_at, added_trusted, added_boot_id, added_mono)"
            " VALUES (?, ?, 'f', '1', '', '', ?, x'00', '', ?, ?, ?, ?, ?, 1, '', 0)",
            (
                number,
                f"uuid:{number}",
                row.urgent,
                row.size,
                row.backoff,
                clocks.stamp(next_try) if next_try else None,
                clocks.stamp(since) if since else None,
                clocks.stamp(now - dt.timedelta(hours=row.hours)),
            ),
        )
    return conn


def _sorted(given_rows: list[Row], which: set[int]) -> list[int]:
    return sorted(which, key=lambda number: given_rows[number - 1].key(number))


@given(rows, st.booleans())
@settings(max_examples=150, deadline=None)
def test_what_is_due_is_what_is_ready_or_has_waited_enough_in_its_order(
    given_rows: list[Row], force: bool
) -> None:
    conn = _filled(given_rows)
    ready = {number for number, row in enumerate(given_rows, 1) if force or row.ready}
    assert list(leases.due(conn, NOW.read(), force=force)) == _sorted(given_rows, ready)
    leases.ripen(conn, NOW.read(), force=force)
    left = {row["id"] for row in conn.execute("SELECT id FROM outbox WHERE next_try_at IS NULL")}
    assert left == ready
    conn.close()


@given(rows)
@settings(max_examples=150, deadline=None)
def test_all_that_are_ready_have_their_turn_once_and_one_in_four_is_the_longest_waiting(
    given_rows: list[Row],
) -> None:
    conn = _filled(given_rows)
    leases.ripen(conn, NOW.read())
    left = {number for number, row in enumerate(given_rows, 1) if row.ready}
    turn = 0
    while left:
        turn += 1
        expected = _sorted(given_rows, left)[0]
        long = [number for number in left if given_rows[number - 1].hours > 24]
        if turn % 4 == 0 and long and not given_rows[expected - 1].urgent:
            expected = min(long, key=lambda number: (-given_rows[number - 1].hours, number))
        found = leases.candidate(conn, NOW.read())
        assert found is not None and found.row_id == expected
        assert leases.take(conn, found.row_id) is not None
        left.remove(expected)
    assert leases.candidate(conn, NOW.read()) is None
    conn.close()
