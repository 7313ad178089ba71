"""By hand, the technician's end: whose key is confirmed, sticks that are in, what was written.

Keeps true: another office's key counts only after a person has compared its fingerprint and said so, on a page
that shows both; what lies on a stick says neither who nor what. It lets nothing be written anywhere but on a
stick that is mounted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, request

from hub.base import identity
from hub.base.errors import Refused
from hub.desks import errors, guard, shell
from hub.desks.technician import common
from hub.overview import by_hand
from hub.post import stick, stick_ledger
from hub.post.stick import Written
from hub.post.transports import stick as sticks

_SHOWN = 20
_LINE = 400


def add_to(desk: Blueprint) -> None:
    """Put carrying by hand on ``desk``."""
    common.put(desk, "/stick", by_hand_page)
    common.put(desk, "/stick/office", look_at_office, post=True)
    common.put(desk, "/stick/confirm", confirm_office, post=True)
    common.put(desk, "/stick/write", write, post=True)
    common.put(desk, "/stick/read", read, post=True)


def by_hand_page() -> str:
    """Show keys, sticks and what was written."""
    conn = shell.conn()
    office = stick_ledger.office(conn)
    count, size, fresh = stick_ledger.waiting_count(conn, office.id if office else None)
    return shell.page(
        "technician/stick.html",
        mine=identity.read_or_make(shell.house().keys).public,
        office=office,
        since=common.when(office.since) if office else "",
        count=count,
        size=common.size(size),
        fresh=fresh,
        media=[(str(one.folder), common.size(one.free)) for one in sticks.media()],
        parts=[(one, common.when(one.begun_at)) for one in stick_ledger.parts(conn, _SHOWN)],
    )


def look_at_office() -> Any:
    """Show the fingerprint of a key before it is trusted."""
    try:
        public = identity.read(_line(), "office")
    except Refused as bad:
        return common.done("care", errors.told(bad), "by_hand_page")
    return shell.page("technician/stick_office.html", public=public, office=stick_ledger.office(shell.conn()))


def confirm_office() -> Any:
    """Trust the key that was shown."""
    house, me = shell.house(), guard.who().staff.id
    return common.tried(
        lambda: stick.confirm_office(shell.conn(), _line(), staff=me, moment=house.clock.read()),
        lambda _: shell.say("stick.office_confirmed"),
        "by_hand_page",
    )


def write() -> Any:
    """Write what waits to a stick."""
    house = shell.house()

    def written() -> Written:
        mine = identity.read_or_make(house.keys)
        return stick.write(shell.conn(), mine, house.clock, _stick())

    return common.tried(written, _written, "by_hand_page")


def _written(found: object) -> str:
    assert isinstance(found, Written)
    said = [shell.say("stick.written", files=len(found.files), parcels=found.parcels)]
    if found.damaged:
        said.append(shell.say("stick.damaged_here", count=found.damaged))
    if found.left:
        said.append(shell.say("stick.left_next", left=found.left))
    if found.reason_key:
        said.append(shell.say(found.reason_key, folder=request.form.get("folder", ""), why=""))
    return " ".join(said)


def read() -> Any:
    """Take in the answers that lie on a stick."""
    house = shell.house()

    def words() -> str:
        folder = _stick()
        heard, before, bad_ones = by_hand.hear_all(shell.conn(), folder, house.keys, house.clock)
        if not (heard.words or before or bad_ones):
            return shell.say("stick.answers_none", folder=folder)
        said = [shell.say("stick.heard_closed", count=heard.closed)]
        for name in ("taken", "held", "gone", "other"):
            if count := getattr(heard, name):
                said.append(shell.say(f"stick.heard_{name}", count=count))
        if before:
            said.append(shell.say("stick.answers_known", count=before))
        said += [f"{name}: {errors.told(bad)}" for name, bad in bad_ones]
        return " ".join(said)

    return common.tried(words, str, "by_hand_page")


def _stick() -> Path:
    # Only what is mounted as a stick: a form must not name any folder of this machine.
    wanted = request.form.get("folder", "")
    for one in sticks.media():
        if str(one.folder) == wanted:
            return one.folder
    raise Refused("stick.tech_not_there")


def _line() -> str:
    return request.form.get("line", "").strip()[:_LINE]
