"""Sheets of A4 to print: what was asked for, how far it is, and what only a person can know.

Keeps true: what stands on a sheet is sealed before it is a row, and only the bench of this boot opens it; it
is forgotten as soon as the sheet is out or given up; two presses of one drawing of a page are one wish; no
sheet is printed twice unless a guide says so. It never talks to a printer: the bench does, through
``hub.post.sheet_printing``.
"""

from __future__ import annotations

import datetime as dt
import secrets
import sqlite3
from dataclasses import dataclass, replace
from enum import StrEnum

from hub.base import boxes
from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing, NotReady, Refused

TOPIC = "sheet_jobs"
"""The version that pages poll."""
MOST_COPIES = 3
_MOST_WAITING = 50
_LATE_S = 30.0
_LATELY_S = 30 * 60.0


class Kind(StrEnum):
    """What a sheet is."""

    FORM = "form"
    COVER = "cover"
    SEALED_COVER = "sealed_cover"
    CHECKLIST = "checklist"
    FIGURES = "figures"
    TEST = "test"


class State(StrEnum):
    """Where a sheet is on its way."""

    QUEUED = "queued"
    HANDING = "handing"
    """Being handed over: the print service may or may not have it."""
    PRINTING = "printing"
    HELD = "held"
    """The print service has it and waits for a hand; it goes on by itself."""
    ASK = "ask"
    """Only a person can tell whether it came out."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self in (State.DONE, State.FAILED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Job:
    """One sheet, or up to three of the same; ``reason_key`` is a phrase and says what is in its way."""

    id: int
    kind: Kind
    subject: str
    copies: int
    state: State
    reason_key: str | None
    unwanted: bool
    created_at: dt.datetime
    trusted: bool

    @property
    def state_key(self) -> str:
        """The phrase that names the state."""
        return f"sheetjobs.state_{self.state}"

    @property
    def kind_key(self) -> str:
        """The phrase that names the kind."""
        return f"sheetjobs.kind_{self.kind}"

    @property
    def troubled(self) -> bool:
        """Whether it needs a hand now."""
        return self.reason_key is not None and not self.state.over


_COLUMNS = "id, kind, subject, copies, state, reason_key, unwanted, created_at, trusted"


def ready(conn: sqlite3.Connection, moment: Moment) -> bool:
    """Return whether a sheet could be handed to the bench now."""
    return _public(conn, moment) is not None


def add(
    conn: sqlite3.Connection,
    kind: Kind,
    pdf: bytes,
    *,
    moment: Moment,
    subject: str,
    copies: int = 1,
    mark: str = "",
) -> int:
    """Queue a sheet and return its id; joins the caller's transaction.

    ``subject`` says what it belongs to (``draft:…``, ``dossier:…``, ``procedure:…``) and never names anybody;
    ``mark`` is that of the drawing it was pressed on: the same mark gives the same job. Raises
    ``Refused("sheetjobs.copies")``, ``NotReady("sheetjobs.no_bench")`` while no bench of this boot takes
    sheets, ``Conflict("sheetjobs.too_many")``.
    """
    if not 1 <= copies <= MOST_COPIES:
        raise Refused("sheetjobs.copies", most=MOST_COPIES)
    mark = mark or secrets.token_hex(8)
    with db.write(conn):
        known = of_mark(conn, mark)
        if known is not None:
            return known
        public = _public(conn, moment)
        if public is None:
            raise NotReady("sheetjobs.no_bench")
        waiting = conn.execute("SELECT count(*) FROM sheet_jobs WHERE ended_at IS NULL").fetchone()[0]
        if waiting >= _MOST_WAITING:
            raise Conflict("sheetjobs.too_many")
        added = conn.execute(
            "INSERT INTO sheet_jobs(mark, name, kind, subject, copies, box, state, created_at, trusted)"
            " VALUES (?, ?, ?, ?, ?, ?, 'queued', ?, ?)",
            (
                mark,
                new_name(),
                kind,
                subject,
                copies,
                boxes.seal(public, pdf, context(mark)),
                moment.text,
                moment.trusted,
            ),
        )
        db.touch(conn, TOPIC)
    assert added.lastrowid is not None
    return added.lastrowid


def of_mark(conn: sqlite3.Connection, mark: str) -> int | None:
    """Return the job that a drawing of a page has already asked for, or None."""
    row = conn.execute("SELECT id FROM sheet_jobs WHERE mark = ?", (mark,)).fetchone()
    return int(row[0]) if row else None


def get(conn: sqlite3.Connection, job_id: int) -> Job:
    """Return one job; raises ``Missing("sheetjobs.no_job")``."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM sheet_jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise Missing("sheetjobs.no_job")
    return _job(row)


def latest(conn: sqlite3.Connection, count: int = 20) -> tuple[Job, ...]:
    """Return the newest jobs in any state, newest first."""
    rows = conn.execute(f"SELECT {_COLUMNS} FROM sheet_jobs ORDER BY id DESC LIMIT ?", (count,))
    return tuple(map(_job, rows))


def aged(job: Job, moment: Moment) -> Job:
    """Return a job as it is told: one that nothing has taken up for long gets that as its reason."""
    waits = job.state in (State.QUEUED, State.HANDING) and job.reason_key is None
    return replace(job, reason_key="sheetjobs.late") if waits and _ago(job, moment) > _LATE_S else job


def stuck(conn: sqlite3.Connection, moment: Moment) -> tuple[Job, ...]:
    """Return the jobs that do not go on, oldest first: something is in their way, or nothing took them up."""
    rows = conn.execute(f"SELECT {_COLUMNS} FROM sheet_jobs WHERE ended_at IS NULL ORDER BY id")
    return tuple(job for job in (aged(_job(row), moment) for row in rows) if job.troubled)


def failed_lately(conn: sqlite3.Connection, moment: Moment) -> tuple[Job, ...]:
    """Return the jobs of the last half hour that will not come and were not asked for again, oldest first."""
    since, until = (clocks.stamp(moment.at + dt.timedelta(seconds=s)) for s in (-_LATELY_S, _LATELY_S))
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM sheet_jobs AS mine WHERE state = 'failed' AND ended_at BETWEEN ? AND ?"
        " AND NOT EXISTS (SELECT 1 FROM sheet_jobs WHERE subject = mine.subject AND kind = mine.kind"
        " AND id > mine.id) ORDER BY id",
        (since, until),
    )
    return tuple(map(_job, rows))


def for_subject(conn: sqlite3.Connection, subject: str) -> tuple[Job, ...]:
    """Return all sheets of one subject, newest first."""
    rows = conn.execute(f"SELECT {_COLUMNS} FROM sheet_jobs WHERE subject = ? ORDER BY id DESC", (subject,))
    return tuple(map(_job, rows))


def answer(conn: sqlite3.Connection, job_id: int, came_out: bool, *, moment: Moment) -> Job:
    """Record a guide's answer to "did it come out?": done, or handed over anew.

    Raises ``Conflict("sheetjobs.answered")`` when nobody asks any more.
    """
    with db.write(conn):
        if came_out:
            asked = conn.execute(
                "UPDATE sheet_jobs SET state = 'done', reason_key = NULL, box = NULL, ended_at = ?"
                " WHERE id = ? AND state = 'ask'",
                (moment.text, job_id),
            )
        else:
            # A new name: what the print service may still hold under the old one must not stand in its way.
            asked = conn.execute(
                "UPDATE sheet_jobs SET state = 'queued', reason_key = NULL, handle = NULL, unwanted = 0,"
                " name = ?"
                " WHERE id = ? AND state = 'ask'",
                (new_name(), job_id),
            )
        _changed(conn, asked, job_id, "sheetjobs.answered")
    return get(conn, job_id)


def cancel(conn: sqlite3.Connection, job_id: int, *, moment: Moment) -> Job:
    """Want a sheet back: at once while the print service does not have it, else when the bench asks for it.

    Raises ``Conflict("sheetjobs.too_late")`` when it is over.
    """
    with db.write(conn):
        asked = conn.execute(
            "UPDATE sheet_jobs SET state = 'cancelled', reason_key = NULL, box = NULL, ended_at = ?"
            " WHERE id = ? AND state IN ('queued', 'ask')",
            (moment.text, job_id),
        )
        if not asked.rowcount:
            asked = conn.execute(
                "UPDATE sheet_jobs SET unwanted = 1"
                " WHERE id = ? AND state IN ('handing', 'printing', 'held')",
                (job_id,),
            )
        _changed(conn, asked, job_id, "sheetjobs.too_late")
    return get(conn, job_id)


def drop(conn: sqlite3.Connection, subject: str, *, moment: Moment) -> None:
    """Want back every sheet of a subject that is no more, in the caller's transaction."""
    for job in for_subject(conn, subject):
        if not job.state.over:
            cancel(conn, job.id, moment=moment)


def forget(conn: sqlite3.Connection, *, before: dt.datetime, moment: Moment) -> int:
    """Give up what has waited since ``before`` and drop the rows of what ended before it; return how many."""
    text = clocks.stamp(before)
    with db.write(conn):
        for row in conn.execute(
            "SELECT id FROM sheet_jobs WHERE ended_at IS NULL AND created_at < ?", (text,)
        ).fetchall():
            cancel(conn, row["id"], moment=moment)
        gone = conn.execute("DELETE FROM sheet_jobs WHERE ended_at < ? AND created_at < ?", (text, text))
        if gone.rowcount:
            db.touch(conn, TOPIC)
    return gone.rowcount


def new_name() -> str:
    """Return a name for the print service: random, so that it tells nothing of anybody."""
    return f"dch-{secrets.token_hex(8)}"


def context(mark: str) -> str:
    """Return what a sheet's box is bound to."""
    return f"sheet_jobs:{mark}"


def _public(conn: sqlite3.Connection, moment: Moment) -> bytes | None:
    row = conn.execute(
        "SELECT public FROM sheet_key WHERE id = 1 AND boot_id = ?", (moment.boot_id,)
    ).fetchone()
    return bytes(row[0]) if row else None


def _ago(job: Job, moment: Moment) -> float:
    # The clock may have been put back since.
    return abs((moment.at - job.created_at).total_seconds())


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        kind=Kind(row["kind"]),
        subject=row["subject"],
        copies=row["copies"],
        state=State(row["state"]),
        reason_key=row["reason_key"],
        unwanted=bool(row["unwanted"]),
        created_at=clocks.parse(row["created_at"]),
        trusted=bool(row["trusted"]),
    )


def _changed(conn: sqlite3.Connection, result: sqlite3.Cursor, job_id: int, otherwise: str) -> None:
    if result.rowcount == 0:
        get(conn, job_id)
        raise Conflict(otherwise)
    db.touch(conn, TOPIC)
