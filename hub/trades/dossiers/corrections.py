"""Which dossier stands in the place of which: the rows only; whoever calls opens the transaction.

Keeps true: a sealed dossier is done again by one other at most; what was sent is never edited. A draft that
was erased stands in nobody's place.
"""

from __future__ import annotations

import datetime as dt
import sqlite3

from hub.base import clock as clocks
from hub.base.ids import FollowCode
from hub.trades.dossiers.model import DraftId

_LONGEST_CHAIN = 50


def put(conn: sqlite3.Connection, draft_id: DraftId, corrects: str) -> bool:
    """Let a draft stand in the place of the sealed dossier ``corrects``; return whether none did before."""
    conn.execute(
        "DELETE FROM dossier_corrections WHERE corrects = ? AND draft_id NOT IN (SELECT id FROM drafts)"
        " AND draft_id NOT IN (SELECT draft_id FROM dossiers)",
        (corrects,),
    )
    added = conn.execute("INSERT OR IGNORE INTO dossier_corrections VALUES (?, ?)", (draft_id, corrects))
    return added.rowcount == 1


def predecessor(conn: sqlite3.Connection, draft_id: str) -> sqlite3.Row | None:
    """Return the sealed dossier that this draft, or what it became, does again; None for a first one."""
    row: sqlite3.Row | None = conn.execute(
        "SELECT dossiers.* FROM dossier_corrections JOIN dossiers ON instance_id = corrects"
        " WHERE dossier_corrections.draft_id = ?",
        (draft_id,),
    ).fetchone()
    return row


def predecessors(conn: sqlite3.Connection, draft_id: str) -> frozenset[str]:
    """Return the drafts' ids of all dossiers before this one: the one it does again, the one before that."""
    found: list[str] = []
    here = predecessor(conn, draft_id)
    while here is not None and len(found) < _LONGEST_CHAIN:
        found.append(here["draft_id"])
        here = predecessor(conn, here["draft_id"])
    return frozenset(found)


def successor(conn: sqlite3.Connection, instance_id: str) -> FollowCode | None:
    """Return the code of the sealed dossier that stands in the place of this one, if one does."""
    row = conn.execute(
        "SELECT follow_code FROM dossier_corrections JOIN dossiers USING (draft_id) WHERE corrects = ?",
        (instance_id,),
    ).fetchone()
    return FollowCode(row[0]) if row else None


def open_draft(conn: sqlite3.Connection, instance_id: str) -> DraftId | None:
    """Return the draft in which a dossier is being done again, if one is."""
    row = conn.execute(
        "SELECT id FROM dossier_corrections JOIN drafts ON id = draft_id WHERE corrects = ?", (instance_id,)
    ).fetchone()
    return DraftId(row[0]) if row else None


def done_again_before(conn: sqlite3.Connection, before: dt.datetime) -> tuple[str, ...]:
    """Return the dossiers (instanceIDs) in whose place another was sealed before ``before``."""
    rows = conn.execute(
        "SELECT corrects FROM dossier_corrections JOIN dossiers USING (draft_id) WHERE sealed_at < ?",
        (clocks.stamp(before),),
    )
    return tuple(row[0] for row in rows)


def sealed(conn: sqlite3.Connection) -> tuple[str, ...]:
    """Return the sealed dossiers (instanceIDs) that stand in the place of another."""
    rows = conn.execute("SELECT instance_id FROM dossier_corrections JOIN dossiers USING (draft_id)")
    return tuple(row[0] for row in rows)
