"""The rows of the commune's end: Houses it knows, parts it read, and its word on each parcel.

Keeps true: each word has a serial of its own, higher than all before it; a parcel is said to be forwarded only
where the outbox beneath says that the server has acknowledged the same bytes. It never commits.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.base import identity
from hub.base.clock import Moment
from hub.base.identity import Public
from hub.post import stick_ledger
from hub.post.bundle_content import Entry, Word

# What one House claims must not use up the numbers of all.
_MOST_SERIAL = 1 << 40


@dataclass(frozen=True, slots=True)
class House:
    """A House whose parts are taken; ``heard`` is how far it said it has heard us, ``answer`` the name of the
    last answer's file."""

    id: int
    public: Public
    name: str
    heard: int
    answer: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """What the office said of a parcel."""

    digest: str
    word: Word


def put_house(conn: sqlite3.Connection, public: Public, name: str, now: Moment) -> House:
    """Know a House by ``name`` from now on."""
    conn.execute(
        "INSERT INTO commune_houses(line, name, trusted_at) VALUES (?, ?, ?)"
        " ON CONFLICT(line) DO UPDATE SET name = excluded.name",
        (public.line, name or public.id, now.text),
    )
    found = house(conn, public)
    assert found is not None, "it was just written"
    return found


def house(conn: sqlite3.Connection, public: Public) -> House | None:
    """Return the House with these keys, if it is known."""
    row = conn.execute("SELECT * FROM commune_houses WHERE line = ?", (public.line,)).fetchone()
    return _house(row) if row else None


def houses(conn: sqlite3.Connection) -> tuple[House, ...]:
    """Return the Houses that are known, by name."""
    return tuple(map(_house, conn.execute("SELECT * FROM commune_houses ORDER BY name, id").fetchall()))


def _house(row: sqlite3.Row) -> House:
    return House(row["id"], identity.read(row["line"], "house"), row["name"], row["heard"], row["answer"])


def note_heard(conn: sqlite3.Connection, house_id: int, heard: int) -> None:
    """Note how far a House has heard us."""
    believed = min(heard, _MOST_SERIAL)
    conn.execute("UPDATE commune_houses SET heard = max(heard, ?) WHERE id = ?", (believed, house_id))


def note_answer(conn: sqlite3.Connection, house_id: int, name: str) -> None:
    """Note the file of the last answer for a House."""
    conn.execute("UPDATE commune_houses SET answer = ? WHERE id = ?", (name, house_id))


def part_known(conn: sqlite3.Connection, mark: str) -> bool:
    """Return whether a part was read to its end before."""
    return conn.execute("SELECT 1 FROM commune_parts WHERE mark = ?", (mark,)).fetchone() is not None


def note_part(conn: sqlite3.Connection, mark: str, house_id: int, number: int, now: Moment) -> None:
    """Note that a part was read to its end."""
    conn.execute(
        "INSERT OR IGNORE INTO commune_parts(mark, house_id, number, read_at) VALUES (?,?,?,?)",
        (mark, house_id, number, now.text),
    )


def parcel(conn: sqlite3.Connection, house_id: int, instance_id: str) -> Known | None:
    """Return what was said of a House's parcel."""
    row = conn.execute(
        "SELECT digest, word FROM commune_parcels WHERE house_id = ? AND instance_id = ?",
        (house_id, instance_id),
    ).fetchone()
    return Known(row["digest"], Word(row["word"])) if row else None


def say(
    conn: sqlite3.Connection,
    house_id: int,
    instance_id: str,
    digest: str,
    word: Word,
    reason_key: str = "",
    detail: str = "",
) -> None:
    """Write down a word on a parcel, as the latest one."""
    conn.execute(
        "INSERT OR REPLACE INTO commune_parcels(house_id, instance_id, digest, word, reason_key, detail, serial)"
        " VALUES (?,?,?,?,?,?,?)",
        (house_id, instance_id, digest, word, reason_key, detail, _next(conn)),
    )


def say_again(conn: sqlite3.Connection, house_id: int, instance_id: str) -> None:
    """Say a word once more that the House seems to have lost: it sends what it says it was told of."""
    conn.execute(
        "UPDATE commune_parcels SET serial = ? WHERE house_id = ? AND instance_id = ?"
        " AND serial <= (SELECT heard FROM commune_houses WHERE id = house_id)",
        (_next(conn), house_id, instance_id),
    )


def _next(conn: sqlite3.Connection) -> int:
    # A House may have heard more of us than we remember: our machine was lost, and its keys were put back.
    row = conn.execute(
        "SELECT max((SELECT coalesce(max(serial), 0) FROM commune_parcels),"
        " (SELECT coalesce(max(heard), 0) FROM commune_houses)) + 1"
    ).fetchone()
    return int(row[0])


def arrived(conn: sqlite3.Connection, instance_id: str) -> bool:
    """Return whether the server has acknowledged a parcel."""
    row = conn.execute("SELECT state FROM outbox WHERE instance_id = ?", (instance_id,)).fetchone()
    return row is not None and row["state"] == "sent"


def held(conn: sqlite3.Connection, instance_id: str) -> bool:
    """Return whether a parcel is held here."""
    row = conn.execute("SELECT state FROM outbox WHERE instance_id = ?", (instance_id,)).fetchone()
    return row is not None and row["state"] == "held"


def say_arrived(conn: sqlite3.Connection, instance_id: str) -> None:
    """Say "forwarded" of a parcel to every House that sent these bytes."""
    told = stick_ledger.digest_here(conn, instance_id)
    assert told is not None, "the courier has just sent it"
    for one in conn.execute(
        "SELECT house_id FROM commune_parcels WHERE instance_id = ? AND digest = ? AND word <> ?",
        (instance_id, told, Word.FORWARDED),
    ).fetchall():
        say(conn, one["house_id"], instance_id, told, Word.FORWARDED)
    # What the office's server says of a record later is read by the House itself.
    conn.execute("DELETE FROM inbox WHERE instance_id = ?", (instance_id,))


def say_refusals(conn: sqlite3.Connection, refusals: Sequence[str]) -> None:
    """Say "refused" of what the server said no to, with its reason."""
    for row in conn.execute(
        "SELECT house_id, instance_id, digest, outbox.reason_key AS reason_key, outbox.detail AS detail"
        " FROM commune_parcels JOIN outbox USING (instance_id) WHERE state = 'held' AND word = 'taken'"
        " AND outbox.reason_key IN (SELECT value FROM json_each(?))",
        (json.dumps(refusals),),
    ).fetchall():
        say(
            conn,
            row["house_id"],
            row["instance_id"],
            row["digest"],
            Word.REFUSED,
            row["reason_key"],
            row["detail"],
        )


def held_for_access(conn: sqlite3.Connection, refusals: Sequence[str]) -> tuple[str, ...]:
    """Return what is held here for this machine's own sake: another key or address may mend it."""
    rows = conn.execute(
        "SELECT instance_id FROM outbox WHERE state = 'held'"
        " AND reason_key NOT IN (SELECT value FROM json_each(?))",
        (json.dumps(refusals),),
    )
    return tuple(row["instance_id"] for row in rows.fetchall())


def entries(conn: sqlite3.Connection, house: House) -> tuple[Entry, ...]:
    """Return the words that a House has not said it heard, in the order they were said."""
    rows = conn.execute(
        "SELECT instance_id, digest, word, serial, reason_key, detail FROM commune_parcels"
        " WHERE house_id = ? AND serial > ? ORDER BY serial",
        (house.id, house.heard),
    )
    return tuple(
        Entry(
            row["instance_id"],
            row["digest"],
            Word(row["word"]),
            row["serial"],
            row["reason_key"],
            row["detail"],
        )
        for row in rows
    )


def waiting(conn: sqlite3.Connection) -> tuple[str, ...]:
    """Return the parcels here that the server has not acknowledged, oldest first."""
    rows = conn.execute("SELECT instance_id FROM outbox WHERE state <> 'sent' ORDER BY id")
    return tuple(row["instance_id"] for row in rows.fetchall())


def lying(conn: sqlite3.Connection) -> int:
    """Return how many parcels still lie here and could be forwarded."""
    row = conn.execute(
        "SELECT count(DISTINCT instance_id) FROM commune_parcels WHERE word = 'taken'"
    ).fetchone()
    return int(row[0])


def refused(conn: sqlite3.Connection) -> int:
    """Return how many parcels the server said no to."""
    row = conn.execute(
        "SELECT count(DISTINCT instance_id) FROM commune_parcels WHERE word = 'refused'"
    ).fetchone()
    return int(row[0])


def counts(conn: sqlite3.Connection, house_id: int) -> dict[str, int]:
    """Return how many of a House's parcels are forwarded, taken and refused."""
    found = dict(
        conn.execute(
            "SELECT word, count(*) FROM commune_parcels WHERE house_id = ? GROUP BY word", (house_id,)
        ).fetchall()
    )
    return {str(word): int(found.get(word, 0)) for word in Word}


def reason(conn: sqlite3.Connection) -> str | None:
    """Return what stands in the way of the oldest parcel that lies here."""
    row = conn.execute(
        "SELECT reason_key FROM outbox WHERE state <> 'sent' AND reason_key IS NOT NULL ORDER BY id LIMIT 1"
    ).fetchone()
    return row["reason_key"] if row else None


def arrived_whole(conn: sqlite3.Connection) -> tuple[str, ...]:
    """Return the parcels that the server has and whose bytes still lie here."""
    rows = conn.execute("SELECT instance_id FROM outbox WHERE state = 'sent' AND erased_at IS NULL")
    return tuple(row["instance_id"] for row in rows.fetchall())


def content(conn: sqlite3.Connection, instance_id: str) -> Iterator[tuple[str, bytes]]:
    """Yield names and bytes of a parcel: the instance first."""
    row = conn.execute("SELECT id, envelope FROM outbox WHERE instance_id = ?", (instance_id,)).fetchone()
    yield "submission.xml", row["envelope"]
    for one in conn.execute(
        "SELECT name, content FROM outbox_files WHERE outbox_id = ? ORDER BY position", (row["id"],)
    ).fetchall():
        yield one["name"], one["content"]
