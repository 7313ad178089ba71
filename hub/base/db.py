"""The database: one SQLite file, opened one way.

Keeps true: every connection is WAL with ``synchronous=FULL``, foreign keys and secure_delete on and temporary
tables in memory; a write is one short ``BEGIN IMMEDIATE`` transaction; SQLite's own errors leave here as errors
of the House. It never commits half of a use case: services open ``write``, stores only run statements.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.base.errors import Conflict, HubError, NotReady

Connection = sqlite3.Connection
Row = sqlite3.Row
_BUSY_MS = 8_000


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the House's database at ``path`` (made if absent, unless ``read_only``).

    Rows come as ``sqlite3.Row``; the connection may be handed between threads but not shared. Raises
    ``NotReady`` when the folder cannot be written or the file is no database.
    """
    try:
        where = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
        conn = sqlite3.connect(where, uri=True, isolation_level=None, check_same_thread=False)
        conn.row_factory = sqlite3.Row
        conn.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        if not read_only:
            conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA synchronous=FULL")
        conn.execute("PRAGMA foreign_keys=ON")
        conn.execute("PRAGMA secure_delete=ON")
        conn.execute("PRAGMA temp_store=MEMORY")
    except sqlite3.Error as bad:
        raise told(bad, path) from bad
    return conn


@contextmanager
def write(conn: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run the block as one transaction, or join the one that is open.

    Everything is undone when the block raises. SQLite's errors come out as ``NotReady`` (full, read-only, broken)
    or ``Conflict`` (locked too long).
    """
    if _inside(conn):
        yield conn
        return
    try:
        conn.execute("BEGIN IMMEDIATE")
        yield conn
        conn.execute("COMMIT")
    except BaseException as bad:
        if _inside(conn):
            conn.execute("ROLLBACK")
        if isinstance(bad, sqlite3.Error) and not isinstance(bad, sqlite3.IntegrityError):
            raise told(bad) from bad
        raise


def _inside(conn: sqlite3.Connection) -> bool:
    return conn.in_transaction


def touch(conn: sqlite3.Connection, topic: str) -> None:
    """Count up the version of ``topic``: pages that poll it will draw anew."""
    conn.execute(
        "INSERT INTO versions(topic, version) VALUES (?, 1) ON CONFLICT(topic) DO UPDATE SET version = version + 1",
        (topic,),
    )


def version(conn: sqlite3.Connection, topic: str) -> int:
    """Return how often ``topic`` was touched."""
    row = conn.execute("SELECT version FROM versions WHERE topic = ?", (topic,)).fetchone()
    return int(row[0]) if row else 0


def changed(conn: sqlite3.Connection) -> int:
    """Return a number that differs whenever another connection has committed since the last call."""
    return int(conn.execute("PRAGMA data_version").fetchone()[0])


def told(bad: sqlite3.Error, path: Path | None = None) -> HubError:
    """Return SQLite's error as one of the House: full, read-only, busy, broken, or as it is."""
    words = str(bad).lower()
    if "full" in words:
        return NotReady("base.disk_full")
    if "readonly" in words or "read-only" in words or "unable to open" in words:
        return NotReady("base.read_only", path=str(path or ""))
    if "locked" in words or "busy" in words:
        return Conflict("base.database_busy")
    if "malformed" in words or "not a database" in words:
        return NotReady("base.database_broken")
    return NotReady("base.database_error", why=str(bad))
