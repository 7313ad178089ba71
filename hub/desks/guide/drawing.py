"""A page of a form made ready to be drawn: its questions, the form's contents with what is left, its people.

Keeps true: labels and answers go to the page alone, never into an address, a title or a log. How one question
looks is ``widgets``' business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from hub.base.errors import Missing
from hub.desks import shell
from hub.desks.guide import rich
from hub.forms import questions
from hub.forms.page import Page, Problem
from hub.trades.dossiers import linking
from hub.trades.dossiers.model import View
from hub.trades.procedures.model import Person


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


def draw(view: View, page_id: str, problems: Sequence[Problem]) -> Drawn | None:
    """Return the page with its contents; None when nothing on it is asked now."""
    page = questions.page(view.form, view.instance, page_id, shell.lang(), problems)
    if page is None:
        return None
    entries = contents(view, page_id)
    place = next(at for at, entry in enumerate(entries) if entry.here)
    return Drawn(
        page=page,
        contents=entries,
        place=place + 1,
        before=entries[place - 1].id if place else None,
        after=entries[place + 1].id if place + 1 < len(entries) else None,
    )


def contents(view: View, here: str | None) -> tuple[Entry, ...]:
    """Return every page with how much is left on it; one without a title has its number."""
    found = []
    for number, one in enumerate(questions.states(view.form, view.instance, shell.lang()), start=1):
        title = rich.plain(one.title) or shell.say("guide.page_untitled", number=number)
        found.append(Entry(one.id, title, one.left, one.wrong, one.id == here))
    return tuple(found)


def people(view: View, page_id: str) -> tuple[Person, ...]:
    """Return who may be scanned on a page: its own person first, then the others the form asks about now."""
    known = linking.persons(view, spare=True)
    own = tuple(one for one in known if one.page == page_id)
    if not own and page_id != first_page(view):
        return ()
    others = tuple(one for one in known if one.page != page_id and _asked(view, one))
    return own + others


def likely(view: View, people: Sequence[Person]) -> str:
    """Return whose card is most likely shown: the first one the form asks about now."""
    return next((one.id for one in people if _asked(view, one)), people[0].id if people else "")


def first_page(view: View) -> str:
    """Return the id of the first page that is asked now."""
    return next(iter(questions.shown_ids(view.form, view.instance)), "")


def addresses(view: View, page_id: str) -> dict[str, Any]:
    """Return where a page's templates find its draft: its files, its form's pictures, what its buttons do."""
    draft = f"/guide/dossiers/{view.draft.id}"
    return {
        "page_id": page_id,
        "here": f"{draft}/page/{quote(page_id)}",
        "files_base": f"{draft}/files/",
        "media_base": f"{draft}/media/",
        "grid": "theme-grid" in view.form.style.split(),
    }


def words(problem: Problem) -> str:
    """Return a problem in the reader's language."""
    return rich.plain(problem.text) if problem.text else shell.say(problem.key, **problem.values)


def _asked(view: View, person: Person) -> bool:
    for _, path in person.fields:
        try:
            if view.instance.is_relevant(path):
                return True
        except Missing:
            continue
    return False
