"""Buzzes and spoken calls: rows that go stale in seconds and are then never played.

Keeps true: a signal older than its time, or from before a reboot, makes no sound; it is deleted unheard. A
played one is deleted after it sounded, so a crash in between can only repeat it while it is still fresh. It
never makes a sound itself: the bench does.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment

PATTERNS: dict[str, tuple[int, ...]] = {
    "press": (60,),
    "call": (180, 90, 180),
    "refused": (500,),
    "test": (80, 80, 80, 80, 240),
}
"""The buzzer's words, in milliseconds of sound, silence, sound, …"""


@dataclass(frozen=True, slots=True)
class Chirp:
    """A buzz that is due."""

    id: int
    pattern: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """Words that are due: (language, text) one after the other, after a chime if one is wanted."""

    id: int
    texts: tuple[tuple[str, str], ...]
    chime: bool


def chirp(conn: sqlite3.Connection, pattern: str, *, moment: Moment, ttl_s: float) -> None:
    """Queue a buzz of ``PATTERNS``, worth hearing for ``ttl_s`` seconds; joins the caller's transaction."""
    if pattern not in PATTERNS:
        raise ValueError(f"no buzzer pattern {pattern!r}")
    _add(conn, "chirp", pattern, False, moment, ttl_s)


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


def chirps(conn: sqlite3.Connection, moment: Moment) -> tuple[Chirp, ...]:
    """Return the buzzes that are still fresh, oldest first."""
    return tuple(Chirp(row["id"], PATTERNS[row["what"]]) for row in _fresh(conn, "chirp", moment))


def next_call(conn: sqlite3.Connection, moment: Moment) -> Call | None:
    """Return the oldest spoken call that is still fresh, or None."""
    for row in _fresh(conn, "say", moment):
        texts = tuple((lang, text) for lang, text in json.loads(row["what"]))
        return Call(row["id"], texts, bool(row["chime"]))
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


def _fresh(conn: sqlite3.Connection, kind: str, moment: Moment) -> list[sqlite3.Row]:
    rows = conn.execute("SELECT * FROM signals WHERE kind = ? ORDER BY id", (kind,)).fetchall()
    return [row for row in rows if clocks.still_fresh(moment, row["boot_id"], row["mono"], row["ttl_s"])]
