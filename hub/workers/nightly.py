"""What the House does at night: erase what is past its date, copy the database, tidy up.

Keeps true: a copy is whole, checked and in place under its name, or not there; the newest good copies stay. It never
deletes the last good copy, and a step that fails does not stop the others.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from hub.base import db, phrases
from hub.base.errors import HubError, NotReady
from hub.base.house import House
from hub.post import jobs
from hub.trades.dossiers import service as dossiers
from hub.trades.staff import service as staff

_log = logging.getLogger(__name__)
_PREFIX = "house-"


def run(house: House, *, lang: str = phrases.DEFAULT) -> tuple[str, ...]:
    """Do the night's work once; return a sentence for each step. Raises ``NotReady`` after all steps if one failed."""
    conn = house.connect()
    moment = house.clock.read()
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("nightly.drafts", lambda: dossiers.expire(conn, moment)),
        ("nightly.slips", lambda: _forget_slips(house, conn)),
        ("nightly.sessions", lambda: staff.sweep(conn, moment)),
        ("nightly.backup", lambda: backup(house).name),
        ("nightly.tidy", lambda: _tidy(conn)),
    )
    said, failed = [], []
    try:
        house.clock.keep(conn)
        for key, step in steps:
            try:
                said.append(phrases.say(lang, key, result=step()))
            except (HubError, OSError, sqlite3.Error) as bad:
                _log.error("night step %s failed: %s", key, bad)
                failed.append(key)
    finally:
        conn.close()
    if failed:
        raise NotReady("nightly.failed", steps=", ".join(failed))
    return tuple(said)


def backup(house: House) -> Path:
    """Write a whole, checked copy of the database into ``backup`` in the data folder and return its path.

    Raises ``NotReady("nightly.bad_copy")`` when the copy does not pass SQLite's own check; older copies stay then.
    """
    folder = house.data / "backup"
    folder.mkdir(mode=0o700, exist_ok=True)
    name = f"{_PREFIX}{house.clock.read().at:%Y%m%d-%H%M%S}.db"
    half, whole = folder / f"{name}.half", folder / name
    half.unlink(missing_ok=True)
    conn = house.connect()
    try:
        conn.execute("VACUUM INTO ?", (str(half),))
    finally:
        conn.close()
    os.chmod(half, 0o600)
    copy = db.connect(half, read_only=True)
    try:
        told = copy.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        copy.close()
    if told != "ok":
        half.unlink(missing_ok=True)
        raise NotReady("nightly.bad_copy", why=told)
    _sync(half)
    os.replace(half, whole)
    _sync(folder)
    for old in sorted(folder.glob(f"{_PREFIX}*.db"))[: -house.settings.backup.keep]:
        old.unlink()
    return whole


def _forget_slips(house: House, conn: sqlite3.Connection) -> int:
    age = dt.timedelta(days=house.settings.dossiers.slip_days)
    return jobs.forget(conn, before=house.clock.read().at - age)


def _tidy(conn: sqlite3.Connection) -> str:
    conn.execute("PRAGMA optimize")
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return "ok"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
