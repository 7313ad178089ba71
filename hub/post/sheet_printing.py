"""The bench's side of the sheets: take one up, say that it is being handed over, and how it goes on.

Keeps true: before a sheet may reach the print service, that it may is on the card, so that after a crash it
is looked for by its name instead of being sent again; a job ends only with an outcome, and its box with it.
It never decides what a printer's state means.

Only the holder of the owner lock "bench" may call this.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from hub.base import db
from hub.base.clock import Moment
from hub.post import sheet_jobs
from hub.post.sheet_jobs import TOPIC, State


@dataclass(frozen=True, slots=True)
class Work:
    """One sheet that is not over; its content is fetched apart, when it is handed over."""

    id: int
    name: str
    copies: int
    state: State
    unwanted: bool
    handle: str | None = field(repr=False)
    reason_key: str | None


def offer(conn: sqlite3.Connection, public: bytes, *, moment: Moment) -> None:
    """Say with which key this boot's bench takes sheets; writes only what is new."""
    row = conn.execute("SELECT public, boot_id FROM sheet_key WHERE id = 1").fetchone()
    if row is not None and (row["public"], row["boot_id"]) == (public, moment.boot_id):
        return
    with db.write(conn):
        conn.execute(
            "INSERT OR REPLACE INTO sheet_key(id, public, boot_id, made_at) VALUES (1, ?, ?, ?)",
            (public, moment.boot_id, moment.text),
        )
        db.touch(conn, TOPIC)


def withdraw(conn: sqlite3.Connection) -> None:
    """Say that no sheets are taken: this machine has nowhere to keep a key."""
    with db.write(conn):
        conn.execute("DELETE FROM sheet_key")


def under_way(conn: sqlite3.Connection) -> tuple[Work, ...]:
    """Return the sheets that the bench has something to do with, oldest first."""
    rows = conn.execute(
        "SELECT id, name, copies, state, unwanted, handle, reason_key FROM sheet_jobs"
        " WHERE ended_at IS NULL AND state <> 'ask' ORDER BY id"
    )
    return tuple(
        Work(
            id=row["id"],
            name=row["name"],
            copies=row["copies"],
            state=State(row["state"]),
            unwanted=bool(row["unwanted"]),
            handle=row["handle"],
            reason_key=row["reason_key"],
        )
        for row in rows
    )


def box(conn: sqlite3.Connection, job_id: int) -> tuple[bytes, str] | None:
    """Return the sealed sheet of a job and what it is bound to; None when it was taken back meanwhile."""
    row = conn.execute(
        "SELECT box, mark FROM sheet_jobs WHERE id = ? AND box IS NOT NULL", (job_id,)
    ).fetchone()
    return (bytes(row["box"]), sheet_jobs.context(row["mark"])) if row else None


def witness(conn: sqlite3.Connection, boot_id: str) -> str | None:
    """Return the handle of the last sheet that was handed over in this boot, or None.

    A print service that does not know it has lost its memory, and its "never heard of it" means nothing.
    """
    row = conn.execute(
        "SELECT handle FROM sheet_jobs WHERE handle IS NOT NULL AND handed_boot_id = ?"
        " ORDER BY id DESC LIMIT 1",
        (boot_id,),
    ).fetchone()
    return str(row[0]) if row else None


def handing(conn: sqlite3.Connection, job_id: int) -> bool:
    """Mark that from now on the print service may have it; durable when this returns.

    False when somebody took it back in the meantime. Writes only what is new.
    """
    row = conn.execute("SELECT state FROM sheet_jobs WHERE id = ?", (job_id,)).fetchone()
    if row is not None and row["state"] == State.HANDING:
        return True
    with db.write(conn):
        marked = conn.execute(
            "UPDATE sheet_jobs SET state = 'handing' WHERE id = ? AND state = 'queued'", (job_id,)
        )
        db.touch(conn, TOPIC)
    return marked.rowcount == 1


def handed(conn: sqlite3.Connection, job_id: int, handle: str, *, moment: Moment) -> None:
    """Record that the print service has it, and under which handle."""
    with db.write(conn):
        conn.execute(
            "UPDATE sheet_jobs SET state = 'printing', reason_key = NULL, handle = ?, handed_boot_id = ?"
            " WHERE id = ? AND state = 'handing'",
            (handle, moment.boot_id, job_id),
        )
        db.touch(conn, TOPIC)


def goes(conn: sqlite3.Connection, work: Work, state: State, reason_key: str | None = None) -> None:
    """Record where a sheet that is not over stands and what is in its way; writes only what is new."""
    if (work.state, work.reason_key) == (state, reason_key):
        return
    with db.write(conn):
        conn.execute(
            "UPDATE sheet_jobs SET state = ?, reason_key = ? WHERE id = ? AND ended_at IS NULL",
            (state, reason_key, work.id),
        )
        db.touch(conn, TOPIC)


def ended(
    conn: sqlite3.Connection, job_id: int, state: State, reason_key: str | None = None, *, moment: Moment
) -> None:
    """Record how a sheet ended and forget what stood on it."""
    with db.write(conn):
        conn.execute(
            "UPDATE sheet_jobs SET state = ?, reason_key = ?, box = NULL, ended_at = ?"
            " WHERE id = ? AND ended_at IS NULL",
            (state, reason_key, moment.text, job_id),
        )
        db.touch(conn, TOPIC)
