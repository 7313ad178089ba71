"""Marks of ID numbers, so that nobody hands in the same dossier twice without meaning to.

Keeps true: a mark can be made again only with the House key and only from the number; it says nothing by
itself, and is forgotten on a set day. A twin is a question to a guide, never a refusal.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable

from hub.base import clock as clocks
from hub.base.errors import Missing
from hub.base.ids import FollowCode
from hub.forms.instance import Instance
from hub.trades.dossiers import corrections, ledger, store, vault
from hub.trades.dossiers.model import Draft, DraftId, Duplicate
from hub.trades.procedures.model import Person, PersonField, Words

REMEMBER = dt.timedelta(days=60)
_DIGITS = (9, 12)
# Behind a person's id: a number that is known of them and not typed in this form.
_KNOWN = "@"


def note(conn: sqlite3.Connection, draft: Draft, instance: Instance, *, key: bytes) -> None:
    """Mark the ID numbers that a draft holds now, in the caller's transaction."""
    found = []
    known = {name: mark for name, mark in ledger.marks(conn, draft.id).items() if _KNOWN in name}
    for person in draft.persons:
        path = person.path(PersonField.NUMBER)
        if not person.unique or path is None:
            continue
        try:
            number = instance.get(path) if instance.is_relevant(path) else ""
        except Missing:
            continue
        if _is_number(number):
            mark = vault.mark(key, draft.procedure, number)
            found.append((person.id, mark))
            theirs = [name for name in known if name.startswith(person.id + _KNOWN)]
            # Another number was typed: what was known is of somebody else.
            if mark not in [known[name] for name in theirs]:
                for name in theirs:
                    del known[name]
    ledger.set_marks(conn, draft.id, [*found, *known.items()])


def know(
    conn: sqlite3.Connection, draft: Draft, person: Person, numbers: Iterable[str], *, key: bytes
) -> None:
    """Mark the numbers a person is known by elsewhere too (the old one, one the form does not ask), in the
    caller's transaction."""
    told = [number for number in numbers if _is_number(number)]
    # Facts without a number (a place alone) say nothing against the numbers known before.
    if not person.unique or not told:
        return
    held = {
        name: mark
        for name, mark in ledger.marks(conn, draft.id).items()
        if not name.startswith(person.id + _KNOWN)
    }
    for place, number in enumerate(told):
        held[f"{person.id}{_KNOWN}{place}"] = vault.mark(key, draft.procedure, number)
    ledger.set_marks(conn, draft.id, held.items())


def of_numbers(
    conn: sqlite3.Connection, procedures: Iterable[str], numbers: Iterable[str], *, key: bytes
) -> tuple[tuple[str, DraftId, FollowCode | None], ...]:
    """Return (procedure, draft, follow code or None) of every dossier that one of ``numbers`` stands in."""
    told = [one for one in numbers if _is_number(one)]
    found = {}
    for procedure in procedures:
        for row in ledger.marked(conn, [vault.mark(key, procedure, number) for number in told]):
            code = FollowCode(row["follow_code"]) if row["follow_code"] else None
            found[row["draft_id"]] = (procedure, DraftId(row["draft_id"]), code)
    return tuple(found.values())


def _is_number(number: str) -> bool:
    # Zeros stand for "none" on some cards: they would make twins of strangers.
    return number.isdecimal() and len(number) in _DIGITS and bool(number.strip("0"))


def twins(conn: sqlite3.Connection, draft_id: str) -> tuple[Duplicate, ...]:
    """Return the other dossiers of this procedure with an ID number that this draft has too, latest first.

    Those that it does again are meant to have the same.
    """
    row = store.draft(conn, draft_id)
    if row is None:
        raise Missing("dossiers.no_draft")
    labels = {person.id: person.label for person in store.persons(row)}
    before = corrections.predecessors(conn, draft_id)
    return tuple(
        Duplicate(
            labels.get(one["person"].partition(_KNOWN)[0], Words(one["person"], one["person"])),
            DraftId(one["draft_id"]),
            FollowCode(one["follow_code"]) if one["follow_code"] else None,
            clocks.parse(one["at"]),
        )
        for one in ledger.twins(conn, draft_id)
        if one["draft_id"] not in before
    )
