"""Drafts: begun with consent, taken up by any guide, kept under the House key, erased on a set day.

Keeps true: consent is written before anything personal; every change counts the version up and is safe when
the call returns; who opened what when is written down without content. It never shows an answer to who has no
House key.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping, Sequence

from hub.base import clock as clocks
from hub.base import db, ids, scrub
from hub.base.clock import VILLAGE, Moment
from hub.base.errors import Conflict, Missing, NotReady, Refused
from hub.base.ids import InstanceId
from hub.forms.instance import Instance
from hub.post import sheet_jobs
from hub.trades.dossiers import blanks, ledger, marks, store, vault
from hub.trades.dossiers.model import (
    NOTICE_VERSION,
    Consent,
    Draft,
    DraftId,
    Longer,
    Purpose,
    View,
    What,
)
from hub.trades.procedures.model import Person, PersonField, Procedure, Words

TOPIC = "dossiers"
"""The version that pages poll."""

MOST_EXTENSIONS = 2
_LONGEST_LABEL = 120
_SAME_VISIT_S = 600.0


def village(moment: Moment) -> dt.datetime:
    """Return ``moment`` as forms want it: the village's aware time."""
    return moment.at.astimezone(VILLAGE)


def start(
    conn: sqlite3.Connection,
    procedure: Procedure,
    xml: bytes,
    *,
    consent: Consent,
    staff: int,
    key: bytes,
    moment: Moment,
    draft_days: int,
    device_id: str = "",
    username: str = "",
    phone: str = "",
    media: Mapping[str, bytes] | None = None,
) -> Draft:
    """Begin a draft of ``procedure`` on its form ``xml``: consent first, then an empty instance.

    Raises ``Refused("dossiers.consent_needed")`` unless every purpose was agreed to, ``Refused
    ("dossiers.consent_old_notice")`` for other words than the present ones,
    ``NotReady("dossiers.wrong_form")``.
    """
    if consent.purposes != frozenset(Purpose):
        raise Refused("dossiers.consent_needed")
    if consent.notice_version != NOTICE_VERSION:
        raise Refused("dossiers.consent_old_notice")
    draft_id = DraftId(ids.new_id())
    with db.write(conn):
        sha256, form = blanks.keep(conn, xml, media)
        if form.form_id != procedure.form_id:
            raise NotReady("dossiers.wrong_form", expected=procedure.form_id, found=form.form_id)
        store.add_consent(conn, draft_id, consent, staff, moment)
        instance_id = ids.new_instance_id()
        # Only a form that asks for one of these gets it: a guide's name goes nowhere unasked.
        known = {"deviceid": device_id, "username": username, "phonenumber": phone}
        properties = {name: value for name, value in known.items() if value}
        instance = Instance.new(form, now=village(moment), instance_id=instance_id, properties=properties)
        new = store.NewDraft(
            id=draft_id,
            procedure=procedure.slug,
            title=procedure.plain_name,
            form_sha256=sha256,
            persons=procedure.persons,
            instance_id=instance_id,
            instance=vault.close(key, instance.to_xml(), draft_id, "instance"),
            label=vault.close(key, label(instance, procedure.persons).encode(), draft_id, "label"),
            staff_id=staff,
            keep_days=draft_days,
        )
        store.add_draft(conn, new, moment)
        tell(conn, draft_id, What.STARTED, "", staff, moment)
    return look(conn, draft_id, key=key, moment=moment).draft


def look(conn: sqlite3.Connection, draft_id: str, *, key: bytes, moment: Moment) -> View:
    """Return a draft with its answers settled as of ``moment``; writes nothing.

    Raises ``Missing("dossiers.no_draft")`` for one that is sealed, erased or never was, ``NotReady
    ("dossiers.not_opened")`` when the key does not open it.
    """
    row = store.draft(conn, draft_id)
    if row is None:
        raise Missing("dossiers.no_draft")
    form = blanks.form(conn, row["form_sha256"])
    plain = vault.open(key, row["instance"], row["id"], "instance")
    instance = Instance.from_xml(form, plain, village(moment), recalculating=True)
    return View(_draft(row, key), form, instance)


def take_up(conn: sqlite3.Connection, draft_id: str, *, key: bytes, staff: int, moment: Moment) -> View:
    """Return a draft to work on; who opened it is written down once in ten minutes. Raises as ``look``."""
    view = look(conn, draft_id, key=key, moment=moment)
    last = ledger.last_event(conn, draft_id)
    if last is not None and last["staff_id"] == staff:
        if clocks.still_fresh(moment, last["boot_id"], last["mono"], _SAME_VISIT_S):
            return view
    with db.write(conn):
        tell(conn, view.draft.id, What.OPENED, "", staff, moment)
    return view


def told(conn: sqlite3.Connection, draft_id: str, *, key: bytes) -> Draft:
    """Return a draft without its answers. Raises as ``look``."""
    return _draft(_row(conn, draft_id), key)


def known(conn: sqlite3.Connection, draft_id: str) -> DraftId:
    """Return the id of a draft that is there; raises ``Missing("dossiers.no_draft")``."""
    return DraftId(_row(conn, draft_id)["id"])


def listing(conn: sqlite3.Connection, *, key: bytes) -> tuple[Draft, ...]:
    """Return all drafts with their labels, latest change first."""
    return tuple(_draft(row, key) for row in store.drafts(conn))


def put_back(
    conn: sqlite3.Connection,
    view: View,
    *,
    key: bytes,
    staff: int,
    moment: Moment,
    pages: Sequence[str],
    what: What,
    detail: str = "",
) -> int:
    """Store a view's changed answers in the caller's transaction; return the new version.

    ``pages`` are those that another guide may not overwrite unseen. Raises
    ``Conflict("dossiers.changed_meanwhile")``.
    """
    draft = view.draft
    plain = view.instance.to_xml()
    named = label(view.instance, draft.persons)
    changed = store.change_draft(
        conn,
        draft.id,
        draft.version,
        vault.close(key, plain, draft.id, "instance"),
        vault.close(key, named.encode(), draft.id, "label"),
        moment,
    )
    if not changed:
        raise Conflict("dossiers.changed_meanwhile")
    marks.note(conn, draft, view.instance, key=key)
    store.set_page_versions(conn, draft.id, pages, draft.version + 1)
    tell(conn, draft.id, what, detail, staff, moment)
    return draft.version + 1


def waiting(conn: sqlite3.Connection) -> tuple[tuple[DraftId, str, str], ...]:
    """Return each draft's id, procedure and the day it will be erased; that needs no key."""
    return tuple((DraftId(row["id"]), row["procedure"], row["erase_on"]) for row in store.drafts(conn))


def hand_over(conn: sqlite3.Connection, draft_id: str, to: int, *, staff: int, moment: Moment) -> None:
    """Make another guide the one who looks after a draft; raises ``Missing("dossiers.no_draft")``."""
    with db.write(conn):
        row = _row(conn, draft_id)
        store.set_staff(conn, row["id"], to)
        tell(conn, row["id"], What.HANDED_OVER, str(to), staff, moment)


def extend(conn: sqlite3.Connection, draft_id: str, why: Longer, *, staff: int, moment: Moment) -> dt.date:
    """Keep a draft for another full term from today, and write down why; return the day it will be erased.

    Raises ``Refused("dossiers.kept_long_enough")`` after ``MOST_EXTENSIONS``,
    ``Missing("dossiers.no_draft")``.
    """
    with db.write(conn):
        row = _row(conn, draft_id)
        if extensions_left(conn, draft_id) <= 0:
            raise Refused("dossiers.kept_long_enough", times=MOST_EXTENSIONS)
        store.extend_draft(conn, row["id"], moment.on)
        tell(conn, row["id"], What.EXTENDED, why, staff, moment)
        return dt.date.fromisoformat(_row(conn, draft_id)["erase_on"])


def extensions_left(conn: sqlite3.Connection, draft_id: str) -> int:
    """Return how often a draft may still be kept longer without being worked on."""
    return MOST_EXTENSIONS - len(ledger.events(conn, draft_id, (What.EXTENDED,)))


def procedure(conn: sqlite3.Connection, draft_id: str) -> str:
    """Return which procedure a draft is of; raises ``Missing("dossiers.no_draft")``."""
    return str(_row(conn, draft_id)["procedure"])


def erase(conn: sqlite3.Connection, draft_id: str, *, staff: int | None, moment: Moment) -> bool:
    """Erase a draft for good, as the person it belongs to may always ask; return whether no old page is left.

    What stays says only that there was one. Raises ``Missing("dossiers.no_draft")``.
    """
    with db.write(conn):
        drop(conn, DraftId(_row(conn, draft_id)["id"]), What.ERASED, staff, moment)
    return scrub.scrub(conn)


def drop(conn: sqlite3.Connection, draft_id: DraftId, what: What, staff: int | None, moment: Moment) -> None:
    """Delete a draft, its marks and its sheets that are not out, in the caller's transaction."""
    store.delete_draft(conn, draft_id)
    sheet_jobs.drop(conn, f"draft:{draft_id}", moment=moment)
    scrub.want(conn)
    ledger.forget_marks_on(conn, draft_id, None)
    tell(conn, draft_id, what, "", staff, moment)


def tell(
    conn: sqlite3.Connection, draft_id: str, what: What, detail: str, staff: int | None, moment: Moment
) -> None:
    """Append an event in the caller's transaction and have pages drawn anew."""
    ledger.add_event(conn, draft_id, what, detail, staff, moment)
    db.touch(conn, TOPIC)


def label(instance: Instance, persons: Sequence[Person]) -> str:
    """Return what a guide sees in a list: the instance's own name and the first person's, where told."""
    parts = [instance.instance_name.strip(" :")]
    for person in persons:
        named = _answer(instance, person.path(PersonField.FULL_NAME))
        if named and named not in parts[0]:
            parts.append(named)
            break
    return " · ".join(part for part in parts if part)[:_LONGEST_LABEL]


def _answer(instance: Instance, path: str | None) -> str:
    if path is None:
        return ""
    try:
        return instance.get(path) if instance.is_relevant(path) else ""
    except Missing:
        return ""


def _row(conn: sqlite3.Connection, draft_id: str) -> sqlite3.Row:
    row = store.draft(conn, draft_id)
    if row is None:
        raise Missing("dossiers.no_draft")
    return row


def _draft(row: sqlite3.Row, key: bytes) -> Draft:
    return Draft(
        id=DraftId(row["id"]),
        procedure=row["procedure"],
        title=Words(row["title_vi"], row["title_en"]),
        form_sha256=row["form_sha256"],
        form_id=row["form_id"],
        form_version=row["form_version"],
        persons=store.persons(row),
        instance_id=InstanceId(row["instance_id"]),
        version=row["version"],
        label=vault.open(key, row["label"], row["id"], "label").decode(),
        staff_id=row["staff_id"],
        updated=Moment(clocks.parse(row["updated_at"]), bool(row["trusted"]), row["boot_id"], row["mono"]),
        erase_on=dt.date.fromisoformat(row["erase_on"]),
        asides=row["asides"],
    )
