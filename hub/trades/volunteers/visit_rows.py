"""The tables of visits that came in: statements only; whoever calls opens the transaction.

What is not whole yet comes in and goes out under the field key; nothing here can read it.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Mapping

from hub.base import clock as clocks
from hub.base.clock import Moment
from hub.post.outbox import State as ParcelStands
from hub.trades.volunteers.model import Seal, Visit, VisitId

RECORD = ""
"""The name that the record itself is held under."""


def find(conn: sqlite3.Connection, instance_id: str) -> sqlite3.Row | None:
    """Return a visit's row by its instanceID."""
    row: sqlite3.Row | None = conn.execute(
        "SELECT * FROM visits_received WHERE instance_id = ?", (instance_id,)
    ).fetchone()
    return row


def get(conn: sqlite3.Connection, visit_id: int) -> sqlite3.Row | None:
    """Return a visit's row."""
    row: sqlite3.Row | None = conn.execute(
        "SELECT * FROM visits_received WHERE id = ?", (visit_id,)
    ).fetchone()
    return row


def add(
    conn: sqlite3.Connection,
    *,
    instance_id: str,
    form_id: str,
    form_version: str,
    title: str,
    volunteer_id: int,
    device_id: str,
    seal: Seal,
    record_mark: bytes,
    size: int,
    names: Iterable[str],
    now: Moment,
) -> VisitId:
    """Insert a visit that waits for the files of these names."""
    done = conn.execute(
        "INSERT INTO visits_received(instance_id, form_id, form_version, title, volunteer_id, device_id, seal,"
        " state, record_mark, size, received_at, trusted, boot_id, mono)"
        " VALUES (?,?,?,?,?,?,?,'waiting',?,?,?,?,?,?)",
        (
            instance_id,
            form_id,
            form_version,
            title,
            volunteer_id,
            device_id,
            seal,
            record_mark,
            size,
            now.text,
            now.trusted,
            now.boot_id,
            now.mono,
        ),
    )
    visit_id = VisitId(int(done.lastrowid or 0))
    conn.executemany(
        "INSERT INTO visit_files(visit_id, name) VALUES (?, ?)", [(visit_id, name) for name in names]
    )
    return visit_id


def files(conn: sqlite3.Connection, visit_id: int) -> dict[str, bytes | None]:
    """Return the files that a record names, each with its mark once it has come."""
    rows = conn.execute("SELECT name, mark FROM visit_files WHERE visit_id = ?", (visit_id,))
    return {row["name"]: bytes(row["mark"]) if row["mark"] is not None else None for row in rows}


def came(conn: sqlite3.Connection, visit_id: int, name: str, mark: bytes, size: int) -> None:
    """Note that a file came."""
    conn.execute(
        "UPDATE visit_files SET mark = ?, size = ? WHERE visit_id = ? AND name = ?",
        (mark, size, visit_id, name),
    )
    conn.execute("UPDATE visits_received SET size = size + ? WHERE id = ?", (size, visit_id))


def strayed(conn: sqlite3.Connection, visit_id: int, count: int) -> None:
    """Note how many files came that the record does not name, the most of any sending."""
    conn.execute("UPDATE visits_received SET strays = max(strays, ?) WHERE id = ?", (count, visit_id))


def hold(conn: sqlite3.Connection, visit_id: int, contents: Mapping[str, bytes]) -> None:
    """Keep what came until the rest has come."""
    conn.executemany(
        "INSERT OR REPLACE INTO visit_held(visit_id, name, content) VALUES (?, ?, ?)",
        [(visit_id, name, content) for name, content in contents.items()],
    )


def held_names(conn: sqlite3.Connection, visit_id: int) -> frozenset[str]:
    """Return what is kept of a visit that is not whole."""
    rows = conn.execute("SELECT name FROM visit_held WHERE visit_id = ?", (visit_id,))
    return frozenset(row[0] for row in rows)


def held(conn: sqlite3.Connection, visit_id: int) -> dict[str, bytes]:
    """Return the same with its content."""
    rows = conn.execute("SELECT name, content FROM visit_held WHERE visit_id = ?", (visit_id,))
    return {row[0]: bytes(row[1]) for row in rows}


def whole(conn: sqlite3.Connection, visit_id: int, seal: Seal) -> bool:
    """Note that a visit is whole; return whether anything of it was held, which is gone."""
    conn.execute("UPDATE visits_received SET state = 'whole', seal = ? WHERE id = ?", (seal, visit_id))
    return conn.execute("DELETE FROM visit_held WHERE visit_id = ?", (visit_id,)).rowcount > 0


_VISIT = (
    "SELECT v.id, v.instance_id, v.form_id, v.title, p.name, v.device_id, v.seal, v.state AS stands, v.strays,"
    " v.size, v.received_at, v.trusted, o.state AS parcel, o.reason_key, i.review_state,"
    " coalesce(i.remarks, 0) AS remarks,"
    " (SELECT count(*) FROM visit_files f WHERE f.visit_id = v.id AND NOT EXISTS"
    " (SELECT 1 FROM visit_held h WHERE h.visit_id = f.visit_id AND h.name = f.name)) AS missing"
    " FROM visits_received v JOIN volunteers p ON p.id = v.volunteer_id"
    " LEFT JOIN outbox o ON o.instance_id = v.instance_id"
    " LEFT JOIN inbox i ON i.instance_id = v.instance_id"
)


def told(conn: sqlite3.Connection, visit_id: int) -> Visit | None:
    """Return a visit with how it stands, or None."""
    row = conn.execute(f"{_VISIT} WHERE v.id = ?", (visit_id,)).fetchone()
    return _visit(row) if row else None


def listing(
    conn: sqlite3.Connection, *, waiting: bool, most: int, volunteer_id: int | None = None
) -> tuple[Visit, ...]:
    """Return visits that still wait for files, oldest first, or those that are whole, latest first."""
    state, order = ("waiting", "ASC") if waiting else ("whole", "DESC")
    rows = conn.execute(
        f"{_VISIT} WHERE v.state = ?1 AND (?2 IS NULL OR v.volunteer_id = ?2)"
        f" ORDER BY v.received_at {order}, v.id {order} LIMIT ?3",
        (state, volunteer_id, most),
    )
    return tuple(map(_visit, rows))


def counts(conn: sqlite3.Connection) -> tuple[int, int]:
    """Return how many visits wait for files, and how many are whole."""
    row = conn.execute(
        "SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'whole')"
        " FROM visits_received"
    ).fetchone()
    return int(row[0]), int(row[1])


def between(conn: sqlite3.Connection, since: dt.datetime, until: dt.datetime) -> tuple[int, int]:
    """Return how many visits came from ``since`` to before ``until``, and how many at a doubtful time."""
    row = conn.execute(
        "SELECT count(*), count(*) FILTER (WHERE trusted = 0) FROM visits_received"
        " WHERE received_at >= ? AND received_at < ?",
        (clocks.stamp(since), clocks.stamp(until)),
    ).fetchone()
    return int(row[0]), int(row[1])


def sent_before(conn: sqlite3.Connection, before: dt.datetime) -> tuple[str, ...]:
    """Return the visits that the office has had since before then and whose bytes are still here."""
    rows = conn.execute(
        "SELECT v.instance_id FROM visits_received v JOIN outbox o ON o.instance_id = v.instance_id"
        " WHERE o.state = 'sent' AND o.erased_at IS NULL AND o.sent_at < ?",
        (clocks.stamp(before),),
    )
    return tuple(row[0] for row in rows)


def settle(conn: sqlite3.Connection, now: Moment) -> int:
    """Put the doubtful times of this boot right as ``now`` knows them; return how many that were."""
    rows = conn.execute(
        "SELECT id, mono FROM visits_received WHERE trusted = 0 AND boot_id = ?", (now.boot_id,)
    ).fetchall()
    for count, row in enumerate(rows):
        true = clocks.corrected(now, now.boot_id, row["mono"])
        if true is None:
            return count
        conn.execute(
            "UPDATE visits_received SET received_at = ?, trusted = 1 WHERE id = ?",
            (clocks.stamp(true), row["id"]),
        )
    return len(rows)


def _visit(row: sqlite3.Row) -> Visit:
    waits = row["stands"] == "waiting"
    return Visit(
        VisitId(row["id"]),
        row["instance_id"],
        row["form_id"],
        row["title"],
        row["name"],
        row["device_id"],
        Seal(row["seal"]),
        row["missing"] if waits else 0,
        row["strays"],
        row["size"],
        clocks.parse(row["received_at"]),
        bool(row["trusted"]),
        None if waits or row["parcel"] is None else ParcelStands(row["parcel"]),
        row["reason_key"],
        row["review_state"],
        row["remarks"],
    )
