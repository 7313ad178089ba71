"""Parcels that are held for a person, by what holds them.

Keeps true: what is let go goes as the same bytes, and what the office has of it is not sent again. It never
discards a parcel.
"""

from __future__ import annotations

import sqlite3

from hub.base import db
from hub.post import outbox

_MANY = 500


def reasons(conn: sqlite3.Connection) -> tuple[tuple[str, int], ...]:
    """Return the reasons for which parcels are held, each with how many, the most frequent first."""
    rows = conn.execute(
        "SELECT reason_key, count(*) AS parcels FROM outbox WHERE state = 'held' GROUP BY reason_key"
        " ORDER BY parcels DESC, reason_key"
    )
    return tuple((row["reason_key"], row["parcels"]) for row in rows)


def release_all(conn: sqlite3.Connection, reason_key: str) -> int:
    """Let all go again that are held for ``reason_key``, same bytes; return how many."""
    freed, last = 0, 1
    there = dict(reasons(conn)).get(reason_key, 0)
    # Some hundreds at a time: others write too, and the relay may lay the first aside again before the last are free.
    while last and freed < there:
        with db.write(conn):
            last = conn.execute(
                f"{outbox.RELEASE} WHERE id IN (SELECT id FROM outbox WHERE state = 'held' AND reason_key = ?"
                f" LIMIT {_MANY})",
                (reason_key,),
            ).rowcount
            freed += last
            db.touch(conn, outbox.TOPIC)
            db.touch(conn, outbox.WAKE)
    return freed
