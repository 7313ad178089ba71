"""What became of each form at the last asking of the office, and when that was: for the technician's page.

Keeps true: the time of an asking is the time of its end; an asking that found no list leaves what was known of
the forms as it was.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment

WISH = "forms_wish"
"""Counts how often a technician asked for the forms."""
TOPIC = "forms_offered"


class Came(StrEnum):
    """What became of one offered form."""

    TAKEN = "taken"
    SAME = "same"
    WAITING = "waiting"
    UNTRUSTED = "untrusted"
    OURS = "ours"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Offer:
    """A form as the office last offered it; ``came`` is what became of it, with the phrase that says why not.

    ``told`` names program and content of one that cannot run here, so that it need not travel again.
    """

    form_id: str
    version: str
    came: str
    reason_key: str
    values: Mapping[str, object]
    told: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """The last asking: when, what was in its way, and the wish of a technician that it answered."""

    at: dt.datetime
    reason_key: str | None
    wish: int


def ask(conn: sqlite3.Connection) -> None:
    """Have the relay fetch forms as soon as there is a way, in the caller's transaction if there is one."""
    with db.write(conn):
        db.touch(conn, WISH)


def note(conn: sqlite3.Connection, found: Iterable[Offer]) -> None:
    """Write down what became of all forms that are offered, in the caller's transaction."""
    conn.execute("DELETE FROM forms_offered")
    conn.executemany(
        "INSERT OR REPLACE INTO forms_offered(form_id, version, came, reason_key, reason_values, told, at)"
        " VALUES (?,?,?,?,?,?,?)",
        [
            (
                one.form_id,
                one.version,
                one.came,
                one.reason_key,
                json.dumps(one.values, ensure_ascii=False, default=str),
                one.told,
                clocks.stamp(one.at),
            )
            for one in found
        ],
    )
    db.touch(conn, TOPIC)


def note_asked(conn: sqlite3.Connection, wish: int, reason_key: str | None, now: Moment) -> None:
    """Write down that the office was asked, and what was in the way, in the caller's transaction if any."""
    with db.write(conn):
        conn.execute(
            "INSERT OR REPLACE INTO forms_asked(id, wish, at, reason_key) VALUES (1, ?, ?, ?)",
            (wish, now.text, reason_key),
        )
        db.touch(conn, TOPIC)


def listing(conn: sqlite3.Connection) -> tuple[Offer, ...]:
    """Return what became of each form that the office offers, by form id."""
    rows = conn.execute(
        "SELECT form_id, version, came, reason_key, reason_values, told, at FROM forms_offered ORDER BY form_id"
    )
    return tuple(
        Offer(row[0], row[1], row[2], row[3], json.loads(row[4]), row[5], clocks.parse(row[6]))
        for row in rows
    )


def offered(conn: sqlite3.Connection, form_id: str) -> Offer | None:
    """Return what became of one form, None where the office did not offer it."""
    return next((one for one in listing(conn) if one.form_id == form_id), None)


def asked(conn: sqlite3.Connection) -> Asked | None:
    """Return the last asking, None where the office was never asked."""
    row = conn.execute("SELECT at, reason_key, wish FROM forms_asked WHERE id = 1").fetchone()
    return Asked(clocks.parse(row[0]), row[1], row[2]) if row else None


def wished(conn: sqlite3.Connection) -> bool:
    """Return whether a technician asked for the forms and no asking has answered that yet."""
    last = asked(conn)
    return db.version(conn, WISH) > (last.wish if last else 0)
