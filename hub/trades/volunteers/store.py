"""The tables of volunteers, their lists and the forms they may take: statements only; services open transactions.

What lies here of a household is sealed to one telephone; what lies here of a password is under a key file.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Sequence

from hub.base import clock as clocks
from hub.base.clock import Moment
from hub.trades.volunteers.model import Version, Volunteer, VolunteerId, Way


def add(
    conn: sqlite3.Connection, name: str, phone: str, until_on: dt.date, staff: int, now: Moment
) -> VolunteerId:
    """Insert a volunteer who has no key yet."""
    done = conn.execute(
        "INSERT INTO volunteers(name, phone, until_on, staff_id, added_at, trusted, boot_id, mono)"
        " VALUES (?,?,?,?,?,?,?,?)",
        (name, phone, until_on.isoformat(), staff, now.text, now.trusted, now.boot_id, now.mono),
    )
    return VolunteerId(int(done.lastrowid or 0))


def get(conn: sqlite3.Connection, volunteer_id: int) -> Volunteer | None:
    """Return a volunteer, or None."""
    return _one(conn, "id = ?", volunteer_id)


def everyone(conn: sqlite3.Connection) -> tuple[Volunteer, ...]:
    """Return all volunteers whose names are still known, the latest first."""
    rows = conn.execute("SELECT * FROM volunteers WHERE name <> '' ORDER BY id DESC")
    return tuple(map(_volunteer, rows))


def by_token(conn: sqlite3.Connection, token_sha: bytes) -> Volunteer | None:
    """Return whose token it is."""
    return _one(conn, "token_sha = ?", token_sha)


def by_username(conn: sqlite3.Connection, username: str) -> tuple[Volunteer, bytes] | None:
    """Return who has this name, with what is kept of the password."""
    row = conn.execute(
        "SELECT * FROM volunteers WHERE username = ? AND ha1 IS NOT NULL", (username,)
    ).fetchone()
    return (_volunteer(row), bytes(row["ha1"])) if row else None


def set_token(conn: sqlite3.Connection, volunteer_id: int, token_sha: bytes, list_key: bytes) -> None:
    """Give a volunteer a token in the place of every key there was."""
    conn.execute(
        "UPDATE volunteers SET token_sha = ?, list_key = ?, username = NULL, ha1 = NULL, revoked_at = NULL"
        " WHERE id = ?",
        (token_sha, list_key, volunteer_id),
    )


def set_password(conn: sqlite3.Connection, volunteer_id: int, username: str, ha1: bytes) -> None:
    """Give a volunteer a name and password in the place of every key there was."""
    conn.execute(
        "UPDATE volunteers SET token_sha = NULL, list_key = NULL, username = ?, ha1 = ?, revoked_at = NULL"
        " WHERE id = ?",
        (username, ha1, volunteer_id),
    )


def set_until(conn: sqlite3.Connection, volunteer_id: int, until_on: dt.date) -> None:
    """Let a volunteer come in until another day."""
    conn.execute("UPDATE volunteers SET until_on = ? WHERE id = ?", (until_on.isoformat(), volunteer_id))


def revoke(conn: sqlite3.Connection, volunteer_id: int, now: Moment) -> None:
    """Take every key away."""
    conn.execute(
        "UPDATE volunteers SET token_sha = NULL, list_key = NULL, username = NULL, ha1 = NULL,"
        " revoked_at = coalesce(revoked_at, ?) WHERE id = ?",
        (now.text, volunteer_id),
    )


def seen(conn: sqlite3.Connection, volunteer_id: int, device_id: str, now: Moment) -> None:
    """Note that a telephone came in, and which."""
    conn.execute(
        "UPDATE volunteers SET seen_at = ?, seen_trusted = ?, device_id = coalesce(nullif(?, ''), device_id)"
        " WHERE id = ?",
        (now.text, now.trusted, device_id, volunteer_id),
    )


def forget_names(conn: sqlite3.Connection, ended_before: dt.date, revoked_before: str) -> int:
    """Empty the names of volunteers whose time was over before then; return how many."""
    return conn.execute(
        "UPDATE volunteers SET name = '', phone = '', device_id = '', token_sha = NULL, list_key = NULL,"
        " username = NULL, ha1 = NULL WHERE name <> '' AND (until_on < ? OR revoked_at < ?)",
        (ended_before.isoformat(), revoked_before),
    ).rowcount


def give(
    conn: sqlite3.Connection, volunteer_id: int, household_id: str, sealed: bytes, until: dt.date, staff: int
) -> None:
    """Put a household on a list, or its row anew."""
    conn.execute(
        "INSERT OR REPLACE INTO volunteer_households(volunteer_id, household_id, sealed, until_on, staff_id)"
        " VALUES (?,?,?,?,?)",
        (volunteer_id, household_id, sealed, until.isoformat(), staff),
    )


def take_off(conn: sqlite3.Connection, volunteer_id: int) -> int:
    """Empty a volunteer's list; return how many were on it."""
    return conn.execute("DELETE FROM volunteer_households WHERE volunteer_id = ?", (volunteer_id,)).rowcount


def on_list(conn: sqlite3.Connection, volunteer_id: int) -> Sequence[sqlite3.Row]:
    """Return (household_id, sealed, until_on) of a volunteer's list, as they were put on it."""
    return conn.execute(
        "SELECT household_id, sealed, until_on FROM volunteer_households WHERE volunteer_id = ? ORDER BY rowid",
        (volunteer_id,),
    ).fetchall()


def expire_lists(conn: sqlite3.Connection, on: dt.date) -> int:
    """Delete the rows whose last day is before ``on``; return how many."""
    return conn.execute("DELETE FROM volunteer_households WHERE until_on < ?", (on.isoformat(),)).rowcount


def mark_form(conn: sqlite3.Connection, form_id: str, plain: bool, staff: int, now: Moment) -> None:
    """Let volunteers take a form; ``plain``: what they fill in is relayed without a seal."""
    conn.execute(
        "INSERT OR REPLACE INTO field_forms(form_id, plain, staff_id, marked_at) VALUES (?,?,?,?)",
        (form_id, plain, staff, now.text),
    )
    conn.execute("UPDATE field_versions SET plain = ? WHERE form_id = ?", (plain, form_id))


def unmark_form(conn: sqlite3.Connection, form_id: str) -> None:
    """Let nobody take a form any more; versions that were handed out still come in."""
    conn.execute("DELETE FROM field_forms WHERE form_id = ?", (form_id,))


def marked_forms(conn: sqlite3.Connection) -> dict[str, bool]:
    """Return the forms that volunteers may take, with whether they are relayed plain."""
    rows = conn.execute("SELECT form_id, plain FROM field_forms ORDER BY form_id")
    return {row[0]: bool(row[1]) for row in rows}


def put_version(conn: sqlite3.Connection, one: Version) -> None:
    """Remember a version that is handed out."""
    conn.execute(
        "INSERT OR REPLACE INTO field_versions(form_id, version, sha256, title, public_key, uploads, plain)"
        " VALUES (?,?,?,?,?,?,?)",
        (
            one.form_id,
            one.version,
            one.sha256,
            one.title,
            one.public_key,
            json.dumps(sorted(one.uploads)),
            one.plain,
        ),
    )


def version(conn: sqlite3.Connection, form_id: str, version: str) -> Version | None:
    """Return a version that was handed out, or None."""
    row = conn.execute(
        "SELECT * FROM field_versions WHERE form_id = ? AND version = ?", (form_id, version)
    ).fetchone()
    if row is None:
        return None
    return Version(
        row["form_id"],
        row["version"],
        row["sha256"],
        row["title"],
        row["public_key"],
        frozenset(json.loads(row["uploads"])),
        bool(row["plain"]),
    )


def _one(conn: sqlite3.Connection, where: str, value: object) -> Volunteer | None:
    row = conn.execute(f"SELECT * FROM volunteers WHERE {where}", (value,)).fetchone()
    return _volunteer(row) if row else None


def _volunteer(row: sqlite3.Row) -> Volunteer:
    way = Way.QR if row["token_sha"] is not None else Way.HAND if row["ha1"] is not None else None
    return Volunteer(
        VolunteerId(row["id"]),
        row["name"],
        row["phone"],
        dt.date.fromisoformat(row["until_on"]),
        way,
        row["username"] or "",
        row["revoked_at"] is not None,
        clocks.parse(row["seen_at"]) if row["seen_at"] else None,
        bool(row["seen_trusted"]),
        row["device_id"],
        bytes(row["list_key"]) if row["list_key"] is not None else None,
    )
