"""The bench's side of the print jobs: take one up, mark the first byte, say how it ended.

Keeps true: before the first byte leaves, that fact is on the card, so that after a crash a paper that was
perhaps printed is known as such; a ticket then comes again as a marked copy, a receipt asks a guide. A job
leaves the queue only with an outcome, and the outcome says whether the printer itself confirmed it. It never
decides how long to wait: the bench does, for the printer as a whole, because faults belong to the printer and
not to a paper.

Only the holder of the owner lock "bench" may call this.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base import db, letterhead, phrases
from hub.base.clock import Moment
from hub.post import forgetting, jobs, trail
from hub.post.jobs import TOPIC, Kind, State
from hub.post.trail import What

MOST_TOUCHED = 3
"""After so many papers that nobody knows the end of, a person must look: the printer eats paper."""

# Errors that may lie in the paper as well as in the printer: such a job waits behind the others.
_DOUBTED = ("printing.unsupported", "printing.printer_broken")


@dataclass(frozen=True, slots=True)
class Lease:
    """One job in the hands of the bench; ``slip`` is still in its written form, ``copy`` asks for a band.

    ``created_at`` with its trust is the time that stands on the paper and in the ledger.
    """

    id: int
    kind: Kind
    slip: str
    copy: bool
    copy_of: int | None
    lang: str
    created_at: dt.datetime
    trusted: bool

    @property
    def foot(self) -> str:
        """The line that says which paper of the ledger this is."""
        key = "foot" if not self.copy else "foot_again" if self.copy_of is None else "foot_copy"
        return phrases.say(
            self.lang,
            f"printing.{key}",
            number=jobs.shown(self.id),
            time=letterhead.shown_time(self.lang, self.created_at, self.trusted),
            **({"first": jobs.shown(self.copy_of)} if self.copy and self.copy_of is not None else {}),
        )


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
            "SELECT id, kind, slip, copy, copy_of, lang, created_at, trusted FROM jobs"
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
    return Lease(
        row["id"],
        Kind(row["kind"]),
        row["slip"],
        bool(row["copy"]),
        row["copy_of"],
        row["lang"],
        clocks.parse(row["created_at"]),
        bool(row["trusted"]),
    )


def first_byte(conn: sqlite3.Connection, job_id: int, *, moment: Moment) -> None:
    """Mark that from now on paper may have been touched; durable when this returns."""
    with db.write(conn):
        marked = conn.execute(
            "UPDATE jobs SET first_byte_at = ?, touched = touched + 1 WHERE id = ? AND state = 'leased'",
            (moment.text, job_id),
        )
        if marked.rowcount != 1:
            raise RuntimeError(f"job {job_id} is not leased")
        trail.note(conn, job_id, What.BEGAN, moment)


def done(conn: sqlite3.Connection, job_id: int, *, moment: Moment, confirmed: bool) -> None:
    """Record that the paper came out; ``confirmed`` if the printer itself said so."""
    with db.write(conn):
        ended = conn.execute(
            "UPDATE jobs SET state = 'done', reason_key = NULL, leased_by = NULL, confirmed = ?, done_at = ?,"
            " done_trusted = ?, done_boot_id = ?, done_mono = ? WHERE id = ? AND state = 'leased'",
            (confirmed, moment.text, moment.trusted, moment.boot_id, moment.mono, job_id),
        )
        if ended.rowcount:
            reason = "printing.out_confirmed" if confirmed else "printing.out_taken"
            trail.note(conn, job_id, What.OUT, moment, reason=reason)
            forgetting.forget_private(conn, job_id)
        db.touch(conn, TOPIC)


def fault(conn: sqlite3.Connection, job_id: int, reason_key: str, *, moment: Moment) -> State:
    """Record that the printer failed, and return where the job stands now.

    Before the first byte it is stuck and comes by itself when the printer is mended. After it a ticket comes
    again as a marked copy and a receipt asks; so does anything that failed in that way too often.
    """
    with db.write(conn):
        return _perhaps(conn, job_id, reason_key, State.STUCK, moment)


def broken(conn: sqlite3.Connection, job_id: int, *, moment: Moment) -> None:
    """Set a job aside that cannot be printed as it is; a person must look, and the others go on."""
    with db.write(conn):
        aside = conn.execute(
            "UPDATE jobs SET state = 'stuck', reason_key = 'printing.broken', retry = 0, leased_by = NULL"
            " WHERE id = ? AND state = 'leased'",
            (job_id,),
        )
        if aside.rowcount:
            trail.note(conn, job_id, What.STUCK, moment, reason="printing.broken")
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


def recover(conn: sqlite3.Connection, *, moment: Moment) -> Recovered:
    """Put the jobs of a bench that died back: unmarked, as copies, or to a guide.

    Call before any ``take``.
    """
    counts = {"again": 0, "copies": 0, "asked": 0}
    with db.write(conn):
        rows = conn.execute("SELECT id, first_byte_at FROM jobs WHERE state = 'leased'").fetchall()
        for row in rows:
            ended = _perhaps(conn, row["id"], "printing.interrupted", State.QUEUED, moment)
            if row["first_byte_at"] is None:
                counts["again"] += 1
            else:
                counts["asked" if ended is State.ASK else "copies"] += 1
    return Recovered(**counts)


def _perhaps(conn: sqlite3.Connection, job_id: int, reason_key: str, waits: State, moment: Moment) -> State:
    row = conn.execute(
        "SELECT kind, first_byte_at, touched FROM jobs WHERE id = ? AND state = 'leased'",
        (job_id,),
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
    what = {State.ASK: What.ASKED, State.STUCK: What.STUCK}.get(waits, What.INTERRUPTED)
    # A printer that stays as it is, is tried again and again; its history has one line.
    if perhaps or what is not What.STUCK or trail.last(conn, job_id) != (what, reason_key):
        trail.note(conn, job_id, what, moment, reason=reason_key)
    db.touch(conn, TOPIC)
    return waits
