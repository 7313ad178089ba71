"""Print jobs: which wait, which are stuck and why, which nobody knows the end of.

Keeps true: it tells what kind of paper it is and never what is on it or whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint

from hub.desks import guard, shell
from hub.desks.technician import common
from hub.post import jobs
from hub.post.jobs import Job, State

LATEST = 10
_MOODS = {
    State.QUEUED: "wait",
    State.LEASED: "wait",
    State.DONE: "good",
    State.STUCK: "bad",
    State.ASK: "wait",
    State.CANCELLED: "plain",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One print job as the page shows it."""

    id: int
    number: str
    kind_key: str
    state_key: str
    mood: str
    reason_key: str | None
    attempts: int
    copy: bool
    at: str
    may_retry: bool
    may_cancel: bool


def add_to(desk: Blueprint) -> None:
    """Put what can be done with print jobs on ``desk``."""
    common.put(desk, "/jobs/<int:job_id>/retry", retry, post=True)
    common.put(desk, "/jobs/<int:job_id>/cancel", cancel, post=True)


def row(job: Job) -> Row:
    """Return a job as the page shows it."""
    return Row(
        id=job.id,
        number=jobs.shown(job.id),
        kind_key=job.kind_key,
        state_key=job.state_key,
        mood=_MOODS[job.state],
        # While it is tried again the last reason is history.
        reason_key=job.reason_key if job.state in (State.STUCK, State.ASK) else None,
        attempts=job.attempts,
        copy=job.copy,
        at=common.when(job.created_at),
        may_retry=job.state is State.STUCK,
        # Whether a receipt came out is for the guide to say, who handed it over.
        may_cancel=job.state in (State.QUEUED, State.STUCK),
    )


def retry(job_id: int) -> Any:
    """Have a stuck job tried again now."""
    return common.tried(
        lambda: jobs.retry(shell.conn(), job_id, moment=shell.moment(), staff_id=guard.who().staff.id),
        lambda _: shell.say("technician.job_retried", number=job_id),
        "devices",
        anchor="jobs",
    )


def cancel(job_id: int) -> Any:
    """Give a job up."""
    return common.tried(
        lambda: jobs.cancel(shell.conn(), job_id, moment=shell.moment(), staff_id=guard.who().staff.id),
        lambda _: shell.say("technician.job_cancelled", number=job_id),
        "devices",
        anchor="jobs",
    )
