"""The line to the office: since when, what waits, what it costs, what stands in its way, and a push.

Keeps true: a parcel is shown by its form and a short mark, never by its follow code: who mends the line has
no need to read anybody's case. It changes no parcel; it only lets a held one go again as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from hub.desks import guard, shell, way_out
from hub.desks.technician import common
from hub.desks.technician import line as line_facts
from hub.post import allowance, held, inbox, outbox
from hub.post.outbox import ParcelState, State

_SENT_SHOWN, _ON_A_PAGE = 10, 50
_WAITING = (State.HELD, State.SENDING, State.QUEUED)
_MOODS = {State.QUEUED: "wait", State.SENDING: "wait", State.HELD: "bad", State.SENT: "good"}


@dataclass(frozen=True, slots=True)
class Row:
    """One parcel as the page shows it."""

    instance_id: str
    mark: str
    form_id: str
    state: State
    mood: str
    size: str
    attempts: int
    reason_key: str | None
    detail: str
    added: str
    next_try: str
    sent: str


def add_to(desk: Blueprint) -> None:
    """Put the relay's pages on ``desk``."""
    common.put(desk, "/relay", relay)
    common.put(desk, "/relay/hurry", hurry, post=True)
    common.put(desk, "/relay/release", release, post=True)
    common.put(desk, "/relay/release-all", release_all, post=True)


def relay() -> Response:
    """Show the way out and every parcel that is not through."""
    conn, upstream = shell.conn(), shell.house().settings.upstream
    line, counts = inbox.uplink(conn), outbox.counts(conn)
    pages = max(1, -(-sum(outbox.standing(conn, _WAITING)) // _ON_A_PAGE))
    page = min(pages, max(1, request.args.get("page", 1, type=int)))
    waiting = tuple(
        _row(one) for one in outbox.listing(conn, _WAITING, most=_ON_A_PAGE, skip=(page - 1) * _ON_A_PAGE)
    )
    sent = tuple(
        _row(one) for one in outbox.listing(conn, (State.SENT,), most=_SENT_SHOWN, newest_first=True)
    )
    held_for = held.reasons(conn)
    shown = (line.up, line.reason_key, common.when(line.since_at), common.when(line.checked_at))
    key, about = line_facts.facts()

    def render() -> str:
        return shell.page(
            "technician/relay.html",
            up=line.up,
            reason_key=line.reason_key,
            since=shown[2],
            checked=shown[3],
            counts=counts,
            waiting=waiting,
            held_for=held_for,
            page=page,
            pages=pages,
            sent=sent,
            address=shown_address(upstream.url),
            way=way_out.told(),
            about=about,
        )

    return common.polled((shown, counts, waiting, sent, held_for, page, pages, key), render)


def hurry() -> Any:
    """Have everything that waits tried now, whatever the hour and the day's allowance."""

    def push() -> None:
        allowance.let_through(shell.conn(), guard.who().staff.name, shell.moment())
        outbox.hurry(shell.conn())

    return common.tried(push, lambda _: shell.say("technician.hurried"), "relay")


def release() -> Any:
    """Let a held parcel go again, same bytes."""
    return common.tried(
        lambda: outbox.release(shell.conn(), request.form.get("instance_id", "")[:200]),
        lambda _: shell.say("technician.released"),
        "relay",
    )


def release_all() -> Any:
    """Let all go again that are held for one reason, same bytes."""
    return common.tried(
        lambda: held.release_all(shell.conn(), request.form.get("reason_key", "")[:80]),
        lambda count: shell.say("held.sent_all", count=count),
        "relay",
    )


def shown_address(url: str) -> str:
    """Return the office's address without anything in it that opens its door."""
    head, at, tail = url.partition("/key/")
    scheme, sep, rest = head.partition("://")
    place, slash, path = rest.partition("/")
    bare = f"{scheme}{sep}{place.rpartition('@')[2]}{slash}{path}"
    return f"{bare}{at}…{tail[tail.find('/'):] if '/' in tail else ''}" if at else bare


def _row(one: ParcelState) -> Row:
    return Row(
        instance_id=one.instance_id,
        mark=one.instance_id[-6:],
        form_id=one.form_id,
        state=one.state,
        mood=_MOODS[one.state],
        size=common.size(one.size),
        attempts=one.attempts,
        reason_key=one.reason_key,
        detail=one.detail,
        added=common.when(one.added_at),
        next_try=common.when(one.next_try_at) if one.next_try_at else "",
        sent=common.when(one.sent_at) if one.sent_at else "",
    )
