"""What the House does at night: erase what is past its date, copy the database, tidy up.

Keeps true: a step that fails does not stop the others, and the whole night says so. It never erases anything
whose day has not come.
"""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
from collections.abc import Callable

from hub.base import backups, phrases
from hub.base.errors import HubError, NotReady
from hub.base.house import House
from hub.post import jobs
from hub.trades.dossiers import service as dossiers
from hub.trades.staff import service as staff

_log = logging.getLogger(__name__)


def run(house: House, *, lang: str = phrases.DEFAULT) -> tuple[str, ...]:
    """Do the night's work once; return a sentence for each step. Raises ``NotReady`` after all steps if one failed."""
    conn = house.connect()
    moment = house.clock.read()
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("nightly.drafts", lambda: dossiers.expire(conn, moment)),
        ("nightly.slips", lambda: _forget_slips(house, conn)),
        ("nightly.sessions", lambda: staff.sweep(conn, moment)),
        ("nightly.backup", lambda: backups.make(house).name),
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


def _forget_slips(house: House, conn: sqlite3.Connection) -> int:
    age = dt.timedelta(days=house.settings.dossiers.slip_days)
    return jobs.forget(conn, before=house.clock.read().at - age)


def _tidy(conn: sqlite3.Connection) -> str:
    conn.execute("PRAGMA optimize")
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return "ok"
