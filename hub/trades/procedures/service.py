"""What a visitor may have done with a procedure: its checklist printed.

Keeps true: two presses of one button within seconds are one paper. It never asks or keeps who it is for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from hub.base import db
from hub.base.clock import Moment
from hub.base.settings import Settings
from hub.post import jobs
from hub.trades.procedures import figures, slip
from hub.trades.procedures.model import Procedure


def print_checklist(
    conn: sqlite3.Connection,
    procedure: Procedure,
    *,
    settings: Settings,
    lang: str,
    moment: Moment,
    client: str,
    outcomes: Collection[str] = (),
) -> int:
    """Queue the checklist in ``lang`` and return its job; ``client`` is an opaque mark of the tablet that
    asks.

    The same tablet asking again within ``settings.queue.fold_s`` seconds, or while its paper still waits,
    gets the same job. After the eligibility questions ``outcomes`` choose the papers that stand on it.
    """
    subject = f"checklist:{procedure.slug}:{client}"
    with db.write(conn):
        for job in jobs.for_subject(conn, subject)[:1]:
            open_still = job.state in (jobs.State.QUEUED, jobs.State.LEASED, jobs.State.STUCK)
            fresh = abs((moment.at - job.created_at).total_seconds()) < settings.queue.fold_s
            if job.lang == lang and (open_still or fresh):
                return job.id
        now = figures.today(conn, procedure, moment.on)
        paper = slip.checklist(now, settings, lang=lang, moment=moment, outcomes=outcomes)
        return jobs.add(conn, jobs.Kind.CHECKLIST, paper, moment=moment, subject=subject, lang=lang)
