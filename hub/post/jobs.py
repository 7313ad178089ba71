"""Papers to print: what was asked for, what came of it, and what only a person can know.

Keeps true: a job is added in the transaction of the thing it belongs to, so that neither stands without the
other; a receipt is never printed twice unless a guide says so; every further copy carries the words "bản
sao"; a paper that names somebody is forgotten as soon as it is out, every other on a set day. It never talks
to a printer: the bench does, through ``hub.post.printing``.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from devices import slip as slips
from hub.base import clock as clocks
from hub.base import db, scrub
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing

TOPIC = "jobs"
"""The version that pages poll."""


class Kind(StrEnum):
    """What a paper is; it decides what happens when nobody knows whether it came out."""

    TICKET = "ticket"
    RECEIPT = "receipt"
    CHECKLIST = "checklist"
    TEST = "test"
    OTHER = "other"

    @property
    def asks(self) -> bool:
        """Whether a guide must say if it came out before it is printed again."""
        return self in (Kind.RECEIPT, Kind.OTHER)


class State(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    LEASED = "leased"
    DONE = "done"
    STUCK = "stuck"
    ASK = "ask"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """One paper; ``attempts`` counts how often the bench took it up, ``reason_key`` is a phrase."""

    id: int
    kind: Kind
    subject: str
    state: State
    copy: bool
    reason_key: str | None
    attempts: int
    created_at: dt.datetime
    done_at: dt.datetime | None
    lang: str
    retry: bool

    @property
    def state_key(self) -> str:
        """The phrase that names the state."""
        return f"printing.state_{self.state}"

    @property
    def kind_key(self) -> str:
        """The phrase that names the kind."""
        return f"printing.kind_{self.kind}"


_COLUMNS = "id, kind, subject, state, copy, reason_key, attempts, created_at, done_at, lang, retry"


def add(
    conn: sqlite3.Connection,
    kind: Kind,
    slip: slips.Slip,
    *,
    moment: Moment,
    subject: str,
    lang: str = "vi",
    copy: bool = False,
    private: bool = False,
) -> int:
    """Queue one paper and return its id; joins the caller's transaction.

    ``subject`` says what it belongs to (``ticket:123``, ``dossier:uuid…``), ``lang`` is the language of the
    copy band, ``copy`` marks it as a copy from the start. ``private``: somebody's name stands on it, so what
    it says is forgotten the moment it is done or given up, and it cannot be printed again.
    """
    with db.write(conn):
        added = conn.execute(
            "INSERT INTO jobs(kind, subject, lang, slip, state, copy, private, created_at, trusted, boot_id,"
            " mono) VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?)",
            (
                kind,
                subject,
                lang,
                slips.encode(slip),
                copy,
                private,
                moment.text,
                moment.trusted,
                moment.boot_id,
                moment.mono,
            ),
        )
        db.touch(conn, TOPIC)
    assert added.lastrowid is not None
    return added.lastrowid


def get(conn: sqlite3.Connection, job_id: int) -> Job:
    """Return one job; raises ``Missing("printing.no_job")``."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise Missing("printing.no_job")
    return _job(row)


def slip(conn: sqlite3.Connection, job_id: int) -> slips.Slip:
    """Return what stands on the paper of a job; raises ``Missing("printing.forgotten")`` once cleared."""
    row = conn.execute("SELECT slip FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise Missing("printing.no_job")
    if row[0] is None:
        raise Missing("printing.forgotten")
    return slips.decode(row[0])


def for_subject(conn: sqlite3.Connection, subject: str) -> tuple[Job, ...]:
    """Return all papers of one subject, newest first."""
    return _jobs(conn, "WHERE subject = ? ORDER BY id DESC", (subject,))


def latest(conn: sqlite3.Connection, count: int = 20) -> tuple[Job, ...]:
    """Return the newest jobs in any state, newest first."""
    return _jobs(conn, "ORDER BY id DESC LIMIT ?", (count,))


def waiting(conn: sqlite3.Connection) -> tuple[Job, ...]:
    """Return the jobs that are queued or being printed, oldest first."""
    return _jobs(conn, "WHERE state IN ('queued', 'leased') ORDER BY id")


def stuck(conn: sqlite3.Connection) -> tuple[Job, ...]:
    """Return the jobs that cannot be printed now, oldest first; their ``reason_key`` says why."""
    return _jobs(conn, "WHERE state = 'stuck' ORDER BY id")


def asking(conn: sqlite3.Connection) -> tuple[Job, ...]:
    """Return the jobs of which a guide must say whether they came out, oldest first."""
    return _jobs(conn, "WHERE state = 'ask' ORDER BY id")


def answer_printed(
    conn: sqlite3.Connection, job_id: int, printed: bool, moment: Moment, *, certain: bool = False
) -> Job:
    """Record a guide's answer to "was it printed?": done, or queued again.

    Queued again it is marked as a copy, because a part of it may be lying about; ``certain`` (the guide saw
    that no paper came out at all) leaves the mark off. Raises ``Conflict("printing.answered")`` when nobody
    asks any more.
    """
    with db.write(conn):
        if printed:
            asked = conn.execute(
                "UPDATE jobs SET state = 'done', reason_key = NULL, done_at = ?, done_trusted = ?,"
                " done_boot_id = ?, done_mono = ? WHERE id = ? AND state = 'ask'",
                (moment.text, moment.trusted, moment.boot_id, moment.mono, job_id),
            )
        else:
            asked = conn.execute(
                "UPDATE jobs SET state = 'queued', reason_key = NULL, first_byte_at = NULL, touched = 0,"
                " retry = 1, copy = copy OR ? WHERE id = ? AND state = 'ask'",
                (not certain, job_id),
            )
        _changed(conn, asked, job_id, "printing.answered")
        forget_private(conn, job_id)
    return get(conn, job_id)


def retry(conn: sqlite3.Connection, job_id: int) -> Job:
    """Have a stuck job tried again at once; raises ``Conflict("printing.not_stuck")``."""
    with db.write(conn):
        asked = conn.execute(
            "UPDATE jobs SET state = 'queued', reason_key = NULL, retry = 1, touched = 0"
            " WHERE id = ? AND state = 'stuck'",
            (job_id,),
        )
        _changed(conn, asked, job_id, "printing.not_stuck")
    return get(conn, job_id)


def cancel(conn: sqlite3.Connection, job_id: int) -> Job:
    """Give up a job that is not being printed; raises ``Conflict("printing.too_late")``."""
    with db.write(conn):
        asked = conn.execute(
            "UPDATE jobs SET state = 'cancelled', reason_key = NULL"
            " WHERE id = ? AND state IN ('queued', 'stuck', 'ask')",
            (job_id,),
        )
        _changed(conn, asked, job_id, "printing.too_late")
        forget_private(conn, job_id)
    return get(conn, job_id)


def again(conn: sqlite3.Connection, job_id: int, *, moment: Moment) -> int:
    """Queue a marked copy of a paper that came out; return the new job's id.

    Raises ``Missing("printing.forgotten")`` when its content was cleared,
    ``Conflict("printing.still_open")`` while the first one may still come.
    """
    with db.write(conn):
        old = get(conn, job_id)
        if old.state not in (State.DONE, State.CANCELLED):
            raise Conflict("printing.still_open")
        return add(
            conn, old.kind, slip(conn, job_id), moment=moment, subject=old.subject, lang=old.lang, copy=True
        )


def forget(conn: sqlite3.Connection, *, before: dt.datetime) -> int:
    """Clear what stood on papers that ended before ``before``; return how many. The rows stay as history.

    A paper that has waited since then for a printer or for a guide's word is given up with them.
    """
    with db.write(conn):
        given_up = conn.execute(
            "UPDATE jobs SET state = 'cancelled', reason_key = NULL"
            " WHERE state IN ('queued', 'stuck', 'ask') AND created_at < ?",
            (clocks.stamp(before),),
        )
        if given_up.rowcount:
            db.touch(conn, TOPIC)
        cleared = conn.execute(
            "UPDATE jobs SET slip = NULL WHERE slip IS NOT NULL AND state IN ('done', 'cancelled')"
            " AND coalesce(done_at, created_at) < ?",
            (clocks.stamp(before),),
        )
        if cleared.rowcount:
            scrub.want(conn)
    return cleared.rowcount


def forget_private(conn: sqlite3.Connection, job_id: int) -> None:
    """Clear what stood on a private paper that has ended, in the caller's transaction."""
    cleared = conn.execute(
        "UPDATE jobs SET slip = NULL WHERE id = ? AND private = 1 AND slip IS NOT NULL"
        " AND state IN ('done', 'cancelled')",
        (job_id,),
    )
    if cleared.rowcount:
        scrub.want(conn)


def drop(conn: sqlite3.Connection, subject: str) -> None:
    """Give up the papers of a subject that is no more and clear what stands on them, in the caller's
    transaction; one that is being printed at this moment is cleared on its day."""
    conn.execute(
        "UPDATE jobs SET state = 'cancelled', reason_key = NULL"
        " WHERE subject = ? AND state IN ('queued', 'stuck', 'ask')",
        (subject,),
    )
    conn.execute(
        "UPDATE jobs SET slip = NULL WHERE subject = ? AND state IN ('done', 'cancelled')", (subject,)
    )
    scrub.want(conn)
    db.touch(conn, TOPIC)


def settle_doubts(conn: sqlite3.Connection, moment: Moment) -> int:
    """Correct the times of this boot that were written while the clock was doubtful; return how many rows.

    Does nothing while ``moment`` itself is doubtful.
    """
    if not moment.trusted:
        return 0
    with db.write(conn):
        rows = conn.execute(
            "SELECT id, trusted, boot_id, mono, done_trusted, done_boot_id, done_mono FROM jobs"
            " WHERE (trusted = 0 AND boot_id = ?) OR (done_trusted = 0 AND done_boot_id = ?)",
            (moment.boot_id, moment.boot_id),
        ).fetchall()
        for row in rows:
            if not row["trusted"]:
                true = clocks.corrected(moment, row["boot_id"], row["mono"])
                if true is not None:
                    conn.execute(
                        "UPDATE jobs SET created_at = ?, trusted = 1 WHERE id = ?",
                        (clocks.stamp(true), row["id"]),
                    )
            if row["done_trusted"] == 0:
                true = clocks.corrected(moment, row["done_boot_id"], row["done_mono"])
                if true is not None:
                    conn.execute(
                        "UPDATE jobs SET done_at = ?, done_trusted = 1 WHERE id = ?",
                        (clocks.stamp(true), row["id"]),
                    )
        if rows:
            db.touch(conn, TOPIC)
    return len(rows)


def _jobs(conn: sqlite3.Connection, rest: str, values: Iterable[object] = ()) -> tuple[Job, ...]:
    return tuple(_job(row) for row in conn.execute(f"SELECT {_COLUMNS} FROM jobs {rest}", tuple(values)))


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        kind=Kind(row["kind"]),
        subject=row["subject"],
        state=State(row["state"]),
        copy=bool(row["copy"]),
        reason_key=row["reason_key"],
        attempts=row["attempts"],
        created_at=clocks.parse(row["created_at"]),
        done_at=clocks.parse(row["done_at"]) if row["done_at"] else None,
        lang=row["lang"],
        retry=bool(row["retry"]),
    )


def _changed(conn: sqlite3.Connection, result: sqlite3.Cursor, job_id: int, otherwise: str) -> None:
    if result.rowcount == 0:
        get(conn, job_id)
        raise Conflict(otherwise)
    db.touch(conn, TOPIC)
