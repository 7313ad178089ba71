"""The queue console: who is at my desk, who is next, who was missed, what the printer could not do.

Keeps true: a press that came too late says so and changes nothing; the page polls itself and is the same
while nothing changes. The desk is remembered for this sign-in only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, session, url_for

from hub.base import db
from hub.desks import guard, shell, way_out
from hub.desks.guide import common, papers, sheetwork
from hub.post import inbox, outbox
from hub.trades.staff.model import Role
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views
from hub.trades.tickets.model import Outcome, Service, Ticket

# Without JavaScript the page draws itself anew this often, and goes home after the staff's idle time.
_REDRAW_S = 15
# How a visit ends by a press of its own; giving up is for those who wait.
OUTCOMES = (Outcome.DONE, Outcome.TO_CONTINUE, Outcome.REFERRED, Outcome.GAVE_UP)


@dataclass(frozen=True, slots=True)
class Row:
    """A number as the console shows it; ``minutes`` since it was given, None where nobody can know."""

    ticket: Ticket
    service: str
    minutes: int | None


def add_to(desk: Blueprint) -> None:
    """Put the console on ``desk``."""
    desk.add_url_rule("", view_func=queue)
    desk.add_url_rule("/strip", view_func=strip)
    desk.add_url_rule("/desk", view_func=choose_desk, methods=["GET", "POST"])
    desk.add_url_rule("/call", view_func=call, methods=["POST"])
    desk.add_url_rule("/recall", view_func=recall, methods=["POST"])


@guard.needs(Role.GUIDE)
def queue() -> Any:
    """Show the queue from this guide's desk; who has chosen none is asked first."""
    conn, settings = shell.conn(), shell.house().settings
    mine = common.my_desk()
    if mine is None:
        return redirect(url_for("guide.choose_desk"), 303)
    now = views.queue(conn)
    services = {one.id: one for one in views.services(conn)}
    here = next((ticket for ticket in now.serving if ticket.desk == mine), None)
    serves = _serves(services)
    waiting = [row(ticket, services) for ticket in now.waiting]
    following = next((one.ticket for one in waiting if may_call(one.ticket, mine, serves)), None)
    trouble, sheets_held = papers.trouble(), sheetwork.troubled()
    told = common.told()
    drawn = request.args.get("n", 0, type=int) + 1
    last = drawn * _REDRAW_S >= settings.web.staff_idle_s

    def render() -> str:
        return shell.page(
            "guide/queue.html",
            at="queue",
            told=told,
            mine=mine,
            here=row(here, services) if here else None,
            others=[row(ticket, services) for ticket in now.serving if ticket.desk != mine],
            waiting=waiting,
            missed=[row(ticket, services) for ticket in now.missed],
            following=following,
            mine_only=sorted(services[one].name(shell.lang()) for one in serves) if serves else [],
            recalls_left=settings.queue.recalls - here.recalls if here else 0,
            outcomes=OUTCOMES,
            trouble=trouble,
            sheets_held=sheets_held,
            redraw_s=_REDRAW_S,
            next_drawing=None if last else drawn,
        )

    # Waits are shown in minutes: a new one begins a new page.
    minute = int(shell.moment().mono // 60)
    return shell.polled((now.version, trouble, sheets_held, told, mine, serves, minute), render)


@guard.needs(Role.GUIDE)
def strip() -> Response:
    """Answer with the strip that stands on every page of this desk; polled."""
    conn = shell.conn()
    at = request.args.get("at", "")
    versions = tuple(db.version(conn, topic) for topic in (views.TOPIC, outbox.TOPIC, inbox.UPLINK_TOPIC))
    if at not in ("", "queue", "dossiers", "people", "prices", "figures", "requests"):
        abort(404)
    key = (versions, common.my_desk(), way_out.version())
    return shell.polled(key, lambda: shell.page("guide/strip.html", at=at))


@guard.needs(Role.GUIDE)
def choose_desk() -> Any:
    """Ask at which desk this guide sits, and what is served there."""
    conn, desks = shell.conn(), shell.house().settings.queue.desks
    services = views.services(conn)
    if request.method == "GET":
        serving = {ticket.desk: ticket.label for ticket in views.queue(conn).serving}
        chosen = _serves({one.id: one for one in services})
        return shell.page(
            "guide/choose_desk.html",
            at="queue",
            desks=desks,
            serving=serving,
            services=services,
            chosen=chosen or (),
        )
    desk = request.form.get("desk")
    if desk not in desks:
        abort(404)
    session["desk"] = desk
    wanted = [one.id for one in services if one.id in request.form.getlist("service")]
    session["serves"] = wanted if len(wanted) < len(services) else []
    return redirect(url_for("guide.queue"), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.queue")
def call() -> Any:
    """Call the next number to my desk; with ``finish`` the one who is there is finished first."""
    conn = shell.conn()
    mine = common.my_desk()
    if mine is None:
        return redirect(url_for("guide.choose_desk"), 303)
    wanted = request.form.get("finish")
    if wanted is not None and wanted not in set(Outcome):
        abort(400)
    present = views.at_desk(conn, mine)
    if wanted is not None and (present is None or str(present.id) != request.form.get("ticket")):
        # A second press of the same button must not finish the one who has only just been called.
        return redirect(url_for("guide.queue"), 303)
    called = tickets.call_next(
        conn,
        mine,
        common.me().id,
        moment=shell.moment(),
        settings=shell.house().settings,
        services=_serves({one.id: one for one in views.services(conn)}),
        finish=Outcome(wanted) if wanted else None,
    )
    if called is None:
        common.tell("note", shell.say("guide.nobody_waits"))
    return redirect(url_for("guide.queue"), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.queue")
def recall() -> Any:
    """Call the number at my desk again."""
    mine = common.my_desk()
    if mine is None:
        return redirect(url_for("guide.choose_desk"), 303)
    tickets.recall(
        shell.conn(), mine, moment=shell.moment(), settings=shell.house().settings, staff_id=common.me().id
    )
    return redirect(url_for("guide.queue"), 303)


def row(ticket: Ticket, services: dict[str, Service]) -> Row:
    """Return a number with its service's name and how long ago it was given."""
    about = services.get(ticket.service_id) or views.service(shell.conn(), ticket.service_id)
    return Row(ticket, about.name(shell.lang()), common.minutes_since(ticket.issued))


def may_call(ticket: Ticket, desk: str, serves: frozenset[str] | None) -> bool:
    """Whether a press at ``desk`` may call this number."""
    if ticket.desk_wanted is not None:
        return ticket.desk_wanted == desk
    return serves is None or ticket.service_id in serves


def _serves(services: dict[str, Service]) -> frozenset[str] | None:
    known = frozenset(one for one in session.get("serves", ()) if one in services)
    return known or None
