"""Old addresses and what they are called today: asked below the question, or looked up on a page.

Keeps true: which commune it is is for a person to say, also where there is only one; the old names stay
beside the new. A pack without its lists asks nothing and stops nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, request

from hub.base.errors import Missing, NotReady
from hub.desks import guard, shell
from hub.desks.guide import common, rich
from hub.forms import checks
from hub.trades.dossiers import linking, warnings
from hub.trades.dossiers.model import View
from hub.trades.places import reader
from hub.trades.places.gazetteer import Gazetteer
from hub.trades.places.model import Commune, Former, Found, Why, worth_asking
from hub.trades.procedures.model import PersonField
from hub.trades.staff.model import Role

PRESSED = "place"
"""The field of a candidate's button: a commune's code or ``AS_IT_IS``, a colon, the question's path."""

KEPT = "place_kept"
"""The field that names questions whose address stays as it is; it lives as long as the page is open."""

AS_IT_IS = "keep"

_ADDRESSES = (PersonField.RESIDENCE, PersonField.HOMETOWN)
_LONGEST = 200
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ask:
    """An address that names a commune of before: the question it stands in, and what it may be today."""

    path: str
    page_id: str
    label: str
    found: Found = field(repr=False)


def add_to(desk: Blueprint) -> None:
    """Put the looking up on ``desk``."""
    desk.add_url_rule("/places", view_func=places, methods=["GET", "POST"])


@guard.needs(Role.GUIDE)
def places() -> Any:
    """Look up what a commune is called today, by its name or by a whole old address."""
    # Somebody may type a whole address: the page sends it like a form, and no log keeps it.
    query = request.values.get("q", "").strip()[:_LONGEST]
    lists = _lists() if query else None
    found: Found | None = None
    communes: tuple[Commune, ...] = ()
    former: list[tuple[Former, tuple[Commune, ...]]] = []
    if lists is not None:
        found = lists.today(query)
        if found.why is Why.UNKNOWN:
            found, communes = None, lists.find(query)
            former = [(one, _now(lists, one)) for one in lists.formerly(query)]
    return shell.page(
        "guide/places.html",
        at="dossiers",
        told=common.told(),
        query=query,
        found=found,
        communes=communes,
        former=former,
        without_lists=bool(query) and lists is None,
        version=common.pack().version,
    )


def asks(view: View) -> Iterator[Ask]:
    """Yield the addresses of a draft's persons about whose commune somebody should be asked."""
    paths = set()
    for person in linking.persons(view):
        facts = linking.told(view, person)
        for name in _ADDRESSES:
            address = facts.get(name, "")
            asked = linking.question(view, person.path(name) or "")
            if asked is None or not worth_asking(address):
                continue
            question, node = asked
            path = view.instance.path(node)
            if path in paths or question.choices or checks.is_read_only(view.instance, question, node):
                continue
            lists = _lists()
            if lists is None:
                return
            found = lists.today(address)
            if found.why.to_ask:
                paths.add(path)
                label = rich.plain(question.label.say(view.form, view.instance.scope(node, shell.lang())))
                yield Ask(path, warnings.page_of(view, question), label, found)


def take(fields: dict[str, list[str]]) -> None:
    """Write the commune whose button was pressed into the address that stands on the page now."""
    _, _, path = request.form.get(PRESSED, "").partition(":")
    address = "".join(fields.get(path, ())[:1])
    written = pressed(address)
    if written != address:
        fields[path] = [written]


def of_before(address: str) -> Found | None:
    """Return what an address may be called today when it names a commune of before, None for any other."""
    lists = _lists() if worth_asking(address) else None
    found = lists.today(address) if lists is not None else None
    return found if found is not None and found.why.to_ask else None


def pressed(address: str) -> str:
    """Return an address with the commune whose button was pressed, or as it is where none fits."""
    code, _, _ = request.form.get(PRESSED, "").partition(":")
    # The address may have been typed anew since the button was drawn: only its own candidates are written.
    found = of_before(address)
    chosen = next((one for one in found.candidates if one.code == code), None) if found else None
    return found.written(chosen) if found and chosen else address


def kept() -> tuple[str, ...]:
    """Return the questions whose address stays as it is, while their page is open."""
    code, _, path = request.form.get(PRESSED, "").partition(":")
    before = request.form.getlist(KEPT)
    return tuple(dict.fromkeys([*before, path] if code == AS_IT_IS else before))


def _now(lists: Gazetteer, one: Former) -> tuple[Commune, ...]:
    return tuple(found for code in one.now if (found := lists.commune(code)) is not None)


def _lists() -> Gazetteer | None:
    try:
        return reader.gazetteer(common.pack())
    except (Missing, NotReady) as bad:
        _log.warning("no lists of communes: %s", bad.key)
        return None
