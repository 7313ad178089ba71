"""After the office has spoken: invite the bearer of a code to come, or begin the dossier again.

Keeps true: an invitation names nobody; what was sent is never edited: doing it again leads to a new consent
and a new dossier that names the old one.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from flask import Blueprint, redirect, request, url_for

from hub.base.errors import Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.trades.dossiers import appointments, follow, redoing
from hub.trades.dossiers.model import Following, State, Why
from hub.trades.staff.model import Role

_DAY = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})")
_FIELDS = ("day", "hour", "place", "bring")


def add_to(desk: Blueprint) -> None:
    """Put what comes after the office's word on ``desk``."""
    desk.add_url_rule("/sealed/<code>/invite", view_func=invite, methods=["GET", "POST"])
    desk.add_url_rule("/sealed/<code>/invite/print", view_func=print_invitation, methods=["POST"])
    desk.add_url_rule("/sealed/<code>/invite/cancel", view_func=cancel, methods=["POST"])
    desk.add_url_rule("/sealed/<code>/redo", view_func=redo, methods=["POST"])


@guard.needs(Role.GUIDE)
def invite(code: str) -> Any:
    """Ask for day, hour, place and what to bring; then print the invitation."""
    found = follow.follow(shell.conn(), code)
    if request.method == "GET":
        return _ask(found, _standing(found))
    typed = {name: request.form.get(name, "") for name in (*_FIELDS, "why")}
    try:
        if typed["why"] not in set(Why):
            raise Refused("guide.invite_why_needed")
        appointments.make(
            shell.conn(),
            found.code,
            why=Why(typed["why"]),
            meet_on=_day(typed["day"]),
            hour=typed["hour"],
            place=typed["place"],
            bring=typed["bring"],
            staff=common.me().id,
            **_print(),
        )
    except Refused as bad:
        return _ask(found, typed, common.sentence(bad)), 422
    common.tell("good", shell.say("guide.invited"))
    return redirect(url_for("guide.sealed", code=found.code), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.sealed", "code")
def print_invitation(code: str) -> Any:
    """Print the invitation that stands once more."""
    appointments.print_again(shell.conn(), code, **_print())
    common.tell("good", shell.say("guide.printing_kept"))
    return redirect(url_for("guide.sealed", code=code), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.sealed", "code")
def cancel(code: str) -> Any:
    """Take the invitation back."""
    appointments.cancel(shell.conn(), code, staff=common.me().id, moment=shell.moment())
    common.tell("good", shell.say("guide.invite_cancelled"))
    return redirect(url_for("guide.sealed", code=code), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.sealed", "code")
def redo(code: str) -> Any:
    """Lead to the draft in which a dossier is done again; where nobody has begun, to the consent for it."""
    found = redoing.look(shell.conn(), code)
    if found.draft_id is not None:
        return redirect(url_for("guide.dossier", draft_id=found.draft_id), 303)
    return redirect(url_for("guide.start", slug=found.old.procedure, corrects=found.old.code), 303)


def _day(typed: str) -> dt.date:
    told = _DAY.fullmatch(typed.strip())
    if told is None:
        raise Refused("guide.invite_day")
    try:
        return dt.date(int(told[3]), int(told[2]), int(told[1]))
    except ValueError as bad:
        raise Refused("guide.invite_day") from bad


def _standing(found: Following) -> dict[str, str]:
    now = found.appointment
    why = Why.RESULT if found.state is State.APPROVED else Why.CORRECTION
    if now is None:
        house = shell.house().settings.house
        return {"why": why, "place": f"{house.name}, {house.village}"[: appointments.LONGEST_PLACE]}
    return {
        "why": now.why,
        "day": f"{now.meet_on:%d/%m/%Y}",
        "hour": now.hour,
        "place": now.place,
        "bring": now.bring,
    }


def _ask(found: Following, typed: dict[str, str], problem: str | None = None) -> str:
    return shell.page(
        "guide/invite.html",
        at="dossiers",
        found=found,
        typed=typed,
        reasons=[(one, shell.say(f"guide.invite_for_{one}")) for one in Why],
        most_place=appointments.LONGEST_PLACE,
        most_bring=appointments.LONGEST_BRING,
        problem=problem,
    )


def _print() -> dict[str, Any]:
    return {"moment": shell.moment(), "settings": shell.house().settings, "lang": shell.lang()}
