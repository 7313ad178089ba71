"""By telephone: what waits goes as one sealed file with a guide, and the office's answer comes back.

Keeps true: the file is for the office that a technician confirmed, is made while it travels and lies nowhere
here; it says neither who nor what; "lies with the office" and "the office's system has it" are never shown as
one another.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from hub.base import identity
from hub.base.errors import Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.overview import by_hand
from hub.post import stick, stick_ledger
from hub.post.bundle_content import Word
from hub.post.stick_ledger import Hand
from hub.post.stick_words import Heard
from hub.trades.staff.model import Role

_SHOWN = 8
# Fifty thousand words of the office are half as much.
_MOST_ANSWER = 32 * 1024 * 1024


def add_to(desk: Blueprint) -> None:
    """Put carrying by hand on ``desk``."""
    desk.add_url_rule("/stick", view_func=by_phone)
    desk.add_url_rule("/stick/take", view_func=take_along, methods=["POST"])
    desk.add_url_rule("/stick/answer", view_func=office_answer, methods=["POST"])


@guard.needs(Role.GUIDE)
def by_phone() -> str:
    """Show what could go along, and what went."""
    conn = shell.conn()
    office = stick_ledger.office(conn)
    count, size, fresh = stick_ledger.waiting_count(conn, office.id if office else None)
    return shell.page(
        "guide/stick.html",
        at="dossiers",
        told=common.told(),
        ready=office is not None,
        count=count,
        size=_size(size),
        fresh=fresh,
        limit=_size(stick.SIZE),
        parts=[(one, common.when(one.begun_at, one.trusted)) for one in stick_ledger.parts(conn, _SHOWN)],
    )


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.by_phone")
def take_along() -> Any:
    """Give out one file with as much as goes into it; it is written while it is fetched."""
    house = shell.house()
    mine = identity.read_or_make(house.keys)
    conn = house.connect()
    try:
        packing = stick.Packing(conn, mine, house.clock, alone=False)
        part = packing.part(stick.SIZE)
        if part is None:
            key = "stick.too_large_for_phone" if packing.left else "stick.guide_none"
            raise Refused(key, count=packing.left)
    except BaseException:
        conn.close()
        raise

    def flow() -> Iterator[bytes]:
        yield from part.chunks
        packing.done(part)

    given = Response(
        flow(),
        mimetype="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{part.name}"',
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        },
    )
    # The request's own connection is given back before the last byte has left; and a telephone may go before the
    # first.
    given.call_on_close(conn.close)
    return given


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.by_phone")
def office_answer() -> Any:
    """Take in the office's answer from a guide's telephone."""
    house, sent = shell.house(), request.files.get("answer")
    content = sent.read(_MOST_ANSWER + 1) if sent else b""
    if not content:
        raise Refused("stick.answer_none")
    if len(content) > _MOST_ANSWER:
        raise Refused("stick.answer_large")
    heard = by_hand.hear(shell.conn(), io.BytesIO(content), house.keys, house.clock)
    for kind, words in told(heard):
        common.tell(kind, words)
    return redirect(url_for("guide.by_phone"), 303)


def told(heard: Heard) -> list[tuple[str, str]]:
    """Return in sentences what an answer brought, each with its kind of notice."""
    said = [("good", shell.say("stick.heard_closed", count=heard.closed))]
    for kind, name in (("note", "taken"), ("care", "held"), ("care", "gone"), ("care", "other")):
        if count := getattr(heard, name):
            said.append((kind, shell.say(f"stick.heard_{name}", count=count)))
    return said


def hand(instance_id: str) -> str | None:
    """Return in a sentence how a dossier that is not with the office's system stands on its way by hand."""
    found = stick_ledger.hands(shell.conn(), [instance_id]).get(instance_id)
    return _hand(found) if found else None


def _hand(found: Hand) -> str | None:
    if found.word is None:
        return shell.say("stick.hand_carried", time=common.when(found.at, found.trusted))
    return shell.say("stick.hand_taken") if found.word is Word.TAKEN else None


def _size(count: int) -> str:
    told = (
        f"{count / 1_000_000:.{int(count < 10_000_000)}f} MB"
        if count >= 1_000_000
        else f"{-(-count // 1000)} kB"
    )
    return told.replace(".", ",") if shell.lang() == "vi" else told
