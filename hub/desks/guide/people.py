"""The households that asked to be remembered: found, seen, renamed, copied, erased.

Keeps true: a record is begun only after its notice was heard; erasing asks once and is then done at once, to
the last page.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from devices import ident
from hub.base.errors import HubError, Missing, Refused
from hub.base.ids import FollowCode
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.forms import typed
from hub.forms.typed import DataType
from hub.trades.dossiers import marks
from hub.trades.dossiers.model import DraftId
from hub.trades.people import service as people
from hub.trades.people.model import (
    NOTICE_VERSION,
    Consent,
    Facts,
    GivenBy,
    Household,
    HouseholdId,
    How,
    Member,
    Purpose,
)
from hub.trades.privacy import log
from hub.trades.privacy.model import Access
from hub.trades.procedures import reader
from hub.trades.procedures.model import PersonField
from hub.trades.staff.model import Role

_NOTICE = ("what", "why", "who", "how_long", "rights", "refuse")
DAYS = (PersonField.BORN_ON, PersonField.ISSUED_ON)
_SHOWN_EVENTS = 12


def add_to(desk: Blueprint) -> None:
    """Put the households on ``desk``."""
    desk.add_url_rule("/people", view_func=households, methods=["GET", "POST"])
    desk.add_url_rule("/people/new", view_func=new_household, methods=["GET", "POST"])
    desk.add_url_rule("/people/<household_id>", view_func=household)
    desk.add_url_rule("/people/<household_id>/name", view_func=rename, methods=["GET", "POST"])
    desk.add_url_rule("/people/<household_id>/consent", view_func=agree, methods=["GET", "POST"])
    desk.add_url_rule("/people/<household_id>/erase", view_func=forget, methods=["GET", "POST"])
    desk.add_url_rule("/people/<household_id>/copy", view_func=copy, methods=["POST"])


@guard.needs(Role.GUIDE)
def households() -> Any:
    """Find a household by a name, by what the house is called, or by a whole number."""
    # A name must not stay in an address: the search is sent like a form.
    query = request.form.get("q", "")[:80]
    found = people.search(shell.conn(), query, key=guard.house_key())
    if query:
        log.note(shell.conn(), Access.PEOPLE_SEARCHED, "", staff=common.me().id, moment=shell.moment())
    return shell.page("guide/people.html", at="people", told=common.told(), query=query, found=found)


@guard.needs(Role.GUIDE)
def new_household() -> Any:
    """Read the notice, ask for consent, then begin an empty record."""
    if request.method == "GET":
        return ask_consent(None)
    try:
        household_id = begin()
    except Refused as bad:
        return ask_consent(None, common.sentence(bad)), 422
    return redirect(url_for("guide.add_member", household_id=household_id), 303)


@guard.needs(Role.GUIDE)
def household(household_id: str) -> Any:
    """Show who lives in a house, what is known of them, and where their dossiers are."""
    home = people.take_up(shell.conn(), household_id, **now())
    told = people.events(shell.conn(), household_id)
    agreed = people.agreed(shell.conn(), household_id)
    return shell.page(
        "guide/household.html",
        at="people",
        told=common.told(),
        home=home,
        agreed=agreed,
        agreed_to=[one for one in Purpose if one in agreed.consent.purposes],
        facts=facts,
        dossiers=_dossiers(home),
        events=told[-_SHOWN_EVENTS:],
        names={one.id: one.name for one in common.guides()},
        when=common.when,
    )


@guard.needs(Role.GUIDE)
def rename(household_id: str) -> Any:
    """Change what the house is called, and its telephone."""
    home = people.look(shell.conn(), household_id, key=guard.house_key())
    problem, status = None, 200
    if request.method == "POST":
        try:
            people.relabel(
                shell.conn(),
                household_id,
                request.form.get("label", "")[:300],
                request.form.get("phone", "")[:60],
                expected_version=common.number("version"),
                **now(),
            )
        except HubError as bad:
            if isinstance(bad, Missing):
                raise
            problem, status = common.sentence(bad), 422
        else:
            return redirect(url_for("guide.household", household_id=household_id), 303)
    body = shell.page("guide/household_name.html", at="people", home=home, form=request.form, problem=problem)
    return Response(body, status, mimetype="text/html")


@guard.needs(Role.GUIDE)
def agree(household_id: str) -> Any:
    """Ask a household anew what may be kept; what it no longer agrees to goes at once."""
    home = people.look(shell.conn(), household_id, key=guard.house_key())
    if request.method == "GET":
        return ask_consent(home)
    try:
        people.consent_again(shell.conn(), household_id, consent(), **now())
    except Refused as bad:
        return ask_consent(home, common.sentence(bad)), 422
    common.tell("good", shell.say("people.agreed_again"))
    return redirect(url_for("guide.household", household_id=household_id), 303)


@guard.needs(Role.GUIDE)
def forget(household_id: str) -> Any:
    """Erase a record for good, after a yes: because consent was taken back, or because it is not needed."""
    home = people.look(shell.conn(), household_id, key=guard.house_key())
    if request.method == "GET":
        return shell.page("guide/household_erase.html", at="people", home=home, person=None)
    erase = people.withdraw if request.form.get("why") == "withdrawn" else people.erase
    erase(shell.conn(), household_id, staff=common.me().id, moment=shell.moment())
    common.tell("good", shell.say("people.erased"))
    return redirect(url_for("guide.households"), 303)


@guard.needs(Role.GUIDE)
def copy(household_id: str) -> Any:
    """Show all that is kept of a household on one page to print, for the people it belongs to."""
    home, agreed = people.export(shell.conn(), household_id, **now())
    return shell.page(
        "guide/household_copy.html",
        at="people",
        home=home,
        agreed=agreed,
        facts=facts,
        events=people.events(shell.conn(), household_id),
        when=common.when,
    )


def begin() -> HouseholdId:
    """Begin a record from the consent form that was sent."""
    return people.start(
        shell.conn(),
        request.form.get("label", "")[:300],
        request.form.get("phone", "")[:60],
        consent=consent(),
        **now(),
        keep_days=shell.house().settings.people.keep_days,
    )


def consent() -> Consent:
    """Return the consent that was sent.

    Raises ``Refused`` where something was not ticked or not chosen.
    """
    form = request.form
    if Purpose.KEEP_FACTS not in form.getlist("purpose"):
        raise Refused("people.consent_needed")
    if "read_aloud" not in form:
        raise Refused("guide.consent_read_aloud")
    try:
        how, given_by = How(form.get("how", "")), GivenBy(form.get("given_by", ""))
    except ValueError as bad:
        raise Refused("guide.consent_how") from bad
    purposes = frozenset(one for one in Purpose if one in form.getlist("purpose"))
    return Consent(form.get("notice", "")[:40], shell.lang(), how, given_by, purposes)


def asked() -> dict[str, Any]:
    """Return what a page needs to ask for consent."""
    settings = shell.house().settings
    values = {"house": settings.house.name, "days": settings.people.keep_days}
    return {
        "notice": [shell.say(f"people.notice_{part}", **values) for part in _NOTICE],
        "notice_version": NOTICE_VERSION,
        "purposes": [(one, shell.say(f"people.purpose_{one}", **values)) for one in Purpose],
        "hows": [(one, shell.say(f"people.how_{one}")) for one in How],
        "givers": [(one, shell.say(f"people.given_by_{one}")) for one in GivenBy],
        "form": request.form,
    }


def ask_consent(home: Household | None, problem: str | None = None) -> str:
    """Return the page that asks a household, or a new one, what may be kept."""
    return shell.page("guide/household_consent.html", at="people", home=home, problem=problem, **asked())


def facts(known: Facts) -> list[tuple[str, str]]:
    """Return what is known of a person as (words, value) in a fixed order, as people read it."""
    return [
        (shell.say(f"people.field_{name}"), _said(name, known[name]))
        for name in PersonField
        if name in known and name is not PersonField.FULL_NAME
    ]


def now() -> dict[str, Any]:
    """Return who acts, with which key, when."""
    return {"key": guard.house_key(), "staff": common.me().id, "moment": shell.moment()}


def _said(name: str, value: str) -> str:
    if name == PersonField.SEX:
        return next((words for sex, words in sexes() if sex == value), value)
    return shown(name, value)


def sexes() -> list[tuple[str, str]]:
    """Return the sexes of a card with their words."""
    return [(one.value, shell.say(f"people.sex_{one.name.lower()}")) for one in ident.Sex]


def shown(name: str, value: str) -> str:
    """Return a fact as it is typed and read."""
    return typed.shown(DataType.DATE, (), value) if name in DAYS else value


def _dossiers(home: Household) -> list[tuple[Member, list[tuple[str, DraftId, FollowCode | None]]]]:
    """Return for each person the dossiers with their numbers: its name, its draft, its code or None."""
    names = {one.slug: one.plain_name.said(shell.lang()) for one in reader.all(common.pack())}
    found = []
    for person in home.members:
        numbers = [person.facts.get(name, "") for name in (PersonField.NUMBER, PersonField.OLD_NUMBER)]
        told = marks.of_numbers(shell.conn(), names, numbers, key=guard.house_key())
        if told:
            found.append((person, [(names.get(slug, slug), draft, code) for slug, draft, code in told]))
    return found
