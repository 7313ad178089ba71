"""What time it is, when the box cannot know: a guide says it from a phone, confirms what the office's machine said,
or begins the new day by hand.

Keeps true: a clock that somebody vouches for is not argued with here; the time of another machine counts only
once a person has looked at it and said yes.
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
from hub.post import outbox, suggested_time
from hub.trades.staff.model import Role
from hub.trades.tickets import service as tickets

_DAY = re.compile(r"^\s*(\d{1,2})[./ -](\d{1,2})[./ -](\d{4})\s*$|^\s*(\d{2})(\d{2})(\d{4})\s*$")
_HOUR = re.compile(r"^\s*(\d{1,2})\s*(?:[:.hg]|giờ)?\s*(\d{2})\s*$", re.IGNORECASE)


def add_to(desk: Blueprint) -> None:
    """Put the clock on ``desk``."""
    desk.add_url_rule("/time", view_func=show)
    desk.add_url_rule("/time", view_func=say, methods=["POST"])
    desk.add_url_rule("/time/office", view_func=say_as_office, methods=["POST"])
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
        return _taken(_read(day, hour))
    except Refused as bad:
        return _ask(common.sentence(bad), day, hour), 422


@guard.needs(Role.GUIDE)
def say_as_office() -> Any:
    """Take the time that the office's machine said, now that a guide has compared it."""
    moment = shell.moment()
    heard = suggested_time.last(shell.conn(), moment)
    try:
        if moment.trusted:
            raise Refused("guide.time_known")
        if heard is None:
            raise Refused("guide.time_not_heard")
        if request.form.get("heard", "") != heard.mark:
            # The relay has asked again since the page was drawn: nobody has looked at this one.
            raise Refused("guide.time_heard_anew")
        return _taken(heard.at)
    except Refused as bad:
        return _ask(common.sentence(bad)), 422


def _taken(at: dt.datetime) -> Any:
    clocks.confirm(shell.conn(), at, shell.moment())
    # Whatever stood still for the clock's sake is tried at once.
    outbox.hurry(shell.conn())
    here = at.astimezone(clocks.VILLAGE)
    common.tell("good", shell.say("guide.time_taken", day=f"{here:%d/%m/%Y}", hour=f"{here:%H:%M}"))
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
    heard = suggested_time.last(shell.conn(), shell.moment())
    office = heard.at.astimezone(clocks.VILLAGE) if heard else None
    return shell.page(
        "guide/time.html",
        office=f"{office:%H:%M %d/%m/%Y}" if office else None,
        office_minutes=int(heard.age_s // 60) if heard else 0,
        heard=heard.mark if heard else "",
        at="queue",
        believed=shell.moment().at.astimezone(clocks.VILLAGE).strftime("%d/%m/%Y %H:%M"),
        problem=problem,
        day=day,
        hour=hour,
    )
