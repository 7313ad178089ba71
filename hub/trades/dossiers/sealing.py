"""From a draft to a sealed dossier: the point after which this box cannot read it any more.

Keeps true: the draft is there whole until the very transaction that puts the sealed bytes into the outbox,
writes what is left and the receipt, and deletes the draft; whatever happens before it changes nothing. It
never seals what is not complete, and never with a key that nobody named.
"""

from __future__ import annotations

import sqlite3

from hub.base import db, ids, phrases, scrub
from hub.base.clock import Moment
from hub.base.errors import Conflict
from hub.base.ids import FollowCode
from hub.base.settings import Settings, UpstreamSettings
from hub.forms import questions
from hub.forms import seal as sealer
from hub.forms.model import Form
from hub.forms.page import Problem
from hub.post import jobs, office_keys, outbox
from hub.trades.dossiers import attachments, corrections, drafts, ledger, marks, service, slip, store
from hub.trades.dossiers.model import Draft, Incomplete, MayBeTwice, Overrule, Sealed, View, What

_TRIES = 20


def subject(instance_id: str) -> str:
    """Return what the papers of a dossier are filed under."""
    return f"dossier:{instance_id}"


def check(
    conn: sqlite3.Connection, draft_id: str, *, key: bytes, moment: Moment, lang: str
) -> tuple[Problem, ...]:
    """Return all that is left to correct before sealing, page by page. Raises as ``drafts.look``."""
    view = drafts.look(conn, draft_id, key=key, moment=moment)
    return questions.check_all(view.form, view.instance, lang)


def seal(
    conn: sqlite3.Connection,
    draft_id: str,
    *,
    expected_version: int,
    key: bytes,
    staff: int,
    moment: Moment,
    settings: Settings,
    lang: str,
    overrule: Overrule | None = None,
) -> Sealed:
    """Seal a complete draft to the office, put it into the outbox, print the first receipt, delete the draft.

    Raises, with the draft untouched: ``Incomplete``; ``MayBeTwice`` unless ``overrule`` says why it is right;
    ``Conflict("dossiers.changed_meanwhile")``; ``Conflict("dossiers.asides_open")``; ``NotReady`` of
    ``office_key`` and ``NotReady("forms.seal.bad_key")``; and as ``drafts.look``.
    """
    view = drafts.look(conn, draft_id, key=key, moment=moment)
    draft = view.draft
    if draft.version != expected_version:
        raise Conflict("dossiers.changed_meanwhile")
    if draft.asides:
        raise Conflict("dossiers.asides_open", count=draft.asides)
    view.instance.finish(drafts.village(moment))
    problems = questions.check_all(view.form, view.instance, lang)
    if problems:
        raise Incomplete(problems)
    twins = marks.twins(conn, draft_id)
    if twins and overrule is None:
        raise MayBeTwice(twins)
    sealed = _sealed(conn, view, key, office_key(conn, view.form, settings.upstream))
    with db.write(conn):
        row = store.draft(conn, draft_id)
        if row is None or row["version"] != expected_version or row["asides"]:
            raise Conflict("dossiers.changed_meanwhile")
        service.settle_doubts(conn, moment)
        code = _fresh_code(conn)
        old = corrections.predecessor(conn, draft.id)
        corrects = FollowCode(old["follow_code"]) if old else None
        urgent = draft.form_id in settings.upstream.urgent_forms
        outbox.add(conn, _parcel(draft, code, sealed, lang, corrects, urgent), moment=moment)
        ledger.add_dossier(conn, row, code, lang, staff, moment)
        if twins and overrule is not None:
            drafts.tell(conn, draft.id, What.OVERRULED, overrule, staff, moment)
        elif old is not None:
            drafts.tell(conn, draft.id, What.OVERRULED, Overrule.CORRECTION, staff, moment)
        drafts.tell(conn, draft.id, What.SEALED, "", staff, moment)
        if old is not None:
            drafts.tell(conn, old["draft_id"], What.DONE_AGAIN, code, staff, moment)
        ledger.forget_marks_on(conn, draft.id, moment.on + marks.REMEMBER)
        receipt = slip.kept(
            code,
            draft.title,
            settings,
            lang=lang,
            at=moment.at,
            trusted=moment.trusted,
            corrects=corrects,
        )
        job = jobs.add(
            conn, jobs.Kind.RECEIPT, receipt, moment=moment, subject=subject(draft.instance_id), lang=lang
        )
        store.delete_draft(conn, draft.id)
        scrub.want(conn)
    return Sealed(code, draft.instance_id, job, scrub.scrub(conn))


def office_key(conn: sqlite3.Connection, form: Form, upstream: UpstreamSettings) -> str:
    """Return the public key to seal to, base64 of DER; raises as ``office_keys.to_seal``."""
    return office_keys.to_seal(conn, form.form_id, form.public_key, upstream)


def _sealed(conn: sqlite3.Connection, view: View, key: bytes, public_key: str) -> sealer.Sealed:
    draft = view.draft
    files = [
        sealer.SealFile(name, attachments.read(conn, draft.id, name, key=key))
        for name in view.instance.attachments()
    ]
    return sealer.seal(
        form_id=view.form.form_id,
        version=view.form.version,
        instance_id=draft.instance_id,
        submission=view.instance.submission_xml(),
        files=files,
        public_key_base64_der=public_key,
    )


def _parcel(
    draft: Draft,
    code: FollowCode,
    sealed: sealer.Sealed,
    lang: str,
    corrects: FollowCode | None,
    urgent: bool,
) -> outbox.Parcel:
    title = draft.title.said(lang)
    return outbox.Parcel(
        instance_id=draft.instance_id,
        form_id=draft.form_id,
        form_version=draft.form_version,
        follow_code=code,
        label=phrases.say(lang, "dossiers.label_again", title=title, code=corrects) if corrects else title,
        envelope=sealed.envelope,
        files=sealed.files,
        urgent=urgent,
    )


def _fresh_code(conn: sqlite3.Connection) -> FollowCode:
    for _ in range(_TRIES):
        code = ids.new_follow_code()
        if ledger.dossier_by_code(conn, code) is None:
            return code
    raise Conflict("dossiers.changed_meanwhile")
