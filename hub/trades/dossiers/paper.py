"""A draft on paper: the official form filled in, or a clean declaration of all that was answered.

Keeps true: what stands there is what the draft holds, in Vietnamese, as offices read it; what was not asked
or not understood is left to be written by hand; an answer its author wished hidden stays hidden. It draws
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from hub.base import phrases
from hub.base.errors import Missing
from hub.base.settings import Settings
from hub.forms import questions, typed
from hub.forms.markup import Element
from hub.forms.model import QuestionType, names_of
from hub.forms.page import GroupStart, Item, Question, RepeatEnd, RepeatItemEnd, RepeatItemStart, RepeatStart
from hub.sheets.model import Consent, Ct01, Declaration, Line, Member, Opinion, Section
from hub.trades.dossiers.model import View
from hub.trades.procedures import telling
from hub.trades.procedures.model import Drawn, PaperForm, Procedure
from hub.trades.procedures.paper import Column, MembersRow, OpinionRow, PaperMap, Place, Signer, When

Plain = Callable[[str], str]
"""Takes the marks of Markdown out of a label."""

_LANG = "vi"
_HIDDEN = {"masked", "hidden-answer"}


def sheet(
    view: View, procedure: Procedure | None, places: PaperMap | None, settings: Settings, plain: Plain
) -> Ct01 | Declaration:
    """Return what a draft is on paper: CT01 where ``places`` says how, else a declaration.

    ``procedure`` is None for one that no pack knows.
    """
    form = procedure.paper_form if procedure else None
    if places is not None and places.drawn is Drawn.CT01:
        return _ct01(view, places, form, settings)
    title = procedure.official_name.vi if procedure else view.draft.title.vi
    told = _Told(view, places.said if places else {})
    fields = places.fields if places else {}
    under = phrases.say(_LANG, "sheets.under", name=form.name.vi, version=form.version) if form else ""
    return Declaration(
        title=title,
        under=under,
        addressed_to=told.first(fields.get(Place.ADDRESSED_TO, ())),
        sections=_sections(view, plain),
        signer=told.first(fields.get(Place.NAME, ())),
        foot=phrases.say(_LANG, "sheets.foot_declaration", house=settings.house.name),
    )


# -- CT01 --


def _ct01(view: View, places: PaperMap, form: PaperForm | None, settings: Settings) -> Ct01:
    told = _Told(view, places.said)
    head = _opinion(told, places, Signer.HEAD)
    owner = _opinion(told, places, Signer.OWNER)
    if owner.how is Consent.HEAD and head.how is Consent.DECLARANT:
        owner = head
    fields = {str(place): told.first(places.fields.get(place, ())) for place in Place}
    return Ct01(
        **fields,
        members=_members(told, places.members) if places.members else (),
        head=head,
        owner=owner,
        guardian=_opinion(told, places, Signer.GUARDIAN),
        online=told.holds(places.online),
        foot=_foot(form, settings),
    )


def _foot(form: PaperForm | None, settings: Settings) -> str:
    if form is None:
        return phrases.say(_LANG, "sheets.foot", house=settings.house.name)
    return phrases.say(
        _LANG,
        "sheets.foot_form",
        house=settings.house.name,
        version=form.version,
        day=telling.day(form.as_of),
        status=phrases.say(_LANG, f"procedures.status_{form.status}"),
    )


def _opinion(told: _Told, places: PaperMap, signer: Signer) -> Opinion:
    row: OpinionRow | None = places.opinions.get(signer)
    if row is None:
        return Opinion()
    if told.holds(row.declarant):
        return Opinion(Consent.DECLARANT)
    if told.holds(row.head):
        return Opinion(Consent.HEAD)
    how = places.ways.get(told.stored(row.how), Consent.UNASKED)
    if how is not Consent.VNEID:
        return Opinion(how)
    return Opinion(how, told.first(row.name), told.first(row.number))


def _members(told: _Told, row: MembersRow) -> tuple[Member, ...]:
    found = []
    for path in told.instances(row.repeat):
        columns = {
            str(column): told.first([f"{path}/{name}" for name in row.columns.get(column, ())])
            for column in Column
        }
        found.append(Member(**columns))
    return tuple(found)


class _Told:
    """What a draft says at a path: in words, and only where it is asked now."""

    def __init__(self, view: View, said: Mapping[str, str]) -> None:
        self._view = view
        self._said = said

    def first(self, paths: Iterable[str]) -> str:
        """Return the first of the answers that is there."""
        return next((found for path in paths if (found := self.words(path))), "")

    def holds(self, when: When | None) -> bool:
        """Return whether a question is answered as asked for."""
        return when is not None and self.stored(when.question) in when.one_of

    def stored(self, path: str) -> str:
        """Return an answer as the form keeps it, empty where it is not asked now or not in this form."""
        node = self._node(path)
        return self._view.instance.value(node).strip() if node is not None else ""

    def words(self, path: str) -> str:
        """Return an answer as it is printed."""
        node, stored = self._node(path), self.stored(path)
        if node is None or not stored:
            return ""
        form, names = self._view.form, names_of(node)
        question = form.questions.get(names)
        if question is None:
            return stored
        if question.choices is not None:
            labels = dict(question.choices.listed(form, self._view.instance.scope(node, _LANG)))
            return ", ".join(self._said.get(one) or labels.get(one) or one for one in stored.split())
        return typed.shown(form.kind(question.path), question.appearance, stored)

    def instances(self, repeat: str) -> list[str]:
        """Return the paths of a repeat's instances that count now."""
        above, _, name = repeat.rpartition("/")
        parent = self._node(above)
        if parent is None:
            return []
        instance = self._view.instance
        return [instance.path(one) for one in parent.findall(name) if instance.relevant(one)]

    def _node(self, path: str) -> Element | None:
        # A draft stays on its version of a form: the pack's paper may name a question it has not.
        try:
            node = self._view.instance.node(path)
        except Missing:
            return None
        return node if self._view.instance.relevant(node) else None


# -- any other form --


def _sections(view: View, plain: Plain) -> tuple[Section, ...]:
    found: list[Section] = []
    for page in questions.pages(view.form, view.instance, _LANG):
        found += _parts(plain(page.title), page.items, 1, plain)
    return tuple(found)


def _parts(title: str, items: Sequence[Item], level: int, plain: Plain) -> list[Section]:
    """Return the sections of a page or of one instance of a repeat, in order."""
    found: list[Section] = []
    lines: list[Line] = []
    heading = title
    at = 0
    while at < len(items):
        item = items[at]
        if isinstance(item, Question):
            line = _line(item, plain)
            lines += [line] if line else []
        elif isinstance(item, GroupStart):
            if item.label:
                found += _closed(heading, lines, level)
                lines, heading, level = [], plain(item.label), max(2, level)
        elif isinstance(item, RepeatStart):
            found += _closed(heading, lines, level)
            end = _end(items, at)
            # A page that is one repeat has its name already.
            name = plain(item.label) or heading
            found += _repeat(
                name if lines or found or not heading else heading, items[at + 1 : end], level, plain
            )
            lines, heading, at = [], "", end
        at += 1
    return found + _closed(heading, lines, level)


def _closed(heading: str, lines: list[Line], level: int) -> list[Section]:
    return [Section(heading, tuple(lines), level=level)] if lines else []


def _end(items: Sequence[Item], start: int) -> int:
    depth = 0
    for at in range(start, len(items)):
        depth += isinstance(items[at], RepeatStart)
        depth -= isinstance(items[at], RepeatEnd)
        if depth == 0:
            return at
    return len(items)


def _repeat(title: str, items: Sequence[Item], level: int, plain: Plain) -> list[Section]:
    """Return a repeat as a table; one that holds groups or repeats has a section for each of its
    instances.
    """
    each = _instances(items)
    if not each:
        return []
    if any(isinstance(item, RepeatStart | GroupStart) for inside in each for item in inside):
        found = []
        for number, inside in enumerate(each, start=1):
            found += _parts(f"{title} {number}".strip(), inside, level, plain)
        return found
    heads: dict[str, str] = {}
    rows: list[dict[str, str]] = []
    for inside in each:
        row = {}
        for item in inside:
            line = _line(item, plain) if isinstance(item, Question) else None
            if line is not None and isinstance(item, Question):
                name = item.path.rpartition("/")[2]
                heads.setdefault(name, line.label)
                row[name] = line.answer
        rows.append(row)
    table = tuple(tuple(row.get(name, "") for name in heads) for row in rows)
    return [Section(title, heads=tuple(heads.values()), rows=table, level=level)] if heads else []


def _instances(items: Sequence[Item]) -> list[list[Item]]:
    found: list[list[Item]] = []
    depth = 0
    for item in items:
        if isinstance(item, RepeatItemStart):
            depth += 1
            if depth == 1:
                found.append([])
                continue
        if isinstance(item, RepeatItemEnd):
            depth -= 1
        if depth:
            found[-1].append(item)
    return found


def _line(question: Question, plain: Plain) -> Line | None:
    """Return a question with its answer in words; None for a note, which only the guide reads."""
    if question.type is QuestionType.NOTE:
        return None
    label = plain(question.label) or question.path.rpartition("/")[2].partition("[")[0]
    return Line(label, "" if question.problem else _answer(question, plain))


def _answer(question: Question, plain: Plain) -> str:
    if not question.value and not any(choice.selected for choice in question.choices):
        return ""
    if _HIDDEN & set(question.appearance):
        return phrases.say(_LANG, "sheets.hidden")
    if question.type.is_file:
        return phrases.say(_LANG, "sheets.attached")
    if question.type is QuestionType.ACKNOWLEDGE:
        return phrases.say(_LANG, "sheets.agreed")
    chosen = [plain(choice.label) or choice.value for choice in question.choices if choice.selected]
    if question.type is QuestionType.RANK:
        return "; ".join(f"{at}. {label}" for at, label in enumerate(chosen, start=1))
    return ", ".join(chosen) or question.value
