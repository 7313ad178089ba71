"""The lessons' table; statements only, the caller's transaction."""

from __future__ import annotations

import datetime as dt
import sqlite3

from hub.trades.lessons.model import Completions


def count_up(conn: sqlite3.Connection, track: str, slug: str, on: dt.date, trusted: bool) -> None:
    """Count one more completion of a lesson on a day."""
    conn.execute(
        "INSERT INTO lesson_completions(done_on, track, slug, trusted, count) VALUES (?, ?, ?, ?, 1)"
        " ON CONFLICT(done_on, track, slug, trusted) DO UPDATE SET count = count + 1",
        (on.isoformat(), track, slug, int(trusted)),
    )


def counts(conn: sqlite3.Connection, first_on: dt.date, last_on: dt.date) -> tuple[Completions, ...]:
    """Return the completions of each lesson from ``first_on`` to ``last_on``, most first."""
    rows = conn.execute(
        "SELECT track, slug, sum(count) AS count FROM lesson_completions WHERE done_on BETWEEN ? AND ?"
        " GROUP BY track, slug ORDER BY count DESC, track, slug",
        (first_on.isoformat(), last_on.isoformat()),
    )
    return tuple(Completions(row["track"], row["slug"], row["count"]) for row in rows)
