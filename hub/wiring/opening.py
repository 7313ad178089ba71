"""Open the House: content in place, and in a demo House people to sign in as and a queue to call.

Keeps true: what is there already stays as it is. Demo staff, prices and numbers exist only in a House whose settings
say ``demo``, and are made once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from hub.base import db, phrases
from hub.base.errors import NotReady
from hub.base.house import House
from hub.base.settings import Settings
from hub.trades.staff import service as staff
from hub.wiring import content, demo

Tell = Callable[[str], object]


def prepare(house: House, *, tell: Tell, lang: str = phrases.DEFAULT) -> None:
    """Bring the House to where a visitor can be served; says each long step through ``tell``.

    Raises ``NotReady`` ("opening.holds_demo", "opening.holds_real") rather than mix samples with real people's data.
    """
    with closing(house.connect()) as conn:
        _refuse_mixing(house, conn)
        for done in content.again(house):
            tell(phrases.say(lang, "opening.content", name=done.name, version=done.version))
        if not house.settings.house.demo:
            return
        demo.office(house)
        if not _is_demo(conn):
            tell(phrases.say(lang, "opening.demo"))
            with db.write(conn):
                demo.fill(house, conn)
                conn.execute("INSERT INTO facts(name, value) VALUES ('demo', ?)", (house.clock.read().text,))


def speak(house: House, *, tell: Tell, lang: str = phrases.DEFAULT) -> None:
    """Make the sound of all calls, lessons and scams ahead of time; a House without a voice says so."""
    from hub.overview import calling, voices
    from hub.packs import shelf
    from hub.trades.speech import calls
    from hub.trades.speech import service as speech

    active = shelf.current(house.packs, content.CORE)
    clips = active.root / "clips"

    def going(there: int, of: int) -> None:
        tell(phrases.say(lang, "opening.calls_going", there=there, of=of))

    with closing(house.connect()) as conn:
        needs = calling.needs(conn, house.settings)
    try:
        # Calls first: somebody may be called before the last lesson is read.
        called = calls.build(calls.Voices(house.speech, house.settings.sound), needs, tell=going)
        tell(
            phrases.say(lang, "opening.calls", made=called.made, present=called.present, failed=called.failed)
        )
        built = speech.build(
            house.speech,
            voices.texts(active),
            words_per_minute=house.settings.sound.words_per_minute,
            clips=(clips,) if clips.is_dir() else (),
            manner=house.settings.sound.manner,
        )
    except NotReady as bad:
        tell(phrases.say(lang, bad.key, **bad.values))
        return
    tell(phrases.say(lang, "opening.voice", made=built.made, present=built.present, failed=built.failed))


def welcome(given: Settings, data: Path, address: str, lang: str) -> tuple[str, ...]:
    """Return what is said when the House is open: addresses, sign-ins of a demo, what is simulated."""
    lines = ["", phrases.say(lang, "opening.open", name=given.house.name, address=address, data=data)]
    lines.append(phrases.say(lang, "opening.board", address=f"{address}/board"))
    lines.append(phrases.say(lang, "opening.staff", address=f"{address}/sign-in"))
    if given.house.demo:
        for name, role, secret in demo.SIGN_INS:
            lines.append(phrases.say(lang, f"opening.demo_{role}", name=name, secret=secret))
        lines.append(phrases.say(lang, "opening.office", address=f"http://127.0.0.1:{given.office.port}"))
    names = ("printer", "sheets", "scanner", "reader", "panel", "speaker")
    devices = tuple((name, getattr(given, name)) for name in names)
    simulated = [name for name, device in devices if device.kind == "simulator"]
    if simulated:
        told = ", ".join(phrases.say(lang, f"opening.device_{name}") for name in simulated)
        lines.append(
            phrases.say(lang, "opening.simulated", devices=told, address=f"{address}/technician/devices")
        )
    lines.append(phrases.say(lang, "opening.stop"))
    return tuple(lines)


def _refuse_mixing(house: House, conn: sqlite3.Connection) -> None:
    # Demo PINs are printed for everybody: they must never open a House in which people's papers lie.
    if not house.settings.house.demo:
        if _is_demo(conn):
            raise NotReady("opening.holds_demo", data=house.data)
    elif not _is_demo(conn) and staff.listing(conn):
        raise NotReady("opening.holds_real", data=house.data)


def _is_demo(conn: sqlite3.Connection) -> bool:
    return conn.execute("SELECT 1 FROM facts WHERE name = 'demo'").fetchone() is not None
