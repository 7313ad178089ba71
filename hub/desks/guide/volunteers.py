"""Volunteers who visit homes: written down, given a key for their telephone, locked out.

Keeps true: a key stands on one answer and nowhere else - not in the database, not in a print job, not in a
browser's store - and the one before it is dead from the same moment.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, request, url_for

from hub.base.errors import Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.forms import typed
from hub.forms.typed import DataType
from hub.trades.staff.model import Role
from hub.trades.volunteers import credentials, lists
from hub.trades.volunteers import service as desk_of
from hub.trades.volunteers import visits
from hub.trades.volunteers.model import Opened, Volunteer, Way

_SHOWN = 20


def add_to(desk: Blueprint) -> None:
    """Put the volunteers on ``desk``."""
    desk.add_url_rule("/volunteers", view_func=volunteers)
    desk.add_url_rule("/volunteers/new", view_func=new_volunteer, methods=["GET", "POST"])
    desk.add_url_rule("/volunteers/<int:volunteer_id>", view_func=volunteer)
    desk.add_url_rule("/volunteers/<int:volunteer_id>/key", view_func=new_key, methods=["POST"])
    desk.add_url_rule("/volunteers/<int:volunteer_id>/until", view_func=change_until, methods=["POST"])
    desk.add_url_rule("/volunteers/<int:volunteer_id>/revoke", view_func=revoke, methods=["GET", "POST"])


@guard.needs(Role.GUIDE)
def volunteers() -> Any:
    """List the volunteers, the latest first."""
    found = [(one, state(one)) for one in desk_of.listing(shell.conn())]
    return shell.page("guide/volunteers.html", at="dossiers", told=common.told(), found=found, seen=seen)


@guard.needs(Role.GUIDE)
def new_volunteer() -> Any:
    """Write a volunteer down; the key is made on the next page."""
    settings = shell.house().settings.field
    until = request.form.get("until")
    problem, status = None, 200
    if request.method == "POST":
        try:
            made = desk_of.start(
                shell.conn(),
                request.form.get("name", "")[:200],
                request.form.get("phone", "")[:60],
                _day(until or ""),
                staff=common.me().id,
                moment=shell.moment(),
            )
            return redirect(url_for("guide.volunteer", volunteer_id=made), 303)
        except Refused as bad:
            problem, status = common.sentence(bad), 422
    if until is None:
        until = f"{shell.moment().on + dt.timedelta(days=settings.volunteer_days):%d/%m/%Y}"
    body = shell.page(
        "guide/volunteer_new.html", at="dossiers", form=request.form, until=until, problem=problem
    )
    return Response(body, status, mimetype="text/html")


@guard.needs(Role.GUIDE)
def volunteer(volunteer_id: int) -> Any:
    """Show one volunteer: the key, the last day, the list, what came from them."""
    conn = shell.conn()
    found = desk_of.get(conn, volunteer_id)
    chosen = lists.chosen(conn, found.id)
    return shell.page(
        "guide/volunteer.html",
        at="dossiers",
        told=common.told(),
        one=found,
        state=state(found),
        seen=seen,
        has_address=bool(shell.house().settings.web.address),
        chosen=len(chosen),
        chosen_until=max(chosen.values(), default=None),
        waiting=visits.listing(conn, waiting=True, most=_SHOWN, volunteer_id=found.id),
        whole=visits.listing(conn, waiting=False, most=_SHOWN, volunteer_id=found.id),
        when=common.when,
    )


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.volunteer", "volunteer_id")
def new_key(volunteer_id: int) -> Any:
    """Make a key and show it this once; the old one is dead."""
    house = shell.house()
    if not house.settings.web.address:
        raise Refused("field.no_address")
    way = Way.HAND if request.form.get("way") == Way.HAND else Way.QR
    made = desk_of.open(shell.conn(), volunteer_id, way, keys=credentials.field_keys(house.keys))
    return shell.page(
        "guide/volunteer_key.html",
        at="dossiers",
        one=desk_of.get(shell.conn(), volunteer_id),
        made=made,
        address=_address(made),
        code=_picture(made),
        local=urlsplit(house.settings.web.address).hostname in ("127.0.0.1", "localhost", "::1"),
    )


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.volunteer", "volunteer_id")
def change_until(volunteer_id: int) -> Any:
    """Let a volunteer come in until another day."""
    desk_of.extend(shell.conn(), volunteer_id, _day(request.form.get("until", "")), moment=shell.moment())
    common.tell("good", shell.say("field.until_changed"))
    return redirect(url_for("guide.volunteer", volunteer_id=volunteer_id), 303)


@guard.needs(Role.GUIDE)
def revoke(volunteer_id: int) -> Any:
    """Lock a telephone out, after a yes."""
    found = desk_of.get(shell.conn(), volunteer_id)
    if request.method == "GET":
        return shell.page("guide/volunteer_revoke.html", at="dossiers", one=found)
    desk_of.revoke(shell.conn(), found.id, moment=shell.moment())
    common.tell("good", shell.say("field.revoked"))
    return redirect(url_for("guide.volunteer", volunteer_id=volunteer_id), 303)


def state(one: Volunteer) -> tuple[str, str]:
    """Return how a volunteer's key stands, as words and as the kind of a badge."""
    if one.way is not None and one.over(shell.moment()):
        return shell.say("field.way_over"), "wait"
    if one.way is Way.QR:
        return shell.say("field.way_qr"), "good"
    if one.way is Way.HAND:
        return shell.say("field.way_hand", username=one.username), "good"
    return (shell.say("field.way_revoked"), "bad") if one.revoked else (shell.say("field.way_none"), "wait")


def seen(one: Volunteer) -> str:
    """Return when a volunteer's telephone last came in."""
    if one.seen_at is None:
        return shell.say("field.never_seen")
    return shell.say("field.seen", time=common.when(one.seen_at, one.seen_trusted))


def _address(made: Opened) -> str:
    base = shell.house().settings.web.address.rstrip("/")
    return f"{base}/field/key/{made.token}" if made.token else f"{base}/field"


def _picture(made: Opened) -> str:
    # Here, because no other page of this process draws a code.
    import segno

    told = credentials.settings_code(
        _address(made),
        shell.house().settings.house.name,
        username=made.username,
        password=made.password,
    )
    code = segno.make(told, error="m", micro=False)
    return code.svg_inline(scale=4, border=4, svgclass=None, lineclass=None, omitsize=True)


def _day(said: str) -> dt.date:
    found = typed.read(DataType.DATE, (), said.strip()[:40], None)
    if found.key is not None or not found.value:
        raise Refused("field.bad_end")
    return dt.date.fromisoformat(found.value)
