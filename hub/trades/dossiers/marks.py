"""Marks of ID numbers, so that nobody hands in the same dossier twice without meaning to.

Keeps true: a mark can be made again only with the House key and only from the number; it says nothing by
itself, and is forgotten on a set day. A twin is a question to a guide, never a refusal.
"""

from __future__ import annotations

import datetime as dt
import sqlite3

from hub.base import clock as clocks
from hub.base.errors import Missing
from hub.base.ids import FollowCode
from hub.forms.instance import Instance
from hub.trades.dossiers import ledger, store, vault
from hub.trades.dossiers.model import Draft, DraftId, Duplicate
from hub.trades.procedures.model import CardField, Words

REMEMBER = dt.timedelta(days=60)
_DIGITS = (9, 12)


def note(conn: sqlite3.Connection, draft: Draft, instance: Instance, *, key: bytes) -> None:
    """Mark the ID numbers that a draft holds now, in the caller's transaction."""
    found = []
    for person in draft.persons:
        path = person.path(CardField.NUMBER)
        if not person.unique or path is None:
            continue
        try:
            number = instance.get(path) if instance.is_relevant(path) else ""
        except Missing:
            continue
        if number.isdecimal() and len(number) in _DIGITS:
            found.append((person.id, vault.mark(key, draft.procedure, number)))
    ledger.set_marks(conn, draft.id, found)


def twins(conn: sqlite3.Connection, draft_id: str) -> tuple[Duplicate, ...]:
    """Return the other dossiers of this procedure with an ID number that this draft has too, latest first."""
    row = store.draft(conn, draft_id)
    if row is None:
        raise Missing("dossiers.no_draft")
    labels = {person.id: person.label for person in store.persons(row)}
    return tuple(
        Duplicate(
            labels.get(one["person"], Words(one["person"], one["person"])),
            DraftId(one["draft_id"]),
            FollowCode(one["follow_code"]) if one["follow_code"] else None,
            clocks.parse(one["at"]),
        )
        for one in ledger.twins(conn, draft_id)
    )
