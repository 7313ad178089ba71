"""What is known of a person put into the questions that ask for it: from a card, from the household's record,
from somebody else in a dossier.

Keeps true: the card itself is never stored, only the answers it gives; an answer somebody typed is never
replaced unless a guide names it; a card whose number or name are another's fills nothing until then; a day is
never made of a year. What looks odd about a card is told, never a reason to refuse.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, field

from hub.base import db, text
from hub.base.clock import Moment
from hub.base.errors import Missing, Refused
from hub.forms import checks, outline, typed
from hub.forms.markup import Element
from hub.forms.model import QuestionNode, names_of, walk
from hub.forms.rewrite import Names
from hub.forms.typed import DataType
from hub.trades.dossiers import cards, drafts, linking, marks
from hub.trades.dossiers.linking import Facts
from hub.trades.dossiers.model import View, What
from hub.trades.procedures.model import Person, PersonField

_BIRTH = frozenset({PersonField.BORN_ON, PersonField.BORN_YEAR})


@dataclass(frozen=True, slots=True)
class Filled:
    """An answer that was filled in, as people read it."""

    path: str
    label: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was there already and differs: both as people read them, and how to type the other."""

    path: str
    label: str
    here: str = field(repr=False)
    on_card: str = field(repr=False)
    answer: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Prefilled:
    """What was filled, what would have been changed, what a guide should look at.

    ``year_only`` is a birth year for which the form asks a whole day; empty for none.
    """

    version: int
    person: Person
    filled: tuple[Filled, ...]
    kept: tuple[Kept, ...]
    warnings: tuple[cards.Warning, ...] = ()
    year_only: str = field(default="", repr=False)

    @property
    def warning_keys(self) -> tuple[str, ...]:
        """The phrases that tell the warnings."""
        return tuple(f"dossiers.warning_{warning}" for warning in self.warnings)


def from_card(
    conn: sqlite3.Connection,
    draft_id: str,
    person_id: str,
    scanned: str,
    *,
    key: bytes,
    staff: int,
    moment: Moment,
    lang: str,
    replace: Collection[str] = (),
    address: str = "",
) -> Prefilled:
    """Fill the questions of one person from the text of a card's code; ``replace`` names the paths it may
    change.

    ``address`` is the House's own on its papers. Raises as ``cards.read`` for what is no card, and as
    ``from_facts``.
    """
    told = cards.read(scanned, moment, address=address)
    done = from_facts(
        conn,
        draft_id,
        person_id,
        told.facts,
        key=key,
        staff=staff,
        moment=moment,
        lang=lang,
        replace=replace,
        asking=told.asking,
        one_person=True,
    )
    return Prefilled(done.version, done.person, done.filled, done.kept, told.warnings, done.year_only)


def from_facts(
    conn: sqlite3.Connection,
    draft_id: str,
    person_id: str,
    facts: Facts,
    *,
    key: bytes,
    staff: int,
    moment: Moment,
    lang: str,
    replace: Collection[str] = (),
    detail: str = "",
    asking: Collection[PersonField] = (),
    one_person: bool = False,
) -> Prefilled:
    """Fill the questions of one person with ``facts``; ``replace`` names the paths that may be changed.

    With ``one_person`` only what ``replace`` names is changed while number or name are another's: nobody has
    said yet whose facts these are. ``detail`` says in the events where they came from, never what they are;
    the person's id by default. Raises ``Refused("dossiers.card_not_asked")`` when the form asks none of this
    (or of ``asking``) of the person now, ``Missing("dossiers.no_person")``, and as ``drafts.look``.
    """
    with db.write(conn):
        view = drafts.look(conn, draft_id, key=key, moment=moment)
        if person_id.endswith(linking.NEW):
            person_id = linking.add(view, person_id)
        person = next((one for one in linking.persons(view) if one.id == person_id), None)
        if person is None:
            raise Missing("dossiers.no_person")
        filled, kept, asked = _fill(view, person, facts, asking or facts, lang, replace, one_person)
        if not asked:
            raise Refused("dossiers.card_not_asked")
        version = view.draft.version
        if filled:
            view.instance.recalculate(drafts.village(moment))
            version = drafts.put_back(
                conn,
                view,
                key=key,
                staff=staff,
                moment=moment,
                pages=_pages(view, [one.path for one in filled]),
                what=What.FILLED,
                detail=detail or person_id,
            )
        numbers = [facts.get(name, "") for name in (PersonField.NUMBER, PersonField.OLD_NUMBER)]
        marks.know(conn, view.draft, person, numbers, key=key)
    return Prefilled(version, person, tuple(filled), tuple(kept), (), _year_only(view, person, facts))


def _fill(
    view: View,
    person: Person,
    facts: Facts,
    asking: Collection[PersonField],
    lang: str,
    replace: Collection[str],
    one_person: bool,
) -> tuple[list[Filled], list[Kept], bool]:
    filled: list[tuple[Element, str, Filled]] = []
    kept: list[Kept] = []
    differs: dict[PersonField, bool] = {}
    asked = False
    instance = view.instance
    for name, path in person.fields:
        found = linking.question(view, path)
        if found is None or checks.is_read_only(instance, *found):
            continue
        question, node = found
        asked = asked or name in asking or (name in _BIRTH and not _BIRTH.isdisjoint(asking))
        value = text.clean(_value(view, question, node, name, facts))
        if not value:
            continue
        label = question.label.say(view.form, instance.scope(node, lang))
        stored = instance.value(node)
        here = instance.typed(node) or _shown(view, question, node, stored, lang)
        shown = _shown(view, question, node, value, lang)
        # Cards are printed in capitals, people write as they please: the same name is the same answer.
        if here and text.fold(here) == text.fold(shown):
            differs[name] = False
            continue
        if here and path not in replace:
            answer = typed.shown(view.form.kind(question.path), question.appearance, value)
            kept.append(Kept(path, label, here, shown, answer))
            differs[name] = True
            continue
        filled.append((node, value, Filled(path, label, shown)))
    # Half of one person and half of another is worse than nothing.
    if one_person and differs.get(PersonField.NUMBER, differs.get(PersonField.FULL_NAME, False)):
        filled = [one for one in filled if one[2].path in replace]
    for node, value, _ in filled:
        instance.put(node, value)
    return [one for *_, one in filled], kept, asked


def _shown(view: View, question: QuestionNode, node: Element, stored: str, lang: str) -> str:
    if question.choices is None:
        return typed.shown(view.form.kind(question.path), question.appearance, stored)
    listed = question.choices.listed(view.form, view.instance.scope(node, lang))
    return next((label for value, label in listed if value == stored), stored)


def _value(view: View, question: QuestionNode, node: Element, name: PersonField, facts: Facts) -> str:
    kind = view.form.kind(question.path)
    if name in (PersonField.BORN_ON, PersonField.BORN_YEAR):
        return _birth(kind, question.appearance, name, facts)
    said = facts.get(name, "")
    if name is PersonField.ISSUED_ON:
        return said if kind is DataType.DATE else typed.shown(DataType.DATE, (), said)
    if question.choices is None:
        return text.clean(said)
    listed = question.choices.listed(view.form, view.instance.scope(node, "vi"))
    wanted = text.fold(said)
    return next((value for value, label in listed if wanted in (text.fold(value), text.fold(label))), "")


def _birth(kind: DataType, appearance: Collection[str], name: PersonField, facts: Facts) -> str:
    day = facts.get(PersonField.BORN_ON, "")
    year = day[:4] or facts.get(PersonField.BORN_YEAR, "")
    if kind is DataType.DATE:
        # The form itself writes a year alone as its first day, and shows the year.
        if "year" in appearance:
            return f"{year}-01-01" if year else ""
        if "month-year" in appearance:
            return f"{day[:7]}-01" if day else ""
        return day
    if name is PersonField.BORN_YEAR or kind is DataType.INTEGER:
        return year
    return typed.shown(DataType.DATE, (), day) if day else year


def _year_only(view: View, person: Person, facts: Facts) -> str:
    year = facts.get(PersonField.BORN_YEAR, "")
    if not year or facts.get(PersonField.BORN_ON):
        return ""
    told = linking.told(view, person)
    if told.get(PersonField.BORN_ON) or told.get(PersonField.BORN_YEAR):
        return ""
    path = person.path(PersonField.BORN_ON)
    return year if path is not None and linking.question(view, path) is not None else ""


def _pages(view: View, paths: Collection[str]) -> list[str]:
    touched: set[Names] = {names_of(view.instance.node(path)) for path in paths}
    return [
        leaf.id
        for leaf in outline.leaves(view.form)
        if any(isinstance(one, QuestionNode) and one.path in touched for one in walk(leaf.nodes))
    ]
