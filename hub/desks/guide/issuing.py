"""Give a number to somebody who stands at the desk.

Keeps true: one drawing of the page gives one number, however often it is pressed.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, request, url_for

from hub.base.errors import Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.trades.staff.model import Role
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views
from hub.trades.tickets.model import Priority, Source

_PICTURES = {
    Priority.NONE: "people",
    Priority.ELDERLY: "elder",
    Priority.PREGNANT: "baby",
    Priority.DISABLED: "wheelchair",
    Priority.LONG_WAY: "road",
}


def add_to(desk: Blueprint) -> None:
    """Put the giving of numbers on ``desk``."""
    desk.add_url_rule("/issue", view_func=issue, methods=["GET", "POST"])


@guard.needs(Role.GUIDE)
def issue() -> Any:
    """Ask what for and who may go first; then give the number."""
    conn = shell.conn()
    if request.method == "GET":
        return _ask()
    try:
        priority = Priority(request.form.get("priority", Priority.NONE))
    except ValueError:
        abort(400)
    wanted = request.form.get("service", "")
    try:
        if not wanted:
            raise Refused("guide.choose_service")
        issued = tickets.issue(
            conn,
            wanted,
            priority=priority,
            source=Source.GUIDE,
            moment=shell.moment(),
            lang=shell.lang(),
            settings=shell.house().settings,
            client=common.mark(),
        )
    except Refused as bad:
        return _ask(common.sentence(bad), priority), 422
    common.tell("good", shell.say("guide.issued", number=issued.ticket.label))
    return redirect(url_for("guide.queue"), 303)


def _ask(problem: str | None = None, priority: Priority = Priority.NONE) -> str:
    return shell.page(
        "guide/issue.html",
        at="queue",
        services=[one for one in views.services(shell.conn()) if one.open],
        priorities=[(one, shell.say(f"tickets.priority_{one}"), _PICTURES[one]) for one in Priority],
        priority=priority,
        problem=problem,
        mark=common.new_mark(),
    )
