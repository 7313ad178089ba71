"""The access log: who did what to which record when, where no other room writes it down.

Keeps true: it only grows, and each line is sealed together with the one before, so that a changed, missing or
slipped-in line shows. It never holds a name, a search or an answer. What was opened, saved, exported and
erased in dossiers and households stands in their own events; ``hub.overview.access`` reads all of it as one.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import NotReady
from hub.trades.privacy.model import Access, Logged


def note(conn: sqlite3.Connection, act: Access, subject: str, *, staff: int | None, moment: Moment) -> None:
    """Write one line, in the caller's transaction if there is one; ``subject`` is a random id or empty."""
    with db.write(conn):
        before = conn.execute("SELECT id, seal FROM access_log ORDER BY id DESC LIMIT 1").fetchone()
        number = (before["id"] if before else 0) + 1
        content = (number, str(act), subject, staff, moment.boot_id, moment.mono)
        conn.execute(
            "INSERT INTO access_log(id, act, subject, staff_id, at, trusted, boot_id, mono, seal)"
            " VALUES (?,?,?,?,?,?,?,?,?)",
            (
                number,
                act,
                subject,
                staff,
                moment.text,
                moment.trusted,
                moment.boot_id,
                moment.mono,
                _seal(before["seal"] if before else "", content),
            ),
        )


def lines(conn: sqlite3.Connection, most: int) -> tuple[Logged, ...]:
    """Return the latest lines, latest first."""
    return _read(conn, "ORDER BY id DESC LIMIT ?", most)


def about(conn: sqlite3.Connection, subject: str) -> tuple[Logged, ...]:
    """Return what was written down about one record, oldest first."""
    return _read(conn, "WHERE subject = ? ORDER BY id", subject)


def counts(conn: sqlite3.Connection) -> dict[Access, int]:
    """Return how often what was done."""
    rows = conn.execute("SELECT act, count(*) FROM access_log GROUP BY act")
    return {Access(row[0]): int(row[1]) for row in rows}


def verify(conn: sqlite3.Connection) -> int:
    """Return how many lines there are, each in its place.

    Raises ``NotReady("privacy.log_broken")`` with the number of the first that is not.
    """
    seal, number = "", 0
    for row in conn.execute("SELECT * FROM access_log ORDER BY id"):
        number += 1
        content = (row["id"], row["act"], row["subject"], row["staff_id"], row["boot_id"], row["mono"])
        seal = _seal(seal, content)
        if row["id"] != number or row["seal"] != seal:
            raise NotReady("privacy.log_broken", row=number)
    return number


def _seal(before: str, content: tuple[object, ...]) -> str:
    told = json.dumps([before, *content], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(told.encode("utf-8")).hexdigest()


def _read(conn: sqlite3.Connection, rest: str, value: object) -> tuple[Logged, ...]:
    rows = conn.execute(f"SELECT * FROM access_log {rest}", (value,))
    return tuple(
        Logged(
            Access(row["act"]), row["subject"], row["staff_id"], clocks.parse(row["at"]), bool(row["trusted"])
        )
        for row in rows
    )
