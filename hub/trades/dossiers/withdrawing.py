"""Consent taken back: what was agreed to for a dossier, and a sealed one taken out before the office has it.

Keeps true: what is withdrawn leaves nothing but events without content; a dossier that the office has is
never said to be taken back. It opens nothing: a sealed dossier goes unread.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base import db, scrub
from hub.base.clock import Moment
from hub.post import forgetting, outbox, sheet_jobs
from hub.trades.dossiers import appointments, drafts, follow, ledger, sealing
from hub.trades.dossiers.model import Consent, DraftId, GivenBy, How, Purpose, What


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A dossier that is no more; ``never_left``: no try was ever made to send it."""

    draft_id: DraftId
    never_left: bool
    scrubbed: bool


@dataclass(frozen=True, slots=True)
class Agreed:
    """A consent as it is on record."""

    consent: Consent
    at: dt.datetime
    trusted: bool


def withdraw(conn: sqlite3.Connection, typed: str, *, staff: int | None, moment: Moment) -> Withdrawn:
    """Take a sealed dossier out of the box by its follow code: bytes, code, invitations, marks and what its
    papers say go, and a paper that still waits is not printed.

    What it did again may be done again anew. Raises as ``follow.follow``, and ``Conflict
    ("relay.too_late_to_withdraw")`` when the office has it or is taking it now.
    """
    with db.write(conn):
        found = follow.follow(conn, typed)
        row = ledger.dossier(conn, found.instance_id)
        assert row is not None, "it was read in this transaction"
        draft_id = DraftId(row["draft_id"])
        never_left = outbox.withdraw(conn, found.instance_id, moment)
        ledger.drop_dossier(conn, found.instance_id, draft_id)
        for subject in (sealing.subject(found.instance_id), appointments.subject(found.instance_id)):
            forgetting.drop(conn, subject, moment=moment)
        for subject in (f"draft:{draft_id}", f"sealed:{found.code}"):
            sheet_jobs.drop(conn, subject, moment=moment)
        drafts.tell(conn, draft_id, What.WITHDRAWN, "", staff, moment)
    return Withdrawn(draft_id, never_left, scrub.scrub(conn))


def draft_of(conn: sqlite3.Connection, typed: str) -> DraftId:
    """Return the random id under which a sealed dossier's events stand. Raises as ``follow.follow``."""
    row = ledger.dossier(conn, follow.follow(conn, typed).instance_id)
    assert row is not None, "its follow row was just read"
    return DraftId(row["draft_id"])


def agreed(conn: sqlite3.Connection, draft_id: str) -> Agreed | None:
    """Return what was agreed to for a draft or the dossier it became; None where nothing is on record."""
    row = ledger.consent(conn, draft_id)
    if row is None:
        return None
    consent = Consent(
        notice_version=row["notice_version"],
        notice_lang=row["notice_lang"],
        read_aloud=bool(row["read_aloud"]),
        how=How(row["how"]),
        given_by=GivenBy(row["given_by"]),
        purposes=frozenset(Purpose(one) for one in row["purposes"].split()),
    )
    return Agreed(consent, clocks.parse(row["given_at"]), bool(row["trusted"]))
