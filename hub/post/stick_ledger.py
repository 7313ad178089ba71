"""The rows of what is carried by hand: the office that may open it, parts and what went on them, its words.

Keeps true: what went on a part is written before the part's first byte; a later word of one office is never
overwritten by an earlier one. It never commits.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base import identity
from hub.base.clock import Moment
from hub.base.identity import Public
from hub.post.bundle_content import Word, digest

# What the office's server said no to: the same bytes would hear the same again, until a person lets them go.
REFUSALS = (
    "relay.conflict",
    "relay.form_inactive",
    "relay.not_understood",
    "relay.other_bytes",
    "relay.refused",
    "relay.too_large",
)
_LEFT = (*REFUSALS, "relay.bytes_damaged", "relay.name_taken")
# A report that nobody waits for takes no room from dossiers.
_MOST_REPORT = 256 * 1024


@dataclass(frozen=True, slots=True)
class Office:
    """The office whose stick key a technician has confirmed."""

    id: int
    public: Public
    heard: int
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A parcel that could go by hand; ``carried`` is on how many parts it went already."""

    row_id: int
    instance_id: str
    size: int
    files: int
    carried: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part that was begun: its file's name, how many parcels are on it, and how many of them still wait for
    an answer."""

    id: int
    office_id: int
    name: str
    parcels: int
    unanswered: int
    begun_at: dt.datetime
    trusted: bool
    written_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Hand:
    """How a parcel stands on its way by hand: ``word`` is None while no answer came."""

    word: Word | None
    at: dt.datetime
    trusted: bool


def office(conn: sqlite3.Connection) -> Office | None:
    """Return the office in force."""
    row = conn.execute(
        "SELECT id, line, heard, confirmed_at FROM stick_offices WHERE retired_at IS NULL"
    ).fetchone()
    if row is None:
        return None
    return Office(
        row["id"], identity.read(row["line"], "office"), row["heard"], clocks.parse(row["confirmed_at"])
    )


def put_office(conn: sqlite3.Connection, public: Public, staff: int | None, now: Moment) -> None:
    """Put another office in force."""
    conn.execute("UPDATE stick_offices SET retired_at = ? WHERE retired_at IS NULL", (now.text,))
    conn.execute(
        "INSERT INTO stick_offices(line, staff_id, confirmed_at, trusted, boot_id, mono) VALUES (?,?,?,?,?,?)",
        (public.line, staff, now.text, now.trusted, now.boot_id, now.mono),
    )


_WAITING = (
    " FROM outbox WHERE (state IN ('queued', 'sending') OR (state = 'held' AND reason_key NOT IN"
    " (SELECT value FROM json_each(:left)))) AND (kind <> 'report' OR size <= :report)"
    " AND (:again OR NOT EXISTS (SELECT 1 FROM stick_words WHERE stick_words.instance_id = outbox.instance_id"
    " AND word = 'taken' AND office_id IS :office))"
)


def _waiting(office_id: int | None, again: bool) -> dict[str, object]:
    return {"left": json.dumps(_LEFT), "report": _MOST_REPORT, "office": office_id, "again": again}


def waiting(conn: sqlite3.Connection, office_id: int, *, again: bool = False) -> Iterator[Waiting]:
    """Yield what could go by hand: what went never before, then what went longest ago; urgent ones first.

    With ``again`` also what lies with the office: its machine may be lost.
    """
    rows = conn.execute(
        "SELECT id, instance_id, size, (SELECT count(*) FROM outbox_files WHERE outbox_id = outbox.id) AS files,"
        " (SELECT count(*) FROM stick_carried WHERE instance_id = outbox.instance_id) AS carried,"
        " (SELECT max(part_id) FROM stick_carried WHERE instance_id = outbox.instance_id) AS latest"
        f"{_WAITING} ORDER BY latest IS NOT NULL, latest, kind = 'report', urgent DESC, added_at, id",
        _waiting(office_id, again),
    )
    for row in rows:
        yield Waiting(row["id"], row["instance_id"], row["size"], row["files"], row["carried"])


def waiting_count(conn: sqlite3.Connection, office_id: int | None) -> tuple[int, int, int]:
    """Return how many could go by hand, their bytes, and how many of them never went before."""
    row = conn.execute(
        "SELECT count(*), coalesce(sum(size), 0), coalesce(sum(NOT EXISTS (SELECT 1 FROM stick_carried"
        f" WHERE stick_carried.instance_id = outbox.instance_id)), 0){_WAITING}",
        _waiting(office_id, False),
    ).fetchone()
    return int(row[0]), int(row[1]), int(row[2])


def begin_part(
    conn: sqlite3.Connection,
    *,
    mark: str,
    name: str,
    office_id: int,
    size: int,
    instance_ids: Sequence[str],
    now: Moment,
) -> int:
    """Write down what a part will carry; return its number."""
    part = conn.execute(
        "INSERT INTO stick_parts(mark, name, office_id, size, begun_at, trusted) VALUES (?,?,?,?,?,?)",
        (mark, name, office_id, size, now.text, now.trusted),
    ).lastrowid
    assert part is not None
    conn.executemany(
        "INSERT INTO stick_carried(instance_id, part_id) VALUES (?, ?)", [(one, part) for one in instance_ids]
    )
    return part


def end_part(conn: sqlite3.Connection, part: int, now: Moment) -> None:
    """Note that a part is whole."""
    conn.execute("UPDATE stick_parts SET written_at = ? WHERE id = ?", (now.text, part))


_PARTS = (
    "SELECT id, office_id, name, begun_at, trusted, written_at,"
    " (SELECT count(*) FROM stick_carried WHERE part_id = stick_parts.id) AS parcels,"
    " (SELECT count(*) FROM stick_carried JOIN outbox USING (instance_id) WHERE part_id = stick_parts.id"
    " AND state <> 'sent' AND NOT EXISTS (SELECT 1 FROM stick_words WHERE stick_words.instance_id ="
    " outbox.instance_id AND stick_words.office_id = stick_parts.office_id AND read_at >= begun_at))"
    " AS unanswered FROM stick_parts"
)


def parts(conn: sqlite3.Connection, most: int) -> tuple[Part, ...]:
    """Return the latest parts, latest first."""
    return tuple(map(_part, conn.execute(f"{_PARTS} ORDER BY id DESC LIMIT ?", (most,))))


def part_named(conn: sqlite3.Connection, name: str) -> Part | None:
    """Return the part whose file has this name."""
    row = conn.execute(f"{_PARTS} WHERE name = ?", (name,)).fetchone()
    return _part(row) if row else None


def on_part(conn: sqlite3.Connection, part: int) -> set[str]:
    """Return the parcels that a part carries."""
    return {
        row["instance_id"]
        for row in conn.execute("SELECT instance_id FROM stick_carried WHERE part_id = ?", (part,))
    }


def _part(row: sqlite3.Row) -> Part:
    return Part(
        row["id"],
        row["office_id"],
        row["name"],
        row["parcels"],
        row["unanswered"],
        clocks.parse(row["begun_at"]),
        bool(row["trusted"]),
        clocks.parse(row["written_at"]) if row["written_at"] else None,
    )


def digest_here(conn: sqlite3.Connection, instance_id: str) -> str | None:
    """Return what the bytes of a parcel in this outbox are known by; None where there is none."""
    row = conn.execute("SELECT id, sha256 FROM outbox WHERE instance_id = ?", (instance_id,)).fetchone()
    if row is None:
        return None
    files = conn.execute(
        "SELECT name, sha256 FROM outbox_files WHERE outbox_id = ? ORDER BY position", (row["id"],)
    )
    return digest(row["sha256"], [(one["name"], one["sha256"]) for one in files])


def answer_known(conn: sqlite3.Connection, mark: str) -> bool:
    """Return whether an answer was read before."""
    return conn.execute("SELECT 1 FROM stick_answers WHERE mark = ?", (mark,)).fetchone() is not None


def note_answer(
    conn: sqlite3.Connection, mark: str, office_id: int, *, upto: int, closed: int, now: Moment
) -> None:
    """Write down that an answer was read: the office was heard up to it."""
    conn.execute(
        "INSERT INTO stick_answers(mark, office_id, upto, closed, read_at) VALUES (?,?,?,?,?)",
        (mark, office_id, upto, closed, now.text),
    )
    conn.execute("UPDATE stick_offices SET heard = max(heard, ?) WHERE id = ?", (upto, office_id))


def later(conn: sqlite3.Connection, instance_id: str, office_id: int, serial: int) -> bool:
    """Return whether a word with this serial is later than what the office said last of this parcel."""
    row = conn.execute(
        "SELECT serial FROM stick_words WHERE instance_id = ? AND office_id = ?", (instance_id, office_id)
    ).fetchone()
    return row is None or serial > row["serial"]


def note_word(
    conn: sqlite3.Connection, instance_id: str, office_id: int, serial: int, word: Word, now: Moment
) -> None:
    """Write down the office's word on a parcel."""
    conn.execute(
        "INSERT OR REPLACE INTO stick_words(instance_id, office_id, serial, word, read_at, trusted)"
        " VALUES (?,?,?,?,?,?)",
        (instance_id, office_id, serial, word, now.text, now.trusted),
    )


def hands(conn: sqlite3.Connection, instance_ids: Iterable[str]) -> dict[str, Hand]:
    """Return how those parcels that went by hand stand there."""
    rows = conn.execute(
        # Let go again after a "no", it is on its way once more.
        "SELECT carried.instance_id, CASE WHEN word <> 'refused' OR read_at >= begun_at THEN word END AS word,"
        " read_at, stick_words.trusted AS word_trusted, begun_at,"
        " stick_parts.trusted AS part_trusted FROM (SELECT instance_id, max(part_id) AS part_id"
        " FROM stick_carried WHERE instance_id IN (SELECT value FROM json_each(?)) GROUP BY instance_id)"
        " AS carried JOIN stick_parts ON stick_parts.id = carried.part_id"
        " LEFT JOIN stick_words USING (instance_id)",
        (json.dumps(list(instance_ids)),),
    )
    return {
        row["instance_id"]: (
            Hand(Word(row["word"]), clocks.parse(row["read_at"]), bool(row["word_trusted"]))
            if row["word"]
            else Hand(None, clocks.parse(row["begun_at"]), bool(row["part_trusted"]))
        )
        for row in rows
    }


def forget(conn: sqlite3.Connection, before: str) -> int:
    """Delete what was written down before ``before`` of parcels that are closed as long, or gone; return how many
    parts and answers.

    Of a parcel that is still open all stays: whether it may have left, and what the office said last.
    """
    over = (
        "SELECT id FROM stick_parts WHERE begun_at < :before AND NOT EXISTS (SELECT 1 FROM stick_carried"
        " JOIN outbox USING (instance_id) WHERE part_id = stick_parts.id AND (state <> 'sent' OR sent_at >= :before))"
    )
    told = {"before": before}
    conn.execute(f"DELETE FROM stick_carried WHERE part_id IN ({over})", told)
    parts = conn.execute(
        "DELETE FROM stick_parts WHERE begun_at < :before AND NOT EXISTS"
        " (SELECT 1 FROM stick_carried WHERE part_id = stick_parts.id)",
        told,
    ).rowcount
    conn.execute(
        "DELETE FROM stick_words WHERE read_at < :before AND NOT EXISTS (SELECT 1 FROM outbox"
        " WHERE outbox.instance_id = stick_words.instance_id AND (state <> 'sent' OR sent_at >= :before))",
        told,
    )
    # One that is brought once more is known by its mark while a word in it could still count.
    answers = conn.execute(
        "DELETE FROM stick_answers WHERE read_at < :before AND NOT EXISTS (SELECT 1 FROM stick_words"
        " WHERE stick_words.office_id = stick_answers.office_id AND serial <= upto)",
        told,
    ).rowcount
    return parts + answers
