"""A person's card read without typing: held to the desk's reader, laid on the glass, or photographed.

Keeps true: the picture of a card is never stored and never shown; what its code says waits sealed for the
guide who asked, for minutes, and is gone once it was used; the guide sees whose card it is before anything
is filled. It never opens an address that somebody scanned, and puts no person's data into one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from devices import darkroom
from devices.desk_ports import ScanWish
from devices.ports import Busy, DeviceError, Malformed, State
from hub.base.errors import HubError, Missing, NotReady, Refused
from hub.base.ids import FollowCode
from hub.desks import guard, shell
from hub.desks.guide import common, drawing, filling, members, people
from hub.post import captures, health
from hub.post.capture_model import Capture, Kind
from hub.post.capture_model import State as Stage
from hub.trades.dossiers import cards, drafts
from hub.trades.people.model import Household
from hub.trades.procedures.model import PersonField
from hub.trades.staff.model import Role

_GLASS = ScanWish(dpi=300, colour=False, most_pages=1)
_REDRAW_S = 2
_SHOWN = (PersonField.FULL_NAME, PersonField.BORN_ON, PersonField.BORN_YEAR, PersonField.RESIDENCE)
_NUMBERS = (PersonField.NUMBER, PersonField.INSURANCE_NUMBER)
_WAYS = {Kind.CODE: "reader", Kind.CARD: "scanner"}


@dataclass(frozen=True, slots=True)
class _Target:
    """Whom a card is for: what they are called, what addresses are made of, the way back, what uses it."""

    who: str = field(repr=False)
    place: dict[str, str]
    back: str
    use: Callable[[str], Response] = field(repr=False)

    def address(self, endpoint: str = "card", **more: str) -> str:
        """Return the address of one of the pages."""
        values: dict[str, Any] = {**self.place, **more}
        return url_for(f"guide.{endpoint}", **values)


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to bring a card: its kind, and in words what is in its way, empty for nothing."""

    kind: Kind
    trouble: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """What came of a code: facts in words to compare with the card, warnings, or why it is no card."""

    facts: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()
    problem: str = ""
    code: FollowCode | None = None


def add_to(desk: Blueprint) -> None:
    """Put the reading of cards on ``desk``."""
    of_draft = "/dossiers/<draft_id>/page/<page_id>/scan-card"
    of_member = "/people/<household_id>/members/<member_id>/scan-card"
    for base in (of_draft, of_member):
        for path, view in (
            (base, card),
            (f"{base}/ask", card_ask),
            (f"{base}/photo", card_photo),
            (f"{base}/<capture_id>", card_wait),
            (f"{base}/<capture_id>/use", card_use),
            (f"{base}/<capture_id>/drop", card_drop),
        ):
            # Who switches the language behind a press asks for its address again: the press is not repeated.
            methods = ["GET"] if view in (card, card_wait) else ["GET", "POST"]
            desk.add_url_rule(path, view_func=view, methods=methods)


@guard.needs(Role.GUIDE)
def card(**place: str) -> Any:
    """Show the ways in which a card can be read here."""
    return _ways(_target(place))


@guard.needs(Role.GUIDE)
def card_ask(**place: str) -> Any:
    """Ask the bench for the next code of the reader, or for the code of the card on the glass."""
    target = _target(place)
    if request.method == "GET":
        return redirect(target.address(), 303)
    kind = Kind.CARD if request.form.get("by") == Kind.CARD else Kind.CODE
    capture_id = captures.ask(
        shell.conn(),
        kind,
        key=guard.house_key(),
        staff=common.me().id,
        moment=shell.moment(),
        wish=_GLASS,
    )
    return redirect(target.address("card_wait", capture_id=capture_id), 303)


@guard.needs(Role.GUIDE)
def card_photo(**place: str) -> Any:
    """Read the code on a photograph in memory; the photograph is gone before the answer is."""
    target = _target(place)
    if request.method == "GET":
        return redirect(target.address(), 303)
    upload = request.files.get("photo")
    if upload is None or not upload.filename:
        return _ways(target, shell.say("cards.photo_none"))
    try:
        found = darkroom.codes(upload.stream.read())
    except Malformed:
        return _ways(target, shell.say("cards.photo_unreadable"))
    except Busy:
        return _ways(target, shell.say("cards.photo_busy"))
    except DeviceError as bad:
        raise NotReady("cards.photo_failed") from bad
    finally:
        upload.close()
    if not found:
        return _ways(target, shell.say("cards.photo_no_code"))
    problem = _look(found[0]).problem
    if problem:
        return _ways(target, problem)
    # Whose card it is is seen before it is used, as with every other way.
    capture_id = captures.ask(
        shell.conn(),
        Kind.CARD,
        key=guard.house_key(),
        staff=common.me().id,
        moment=shell.moment(),
        start=False,
        answer=found[0].encode("utf-8"),
    )
    return redirect(target.address("card_wait", capture_id=capture_id), 303)


@guard.needs(Role.GUIDE)
def card_wait(capture_id: str, **place: str) -> Any:
    """Show what to do with the card now, then whose it is; polled until there is an answer."""
    target = _target(place)
    try:
        wish = _mine(capture_id)
        text = captures.answer(shell.conn(), wish.id, key=guard.house_key())
    except Missing:
        common.tell("care", shell.say("cards.gone"))
        return redirect(target.address(), 303)
    way, told = _way(wish.kind), common.told()
    busy = wish.state in (Stage.ASKED, Stage.TAKEN)
    trouble = way.trouble if busy and way else ""

    def drawn() -> str:
        return shell.page(
            "guide/card_wait.html",
            at="dossiers",
            told=told,
            target=target,
            wish=wish,
            busy=busy,
            seen=None if text is None else _look(text.decode("utf-8", "replace")),
            trouble=trouble,
            redraw_s=_REDRAW_S,
        )

    # An answer comes once and never changes: what was read is no part of the page's tag.
    return shell.polled((wish, text is None, trouble, told), drawn)


@guard.needs(Role.GUIDE)
def card_use(capture_id: str, **place: str) -> Any:
    """Use what was read, and forget it."""
    target = _target(place)
    if request.method == "GET":
        return redirect(target.back, 303)
    try:
        wish = _mine(capture_id)
        text = captures.answer(shell.conn(), wish.id, key=guard.house_key())
    except Missing:
        text = None
    if text is None:
        common.tell("care", shell.say("cards.gone"))
        return redirect(target.address(), 303)
    answer = _used(target, text.decode("utf-8", "replace"))
    captures.drop(shell.conn(), capture_id)
    return answer


@guard.needs(Role.GUIDE)
def card_drop(capture_id: str, **place: str) -> Any:
    """Take the wish back, with whatever came of it, and show the ways again."""
    target = _target(place)
    if request.method == "GET":
        return redirect(target.address(), 303)
    try:
        captures.drop(shell.conn(), _mine(capture_id).id)
    except Missing:
        # It ended by itself in the same moment.
        pass
    return redirect(target.address(), 303)


def _used(target: _Target, text: str) -> Any:
    try:
        return target.use(text)
    except Refused as bad:
        return _ways(target, common.sentence(bad))


def _ways(target: _Target, problem: str = "") -> Response:
    ways = [way for way in (_way(Kind.CODE), _way(Kind.CARD)) if way is not None]
    body = shell.page(
        "guide/card.html",
        at="dossiers",
        told=common.told(),
        target=target,
        ways=ways,
        problem=problem,
        most_mb=shell.house().settings.web.upload_bytes // (1024 * 1024),
    )
    return Response(body, 422 if problem else 200, mimetype="text/html")


def _way(kind: Kind) -> _Way | None:
    """Return a way and what is in it; None for a device that this House does not have."""
    device = health.one(shell.conn(), _WAYS[kind], shell.moment())
    if device is None:
        return None
    usable = device.state in set(State) and (State(device.state).usable or device.state == State.BUSY)
    return _Way(kind, "" if usable else shell.say("cards.device_sick"))


def _look(text: str) -> _Seen:
    try:
        told = cards.read(text, shell.moment(), address=shell.house().settings.web.address)
    except cards.OwnPaper as own:
        return _Seen(problem=common.sentence(own), code=own.code)
    except HubError as bad:
        return _Seen(problem=common.sentence(bad))
    shown = people.facts({name: value for name, value in told.facts.items() if name in _SHOWN})
    name = told.facts.get(PersonField.FULL_NAME, "")
    numbers = [
        (shell.say(f"people.field_{one}"), f"•••••{told.facts[one][-4:]}")
        for one in _NUMBERS
        if one in told.facts
    ]
    first = [(shell.say(f"people.field_{PersonField.FULL_NAME}"), name)] if name else []
    words = tuple(shell.say(f"dossiers.warning_{one}") for one in told.warnings)
    return _Seen((*first, *numbers, *shown), words)


def _mine(capture_id: str) -> Capture:
    wish = captures.get(shell.conn(), capture_id)
    if wish.staff_id != common.me().id or wish.kind is Kind.SCAN:
        raise Missing("scanning.gone")
    return wish


def _target(place: dict[str, str]) -> _Target:
    if "draft_id" in place:
        return _of_draft(place["draft_id"], place["page_id"])
    return _of_member(place["household_id"], place["member_id"])


def _of_draft(draft_id: str, page_id: str) -> _Target:
    view = drafts.look(shell.conn(), draft_id, key=guard.house_key(), moment=shell.moment())
    asked = [one for one in drawing.people(view, page_id) if one.card]
    wanted = request.values.get("person", "")
    person = next((one for one in asked if one.id == wanted), asked[0] if len(asked) == 1 else None)
    if person is None:
        raise Missing("dossiers.no_person")
    return _Target(
        who=person.label.said(shell.lang()),
        place={"draft_id": draft_id, "page_id": page_id, "person": person.id},
        back=url_for("guide.fill", draft_id=draft_id, page_id=page_id),
        use=lambda text: filling.use_scan(draft_id, page_id, person.id, text),
    )


def _of_member(household_id: str, member_id: str) -> _Target:
    home: Household = members.home_of(household_id)
    new = url_for("guide.add_member", household_id=household_id)
    held = url_for("guide.member", household_id=household_id, member_id=member_id)
    return _Target(
        who=home.label,
        place={"household_id": household_id, "member_id": member_id},
        back=new if member_id == "new" else held,
        use=lambda text: members.use_scan(home, member_id, text),
    )
