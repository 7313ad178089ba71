"""Sealed dossiers for the desks' tests: really sealed, really in the outbox, as far along as wanted."""

from __future__ import annotations

import dataclasses
import sqlite3

from hub.base import db, ids
from hub.base.clock import Moment
from hub.post import inbox, outbox
from hub.post.inbox import Case, Comment
from hub.trades.dossiers import drafts, ledger, service
from hub.trades.dossiers.model import DraftId, What
from tests.post import parcels


def kept(conn: sqlite3.Connection, moment: Moment) -> tuple[str, str]:
    """A dossier that lies at the House; returns its follow code and instanceID."""
    parcel = dataclasses.replace(parcels.parcel(photos=0), follow_code=ids.new_follow_code())
    row = {
        "id": f"draft-{parcel.follow_code}",
        "instance_id": parcel.instance_id,
        "procedure": "lien-thong-khai-sinh",
        "title_vi": "Làm giấy khai sinh cho bé",
        "title_en": "Birth certificate for a baby",
        "form_id": parcel.form_id,
        "form_version": parcel.form_version,
    }
    with db.write(conn):
        outbox.add(conn, parcel, moment=moment)
        ledger.add_dossier(conn, row, parcel.follow_code, "vi", 1, moment)  # type: ignore[arg-type]
        drafts.tell(conn, DraftId(str(row["id"])), What.SEALED, "", 1, moment)
    return parcel.follow_code, parcel.instance_id


def at_office(conn: sqlite3.Connection, instance_id: str, moment: Moment) -> None:
    """The relay has brought it: what the courier writes when the office took the last byte."""
    with db.write(conn):
        conn.execute(
            "UPDATE outbox SET state = 'sent', accepted_at = ?1, sent_at = ?1, sent_trusted = ?2,"
            " sent_boot_id = ?3, sent_mono = ?4 WHERE instance_id = ?5",
            (moment.text, moment.trusted, moment.boot_id, moment.mono, instance_id),
        )
        service.office_has_it(conn, instance_id, moment)
        inbox.expect(conn, instance_id, parcels.FORM, moment)


def says(
    conn: sqlite3.Connection, instance_id: str, state: str, words: str, moment: Moment, *, key: bytes
) -> None:
    """The office has decided, and written something."""
    with db.write(conn):
        inbox.note_state(conn, instance_id, state, moment)
        remark = ((Comment(words, moment.text, "Cán bộ Mẫu"),), "etag")
        case = Case(instance_id, "", "")
        inbox.note_remarks(conn, case, comments=remark, notes=None, key=key, now=moment)
        word = inbox.word(conn, instance_id)
        assert word is not None
        service.office_says(conn, instance_id, word, moment)
