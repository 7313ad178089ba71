"""The print ledger: find a paper by what stands on it, see what happened to it, print it again for a reason.

Keeps true: a copy is printed only when a guide says why, and is marked; a paper whose words are gone leads to
where a new one is made. It shows which paper it is and never what stood on it.
"""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from typing import Any

from flask import Blueprint, request, url_for

from hub.base.clock import VILLAGE
from hub.base.errors import HubError, Missing
from hub.desks import guard, shell
from hub.desks.guide import common, papers
from hub.post import jobs
from hub.post import ledger as records
from hub.post.jobs import Job, State, Why
from hub.trades.dossiers import follow, sealing
from hub.trades.staff.model import Role
from hub.trades.tickets import views

_SHOWN = 30
_LABEL = re.compile(r"[A-Za-z]?\d{1,4}")


def add_to(desk: Blueprint) -> None:
    """Put the ledger on ``desk``."""
    desk.add_url_rule("/papers", view_func=ledger)
    desk.add_url_rule("/papers/<int:job_id>", view_func=one_paper)


@guard.needs(Role.GUIDE)
def ledger() -> Any:
    """Show the last papers, or those that were looked for: by number, ticket, follow code, day."""
    conn, asked = shell.conn(), request.args.get("q", "").strip()[:60]
    typed, on = records.read_day(asked, shell.moment().on)
    if typed:
        found = tuple(job for job in _looked_for(conn, typed, on) if on is None or _on(job) == on)
    else:
        found = records.of_day(conn, on) if on else jobs.latest(conn, _SHOWN)
    return shell.page(
        "guide/papers.html",
        at="queue",
        told=common.told(),
        found=[(papers.paper(job), job) for job in found],
        asked=asked,
        when=common.when,
    )


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.ledger")
def one_paper(job_id: int) -> Any:
    """Show one paper with its history, and print it again."""
    record = records.record(shell.conn(), job_id)
    job = record.job
    ended = job.state in (State.DONE, State.CANCELLED)
    return shell.page(
        "guide/paper.html",
        at="queue",
        told=common.told(),
        paper=papers.paper(job),
        record=record,
        history=[
            (event, common.when(event.at, event.trusted), common.staff_name(event.staff_id))
            for event in record.events
        ],
        whys=tuple(Why) if ended and not job.forgotten else (),
        anew=_anew(job) if ended and job.forgotten else None,
        shown=jobs.shown,
        when=common.when,
    )


def _looked_for(conn: sqlite3.Connection, typed: str, on: dt.date | None) -> tuple[Job, ...]:
    found: dict[int, Job] = {}
    if _LABEL.fullmatch(typed):
        subjects = [f"ticket:{ticket.id}" for ticket in views.labelled(conn, typed, on)]
        found |= {job.id: job for job in records.about(conn, subjects)}
    number = records.read_number(typed)
    if number is not None:
        found |= {job.id: job for job in records.numbered(conn, number)}
    try:
        instance_id = follow.follow(conn, typed).instance_id
    except HubError:
        pass
    else:
        found |= {job.id: job for job in records.about(conn, [sealing.subject(instance_id)])}
    return tuple(sorted(found.values(), key=lambda job: job.id, reverse=True))


def _on(job: Job) -> dt.date:
    return job.created_at.astimezone(VILLAGE).date()


def _anew(job: Job) -> str | None:
    # Where a paper of this kind is made; what was on the old one is gone.
    about, _, rest = job.subject.partition(":")
    first = rest.partition(":")[0]
    match about:
        case "ticket" if first.isdecimal():
            return url_for("guide.ticket", ticket_id=int(first))
        case "dossier":
            try:
                return url_for("guide.sealed", code=papers.code_of(job))
            except Missing:
                return None
        case "checklist":
            return f"/procedures/{first}/checklist"
        case "certificate":
            return "/lessons"
        case "request" if first.isdecimal():
            return f"/guide/requests/{first}"
        case "delegation":
            return f"/guide/dossiers/{first}/delegation"
        case "notice":
            return "/privacy"
    return None
