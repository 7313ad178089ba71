"""What volunteers take along: the forms they may fetch, and the households one of them is to visit.

Keeps true: a household stands on a list only when it agreed to that by itself; what is not sealed is chosen
knowingly, and never for a form of the pack.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for

from hub.base import db, scrub
from hub.base.errors import Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.overview import handouts
from hub.trades.people import service as people
from hub.trades.people.model import Household, HouseholdId, Purpose, What
from hub.trades.procedures import added
from hub.trades.procedures.model import PersonField
from hub.trades.staff.model import Role
from hub.trades.volunteers import lists
from hub.trades.volunteers import service as volunteers
from hub.trades.volunteers.lists import Home


def add_to(desk: Blueprint) -> None:
    """Put forms and lists on ``desk``."""
    desk.add_url_rule("/volunteers/forms", view_func=field_forms)
    desk.add_url_rule("/volunteers/forms", view_func=mark_form, methods=["POST"])
    desk.add_url_rule("/volunteers/<int:volunteer_id>/list", view_func=household_list)
    desk.add_url_rule("/volunteers/<int:volunteer_id>/list", view_func=save_list, methods=["POST"])


@guard.needs(Role.GUIDE)
def field_forms() -> Any:
    """List the forms in force, each with whether volunteers may take it."""
    upstream = shell.house().settings.upstream
    rows = [
        (one, common.sentence(one.trouble) if one.trouble else None)
        for one in handouts.offers(shell.conn(), common.pack(), upstream)
    ]
    return shell.page("guide/volunteer_forms.html", at="dossiers", told=common.told(), rows=rows)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.field_forms")
def mark_form() -> Any:
    """Let volunteers take a form, sealed or not, or let them take it no more."""
    conn, form_id = shell.conn(), request.form.get("form_id", "")[:100]
    do = request.form.get("do", "")
    found = added.in_force(conn, common.pack(), form_id)
    if do == "unmark":
        volunteers.unmark_form(conn, form_id)
    elif found is None or do not in ("mark", "plain"):
        abort(400)
    else:
        volunteers.mark_form(
            conn,
            form_id,
            plain=do == "plain",
            may_be_plain=handouts.may_be_plain(found),
            staff=common.me().id,
            moment=shell.moment(),
        )
    common.tell("good", shell.say("field.forms_done"))
    return redirect(url_for("guide.field_forms"), 303)


@guard.needs(Role.GUIDE)
def household_list(volunteer_id: int) -> Any:
    """Show the households, those on this volunteer's list ticked."""
    return _ask(volunteer_id, set(lists.chosen(shell.conn(), volunteer_id)))


@guard.needs(Role.GUIDE)
def save_list(volunteer_id: int) -> Any:
    """Put the ticked households, and no others, on a volunteer's list."""
    conn, now, me = shell.conn(), shell.moment(), common.me().id
    given, key = shell.house().settings.field, guard.house_key()
    ticked = set(request.form.getlist("home"))
    try:
        with db.write(conn):
            # In here, so that nobody takes consent back between the looking and the writing.
            before = set(lists.chosen(conn, volunteer_id))
            homes = [_home(one) for one in people.listing(conn, key=key) if one.id in ticked]
            count = lists.give(
                conn,
                volunteer_id,
                homes,
                most=given.households,
                until_on=now.on + dt.timedelta(days=given.list_days),
                key=key,
                staff=me,
            )
            for one in homes:
                if one.id not in before:
                    people.tell(conn, HouseholdId(one.id), What.LISTED, me, now)
    except Refused as bad:
        return Response(_ask(volunteer_id, ticked, common.sentence(bad)), 422, mimetype="text/html")
    scrub.scrub(conn)
    common.tell("good", shell.say("field.list_saved", count=count))
    return redirect(url_for("guide.volunteer", volunteer_id=volunteer_id), 303)


def _ask(volunteer_id: int, ticked: set[str], problem: str | None = None) -> str:
    given = shell.house().settings.field
    return shell.page(
        "guide/volunteer_list.html",
        at="dossiers",
        one=volunteers.get(shell.conn(), volunteer_id),
        homes=[_home(one) for one in people.listing(shell.conn(), key=guard.house_key())],
        ticked=ticked,
        most=given.households,
        days=given.list_days,
        problem=problem,
    )


def _home(home: Household) -> Home:
    agreed = people.agreed(shell.conn(), home.id).consent.purposes
    residence = next((told for one in home.members if (told := one.facts.get(PersonField.RESIDENCE, ""))), "")
    return Home(home.id, home.label, residence.partition(",")[0].strip(), Purpose.HOME_VISITS in agreed)
