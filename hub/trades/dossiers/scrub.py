"""After something was deleted: no old page of it left in the database's log file.

SQLite overwrites deleted content in the database itself (``secure_delete``), but the write-ahead log keeps
earlier pages until it is emptied.
"""

from __future__ import annotations

import sqlite3
import time

_TRIES = 5
_WAIT_S = 0.04
_BUSY_MS = 200


def scrub(conn: sqlite3.Connection) -> bool:
    """Move the log into the database and empty it; return whether that could be done now.

    A reader in the middle of a page may stand in the way: then the next scrub, or the night's work, does it.
    Does nothing inside a transaction. Takes at most about a second and a half.
    """
    if conn.in_transaction:
        return False
    patience = int(conn.execute("PRAGMA busy_timeout").fetchone()[0])
    conn.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    try:
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_WAIT_S)
            try:
                if conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
                    return True
            except sqlite3.OperationalError:
                # Another process is emptying it at this very moment.
                continue
        return False
    finally:
        conn.execute(f"PRAGMA busy_timeout={patience}")
