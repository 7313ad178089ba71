"""Buzzes and spoken calls: rows that go stale in seconds and are then never played.

Keeps true: a signal older than its time, or from before a reboot, makes no sound; it is deleted unheard. A
played one is deleted after it sounded, so a crash in between can only repeat it while it is still fresh. It
never makes a sound itself: the bench does.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment

PATTERNS: dict[str, tuple[int, ...]] = {
    "press": (60,),
    "call": (180, 90, 180),
    "refused": (500,),
    "read": (90,),
    "test": (80, 80, 80, 80, 240),
}
"""The buzzer's words, in milliseconds of sound, silence, sound, …"""


@dataclass(frozen=True, slots=True)
class Chirp:
    """A buzz that is due; ``name`` is its word in ``PATTERNS``."""

    id: int
    name: str
    pattern: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Announced:
    """A number that is called to a desk; each of ``langs`` makes its own sentence of it, in their order."""

    label: str
    desk: str
    service: str
    langs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """What is due after a chime if one is wanted: a number that is called, or (language, text) as it is."""

    id: int
    texts: tuple[tuple[str, str], ...]
    chime: bool
    announced: Announced | None = None


def chirp(
    conn: sqlite3.Connection, name: str, *, own: Sequence[int] = (), moment: Moment, ttl_s: float
) -> None:
    """Queue a buzz of ``PATTERNS``, worth hearing for ``ttl_s`` seconds; joins the caller's transaction.

    ``own``: milliseconds that are sounded in place of the word's usual pattern.
    """
    if name not in PATTERNS:
        raise ValueError(f"no buzzer pattern {name!r}")
    _add(conn, "chirp", json.dumps([name, *(own or PATTERNS[name])]), False, moment, ttl_s)


def say(
    conn: sqlite3.Connection,
    texts: Sequence[tuple[str, str]],
    *,
    moment: Moment,
    ttl_s: float,
    chime: bool = True,
) -> None:
    """Queue a call of (language, text) pairs, worth hearing for ``ttl_s`` seconds; joins the transaction."""
    _add(conn, "say", json.dumps([list(pair) for pair in texts], ensure_ascii=False), chime, moment, ttl_s)


def announce(
    conn: sqlite3.Connection, what: Announced, *, moment: Moment, ttl_s: float, chime: bool = True
) -> None:
    """Queue the call of a number, worth hearing for ``ttl_s`` seconds; joins the caller's transaction."""
    _add(conn, "say", json.dumps(asdict(what), ensure_ascii=False), chime, moment, ttl_s)


def chirps(conn: sqlite3.Connection, moment: Moment) -> tuple[Chirp, ...]:
    """Return the buzzes that are still fresh, oldest first."""
    return tuple(_chirp(row) for row in _fresh(conn, "chirp", moment))


def next_call(conn: sqlite3.Connection, moment: Moment) -> Call | None:
    """Return the oldest spoken call that is still fresh, or None."""
    for row in _fresh(conn, "say", moment):
        told, chime = json.loads(row["what"]), bool(row["chime"])
        if isinstance(told, dict):
            return Call(row["id"], (), chime, Announced(**told | {"langs": tuple(told["langs"])}))
        return Call(row["id"], tuple((lang, text) for lang, text in told), chime)
    return None


def heard(conn: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Delete signals that sounded."""
    with db.write(conn):
        conn.executemany("DELETE FROM signals WHERE id = ?", [(one,) for one in ids])


def sweep(conn: sqlite3.Connection, moment: Moment) -> int:
    """Delete what has gone stale unheard; return how many."""
    stale = [
        row["id"]
        for row in conn.execute("SELECT id, boot_id, mono, ttl_s FROM signals")
        if not clocks.still_fresh(moment, row["boot_id"], row["mono"], row["ttl_s"])
    ]
    if stale:
        heard(conn, stale)
    return len(stale)


def _add(conn: sqlite3.Connection, kind: str, what: str, chime: bool, moment: Moment, ttl_s: float) -> None:
    with db.write(conn):
        conn.execute(
            "INSERT INTO signals(kind, what, chime, ttl_s, created_at, trusted, boot_id, mono)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (kind, what, chime, ttl_s, moment.text, moment.trusted, moment.boot_id, moment.mono),
        )


def _chirp(row: sqlite3.Row) -> Chirp:
    name, *pattern = json.loads(row["what"])
    return Chirp(row["id"], name, tuple(pattern))


def _fresh(conn: sqlite3.Connection, kind: str, moment: Moment) -> list[sqlite3.Row]:
    rows = conn.execute("SELECT * FROM signals WHERE kind = ? ORDER BY id", (kind,)).fetchall()
    return [row for row in rows if clocks.still_fresh(moment, row["boot_id"], row["mono"], row["ttl_s"])]
