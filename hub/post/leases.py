"""The outbox as the courier works it: which parcel is due, who has it in hand, how the last try ended.

Keeps true: one parcel is in hand at most once (a conditional update); a try is counted before its first byte
leaves; every ending is one statement in the caller's transaction; nothing here costs more because more lies
in the outbox. It never commits.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment
from hub.post import outbox
from hub.post.outbox import Kind

# A new address or key may mend these; nothing about the parcel is wrong.
ACCESS = ("relay.token_refused", "relay.form_not_given", "relay.no_form")
_READ = 1 << 18
# Small ones first, so that a phone's photo does not keep ten certificates waiting on a thin line; three
# classes only, so that within a class the oldest goes first. The index "outbox_ready" has the same words.
_ORDER = "urgent DESC, CASE WHEN size < 262144 THEN 0 WHEN size < 2097152 THEN 1 ELSE 2 END, added_at, id"
# What is payable at all is found by asking for the smallest. The index "outbox_ready_smallest" has the same words.
_SMALLEST = "urgent DESC, size, id"
_READY = "state = 'queued' AND next_try_at IS NULL"
_WAITS = "state = 'queued' AND next_try_at IS NOT NULL"
# One in so many goes because it has waited longest, once it has waited so long: small ones come every day.
_TURN, _LONG = 4, dt.timedelta(days=1)
# Enough for a round to go on with; what is beyond has its turn when these are through.
_MANY = 500


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes in the database: which table and row, under what name, how long, and their SHA-256."""

    table: str
    row_id: int
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Load:
    """A parcel in the courier's hand, with the files that the office has not confirmed yet."""

    row_id: int
    instance_id: str
    form_id: str
    kind: Kind
    urgent: bool
    envelope: Piece
    files: tuple[Piece, ...]
    attempts: int
    conflicts: int
    checks: int
    split: bool
    started: bool
    accepted: bool


def recover(conn: sqlite3.Connection) -> int:
    """Put back what a courier that died had in hand: due at once, same bytes. Only for the relay's sole
    owner."""
    return conn.execute(
        "UPDATE outbox SET state = 'queued', next_try_at = NULL WHERE state = 'sending'"
    ).rowcount


def due(conn: sqlite3.Connection, now: Moment, *, force: bool = False, most: int = _MANY) -> tuple[int, ...]:
    """Return up to ``most`` rows to try now: urgent ones, then small ones, then the oldest; ``force`` forgets
    waiting times.

    A waiting time that lies further ahead than it was ever meant to be (the clock jumped back) is over.
    """
    each = [f"SELECT id FROM outbox WHERE {_READY} ORDER BY {_ORDER} LIMIT :most"]
    each += [f"SELECT id FROM outbox WHERE {_WAITS} AND {over} LIMIT :most" for over in _over(force)]
    found = " UNION ALL ".join(f"SELECT * FROM ({one})" for one in each)
    rows = conn.execute(
        f"SELECT id FROM outbox WHERE id IN ({found}) ORDER BY {_ORDER} LIMIT :most",
        {"now": now.text, "most": most},
    )
    return tuple(row[0] for row in rows)


def ripen(conn: sqlite3.Connection, now: Moment, *, force: bool = False, since_before: bool = False) -> int:
    """Let waiting times that are over be over, all of them with ``force``; return for how many parcels.

    Some hundreds a call, so that the pages never wait for it. ``since_before`` leaves out what began to wait at
    ``now`` or later.
    """
    but = " AND waits_since < :now" if since_before else ""
    return sum(
        conn.execute(
            f"UPDATE outbox SET next_try_at = NULL WHERE id IN (SELECT id FROM outbox WHERE {_WAITS} AND {over}"
            f"{but} LIMIT :most)",
            {"now": now.text, "most": _MANY},
        ).rowcount
        for over in _over(force)
    )


def _over(force: bool) -> tuple[str, ...]:
    return ("true",) if force else ("next_try_at <= :now", "waits_since > :now")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A parcel whose turn it is: its row, how many bytes of it the office has not yet, and whether it is
    urgent."""

    row_id: int
    size: int
    urgent: bool


def candidate(conn: sqlite3.Connection, now: Moment, passed: Collection[int] = ()) -> Candidate | None:
    """Return whose turn it is, or None when nobody is ready; who waits for a later try is not.

    Urgent ones first, then small ones, then the oldest; yet one in four is the one that has waited longest, if
    it has waited a day. ``passed`` are rows that shall not go now, for what the line costs: the others go the
    smallest first, and a few are asked about for having waited longest.
    """
    row = smallest(conn, passed) if passed else _first(conn, "outbox_ready", f"ORDER BY {_ORDER}", passed)
    if row is None or row.urgent or len(passed) >= _TURN or (_taken(conn) + 1) % _TURN:
        return row
    long_ago = clocks.stamp(now.at - _LONG)
    longest = "AND added_at < ? ORDER BY added_at, id"
    return _first(conn, "outbox_ready_longest", longest, passed, long_ago) or row


def smallest(conn: sqlite3.Connection, passed: Collection[int] = ()) -> Candidate | None:
    """Return the smallest that is ready, urgent ones before; None when nobody is."""
    return _first(conn, "outbox_ready_smallest", f"ORDER BY {_SMALLEST}", passed)


def ripe(conn: sqlite3.Connection, now: Moment) -> bool:
    """Return whether a waiting time is over that ``ripen`` has not ended yet."""
    return any(
        conn.execute(f"SELECT 1 FROM outbox WHERE {_WAITS} AND {over} LIMIT 1", {"now": now.text}).fetchone()
        for over in _over(False)
    )


def _first(
    conn: sqlite3.Connection, index: str, order: str, passed: Collection[int], *values: object
) -> Candidate | None:
    # The index is named: else the planner has been seen to read through all that waits for a later try.
    row = conn.execute(
        "SELECT id, urgent, size - coalesce((SELECT sum(size) FROM outbox_files WHERE outbox_id = outbox.id"
        f" AND delivered_at IS NOT NULL), 0) AS to_go FROM outbox INDEXED BY {index} WHERE {_READY}"
        f" AND id NOT IN (SELECT value FROM json_each(?)) {order} LIMIT 1",
        (json.dumps(list(passed)), *values),
    ).fetchone()
    return Candidate(row["id"], row["to_go"], bool(row["urgent"])) if row else None


def _taken(conn: sqlite3.Connection) -> int:
    row = conn.execute("SELECT taken FROM outbox_turns WHERE id = 1").fetchone()
    return int(row["taken"]) if row else 0


def at_door(conn: sqlite3.Connection) -> bool:
    """Return whether parcels are held only because the office's door was shut to all of them."""
    return conn.execute(f"SELECT 1 FROM {_AT_DOOR} LIMIT 1").fetchone() is not None


def take(conn: sqlite3.Connection, row_id: int) -> Load | None:
    """Take a queued parcel in hand and count the try; None when it is no longer queued."""
    taken = conn.execute(
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1 WHERE id = ? AND state = 'queued'",
        (row_id,),
    ).rowcount
    if not taken:
        return None
    conn.execute(
        "INSERT INTO outbox_turns(id, taken) VALUES (1, 1) ON CONFLICT(id) DO UPDATE SET taken = taken + 1"
    )
    row = conn.execute(
        "SELECT instance_id, form_id, kind, urgent, sha256, length(envelope) AS size, attempts, conflicts,"
        " checks, split, accepted_at FROM outbox WHERE id = ?",
        (row_id,),
    ).fetchone()
    files, left = 0, []
    for found in conn.execute(
        # What was filled in before what was pictured, and of the pictures the small ones first.
        "SELECT id, name, size, sha256, delivered_at FROM outbox_files WHERE outbox_id = ?"
        " ORDER BY is_instance DESC, size, position",
        (row_id,),
    ):
        files += 1
        if found["delivered_at"] is None:
            left.append(Piece("outbox_files", found["id"], found["name"], found["size"], found["sha256"]))
    db.touch(conn, outbox.TOPIC)
    return Load(
        row_id,
        row["instance_id"],
        row["form_id"],
        Kind(row["kind"]),
        bool(row["urgent"]),
        Piece("outbox", row_id, outbox.ENVELOPE_PART, row["size"], row["sha256"]),
        tuple(left),
        row["attempts"],
        row["conflicts"],
        row["checks"],
        bool(row["split"]),
        len(left) < files,
        row["accepted_at"] is not None,
    )


def chunks(conn: sqlite3.Connection, piece: Piece) -> Iterator[bytes]:
    """Yield the bytes of ``piece``, 256 KiB at a time, without holding a read lock in between."""
    column = "envelope" if piece.table == "outbox" else "content"
    for start in range(0, piece.size, _READ):
        with conn.blobopen(piece.table, column, piece.row_id, readonly=True) as blob:
            blob.seek(start)
            chunk = blob.read(_READ)
        yield chunk


def intact(conn: sqlite3.Connection, piece: Piece) -> bool:
    """Return whether the bytes on the card are still those that were frozen."""
    digest = hashlib.sha256()
    for chunk in chunks(conn, piece):
        digest.update(chunk)
    return digest.hexdigest() == piece.sha256


def delivered(conn: sqlite3.Connection, pieces: Iterable[Piece], now: Moment) -> None:
    """Note that the office answered "done" to these files."""
    conn.executemany(
        "UPDATE outbox_files SET delivered_at = ? WHERE id = ?",
        [(now.text, piece.row_id) for piece in pieces],
    )


def undelivered(conn: sqlite3.Connection, row_id: int, names: Iterable[str]) -> int:
    """Take back ``delivered`` for files that the office says it lacks; return how many were ours."""
    return sum(
        conn.execute(
            "UPDATE outbox_files SET delivered_at = NULL WHERE outbox_id = ? AND name = ?", (row_id, name)
        ).rowcount
        for name in names
    )


def disown(conn: sqlite3.Connection, row_id: int) -> None:
    """Take back every ``delivered`` and ``accepted`` of a parcel: the office has not got it after all."""
    conn.execute("UPDATE outbox_files SET delivered_at = NULL WHERE outbox_id = ?", (row_id,))
    conn.execute("UPDATE outbox SET accepted_at = NULL WHERE id = ?", (row_id,))


def is_edit(conn: sqlite3.Connection, envelope: Piece) -> bool:
    """Return whether a plain record replaces another: the office keeps it under that one's name, not its own."""
    return b"deprecatedID" in b"".join(chunks(conn, envelope))


def accepted(conn: sqlite3.Connection, row_id: int, now: Moment) -> None:
    """Note that everything was answered with "done"; what is left is to look whether it is there."""
    conn.execute("UPDATE outbox SET accepted_at = coalesce(accepted_at, ?) WHERE id = ?", (now.text, row_id))


def sent(conn: sqlite3.Connection, row_id: int, now: Moment) -> bool:
    """The office has it; return whether that is news: an answer by hand may have been quicker."""
    news = conn.execute(
        "UPDATE outbox SET state = 'sent', reason_key = NULL, detail = '', next_try_at = NULL, backoff_s = 0,"
        " sent_at = ?, sent_trusted = ?, sent_boot_id = ?, sent_mono = ? WHERE id = ? AND state = 'sending'",
        (now.text, now.trusted, now.boot_id, now.mono, row_id),
    ).rowcount
    db.touch(conn, outbox.TOPIC)
    return bool(news)


def received_by_hand(conn: sqlite3.Connection, row_id: int, now: Moment) -> bool:
    """The office has it, though not by the wire; return whether that is news. Whoever has it in hand is too late."""
    news = conn.execute(
        "UPDATE outbox SET state = 'sent', reason_key = NULL, detail = '', next_try_at = NULL, backoff_s = 0,"
        " at_door = 0, held_under = NULL, accepted_at = coalesce(accepted_at, ?), sent_at = ?, sent_trusted = ?,"
        " sent_boot_id = ?, sent_mono = ? WHERE id = ? AND state <> 'sent'",
        (now.text, now.text, now.trusted, now.boot_id, now.mono, row_id),
    ).rowcount
    if news:
        db.touch(conn, outbox.TOPIC)
    return bool(news)


def refused_by_hand(conn: sqlite3.Connection, row_id: int, reason_key: str, detail: str) -> bool:
    """Lay a queued parcel aside for a person, because the office's server said no to what came by hand."""
    held = conn.execute(
        "UPDATE outbox SET state = 'held', reason_key = ?, detail = ?, held_under = NULL, next_try_at = NULL"
        " WHERE id = ? AND state = 'queued'",
        (reason_key, detail, row_id),
    ).rowcount
    if held:
        db.touch(conn, outbox.TOPIC)
    return bool(held)


@dataclass(frozen=True, slots=True)
class Retry:
    """How to put a parcel back: why, after how many seconds, and what to remember for the next try."""

    reason_key: str | None
    detail: str = ""
    delay_s: float = 0.0
    counted: bool = True
    conflict: bool = False
    check: bool = False
    split: bool = False


def again(conn: sqlite3.Connection, row_id: int, retry: Retry, now: Moment) -> None:
    """Put the parcel back into the queue."""
    at = clocks.stamp(now.at + dt.timedelta(seconds=retry.delay_s)) if retry.delay_s else None
    conn.execute(
        "UPDATE outbox SET state = 'queued', reason_key = ?, detail = ?, backoff_s = ?, next_try_at = ?,"
        " waits_since = ?, attempts = attempts - ?, conflicts = conflicts + ?, checks = checks + ?, split = split | ?,"
        " accepted_at = CASE WHEN EXISTS (SELECT 1 FROM outbox_files WHERE outbox_id = outbox.id"
        " AND delivered_at IS NULL) THEN NULL ELSE accepted_at END WHERE id = ? AND state = 'sending'",
        (
            retry.reason_key,
            retry.detail,
            retry.delay_s,
            at,
            now.text,
            not retry.counted,
            retry.conflict,
            retry.check,
            retry.split,
            row_id,
        ),
    )
    db.touch(conn, outbox.TOPIC)


def hold(conn: sqlite3.Connection, row_id: int, reason_key: str, detail: str, fingerprint: str) -> None:
    """Lay a parcel in hand aside for a person, with the reason."""
    conn.execute(
        "UPDATE outbox SET state = 'held', reason_key = ?, detail = ?, held_under = ?, next_try_at = NULL"
        " WHERE id = ? AND state = 'sending'",
        (reason_key, detail, fingerprint, row_id),
    )
    db.touch(conn, outbox.TOPIC)


def hold_at_door(conn: sqlite3.Connection, row_ids: Iterable[int], reason_key: str, fingerprint: str) -> int:
    """Lay queued parcels aside because the office lets none of ours in; return how many."""
    held = sum(
        conn.execute(
            "UPDATE outbox SET state = 'held', at_door = 1, reason_key = ?, detail = '', held_under = ?,"
            " next_try_at = NULL WHERE id = ? AND state = 'queued'",
            (reason_key, fingerprint, row_id),
        ).rowcount
        for row_id in row_ids
    )
    if held:
        db.touch(conn, outbox.TOPIC)
    return held


def open_door(conn: sqlite3.Connection, fingerprint: str, access_reasons: Iterable[str]) -> int:
    """Let go what was held at the door, and what was held for access under another office or key; some
    hundreds a call, return how many.

    ``access_reasons`` are the reasons that a technician mends by giving the House another address or key.
    """
    freed = conn.execute(f"{_FREE} WHERE id IN (SELECT id FROM {_AT_DOOR} LIMIT {_MANY})").rowcount
    for reason in access_reasons:
        freed += conn.execute(
            f"{_FREE} WHERE id IN (SELECT id FROM outbox WHERE state = 'held' AND reason_key = ?"
            f" AND held_under < ? LIMIT {_MANY}) OR id IN (SELECT id FROM outbox WHERE state = 'held'"
            f" AND reason_key = ? AND held_under > ? LIMIT {_MANY})",
            (reason, fingerprint, reason, fingerprint),
        ).rowcount
    if freed:
        db.touch(conn, outbox.TOPIC)
    return freed


# Without the index named, the planner has been seen to read through all that is held.
_AT_DOOR = "outbox INDEXED BY outbox_at_door WHERE state = 'held' AND at_door = 1"
_FREE = (
    "UPDATE outbox SET state = 'queued', at_door = 0, held_under = NULL, next_try_at = NULL, backoff_s = 0"
)
