"""Before a dossier is sealed: shall the family's details be kept for next time?

Keeps true: it is an offer, never a step on the way; without the consent asked for here nothing is kept, and
what is kept are the persons who were ticked and no one else.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from hub.base import db
from hub.base.errors import Refused
from hub.desks import guard, shell
from hub.desks.guide import common, people, sources
from hub.trades.dossiers import drafts, linking
from hub.trades.dossiers.linking import Known
from hub.trades.dossiers.model import Draft
from hub.trades.people import members
from hub.trades.people import service as records
from hub.trades.people.model import AlreadyKept, Household
from hub.trades.staff.model import Role

_NEW = "new"
_FEW = 6


def add_to(desk: Blueprint) -> None:
    """Put the offer on ``desk``."""
    desk.add_url_rule("/dossiers/<draft_id>/remember", view_func=remember, methods=["GET", "POST"])


@guard.needs(Role.GUIDE)
def remember(draft_id: str) -> Any:
    """Ask whether the family is to be remembered, and write down who was ticked."""
    view = drafts.take_up(shell.conn(), draft_id, **people.now())
    known = tuple(one for one in linking.people(view) if one.name)
    if request.method == "GET" or "find" in request.form:
        return _ask(view.draft, known)
    chosen = [one for one in known if one.person.id in request.form.getlist("person")]
    try:
        if not chosen:
            raise Refused("people.choose_persons")
        _keep(chosen)
    except AlreadyKept as bad:
        return Response(_ask(view.draft, known, twin=bad.household_id), 409, mimetype="text/html")
    except Refused as bad:
        return Response(_ask(view.draft, known, common.sentence(bad)), 422, mimetype="text/html")
    common.tell("good", shell.say("people.remembered", count=len(chosen)))
    return redirect(url_for("guide.review", draft_id=draft_id), 303)


def _keep(chosen: list[Known]) -> None:
    conn = shell.conn()
    with db.write(conn):
        wanted = request.form.get("home", "")
        if not wanted:
            raise Refused("people.choose_home")
        if wanted == _NEW:
            household_id = people.begin()
        else:
            household_id = records.look(conn, wanted, key=guard.house_key()).id
            if "agreed" not in request.form:
                raise Refused("people.consent_needed")
        for one in chosen:
            members.remember(conn, household_id, _told(one), **people.now())


def _ask(draft: Draft, known: tuple[Known, ...], problem: str | None = None, twin: str = "") -> str:
    homes = _homes(known)
    query = request.form.get("q", "")[:80]
    if query:
        ids = {one.id for one in homes}
        found = records.search(shell.conn(), query, key=guard.house_key())
        homes += [one for one in found if one.id not in ids][:_FEW]
    return shell.page(
        "guide/remember.html",
        at="dossiers",
        draft=draft,
        known=known,
        homes=[(one.id, sources.called(one)) for one in homes],
        query=query,
        problem=problem,
        twin=twin,
        **people.asked(),
    )


def _homes(known: tuple[Known, ...]) -> list[Household]:
    """Return the households that one of these persons stands in already, by their ID numbers."""
    key, conn = guard.house_key(), shell.conn()
    held = [members.known(conn, _told(one), key=key) for one in known]
    return [
        records.look(conn, household_id, key=key)
        for household_id in dict.fromkeys(place[0] for place in held if place is not None)
    ]


def _told(known: Known) -> dict[str, str]:
    return {str(name): value for name, value in known.facts.items()}
