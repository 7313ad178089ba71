"""Where is my dossier: a code from the slip in, plain words out.

Keeps true: "kept at the House" and "the office has it" never look alike; the office's own words are shown and
never read aloud by an address; a code can be guessed at only so often. No page in here is kept for anyone.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from hub.base import clock as clocks
from hub.base import phrases
from hub.base.errors import Conflict, HubError, Missing, Refused
from hub.desks import errors, shell
from hub.desks.villager import common
from hub.desks.villager.tries import Tries
from hub.post import inbox, jobs
from hub.post.transports import servers
from hub.trades.dossiers import follow as following
from hub.trades.dossiers import sealing
from hub.trades.dossiers.model import Following, State, What
from hub.trades.procedures import figures, reader
from hub.trades.procedures.model import FigureKind

_LONGEST = 40
_MISTAKES = 3
# What of the procedure is worth reading now.
_FURTHER = {
    State.APPROVED: "result",
    State.NEEDS_CORRECTION: "mistakes",
    State.REJECTED: "mistakes",
}
# Which step of four the reader is at; beyond the last one everything is done.
_STEP = {
    State.KEPT: 1,
    State.HELD: 1,
    State.ON_THE_WAY: 2,
    State.OFFICE_HAS_IT: 3,
    State.NEEDS_CORRECTION: 4,
    State.REJECTED: 4,
    State.APPROVED: 5,
    State.DONE_AGAIN: 5,
}
_PICTURES = {
    State.KEPT: ("house", "sky"),
    State.HELD: ("house", "turmeric"),
    State.ON_THE_WAY: ("wifi", "sky"),
    State.OFFICE_HAS_IT: ("papers", "indigo"),
    State.NEEDS_CORRECTION: ("warning", "turmeric"),
    State.REJECTED: ("cross", "madder"),
    State.APPROVED: ("check", "leaf"),
    State.DONE_AGAIN: ("papers", "sky"),
}


@dataclass(frozen=True, slots=True)
class _Further:
    """A sentence of the procedure; ``ask``: the reader should ask the commune's officer."""

    words: str
    ask: bool


@dataclass(frozen=True, slots=True)
class _Told:
    """Something that happened, or that the office wrote, and when."""

    words: str
    when: str


def add_to(desk: Blueprint) -> None:
    """Put the following of dossiers on ``desk``."""
    desk.add_url_rule("/follow", view_func=ask_code)
    desk.add_url_rule("/follow/<code>", view_func=dossier)
    desk.add_url_rule("/follow/<code>/receipt", view_func=receipt, methods=["GET", "POST"])


def ask_code() -> Any:
    """Ask for the code, and lead to the dossier that has it."""
    typed = request.args.get("code")
    if typed is None:
        return _ask()
    found = _find(typed)
    if isinstance(found, Response):
        return found
    return redirect(url_for("villager.dossier", code=found.code), 303)


def dossier(code: str) -> Any:
    """Show where a dossier is."""
    found = _find(code)
    if isinstance(found, Response):
        return found
    picture, colour = _PICTURES[found.state]
    wrote = following.comments(shell.conn(), found, key=_words_key())
    meeting = found.appointment
    return shell.page(
        "villager/dossier.html",
        found=found,
        step=_STEP[found.state],
        picture=picture,
        colour=colour,
        events=_events(found),
        comments=[_Told(one.text, common.time_words(clocks.parse(one.at), True)) for one in wrote],
        further=_further(found),
        untold=found.state is State.OFFICE_HAS_IT and not servers.readable(shell.house().settings.upstream),
        further_of=_FURTHER.get(found.state, "time"),
        meeting=meeting,
        weekday=shell.say(f"dossiers.weekday_{meeting.meet_on.isoweekday()}") if meeting else "",
        read_at=common.time_words(found.read_at, True) if found.read_at else None,
    )


def receipt(code: str) -> Any:
    """Print the second receipt, after a yes; only when the office has the dossier."""
    found = _find(code)
    if isinstance(found, Response):
        return found
    if not found.state.at_office:
        raise Refused("dossiers.not_at_office")
    if request.method == "GET":
        return shell.page("villager/receipt.html", found=found)
    conn = shell.conn()
    try:
        job_id = following.print_received(
            conn,
            found.code,
            moment=shell.moment(),
            settings=shell.house().settings,
            lang=shell.lang(),
            words_key=_words_key(),
        )
    except Conflict:
        # Pressed twice: the first press's paper is the one to wait for.
        job_id = _latest(conn, found)
    return redirect(url_for("villager.paper", job_id=job_id), 303)


def _latest(conn: sqlite3.Connection, found: Following) -> int:
    return jobs.for_subject(conn, f"{sealing.subject(found.instance_id)}:received")[0].id


def _find(typed: str) -> Following | Response:
    tries = shell.kept("follow.tries", Tries)
    assert isinstance(tries, Tries)
    where, mono = request.remote_addr or "?", shell.moment().mono
    wait = tries.wait_s(where, mono)
    if wait:
        answer = _ask(shell.say("villager.follow_wait", minutes=-(-wait // 60)), 429)
        answer.headers["Retry-After"] = str(wait)
        return answer
    try:
        if len(typed) > _LONGEST:
            raise Refused("ids.code_wrong")
        return following.follow(shell.conn(), typed)
    except (Refused, Missing) as bad:
        tries.wrong(where, mono)
        return _ask(errors.told(bad), 404 if isinstance(bad, Missing) else 422, typed[:_LONGEST])


def _ask(problem: str | None = None, status: int = 200, typed: str = "") -> Response:
    body = shell.page("villager/follow.html", problem=problem, typed=typed)
    return Response(body, status, mimetype="text/html", headers={"Cache-Control": "no-store"})


def _events(found: Following) -> list[_Told]:
    told = []
    for event in found.events:
        key = f"villager.event_{event.what}"
        if event.what is What.OFFICE_SAYS and phrases.has(f"{key}_{event.detail}"):
            key = f"{key}_{event.detail}"
        values = {}
        if event.what is What.INVITED:
            values = {"day": f"{dt.date.fromisoformat(event.detail):%d/%m/%Y}"}
        elif event.what is What.DONE_AGAIN:
            values = {"code": event.detail}
        told.append(_Told(shell.say(key, **values), common.time_words(event.at, event.trusted)))
    return told


def _words_key() -> bytes:
    return inbox.words_key(shell.house().keys)


def _further(found: Following) -> list[_Further]:
    """Return what the procedure itself says of what comes now; nothing where the pack is silent."""
    lang = shell.lang()
    try:
        named = reader.get(common.pack(), found.procedure)
    except HubError:
        return []
    procedure = figures.today(shell.conn(), named, shell.moment().on)
    told = []
    if found.state in (State.KEPT, State.ON_THE_WAY, State.OFFICE_HAS_IT):
        told += [(one.text, one.status) for one in procedure.of_kind(FigureKind.TIME)]
    elif found.state is State.APPROVED:
        told.append((procedure.where.words, procedure.where.status))
        told += [(one.text, one.status) for one in procedure.of_kind(FigureKind.FEE)]
    elif found.state in (State.NEEDS_CORRECTION, State.REJECTED):
        told += [(one.words, one.status) for one in procedure.mistakes[:_MISTAKES]]
    return [_Further(words.said(lang), status.ask_office) for words, status in told]
