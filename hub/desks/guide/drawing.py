"""A page of a form made ready to be drawn: its questions, the form's contents with what is left, its people.

Keeps true: labels and answers go to the page alone, never into an address, a title or a log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.base.errors import Missing
from hub.desks import shell
from hub.forms import questions
from hub.forms.model import QuestionType
from hub.forms.page import Page, Problem, ProblemKind, Question
from hub.trades.dossiers.model import View
from hub.trades.procedures.model import Person

MANY_CHOICES = 9
_LINES = {QuestionType.NOTE, QuestionType.AUDIO, QuestionType.VIDEO}


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the contents: ``left`` counts what is to be answered, ``wrong`` what must be corrected."""

    id: str
    title: str
    left: int
    wrong: int
    here: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """One page with its place in the whole."""

    page: Page = field(repr=False)
    contents: tuple[Entry, ...] = field(repr=False)
    place: int
    before: str | None
    after: str | None
    titles: Mapping[str, str] = field(repr=False)


def draw(view: View, page_id: str, problems: Sequence[Problem]) -> Drawn | None:
    """Return the page with its contents; None when nothing on it is asked now."""
    lang = shell.lang()
    pages = questions.pages(view.form, view.instance, lang, problems)
    place = next((at for at, page in enumerate(pages) if page.id == page_id), None)
    if place is None:
        return None
    return Drawn(
        page=pages[place],
        contents=contents(view, pages, page_id),
        place=place + 1,
        before=pages[place - 1].id if place else None,
        after=pages[place + 1].id if place + 1 < len(pages) else None,
        titles={page.id: page.title for page in pages},
    )


def contents(view: View, pages: Sequence[Page], here: str | None) -> tuple[Entry, ...]:
    """Return every page with how much is left on it."""
    left: dict[str, int] = {}
    wrong: dict[str, int] = {}
    for problem in questions.check_all(view.form, view.instance, shell.lang()):
        counted = left if problem.kind is ProblemKind.REQUIRED else wrong
        counted[problem.page_id] = counted.get(problem.page_id, 0) + 1
    return tuple(
        Entry(page.id, page.title or page.id, left.get(page.id, 0), wrong.get(page.id, 0), page.id == here)
        for page in pages
    )


def people(view: View, page_id: str) -> tuple[Person, ...]:
    """Return who may be scanned on a page: its own person first, then the others the form asks about now."""
    own = tuple(one for one in view.draft.persons if one.page == page_id)
    if not own and page_id != first_page(view):
        return ()
    others = tuple(one for one in view.draft.persons if one.page != page_id and _asked(view, one))
    return own + others


def likely(view: View, people: Sequence[Person]) -> str:
    """Return whose card is most likely shown: the first one the form asks about now."""
    return next((one.id for one in people if _asked(view, one)), people[0].id if people else "")


def first_page(view: View) -> str:
    """Return the id of the first page that is asked now."""
    pages = questions.pages(view.form, view.instance, shell.lang())
    return pages[0].id if pages else ""


def words(problem: Problem) -> str:
    """Return a problem in the reader's language."""
    return problem.text or shell.say(problem.key, **problem.values)


def shown(question: Question) -> str:
    """Return an answer as it is read back: the labels of what was chosen, else what was typed."""
    if question.choices:
        return ", ".join(choice.label for choice in question.choices if choice.selected)
    if question.type is QuestionType.ACKNOWLEDGE:
        return shell.say("guide.agreed") if question.value else ""
    return question.value


def pairs(question: Question) -> list[tuple[str, str]]:
    """Return the choices of a question as (value, label)."""
    return [(choice.value, choice.label) for choice in question.choices]


def chosen(question: Question) -> str | None:
    """Return the value of the one choice that is selected, None for none."""
    return next((choice.value for choice in question.choices if choice.selected), None)


def widget(question: Question) -> str:
    """Return which of the page's fields draws a question."""
    kind, looks = question.type, question.appearance
    if kind in _LINES:
        return "note"
    if kind is QuestionType.ACKNOWLEDGE:
        return "acknowledge"
    if kind.is_file:
        return "file"
    if question.read_only:
        return "fixed"
    if kind is QuestionType.SELECT_MULTIPLE:
        return "checks"
    if kind is QuestionType.SELECT_ONE:
        few = len(question.choices) <= MANY_CHOICES and "minimal" not in looks
        return "radio" if few else "select"
    if kind is QuestionType.DATE and not {"year", "month-year"} & set(looks):
        return "date"
    if kind is QuestionType.DECIMAL:
        return "decimal"
    if kind is QuestionType.INTEGER or "numbers" in looks:
        return "number" if kind is QuestionType.INTEGER else "digits"
    return "area" if "multiline" in looks else "text"


def _asked(view: View, person: Person) -> bool:
    for _, path in person.fields:
        try:
            if view.instance.is_relevant(path):
                return True
        except Missing:
            continue
    return False
