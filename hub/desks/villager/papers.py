"""Where a paper is: on its way out of the printer, out, or not to be had just now.

Keeps true: it tells how a paper stands and never what is on it.
"""

from __future__ import annotations

from flask import Blueprint, Response

from hub.base.clock import Moment
from hub.base.errors import Missing
from hub.desks import shell
from hub.post import jobs
from hub.post.jobs import Job, State

# A paper that has not begun to come out by then is better not waited for.
_LATE_S = 20.0
_BACK = {"checklist": "/procedures/", "certificate": "/lessons", "dossier": "/follow", "notice": "/privacy"}


def add_to(desk: Blueprint) -> None:
    """Put the page of a paper on ``desk``."""
    desk.add_url_rule("/paper/<int:job_id>", view_func=paper)


def standing(job: Job | None, moment: Moment) -> str:
    """Return how a paper stands: none, coming, late, no_paper, stuck, asked or out, ends of phrase keys."""
    if job is None or job.state is State.CANCELLED:
        return "none"
    if job.state is State.DONE:
        return "out"
    if job.state is State.ASK:
        return "asked"
    if job.state is State.STUCK:
        return "no_paper" if job.reason_key == "printing.no_paper" else "stuck"
    waited = abs((moment.at - job.created_at).total_seconds())
    return "late" if job.state is State.QUEUED and waited > _LATE_S else "coming"


def paper(job_id: int) -> Response:
    """Show how one paper stands."""
    job = jobs.get(shell.conn(), job_id)
    about, _, rest = job.subject.partition(":")
    if about not in _BACK:
        raise Missing("printing.no_job")
    back = _BACK[about] + (rest.partition(":")[0] if about == "checklist" else "")
    state = standing(job, shell.moment())
    return shell.polled(
        (job_id, state, job.kind),
        lambda: shell.page("villager/paper.html", state=state, kind_key=job.kind_key, back=back),
    )
