"""The bench's side of the print jobs: take one up, mark the first byte, say how it ended.

Keeps true: before the first byte leaves, that fact is on the card, so that after a crash a paper that was
perhaps printed is known as such; a ticket then comes again as a marked copy, a receipt asks a guide. A job
leaves the queue only with an outcome. It never decides how long to wait: the bench does, for the printer as a
whole, because faults belong to the printer and not to a paper.

Only the holder of the owner lock "bench" may call this.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from hub.base import db
from hub.base.clock import Moment
from hub.post import jobs
from hub.post.jobs import TOPIC, Kind, State

MOST_TOUCHED = 3
"""After so many papers that nobody knows the end of, a person must look: the printer eats paper."""

# Errors that may lie in the paper as well as in the printer: such a job waits behind the others.
_DOUBTED = ("printing.unsupported", "printing.printer_broken")


@dataclass(frozen=True, slots=True)
class Lease:
    """One job in the hands of the bench; ``slip`` is still in its written form, ``copy`` asks for a band."""

    id: int
    kind: Kind
    slip: str
    copy: bool
    lang: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a bench found lying about at its start."""

    again: int
    copies: int
    asked: int


def due(conn: sqlite3.Connection) -> bool:
    """Return whether there is something to print."""
    found = conn.execute(
        "SELECT 1 FROM jobs WHERE state = 'queued' OR (state = 'stuck' AND retry = 1) LIMIT 1"
    ).fetchone()
    return found is not None


def take(conn: sqlite3.Connection, owner: str) -> Lease | None:
    """Lease the next job: tickets before others, the oldest first, jobs under suspicion last."""
    with db.write(conn):
        row = conn.execute(
            "SELECT id, kind, slip, copy, lang FROM jobs"
            " WHERE state = 'queued' OR (state = 'stuck' AND retry = 1)"
            " ORDER BY coalesce(reason_key, '') IN (?, ?), kind <> 'ticket', id LIMIT 1",
            _DOUBTED,
        ).fetchone()
        if row is None:
            return None
        conn.execute(
            "UPDATE jobs SET state = 'leased', leased_by = ?, first_byte_at = NULL, attempts = attempts + 1"
            " WHERE id = ?",
            (owner, row["id"]),
        )
        db.touch(conn, TOPIC)
    return Lease(row["id"], Kind(row["kind"]), row["slip"], bool(row["copy"]), row["lang"])


def first_byte(conn: sqlite3.Connection, job_id: int, *, moment: Moment) -> None:
    """Mark that from now on paper may have been touched; durable when this returns."""
    with db.write(conn):
        marked = conn.execute(
            "UPDATE jobs SET first_byte_at = ?, touched = touched + 1 WHERE id = ? AND state = 'leased'",
            (moment.text, job_id),
        )
        if marked.rowcount != 1:
            raise RuntimeError(f"job {job_id} is not leased")


def done(conn: sqlite3.Connection, job_id: int, *, moment: Moment) -> None:
    """Record that the paper came out."""
    with db.write(conn):
        conn.execute(
            "UPDATE jobs SET state = 'done', reason_key = NULL, leased_by = NULL, done_at = ?,"
            " done_trusted = ?, done_boot_id = ?, done_mono = ? WHERE id = ? AND state = 'leased'",
            (moment.text, moment.trusted, moment.boot_id, moment.mono, job_id),
        )
        jobs.forget_private(conn, job_id)
        db.touch(conn, TOPIC)


def fault(conn: sqlite3.Connection, job_id: int, reason_key: str) -> State:
    """Record that the printer failed, and return where the job stands now.

    Before the first byte it is stuck and comes by itself when the printer is mended. After it a ticket comes
    again as a marked copy and a receipt asks; so does anything that failed in that way too often.
    """
    with db.write(conn):
        return _perhaps(conn, job_id, reason_key, State.STUCK)


def broken(conn: sqlite3.Connection, job_id: int) -> None:
    """Set a job aside that cannot be printed as it is; a person must look, and the others go on."""
    with db.write(conn):
        conn.execute(
            "UPDATE jobs SET state = 'stuck', reason_key = 'printing.broken', retry = 0, leased_by = NULL"
            " WHERE id = ? AND state = 'leased'",
            (job_id,),
        )
        db.touch(conn, TOPIC)


def restate(conn: sqlite3.Connection, reason_key: str) -> int:
    """Give the jobs that wait for the printer its present reason; return how many changed."""
    with db.write(conn):
        changed = conn.execute(
            "UPDATE jobs SET reason_key = ? WHERE state = 'stuck' AND retry = 1 AND reason_key <> ?"
            " AND reason_key NOT IN (?, ?)",
            (reason_key, reason_key, *_DOUBTED),
        )
        if changed.rowcount:
            db.touch(conn, TOPIC)
    return changed.rowcount


def recover(conn: sqlite3.Connection) -> Recovered:
    """Put the jobs of a bench that died back: unmarked, as copies, or to a guide.

    Call before any ``take``.
    """
    counts = {"again": 0, "copies": 0, "asked": 0}
    with db.write(conn):
        rows = conn.execute("SELECT id, first_byte_at FROM jobs WHERE state = 'leased'").fetchall()
        for row in rows:
            ended = _perhaps(conn, row["id"], "printing.interrupted", State.QUEUED)
            if row["first_byte_at"] is None:
                counts["again"] += 1
            else:
                counts["asked" if ended is State.ASK else "copies"] += 1
    return Recovered(**counts)


def _perhaps(conn: sqlite3.Connection, job_id: int, reason_key: str, waits: State) -> State:
    row = conn.execute(
        "SELECT kind, first_byte_at, touched FROM jobs WHERE id = ? AND state = 'leased'", (job_id,)
    ).fetchone()
    if row is None:
        raise RuntimeError(f"job {job_id} is not leased")
    perhaps = row["first_byte_at"] is not None
    if perhaps and (Kind(row["kind"]).asks or row["touched"] >= MOST_TOUCHED):
        waits = State.ASK
    conn.execute(
        "UPDATE jobs SET state = ?, reason_key = ?, leased_by = NULL, copy = copy OR ? WHERE id = ?",
        (
            waits,
            None if waits is State.QUEUED else reason_key,
            perhaps and waits is not State.ASK,
            job_id,
        ),
    )
    db.touch(conn, TOPIC)
    return waits
