"""What other processes tell the dossiers: the relay what the office has and says, the night that days have
passed.

Keeps true: where a dossier stands is the outbox's and the inbox's word alone; here it is only written down
that it happened, for the villager to read. It never needs the House key.
"""

from __future__ import annotations

import sqlite3

from hub.base import db, scrub
from hub.base.clock import Moment
from hub.post.inbox import Word
from hub.trades.dossiers import drafts, ledger, store
from hub.trades.dossiers.model import VILLAGER_SEES, DraftId, What


def office_has_it(conn: sqlite3.Connection, instance_id: str, moment: Moment) -> None:
    """Write down that the office has a dossier, in the caller's transaction; a second time changes nothing.

    An instance that is no dossier of this House is passed over: other rooms send parcels too.
    """
    row = ledger.dossier(conn, instance_id)
    if row is None:
        return
    settle_doubts(conn, moment)
    if not ledger.events(conn, row["draft_id"], (What.OFFICE_HAS_IT,)):
        drafts.tell(conn, DraftId(row["draft_id"]), What.OFFICE_HAS_IT, "", None, moment)


def office_says(conn: sqlite3.Connection, instance_id: str, word: Word, moment: Moment) -> None:
    """Write down what is new in the office's word, in the caller's transaction."""
    row = ledger.dossier(conn, instance_id)
    if row is None:
        return
    draft_id = DraftId(row["draft_id"])
    known = ledger.events(conn, draft_id, VILLAGER_SEES)
    states = [event.detail for event in known if event.what is What.OFFICE_SAYS]
    if word.review_state is not None and word.review_state not in states[-1:]:
        drafts.tell(conn, draft_id, What.OFFICE_SAYS, word.review_state, None, moment)
    heard = max((int(event.detail) for event in known if event.what is What.OFFICE_WROTE), default=0)
    if word.remarks > heard:
        drafts.tell(conn, draft_id, What.OFFICE_WROTE, str(word.remarks), None, moment)


def expire(conn: sqlite3.Connection, moment: Moment) -> int:
    """Erase the drafts whose day has come and forget old marks; return how many drafts that were.

    Only by a trusted clock: a wrong day must not cost anybody a dossier.
    """
    if not moment.trusted:
        return 0
    with db.write(conn):
        settle_doubts(conn, moment)
        store.date_lost_times(conn, moment)
        past = store.past(conn, moment.on)
        for draft_id in past:
            drafts.drop(conn, draft_id, What.EXPIRED, None, moment)
        ledger.forget_old_marks(conn, moment.on)
        store.drop_unused_forms(conn)
    if past:
        scrub.scrub(conn)
    return len(past)


def settle_doubts(conn: sqlite3.Connection, moment: Moment) -> int:
    """Put the doubtful times of this boot right once the true one is known; return how many that were."""
    if not moment.trusted or not ledger.has_doubts(conn, moment.boot_id):
        return 0
    with db.write(conn):
        settled = ledger.settle(conn, moment)
        if settled:
            db.touch(conn, drafts.TOPIC)
    return settled
