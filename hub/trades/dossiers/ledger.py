"""The tables of what stays: sealed dossiers, keyed marks, events. Statements only; whoever calls opens the
transaction.

Keeps true: no row here tells anything of a person; events only grow, and only a doubtful time is ever put
right.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Sequence

from hub.base import clock as clocks
from hub.base.clock import Moment
from hub.base.ids import FollowCode
from hub.trades.dossiers import store
from hub.trades.dossiers.model import DraftId, Event, What


def add_dossier(
    conn: sqlite3.Connection, row: sqlite3.Row, code: FollowCode, lang: str, staff_id: int, now: Moment
) -> None:
    """Insert what is left of the draft in ``row`` once it is sealed."""
    conn.execute(
        "INSERT INTO dossiers VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            row["instance_id"],
            code,
            row["id"],
            row["procedure"],
            row["title_vi"],
            row["title_en"],
            row["form_id"],
            row["form_version"],
            lang,
            staff_id,
            *store.four(now),
        ),
    )


def dossier_by_code(conn: sqlite3.Connection, code: str) -> sqlite3.Row | None:
    """Return the sealed dossier with this follow code, or None."""
    row: sqlite3.Row | None = conn.execute("SELECT * FROM dossiers WHERE follow_code = ?", (code,)).fetchone()
    return row


def dossier(conn: sqlite3.Connection, instance_id: str) -> sqlite3.Row | None:
    """Return the sealed dossier with this instanceID, or None."""
    row: sqlite3.Row | None = conn.execute(
        "SELECT * FROM dossiers WHERE instance_id = ?", (instance_id,)
    ).fetchone()
    return row


def drop_dossier(conn: sqlite3.Connection, instance_id: str, draft_id: DraftId) -> None:
    """Forget a sealed dossier that was taken back, with its invitations, marks and what it did again."""
    conn.execute("DELETE FROM dossier_appointments WHERE instance_id = ?", (instance_id,))
    conn.execute("DELETE FROM dossier_corrections WHERE draft_id = ?", (draft_id,))
    conn.execute("DELETE FROM dossiers WHERE instance_id = ?", (instance_id,))
    forget_marks_on(conn, draft_id, None)


def consent(conn: sqlite3.Connection, draft_id: str) -> sqlite3.Row | None:
    """Return what was agreed to for a draft, or None."""
    row: sqlite3.Row | None = conn.execute(
        "SELECT * FROM dossier_consents WHERE draft_id = ?", (draft_id,)
    ).fetchone()
    return row


def appointment(conn: sqlite3.Connection, instance_id: str) -> sqlite3.Row | None:
    """Return the invitation that stands for a dossier, or None; one whose words were erased is over."""
    row: sqlite3.Row | None = conn.execute(
        "SELECT * FROM dossier_appointments WHERE instance_id = ? AND ended IS NULL AND place <> ''",
        (instance_id,),
    ).fetchone()
    return row


def dossiers(conn: sqlite3.Connection, most: int) -> Sequence[sqlite3.Row]:
    """Return the sealed dossiers, latest first."""
    return conn.execute(
        "SELECT * FROM dossiers ORDER BY sealed_at DESC, rowid DESC LIMIT ?", (most,)
    ).fetchall()


def set_marks(conn: sqlite3.Connection, draft_id: DraftId, marks: Iterable[tuple[str, bytes]]) -> None:
    """Put the marks of a draft's persons in place of those it has."""
    conn.execute("DELETE FROM dossier_marks WHERE draft_id = ?", (draft_id,))
    conn.executemany(
        "INSERT INTO dossier_marks(draft_id, person, mark) VALUES (?, ?, ?)",
        [(draft_id, person, mark) for person, mark in marks],
    )


def marks(conn: sqlite3.Connection, draft_id: str) -> dict[str, bytes]:
    """Return a draft's marks by person."""
    rows = conn.execute("SELECT person, mark FROM dossier_marks WHERE draft_id = ?", (draft_id,))
    return {row["person"]: bytes(row["mark"]) for row in rows}


def marked(conn: sqlite3.Connection, marks: Sequence[bytes]) -> Sequence[sqlite3.Row]:
    """Return (draft_id, follow_code) of whatever has one of ``marks``."""
    return conn.execute(
        "SELECT DISTINCT dossier_marks.draft_id, follow_code FROM dossier_marks LEFT JOIN dossiers"
        f" ON dossiers.draft_id = dossier_marks.draft_id WHERE mark IN ({','.join('?' * len(marks))})",
        tuple(marks),
    ).fetchall()


def twins(conn: sqlite3.Connection, draft_id: str) -> Sequence[sqlite3.Row]:
    """Return (person, draft_id, follow_code, at) of others with one of this draft's marks, latest first."""
    return conn.execute(
        "SELECT mine.person, other.draft_id, follow_code, coalesce(sealed_at, updated_at) AS at"
        " FROM dossier_marks mine JOIN dossier_marks other ON other.mark = mine.mark"
        " AND other.draft_id <> mine.draft_id LEFT JOIN dossiers ON dossiers.draft_id = other.draft_id"
        " LEFT JOIN drafts ON drafts.id = other.draft_id WHERE mine.draft_id = ?"
        " GROUP BY other.draft_id ORDER BY at DESC, other.draft_id",
        (draft_id,),
    ).fetchall()


def forget_marks_on(conn: sqlite3.Connection, draft_id: DraftId, on: dt.date | None) -> None:
    """Have a draft's marks forgotten on a day, or now with None."""
    if on is None:
        conn.execute("DELETE FROM dossier_marks WHERE draft_id = ?", (draft_id,))
    else:
        conn.execute("UPDATE dossier_marks SET forget_on = ? WHERE draft_id = ?", (on.isoformat(), draft_id))


def forget_old_marks(conn: sqlite3.Connection, on: dt.date) -> None:
    """Forget the marks whose day has come."""
    conn.execute("DELETE FROM dossier_marks WHERE forget_on <= ?", (on.isoformat(),))


def add_event(
    conn: sqlite3.Connection, draft_id: str, what: What, detail: str, staff_id: int | None, now: Moment
) -> None:
    """Append what happened."""
    conn.execute(
        "INSERT INTO dossier_events(draft_id, what, detail, staff_id, at, trusted, boot_id, mono)"
        " VALUES (?,?,?,?,?,?,?,?)",
        (draft_id, what, detail, staff_id, *store.four(now)),
    )


def last_event(conn: sqlite3.Connection, draft_id: str) -> sqlite3.Row | None:
    """Return the row of the latest event of a draft, or None."""
    row: sqlite3.Row | None = conn.execute(
        "SELECT * FROM dossier_events WHERE draft_id = ? ORDER BY id DESC LIMIT 1", (draft_id,)
    ).fetchone()
    return row


def events(conn: sqlite3.Connection, draft_id: str, kinds: Sequence[What]) -> tuple[Event, ...]:
    """Return the events of these kinds, oldest first."""
    marks = ",".join("?" * len(kinds))
    rows = conn.execute(
        f"SELECT * FROM dossier_events WHERE draft_id = ? AND what IN ({marks}) ORDER BY id",
        (draft_id, *kinds),
    )
    return tuple(_event(row) for row in rows)


def latest(conn: sqlite3.Connection, most: int) -> tuple[tuple[DraftId, Event], ...]:
    """Return the latest events of all drafts and dossiers, latest first."""
    rows = conn.execute("SELECT * FROM dossier_events ORDER BY id DESC LIMIT ?", (most,))
    return tuple((DraftId(row["draft_id"]), _event(row)) for row in rows)


def counts(conn: sqlite3.Connection) -> dict[What, int]:
    """Return how often what happened."""
    rows = conn.execute("SELECT what, count(*) FROM dossier_events GROUP BY what")
    return {What(row[0]): int(row[1]) for row in rows}


def cases_between(
    conn: sqlite3.Connection, since: dt.datetime, until: dt.datetime
) -> tuple[dict[What, int], int]:
    """Return to how many dossiers what happened from ``since`` to before ``until``, and how many of these
    events stand at a doubtful time.
    """
    when = (clocks.stamp(since), clocks.stamp(until))
    rows = conn.execute(
        "SELECT what, count(DISTINCT draft_id) FROM dossier_events WHERE at >= ? AND at < ? GROUP BY what",
        when,
    )
    found = {What(row[0]): int(row[1]) for row in rows}
    doubtful = conn.execute(
        "SELECT count(*) FROM dossier_events WHERE at >= ? AND at < ? AND trusted = 0", when
    ).fetchone()[0]
    return found, int(doubtful)


def _event(row: sqlite3.Row) -> Event:
    return Event(
        What(row["what"]), row["detail"], row["staff_id"], clocks.parse(row["at"]), bool(row["trusted"])
    )


_STAMPED = {
    "dossier_consents": ("id", "given_at"),
    "drafts": ("id", "updated_at"),
    "draft_asides": ("id", "put_at"),
    "dossiers": ("instance_id", "sealed_at"),
    "dossier_events": ("id", "at"),
    "dossier_appointments": ("id", "made_at"),
}


def has_doubts(conn: sqlite3.Connection, boot_id: str) -> bool:
    """Return whether any time of this boot is still doubtful."""
    # Whatever is stamped is told as an event in the same transaction.
    return (
        conn.execute(
            "SELECT 1 FROM dossier_events WHERE trusted = 0 AND boot_id = ? LIMIT 1", (boot_id,)
        ).fetchone()
        is not None
    )


def settle(conn: sqlite3.Connection, now: Moment) -> int:
    """Put the doubtful times of this boot right as ``now`` knows them; return how many that were."""
    count = 0
    for table, (ident, at) in _STAMPED.items():
        rows = conn.execute(
            f"SELECT {ident}, mono FROM {table} WHERE trusted = 0 AND boot_id = ?", (now.boot_id,)
        ).fetchall()
        for row in rows:
            true = clocks.corrected(now, now.boot_id, row["mono"])
            if true is None:
                return count
            conn.execute(
                f"UPDATE {table} SET {at} = ?, trusted = 1 WHERE {ident} = ?", (clocks.stamp(true), row[0])
            )
            if table == "drafts":
                day = max(clocks.village_day(true), _extended_on(conn, row[0], now)).isoformat()
                conn.execute(
                    "UPDATE drafts SET erase_on = date(?, '+' || keep_days || ' days') WHERE id = ?",
                    (day, row[0]),
                )
            count += 1
    return count


def _extended_on(conn: sqlite3.Connection, draft_id: str, now: Moment) -> dt.date:
    """Return the true day on which a draft was last given longer, as far as it is known."""
    row = conn.execute(
        "SELECT at, trusted, mono FROM dossier_events WHERE draft_id = ? AND what = ?"
        " AND (trusted = 1 OR boot_id = ?) ORDER BY id DESC LIMIT 1",
        (draft_id, What.EXTENDED, now.boot_id),
    ).fetchone()
    if row is None:
        return dt.date.min
    true = None if row["trusted"] else clocks.corrected(now, now.boot_id, row["mono"])
    return clocks.village_day(true or clocks.parse(row["at"]))
