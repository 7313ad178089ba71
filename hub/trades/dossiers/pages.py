"""Saving page by page, also when two guides sit over one draft.

Keeps true: nothing typed is lost. A page that another has changed meanwhile is not overwritten: what was
typed on it is kept aside, under the House key, until a guide has chosen question by question. Guides on
different pages never disturb each other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence

import msgspec

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing
from hub.forms import outline, questions, typed
from hub.forms.instance import Instance
from hub.forms.page import Problem
from hub.trades.dossiers import attachments, drafts, store, vault
from hub.trades.dossiers.model import (
    Aside,
    AsideId,
    Clash,
    Difference,
    Saved,
    View,
    What,
)

Fields = Mapping[str, Sequence[str]]


def save_page(
    conn: sqlite3.Connection,
    draft_id: str,
    page_id: str,
    fields: Fields,
    *,
    expected_version: int,
    key: bytes,
    staff: int,
    moment: Moment,
    lang: str,
) -> Saved:
    """Store what was typed on a page, right or wrong, and say what is still to be corrected on it.

    ``fields`` as the form engine names them; files come by ``attachments.attach`` alone. ``expected_version``
    is the draft's version when the page was drawn. Raises ``Clash`` when somebody has since answered
    differently on this page (the fields are kept aside first), ``Missing("dossiers.no_draft")``,
    ``Missing("forms.no_such_page")``.
    """
    with db.write(conn):
        view = drafts.look(conn, draft_id, key=key, moment=moment)
        fields = _typed(view, fields)
        found: tuple[Difference, ...] = ()
        late = store.page_version(conn, view.draft.id, page_id) > expected_version
        if late:
            found = _differences(view, page_id, fields, moment, lang)
        # A button that removes "the second child" must not act on another second child than the one seen.
        if not found and not (late and questions.changes_repeats(fields)):
            return _save(conn, view, page_id, fields, key, staff, moment, lang, What.SAVED)
        clash = _put_aside(conn, view, page_id, fields, found, key, staff, moment)
    # Raised inside, it would take the aside back with it.
    raise clash


def _save(
    conn: sqlite3.Connection,
    view: View,
    page_id: str,
    fields: Fields,
    key: bytes,
    staff: int,
    moment: Moment,
    lang: str,
    what: What,
) -> Saved:
    now = drafts.village(moment)
    problems = questions.answer(view.form, view.instance, page_id, fields, now=now, lang=lang)
    attachments.reconcile(conn, view)
    version = drafts.put_back(
        conn, view, key=key, staff=staff, moment=moment, pages=(page_id,), what=what, detail=page_id
    )
    return Saved(version, problems)


def asides(
    conn: sqlite3.Connection, draft_id: str, *, key: bytes, moment: Moment, lang: str
) -> tuple[Aside, ...]:
    """Return what is kept aside of a draft, each with what differs from the draft by now, oldest first."""
    view = drafts.look(conn, draft_id, key=key, moment=moment)
    found = []
    for row in store.asides(conn, draft_id):
        fields = _opened(row, key)
        put = Moment(clocks.parse(row["put_at"]), bool(row["trusted"]), row["boot_id"], row["mono"])
        told = _differences(view, row["page_id"], fields, moment, lang)
        found.append(Aside(AsideId(row["id"]), row["page_id"], row["staff_id"], put, told))
    return tuple(found)


def resolve(
    conn: sqlite3.Connection,
    draft_id: str,
    aside_id: int,
    mine: Collection[str],
    *,
    expected_version: int,
    key: bytes,
    staff: int,
    moment: Moment,
    lang: str,
) -> Saved:
    """Take the answers at the paths in ``mine`` from the aside, leave all others as the draft has them, drop
    the aside.

    ``expected_version`` is the draft's version when the choice was shown. Raises ``Conflict
    ("dossiers.changed_meanwhile")`` when it has changed since, ``Missing("dossiers.no_aside")``.
    """
    with db.write(conn):
        view = drafts.look(conn, draft_id, key=key, moment=moment)
        row = next((row for row in store.asides(conn, draft_id) if row["id"] == aside_id), None)
        if row is None:
            raise Missing("dossiers.no_aside")
        if view.draft.version != expected_version:
            raise Conflict("dossiers.changed_meanwhile")
        fields = _opened(row, key)
        chosen = {name: values for name, values in fields.items() if name in mine}
        chosen[questions.ASKED] = [name for name in fields.get(questions.ASKED, ()) if name in mine]
        store.delete_aside(conn, aside_id)
        page_id = row["page_id"]
        version = _save(conn, view, page_id, chosen, key, staff, moment, lang, What.RESOLVED).version
        return Saved(version, _problems(view, page_id, lang))


def _problems(view: View, page_id: str, lang: str) -> tuple[Problem, ...]:
    return tuple(one for one in questions.check_all(view.form, view.instance, lang) if one.page_id == page_id)


def _put_aside(
    conn: sqlite3.Connection,
    view: View,
    page_id: str,
    fields: Fields,
    found: tuple[Difference, ...],
    key: bytes,
    staff: int,
    moment: Moment,
) -> Clash:
    kept = {
        name: list(values)
        for name, values in fields.items()
        if not name.startswith((questions.ADD, questions.REMOVE))
    }
    draft = view.draft
    sealed = vault.close(key, msgspec.json.encode(kept), draft.id, "aside")
    aside_id = store.add_aside(conn, draft.id, page_id, sealed, staff, moment)
    drafts.tell(conn, draft.id, What.PUT_ASIDE, page_id, staff, moment)
    return Clash(AsideId(aside_id), draft.version, found)


def _opened(row: sqlite3.Row, key: bytes) -> dict[str, list[str]]:
    plain = vault.open(key, row["fields"], row["draft_id"], "aside")
    return msgspec.json.decode(plain, type=dict[str, list[str]])


def _typed(view: View, fields: Fields) -> dict[str, Sequence[str]]:
    """The fields without names of files: a file is there because it was handed in, not by its name."""
    files = {question.path for question in view.form.questions.values() if question.type.is_file}
    return {name: values for name, values in fields.items() if _names(name) not in files}


def _names(path: str) -> tuple[str, ...]:
    return tuple(part.partition("[")[0] for part in path.strip("/").split("/"))


def _differences(
    view: View, page_id: str, fields: Fields, moment: Moment, lang: str
) -> tuple[Difference, ...]:
    buttons = (questions.ADD, questions.REMOVE)
    still = {name: values for name, values in fields.items() if not name.startswith(buttons)}
    other = Instance.from_xml(view.form, view.instance.to_xml())
    now = drafts.village(moment)
    questions.answer(view.form, other, page_id, still, now=now, lang=lang)
    mine, theirs = _answers(other, page_id, lang), _answers(view.instance, page_id, lang)
    asked = {*still, *still.get(questions.ASKED, ())}
    found = []
    for path, (label, held) in theirs.items():
        said = mine.get(path, (label, ""))[1]
        if path in asked and said != held:
            found.append(Difference(path, label, said, held))
    for name, values in still.items():
        typed_in = ", ".join(value for value in values if value)
        if name.startswith("/") and typed_in and name not in theirs:
            found.append(Difference(name, _names(name)[-1], typed_in, "", gone=True))
    return tuple(found)


def _answers(instance: Instance, page_id: str, lang: str) -> dict[str, tuple[str, str]]:
    """Each question of a page, hidden ones too: its label and its answer as people read it, by path."""
    found = {}
    for question, node in outline.asked(instance, outline.leaf(instance.form, page_id).nodes):
        if question.type.is_file:
            continue
        scope = instance.scope(node, lang)
        value = instance.value(node)
        said = instance.typed(node) or typed.shown(
            instance.form.kind(question.path), question.appearance, value
        )
        if question.choices is not None and value:
            labels = dict(question.choices.listed(instance.form, scope))
            said = ", ".join(labels.get(one, one) for one in value.split())
        found[instance.path(node)] = (question.label.say(instance.form, scope), said)
    return found
