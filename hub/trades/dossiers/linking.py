"""What is known of a person, wherever it was said first: on a card, in this dossier, in another open one.

Keeps true: facts are read as the form holds them now, an answer that does not count is no fact, and a year is
never made into a day. It keeps nothing: facts live as long as the draft they stand in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hub.base import phrases, text
from hub.base.clock import Moment
from hub.base.errors import Missing
from hub.forms import values
from hub.forms.markup import Element
from hub.forms.model import QuestionNode, RepeatNode, names_of, walk
from hub.forms.rewrite import Names
from hub.forms.typed import DataType
from hub.trades.dossiers import drafts
from hub.trades.dossiers.model import Draft, View
from hub.trades.procedures.model import Person, PersonField, Words

Facts = Mapping[PersonField, str]
"""Days as yyyy-mm-dd, a year as four digits, what was chosen from a list by its Vietnamese words."""

PLACE = frozenset({PersonField.RESIDENCE})
"""What people of one house have in common."""

_DAYS = (PersonField.BORN_ON, PersonField.ISSUED_ON)
# "Other" tells nothing of a person, however a form words it.
_NO_CHOICE = "khac"


NEW = ".new"
"""Behind a person's id: one more of them, not there yet."""


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody a draft knows something of."""

    draft: Draft
    person: Person
    facts: Facts = field(repr=False)

    @property
    def name(self) -> str:
        """The person's name, empty while nobody has written it."""
        return self.facts.get(PersonField.FULL_NAME, "")


def told(view: View, person: Person) -> Facts:
    """Return what a draft says of one of its persons now."""
    found = {}
    for name, path in person.fields:
        asked = question(view, path)
        if asked is None:
            continue
        value = _fact(view, *asked, name)
        if value:
            found[name] = value
    return found


def persons(view: View, *, spare: bool = False) -> tuple[Person, ...]:
    """Return a draft's persons, one for each instance of the repeat they stand in, as "member", "member.2" ….

    With ``spare`` also one that is not there yet, "member.new", where the form lets somebody be added.
    """
    found: list[Person] = []
    for person in view.draft.persons:
        repeat = _repeat(view, person)
        if repeat is None:
            found.append(person)
            continue
        nodes = [node for node in view.instance.nodes(repeat.path) if view.instance.relevant(node)]
        for number, node in enumerate(nodes, start=1):
            id = person.id if number == 1 else f"{person.id}.{number}"
            label = person.label if len(nodes) == 1 else _said(person.label, "dossiers.person_number", number)
            found.append(_moved(person, id, label, repeat, view.instance.path(node)))
        if spare and nodes and not repeat.fixed:
            found.append(
                replace(person, id=person.id + NEW, label=_said(person.label, "dossiers.person_new", 0))
            )
    return tuple(found)


def add(view: View, person_id: str) -> str:
    """Make room for one more of the persons whose id is ``person_id`` with ``NEW``; return the id they get.

    Raises ``Missing("dossiers.no_person")``, ``Refused("forms.too_many_repeats")``.
    """
    base = person_id.removesuffix(NEW)
    person = next((one for one in view.draft.persons if one.id == base), None)
    repeat = _repeat(view, person) if person is not None else None
    if repeat is None or repeat.fixed:
        raise Missing("dossiers.no_person")
    last = view.instance.nodes(repeat.path)[-1]
    view.instance.add_repeat(view.instance.path(last).rpartition("[")[0] or "/" + "/".join(repeat.path))
    return next(one.id for one in reversed(persons(view)) if one.id.partition(".")[0] == base)


def _repeat(view: View, person: Person) -> RepeatNode | None:
    """Return the innermost repeat that a person's questions stand in."""
    paths = [_names(path) for _, path in person.fields]
    found = [
        node
        for node in walk(view.form.body)
        if isinstance(node, RepeatNode) and any(path[: len(node.path)] == node.path for path in paths)
    ]
    return max(found, key=lambda node: len(node.path), default=None)


def _names(path: str) -> Names:
    return tuple(part.partition("[")[0] for part in path.strip("/").split("/"))


def _moved(person: Person, id: str, label: Words, repeat: RepeatNode, place: str) -> Person:
    deep = len(repeat.path)
    fields = []
    for name, path in person.fields:
        names = _names(path)
        fields.append((name, "/".join((place, *names[deep:])) if names[:deep] == repeat.path else path))
    return replace(person, id=id, label=label, fields=tuple(fields))


def _said(label: Words, key: str, number: int) -> Words:
    vi, en = (phrases.say(lang, key, person=label.said(lang), number=number) for lang in ("vi", "en"))
    return Words(vi, en)


def question(view: View, path: str) -> tuple[QuestionNode, Element] | None:
    """Return the question at ``path`` with its node while the form asks it, else None."""
    try:
        node = view.instance.node(path)
    except Missing:
        return None
    found = view.form.questions.get(names_of(node))
    return (found, node) if found is not None and view.instance.relevant(node) else None


def people(view: View) -> tuple[Known, ...]:
    """Return the persons of a draft of whom it knows anything, in the form's order."""
    found = (Known(view.draft, person, told(view, person)) for person in persons(view))
    return tuple(one for one in found if one.facts)


def elsewhere(conn: sqlite3.Connection, draft_id: str, *, key: bytes, moment: Moment) -> tuple[Known, ...]:
    """Return the named persons of the other open drafts, latest change first."""
    found: list[Known] = []
    for draft in drafts.listing(conn, key=key):
        if draft.id == draft_id:
            continue
        try:
            view = drafts.look(conn, draft.id, key=key, moment=moment)
        except Missing:
            # Sealed by somebody since the list was read.
            continue
        found += (one for one in people(view) if one.name)
    return tuple(found)


def paired(mine: Sequence[Person], theirs: Sequence[Known]) -> dict[str, str]:
    """Return for each person of mine the id of the same person among theirs, where the ids agree."""
    known = {one.person.id for one in theirs}
    return {person.id: person.id for person in mine if person.id in known}


def _fact(view: View, asked: QuestionNode, node: Element, name: PersonField) -> str:
    stored = view.instance.value(node)
    if not stored:
        return ""
    if asked.choices is not None:
        if stored == _NO_CHOICE:
            return ""
        listed = asked.choices.listed(view.form, view.instance.scope(node, "vi"))
        return next((label for value, label in listed if value == stored), "")
    kind = view.form.kind(asked.path)
    if name is PersonField.BORN_YEAR:
        return stored[:4] if stored[:4].isdecimal() else ""
    if name in _DAYS:
        # A day of which only year or month was asked is no day.
        whole = kind is DataType.DATE and not {"year", "month-year"} & set(asked.appearance)
        return stored if whole and values.read_date(stored) is not None else ""
    return text.clean(stored)
