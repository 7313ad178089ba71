"""What a guide asks the bench to take in: pages for a dossier, a card on the glass, the next code of a
reader.

Keeps true: content lies here only in sealed boxes, which the guide's House key opens and the bench cannot;
who is quicker, the bench or a guide who cancels, is decided by one row; a row lives for minutes, and what
is deleted leaves no page in the log. It never keeps the picture of a card, and never tells what was seen.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence

from devices.desk_ports import ScanWish
from hub.base import boxes, crypto, db
from hub.base.clock import Moment
from hub.base.errors import Conflict, NotReady
from hub.post import capture_rows as rows
from hub.post.capture_model import Capture, CaptureId, Facts, Kind, Page, PageId, Place, State

_OPEN = (State.ASKED, State.TAKEN)


def ask(
    conn: sqlite3.Connection,
    kind: Kind,
    *,
    key: bytes,
    staff: int,
    moment: Moment,
    wish: ScanWish | None = None,
    place: Place | None = None,
    start: bool = True,
    answer: bytes | None = None,
) -> CaptureId:
    """Ask the bench to take something in, and return what the wish is called.

    ``key`` is the House key: only it opens what comes. With ``start`` False nothing is asked of the bench
    yet: a sheaf for photos, which ``again`` may continue with the scanner, or the text of a code that was
    read elsewhere, as ``answer``. An earlier wish of the same guide for a code or a card is withdrawn.
    """
    capture_id = CaptureId(secrets.token_hex(8))
    private, public = boxes.pair()
    wish, place = wish or ScanWish(), place or Place()
    with db.write(conn):
        if kind is not Kind.SCAN:
            rows.delete(conn, "kind = ? AND staff_id = ?", (kind, staff))
        conn.execute(
            "INSERT INTO captures(id, kind, state, staff_id, draft_id, page_id, path, source, dpi, colour,"
            " most_pages, asked_mono, public_key, private_key, answer, touched_at, trusted, boot_id, mono)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                capture_id,
                kind,
                State.ASKED if start else State.DONE,
                staff,
                place.draft_id,
                place.page_id,
                place.path,
                wish.source,
                wish.dpi,
                wish.colour,
                wish.most_pages,
                moment.mono,
                public,
                crypto.encrypt(key, private, rows.key_context(capture_id, staff)),
                None if answer is None else boxes.seal(public, answer, rows.answer_context(capture_id)),
                moment.text,
                moment.trusted,
                moment.boot_id,
                moment.mono,
            ),
        )
    return capture_id


def again(
    conn: sqlite3.Connection,
    capture_id: str,
    wish: ScanWish,
    *,
    moment: Moment,
    replaces: PageId | None = None,
) -> None:
    """Ask for more pages of the same sheaf, the first of them in place of ``replaces``.

    Raises ``Conflict("scanning.under_way")`` while the last wish is not over, ``Missing("scanning.gone")``,
    ``Missing("scanning.no_page")``, ``Refused("scanning.too_many")``.
    """
    with db.write(conn):
        row = rows.one(conn, capture_id)
        if State(row["state"]) in _OPEN:
            raise Conflict("scanning.under_way")
        if replaces is not None:
            rows.page_row(conn, row, replaces)
        else:
            rows.room(conn, row)
        conn.execute(
            "UPDATE captures SET state = 'asked', reason = '', source = ?, dpi = ?, colour = ?,"
            " most_pages = ?, replaces = ?, page = 0, share = 0, asked_mono = ? WHERE seq = ?",
            (wish.source, wish.dpi, wish.colour, wish.most_pages, replaces or "", moment.mono, row["seq"]),
        )
        rows.touch(conn, row["seq"], moment)


def get(conn: sqlite3.Connection, capture_id: str) -> Capture:
    """Return one wish; raises ``Missing("scanning.gone")`` when it is over and deleted."""
    return rows.capture(conn, rows.one(conn, capture_id))


def at(conn: sqlite3.Connection, draft_id: str, path: str) -> Capture | None:
    """Return the newest sheaf for a question of a draft, or None."""
    row = conn.execute(
        "SELECT * FROM captures WHERE kind = 'scan' AND draft_id = ? AND path = ? ORDER BY seq DESC LIMIT 1",
        (draft_id, path),
    ).fetchone()
    return rows.capture(conn, row) if row else None


def cancel(conn: sqlite3.Connection, capture_id: str, *, moment: Moment) -> None:
    """Take a wish back; what came so far stands. Quiet when it is over; raises ``Missing``."""
    with db.write(conn):
        row = rows.one(conn, capture_id)
        if State(row["state"]) in _OPEN:
            conn.execute(
                "UPDATE captures SET state = 'cancelled', replaces = '' WHERE seq = ?", (row["seq"],)
            )
            rows.touch(conn, row["seq"], moment)


def drop(conn: sqlite3.Connection, capture_id: str) -> None:
    """Delete a wish with all that came: it was used, or nobody wants it. Quiet when it is gone."""
    with db.write(conn):
        rows.delete(conn, "id = ?", (capture_id,))


def used(conn: sqlite3.Connection, capture_id: str, page_ids: Sequence[PageId]) -> None:
    """Delete these pages, with their wish when it is over and holds no other; quiet when it is gone."""
    with db.write(conn):
        for page_id in page_ids:
            rows.delete_pages(
                conn,
                "id = ? AND capture = (SELECT seq FROM captures WHERE id = ?)",
                (page_id, capture_id),
            )
        rows.delete(
            conn,
            "id = ? AND state NOT IN ('asked', 'taken')"
            " AND NOT EXISTS (SELECT 1 FROM capture_pages WHERE capture = seq)",
            (capture_id,),
        )


def pages(conn: sqlite3.Connection, capture_id: str) -> tuple[Page, ...]:
    """Return what is known of each page, in order; raises ``Missing("scanning.gone")``."""
    row = rows.one(conn, capture_id)
    return tuple(
        _page(number, found)
        for number, found in enumerate(
            conn.execute(
                "SELECT id, width, height, dpi, findings, before_bytes, after_bytes FROM capture_pages"
                " WHERE capture = ? ORDER BY position",
                (row["seq"],),
            ),
            1,
        )
    )


def open_page(conn: sqlite3.Connection, capture_id: str, page_id: str, *, key: bytes) -> bytes:
    """Return a page's picture; raises ``Missing``, ``NotReady("scanning.not_opened")``."""
    row = rows.one(conn, capture_id)
    content = rows.page_row(conn, row, page_id)["content"]
    return _opened(row, content, rows.page_context(capture_id, page_id), key)


def answer(conn: sqlite3.Connection, capture_id: str, *, key: bytes) -> bytes | None:
    """Return the text of the code, None before it came; raises as ``open_page``."""
    row = rows.one(conn, capture_id)
    if row["answer"] is None:
        return None
    return _opened(row, row["answer"], rows.answer_context(capture_id), key)


def remove_page(conn: sqlite3.Connection, capture_id: str, page_id: str, *, moment: Moment) -> None:
    """Delete a page; raises ``Missing("scanning.gone")``; quiet when the page is gone."""
    with db.write(conn):
        row = rows.one(conn, capture_id)
        rows.delete_pages(conn, "id = ? AND capture = ?", (page_id, row["seq"]))
        rows.touch(conn, row["seq"], moment)


def move_page(conn: sqlite3.Connection, capture_id: str, page_id: str, by: int, *, moment: Moment) -> None:
    """Move a page one place towards the front (``by`` -1) or the back (1); raises ``Missing``."""
    with db.write(conn):
        row = rows.one(conn, capture_id)
        here = rows.page_row(conn, row, page_id)["position"]
        beyond, order = ("<", "DESC") if by < 0 else (">", "ASC")
        there = conn.execute(
            f"SELECT id, position FROM capture_pages WHERE capture = ? AND position {beyond} ?"
            f" ORDER BY position {order} LIMIT 1",
            (row["seq"], here),
        ).fetchone()
        if there is not None:
            # A place may stand free for a moment, but never twice.
            for position, one in ((0, page_id), (here, there["id"]), (there["position"], page_id)):
                conn.execute("UPDATE capture_pages SET position = ? WHERE id = ?", (position, one))
        rows.touch(conn, row["seq"], moment)


def _opened(row: sqlite3.Row, box: bytes, context: str, key: bytes) -> bytes:
    try:
        private = crypto.decrypt(key, row["private_key"], rows.key_context(row["id"], row["staff_id"]))
        return boxes.open(private, box, context)
    except crypto.WrongKey as bad:
        raise NotReady("scanning.not_opened") from bad


def _page(number: int, row: sqlite3.Row) -> Page:
    facts = Facts(
        row["width"],
        row["height"],
        row["dpi"],
        tuple(row["findings"].split()),
        row["before_bytes"],
        row["after_bytes"],
    )
    return Page(PageId(row["id"]), number, facts)
