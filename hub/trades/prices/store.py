"""The prices' tables; statements only, the caller's transaction."""

from __future__ import annotations

import datetime as dt
import sqlite3

from hub.base.clock import Moment
from hub.base.money import Dong
from hub.trades.prices.model import CommodityId, PlaceKind, Report, ReportId, Withdrawal

_REPORT = """
    SELECT r.*, w.reason, w.staff_name AS withdrawn_by, w.withdrawn_at
    FROM price_reports r LEFT JOIN price_withdrawals w ON w.report_id = r.id
"""


def add(
    conn: sqlite3.Connection,
    *,
    commodity_id: str,
    amount: int,
    unit: str,
    form: str,
    place_kind: str,
    place: str,
    seen_on: dt.date,
    staff_id: int,
    staff_name: str,
    moment: Moment,
) -> ReportId:
    """Write a report down; return its number."""
    row = conn.execute(
        "INSERT INTO price_reports(commodity_id, amount, unit, form, place_kind, place, seen_on, staff_id,"
        " staff_name, reported_at, trusted, boot_id, mono) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (commodity_id, amount, unit, form, place_kind, place, seen_on.isoformat(), staff_id, staff_name)
        + (moment.text, int(moment.trusted), moment.boot_id, moment.mono),
    )
    return ReportId(int(row.lastrowid or 0))


def withdraw(
    conn: sqlite3.Connection, report_id: int, reason: str, staff_id: int, staff_name: str, moment: Moment
) -> None:
    """Write down that a report is taken back."""
    conn.execute(
        "INSERT INTO price_withdrawals(report_id, reason, staff_id, staff_name, withdrawn_at, trusted,"
        " boot_id, mono) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (report_id, reason, staff_id, staff_name)
        + (moment.text, int(moment.trusted), moment.boot_id, moment.mono),
    )


def report(conn: sqlite3.Connection, report_id: int) -> Report | None:
    """Return one report, withdrawn or not."""
    row = conn.execute(f"{_REPORT} WHERE r.id = ?", (report_id,)).fetchone()
    return _report(row) if row else None


def standing(
    conn: sqlite3.Connection, commodity_id: str, since_on: dt.date | None = None
) -> tuple[Report, ...]:
    """Return the reports of one good that were not taken back, latest day first."""
    rows = conn.execute(
        f"{_REPORT} WHERE r.commodity_id = ? AND r.seen_on >= ? AND w.report_id IS NULL"
        " ORDER BY r.seen_on DESC, r.id DESC",
        (commodity_id, since_on.isoformat() if since_on else ""),
    )
    return tuple(map(_report, rows))


def latest(conn: sqlite3.Connection, commodity_id: str, place_kind: str) -> Report | None:
    """Return the latest standing report of one good at one kind of place."""
    row = conn.execute(
        f"{_REPORT} WHERE r.commodity_id = ? AND r.place_kind = ? AND w.report_id IS NULL"
        " ORDER BY r.seen_on DESC, r.id DESC LIMIT 1",
        (commodity_id, place_kind),
    ).fetchone()
    return _report(row) if row else None


def ledger(conn: sqlite3.Connection, limit: int, commodity_id: str | None) -> tuple[Report, ...]:
    """Return the reports written down last, withdrawn ones too."""
    rows = conn.execute(
        f"{_REPORT} WHERE ?1 IS NULL OR r.commodity_id = ?1 ORDER BY r.id DESC LIMIT ?2",
        (commodity_id, limit),
    )
    return tuple(map(_report, rows))


def _report(row: sqlite3.Row) -> Report:
    withdrawn = None
    if row["reason"] is not None:
        withdrawn = Withdrawal(row["reason"], row["withdrawn_by"], row["withdrawn_at"])
    return Report(
        id=ReportId(row["id"]),
        commodity_id=CommodityId(row["commodity_id"]),
        amount=Dong(row["amount"]),
        unit=row["unit"],
        form=row["form"],
        place_kind=PlaceKind(row["place_kind"]),
        place=row["place"],
        seen_on=dt.date.fromisoformat(row["seen_on"]),
        staff_id=row["staff_id"],
        staff_name=row["staff_name"],
        reported_at=row["reported_at"],
        trusted=bool(row["trusted"]),
        withdrawn=withdrawn,
    )
