"""What the House does at night: erase what is past its date, copy the database, tidy up.

Keeps true: a step that fails does not stop the others, and the whole night says so. It never erases anything
whose day has not come.
"""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing

from hub.base import backups, phrases, scrub
from hub.base.clock import Moment
from hub.base.errors import HubError, NotReady
from hub.base.house import House
from hub.post import forgetting, sheet_jobs, stick
from hub.trades.dossiers import ending
from hub.trades.dossiers import service as dossiers
from hub.trades.people import service as people
from hub.trades.privacy import requests
from hub.trades.speech import recordings
from hub.trades.staff import service as staff
from hub.trades.volunteers import service as volunteers
from hub.trades.volunteers import visits

_log = logging.getLogger(__name__)


def run(house: House, *, tell: Callable[[str], object], lang: str = phrases.DEFAULT) -> None:
    """Do the night's work once, saying through ``tell`` what each step did.

    Raises ``NotReady("nightly.failed")`` with the names of the steps that failed, after all others are done.
    """
    failed = []
    with closing(house.connect()) as conn:
        moment = house.clock.read()
        steps: tuple[tuple[str, Callable[[], object]], ...] = (
            ("clock", lambda: _keep_clock(house, conn)),
            ("drafts", lambda: dossiers.expire(conn, moment)),
            ("households", lambda: people.expire(conn, moment)),
            ("privacy", lambda: _settle(house, conn, moment)),
            ("slips", lambda: _forget_slips(house, conn, moment)),
            ("closed", lambda: ending.close(conn, moment, house.settings.dossiers.closed_days)),
            ("visits", lambda: visits.close(conn, moment, house.settings.dossiers.closed_days)),
            ("volunteers", lambda: volunteers.forget(conn, moment, house.settings.people.keep_days)),
            ("carried", lambda: stick.forget(conn, moment)),
            ("sessions", lambda: staff.sweep(conn, moment)),
            ("backup", lambda: backups.make(house).name),
            ("voices", lambda: recordings.withdrawn_again(house, conn)),
            ("tidy", lambda: _tidy(house, conn)),
        )
        for name, step in steps:
            try:
                tell(phrases.say(lang, f"nightly.{name}", result=step()))
            except (HubError, OSError, sqlite3.Error) as bad:
                _log.error("night step %s failed: %s", name, bad)
                failed.append(name)
            except Exception:
                # Whatever it was, the copy of tonight must still be made.
                _log.exception("night step %s stumbled", name)
                failed.append(name)
    if failed:
        named = ", ".join(phrases.say(lang, f"nightly.name_{name}") for name in failed)
        raise NotReady("nightly.failed", steps=named)


def _keep_clock(house: House, conn: sqlite3.Connection) -> str:
    house.clock.keep(conn)
    return house.clock.read().on.strftime("%d/%m/%Y")


def _settle(house: House, conn: sqlite3.Connection, moment: Moment) -> int:
    off = {one.on for one in house.settings.privacy.holidays}
    return requests.settle_doubts(conn, moment, off)


def _forget_slips(house: House, conn: sqlite3.Connection, moment: Moment) -> int:
    # By a doubtful clock nobody knows how old a slip is.
    if not moment.trusted:
        return 0
    before = moment.at - dt.timedelta(days=house.settings.dossiers.slip_days)
    return forgetting.forget(conn, before=before, moment=moment) + sheet_jobs.forget(
        conn, before=before, moment=moment
    )


def _tidy(house: House, conn: sqlite3.Connection) -> str:
    conn.execute("PRAGMA optimize")
    scrub.scrub(conn)
    return f"{house.database.stat().st_size / 1_048_576:.1f} MiB"
