"""What the office has said of the dossiers that reached it, and whether there is a way to the office.

Keeps true: a word is what was read at the office, with the time of the reading; a state that the House does
not know yet is None, never a guess. It never says that the office has a dossier: that is the outbox's word.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment

TOPIC = "inbox"
UPLINK_TOPIC = "uplink"
FINAL = ("approved", "rejected")
# An officer may think again for a while after a final state; then the case is not asked about any more.
_REOPEN = dt.timedelta(days=14)


class Comment(msgspec.Struct, frozen=True):
    """One thing an officer wrote: text, UTC time as the database keeps it, and who, as far as the office
    says."""

    text: str
    at: str
    by: str


@dataclass(frozen=True, slots=True)
class Word:
    """The office's word on one dossier.

    ``review_state`` is received, hasIssues, edited, rejected, approved, or None while no state was read;
    ``comments`` are the officers' remarks of both places, oldest first.
    """

    review_state: str | None
    comments: tuple[Comment, ...]
    read_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Uplink:
    """Whether an OpenRosa server answered last time (None: never asked), since when, and when it was
    asked."""

    up: bool | None
    since_at: dt.datetime | None
    checked_at: dt.datetime | None
    reason_key: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """A dossier at the office whose remarks are still asked for, with the ETags of the last reading."""

    instance_id: str
    comments_etag: str
    notes_etag: str


def word(conn: sqlite3.Connection, instance_id: str) -> Word | None:
    """Return the office's last word on a dossier, or None when nothing was read yet."""
    row = conn.execute(
        "SELECT review_state, comments, notes, read_at FROM inbox WHERE instance_id = ?", (instance_id,)
    ).fetchone()
    if row is None or row["read_at"] is None:
        return None
    told = [*_comments(row["comments"]), *_comments(row["notes"])]
    return Word(
        row["review_state"],
        tuple(sorted(told, key=lambda one: (one.at, one.text))),
        clocks.parse(row["read_at"]),
    )


def uplink(conn: sqlite3.Connection) -> Uplink:
    """Return what is known of the way to the office."""
    row = conn.execute("SELECT up, since_at, checked_at, reason_key FROM uplink WHERE id = 1").fetchone()
    if row is None:
        return Uplink(None, None, None, None)
    return Uplink(
        bool(row["up"]), clocks.parse(row["since_at"]), clocks.parse(row["checked_at"]), row["reason_key"]
    )


def note_uplink(
    conn: sqlite3.Connection, up: bool, reason_key: str | None, now: Moment, every_s: float
) -> None:
    """Remember how the office's door was found; the same again is written only every ``every_s`` seconds.

    A card's life is its writes.
    """
    known = uplink(conn)
    same = known.up is up and known.reason_key == reason_key
    if same and known.checked_at and 0 <= (now.at - known.checked_at).total_seconds() < every_s:
        return
    since = clocks.stamp(known.since_at) if known.up is up and known.since_at else now.text
    with db.write(conn):
        conn.execute(
            "INSERT OR REPLACE INTO uplink(id, up, since_at, checked_at, reason_key) VALUES (1, ?, ?, ?, ?)",
            (up, since, now.text, reason_key),
        )
        if not same:
            db.touch(conn, UPLINK_TOPIC)


def expect(conn: sqlite3.Connection, instance_id: str, form_id: str, now: Moment) -> None:
    """Begin to ask the office about a dossier, in the caller's transaction."""
    conn.execute(
        "INSERT OR IGNORE INTO inbox(instance_id, form_id, state_at) VALUES (?, ?, ?)",
        (instance_id, form_id, now.text),
    )


def forms_due(conn: sqlite3.Connection, now: Moment, every_s: float) -> Mapping[str, str]:
    """Return the forms whose states should be read now, with the ETag of the last reading.

    A form is asked about while it has an open case, and not again before ``every_s`` seconds.
    """
    rows = conn.execute(
        "SELECT DISTINCT inbox.form_id, coalesce(inbox_forms.etag, '') AS etag, inbox_forms.asked_at"
        " FROM inbox LEFT JOIN inbox_forms USING (form_id)"
        " WHERE coalesce(review_state, '') NOT IN (?, ?) OR state_at > ?",
        (*FINAL, clocks.stamp(now.at - _REOPEN)),
    )
    return {row["form_id"]: row["etag"] for row in rows if _over(row["asked_at"], now, every_s)}


def _over(asked_at: str | None, now: Moment, every_s: float) -> bool:
    if asked_at is None:
        return True
    ago = (now.at - clocks.parse(asked_at)).total_seconds()
    return not 0 <= ago < every_s


def note_form(
    conn: sqlite3.Connection, form_id: str, etag: str | None, reason_key: str | None, now: Moment
) -> None:
    """Remember that a form was asked about; ``etag`` None keeps the one there is."""
    with db.write(conn):
        conn.execute(
            "INSERT INTO inbox_forms(form_id, etag, asked_at, reason_key) VALUES (?, coalesce(?, ''), ?, ?)"
            " ON CONFLICT(form_id) DO UPDATE SET etag = coalesce(?, etag), asked_at = excluded.asked_at,"
            " reason_key = excluded.reason_key",
            (form_id, etag, now.text, reason_key, etag),
        )


def news(conn: sqlite3.Connection, form_id: str, states: Mapping[str, str]) -> dict[str, str]:
    """Return, of the states the office told of a form, those of this House's dossiers that are new to it."""
    rows = conn.execute("SELECT instance_id, review_state FROM inbox WHERE form_id = ?", (form_id,))
    return {
        row["instance_id"]: states[row["instance_id"]]
        for row in rows
        if row["instance_id"] in states and states[row["instance_id"]] != row["review_state"]
    }


def cases(
    conn: sqlite3.Connection, form_id: str, first: Sequence[str], most: int, now: Moment
) -> tuple[Case, ...]:
    """Return up to ``most`` open cases of a form, those in ``first`` before those asked about longest ago."""
    rows = conn.execute(
        "SELECT instance_id, comments_etag, notes_etag FROM inbox WHERE form_id = ?"
        " AND (coalesce(review_state, '') NOT IN (?, ?) OR state_at > ?)"
        " ORDER BY coalesce(asked_at, ''), state_at",
        (form_id, *FINAL, clocks.stamp(now.at - _REOPEN)),
    ).fetchall()
    urgent = set(first)
    rows.sort(key=lambda row: row["instance_id"] not in urgent)
    return tuple(Case(row["instance_id"], row["comments_etag"], row["notes_etag"]) for row in rows[:most])


def note_state(conn: sqlite3.Connection, instance_id: str, review_state: str, now: Moment) -> bool:
    """Write down a state that was read; return whether it is another than before."""
    changed = conn.execute(
        "UPDATE inbox SET review_state = ?, state_at = ?, read_at = ? WHERE instance_id = ?"
        " AND review_state IS NOT ?",
        (review_state, now.text, now.text, instance_id, review_state),
    ).rowcount
    if changed:
        db.touch(conn, TOPIC)
    return bool(changed)


def note_remarks(
    conn: sqlite3.Connection,
    case: Case,
    *,
    comments: tuple[Sequence[Comment], str] | None,
    notes: tuple[Sequence[Comment], str] | None,
    now: Moment,
) -> bool:
    """Write down remarks that were read, each with its ETag (None: unchanged); return whether any is new."""
    before = word(conn, case.instance_id)
    for column, told in (("comments", comments), ("notes", notes)):
        if told is not None:
            conn.execute(
                f"UPDATE inbox SET {column} = ?, {column}_etag = ? WHERE instance_id = ?",
                (msgspec.json.encode(list(told[0])).decode(), told[1], case.instance_id),
            )
    conn.execute(
        "UPDATE inbox SET asked_at = ?, read_at = ? WHERE instance_id = ?",
        (now.text, now.text, case.instance_id),
    )
    after = word(conn, case.instance_id)
    changed = after is not None and after.comments != (before.comments if before else ())
    if changed:
        db.touch(conn, TOPIC)
    return changed


def _comments(told: str) -> list[Comment]:
    return msgspec.json.decode(told, type=list[Comment])
