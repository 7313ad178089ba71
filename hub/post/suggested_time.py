"""What time the office's machine says it is: a suggestion for a person, while the House cannot know.

Keeps true: it is asked without any key and believed by nobody until a person has looked at it; it is of use in
the boot it was heard in and for a day. It never moves the House's clock.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment

_NAME = "clock_suggested"
_HOLDS_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The time it would be now by the office's machine, how many seconds ago that machine was asked, and what tells
    this answer of it from another."""

    at: dt.datetime
    age_s: float
    mark: str


def note(conn: sqlite3.Connection, at: dt.datetime, now: Moment) -> None:
    """Remember what the office's machine said now."""
    told = json.dumps({"at": clocks.stamp(at), "boot_id": now.boot_id, "mono": now.mono})
    with db.write(conn):
        conn.execute("INSERT OR REPLACE INTO facts(name, value) VALUES (?, ?)", (_NAME, told))


def last(conn: sqlite3.Connection, now: Moment) -> Suggestion | None:
    """Return what was heard in this boot within a day, carried on to now, or None."""
    row = conn.execute("SELECT value FROM facts WHERE name = ?", (_NAME,)).fetchone()
    if row is None:
        return None
    told = json.loads(row[0])
    if not clocks.still_fresh(now, told["boot_id"], told["mono"], _HOLDS_S):
        return None
    age_s = max(0.0, now.mono - told["mono"])
    return Suggestion(clocks.parse(told["at"]) + dt.timedelta(seconds=age_s), age_s, told["at"])
