"""What happened to each paper: asked for, begun, out, asked about, answered, printed again, and by whom.

Keeps true: the history only grows (the schema refuses anything else) and is written in the transaction of what
it tells; a doubtful time is corrected once, when the true one is known. It never names a villager and never says
what stood on a paper.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from hub.base import clock as clocks
from hub.base.clock import Moment

TOPIC = "jobs"
"""The version that pages about papers poll."""


class What(StrEnum):
    """What can happen to a paper."""

    ADDED = "added"
    BEGAN = "began"
    OUT = "out"
    STUCK = "stuck"
    INTERRUPTED = "interrupted"
    ASKED = "asked"
    ANSWERED_OUT = "answered_out"
    ANSWERED_AGAIN = "answered_again"
    ANSWERED_SURELY_NOT = "answered_surely_not"
    RETRIED = "retried"
    CANCELLED = "cancelled"
    COPIED = "copied"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a paper's history; ``reason`` is a phrase or empty, ``other_job`` the copy that was made."""

    what: What
    reason: str
    other_job: int | None
    staff_id: int | None
    at: dt.datetime
    trusted: bool

    @property
    def key(self) -> str:
        """The phrase that tells it."""
        return f"printing.trail_{self.what}"


def note(
    conn: sqlite3.Connection,
    job_id: int,
    what: What,
    moment: Moment,
    *,
    reason: str = "",
    other_job: int | None = None,
    staff_id: int | None = None,
) -> None:
    """Write one line, in the caller's transaction."""
    conn.execute(
        "INSERT INTO paper_events(job_id, what, reason, other_job, staff_id, at, trusted, boot_id, mono)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            job_id,
            what,
            reason,
            other_job,
            staff_id,
            moment.text,
            moment.trusted,
            moment.boot_id,
            moment.mono,
        ),
    )


def events(conn: sqlite3.Connection, job_id: int) -> tuple[Event, ...]:
    """Return what happened to one paper, oldest first."""
    rows = conn.execute("SELECT * FROM paper_events WHERE job_id = ? ORDER BY id", (job_id,))
    return tuple(
        Event(
            What(row["what"]),
            row["reason"],
            row["other_job"],
            row["staff_id"],
            clocks.parse(row["at"]),
            bool(row["trusted"]),
        )
        for row in rows
    )


def last(conn: sqlite3.Connection, job_id: int) -> tuple[What, str] | None:
    """Return what happened to one paper last, and why."""
    row = conn.execute(
        "SELECT what, reason FROM paper_events WHERE job_id = ? ORDER BY id DESC LIMIT 1", (job_id,)
    ).fetchone()
    return (What(row["what"]), row["reason"]) if row else None


def settle_doubts(conn: sqlite3.Connection, moment: Moment) -> None:
    """Correct the doubtful times of this boot, in the caller's transaction; ``moment`` is a trusted one."""
    rows = conn.execute(
        "SELECT id, boot_id, mono FROM paper_events WHERE trusted = 0 AND boot_id = ?", (moment.boot_id,)
    ).fetchall()
    for row in rows:
        true = clocks.corrected(moment, row["boot_id"], row["mono"])
        if true is not None:
            conn.execute(
                "UPDATE paper_events SET at = ?, trusted = 1 WHERE id = ?", (clocks.stamp(true), row["id"])
            )
