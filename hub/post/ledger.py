"""The print ledger: every paper by the number that stands on it, by what it belongs to, by day, with its history.

Keeps true: what it says about a paper is what is known: that the printer confirmed it, that it only took it, or
that a person said so. It only reads; what was on a paper it never shows.
"""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base.clock import VILLAGE
from hub.post import jobs, trail
from hub.post.jobs import Job, State
from hub.post.trail import Event, What

_NUMBER = re.compile(r"\d{1,12}")
_DAY = re.compile(r"(?<!\d)(\d{1,2})/(\d{1,2})(?:/(\d{4}))?(?!\d)")


@dataclass(frozen=True, slots=True)
class Record:
    """One paper with its history, oldest first, and the copies that were made of it."""

    job: Job
    events: tuple[Event, ...]
    copies: tuple[int, ...]

    @property
    def certainty_key(self) -> str | None:
        """The phrase that says how sure it is that the paper came out; None while nothing is known of it."""
        if self.job.state is not State.DONE:
            return None
        if self.job.confirmed is None:
            # A paper of before the history has no such line: of that one nobody knows who saw it.
            said = any(event.what is What.ANSWERED_OUT for event in self.events)
            return "printing.sure_said" if said else None
        return "printing.sure_confirmed" if self.job.confirmed else "printing.sure_taken"


def record(conn: sqlite3.Connection, job_id: int) -> Record:
    """Return one paper; raises ``Missing("printing.no_job")``."""
    job = jobs.get(conn, job_id)
    copies = conn.execute("SELECT id FROM jobs WHERE copy_of = ? ORDER BY id", (job_id,)).fetchall()
    return Record(job, trail.events(conn, job_id), tuple(row[0] for row in copies))


def read_number(typed: str) -> int | None:
    """Return the number of a paper that was typed or read out (``000 123``), None for anything else."""
    bare = re.sub(r"[\s.#-]", "", typed)
    return int(bare) if bare.isascii() and _NUMBER.fullmatch(bare) else None


def read_day(typed: str, today: dt.date) -> tuple[str, dt.date | None]:
    """Return what was typed without its day, and the day (``22/11/2026``, ``22/11``); None where there is none.

    A day without its year is the last one of that name, so that in January December is found.
    """
    written = _DAY.search(typed)
    if written is None:
        return typed, None
    day, month, year = (int(part) if part else None for part in written.groups())
    assert day is not None and month is not None
    for one in (year,) if year is not None else (today.year, today.year - 1):
        try:
            on = dt.date(one, month, day)
        except ValueError:
            continue
        if year is not None or on <= today:
            return (typed[: written.start()] + typed[written.end() :]).strip(), on
    return typed, None


def numbered(conn: sqlite3.Connection, number: int) -> tuple[Job, ...]:
    """Return the paper with this number and its copies, newest first; empty when there is none."""
    return jobs.select(conn, "WHERE id = ? OR copy_of = ? ORDER BY id DESC", (number, number))


def about(conn: sqlite3.Connection, subjects: Iterable[str], most: int = 50) -> tuple[Job, ...]:
    """Return the papers of these subjects and of what hangs on them (``dossier:…:received``), newest first."""
    wanted = tuple(subjects)
    if not wanted:
        return ()
    # A range and not LIKE: an id may hold what LIKE takes for a wildcard. ';' is what follows ':'.
    each = " OR ".join("subject = ? OR (subject >= ? AND subject < ?)" for _ in wanted)
    values = [value for one in wanted for value in (one, f"{one}:", f"{one};")]
    return jobs.select(conn, f"WHERE {each} ORDER BY id DESC LIMIT ?", (*values, most))


def of_day(conn: sqlite3.Connection, on: dt.date, most: int = 200) -> tuple[Job, ...]:
    """Return the papers that were asked for on a day of the village, newest first."""
    begins = dt.datetime.combine(on, dt.time(), VILLAGE)
    ends = begins + dt.timedelta(days=1)
    return jobs.select(
        conn,
        "WHERE created_at >= ? AND created_at < ? ORDER BY id DESC LIMIT ?",
        (clocks.stamp(begins), clocks.stamp(ends), most),
    )
