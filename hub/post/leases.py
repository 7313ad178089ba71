"""The outbox as the courier works it: which parcel is due, who has it in hand, how the last try ended.

Keeps true: one parcel is in hand at most once (a conditional update); a try is counted before its first byte
leaves; every ending is one statement in the caller's transaction. It never commits.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment
from hub.post import outbox

_READ = 1 << 18
# Small ones first, so that a phone's photo does not keep ten certificates waiting on a thin line; three
# classes only, so that within a class the oldest goes first.
_SMALL, _MIDDLE = 256 * 1024, 2 * 1024 * 1024


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


def due(conn: sqlite3.Connection, now: Moment, *, force: bool = False) -> tuple[int, ...]:
    """Return the rows to try now: urgent ones, then small ones, then the oldest; ``force`` forgets waiting
    times.

    A waiting time that lies further ahead than it was ever meant to be (the clock jumped back) is over.
    """
    rows = conn.execute(
        "SELECT id, backoff_s, next_try_at FROM outbox WHERE state = 'queued' ORDER BY urgent DESC,"
        f" CASE WHEN size < {_SMALL} THEN 0 WHEN size < {_MIDDLE} THEN 1 ELSE 2 END, added_at, id"
    )
    return tuple(row["id"] for row in rows if force or _wait_over(row, now.at))


def _wait_over(row: sqlite3.Row, now: dt.datetime) -> bool:
    if row["next_try_at"] is None:
        return True
    ahead = (clocks.parse(row["next_try_at"]) - now).total_seconds()
    return ahead <= 0 or ahead > float(row["backoff_s"])


def at_door(conn: sqlite3.Connection) -> bool:
    """Return whether parcels are held only because the office's door was shut to all of them."""
    return (
        conn.execute("SELECT 1 FROM outbox WHERE state = 'held' AND at_door = 1 LIMIT 1").fetchone()
        is not None
    )


def take(conn: sqlite3.Connection, row_id: int) -> Load | None:
    """Take a queued parcel in hand and count the try; None when it is no longer queued."""
    taken = conn.execute(
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1 WHERE id = ? AND state = 'queued'",
        (row_id,),
    ).rowcount
    if not taken:
        return None
    row = conn.execute(
        "SELECT instance_id, form_id, sha256, length(envelope) AS size, attempts, conflicts, checks, split,"
        " accepted_at FROM outbox WHERE id = ?",
        (row_id,),
    ).fetchone()
    files, left = 0, []
    for found in conn.execute(
        "SELECT id, name, size, sha256, delivered_at FROM outbox_files WHERE outbox_id = ? ORDER BY position",
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


def accepted(conn: sqlite3.Connection, row_id: int, now: Moment) -> None:
    """Note that everything was answered with "done"; what is left is to look whether it is there."""
    conn.execute("UPDATE outbox SET accepted_at = coalesce(accepted_at, ?) WHERE id = ?", (now.text, row_id))


def sent(conn: sqlite3.Connection, row_id: int, now: Moment) -> None:
    """The office has it."""
    conn.execute(
        "UPDATE outbox SET state = 'sent', reason_key = NULL, detail = '', next_try_at = NULL, backoff_s = 0,"
        " sent_at = ?, sent_trusted = ?, sent_boot_id = ?, sent_mono = ? WHERE id = ? AND state = 'sending'",
        (now.text, now.trusted, now.boot_id, now.mono, row_id),
    )
    db.touch(conn, outbox.TOPIC)


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
        " attempts = attempts - ?, conflicts = conflicts + ?, checks = checks + ?, split = split | ?,"
        " accepted_at = CASE WHEN EXISTS (SELECT 1 FROM outbox_files WHERE outbox_id = outbox.id"
        " AND delivered_at IS NULL) THEN NULL ELSE accepted_at END WHERE id = ? AND state = 'sending'",
        (
            retry.reason_key,
            retry.detail,
            retry.delay_s,
            at,
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
    """Let go what was held at the door, and what was held for access under another office or key.

    ``access_reasons`` are the reasons that a technician mends by giving the House another address or key.
    """
    reasons = tuple(access_reasons)
    marks = ",".join("?" * len(reasons))
    freed = conn.execute(
        "UPDATE outbox SET state = 'queued', at_door = 0, held_under = NULL, next_try_at = NULL,"
        " backoff_s = 0"
        f" WHERE state = 'held' AND (at_door = 1 OR (held_under <> ? AND reason_key IN ({marks})))",
        (fingerprint, *reasons),
    ).rowcount
    if freed:
        db.touch(conn, outbox.TOPIC)
    return freed
