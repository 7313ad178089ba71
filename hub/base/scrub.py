"""After something was deleted: no old page of it left in the database's log file.

SQLite overwrites deleted content in the database itself (``secure_delete``), but the write-ahead log keeps
earlier pages until it is emptied. Keeps true: who deletes says so with ``want`` in the same transaction, so
that a reader in the way, or a power cut right after, only delays the emptying: the relay does it as soon as
it can. It never touches a row of anybody's.
"""

from __future__ import annotations

import sqlite3
import time

from hub.base import db

_WANTED, _DONE = "scrub.wanted", "scrub.done"
_TRIES = 5
_WAIT_S = 0.04
_BUSY_MS = 200


def want(conn: sqlite3.Connection) -> None:
    """Note, in the caller's transaction, that the log holds something that must go."""
    db.touch(conn, _WANTED)


def due(conn: sqlite3.Connection) -> bool:
    """Return whether something is still to be emptied from the log."""
    return db.version(conn, _WANTED) > db.version(conn, _DONE)


def scrub(conn: sqlite3.Connection, *, tries: int = _TRIES) -> bool:
    """Move the log into the database and empty it; return whether that could be done now.

    A reader in the middle of a page may stand in the way: then it stays due. Does nothing inside a
    transaction. Takes at most about a fifth of a second a try.
    """
    if conn.in_transaction:
        return False
    wanted = db.version(conn, _WANTED)
    patience = int(conn.execute("PRAGMA busy_timeout").fetchone()[0])
    conn.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    try:
        for attempt in range(tries):
            if attempt:
                time.sleep(_WAIT_S)
            try:
                if conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
                    break
            except sqlite3.OperationalError:
                # Another process is emptying it at this very moment.
                continue
        else:
            return False
    finally:
        conn.execute(f"PRAGMA busy_timeout={patience}")
    if wanted > db.version(conn, _DONE):
        with db.write(conn):
            conn.execute(
                "INSERT INTO versions(topic, version) VALUES (?, ?)"
                " ON CONFLICT(topic) DO UPDATE SET version = max(version, excluded.version)",
                (_DONE, wanted),
            )
    return True
