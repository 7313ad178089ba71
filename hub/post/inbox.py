"""What the office has said of the dossiers that reached it, and whether there is a way to the office.

Keeps true: a word is what was read at the office, with the time of the reading; a state that the House does
not know yet is None, never a guess; what an officer wrote may name somebody, so it lies here only under a key
of its own. It never says that the office has a dossier: that is the outbox's word.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hub.base import clock as clocks
from hub.base import crypto, db
from hub.base.clock import Moment

TOPIC = "inbox"
UPLINK_TOPIC = "uplink"
FINAL = ("approved", "rejected")
TOO_LONG = "relay.answer_too_long"
# In the words of the indexes over them.
_OPEN = "coalesce(review_state, '') NOT IN ('approved', 'rejected')"
_CLOSED = "review_state IN ('approved', 'rejected')"
# An officer may think again for a while after a final state; then the case is not asked about any more.
_REOPEN = dt.timedelta(days=14)
# A case that was asked about rests for a twelfth of its age, at least for five readings, at most for six hours; a day's
# fraction is told no closer than a part of a second.
_REST_PART, _REST_READINGS, _REST_MOST_S = 12, 5, 21_600.0
_RESTED = (
    "(asked_at IS NULL OR asked_at > :now OR (julianday(:now) - julianday(asked_at)) * 86400 + 0.5"
    f" >= max(:least, min(:most_rest, (julianday(:now) - julianday(state_at)) * 86400 / {_REST_PART})))"
)


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
    ``remarks`` counts what officers wrote: their words are for ``comments``.
    """

    review_state: str | None
    remarks: int
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


def words_key(keys: Path) -> bytes:
    """Return the key that the office's words lie under, from its file in the folder ``keys``."""
    return crypto.key_from_token(crypto.secret_file(keys / "words-key"), "the office's words")


def word(conn: sqlite3.Connection, instance_id: str) -> Word | None:
    """Return the office's last word on a dossier, or None when nothing was read yet."""
    row = conn.execute(
        "SELECT review_state, remarks, read_at FROM inbox WHERE instance_id = ?", (instance_id,)
    ).fetchone()
    if row is None or row["read_at"] is None:
        return None
    return Word(row["review_state"], row["remarks"], clocks.parse(row["read_at"]))


def comments(conn: sqlite3.Connection, instance_id: str, *, key: bytes) -> tuple[Comment, ...]:
    """Return what officers wrote at both places, oldest first; nothing under another key or once forgotten."""
    row = conn.execute("SELECT comments, notes FROM inbox WHERE instance_id = ?", (instance_id,)).fetchone()
    if row is None:
        return ()
    told = [
        *(_opened(row, "comments", instance_id, key) or ()),
        *(_opened(row, "notes", instance_id, key) or ()),
    ]
    return tuple(sorted(told, key=lambda one: (one.at, one.text)))


def ask_again(conn: sqlite3.Connection, *, key: bytes) -> int:
    """Have words read again that do not open, as after the card was changed; return how many dossiers."""
    lost = []
    for row in conn.execute("SELECT instance_id, comments, notes FROM inbox").fetchall():
        if any(_opened(row, column, row["instance_id"], key) is None for column in ("comments", "notes")):
            lost.append((row["instance_id"],))
    if lost:
        with db.write(conn):
            conn.executemany(
                "UPDATE inbox SET comments = NULL, notes = NULL, comments_etag = '', notes_etag = '',"
                " remarks = 0 WHERE instance_id = ?",
                lost,
            )
    return len(lost)


def closed(conn: sqlite3.Connection, before: dt.datetime) -> tuple[str, ...]:
    """Return the dossiers that the office approved or rejected before ``before`` and that keep words here."""
    rows = conn.execute(
        "SELECT instance_id FROM inbox WHERE review_state IN (?, ?) AND state_at < ?",
        (*FINAL, clocks.stamp(before)),
    )
    return tuple(row[0] for row in rows)


def forget(conn: sqlite3.Connection, instance_ids: Iterable[str]) -> int:
    """Erase the words on these dossiers, in the caller's transaction; states and times stay. Return how many."""
    return sum(
        conn.execute(
            "UPDATE inbox SET comments = NULL, notes = NULL WHERE instance_id = ?"
            " AND coalesce(comments, notes) IS NOT NULL",
            (instance_id,),
        ).rowcount
        for instance_id in instance_ids
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
    again = clocks.stamp(now.at - _REOPEN)
    found = [
        form_id
        for form_id in _forms(conn)
        if conn.execute(
            f"SELECT EXISTS (SELECT 1 FROM inbox WHERE form_id = :form AND {_OPEN})"
            f" OR EXISTS (SELECT 1 FROM inbox WHERE form_id = :form AND {_CLOSED} AND state_at > :again)",
            {"form": form_id, "again": again},
        ).fetchone()[0]
    ]
    asked = conn.execute(
        "SELECT value AS form_id, coalesce(etag, '') AS etag, asked_at FROM json_each(?)"
        " LEFT JOIN inbox_forms ON form_id = value",
        (json.dumps(found),),
    )
    return {row["form_id"]: row["etag"] for row in asked if _over(row["asked_at"], now, every_s)}


def _forms(conn: sqlite3.Connection) -> Iterator[str]:
    """All forms there are cases of: from one to the next by the index, past however many cases."""
    form_id: str | None = ""
    while True:
        form_id = conn.execute("SELECT min(form_id) FROM inbox WHERE form_id > ?", (form_id,)).fetchone()[0]
        if form_id is None:
            return
        yield form_id


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


def listed(conn: sqlite3.Connection, form_id: str) -> bool:
    """Return whether the office's list of a form's records is short enough to be read, as far as is known."""
    row = conn.execute("SELECT reason_key FROM inbox_forms WHERE form_id = ?", (form_id,)).fetchone()
    return row is None or row["reason_key"] != TOO_LONG


def news(conn: sqlite3.Connection, form_id: str, states: Mapping[str, str]) -> dict[str, str]:
    """Return, of the states the office told of a form, those of this House's dossiers that are new to it."""
    # By what was told, which may be what has changed: a House has cases of many years.
    rows = conn.execute(
        "SELECT instance_id, review_state FROM json_each(?) JOIN inbox ON instance_id = value WHERE form_id = ?",
        (json.dumps(list(states)), form_id),
    )
    return {
        row["instance_id"]: states[row["instance_id"]]
        for row in rows
        if states[row["instance_id"]] != row["review_state"]
    }


def cases(
    conn: sqlite3.Connection,
    form_id: str,
    first: Sequence[str],
    most: int,
    now: Moment,
    every_s: float = 0.0,
) -> tuple[Case, ...]:
    """Return up to ``most`` open cases of a form, those in ``first`` before those asked about longest ago.

    With ``every_s``, the seconds between two readings, the others rest between two questions, the old ones longer
    than the young ones: most of the time nobody has written anything, and each question costs its bytes.
    """
    least = _REST_READINGS * every_s
    given = {
        "form": form_id,
        "first": json.dumps(list(first)),
        "again": clocks.stamp(now.at - _REOPEN),
        "now": now.text,
        "least": least,
        "most_rest": max(least, _REST_MOST_S) if every_s else 0.0,
        "most": most,
    }
    recent = f"{_CLOSED} AND state_at > :again"
    by_age = "ORDER BY coalesce(asked_at, ''), state_at LIMIT :most"
    which = "SELECT *, coalesce(asked_at, '') AS asked FROM inbox WHERE form_id = :form"
    rows = [
        *conn.execute(
            f"{which} AND instance_id IN (SELECT value FROM json_each(:first)) AND ({_OPEN} OR ({recent}))"
            f" {by_age}",
            given,
        )
    ]
    named = {row["instance_id"] for row in rows}
    given["most"] = most + len(named)
    others = [
        *conn.execute(f"{which} AND {_OPEN} AND {_RESTED} {by_age}", given),
        *conn.execute(f"{which} AND {recent} AND {_RESTED} {by_age}", given),
    ]
    others.sort(key=lambda row: (row["asked"], row["state_at"]))
    rows += [row for row in others if row["instance_id"] not in named]
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
    key: bytes,
    now: Moment,
) -> bool:
    """Write down remarks that were read, each with its ETag (None: unchanged); return whether any is new."""
    before = _held(conn, case.instance_id, key)
    for column, told in (("comments", comments), ("notes", notes)):
        if told is not None:
            plain = msgspec.json.encode(list(told[0]))
            conn.execute(
                f"UPDATE inbox SET {column} = ?, {column}_etag = ? WHERE instance_id = ?",
                (
                    crypto.encrypt(key, plain, _context(case.instance_id, column)) if told[0] else None,
                    told[1],
                    case.instance_id,
                ),
            )
    after = _held(conn, case.instance_id, key)
    conn.execute(
        "UPDATE inbox SET asked_at = ?, read_at = ?, remarks = ? WHERE instance_id = ?",
        (now.text, now.text, len(after), case.instance_id),
    )
    if after != before:
        db.touch(conn, TOPIC)
    return after != before


def note_asked(conn: sqlite3.Connection, case: Case, now: Moment) -> None:
    """Remember that a case was asked about and told nothing, so that the next time it is the others' turn."""
    with db.write(conn):
        conn.execute("UPDATE inbox SET asked_at = ? WHERE instance_id = ?", (now.text, case.instance_id))


def _held(conn: sqlite3.Connection, instance_id: str, key: bytes) -> tuple[Comment, ...]:
    return comments(conn, instance_id, key=key)


def _opened(row: sqlite3.Row, column: str, instance_id: str, key: bytes) -> list[Comment] | None:
    if row[column] is None:
        return []
    try:
        plain = crypto.decrypt(key, row[column], _context(instance_id, column))
    except crypto.WrongKey:
        return None
    return msgspec.json.decode(plain, type=list[Comment])


def _context(instance_id: str, column: str) -> str:
    return f"inbox:{instance_id}:{column}"
