"""What the search can find: every page that a pack gives to a villager, in each of its languages.

Keeps true: a document's kind and slug are enough for a desk to make its address. It never reads a person's
data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from hub.base import phrases
from hub.packs.shelf import Shelf
from hub.trades.fraud import reader as fraud
from hub.trades.lessons import reader as lessons
from hub.trades.prices import reader as prices
from hub.trades.procedures import reader as procedures


class Kind(StrEnum):
    """Which desk shows a document."""

    PROCEDURE = "procedure"
    LESSON = "lesson"
    SCAM = "scam"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Document:
    """Something to be found; ``slug`` is ``<track>/<slug>`` for a lesson."""

    kind: Kind
    slug: str
    lang: str
    title: str
    body: str


Source = Callable[[Shelf], Iterator[Document]]


def of_procedures(shelf: Shelf) -> Iterator[Document]:
    """Yield every procedure: its words, its code and the code before, its page of advice."""
    for lang in phrases.LANGUAGES:
        for one in procedures.all(shelf):
            advice = procedures.guide(shelf, one.slug, lang)
            words = phrases.say(lang, "search.procedure_words", code=f"{one.code} {one.replaces}".strip())
            body = "\n".join(filter(None, (one.text(lang), advice.plain if advice else "", words)))
            yield Document(Kind.PROCEDURE, one.slug, lang, one.plain_name.said(lang), body)


def of_lessons(shelf: Shelf) -> Iterator[Document]:
    """Yield every lesson in every language that it has."""
    for lang in phrases.LANGUAGES:
        for track in lessons.tracks(shelf, lang):
            for one in track.lessons:
                if one.lang == lang:
                    plain = [part for section in one.sections for part in (section.title, section.plain)]
                    kind = phrases.say(lang, "search.lesson_words", track=track.title(lang))
                    body = "\n".join((one.summary, *plain, kind))
                    yield Document(Kind.LESSON, f"{one.track}/{one.slug}", lang, one.title, body)


def of_scams(shelf: Shelf) -> Iterator[Document]:
    """Yield every kind of scam in every language that it has."""
    for lang in phrases.LANGUAGES:
        for one in fraud.scams(shelf, lang):
            if one.lang == lang:
                plain = [part for section in one.sections for part in (section.title, section.plain)]
                body = "\n".join((one.summary, *plain, phrases.say(lang, "search.scam_words")))
                yield Document(Kind.SCAM, one.slug, lang, one.title, body)


def of_prices(shelf: Shelf) -> Iterator[Document]:
    """Yield every good of the price board."""
    for lang in phrases.LANGUAGES:
        for one in prices.commodities(shelf):
            places = ", ".join(place.name.said(lang) for place in one.places)
            words = phrases.say(
                lang, "search.price_words", name=one.name.said(lang), form=one.form.said(lang), places=places
            )
            yield Document(Kind.PRICE, one.id, lang, one.name.said(lang), words)


SOURCES: tuple[Source, ...] = (of_procedures, of_lessons, of_scams, of_prices)


def all_of(shelf: Shelf, sources: tuple[Source, ...] = SOURCES) -> Iterator[Document]:
    """Yield all documents of ``sources``."""
    for source in sources:
        yield from source(shelf)
