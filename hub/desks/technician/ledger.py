"""The print ledger for technicians: when which kind of paper was printed, how sure that is, what went wrong.

Keeps true: papers are found by number and day alone; whose they are and what is on them it does not say, and it
prints nothing: a copy is a guide's decision.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from hub.desks import shell
from hub.desks.technician import common, papers
from hub.post import jobs
from hub.post import ledger as records
from hub.trades.staff import service as staff

_SHOWN = 60


def add_to(desk: Blueprint) -> None:
    """Put the ledger on ``desk``."""
    common.put(desk, "/papers", ledger)
    common.put(desk, "/papers/<int:job_id>", one_paper)


def ledger() -> Any:
    """List the last papers, those of a day, or one number with its copies."""
    conn, asked = shell.conn(), request.args.get("q", "").strip()[:40]
    typed, on = records.read_day(asked, shell.moment().on)
    number = records.read_number(typed)
    if typed:
        found = records.numbered(conn, number) if number is not None else ()
    else:
        found = records.of_day(conn, on) if on else jobs.latest(conn, _SHOWN)
    return shell.page("technician/papers.html", found=[papers.row(job) for job in found], asked=asked)


def one_paper(job_id: int) -> Any:
    """Show what happened to one paper."""
    conn = shell.conn()
    record = records.record(conn, job_id)
    names: dict[int, str] = {one.id: one.name for one in staff.listing(conn)}
    return shell.page(
        "technician/paper.html",
        row=papers.row(record.job),
        record=record,
        history=[
            (event, common.when(event.at), names.get(event.staff_id, "–") if event.staff_id else "")
            for event in record.events
        ],
        shown=jobs.shown,
    )
