"""One number: what happened to it, and every press that changes where it stands.

Keeps true: each press is for the number that the guide saw; what somebody else changed meanwhile is said, not
undone.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, request, url_for

from hub.base.errors import Refused
from hub.desks import guard, shell
from hub.desks.guide import common, queue
from hub.trades.staff.model import Role
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views
from hub.trades.tickets.model import Outcome, State


def add_to(desk: Blueprint) -> None:
    """Put the numbers on ``desk``."""
    desk.add_url_rule("/tickets/<int:ticket_id>", view_func=ticket)
    for view in (missed, come_back, transfer, finish, reprint):
        desk.add_url_rule(f"/tickets/<int:ticket_id>/{view.__name__}", view_func=view, methods=["POST"])


@guard.needs(Role.GUIDE)
def ticket(ticket_id: int) -> Any:
    """Show one number with its history and what can be done with it."""
    conn = shell.conn()
    held = views.get(conn, ticket_id)
    services = views.services(conn)
    ahead = views.place(conn, ticket_id)
    return shell.page(
        "guide/ticket.html",
        at="queue",
        told=common.told(),
        row=queue.row(held, {one.id: one for one in services}),
        ahead=ahead,
        services=services,
        desks=shell.house().settings.queue.desks,
        history=[
            (
                shell.say(f"tickets.event_{event.what}"),
                common.when(event.moment.at, event.moment.trusted),
                event,
            )
            for event in views.history(conn, ticket_id)
        ],
        open=held.state in (State.WAITING, State.SERVING, State.MISSED),
        staff_name=common.staff_name,
    )


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.queue")
def missed(ticket_id: int) -> Any:
    """Nobody came: set the number aside."""
    tickets.no_show(shell.conn(), ticket_id, **_now(), settings=shell.house().settings)
    return redirect(url_for("guide.queue"), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.queue")
def come_back(ticket_id: int) -> Any:
    """The missed one is back: wait again, next but one."""
    back = tickets.come_back(shell.conn(), ticket_id, **_now())
    common.tell("good", shell.say("guide.came_back", number=back.label))
    return redirect(url_for("guide.queue"), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.ticket", "ticket_id")
def transfer(ticket_id: int) -> Any:
    """Let the number wait for another service or desk."""
    held = views.get(shell.conn(), ticket_id)
    service_id, desk = request.form.get("service") or None, request.form.get("desk") or None
    if service_id == held.service_id:
        service_id = None
    if service_id is None and desk is None:
        raise Refused("tickets.nowhere_to_move")
    tickets.transfer(
        shell.conn(),
        ticket_id,
        to_service=service_id,
        to_desk=desk,
        priority="first" in request.form,
        settings=shell.house().settings,
        **_now(),
    )
    common.tell("good", shell.say("guide.moved", number=held.label))
    return redirect(url_for("guide.queue"), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.queue")
def finish(ticket_id: int) -> Any:
    """End a visit with its outcome, calling nobody."""
    try:
        outcome = Outcome(request.form.get("outcome", ""))
    except ValueError:
        abort(400)
    tickets.finish(shell.conn(), ticket_id, outcome, **_now())
    return redirect(url_for("guide.queue"), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.ticket", "ticket_id")
def reprint(ticket_id: int) -> Any:
    """Print the slip again, marked as a copy."""
    tickets.reprint(shell.conn(), ticket_id, settings=shell.house().settings, **_now())
    common.tell("good", shell.say("guide.reprinting"))
    return redirect(url_for("guide.ticket", ticket_id=ticket_id), 303)


def _now() -> dict[str, Any]:
    return {"moment": shell.moment(), "staff_id": common.me().id}
