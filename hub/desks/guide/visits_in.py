"""What came from home visits: which records still miss files, which wait here, which the office has.

Keeps true: "kept at the House" and "the office has it" are never shown as one another; of a record nothing is
shown but its form, who brought it and when, and what the office said of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, url_for

from hub.base import clock as clocks
from hub.base.errors import Missing
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.post import inbox, outbox
from hub.trades.staff.model import Role
from hub.trades.volunteers import credentials, visits
from hub.trades.volunteers.model import Seal, Visit

_SHOWN = 100
_MOODS = {"queued": "wait", "sending": "wait", "held": "bad", "sent": "good"}


@dataclass(frozen=True, slots=True)
class Row:
    """A visit as the page shows it; ``word`` is its state at the office, ``wrote`` what officers wrote, when."""

    visit: Visit
    came: str
    mood: str
    word: str | None
    wrote: tuple[tuple[str, str], ...]
    reason: str | None
    may_go: bool


def add_to(desk: Blueprint) -> None:
    """Put the visits on ``desk``."""
    desk.add_url_rule("/visits", view_func=visits_in)
    desk.add_url_rule("/visits/<int:visit_id>/send-on", view_func=ask_send_on)
    desk.add_url_rule("/visits/<int:visit_id>/send-on", view_func=send_on, methods=["POST"])
    desk.add_url_rule("/visits/<int:visit_id>/release", view_func=release_visit, methods=["POST"])


@guard.needs(Role.GUIDE)
def visits_in() -> Any:
    """List what still misses files, then what is whole, the latest first."""
    conn = shell.conn()
    return shell.page(
        "guide/visits.html",
        at="dossiers",
        told=common.told(),
        waiting=[_row(one) for one in visits.listing(conn, waiting=True)],
        whole=[_row(one) for one in visits.listing(conn, waiting=False, most=_SHOWN)],
    )


@guard.needs(Role.GUIDE)
def ask_send_on(visit_id: int) -> Any:
    """Ask whether a record may go without what is missing of it."""
    return shell.page("guide/visit_send_on.html", at="dossiers", visit=_waiting(visit_id))


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.visits_in")
def send_on(visit_id: int) -> Any:
    """Put a record into the outbox without the files that never came."""
    house = shell.house()
    visits.send_on(
        shell.conn(),
        visit_id,
        keys=credentials.field_keys(house.keys),
        upstream=house.settings.upstream,
        moment=shell.moment(),
    )
    common.tell("good", shell.say("field.sent_on"))
    return redirect(url_for("guide.visits_in"), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.visits_in")
def release_visit(visit_id: int) -> Any:
    """Let a held record go again, same bytes."""
    outbox.release(shell.conn(), visits.get(shell.conn(), visit_id).instance_id)
    common.tell("good", shell.say("guide.released"))
    return redirect(url_for("guide.visits_in"), 303)


def _waiting(visit_id: int) -> Visit:
    found = visits.get(shell.conn(), visit_id)
    if found.parcel is not None:
        raise Missing("field.no_visit")
    return found


def _row(one: Visit) -> Row:
    state = "" if one.parcel is None else one.parcel.value
    return Row(
        one,
        common.when(one.received_at, one.trusted),
        _MOODS.get(state, "bad"),
        shell.say(f"dossiers.review_{one.review_state}") if one.review_state else None,
        _wrote(one),
        common.reason(one.reason_key) if state in ("queued", "held") else None,
        one.parcel is None and one.seal is not Seal.PHONE,
    )


def _wrote(one: Visit) -> tuple[tuple[str, str], ...]:
    if not one.remarks:
        return ()
    key = inbox.words_key(shell.house().keys)
    return tuple(
        (said.text, common.when(clocks.parse(said.at)))
        for said in inbox.comments(shell.conn(), one.instance_id, key=key)
    )
