"""The tables of forms that came after the pack: statements only; whoever calls opens the transaction.

Keeps true: one row a form id, with the files it came with. What drafts were begun with is kept elsewhere and
never touched from here.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hub.base import clock as clocks
from hub.base.clock import VILLAGE, Moment
from hub.base.errors import Missing


class Origin(StrEnum):
    """Where a form comes from."""

    PACK = "pack"
    ADDED = "added"
    FETCHED = "fetched"


@dataclass(frozen=True, slots=True)
class Kept:
    """A form on the shelf, without its XML and files; ``told`` is what the office called this version."""

    form_id: str
    version: str
    title: str
    origin: Origin
    sha256: str
    told: str
    put_on: dt.date


_KEPT = "SELECT form_id, version, title, origin, sha256, told, added_at FROM form_shelf"


def put(conn: sqlite3.Connection, kept: Kept, xml: bytes, media: Mapping[str, bytes], moment: Moment) -> None:
    """Put a form in the place of the one with its id."""
    remove(conn, kept.form_id)
    conn.execute(
        "INSERT INTO form_shelf(form_id, version, title, origin, sha256, told, xml, added_at, trusted,"
        " boot_id, mono) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            kept.form_id,
            kept.version,
            kept.title,
            kept.origin,
            kept.sha256,
            kept.told,
            xml,
            moment.text,
            moment.trusted,
            moment.boot_id,
            moment.mono,
        ),
    )
    conn.executemany(
        "INSERT INTO form_shelf_files(form_id, name, content) VALUES (?, ?, ?)",
        [(kept.form_id, name, content) for name, content in media.items()],
    )


def note_told(conn: sqlite3.Connection, form_id: str, told: str) -> None:
    """Write down what the office calls the version that is here already."""
    conn.execute("UPDATE form_shelf SET told = ? WHERE form_id = ?", (told, form_id))


def remove(conn: sqlite3.Connection, form_id: str) -> bool:
    """Take a form off the shelf; return whether there was one."""
    return conn.execute("DELETE FROM form_shelf WHERE form_id = ?", (form_id,)).rowcount == 1


def find(conn: sqlite3.Connection, form_id: str) -> Kept | None:
    """Return a form of the shelf, None for none."""
    row = conn.execute(f"{_KEPT} WHERE form_id = ?", (form_id,)).fetchone()
    return _kept(row) if row else None


def listing(conn: sqlite3.Connection) -> tuple[Kept, ...]:
    """Return all forms of the shelf, by id."""
    return tuple(map(_kept, conn.execute(f"{_KEPT} ORDER BY form_id")))


def content(conn: sqlite3.Connection, form_id: str) -> tuple[bytes, dict[str, bytes]]:
    """Return the XML and the files of a form, all of one moment; raises ``Missing("procedures.none")``."""
    rows = conn.execute(
        "SELECT NULL, xml FROM form_shelf WHERE form_id = :id"
        " UNION ALL SELECT name, content FROM form_shelf_files WHERE form_id = :id",
        {"id": form_id},
    )
    found: dict[str | None, bytes] = {row[0]: bytes(row[1]) for row in rows}
    xml = found.pop(None, None)
    if xml is None:
        raise Missing("procedures.none")
    return xml, {name: one for name, one in found.items() if name is not None}


def xml(conn: sqlite3.Connection, form_id: str) -> bytes:
    """Return the XML of a form alone; raises as ``content``."""
    row = conn.execute("SELECT xml FROM form_shelf WHERE form_id = ?", (form_id,)).fetchone()
    if row is None:
        raise Missing("procedures.none")
    return bytes(row[0])


def _kept(row: sqlite3.Row) -> Kept:
    return Kept(row[0], row[1], row[2], Origin(row[3]), row[4], row[5], _day(row[6]))


def _day(at: str) -> dt.date:
    return clocks.parse(at).astimezone(VILLAGE).date()
