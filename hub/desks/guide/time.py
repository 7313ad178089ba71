"""What time it is, when the box cannot know: a guide says it from a phone, or begins the new day by hand.

Keeps true: a clock that somebody vouches for is not argued with here.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from flask import Blueprint, redirect, request, url_for

from hub.base import clock as clocks
from hub.base.errors import Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.trades.staff.model import Role
from hub.trades.tickets import service as tickets

_DAY = re.compile(r"^\s*(\d{1,2})[./ -](\d{1,2})[./ -](\d{4})\s*$|^\s*(\d{2})(\d{2})(\d{4})\s*$")
_HOUR = re.compile(r"^\s*(\d{1,2})\s*(?:[:.hg]|giờ)?\s*(\d{2})\s*$", re.IGNORECASE)


def add_to(desk: Blueprint) -> None:
    """Put the clock on ``desk``."""
    desk.add_url_rule("/time", view_func=show)
    desk.add_url_rule("/time", view_func=say, methods=["POST"])
    desk.add_url_rule("/time/new-day", view_func=new_day, methods=["POST"])


@guard.needs(Role.GUIDE)
def show() -> Any:
    """Show what the House believes, and ask."""
    return _ask()


@guard.needs(Role.GUIDE)
def say() -> Any:
    """Take the day and hour that the guide reads from a phone."""
    moment = shell.moment()
    day, hour = request.form.get("day", "")[:40], request.form.get("hour", "")[:40]
    try:
        if moment.trusted:
            raise Refused("guide.time_known")
        clocks.confirm(shell.conn(), _read(day, hour), moment)
    except Refused as bad:
        return _ask(common.sentence(bad), day, hour), 422
    common.tell("good", shell.say("guide.time_taken", day=day, hour=hour))
    return redirect(url_for("guide.queue"), 303)


@guard.needs(Role.GUIDE)
def new_day() -> Any:
    """Close what is left of yesterday and count from 1 again."""
    try:
        tickets.begin_day(shell.conn(), moment=shell.moment(), staff_id=guard.who().staff.id)
    except Refused as bad:
        return _ask(common.sentence(bad)), 422
    common.tell("good", shell.say("guide.day_begun"))
    return redirect(url_for("guide.queue"), 303)


def _read(day: str, hour: str) -> dt.datetime:
    told, at = _DAY.match(day), _HOUR.match(hour)
    if told is None or at is None:
        raise Refused("guide.time_unreadable")
    first, second, third = (int(part) for part in told.groups() if part is not None)
    try:
        return dt.datetime(third, second, first, int(at[1]), int(at[2]), tzinfo=clocks.VILLAGE)
    except ValueError as bad:
        raise Refused("guide.time_unreadable") from bad


def _ask(problem: str | None = None, day: str = "", hour: str = "") -> str:
    return shell.page(
        "guide/time.html",
        at="queue",
        believed=shell.moment().at.astimezone(clocks.VILLAGE).strftime("%d/%m/%Y %H:%M"),
        problem=problem,
        day=day,
        hour=hour,
    )
