"""The guide's desk put together, one subject a module.

Keeps true: every view is for signed-in guides alone; an upload larger than a form is read only from one of
them; whatever goes wrong is said with what was kept and what to do. It never puts a person's data into an
address.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from hub.desks import guard, shell
from hub.desks.guide import (
    answering,
    cards,
    clashes,
    common,
    dossiers,
    figures,
    files,
    filling,
    finishing,
    issuing,
    keeping,
    ledger,
    line,
    looking,
    members,
    newer,
    papers,
    people,
    places,
    prices,
    queue,
    readback,
    recording,
    recovery,
    remembering,
    requests,
    review,
    scanning,
    sealed,
    sheets,
    sheetwork,
    sources,
    starting,
    stick,
    tickets,
    time,
    trouble,
    visits_in,
    volunteer_lists,
    volunteers,
)
from hub.trades.staff.model import Role
from hub.trades.tickets import views

desk = Blueprint("guide", __name__, url_prefix="/guide")
for subject in (
    queue,
    tickets,
    issuing,
    papers,
    ledger,
    starting,
    dossiers,
    line,
    filling,
    cards,
    files,
    scanning,
    clashes,
    newer,
    review,
    sealed,
    stick,
    sheets,
    sheetwork,
    finishing,
    keeping,
    recording,
    recovery,
    people,
    members,
    places,
    sources,
    remembering,
    readback,
    requests,
    answering,
    looking,
    time,
    visits_in,
    volunteer_lists,
    volunteers,
):
    subject.add_to(desk)
prices.add_to(desk)
figures.add_to(desk)
trouble.add_to(desk)

# What a page of photographs may weigh; each file is held to the setting on its own.
_PAGE_BYTES = 62 * 1024 * 1024


@desk.url_value_preprocessor
def make_room(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let a signed-in guide hand in photographs and recordings; it runs before anything reads the form."""
    if (
        endpoint
        in ("guide.fill", "guide.scan_photo", "guide.card_photo", "guide.record", "guide.office_answer")
        and request.method == "POST"
    ):
        who = guard.signed_in()
        if who is not None and who.staff.role is Role.GUIDE:
            request.max_content_length = _PAGE_BYTES


@desk.after_request
def leave_nothing(response: Response) -> Response:
    """Let no browser keep a page of this desk; a page that polls itself still knows its tag."""
    response.headers["Cache-Control"] = "no-store"
    return response


@desk.context_processor
def queue_in_sight() -> dict[str, Any]:
    """Tell every page of this desk how the queue stands."""
    if guard.signed_in() is None:
        return {}
    board = views.board(shell.conn())
    mine = common.my_desk()
    here = next((ticket for ticket in board.serving if ticket.desk == mine), None)
    told = {"waiting_count": board.waiting, "my_desk": mine, "at_my_desk": here, "at": ""}
    return {**told, **requests.in_sight()}
