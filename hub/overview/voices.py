"""What the House will be asked to read aloud, so that its sound can be made before anyone waits for it.

Keeps true: the words here are the words that the pages sign, section by section.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.base import phrases
from hub.packs.shelf import Shelf
from hub.trades.fraud import reader as fraud
from hub.trades.lessons import reader as lessons
from hub.trades.procedures import reader as procedures
from hub.trades.procedures.model import Procedure
from hub.trades.speech import service as speech


def section(title: str, plain: str) -> str:
    """Return what is read aloud of one section of a page: its heading, then its words."""
    return ". ".join(part.strip() for part in (title, " ".join(plain.split())) if part.strip())


def texts(shelf: Shelf) -> Iterator[tuple[str, str]]:
    """Yield (language, words) of every section of every lesson, scam and procedure."""
    for lang in phrases.LANGUAGES:
        for track in lessons.tracks(shelf, lang):
            for lesson in track.lessons:
                for part in lesson.sections:
                    yield lesson.lang, section(part.title, part.plain)
        for scam in fraud.scams(shelf, lang):
            for part in scam.sections:
                yield scam.lang, section(part.title, part.plain)
        for one in procedures.all(shelf):
            for words in of_procedure(one, lang):
                yield lang, words
            own = shelf.has(f"procedures/{one.slug}/guide.{lang}.json")
            advice = procedures.guide(shelf, one.slug, lang) if own else None
            for part in advice.sections if advice else ():
                yield lang, _said(section(part.title, part.plain))


def of_procedure(one: Procedure, lang: str) -> Iterator[str]:
    """Yield what is read aloud of a procedure's page that is the same on every day: no figure is among it."""

    def part(key: str, *told: str) -> str:
        return _said(" ".join((f"{phrases.say(lang, key)}.", *told)))

    yield _said(f"{one.plain_name.said(lang)}. {one.summary.said(lang)}")
    who = (one.who, one.who_not) if one.who_not else (one.who,)
    yield part("villager.part_who", *(fact.words.said(lang) for fact in who))
    papers = [f"{paper.name.said(lang)}. {paper.when.said(lang)}" for paper in one.papers]
    yield part("villager.part_papers", *papers, *(fact.words.said(lang) for fact in one.not_needed))
    steps = (f"{number}. {fact.words.said(lang)}" for number, fact in enumerate(one.steps, start=1))
    yield part("villager.part_steps", *steps)
    if one.mistakes:
        yield part("villager.part_mistakes", *(fact.words.said(lang) for fact in one.mistakes))


def _said(words: str) -> str:
    # As a page's loudspeaker signs it.
    return " ".join(words.split())[: speech.LONGEST]
