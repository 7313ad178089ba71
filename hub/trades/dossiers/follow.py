"""Where is my dossier: told from what the outbox and the inbox know, with the times things happened.

Keeps true: no state is kept here, so none can be old; "kept at the House" and "the office has it" are never
shown as one another; the second receipt exists only when the office has the dossier; what officers wrote
opens only with the words' key, for who has the code.
"""

from __future__ import annotations

import datetime as dt
import sqlite3

from devices.slip import Slip
from hub.base import db, ids
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing, Refused
from hub.base.ids import FollowCode, InstanceId
from hub.base.settings import Settings
from hub.post import inbox, jobs, outbox
from hub.post.inbox import Comment
from hub.trades.dossiers import corrections, drafts, ledger, sealing, slip
from hub.trades.dossiers.model import (
    VILLAGER_SEES,
    Appointment,
    DraftId,
    Following,
    State,
    What,
    Why,
)
from hub.trades.procedures.model import Words

_REVIEWED = {
    "hasIssues": State.NEEDS_CORRECTION,
    "rejected": State.REJECTED,
    "approved": State.APPROVED,
}
_WAITING = {
    outbox.State.QUEUED: State.KEPT,
    outbox.State.SENDING: State.ON_THE_WAY,
    outbox.State.HELD: State.HELD,
}
# What the office said last is no longer what to act on once another dossier stands in its place.
_GIVES_WAY = (State.OFFICE_HAS_IT, State.NEEDS_CORRECTION, State.REJECTED)
_STILL_OPEN = (jobs.State.QUEUED, jobs.State.LEASED, jobs.State.STUCK, jobs.State.ASK)


def follow(conn: sqlite3.Connection, typed: str) -> Following:
    """Return where the dossier with the code that was typed or scanned is.

    Raises ``Refused("ids.code_wrong")`` for a slip of the finger, ``Missing("dossiers.no_such_code")``.
    """
    row = ledger.dossier_by_code(conn, ids.read_follow_code(typed))
    if row is None:
        raise Missing("dossiers.no_such_code")
    return _following(conn, row)


def of_instance(conn: sqlite3.Connection, instance_id: str) -> Following:
    """Return where a dossier is by its instanceID; raises ``Missing("dossiers.no_such_code")``."""
    row = ledger.dossier(conn, instance_id)
    if row is None:
        raise Missing("dossiers.no_such_code")
    return _following(conn, row)


def listing(conn: sqlite3.Connection, most: int = 50) -> tuple[Following, ...]:
    """Return the sealed dossiers for guides, latest first."""
    return tuple(_following(conn, row) for row in ledger.dossiers(conn, most))


def comments(conn: sqlite3.Connection, following: Following, *, key: bytes) -> tuple[Comment, ...]:
    """Return what officers wrote on a dossier, oldest first; ``key`` is ``inbox.words_key``."""
    return inbox.comments(conn, following.instance_id, key=key)


def cases_at_office(conn: sqlite3.Connection) -> int:
    """Return how many cases the office has: a dossier and the one done again are one."""
    return outbox.counts(conn).sent - outbox.sent_among(conn, corrections.sealed(conn))


def version(conn: sqlite3.Connection) -> tuple[int, int, int]:
    """Return what differs whenever a followed dossier may have changed, for an ETag."""
    return (
        db.version(conn, drafts.TOPIC),
        db.version(conn, outbox.TOPIC),
        db.version(conn, inbox.TOPIC),
    )


def print_received(
    conn: sqlite3.Connection, typed: str, *, moment: Moment, settings: Settings, lang: str, words_key: bytes
) -> int:
    """Queue the second receipt and return its job; it carries the office's last word.

    Raises ``Refused("dossiers.not_at_office")`` while the office has not got the dossier, ``Conflict
    ("printing.still_open")`` while an earlier second receipt waits, and as ``follow``.
    """
    with db.write(conn):
        following = follow(conn, typed)
        if following.arrived is None:
            raise Refused("dossiers.not_at_office")
        wrote = comments(conn, following, key=words_key)
        paper = slip.received(following, settings, lang=lang, words=wrote[-1].text if wrote else "")
        # The office's words may name somebody.
        return _print(
            conn, following, paper, What.RECEIPT_RECEIVED, "received", moment, lang, private=bool(wrote)
        )


def print_kept_again(
    conn: sqlite3.Connection, typed: str, *, moment: Moment, settings: Settings, lang: str
) -> int:
    """Queue the first receipt once more, marked as a copy, for who has lost it; return its job.

    Raises ``Conflict("printing.still_open")`` while the last one waits, and as ``follow``.
    """
    with db.write(conn):
        following = follow(conn, typed)
        sealed = following.events[0]
        paper = slip.kept(
            following.code,
            following.title,
            settings,
            lang=lang,
            at=sealed.at,
            trusted=sealed.trusted,
            corrects=following.corrects,
        )
        return _print(conn, following, paper, What.RECEIPT_AGAIN, "", moment, lang, copy=True)


def _print(
    conn: sqlite3.Connection,
    following: Following,
    paper: Slip,
    what: What,
    tail: str,
    moment: Moment,
    lang: str,
    *,
    copy: bool = False,
    private: bool = False,
) -> int:
    about = sealing.subject(following.instance_id) + (f":{tail}" if tail else "")
    if any(job.state in _STILL_OPEN for job in jobs.for_subject(conn, about)):
        raise Conflict("printing.still_open")
    row = ledger.dossier(conn, following.instance_id)
    assert row is not None, "it was read in this transaction"
    drafts.tell(conn, DraftId(row["draft_id"]), what, "", None, moment)
    return jobs.add(
        conn,
        jobs.Kind.RECEIPT,
        paper,
        moment=moment,
        subject=about,
        lang=lang,
        copy=copy,
        private=private,
    )


def _following(conn: sqlite3.Connection, row: sqlite3.Row) -> Following:
    parcel = outbox.state(conn, row["instance_id"])
    word = inbox.word(conn, row["instance_id"])
    if parcel.state is outbox.State.SENT:
        state = _REVIEWED.get(word.review_state or "", State.OFFICE_HAS_IT) if word else State.OFFICE_HAS_IT
    else:
        state = _WAITING[parcel.state]
    redone_as = corrections.successor(conn, row["instance_id"])
    if redone_as is not None and state in _GIVES_WAY:
        state = State.DONE_AGAIN
    before = corrections.predecessor(conn, row["draft_id"])
    return Following(
        code=FollowCode(row["follow_code"]),
        instance_id=InstanceId(row["instance_id"]),
        procedure=row["procedure"],
        title=Words(row["title_vi"], row["title_en"]),
        lang=row["lang"],
        state=state,
        events=tuple(
            one
            for one in ledger.events(conn, row["draft_id"], VILLAGER_SEES)
            # A code that was taken back leads nowhere any more.
            if one.what is not What.DONE_AGAIN or ledger.dossier_by_code(conn, one.detail) is not None
        ),
        read_at=word.read_at if word else None,
        corrects=FollowCode(before["follow_code"]) if before else None,
        redone_as=redone_as,
        appointment=_appointment(conn, row["instance_id"]),
    )


def _appointment(conn: sqlite3.Connection, instance_id: str) -> Appointment | None:
    row = ledger.appointment(conn, instance_id)
    if row is None:
        return None
    return Appointment(
        Why(row["why"]), dt.date.fromisoformat(row["meet_on"]), row["hour"], row["place"], row["bring"]
    )
