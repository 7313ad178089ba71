"""The log of an exercise: what came when and from which House, what was answered, and what it should have made of it.

Keeps true: every sending is in it, and everything that an order touched; a row says whether the record was whole on
the shelf when the exchange ended. It keeps the last thousand and never a word of what was sent.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from hub.base import db
from hub.practice_office import forms, incoming, records

_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One exchange.

    ``status`` 0 is no answer at all; ``done`` is whether a House that keeps the rules counts it as done, ``whole``
    whether the record was here with every file that it names.
    """

    at: str
    kind: str
    dialect: str
    device: str
    form_id: str
    instance_id: str
    body_bytes: int
    parts: int
    answer: str
    manner: str
    status: int
    done: bool
    whole: bool


def write(conn: sqlite3.Connection, entry: Entry) -> int:
    """Put an exchange down; return its number."""
    with db.write(conn):
        made = conn.execute(
            "INSERT INTO exercise(at, kind, dialect, device, form_id, instance_id, body_bytes, parts, answer, manner,"
            " status, done, whole) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                entry.at,
                entry.kind,
                entry.dialect,
                entry.device,
                entry.form_id,
                entry.instance_id,
                entry.body_bytes,
                entry.parts,
                entry.answer,
                entry.manner,
                entry.status,
                entry.done,
                entry.whole,
            ),
        )
        conn.execute("DELETE FROM exercise WHERE id <= ?", ((made.lastrowid or 0) - _KEPT,))
        return int(made.lastrowid or 0)


def unanswered(conn: sqlite3.Connection, number: int) -> None:
    """Put right that the answer of an exchange did not leave whole."""
    with db.write(conn):
        conn.execute("UPDATE exercise SET status = 0, done = 0 WHERE id = ?", (number,))


def listing(conn: sqlite3.Connection, most: int = 100) -> tuple[Entry, ...]:
    """Return what was written, the latest first."""
    rows = conn.execute(
        "SELECT at, kind, dialect, device, form_id, instance_id, body_bytes, parts, answer, manner, status, done,"
        " whole FROM exercise ORDER BY id DESC LIMIT ?",
        (most,),
    )
    return tuple(_entry(*row) for row in rows)


def _entry(*told: Any) -> Entry:
    return Entry(*told[:-2], *map(bool, told[-2:]))


def forget(conn: sqlite3.Connection) -> None:
    """Begin a new log."""
    with db.write(conn):
        conn.execute("DELETE FROM exercise")


def is_whole(conn: sqlite3.Connection, form_id: str, instance_id: str, xml: bytes) -> bool:
    """Return whether this very ``xml`` is on the shelf with every file that it names."""
    found = records.holding(conn, form_id, instance_id, xml) if instance_id else None
    if found is None:
        return False
    told = incoming.read(xml, forms.binary_paths(records.form_xml(conn, form_id, found.version)))
    return told is not None and told.files <= records.present_files(conn, found.id)
