"""Fulfilling what a guide asked the bench to take in: taken, told how far, sealed page by page, ended.

Keeps true: what came is sealed before it is written, and who fulfils a wish cannot open what it wrote; a
page that was handed over stays, whatever comes after; a wish that came too late is not fulfilled. It never
keeps the picture of a card.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Collection

from hub.base import boxes, db
from hub.base.clock import Moment, still_fresh
from hub.base.errors import Missing
from hub.post import capture_rows as rows
from hub.post.capture_model import Capture, Facts, Kind, PageId, Reason, State

ASKED_S = {Kind.SCAN: 600.0, Kind.CARD: 120.0, Kind.CODE: 60.0}
"""How long a wish is worth fulfilling: who walked away must not find paper drawn in behind them."""

KEPT_S = {Kind.SCAN: 1800.0, Kind.CARD: 180.0, Kind.CODE: 120.0}
"""How long a row lives that nobody touches."""


def wanted(
    conn: sqlite3.Connection, kinds: Collection[Kind], moment: Moment, *, newest: bool = False
) -> Capture | None:
    """Return the oldest (or newest) wish of these kinds that is still worth fulfilling, or None."""
    order = "DESC" if newest else "ASC"
    for row in conn.execute(
        f"SELECT * FROM captures WHERE state = 'asked' ORDER BY asked_mono {order}, seq {order}"
    ).fetchall():
        kind = Kind(row["kind"])
        if kind in kinds and still_fresh(moment, row["boot_id"], row["asked_mono"], ASKED_S[kind]):
            return rows.capture(conn, row)
    return None


def taken(conn: sqlite3.Connection, capture_id: str, *, moment: Moment) -> bool:
    """Begin to fulfil a wish; False when somebody took it back meanwhile."""
    with db.write(conn):
        done = conn.execute(
            "UPDATE captures SET state = 'taken', page = 1, share = 0 WHERE id = ? AND state = 'asked'",
            (capture_id,),
        )
        if done.rowcount:
            rows.touch_id(conn, capture_id, moment)
    return bool(done.rowcount)


def still_wanted(conn: sqlite3.Connection, capture_id: str) -> bool:
    """Return whether a taken wish stands; nobody writes for this question."""
    row = conn.execute("SELECT 1 FROM captures WHERE id = ? AND state = 'taken'", (capture_id,)).fetchone()
    return row is not None


def progress(conn: sqlite3.Connection, capture_id: str, page: int, share: float) -> None:
    """Say how far the page under the lamp is, ``share`` 0.0 to 1.0; call it sparingly, each is a write."""
    with db.write(conn):
        conn.execute(
            "UPDATE captures SET page = ?, share = ? WHERE id = ? AND state = 'taken'",
            (page, share, capture_id),
        )


def page(
    conn: sqlite3.Connection,
    capture_id: str,
    facts: Facts,
    content: bytes,
    *,
    moment: Moment,
) -> PageId:
    """Seal a page of the scanner and put it behind the others, or where the one stood that the wish replaces.

    Raises ``Missing("scanning.gone")``, also when the wish was taken back: a page that comes after that would
    take the place of one that was asked for anew. Raises ``Refused("scanning.too_many")``.
    """
    return _page(conn, capture_id, facts, content, moment, scanned=True, replaces=None)


def photo(
    conn: sqlite3.Connection,
    capture_id: str,
    facts: Facts,
    content: bytes,
    *,
    moment: Moment,
    replaces: PageId | None = None,
) -> PageId:
    """Do as ``page`` with a photograph, whatever the scanner does; ``replaces`` is its own."""
    return _page(conn, capture_id, facts, content, moment, scanned=False, replaces=replaces)


def _page(
    conn: sqlite3.Connection,
    capture_id: str,
    facts: Facts,
    content: bytes,
    moment: Moment,
    *,
    scanned: bool,
    replaces: PageId | None,
) -> PageId:
    row = rows.one(conn, capture_id)
    page_id = PageId(secrets.token_hex(8))
    sealed = boxes.seal(row["public_key"], content, rows.page_context(capture_id, page_id))
    with db.write(conn):
        row = rows.one(conn, capture_id)
        if scanned and row["state"] != State.TAKEN:
            raise Missing("scanning.gone")
        old = row["replaces"] if scanned else replaces
        where = conn.execute(
            "SELECT position FROM capture_pages WHERE id = ? AND capture = ?", (old, row["seq"])
        ).fetchone()
        if where is None:
            rows.room(conn, row)
            last = conn.execute("SELECT max(position) FROM capture_pages WHERE capture = ?", (row["seq"],))
            position = (last.fetchone()[0] or 0) + 1
        else:
            position = where[0]
            rows.delete_pages(conn, "id = ?", (old,))
        conn.execute(
            "INSERT INTO capture_pages(id, capture, position, width, height, dpi, findings, before_bytes,"
            " after_bytes, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                page_id,
                row["seq"],
                position,
                facts.width,
                facts.height,
                facts.dpi,
                " ".join(facts.findings),
                facts.before_bytes,
                facts.after_bytes,
                sealed,
            ),
        )
        if scanned:
            conn.execute("UPDATE captures SET replaces = '' WHERE seq = ?", (row["seq"],))
        rows.touch(conn, row["seq"], moment)
    return page_id


def done(conn: sqlite3.Connection, capture_id: str, *, moment: Moment, answer: bytes | None = None) -> bool:
    """Record that a wish is fulfilled, with the text of the code sealed; False when nobody waits any more."""
    row = conn.execute("SELECT public_key FROM captures WHERE id = ?", (capture_id,)).fetchone()
    if row is None:
        return False
    sealed = None if answer is None else boxes.seal(row[0], answer, rows.answer_context(capture_id))
    with db.write(conn):
        ended = conn.execute(
            "UPDATE captures SET state = 'done', reason = '', share = 1, replaces = '', answer = ?"
            " WHERE id = ? AND (state = 'taken' OR (kind = 'code' AND state = 'asked'))",
            (sealed, capture_id),
        )
        if ended.rowcount:
            rows.touch_id(conn, capture_id, moment)
    return bool(ended.rowcount)


def failed(conn: sqlite3.Connection, capture_id: str, reason: Reason, *, moment: Moment) -> None:
    """Record why a wish was not fulfilled; the pages that came stand. Quiet when nobody waits any more."""
    with db.write(conn):
        conn.execute(
            "UPDATE captures SET state = 'failed', reason = ?, replaces = ''"
            " WHERE id = ? AND (state = 'taken' OR (kind = 'code' AND state = 'asked'))",
            (reason, capture_id),
        )
        rows.touch_id(conn, capture_id, moment)


def interrupted(conn: sqlite3.Connection, kinds: Collection[Kind], moment: Moment) -> int:
    """Say of every wish that was begun and not ended that it was interrupted; return how many.

    Whoever fulfils these kinds calls it before the first: a power cut or a crash lies behind.
    """
    rows = conn.execute("SELECT id, kind FROM captures WHERE state = 'taken'").fetchall()
    found = [row["id"] for row in rows if Kind(row["kind"]) in kinds]
    for capture_id in found:
        failed(conn, capture_id, Reason.INTERRUPTED, moment=moment)
    return len(found)


def sweep(conn: sqlite3.Connection, moment: Moment) -> int:
    """Delete what nobody has touched for ``KEPT_S``, mark wishes that came too late; return how many went.

    What an earlier boot left is given its minutes anew: the paper may still lie on the desk.
    """
    gone: list[int] = []
    late: list[int] = []
    older: list[int] = []
    for row in conn.execute("SELECT seq, kind, state, boot_id, mono, asked_mono FROM captures").fetchall():
        kind = Kind(row["kind"])
        if row["boot_id"] != moment.boot_id:
            (older if kind is Kind.SCAN else gone).append(row["seq"])
        elif row["state"] != State.TAKEN and not still_fresh(
            moment, row["boot_id"], row["mono"], KEPT_S[kind]
        ):
            gone.append(row["seq"])
        elif row["state"] == State.ASKED and not still_fresh(
            moment, row["boot_id"], row["asked_mono"], ASKED_S[kind]
        ):
            late.append(row["seq"])
    if not (gone or late or older):
        return 0
    with db.write(conn):
        for seq in gone:
            rows.delete(conn, "seq = ? AND state <> 'taken'", (seq,))
        for seq in late:
            conn.execute("UPDATE captures SET state = 'stale' WHERE seq = ? AND state = 'asked'", (seq,))
        for seq in older:
            conn.execute(
                "UPDATE captures SET state = 'failed', reason = ?, replaces = '' WHERE seq = ?"
                " AND state IN ('asked', 'taken')",
                (Reason.INTERRUPTED, seq),
            )
            rows.touch(conn, seq, moment)
    return len(gone)
