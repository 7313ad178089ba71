"""The file of breaches: what happened, since when it is known, and the three days that run from there.

Keeps true: a breach and what is added to it are never changed and never deleted; its clock stops only when it
was reported, or found to need no report for a reason. It invents no address to report to.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Collection

from hub.base import clock as clocks
from hub.base import db, text
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing, Refused
from hub.trades.privacy.model import Breach, BreachId, Kinds, Step, Stepped

TOPIC = "privacy"
LONGEST = 2000


def report(
    conn: sqlite3.Connection,
    happened: str,
    measures: str,
    *,
    discovered_at: dt.datetime,
    kinds: Collection[Kinds],
    people: int,
    staff: int,
    moment: Moment,
) -> BreachId:
    """Open the file of a breach.

    Raises ``Refused("privacy.breach_what")`` without words or kinds of data, ``Refused
    ("privacy.breach_future")`` for a discovery that is still to come.
    """
    told = _cleaned(happened)
    if not told or not kinds:
        raise Refused("privacy.breach_what")
    # By a clock that nobody believes, today may well lie in its future.
    if moment.trusted and discovered_at > moment.at + dt.timedelta(minutes=1):
        raise Refused("privacy.breach_future")
    with db.write(conn):
        added = conn.execute(
            "INSERT INTO breaches(happened, discovered_at, kinds, people, measures, staff_id, noted_at,"
            " trusted, boot_id, mono) VALUES (?,?,?,?,?,?,?,?,?,?)",
            (
                told,
                clocks.stamp(discovered_at),
                " ".join(one for one in Kinds if one in kinds),
                people,
                _cleaned(measures),
                staff,
                *_four(moment),
            ),
        )
        assert added.lastrowid is not None
        db.touch(conn, TOPIC)
    return BreachId(added.lastrowid)


def step(
    conn: sqlite3.Connection, breach_id: int, what: Step, words: str, *, staff: int, moment: Moment
) -> None:
    """Add to a breach: more that was done, that it was reported and to whom, or why it need not be.

    Raises ``Missing("privacy.no_breach")``, ``Refused("privacy.breach_words")`` without words, ``Conflict
    ("privacy.breach_ended")`` when its clock has stopped already and ``what`` would stop it again.
    """
    told = _cleaned(words)
    with db.write(conn):
        found = get(conn, breach_id)
        if not told:
            raise Refused("privacy.breach_words")
        if what is not Step.ADDED and found.ended is not None:
            raise Conflict("privacy.breach_ended")
        conn.execute(
            "INSERT INTO breach_steps(breach_id, step, words, staff_id, noted_at, trusted, boot_id, mono)"
            " VALUES (?,?,?,?,?,?,?,?)",
            (found.id, what, told, staff, *_four(moment)),
        )
        db.touch(conn, TOPIC)


def get(conn: sqlite3.Connection, breach_id: int) -> Breach:
    """Return one breach; raises ``Missing("privacy.no_breach")``."""
    row = conn.execute("SELECT * FROM breaches WHERE id = ?", (breach_id,)).fetchone()
    if row is None:
        raise Missing("privacy.no_breach")
    return _told(conn, row)


def listing(conn: sqlite3.Connection) -> tuple[Breach, ...]:
    """Return all breaches: those whose clock runs first, then the latest."""
    found = [_told(conn, row) for row in conn.execute("SELECT * FROM breaches ORDER BY id DESC")]
    return tuple(sorted(found, key=lambda one: one.ended is not None))


def running(conn: sqlite3.Connection) -> tuple[Breach, ...]:
    """Return the breaches whose clock runs, the oldest discovery first."""
    found = [one for one in listing(conn) if one.ended is None]
    return tuple(sorted(found, key=lambda one: one.discovered_at))


def _told(conn: sqlite3.Connection, row: sqlite3.Row) -> Breach:
    steps = conn.execute("SELECT * FROM breach_steps WHERE breach_id = ? ORDER BY id", (row["id"],))
    return Breach(
        BreachId(row["id"]),
        row["happened"],
        clocks.parse(row["discovered_at"]),
        tuple(Kinds(one) for one in row["kinds"].split()),
        row["people"],
        row["measures"],
        row["staff_id"],
        clocks.parse(row["noted_at"]),
        bool(row["trusted"]),
        tuple(
            Stepped(
                Step(one["step"]),
                one["words"],
                one["staff_id"],
                clocks.parse(one["noted_at"]),
                bool(one["trusted"]),
            )
            for one in steps
        ),
    )


def _cleaned(words: str) -> str:
    return text.clean(words, lines=True)[:LONGEST]


def _four(now: Moment) -> tuple[str, bool, str, float]:
    return (now.text, now.trusted, now.boot_id, now.mono)
