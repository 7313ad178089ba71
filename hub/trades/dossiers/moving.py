"""A form newer than the draft: the draft stays on its own until a guide moves it and sees what was lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import Conflict, NotReady
from hub.forms import merge, outline
from hub.trades.dossiers import attachments, blanks, drafts, store
from hub.trades.dossiers.model import Draft, Moved, View, What
from hub.trades.procedures.model import Procedure


def newer_form(draft: Draft, sha256: str) -> bool:
    """Return whether the procedure's form of today, by its name, is not the one this draft stands on."""
    return sha256 != draft.form_sha256


def move_to_form(
    conn: sqlite3.Connection,
    draft_id: str,
    procedure: Procedure,
    xml: bytes,
    *,
    expected_version: int,
    key: bytes,
    staff: int,
    moment: Moment,
    media: Mapping[str, bytes] | None = None,
) -> Moved:
    """Put a draft on another version of its form; what found no place there is returned and gone from the
    draft.

    Raises ``Conflict("dossiers.changed_meanwhile")``, ``Conflict("dossiers.asides_open")`` while guides have
    to choose, ``NotReady("dossiers.wrong_form")``, and as ``drafts.look``.
    """
    with db.write(conn):
        old = drafts.look(conn, draft_id, key=key, moment=moment)
        if old.draft.version != expected_version:
            raise Conflict("dossiers.changed_meanwhile")
        if old.draft.asides:
            raise Conflict("dossiers.asides_open", count=old.draft.asides)
        sha256, form = blanks.keep(conn, xml, media)
        if form.form_id != old.form.form_id:
            raise NotReady("dossiers.wrong_form", expected=old.form.form_id, found=form.form_id)
        instance, lost = merge.carry_over(old.instance, form, drafts.village(moment))
        store.set_form(conn, old.draft.id, sha256, procedure.plain_name, procedure.persons)
        view = View(drafts.told(conn, draft_id, key=key), form, instance)
        attachments.reconcile(conn, view)
        version = drafts.put_back(
            conn,
            view,
            key=key,
            staff=staff,
            moment=moment,
            pages=[leaf.id for leaf in outline.leaves(form)],
            what=What.MOVED,
            detail=form.version,
        )
    return Moved(version, lost)
