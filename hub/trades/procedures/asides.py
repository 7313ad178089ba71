"""The table of the office's forms that wait for a technician's word on their key: statements only.

Keeps true: one row a form id, the latest that the office offered; of a refused one only what it is known by
stays. Nothing in here is ever begun or sealed.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base.clock import Moment


@dataclass(frozen=True, slots=True)
class Aside:
    """A form kept aside; ``told`` is what the office calls this version, ``source`` where it came from."""

    form_id: str
    version: str
    title: str
    sha256: str
    told: str
    public_key: str
    source: str
    refused: bool
    at: dt.datetime
    trusted: bool


_SELECT = (
    "SELECT form_id, version, title, sha256, told, public_key, source, refused, at, trusted FROM form_asides"
)


def put(conn: sqlite3.Connection, aside: Aside, xml: bytes, media: Mapping[str, bytes], now: Moment) -> None:
    """Keep a form aside in the place of the one with its id; of a refused one no content is kept."""
    drop(conn, aside.form_id)
    conn.execute(
        "INSERT INTO form_asides(form_id, version, title, sha256, told, public_key, source, refused, xml, at,"
        " trusted, boot_id, mono) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            aside.form_id,
            aside.version,
            aside.title,
            aside.sha256,
            aside.told,
            aside.public_key,
            aside.source,
            aside.refused,
            b"" if aside.refused else xml,
            clocks.stamp(aside.at),
            aside.trusted,
            now.boot_id,
            now.mono,
        ),
    )
    if not aside.refused:
        conn.executemany(
            "INSERT INTO form_aside_files(form_id, name, content) VALUES (?, ?, ?)",
            [(aside.form_id, name, content) for name, content in media.items()],
        )


def refuse(conn: sqlite3.Connection, form_id: str) -> None:
    """Keep of a form only what it is known by."""
    conn.execute("UPDATE form_asides SET refused = 1, xml = x'' WHERE form_id = ?", (form_id,))
    conn.execute("DELETE FROM form_aside_files WHERE form_id = ?", (form_id,))


def drop(conn: sqlite3.Connection, form_id: str) -> bool:
    """Forget a form that was kept aside; return whether there was one."""
    return conn.execute("DELETE FROM form_asides WHERE form_id = ?", (form_id,)).rowcount == 1


def find(conn: sqlite3.Connection, form_id: str) -> Aside | None:
    """Return what is kept aside of a form id, None for nothing."""
    row = conn.execute(f"{_SELECT} WHERE form_id = ?", (form_id,)).fetchone()
    return _aside(row) if row else None


def listing(conn: sqlite3.Connection) -> tuple[Aside, ...]:
    """Return all that is kept aside, by form id."""
    return tuple(map(_aside, conn.execute(f"{_SELECT} ORDER BY form_id")))


def content(conn: sqlite3.Connection, form_id: str) -> tuple[bytes, dict[str, bytes]]:
    """Return the XML and the files of a form that waits."""
    xml = conn.execute("SELECT xml FROM form_asides WHERE form_id = ?", (form_id,)).fetchone()[0]
    rows = conn.execute("SELECT name, content FROM form_aside_files WHERE form_id = ?", (form_id,))
    return bytes(xml), {row[0]: bytes(row[1]) for row in rows}


def _aside(row: sqlite3.Row) -> Aside:
    told = (row[0], row[1], row[2], row[3], row[4], row[5], row[6])
    return Aside(*told, bool(row[7]), clocks.parse(row[8]), bool(row[9]))
