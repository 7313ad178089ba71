"""The same fact told once: a person's answers from the household's record, from somebody else in this
dossier, or from another open one.

Keeps true: nothing is filled that the guide did not ask for, and nothing typed is replaced unless it was
ticked; what somebody is called stands on the page alone, never in an address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from hub.base.errors import Missing, Refused
from hub.desks import guard, shell
from hub.desks.guide import common, drawing, rich
from hub.trades.dossiers import drafts, linking, prefill
from hub.trades.dossiers.linking import Facts, Known
from hub.trades.dossiers.model import DraftId, View
from hub.trades.dossiers.prefill import Prefilled
from hub.trades.people import members
from hub.trades.people import service as people
from hub.trades.people.model import Household
from hub.trades.procedures.model import Person, PersonField
from hub.trades.staff.model import Role

_FEW = 8


class Part(StrEnum):
    """How much is taken over."""

    ALL = "all"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Given:
    """What one person of a dossier got from another one; ``problem`` says why nothing could be filled."""

    person: Person
    done: Prefilled | None = field(repr=False)
    problem: str | None = None


def add_to(desk: Blueprint) -> None:
    """Put the filling from elsewhere on ``desk``."""
    desk.add_url_rule(
        "/dossiers/<draft_id>/page/<page_id>/from", view_func=fill_from, methods=["GET", "POST"]
    )
    desk.add_url_rule(
        "/dossiers/<draft_id>/linked/<other_id>", view_func=link_people, methods=["GET", "POST"]
    )


@guard.needs(Role.GUIDE)
def fill_from(draft_id: str, page_id: str) -> Any:
    """Show whom this page's people can be filled from, and fill what the guide chose."""
    view = _view(draft_id)
    if request.method == "GET" or "find" in request.form:
        return _ask(view, page_id)
    person_id, source = request.form.get("person", ""), request.form.get("source", "")
    take = request.form.getlist("take")
    try:
        facts = _facts(view, source, request.form.get("part", Part.ALL))
        done = prefill.from_facts(
            shell.conn(), draft_id, person_id, facts, **_now(), lang=shell.lang(), replace=take
        )
    except (Refused, Missing) as bad:
        if bad.key == "dossiers.no_draft":
            raise
        return Response(_ask(view, page_id, common.sentence(bad)), 422, mimetype="text/html")
    return shell.page(
        "guide/filled_from.html",
        at="dossiers",
        draft=view.draft,
        page_id=page_id,
        person=done.person,
        source=source,
        part=request.form.get("part", Part.ALL),
        done=done,
        plain=rich.plain,
    )


@guard.needs(Role.GUIDE)
def link_people(draft_id: str, other_id: str) -> Any:
    """Ask who in this dossier is whom in another open one, then fill in what that one knows of them."""
    view, other = _view(draft_id), _view(other_id)
    theirs = linking.people(other)
    if not theirs:
        return redirect(url_for("guide.dossier", draft_id=draft_id), 303)
    given: list[Given] = []
    if request.method == "POST":
        for person in linking.persons(view):
            chosen = next((one for one in theirs if one.person.id == request.form.get(person.id)), None)
            if chosen is not None:
                given.append(_give(view.draft.id, person, chosen))
    return shell.page(
        "guide/linked.html",
        at="dossiers",
        draft=view.draft,
        other=other.draft,
        theirs=theirs,
        paired=linking.paired(linking.persons(view), theirs),
        persons=linking.persons(view),
        given=given,
        plain=rich.plain,
    )


def _give(draft_id: DraftId, person: Person, known: Known) -> Given:
    try:
        done = prefill.from_facts(shell.conn(), draft_id, person.id, known.facts, **_now(), lang=shell.lang())
    except Refused as bad:
        return Given(person, None, common.sentence(bad))
    return Given(person, done)


def _facts(view: View, source: str, part: str) -> Facts:
    """Return what the chosen source knows; which kind of source it is stands before the first colon."""
    kind, _, rest = source.partition(":")
    first, _, second = rest.partition(":")
    if kind == "here":
        facts = _of(linking.people(view), rest)
    elif kind == "home":
        held = members.use(shell.conn(), first, second, **_now())
        facts = _named(held.facts)
    elif kind == "draft" and first != view.draft.id:
        facts = _of(linking.people(_view(first)), second)
    else:
        raise Refused("people.choose_source")
    return {name: value for name, value in facts.items() if part != Part.PLACE or name in linking.PLACE}


def _of(known: Sequence[Known], person_id: str) -> Facts:
    found = next((one for one in known if one.person.id == person_id), None)
    if found is None:
        raise Refused("people.choose_source")
    return found.facts


def _named(facts: Mapping[str, str]) -> Facts:
    return {PersonField(name): value for name, value in facts.items() if name in set(PersonField)}


def _ask(view: View, page_id: str, problem: str | None = None) -> str:
    query = request.form.get("q", "")[:80]
    targets = drawing.people(view, page_id)
    homes = people.search(shell.conn(), query, key=guard.house_key())
    few = homes if query or len(homes) <= _FEW else ()
    return shell.page(
        "guide/fill_from.html",
        at="dossiers",
        draft=view.draft,
        page_id=page_id,
        targets=[(one.id, one.label.said(shell.lang())) for one in targets],
        here=linking.people(view),
        homes=few[:_FEW],
        more_homes=len(homes) - len(few[:_FEW]),
        others=linking.elsewhere(shell.conn(), view.draft.id, key=guard.house_key(), moment=shell.moment()),
        query=query,
        form=request.form,
        person=request.form.get("person") or drawing.likely(view, targets),
        parts=[(one, shell.say(f"people.part_{one}")) for one in Part],
        problem=problem,
        called=called,
    )


def called(home: Household) -> str:
    """Return what a household is called on a page: its label and who lives there."""
    names = ", ".join(one.name for one in home.members)
    return f"{home.label}: {names}" if names else home.label


def _view(draft_id: str) -> View:
    return drafts.take_up(shell.conn(), draft_id, **_now())


def _now() -> dict[str, Any]:
    return {"key": guard.house_key(), "staff": common.me().id, "moment": shell.moment()}
