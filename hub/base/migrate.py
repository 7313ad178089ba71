"""Bring a database to the present shape by numbered SQL files.

Keeps true: a migration happens whole or not at all, in order, once. It never touches a database made by a newer
House: that is refused with both numbers.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from hub.base import db
from hub.base.errors import NotReady

_FOLDER = Path(__file__).parent / "migrations"
_NAME = re.compile(r"^(\d{4})_[a-z_]+\.sql$")


def steps() -> tuple[tuple[int, Path], ...]:
    """Return all migrations as (number, file), ascending."""
    found = []
    for path in _FOLDER.iterdir():
        match = _NAME.match(path.name)
        if match:
            found.append((int(match[1]), path))
    return tuple(sorted(found))


def present(conn: sqlite3.Connection) -> int:
    """Return the number of the last migration that ``conn``'s database has seen."""
    return int(conn.execute("PRAGMA user_version").fetchone()[0])


def migrate(conn: sqlite3.Connection) -> tuple[int, int]:
    """Apply what is missing; return the numbers before and after.

    Raises ``NotReady("base.database_newer")`` for a database from a newer House.
    """
    try:
        before = present(conn)
    except sqlite3.Error as bad:
        raise NotReady("base.database_broken") from bad
    known = steps()
    newest = known[-1][0]
    if before > newest:
        raise NotReady("base.database_newer", have=before, know=newest)
    for number, path in known:
        # Another process may be migrating too: look again inside the write lock.
        with db.write(conn):
            if present(conn) >= number:
                continue
            for statement in _statements(path.read_text(encoding="utf-8")):
                conn.execute(statement)
            conn.execute(f"PRAGMA user_version={number}")
    return before, present(conn)


def _statements(script: str) -> list[str]:
    # executescript would commit the open transaction, so the file is run statement by statement.
    found, gathered = [], ""
    for line in script.splitlines(keepends=True):
        gathered += line
        if sqlite3.complete_statement(gathered):
            found.append(gathered.strip())
            gathered = ""
    if gathered.strip() and not all(
        part.startswith("--") or not part for part in map(str.strip, gathered.splitlines())
    ):
        raise ValueError("a migration ends in the middle of a statement")
    return found
