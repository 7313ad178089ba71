"""What the House keeps of people and what they may ask: one page, to be heard, to be taken home.

Keeps true: it says the days of the settings in force; the paper has the same words as the page.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for

from hub.base import db
from hub.desks import shell
from hub.desks.villager import common
from hub.post import jobs
from hub.trades.privacy import slip
from hub.trades.privacy.model import NOTICE_VERSION

_OPEN = (jobs.State.QUEUED, jobs.State.LEASED, jobs.State.STUCK)


def add_to(desk: Blueprint) -> None:
    """Put the notice on ``desk``."""
    desk.add_url_rule("/privacy", view_func=privacy, methods=["GET", "POST"])


def privacy() -> Any:
    """Show the notice, or print it."""
    lang, settings = shell.lang(), shell.house().settings
    if request.method == "POST":
        return redirect(url_for("villager.paper", job_id=_print(common.mark())), 303)
    told = zip(slip.NOTICE, slip.notice(settings, lang=lang), strict=True)
    return shell.page(
        "villager/privacy.html",
        parts=[(shell.say(f"privacy.notice_head_{part}"), words) for part, words in told],
        version=NOTICE_VERSION,
        mark=common.new_mark(),
    )


def _print(client: str) -> int:
    conn, lang = shell.conn(), shell.lang()
    subject = f"notice:{client}"
    with db.write(conn):
        # A second press of the same page is the same wish.
        for job in jobs.for_subject(conn, subject)[:1]:
            if job.lang == lang and job.state in _OPEN:
                return job.id
        paper = slip.notice_slip(shell.house().settings, lang=lang)
        return jobs.add(conn, jobs.Kind.OTHER, paper, moment=shell.moment(), subject=subject, lang=lang)
