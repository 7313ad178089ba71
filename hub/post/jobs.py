"""Papers to print: what was asked for, what came of it, and what only a person can know.

Keeps true: a job is added in the transaction of the thing it belongs to, so that neither stands without the
other; a receipt is never printed twice unless a guide says so; every further copy carries the words "bản
sao" and the number of the paper it is a copy of; a paper that names somebody is forgotten as soon as it is out,
every other on a set day, and its row and history stay. It never talks to a printer: the bench does, through
``hub.post.printing``.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from devices import slip as slips
from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing
from hub.post import forgetting, trail
from hub.post.trail import What

TOPIC = trail.TOPIC
"""The version that pages poll."""


class Why(StrEnum):
    """Why somebody wants a paper that came out once more."""

    TORN = "torn"
    LOST = "lost"
    UNREADABLE = "unreadable"

    @property
    def key(self) -> str:
        """The phrase that says it."""
        return f"printing.why_{self}"


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


def shown(job_id: int) -> str:
    """Return the number of a paper as it stands on it: ``000123``."""
    return f"{job_id:06}"


@dataclass(frozen=True, slots=True)
class Job:
    """One paper; ``id`` is the number that stands on it, ``reason_key`` is a phrase.

    ``attempts`` counts how often the bench took it up. ``copy_of`` is the paper it repeats. ``confirmed``:
    the printer itself said that it came out (True), or only took every byte (False); None when it is not out
    or a guide said so. ``forgotten``: what stood on it is gone.
    """

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
    trusted: bool
    copy_of: int | None
    confirmed: bool | None
    private: bool
    forgotten: bool

    @property
    def state_key(self) -> str:
        """The phrase that names the state."""
        return f"printing.state_{self.state}"

    @property
    def kind_key(self) -> str:
        """The phrase that names the kind."""
        return f"printing.kind_{self.kind}"


_COLUMNS = (
    "id, kind, subject, state, copy, reason_key, attempts, created_at, done_at, lang, retry, trusted, copy_of,"
    " confirmed, private, slip IS NULL AS forgotten"
)


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
    staff_id: int | None = None,
) -> int:
    """Queue one paper and return its id; joins the caller's transaction.

    ``subject`` says what it belongs to (``ticket:123``, ``dossier:uuid…``), ``lang`` is the language of the
    copy band, ``copy`` marks it as a copy (of the subject's last first paper) from the start. ``private``:
    somebody's name stands on it, so what it says is forgotten the moment it is done or given up, and it cannot
    be printed again. ``staff_id``: who asked for it, None for a visitor.
    """
    with db.write(conn):
        first = _first_of(conn, subject) if copy else None
        added = conn.execute(
            "INSERT INTO jobs(kind, subject, lang, slip, state, copy, copy_of, private, created_at, trusted,"
            " boot_id, mono) VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?)",
            (
                kind,
                subject,
                lang,
                slips.encode(slip),
                copy,
                first,
                private,
                moment.text,
                moment.trusted,
                moment.boot_id,
                moment.mono,
            ),
        )
        assert added.lastrowid is not None
        trail.note(conn, added.lastrowid, What.ADDED, moment, staff_id=staff_id)
        db.touch(conn, TOPIC)
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
    return select(conn, "WHERE subject = ? ORDER BY id DESC", (subject,))


def latest(conn: sqlite3.Connection, count: int = 20) -> tuple[Job, ...]:
    """Return the newest jobs in any state, newest first."""
    return select(conn, "ORDER BY id DESC LIMIT ?", (count,))


def waiting(conn: sqlite3.Connection) -> tuple[Job, ...]:
    """Return the jobs that are queued or being printed, oldest first."""
    return select(conn, "WHERE state IN ('queued', 'leased') ORDER BY id")


def stuck(conn: sqlite3.Connection) -> tuple[Job, ...]:
    """Return the jobs that cannot be printed now, oldest first; their ``reason_key`` says why."""
    return select(conn, "WHERE state = 'stuck' ORDER BY id")


def asking(conn: sqlite3.Connection) -> tuple[Job, ...]:
    """Return the jobs of which a guide must say whether they came out, oldest first."""
    return select(conn, "WHERE state = 'ask' ORDER BY id")


def answer_printed(
    conn: sqlite3.Connection,
    job_id: int,
    printed: bool,
    moment: Moment,
    *,
    certain: bool = False,
    staff_id: int | None = None,
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
        answers = {(False, False): What.ANSWERED_AGAIN, (False, True): What.ANSWERED_SURELY_NOT}
        what = answers.get((printed, certain), What.ANSWERED_OUT)
        trail.note(conn, job_id, what, moment, staff_id=staff_id)
        forgetting.forget_private(conn, job_id)
    return get(conn, job_id)


def retry(conn: sqlite3.Connection, job_id: int, *, moment: Moment, staff_id: int | None = None) -> Job:
    """Have a stuck job tried again at once; raises ``Conflict("printing.not_stuck")``."""
    with db.write(conn):
        asked = conn.execute(
            "UPDATE jobs SET state = 'queued', reason_key = NULL, retry = 1, touched = 0"
            " WHERE id = ? AND state = 'stuck'",
            (job_id,),
        )
        _changed(conn, asked, job_id, "printing.not_stuck")
        trail.note(conn, job_id, What.RETRIED, moment, staff_id=staff_id)
    return get(conn, job_id)


def cancel(conn: sqlite3.Connection, job_id: int, *, moment: Moment, staff_id: int | None = None) -> Job:
    """Give up a job that is not being printed; raises ``Conflict("printing.too_late")``."""
    with db.write(conn):
        asked = conn.execute(
            "UPDATE jobs SET state = 'cancelled', reason_key = NULL"
            " WHERE id = ? AND state IN ('queued', 'stuck', 'ask')",
            (job_id,),
        )
        _changed(conn, asked, job_id, "printing.too_late")
        trail.note(conn, job_id, What.CANCELLED, moment, staff_id=staff_id)
        forgetting.forget_private(conn, job_id)
    return get(conn, job_id)


def again(
    conn: sqlite3.Connection, job_id: int, *, why: Why, moment: Moment, staff_id: int | None = None
) -> int:
    """Queue a marked copy of a paper that came out, and write down why; return the new job's id.

    Raises ``Missing("printing.forgotten")`` when its content was cleared,
    ``Conflict("printing.still_open")`` while the first one, or a copy of it, may still come.
    """
    with db.write(conn):
        old = get(conn, job_id)
        first = old.copy_of or old.id
        # A copy on its way too: a second touch of the button must not bring a second paper.
        if old.state not in (State.DONE, State.CANCELLED) or _copy_under_way(conn, first):
            raise Conflict("printing.still_open")
        new = add(
            conn,
            old.kind,
            slip(conn, job_id),
            moment=moment,
            subject=old.subject,
            lang=old.lang,
            copy=True,
            private=old.private,
            staff_id=staff_id,
        )
        conn.execute("UPDATE jobs SET copy_of = ? WHERE id = ?", (first, new))
        trail.note(conn, job_id, What.COPIED, moment, reason=why.key, other_job=new, staff_id=staff_id)
    return new


def _copy_under_way(conn: sqlite3.Connection, first: int) -> bool:
    found = conn.execute(
        "SELECT 1 FROM jobs WHERE copy_of = ? AND state IN ('queued', 'leased', 'stuck', 'ask')", (first,)
    ).fetchone()
    return found is not None


def _first_of(conn: sqlite3.Connection, subject: str) -> int | None:
    row = conn.execute(
        "SELECT id FROM jobs WHERE subject = ? AND copy_of IS NULL ORDER BY id DESC LIMIT 1", (subject,)
    ).fetchone()
    return int(row[0]) if row else None


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
        trail.settle_doubts(conn, moment)
        if rows:
            db.touch(conn, TOPIC)
    return len(rows)


def select(conn: sqlite3.Connection, rest: str, values: Iterable[object] = ()) -> tuple[Job, ...]:
    """Return the jobs that the tail of a SELECT on ``jobs`` names; for the rooms of papers only."""
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
        trusted=bool(row["trusted"]),
        copy_of=row["copy_of"],
        confirmed=None if row["confirmed"] is None else bool(row["confirmed"]),
        private=bool(row["private"]),
        forgotten=bool(row["forgotten"]),
    )


def _changed(conn: sqlite3.Connection, result: sqlite3.Cursor, job_id: int, otherwise: str) -> None:
    if result.rowcount == 0:
        get(conn, job_id)
        raise Conflict(otherwise)
    db.touch(conn, TOPIC)
