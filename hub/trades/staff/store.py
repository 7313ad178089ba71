"""The staff's tables: statements only; the service opens the transactions."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from hub.base.clock import Moment
from hub.trades.staff.model import Role, Staff, StaffId, What


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A member of staff with the wrap that only their secret opens."""

    staff: Staff
    salt: bytes = field(repr=False)
    wrap: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tries:
    """Wrong tries in a row and when the last one was."""

    wrong: int
    boot_id: str
    mono: float


def _staff(row: sqlite3.Row) -> Staff:
    return Staff(StaffId(row["id"]), row["name"], Role(row["role"]))


def by_key(conn: sqlite3.Connection, name_key: str) -> Wrapped | None:
    """Return who has this folded name."""
    row = conn.execute("SELECT * FROM staff WHERE name_key = ?", (name_key,)).fetchone()
    return Wrapped(_staff(row), row["salt"], row["wrap"]) if row else None


def by_id(conn: sqlite3.Connection, staff_id: int) -> Staff | None:
    """Return who has this id."""
    row = conn.execute("SELECT * FROM staff WHERE id = ?", (staff_id,)).fetchone()
    return _staff(row) if row else None


def everyone(conn: sqlite3.Connection) -> list[Staff]:
    """Return all staff."""
    return [_staff(row) for row in conn.execute("SELECT * FROM staff ORDER BY id")]


def insert(conn: sqlite3.Connection, name: str, name_key: str, role: Role, moment: Moment) -> StaffId:
    """Add a row whose wrap is still empty: the wrap is bound to the id."""
    done = conn.execute(
        "INSERT INTO staff(name, name_key, role, salt, wrap, added_at, trusted, boot_id, mono)"
        " VALUES (?, ?, ?, x'', x'', ?, ?, ?, ?)",
        (name, name_key, role, moment.text, moment.trusted, moment.boot_id, moment.mono),
    )
    return StaffId(int(done.lastrowid or 0))


def set_wrap(conn: sqlite3.Connection, staff_id: StaffId, salt: bytes, wrap: bytes) -> None:
    """Give somebody a new wrap."""
    conn.execute("UPDATE staff SET salt = ?, wrap = ? WHERE id = ?", (salt, wrap, staff_id))


def house_key(conn: sqlite3.Connection) -> tuple[bytes, bytes, bytes] | None:
    """Return mark, recovery salt and recovery wrap of the house key, if it was made."""
    row = conn.execute("SELECT mark, recovery_salt, recovery_wrap FROM staff_house_key").fetchone()
    return (row[0], row[1], row[2]) if row else None


def insert_house_key(conn: sqlite3.Connection, mark: bytes, salt: bytes, wrap: bytes) -> None:
    """Keep mark and recovery wrap."""
    conn.execute("INSERT INTO staff_house_key VALUES (1, ?, ?, ?)", (mark, salt, wrap))


def set_recovery(conn: sqlite3.Connection, salt: bytes, wrap: bytes) -> None:
    """Put another recovery wrap in place of the one there is."""
    conn.execute("UPDATE staff_house_key SET recovery_salt = ?, recovery_wrap = ?", (salt, wrap))


def insert_session(
    conn: sqlite3.Connection,
    token_hash: bytes,
    staff_id: StaffId,
    key_wrap: bytes | None,
    idle_s: float,
    now: Moment,
) -> None:
    """Open a session."""
    conn.execute(
        "INSERT INTO staff_sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
        (token_hash, staff_id, key_wrap, idle_s, now.boot_id, now.mono, now.mono),
    )


def session(conn: sqlite3.Connection, token_hash: bytes) -> sqlite3.Row | None:
    """Return the session's row."""
    row: sqlite3.Row | None = conn.execute(
        "SELECT * FROM staff_sessions WHERE token_hash = ?", (token_hash,)
    ).fetchone()
    return row


def seen(conn: sqlite3.Connection, token_hash: bytes, mono: float) -> None:
    """Note that the session is in use."""
    conn.execute("UPDATE staff_sessions SET seen_mono = ? WHERE token_hash = ?", (mono, token_hash))


def end_session(conn: sqlite3.Connection, token_hash: bytes) -> int | None:
    """Delete a session; return whose it was."""
    row = conn.execute(
        "DELETE FROM staff_sessions WHERE token_hash = ? RETURNING staff_id", (token_hash,)
    ).fetchone()
    return int(row[0]) if row else None


def end_sessions(conn: sqlite3.Connection, staff_id: StaffId) -> None:
    """Delete all sessions of one person."""
    conn.execute("DELETE FROM staff_sessions WHERE staff_id = ?", (staff_id,))


def end_old_sessions(conn: sqlite3.Connection, now: Moment, longest_s: float) -> None:
    """Delete sessions of another boot, idle ones and those older than ``longest_s``."""
    conn.execute(
        "DELETE FROM staff_sessions WHERE boot_id <> ? OR ? - seen_mono >= idle_s OR ? - opened_mono >= ?",
        (now.boot_id, now.mono, now.mono, longest_s),
    )


def tries(conn: sqlite3.Connection, who: str) -> Tries | None:
    """Return the wrong tries of ``who``."""
    row = conn.execute("SELECT wrong, boot_id, mono FROM staff_tries WHERE who = ?", (who,)).fetchone()
    return Tries(row["wrong"], row["boot_id"], row["mono"]) if row else None


def set_tries(conn: sqlite3.Connection, who: str, tries: Tries) -> None:
    """Keep the wrong tries of ``who``; none deletes the row."""
    if tries.wrong <= 0:
        conn.execute("DELETE FROM staff_tries WHERE who = ?", (who,))
    else:
        conn.execute(
            "INSERT OR REPLACE INTO staff_tries VALUES (?, ?, ?, ?)",
            (who, tries.wrong, tries.boot_id, tries.mono),
        )


def log(conn: sqlite3.Connection, what: What, staff_id: int | None, place: str, now: Moment) -> None:
    """Write one line of the staff log."""
    conn.execute(
        "INSERT INTO staff_log(what, staff_id, place, at, trusted, boot_id, mono)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (what, staff_id, place, now.text, now.trusted, now.boot_id, now.mono),
    )


def read_log(conn: sqlite3.Connection, limit: int) -> list[sqlite3.Row]:
    """Return the latest lines of the log with names, newest first."""
    return conn.execute(
        "SELECT l.what, l.staff_id, s.name, l.place, l.at, l.trusted FROM staff_log l"
        " LEFT JOIN staff s ON s.id = l.staff_id ORDER BY l.id DESC LIMIT ?",
        (limit,),
    ).fetchall()


def forget_tries(conn: sqlite3.Connection, now: Moment, after_s: float) -> None:
    """Delete tries so old that they say nothing."""
    conn.execute(
        "DELETE FROM staff_tries WHERE (boot_id = ?1 AND ?2 - mono > ?3) OR (boot_id <> ?1 AND ?2 > ?3)",
        (now.boot_id, now.mono, after_s),
    )
