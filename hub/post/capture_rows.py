"""The rows of what is taken in at a guide's desk: found, touched, deleted; in the caller's transaction.

Keeps true: what is deleted leaves no page in the log; each sealed box is bound to its own row.
"""

from __future__ import annotations

import sqlite3

from devices.desk_ports import LONGEST_SCAN_PAGES, ScanSource, ScanWish
from hub.base import scrub
from hub.base.clock import Moment
from hub.base.errors import Missing, Refused
from hub.post.capture_model import Capture, CaptureId, Kind, PageId, Place, Reason, State


def one(conn: sqlite3.Connection, capture_id: str) -> sqlite3.Row:
    """Return the row of a wish; raises ``Missing("scanning.gone")``."""
    row: sqlite3.Row | None = conn.execute("SELECT * FROM captures WHERE id = ?", (capture_id,)).fetchone()
    if row is None:
        raise Missing("scanning.gone")
    return row


def page_row(conn: sqlite3.Connection, row: sqlite3.Row, page_id: str) -> sqlite3.Row:
    """Return the row of a page of this wish; raises ``Missing("scanning.no_page")``."""
    found: sqlite3.Row | None = conn.execute(
        "SELECT * FROM capture_pages WHERE id = ? AND capture = ?", (page_id, row["seq"])
    ).fetchone()
    if found is None:
        raise Missing("scanning.no_page")
    return found


def room(conn: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Raise ``Refused("scanning.too_many")`` when the sheaf is full."""
    held = conn.execute("SELECT count(*) FROM capture_pages WHERE capture = ?", (row["seq"],)).fetchone()[0]
    if held >= LONGEST_SCAN_PAGES:
        raise Refused("scanning.too_many", count=LONGEST_SCAN_PAGES)


def delete(conn: sqlite3.Connection, which: str, values: tuple[object, ...]) -> None:
    """Delete wishes with their pages, and have the log emptied."""
    if conn.execute(f"DELETE FROM captures WHERE {which}", values).rowcount:
        scrub.want(conn)


def delete_pages(conn: sqlite3.Connection, which: str, values: tuple[object, ...]) -> None:
    """Delete pages, and have the log emptied."""
    if conn.execute(f"DELETE FROM capture_pages WHERE {which}", values).rowcount:
        scrub.want(conn)


def touch(conn: sqlite3.Connection, seq: int, moment: Moment) -> None:
    """Note that somebody is busy with a wish: its minutes begin anew."""
    conn.execute(
        "UPDATE captures SET touched_at = ?, trusted = ?, boot_id = ?, mono = ? WHERE seq = ?",
        (moment.text, moment.trusted, moment.boot_id, moment.mono, seq),
    )


def touch_id(conn: sqlite3.Connection, capture_id: str, moment: Moment) -> None:
    """Do as ``touch`` for a wish by its name; quiet when it is gone."""
    found = conn.execute("SELECT seq FROM captures WHERE id = ?", (capture_id,)).fetchone()
    if found is not None:
        touch(conn, found[0], moment)


def key_context(capture_id: str, staff: int) -> str:
    """Return what the private half is bound to."""
    return f"captures:{capture_id}:{staff}"


def page_context(capture_id: str, page_id: str) -> str:
    """Return what a page is bound to."""
    return f"capture_pages:{capture_id}:{page_id}"


def answer_context(capture_id: str) -> str:
    """Return what the text of a code is bound to."""
    return f"captures:{capture_id}:answer"


def capture(conn: sqlite3.Connection, row: sqlite3.Row) -> Capture:
    """Return a row as a wish, with how many stand before it at the scanner."""
    before = 0
    if row["state"] == State.ASKED and row["kind"] != Kind.CODE:
        before = conn.execute(
            "SELECT count(*) FROM captures WHERE seq <> ? AND kind <> 'code'"
            " AND (state = 'taken' OR (state = 'asked' AND (asked_mono, seq) < (?, ?)))",
            (row["seq"], row["asked_mono"], row["seq"]),
        ).fetchone()[0]
    return Capture(
        id=CaptureId(row["id"]),
        kind=Kind(row["kind"]),
        state=State(row["state"]),
        reason=Reason(row["reason"]) if row["reason"] else None,
        staff_id=row["staff_id"],
        place=Place(row["draft_id"], row["page_id"], row["path"]),
        wish=ScanWish(ScanSource(row["source"]), row["dpi"], bool(row["colour"]), row["most_pages"]),
        replaces=PageId(row["replaces"]) if row["replaces"] else None,
        page=row["page"],
        share=row["share"],
        before=before,
    )
