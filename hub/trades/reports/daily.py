"""How the House is today, as the answers of its daily report: counts and states, nobody's name, no address.

Keeps true: it tells what the rooms have written down and asks no device anything; what nobody knows is left
empty and never guessed; days without a report are counted and not filled in.
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import shutil
import sqlite3

from hub.base import backups
from hub.base import clock as clocks
from hub.base.clock import VILLAGE, Moment
from hub.base.house import House
from hub.post import health, inbox, jobs, line_ledger, outbox
from hub.trades.reports import service
from hub.trades.reports.model import Answers, Content, Kind, coarse

_DEVICES = {
    "printer": "may_in_phieu",
    "sheets": "may_in_a4",
    "scanner": "may_quet",
    "reader": "dau_doc",
    "panel": "bang_nut",
    "speaker": "loa",
}
_MEGABYTE, _KILOBYTE = 1_000_000, 1_000


def about(house: House, house_id: str) -> Answers:
    """Return the answers that every report begins with: which House it is."""
    told = house.settings.house
    return {"ma_nha": house_id, "ten_nha": told.name, "xa": told.commune, "tinh": told.province}


def content(house: House, conn: sqlite3.Connection, moment: Moment, house_id: str) -> Content:
    """Return what the report of today says."""
    before = service.last(conn, Kind.DAILY, moment.on.isoformat())
    since = dt.date.fromisoformat(before) if before else moment.on
    counts, waiting = outbox.counts(conn), outbox.waiting(conn)
    line, yesterday = inbox.uplink(conn), line_ledger.day(conn, moment.on - dt.timedelta(days=1))
    copies = backups.listing(house)
    answers = {
        "ngay": moment.on.isoformat(),
        "ngay_trong": str(max(0, (moment.on - since).days - 1)),
        "phien_ban": importlib.metadata.version("digital-cultural-house"),
        "gio_chay": _hours(moment.mono),
        "dong_ho_dung": "co" if moment.trusted else "khong",
        "dia_trong_mb": str(shutil.disk_usage(house.data).free // _MEGABYTE),
        "du_lieu_mb": str(house.database.stat().st_size // _MEGABYTE),
        "duong_truyen": {True: "up", False: "down", None: "unknown"}[line.up],
        "cho_gui": str(counts.queued),
        "giu_lai": str(counts.held),
        "phieu_in": coarse(_printed(conn, since)),
        "phieu_ket": str(len(jobs.stuck(conn)) + len(jobs.asking(conn))),
    }
    if yesterday.all:
        answers["gui_kb"] = str(yesterday.sent // _KILOBYTE)
        answers["nhan_kb"] = str(yesterday.received // _KILOBYTE)
    if copies:
        answers["sao_luu_gio"] = _hours((moment.at - copies[0].at).total_seconds())
    if waiting.oldest_at is not None:
        answers["cho_lau_gio"] = _hours((moment.at - waiting.oldest_at).total_seconds())
    answers |= {_DEVICES[one.name]: one.state for one in health.all(conn, moment) if one.name in _DEVICES}
    return Content({**about(house, house_id), **answers}, {})


def _hours(seconds: float) -> str:
    # A clock that was put back makes things of before seem to come; no age is below nothing.
    return str(max(0, int(seconds // 3600)))


def _printed(conn: sqlite3.Connection, since: dt.date) -> int:
    start = clocks.stamp(dt.datetime.combine(since, dt.time(), VILLAGE))
    return int(
        conn.execute("SELECT count(*) FROM jobs WHERE state = 'done' AND done_at >= ?", (start,)).fetchone()[
            0
        ]
    )
