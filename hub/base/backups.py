"""Copies of the database beside it: made whole, checked, and only as many as the settings keep.

Keeps true: a copy is whole, checked and in place under its name, or not there; the newest good copies stay;
drafts are in none of them, so that nothing of a sealed dossier can be opened from an old copy. It never
deletes the last good copy.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from hub.base import db
from hub.base.errors import NotReady
from hub.base.house import House

_PREFIX = "house-"
_STAMP = "%Y%m%d-%H%M%S"


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy: file name, when it was made (UTC, by the clock of then), and its size in bytes."""

    name: str
    at: dt.datetime
    size: int


def folder(house: House) -> Path:
    """Return where the copies lie."""
    return house.data / "backup"


def listing(house: House) -> tuple[Copy, ...]:
    """Return the copies there are, newest first."""
    found = []
    for path in sorted(folder(house).glob(f"{_PREFIX}*.db"), reverse=True):
        try:
            at = dt.datetime.strptime(path.stem.removeprefix(_PREFIX), _STAMP).replace(tzinfo=dt.UTC)
            found.append(Copy(path.name, at, path.stat().st_size))
        except (ValueError, OSError):
            continue
    return tuple(found)


def make(house: House) -> Path:
    """Write a whole, checked copy and return its path; the oldest ones beyond ``settings.backup.keep`` go.

    Raises ``NotReady``: "base.bad_copy" when the copy does not pass SQLite's own check (older copies stay
    then), "base.disk_full" or "base.read_only" when it cannot be written.
    """
    place = folder(house)
    name = f"{_PREFIX}{house.clock.read().at.strftime(_STAMP)}.db"
    half, whole = place / f"{name}.half", place / name
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        half.unlink(missing_ok=True)
        _copy(house, half)
        os.chmod(half, 0o600)
        told = _checked(half)
        if told != "ok":
            raise NotReady("base.bad_copy", why=told)
        _sync(half)
        os.replace(half, whole)
        _sync(place)
        for old in sorted(place.glob(f"{_PREFIX}*.db"))[: -house.settings.backup.keep]:
            old.unlink()
    except sqlite3.Error as bad:
        raise db.told(bad, place) from bad
    except OSError as bad:
        if bad.errno == errno.ENOSPC:
            raise NotReady("base.disk_full") from bad
        raise NotReady("base.read_only", path=str(place)) from bad
    finally:
        with contextlib.suppress(OSError):
            half.unlink()
    return whole


def erase(house: House, table: str, column: str, value: int) -> int:
    """Delete the rows of ``table`` with this ``value`` from every copy; return from how many copies.

    For what somebody may take back at once. Raises ``NotReady("base.read_only")`` when a copy cannot be
    changed; all others are done first.
    """
    changed = 0
    stuck: tuple[Path, sqlite3.Error] | None = None
    for copy in listing(house):
        path = folder(house) / copy.name
        try:
            # mode=rw: a copy that goes at this moment must not come back as an empty file.
            where = f"{path.absolute().as_uri()}?mode=rw"
            with contextlib.closing(sqlite3.connect(where, uri=True, isolation_level=None)) as conn:
                conn.execute("PRAGMA secure_delete=ON")
                # An older copy may be of a time before there was such a table.
                if conn.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                    gone = conn.execute(f'DELETE FROM "{table}" WHERE "{column}" = ?', (value,)).rowcount
                    changed += gone > 0
        except sqlite3.Error as bad:
            if path.exists():
                stuck = path, bad
    if stuck is not None:
        raise NotReady("base.read_only", path=str(stuck[0])) from stuck[1]
    return changed


def _copy(house: House, target: Path) -> None:
    with contextlib.closing(house.connect()) as conn:
        conn.execute("VACUUM INTO ?", (str(target),))
    with contextlib.closing(db.connect(target)) as copy:
        for row in copy.execute("SELECT name FROM left_out_of_copies").fetchall():
            copy.execute(f'DELETE FROM "{row[0]}"')
        copy.execute("VACUUM")
        # One plain file, without a log beside it, is what a technician can carry away.
        copy.execute("PRAGMA journal_mode=DELETE")


def _checked(path: Path) -> str:
    with contextlib.closing(db.connect(path, read_only=True)) as copy:
        return str(copy.execute("PRAGMA integrity_check").fetchone()[0])


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
