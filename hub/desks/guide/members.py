"""The people of a household: added, corrected, erased, by hand or from a card.

Keeps true: a card that is scanned here is read and forgotten, and of what it tells only what the household
agreed to is taken; nobody is kept twice; erasing asks once.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from hub.base.errors import HubError, Missing, Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.desks.guide import people as homes
from hub.desks.guide import places
from hub.forms import typed
from hub.forms.typed import DataType
from hub.trades.dossiers import cards
from hub.trades.people import members
from hub.trades.people import service as people
from hub.trades.people.model import AlreadyKept, Household, Member, Purpose
from hub.trades.procedures.model import PersonField
from hub.trades.staff.model import Role

_NUMERIC = (
    PersonField.NUMBER,
    PersonField.OLD_NUMBER,
    PersonField.BORN_YEAR,
    PersonField.PHONE,
    *homes.DAYS,
)


def add_to(desk: Blueprint) -> None:
    """Put the people of households on ``desk``."""
    base = "/people/<household_id>/members"
    desk.add_url_rule(f"{base}/new", view_func=add_member, methods=["GET", "POST"])
    desk.add_url_rule(f"{base}/<member_id>", view_func=member, methods=["GET", "POST"])
    desk.add_url_rule(f"{base}/<member_id>/erase", view_func=forget_member, methods=["GET", "POST"])


@guard.needs(Role.GUIDE)
def add_member(household_id: str) -> Any:
    """Add somebody to a household, by their card or by hand."""
    home = people.look(shell.conn(), household_id, key=guard.house_key())
    return _edit(home, None)


@guard.needs(Role.GUIDE)
def member(household_id: str, member_id: str) -> Any:
    """Correct what is known of somebody."""
    home = people.look(shell.conn(), household_id, key=guard.house_key())
    return _edit(home, _of(home, member_id))


@guard.needs(Role.GUIDE)
def forget_member(household_id: str, member_id: str) -> Any:
    """Erase one person from a record, after a yes."""
    home = people.look(shell.conn(), household_id, key=guard.house_key())
    person = _of(home, member_id)
    if request.method == "GET":
        return shell.page("guide/household_erase.html", at="people", home=home, person=person)
    members.remove(shell.conn(), household_id, member_id, **homes.now())
    common.tell("good", shell.say("people.person_erased"))
    return redirect(url_for("guide.household", household_id=household_id), 303)


def home_of(household_id: str) -> Household:
    """Return a household for a page about it; raises ``Missing``."""
    return people.look(shell.conn(), household_id, key=guard.house_key())


def use_scan(home: Household, member_id: str, scanned: str) -> Response:
    """Draw a person of a household with what the text of a card's code tells; raises as ``cards.read``."""
    person = None if member_id == "new" else _of(home, member_id)
    told = _card(scanned)
    known = _known(home, person)
    return _ask_member(
        home, person, {**known, **_allowed(home, told)}, scanned=told, other=_another(known, told)
    )


def _scanned(home: Household, person: Member | None, given: dict[PersonField, str], text: str) -> Response:
    try:
        told = _card(text)
    except Refused as bad:
        return _ask_member(home, person, given, scan_problem=common.sentence(bad), status=422)
    filled = {**given, **_allowed(home, told)}
    return _ask_member(home, person, filled, scanned=told, other=_another(given, told))


def _another(here: dict[PersonField, str], told: cards.Told) -> bool:
    # What stood there is overwritten on the page: whose card it is must be seen before anything is kept.
    was, now = here.get(PersonField.NUMBER, ""), told.facts.get(PersonField.NUMBER, "")
    return bool(was and now and was != now)


def _card(text: str) -> cards.Told:
    return cards.read(text, shell.moment(), address=shell.house().settings.web.address)


def _fields(home: Household) -> list[PersonField]:
    agreed = people.agreed(shell.conn(), home.id).consent.purposes
    return [name for name in PersonField if f"keep_{name}" not in set(Purpose) or f"keep_{name}" in agreed]


def _known(home: Household, person: Member | None) -> dict[PersonField, str]:
    held = person.facts if person else {}
    return {name: homes.shown(name, held.get(name, "")) for name in _fields(home)}


def _allowed(home: Household, told: cards.Told) -> dict[PersonField, str]:
    """Return what a card tells of the fields that the household agreed to."""
    return {name: homes.shown(name, told.facts[name]) for name in _fields(home) if name in told.facts}


def _edit(home: Household, person: Member | None) -> Any:
    given = {name: request.form.get(name, "")[:300] for name in _fields(home)}
    if request.method == "GET":
        given = _known(home, person)
        return _ask_member(home, person, given)
    if request.form.get("scan", "").strip():
        return _scanned(home, person, given, request.form["scan"])
    if places.PRESSED in request.form:
        residence = places.pressed(given.get(PersonField.RESIDENCE, ""))
        return _ask_member(home, person, {**given, PersonField.RESIDENCE: residence})
    read, problems = _read(given)
    if problems:
        return _ask_member(home, person, given, problems=problems, status=422)
    try:
        if person is None:
            members.add(shell.conn(), home.id, read, **homes.now())
        else:
            version = common.number("version")
            members.correct(shell.conn(), home.id, person.id, read, expected_version=version, **homes.now())
    except AlreadyKept as bad:
        return _ask_member(home, person, given, twin=bad.household_id, status=409)
    except HubError as bad:
        if isinstance(bad, Missing):
            raise
        return _ask_member(home, person, given, problem=common.sentence(bad), status=422)
    common.tell("good", shell.say("people.person_kept"))
    return redirect(url_for("guide.household", household_id=home.id), 303)


def _ask_member(
    home: Household,
    person: Member | None,
    given: dict[PersonField, str],
    *,
    problems: dict[PersonField, str] | None = None,
    status: int = 200,
    **values: Any,
) -> Response:
    wrong = problems or {}
    fields = [
        (name, shell.say(f"people.field_{name}"), given[name], name in _NUMERIC, wrong.get(name))
        for name in given
    ]
    body = shell.page(
        "guide/member.html",
        at="people",
        home=home,
        person=person,
        fields=fields,
        sexes=homes.sexes(),
        place=places.of_before(given.get(PersonField.RESIDENCE, "")),
        faults=[(name, f"{shell.say(f'people.field_{name}')}: {words}") for name, words in wrong.items()],
        **values,
    )
    return Response(body, status, mimetype="text/html")


def _read(given: dict[PersonField, str]) -> tuple[dict[str, str], dict[PersonField, str]]:
    """Read what was typed: facts as they are kept, and what could not be read."""
    read: dict[str, str] = {}
    problems: dict[PersonField, str] = {}
    for name, raw in given.items():
        if name in homes.DAYS:
            reading = typed.read(DataType.DATE, (), raw.strip(), None)
        elif name is PersonField.BORN_YEAR:
            reading = typed.read(DataType.DATE, ("year",), raw.strip(), None)
        else:
            read[name] = raw
            continue
        if reading.key is not None:
            problems[name] = shell.say(reading.key, **reading.values)
        else:
            read[name] = reading.value[:4] if name is PersonField.BORN_YEAR else reading.value
    return read, problems


def _of(home: Household, member_id: str) -> Member:
    found = next((one for one in home.members if one.id == member_id), None)
    if found is None:
        raise Missing("people.no_member")
    return found
