"""The dossiers of this House: drafts that are being filled in, and sealed ones with where they are.

Keeps true: names of drafts are decrypted for this page alone; of a sealed dossier only its code is known.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for

from hub.desks import guard, shell
from hub.desks.guide import common, starting
from hub.forms import questions
from hub.post import outbox
from hub.trades.dossiers import drafts, follow
from hub.trades.dossiers.model import Following
from hub.trades.staff.model import Role
from hub.trades.volunteers import visits

_SHOWN = 30
# So long before its day a draft asks to be finished.
_SOON = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Row:
    """A sealed dossier as a guide sees it; ``reason`` says what stands in its way, if anything does."""

    found: Following
    since: str
    reason: str | None
    held: bool
    next_try: str | None


def add_to(desk: Blueprint) -> None:
    """Put the dossiers on ``desk``."""
    desk.add_url_rule("/dossiers", view_func=dossiers)
    desk.add_url_rule("/dossiers/<draft_id>", view_func=dossier)
    desk.add_url_rule("/dossiers/<draft_id>/erase", view_func=erase, methods=["GET", "POST"])
    desk.add_url_rule("/dossiers/<draft_id>/hand-over", view_func=hand_over, methods=["POST"])


@guard.needs(Role.GUIDE)
def dossiers() -> Any:
    """Show what can be begun, what is being filled in, what waits to be sent, what the office says."""
    conn = shell.conn()
    names = {one.id: one.name for one in common.guides()}
    counts = outbox.counts(conn)
    me, listed = common.me().id, drafts.listing(conn, key=guard.house_key())
    return shell.page(
        "guide/dossiers.html",
        at="dossiers",
        told=common.told(),
        lately=starting.first_ones(),
        drafts=listed,
        mine=[one for one in listed if one.staff_id == me],
        theirs=[one for one in listed if one.staff_id != me],
        soon=shell.moment().on + _SOON,
        names=names,
        sealed=[row(one) for one in follow.listing(conn, _SHOWN)],
        counts=counts,
        cases=follow.cases_at_office(conn),
        visits_waiting=visits.counts(conn)[0],
        when=common.when,
    )


@guard.needs(Role.GUIDE)
def dossier(draft_id: str) -> Any:
    """Open a draft at the first page on which something is left to do."""
    view = drafts.take_up(
        shell.conn(), draft_id, key=guard.house_key(), staff=common.me().id, moment=shell.moment()
    )
    pages = questions.states(view.form, view.instance, shell.lang())
    first = next((page.id for page in pages if page.left or page.wrong), None)
    if first is None:
        return redirect(url_for("guide.review", draft_id=draft_id), 303)
    return redirect(url_for("guide.fill", draft_id=draft_id, page_id=first), 303)


@guard.needs(Role.GUIDE)
def erase(draft_id: str) -> Any:
    """Erase a draft for good, after a yes."""
    conn = shell.conn()
    if request.method == "GET":
        draft = drafts.told(conn, draft_id, key=guard.house_key())
        return shell.page("guide/erase.html", at="dossiers", draft=draft)
    drafts.erase(conn, draft_id, staff=common.me().id, moment=shell.moment())
    common.tell("good", shell.say("guide.erased"))
    return redirect(url_for("guide.dossiers"), 303)


@guard.needs(Role.GUIDE)
def hand_over(draft_id: str) -> Any:
    """Give a draft to another guide."""
    to = next((one for one in common.guides() if one.id == common.number("to")), None)
    if to is None:
        abort(404)
    drafts.hand_over(shell.conn(), draft_id, to.id, staff=common.me().id, moment=shell.moment())
    common.tell("good", shell.say("guide.handed_over", name=to.name))
    return redirect(url_for("guide.dossiers"), 303)


def row(found: Following) -> Row:
    """Return a sealed dossier with what stands in its way."""
    parcel = outbox.state(shell.conn(), found.instance_id)
    last = found.events[-1]
    waiting = parcel.state in (outbox.State.QUEUED, outbox.State.SENDING, outbox.State.HELD)
    reason = common.reason(parcel.reason_key) if waiting else None
    return Row(
        found,
        common.when(last.at, last.trusted),
        reason,
        parcel.state is outbox.State.HELD,
        common.when(parcel.next_try_at) if waiting and parcel.next_try_at else None,
    )
