"""What the printer could not do, and what only a person can know: was it printed?

Keeps true: a paper is never printed twice unless a guide says so; each line tells which paper it is, by the
number that stands on it, and why it waits. Looking papers up is ``ledger``'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for

from hub.base import db
from hub.base.errors import Missing
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.post import jobs
from hub.post.jobs import Job, State, Why
from hub.trades.dossiers import follow
from hub.trades.staff.model import Role
from hub.trades.tickets import views

# A paper that has not begun to come out by then is better not waited for.
_LATE_S = 30.0
_DOSSIER_PAPERS = {"received": "guide.paper_received", "appointment": "guide.paper_invitation"}


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper as a guide knows it: its kind with the number or code on it, and what is in its way."""

    id: int
    number: str
    name: str
    state: State
    reason_key: str | None
    copy: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """What needs a hand now; ``late`` counts papers that nothing has taken up."""

    asking: tuple[Paper, ...]
    stuck: tuple[Paper, ...]
    late: int

    @property
    def reasons(self) -> dict[str | None, list[Paper]]:
        """The stuck papers by what is in their way: twelve papers without paper are one trouble."""
        found: dict[str | None, list[Paper]] = {}
        for one in self.stuck:
            found.setdefault(one.reason_key, []).append(one)
        return found

    def __bool__(self) -> bool:
        return bool(self.asking or self.stuck or self.late)


def add_to(desk: Blueprint) -> None:
    """Put the papers on ``desk``."""
    desk.add_url_rule("/papers/retry", view_func=retry_all, methods=["POST"])
    desk.add_url_rule("/papers/<int:job_id>", view_func=act, methods=["POST"])


def trouble() -> Trouble:
    """Return what the printer could not do."""
    conn, now = shell.conn(), shell.moment()
    late = [job for job in jobs.waiting(conn) if abs((now.at - job.created_at).total_seconds()) > _LATE_S]
    return Trouble(
        tuple(paper(job) for job in jobs.asking(conn)),
        tuple(paper(job) for job in jobs.stuck(conn)),
        len(late),
    )


def paper(job: Job) -> Paper:
    """Return a job with the name a guide knows it by."""
    return Paper(job.id, jobs.shown(job.id), _name(job), job.state, job.reason_key, job.copy)


@guard.needs(Role.GUIDE)
def retry_all() -> Any:
    """Have every stuck paper tried again at once."""
    conn = shell.conn()
    with db.write(conn):
        for job in jobs.stuck(conn):
            jobs.retry(conn, job.id, moment=shell.moment(), staff_id=common.me().id)
    common.tell("good", shell.say("guide.paper_done_retry"))
    return redirect(url_for("guide.queue"), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.ledger")
def act(job_id: int) -> Any:
    """Take a guide's word on one paper: it came out, it did not, try again, leave it, one more."""
    conn, now = shell.conn(), shell.moment()
    wanted, mine = request.form.get("do", ""), common.me().id
    if wanted in ("out", "again", "surely_not"):
        jobs.answer_printed(conn, job_id, wanted == "out", now, certain=wanted == "surely_not", staff_id=mine)
    elif wanted == "retry":
        jobs.retry(conn, job_id, moment=now, staff_id=mine)
    elif wanted == "cancel":
        jobs.cancel(conn, job_id, moment=now, staff_id=mine)
    elif wanted == "copy" and request.form.get("why") in list(Why):
        jobs.again(conn, job_id, why=Why(request.form["why"]), moment=now, staff_id=mine)
    else:
        abort(400)
    common.tell("good", shell.say(f"guide.paper_done_{wanted}"))
    code = request.form.get("code")
    if code:
        return redirect(url_for("guide.sealed", code=code), 303)
    back = request.form.get("back")
    if back == "paper":
        return redirect(url_for("guide.one_paper", job_id=job_id), 303)
    return redirect(url_for("guide.ledger" if back == "papers" else "guide.queue"), 303)


def code_of(job: Job) -> str:
    """Return the follow code of the dossier that a paper belongs to; raises ``Missing`` when it is gone."""
    instance_id = _dossier(job.subject.partition(":")[2])[0]
    return follow.of_instance(shell.conn(), instance_id).code


def _dossier(rest: str) -> tuple[str, str]:
    # The instanceID has a colon of its own: uuid:…
    instance_id, _, tail = rest.removeprefix("uuid:").partition(":")
    return f"uuid:{instance_id}", tail


def _name(job: Job) -> str:
    about, _, rest = job.subject.partition(":")
    kind = shell.say(job.kind_key)
    try:
        if about == "ticket" and rest.isdecimal():
            return f"{kind} {views.get(shell.conn(), int(rest)).label}"
        if about == "dossier":
            tail = _dossier(rest)[1]
            return shell.say(_DOSSIER_PAPERS.get(tail, "guide.paper_kept"), code=code_of(job))
    except Missing:
        return kind
    return kind
