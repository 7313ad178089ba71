"""Service days on a box that may not know the date: whose day a number is, and where counting goes on.

Keeps true: exactly one day is current and it changes only by a trusted clock, or by a guide's word while the
clock is doubtful; a doubtful clock alone goes on with the current one. Counting starts at 1 only when nobody
holds an open number of the day before; otherwise it goes on, so two people never hold the same number. A clock
set back never restarts anything. When the true time becomes known, the doubtful numbers of this boot get their
true time and day, and keep their number. It never takes a number from somebody who may still be waiting: what
a doubtful clock gave out in an earlier boot stays until a guide begins a new day.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment
from hub.trades.tickets import store
from hub.trades.tickets.model import Event, State, TicketId, What

OPEN = (State.WAITING, State.SERVING, State.MISSED)
_STAMPED = (
    ("tickets", "issued_at", "trusted", "boot_id", "mono"),
    ("tickets", "called_at", "called_trusted", "called_boot_id", "called_mono"),
    ("ticket_events", "at", "trusted", "boot_id", "mono"),
)


@dataclass(frozen=True, slots=True)
class Day:
    """A service day and the last number it gave."""

    id: int
    on: dt.date
    certain: bool
    last_number: int


def current(conn: sqlite3.Connection) -> Day | None:
    """Return the day that numbers are given for, if there ever was one."""
    row = conn.execute("SELECT * FROM ticket_days WHERE current = 1").fetchone()
    return _day(row) if row else None


def next_number(conn: sqlite3.Connection, day: Day) -> int:
    """Count up and return the number to give; inside the caller's transaction."""
    row = conn.execute(
        "UPDATE ticket_days SET last_number = last_number + 1 WHERE id = ? RETURNING last_number", (day.id,)
    ).fetchone()
    return int(row[0])


def turn(conn: sqlite3.Connection, moment: Moment) -> Day:
    """Return the day of ``moment``, opening it and closing what is left of an earlier one if that is certain.

    Runs inside the caller's transaction. Touches "queue" when something changed.
    """
    now = current(conn)
    if now is None:
        return _open(conn, moment.on, certain=moment.trusted, last_number=0)
    if not moment.trusted:
        return now
    if now.certain and now.on == moment.on:
        return now
    _settle(conn, moment)
    now = current(conn)
    assert now is not None, "settling keeps a current day"
    if now.on == moment.on:
        return _make_certain(conn, now)
    _close_earlier(conn, moment)
    backwards = now.on > moment.on
    still_open = conn.execute(
        "SELECT 1 FROM tickets WHERE state IN ('waiting', 'serving', 'missed') LIMIT 1"
    ).fetchone()
    return _open(conn, moment.on, certain=True, last_number=now.last_number if backwards or still_open else 0)


def begin(conn: sqlite3.Connection, moment: Moment, staff_id: int | None) -> Day:
    """Begin a new day at 1 because a guide says so, and close every number that is still open.

    For a House whose clock nobody vouches for; runs inside the caller's transaction.
    """
    newest = conn.execute("SELECT coalesce(max(id), 0) FROM tickets").fetchone()[0]
    _close_up_to(conn, newest, moment, staff_id)
    return _open(conn, moment.on, certain=False, last_number=0)


def settle(conn: sqlite3.Connection, moment: Moment) -> int:
    """Put the doubtful times of this boot right, if ``moment`` is trusted; return how many tickets."""
    if not moment.trusted or not _doubtful(conn, moment):
        return 0
    with db.write(conn):
        return _settle(conn, moment)


def _settle(conn: sqlite3.Connection, moment: Moment) -> int:
    moved = conn.execute(
        "SELECT id, mono FROM tickets WHERE trusted = 0 AND boot_id = ? ORDER BY id", (moment.boot_id,)
    ).fetchall()
    for table, at, trusted, boot_id, mono in _STAMPED:
        rows = conn.execute(
            f"SELECT id, {mono} FROM {table} WHERE {trusted} = 0 AND {boot_id} = ?", (moment.boot_id,)
        ).fetchall()
        for row in rows:
            true = clocks.corrected(moment, moment.boot_id, row[1])
            assert true is not None, "the moment is trusted and of this boot"
            conn.execute(
                f"UPDATE {table} SET {at} = ?, {trusted} = 1 WHERE id = ?", (clocks.stamp(true), row[0])
            )
    for row in moved:
        true = clocks.corrected(moment, moment.boot_id, row["mono"])
        assert true is not None, "the moment is trusted and of this boot"
        _move(conn, row["id"], clocks.village_day(true))
    if moved:
        _follow_the_newest(conn)
        db.touch(conn, "queue")
    return len(moved)


def _doubtful(conn: sqlite3.Connection, moment: Moment) -> bool:
    return any(
        conn.execute(
            f"SELECT 1 FROM {table} WHERE {trusted} = 0 AND {boot_id} = ? LIMIT 1", (moment.boot_id,)
        ).fetchone()
        for table, _, trusted, boot_id, _ in _STAMPED
    )


def _move(conn: sqlite3.Connection, ticket_id: int, on: dt.date) -> None:
    row = conn.execute(
        "SELECT * FROM ticket_days WHERE day_on = ? ORDER BY certain DESC, id DESC LIMIT 1", (on.isoformat(),)
    ).fetchone()
    day = _make_certain(conn, _day(row)) if row else _insert(conn, on, certain=True, last_number=0)
    # The printed number is what counts; if that day has given it already, the ticket stays where it is.
    moved = conn.execute(
        "UPDATE tickets SET day_id = ?1 WHERE id = ?2 AND NOT EXISTS"
        " (SELECT 1 FROM tickets o WHERE o.day_id = ?1 AND o.number = tickets.number) RETURNING number",
        (day.id, ticket_id),
    ).fetchone()
    if moved is not None:
        conn.execute(
            "UPDATE ticket_days SET last_number = max(last_number, ?) WHERE id = ?", (moved[0], day.id)
        )


def _follow_the_newest(conn: sqlite3.Connection) -> None:
    newest = conn.execute("SELECT day_id FROM tickets ORDER BY id DESC LIMIT 1").fetchone()[0]
    last = conn.execute("SELECT last_number FROM ticket_days WHERE current = 1").fetchone()[0]
    conn.execute("UPDATE ticket_days SET current = 0 WHERE current = 1")
    # Counting goes on where it was, so that nobody gets a number that somebody waiting holds.
    conn.execute(
        "UPDATE ticket_days SET current = 1, last_number = max(last_number, ?) WHERE id = ?", (last, newest)
    )


def _close_earlier(conn: sqlite3.Connection, moment: Moment) -> None:
    # Numbers are given in the order of their ids: whatever is older than a number that is certainly of an
    # earlier day is of an earlier day too, whatever its own clock said.
    last = None
    for row in conn.execute("SELECT id, issued_at FROM tickets WHERE trusted = 1 ORDER BY id DESC"):
        if clocks.village_day(clocks.parse(row["issued_at"])) < moment.on:
            last = row["id"]
            break
    if last is not None:
        _close_up_to(conn, last, moment, None)


def _close_up_to(conn: sqlite3.Connection, last: int, moment: Moment, staff_id: int | None) -> None:
    marks = ", ".join("?" for _ in OPEN)
    for row in conn.execute(
        f"SELECT id FROM tickets WHERE state IN ({marks}) AND id <= ? ORDER BY id", (*OPEN, last)
    ).fetchall():
        ticket_id = TicketId(row["id"])
        store.close(conn, ticket_id)
        store.add_event(conn, Event(ticket_id, What.CLOSED, "day_over", None, staff_id, moment))
    db.touch(conn, "queue")


def _open(conn: sqlite3.Connection, on: dt.date, *, certain: bool, last_number: int) -> Day:
    conn.execute("UPDATE ticket_days SET current = 0 WHERE current = 1")
    known = conn.execute(
        "SELECT * FROM ticket_days WHERE day_on = ? AND certain = 1", (on.isoformat(),)
    ).fetchone()
    if known and certain:
        day_id, last_number = known["id"], max(last_number, known["last_number"])
    else:
        day_id = _insert(conn, on, certain=certain, last_number=last_number).id
    conn.execute("UPDATE ticket_days SET current = 1, last_number = ? WHERE id = ?", (last_number, day_id))
    db.touch(conn, "queue")
    return Day(day_id, on, certain, last_number)


def _insert(conn: sqlite3.Connection, on: dt.date, *, certain: bool, last_number: int) -> Day:
    done = conn.execute(
        "INSERT INTO ticket_days(day_on, certain, current, last_number) VALUES (?, ?, 0, ?)",
        (on.isoformat(), certain, last_number),
    )
    return Day(int(done.lastrowid or 0), on, certain, last_number)


def _make_certain(conn: sqlite3.Connection, day: Day) -> Day:
    if day.certain:
        return day
    twin = conn.execute(
        "SELECT 1 FROM ticket_days WHERE day_on = ? AND certain = 1", (day.on.isoformat(),)
    ).fetchone()
    if twin is None:
        conn.execute("UPDATE ticket_days SET certain = 1 WHERE id = ?", (day.id,))
    return Day(day.id, day.on, twin is None, day.last_number)


def _day(row: sqlite3.Row) -> Day:
    return Day(row["id"], dt.date.fromisoformat(row["day_on"]), bool(row["certain"]), row["last_number"])
