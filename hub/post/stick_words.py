"""The office's answer comes back by hand: what its server has is closed, what it refused is held.

Keeps true: only a whole answer that the confirmed office signed for this House counts, each word once, and a
later word is never undone by an earlier one, in whatever order answers come; a parcel is closed only when the
office names the very bytes that were frozen here, and through the same door as by the wire: listeners hear of
it in the transaction that records it. "It lies with the office" never becomes "the office's system has it".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from hub.base import db, text
from hub.base.clock import Clock, Moment
from hub.base.errors import Conflict, Refused
from hub.base.identity import Identity
from hub.post import bundle, inbox, leases, outbox, stick, stick_ledger
from hub.post.bundle_content import AnswerCover, Entry, Word, read_answer
from hub.post.outbox import Kind, State

OnReceived = Callable[[sqlite3.Connection, str], None]

_AT_ONCE = 200
_DETAIL = 400


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer brought: parcels closed, lying with the office, held; words that were no news; parcels that
    are not here any more, and such whose bytes are others."""

    closed: int = 0
    taken: int = 0
    held: int = 0
    old: int = 0
    gone: int = 0
    other: int = 0

    @property
    def words(self) -> int:
        """How many words there were."""
        return self.closed + self.taken + self.held + self.old + self.gone + self.other

    def __add__(self, more: Heard) -> Heard:
        return Heard(
            self.closed + more.closed,
            self.taken + more.taken,
            self.held + more.held,
            self.old + more.old,
            self.gone + more.gone,
            self.other + more.other,
        )


def hear(
    conn: sqlite3.Connection,
    source: BinaryIO,
    mine: Identity,
    *,
    clock: Clock,
    on_received: OnReceived,
) -> Heard:
    """Take in one answer.

    Raises as ``bundle.check``; ``NotReady("stick.no_office")``; ``Refused("stick.office_unknown")`` for another
    signer than the office that was confirmed; ``Conflict("stick.answer_known")`` for one that was read before.
    Nothing is changed then.
    """
    office = stick.the_office(conn)
    opened = bundle.check(source, mine, bundle.Kind.ANSWER)
    if opened.by != office.public:
        raise Refused("stick.office_unknown", fingerprint=opened.by.fingerprint)
    source.seek(0)
    cover, entries = read_answer(bundle.content(source, mine, bundle.Kind.ANSWER, opened))
    if stick_ledger.answer_known(conn, cover.mark):
        raise Conflict("stick.answer_known")
    heard = Heard()
    for start in range(0, len(entries), _AT_ONCE):
        # Not for long under one lock: each word stands for itself, and one that was heard is no news again.
        with db.write(conn):
            for entry in entries[start : start + _AT_ONCE]:
                heard += _take(conn, office.id, entry, clock.read(), on_received)
    _note(conn, office.id, cover, entries, heard, clock.read())
    return heard


def _note(
    conn: sqlite3.Connection,
    office_id: int,
    cover: AnswerCover,
    entries: Sequence[Entry],
    heard: Heard,
    now: Moment,
) -> None:
    with db.write(conn):
        # Two guides may bring the same file at the same moment.
        if not stick_ledger.answer_known(conn, cover.mark):
            stick_ledger.note_answer(
                conn, cover.mark, office_id, upto=cover.upto, closed=heard.closed, now=now
            )
        if entries:
            db.touch(conn, outbox.TOPIC)


def _take(
    conn: sqlite3.Connection, office_id: int, entry: Entry, now: Moment, on_received: OnReceived
) -> Heard:
    row = conn.execute(
        "SELECT id, state, kind, form_id FROM outbox WHERE instance_id = ?", (entry.instance_id,)
    ).fetchone()
    if row is None:
        return Heard(gone=1)
    if stick_ledger.digest_here(conn, entry.instance_id) != entry.digest:
        return Heard(other=1)
    if not stick_ledger.later(conn, entry.instance_id, office_id, entry.serial):
        return Heard(old=1)
    if row["state"] == State.SENT:
        return Heard(old=1)
    stick_ledger.note_word(conn, entry.instance_id, office_id, entry.serial, entry.word, now)
    match entry.word:
        case Word.FORWARDED:
            if leases.received_by_hand(conn, row["id"], now):
                if row["kind"] != Kind.REPORT:
                    inbox.expect(conn, entry.instance_id, row["form_id"], now)
                on_received(conn, entry.instance_id)
            return Heard(closed=1)
        case Word.TAKEN:
            return Heard(taken=1)
        case Word.REFUSED:
            known = entry.reason_key in stick_ledger.REFUSALS
            reason_key = entry.reason_key if known else "relay.refused"
            held = leases.refused_by_hand(conn, row["id"], reason_key, text.clean(entry.detail)[:_DETAIL])
            # What the courier has in hand at this moment is not held: the wire's own answer counts.
            return Heard(held=1) if held or row["state"] == State.HELD else Heard(old=1)
