"""Open the House: content in place, and in a demo House people to sign in as and a queue to call.

Keeps true: what is there already stays as it is. Demo staff, prices and numbers exist only in a House whose settings
say ``demo``, and are made once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from hub.base import db, phrases
from hub.base.house import House
from hub.base.settings import Settings
from hub.wiring import content, demo

Tell = Callable[[str], object]


def prepare(house: House, *, tell: Tell, lang: str = phrases.DEFAULT) -> None:
    """Bring the House to where a visitor can be served; says each long step through ``tell``."""
    for folder in content.packs_beside(house):
        done = content.put(house, folder, unsealed=True)
        if done.fresh:
            tell(phrases.say(lang, "opening.content", name=done.name, version=done.version))
    if house.settings.house.demo:
        conn = house.connect()
        try:
            demo.office(house)
            if not _done(conn, "demo"):
                tell(phrases.say(lang, "opening.demo"))
                with db.write(conn):
                    demo.fill(house, conn)
                    conn.execute("INSERT INTO facts(name, value) VALUES ('demo', ?)", (house.clock.read().text,))
        finally:
            conn.close()


def speak(house: House, *, tell: Tell, lang: str = phrases.DEFAULT) -> None:
    """Make the sound of all lessons, scams and procedures ahead of time; a House without a voice says so."""
    from hub.base.errors import NotReady
    from hub.overview import voices
    from hub.packs import shelf
    from hub.trades.speech import service as speech

    active = shelf.current(house.packs, content.CORE)
    clips = active.root / "clips"
    try:
        built = speech.build(
            house.speech,
            voices.texts(active),
            words_per_minute=house.settings.sound.words_per_minute,
            clips=(clips,) if clips.is_dir() else (),
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
    devices = (("printer", given.printer), ("panel", given.panel), ("speaker", given.speaker))
    simulated = [name for name, device in devices if device.kind == "simulator"]
    if simulated:
        told = ", ".join(phrases.say(lang, f"opening.device_{name}") for name in simulated)
        lines.append(phrases.say(lang, "opening.simulated", devices=told, address=f"{address}/technician/devices"))
    lines.append(phrases.say(lang, "opening.stop"))
    return tuple(lines)


def _done(conn: sqlite3.Connection, name: str) -> bool:
    return conn.execute("SELECT 1 FROM facts WHERE name = ?", (name,)).fetchone() is not None
