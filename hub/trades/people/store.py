"""The tables of households: statements only; whoever calls opens the transaction.

Keeps true: what is known of people comes in and goes out as bytes under the House key; nothing here can read
it.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Sequence

from hub.base import clock as clocks
from hub.base.clock import Moment
from hub.trades.people.model import Consent, Event, HouseholdId, MemberId, What


def add(
    conn: sqlite3.Connection, id: HouseholdId, label: bytes, staff_id: int, now: Moment, keep_days: int
) -> None:
    """Insert a household at version 1."""
    conn.execute(
        "INSERT INTO households VALUES (?,1,?,?,?,?,?,?,?,?)",
        (id, label, staff_id, *_four(now), keep_days, _erase_on(now.on, keep_days)),
    )


def household(conn: sqlite3.Connection, id: str) -> sqlite3.Row | None:
    """Return a household's row, or None."""
    row: sqlite3.Row | None = conn.execute("SELECT * FROM households WHERE id = ?", (id,)).fetchone()
    return row


def households(conn: sqlite3.Connection) -> Sequence[sqlite3.Row]:
    """Return all households' rows."""
    return conn.execute("SELECT * FROM households ORDER BY id").fetchall()


def change_label(conn: sqlite3.Connection, id: HouseholdId, version: int, label: bytes) -> bool:
    """Put a new label on a household that is still at ``version``; return whether it was."""
    done = conn.execute(
        "UPDATE households SET label = ?, version = version + 1 WHERE id = ? AND version = ?",
        (label, id, version),
    )
    return done.rowcount == 1


def use(conn: sqlite3.Connection, id: HouseholdId, now: Moment) -> None:
    """Note that a household was used; its day to be erased moves on, never back."""
    conn.execute(
        "UPDATE households SET used_at = ?, trusted = ?, boot_id = ?, mono = ?,"
        " erase_on = max(erase_on, date(?, '+' || keep_days || ' days')) WHERE id = ?",
        (*_four(now), now.on.isoformat(), id),
    )


def delete(conn: sqlite3.Connection, id: HouseholdId) -> None:
    """Delete a household with its people and their marks."""
    conn.execute("DELETE FROM households WHERE id = ?", (id,))


def date_lost_times(conn: sqlite3.Connection, now: Moment) -> None:
    """Let records last used at a time that nobody can put right any more count their days from ``now``."""
    conn.execute(
        "UPDATE households SET used_at = ?, trusted = 1, boot_id = ?, mono = ?,"
        " erase_on = max(erase_on, date(?, '+' || keep_days || ' days')) WHERE trusted = 0 AND boot_id <> ?",
        (now.text, now.boot_id, now.mono, now.on.isoformat(), now.boot_id),
    )


def past(conn: sqlite3.Connection, on: dt.date) -> tuple[HouseholdId, ...]:
    """Return the households whose day to be erased is ``on`` or before it."""
    rows = conn.execute("SELECT id FROM households WHERE erase_on <= ?", (on.isoformat(),))
    return tuple(HouseholdId(row[0]) for row in rows)


def add_member(conn: sqlite3.Connection, household_id: HouseholdId, id: MemberId, facts: bytes) -> None:
    """Insert a person behind those already there."""
    conn.execute(
        "INSERT INTO household_members SELECT ?, ?, coalesce(max(position), 0) + 1, 1, ?"
        " FROM household_members WHERE household_id = ?",
        (id, household_id, facts, household_id),
    )


def members(conn: sqlite3.Connection, household_id: str) -> Sequence[sqlite3.Row]:
    """Return the people of a household in the order they were added."""
    return conn.execute(
        "SELECT * FROM household_members WHERE household_id = ? ORDER BY position", (household_id,)
    ).fetchall()


def all_members(conn: sqlite3.Connection) -> Sequence[sqlite3.Row]:
    """Return the people of all households in the order they were added."""
    return conn.execute("SELECT * FROM household_members ORDER BY household_id, position").fetchall()


def change_member(conn: sqlite3.Connection, id: MemberId, version: int, facts: bytes) -> bool:
    """Put new facts for a person who is still at ``version``; return whether they were."""
    done = conn.execute(
        "UPDATE household_members SET facts = ?, version = version + 1 WHERE id = ? AND version = ?",
        (facts, id, version),
    )
    return done.rowcount == 1


def delete_member(conn: sqlite3.Connection, id: MemberId) -> None:
    """Delete a person with their marks."""
    conn.execute("DELETE FROM household_members WHERE id = ?", (id,))


def set_marks(conn: sqlite3.Connection, id: MemberId, marks: Iterable[bytes]) -> None:
    """Put marks in place of those a person has."""
    conn.execute("DELETE FROM household_marks WHERE member_id = ?", (id,))
    conn.executemany(
        "INSERT OR IGNORE INTO household_marks(member_id, mark) VALUES (?, ?)", [(id, mark) for mark in marks]
    )


def marked(conn: sqlite3.Connection, marks: Sequence[bytes], but: str) -> sqlite3.Row | None:
    """Return (household_id, id) of a person other than ``but`` who has one of ``marks``, or None."""
    row: sqlite3.Row | None = conn.execute(
        "SELECT household_id, id FROM household_marks JOIN household_members ON id = member_id"
        f" WHERE mark IN ({','.join('?' * len(marks))}) AND id <> ? ORDER BY household_id, position LIMIT 1",
        (*marks, but),
    ).fetchone()
    return row


def add_consent(
    conn: sqlite3.Connection, household_id: HouseholdId, consent: Consent, staff_id: int, now: Moment
) -> None:
    """Write down what was agreed to."""
    conn.execute(
        "INSERT INTO household_consents(household_id, notice_version, notice_lang, how, given_by, purposes,"
        " staff_id, given_at, trusted, boot_id, mono) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            household_id,
            consent.notice_version,
            consent.notice_lang,
            consent.how,
            consent.given_by,
            " ".join(sorted(consent.purposes)),
            staff_id,
            *_four(now),
        ),
    )


def consent(conn: sqlite3.Connection, household_id: str) -> sqlite3.Row | None:
    """Return the latest consent of a household, or None."""
    row: sqlite3.Row | None = conn.execute(
        "SELECT * FROM household_consents WHERE household_id = ? ORDER BY id DESC LIMIT 1", (household_id,)
    ).fetchone()
    return row


def tell(conn: sqlite3.Connection, household_id: str, what: What, staff_id: int | None, now: Moment) -> None:
    """Append what happened."""
    conn.execute(
        "INSERT INTO household_events(household_id, what, staff_id, at, trusted, boot_id, mono)"
        " VALUES (?,?,?,?,?,?,?)",
        (household_id, what, staff_id, *_four(now)),
    )


def last_event(conn: sqlite3.Connection, household_id: str) -> sqlite3.Row | None:
    """Return the row of the latest event of a household, or None."""
    row: sqlite3.Row | None = conn.execute(
        "SELECT * FROM household_events WHERE household_id = ? ORDER BY id DESC LIMIT 1", (household_id,)
    ).fetchone()
    return row


def events(conn: sqlite3.Connection, household_id: str) -> tuple[Event, ...]:
    """Return the events of a household, oldest first."""
    rows = conn.execute("SELECT * FROM household_events WHERE household_id = ? ORDER BY id", (household_id,))
    return tuple(
        Event(What(row["what"]), row["staff_id"], clocks.parse(row["at"]), bool(row["trusted"]))
        for row in rows
    )


def latest(conn: sqlite3.Connection, most: int) -> tuple[tuple[HouseholdId, Event], ...]:
    """Return the latest events of all households, latest first."""
    rows = conn.execute("SELECT * FROM household_events ORDER BY id DESC LIMIT ?", (most,))
    return tuple(
        (
            HouseholdId(row["household_id"]),
            Event(What(row["what"]), row["staff_id"], clocks.parse(row["at"]), bool(row["trusted"])),
        )
        for row in rows
    )


def counts(conn: sqlite3.Connection) -> dict[What, int]:
    """Return how often what happened."""
    rows = conn.execute("SELECT what, count(*) FROM household_events GROUP BY what")
    return {What(row[0]): int(row[1]) for row in rows}


_STAMPED = {"households": "used_at", "household_consents": "given_at", "household_events": "at"}


def settle(conn: sqlite3.Connection, now: Moment) -> int:
    """Put the doubtful times of this boot right as ``now`` knows them; return how many that were."""
    count = 0
    for table, at in _STAMPED.items():
        rows = conn.execute(f"SELECT id, mono FROM {table} WHERE trusted = 0 AND boot_id = ?", (now.boot_id,))
        for row in rows.fetchall():
            true = clocks.corrected(now, now.boot_id, row["mono"])
            if true is None:
                return count
            conn.execute(
                f"UPDATE {table} SET {at} = ?, trusted = 1 WHERE id = ?", (clocks.stamp(true), row[0])
            )
            if table == "households":
                conn.execute(
                    "UPDATE households SET erase_on = date(?, '+' || keep_days || ' days') WHERE id = ?",
                    (clocks.village_day(true).isoformat(), row[0]),
                )
            count += 1
    return count


def count_visit(conn: sqlite3.Connection, what: str, subject: str, now: Moment) -> None:
    """Count one more on this village day."""
    conn.execute(
        "INSERT INTO visit_counts VALUES (?, ?, ?, ?, 1)"
        " ON CONFLICT(day_on, what, subject, trusted) DO UPDATE SET count = count + 1",
        (now.on.isoformat(), what, subject, now.trusted),
    )


def visits(conn: sqlite3.Connection, what: str, first: dt.date, last: dt.date) -> int:
    """Return how many were counted from ``first`` to ``last``."""
    row = conn.execute(
        "SELECT coalesce(sum(count), 0) FROM visit_counts WHERE what = ? AND day_on BETWEEN ? AND ?",
        (what, first.isoformat(), last.isoformat()),
    ).fetchone()
    return int(row[0])


def _erase_on(on: dt.date, days: int) -> str:
    return (on + dt.timedelta(days=days)).isoformat()


def _four(now: Moment) -> tuple[str, bool, str, float]:
    return (now.text, now.trusted, now.boot_id, now.mono)
