"""What the office sent back is done again: a new dossier of the same procedure, on the form now in force.

Keeps true: what was sent is never edited, and this box could not read it anyway; the new dossier has its own
consent, its own code, and its own instanceID, and names the old one. It never begins a second time what is
being done again already.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from hub.base import db
from hub.base.errors import Conflict, Refused
from hub.base.ids import FollowCode
from hub.trades.dossiers import corrections, drafts, follow
from hub.trades.dossiers.model import DraftId, Following, State

_SENT_BACK = (State.NEEDS_CORRECTION, State.REJECTED)


@dataclass(frozen=True, slots=True)
class Redo:
    """A dossier that may be done again; ``draft_id`` is where somebody has begun to."""

    old: Following
    draft_id: DraftId | None


def may(found: Following) -> bool:
    """Return whether the office has sent this dossier back and none stands in its place yet."""
    return found.state in _SENT_BACK


def look(conn: sqlite3.Connection, typed: str) -> Redo:
    """Return the dossier with this code to be done again.

    Raises ``Refused("dossiers.not_sent_back")``, ``Refused("dossiers.done_again")`` with the new code, and as
    ``follow.follow``.
    """
    found = follow.follow(conn, typed)
    if found.redone_as is not None:
        raise Refused("dossiers.done_again", code=found.redone_as)
    if not may(found):
        raise Refused("dossiers.not_sent_back")
    return Redo(found, corrections.open_draft(conn, found.instance_id))


def link(conn: sqlite3.Connection, draft_id: DraftId, typed: str) -> FollowCode:
    """Let a fresh draft stand in the place of the dossier with this code, and return that code as printed.

    Joins the caller's transaction. Raises as ``look``, ``Refused("dossiers.other_procedure")``, and
    ``Conflict("dossiers.being_done_again")`` when a colleague was quicker.
    """
    with db.write(conn):
        redo = look(conn, typed)
        if drafts.procedure(conn, draft_id) != redo.old.procedure:
            raise Refused("dossiers.other_procedure")
        if redo.draft_id is not None or not corrections.put(conn, draft_id, redo.old.instance_id):
            raise Conflict("dossiers.being_done_again")
    return redo.old.code
