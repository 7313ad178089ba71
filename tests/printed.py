"""What a job looks like when it comes out of the printer: the bench adds band and foot to what was asked for."""

from __future__ import annotations

import sqlite3

from devices.slip import Align, Size, Slip, Text, marked_copy
from hub.base import letterhead, phrases
from hub.post import jobs
from hub.post.jobs import Job


def as_printed(conn: sqlite3.Connection, job: Job, *, again: bool = False) -> Slip:
    """The paper of ``job``, with the number at its foot; ``again``: as it comes after a crash."""
    key = "foot_copy" if job.copy_of else "foot_again" if again else "foot"
    first = {"first": jobs.shown(job.copy_of)} if job.copy_of else {}
    time = letterhead.shown_time(job.lang, job.created_at, job.trusted)
    foot = phrases.say(job.lang, f"printing.{key}", number=jobs.shown(job.id), time=time, **first)
    slip = jobs.slip(conn, job.id)
    if again or job.copy_of:
        slip = marked_copy(slip, phrases.say(job.lang, "printing.copy"))
    return Slip((*slip.parts, Text(foot, Size.SMALL, align=Align.CENTRE)))
