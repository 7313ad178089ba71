"""What the House will be asked to read aloud, so that its sound can be made before anyone waits for it.

Keeps true: the words here are the words that the pages sign, section by section.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.base import phrases
from hub.packs.shelf import Shelf
from hub.trades.fraud import reader as fraud
from hub.trades.lessons import reader as lessons


def section(title: str, plain: str) -> str:
    """Return what is read aloud of one section of a page: its heading, then its words."""
    return ". ".join(part.strip() for part in (title, " ".join(plain.split())) if part.strip())


def texts(shelf: Shelf) -> Iterator[tuple[str, str]]:
    """Yield (language, words) of every section of every lesson and scam."""
    for lang in phrases.LANGUAGES:
        for track in lessons.tracks(shelf, lang):
            for lesson in track.lessons:
                for part in lesson.sections:
                    yield lesson.lang, section(part.title, part.plain)
        for scam in fraud.scams(shelf, lang):
            for part in scam.sections:
                yield scam.lang, section(part.title, part.plain)
