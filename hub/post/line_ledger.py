"""What the line has cost and done: bytes of each village day, how fast it was lately, a person's leave.

Keeps true: bytes are added, never put in place of others; two months of days are kept and a few rates; a leave
holds for an hour of the boot it was given in. It only runs statements; who calls it opens the transaction.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import statistics
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base.clock import Moment

KEPT_DAYS = 62
LEAVE_S = 3600.0
_RATES_KEPT = 40
_LATELY = 9


@dataclass(frozen=True, slots=True)
class Day:
    """The bytes of one village day; ``metered`` of both went over a line that is paid by the byte."""

    on: dt.date
    sent: int = 0
    received: int = 0
    metered: int = 0

    @property
    def all(self) -> int:
        """What went out and came in."""
        return self.sent + self.received


@dataclass(frozen=True, slots=True)
class Leave:
    """A person's word that hours and allowance do not count now; who, when, and the seconds it still holds."""

    staff_name: str
    at: dt.datetime
    left_s: float


def day(conn: sqlite3.Connection, on: dt.date) -> Day:
    """Return what ``on`` has cost."""
    row = conn.execute(
        "SELECT sent, received, metered FROM line_days WHERE spent_on = ?", (on.isoformat(),)
    ).fetchone()
    return Day(on, row["sent"], row["received"], row["metered"]) if row else Day(on)


def days(conn: sqlite3.Connection, most: int = KEPT_DAYS) -> tuple[Day, ...]:
    """Return the days on which the line cost anything, latest first."""
    rows = conn.execute(
        "SELECT spent_on, sent, received, metered FROM line_days ORDER BY spent_on DESC LIMIT ?", (most,)
    )
    return tuple(
        Day(dt.date.fromisoformat(row["spent_on"]), row["sent"], row["received"], row["metered"])
        for row in rows
    )


def spend(conn: sqlite3.Connection, on: dt.date, sent: int, received: int, metered: int) -> None:
    """Add bytes to a day and let go the days beyond two months of days that there are."""
    conn.execute(
        "INSERT INTO line_days(spent_on, sent, received, metered) VALUES (?, ?, ?, ?)"
        " ON CONFLICT(spent_on) DO UPDATE SET sent = sent + excluded.sent,"
        " received = received + excluded.received, metered = metered + excluded.metered",
        (on.isoformat(), sent, received, metered),
    )
    # Counted by rows and not by dates: a clock that once stood in the future must not empty the ledger.
    conn.execute(
        "DELETE FROM line_days WHERE spent_on NOT IN"
        " (SELECT spent_on FROM line_days ORDER BY spent_on DESC LIMIT ?) AND spent_on <> ?",
        (KEPT_DAYS, on.isoformat()),
    )


def note_rate(conn: sqlite3.Connection, kind: str, bytes_a_second: float, now: Moment) -> None:
    """Remember how fast a sending was over this kind of line."""
    conn.execute(
        "INSERT INTO line_rates(kind, bytes_a_second, measured_at) VALUES (?, ?, ?)",
        (kind, bytes_a_second, now.text),
    )
    conn.execute(
        "DELETE FROM line_rates WHERE id NOT IN (SELECT id FROM line_rates ORDER BY id DESC LIMIT ?)",
        (_RATES_KEPT,),
    )


def rate(conn: sqlite3.Connection, kind: str) -> float | None:
    """Return the bytes a second to expect: the median of the last sendings over this kind of line, else of any.

    None while nothing was ever measured: then nobody knows.
    """
    for wanted in ("WHERE kind = ?", "WHERE ? <> ''"):
        rows = conn.execute(
            f"SELECT bytes_a_second FROM line_rates {wanted} ORDER BY id DESC LIMIT {_LATELY}", (kind or "-",)
        ).fetchall()
        if rows:
            return float(statistics.median(row[0] for row in rows))
    return None


def give_leave(conn: sqlite3.Connection, staff_name: str, now: Moment) -> None:
    """Let hours and allowance count for nothing, for an hour."""
    conn.execute(
        "INSERT OR REPLACE INTO line_leave(id, staff_name, given_at, boot_id, mono) VALUES (1, ?, ?, ?, ?)",
        (staff_name, now.text, now.boot_id, now.mono),
    )


def leave(conn: sqlite3.Connection, now: Moment) -> Leave | None:
    """Return the leave that holds now, or None."""
    row = conn.execute("SELECT staff_name, given_at, boot_id, mono FROM line_leave WHERE id = 1").fetchone()
    if row is None or not clocks.still_fresh(now, row["boot_id"], row["mono"], LEAVE_S):
        return None
    left_s = LEAVE_S - (now.mono - row["mono"])
    return Leave(row["staff_name"], clocks.parse(row["given_at"]), left_s)


def end_leave(conn: sqlite3.Connection) -> bool:
    """Let hours and allowance count again; return whether there was a leave."""
    return conn.execute("DELETE FROM line_leave").rowcount > 0
