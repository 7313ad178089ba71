"""Take a number and follow it: choose what for, say who may go first, see how long.

Keeps true: one drawing of the form gives one number, however often it is pressed; a page that is polled
carries no form, so that it may be the same for everyone who holds that number.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for

from hub.base import db
from hub.base.errors import Refused
from hub.desks import shell
from hub.desks.villager import common, papers
from hub.post import jobs
from hub.post.jobs import State as PaperState
from hub.trades.tickets import service as tickets
from hub.trades.tickets import slip as slips
from hub.trades.tickets import views
from hub.trades.tickets.model import Priority, Source, State

# Without JavaScript the page draws itself anew; after so many times a shared tablet goes home by itself.
_DRAWINGS = 12
# Waiting times and a late slip may be told this many seconds late.
_SHOWN_S = 15
_ASKED = (
    (Priority.NONE, "people"),
    (Priority.ELDERLY, "elder"),
    (Priority.PREGNANT, "baby"),
    (Priority.DISABLED, "wheelchair"),
    (Priority.LONG_WAY, "road"),
)


def add_to(desk: Blueprint) -> None:
    """Put the queue's pages on ``desk``."""
    desk.add_url_rule("/ticket", view_func=choose)
    desk.add_url_rule("/ticket", view_func=issue, methods=["POST"])
    desk.add_url_rule("/ticket/<token>", view_func=ticket)
    desk.add_url_rule("/ticket/<token>/again", view_func=again, methods=["GET", "POST"])


def choose() -> Any:
    """Ask what the number is for, then who may go first."""
    conn = shell.conn()
    wanted = request.args.get("service")
    if wanted is None:
        offered = tuple(one for one in views.services(conn) if one.open)
        return shell.polled((offered,), lambda: shell.page("villager/services.html", services=offered))
    service = views.service(conn, wanted)
    if not service.open:
        raise Refused("tickets.service_closed", service=service.name(shell.lang()))
    return shell.page("villager/priority.html", service=service, asked=_ASKED, mark=common.new_mark())


def issue() -> Any:
    """Give the number and lead to its page."""
    try:
        priority = Priority(request.form.get("priority", Priority.NONE))
    except ValueError:
        abort(400)
    issued = tickets.issue(
        shell.conn(),
        request.form.get("service", ""),
        priority=priority,
        source=Source.TABLET,
        moment=shell.moment(),
        lang=shell.lang(),
        settings=shell.house().settings,
        client=common.mark(),
    )
    # Only the tablet that was pressed is shared; who scans the slip stays on the page.
    return redirect(url_for("villager.ticket", token=issued.ticket.token, tablet=1), 303)


def ticket(token: str) -> Response:
    """Show how a number stands."""
    conn, moment = shell.conn(), shell.moment()
    drawn = request.args.get("tablet", 0, type=int)

    def render() -> str:
        at = views.follow(conn, token, moment)
        here = at.ticket
        about = jobs.for_subject(conn, f"ticket:{here.id}")
        return shell.page(
            "villager/ticket.html",
            ticket=here,
            service=at.service,
            ahead=at.ahead,
            estimate=at.estimate,
            wait=slips.wait_words(shell.lang(), at.estimate),
            paper=papers.standing(about[0] if about else None, moment),
            code=slips.shown_token(here.token),
            open=here.state in (State.WAITING, State.SERVING, State.MISSED),
            shared_tablet=drawn > 0,
            next_drawing=0 if drawn <= 0 else drawn + 1 if drawn < _DRAWINGS else None,
        )

    # All that the page shows comes from these two rooms and, slowly, from the time that passes.
    versions = (db.version(conn, views.TOPIC), db.version(conn, jobs.TOPIC))
    return shell.polled((token, *versions, int(moment.mono // _SHOWN_S)), render)


def again(token: str) -> Any:
    """Print the slip again, after a yes; a slip that is still to come is not asked for twice."""
    conn, moment = shell.conn(), shell.moment()
    held = views.by_token(conn, token)
    way_back = url_for("villager.ticket", token=held.token, tablet=1)
    if request.method == "GET":
        return shell.page("villager/again.html", ticket=held, way_back=way_back)
    before = jobs.for_subject(conn, f"ticket:{held.id}")
    coming = bool(before) and before[0].state in (PaperState.QUEUED, PaperState.LEASED, PaperState.STUCK)
    fold_s = shell.house().settings.queue.fold_s
    just_now = bool(before) and abs((moment.at - before[0].created_at).total_seconds()) < fold_s
    if not coming and not just_now:
        tickets.reprint(conn, held.id, moment=moment, settings=shell.house().settings, lang=shell.lang())
    return redirect(way_back, 303)
