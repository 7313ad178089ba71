"""What the lessons room speaks of: tracks, lessons, questions and their answers.

Keeps true: nothing here knows who learns.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.packs.pages import Section


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a lesson's quiz; ``answer`` is the index of the right choice."""

    question: str
    choices: tuple[str, ...]
    answer: int
    why: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson in one language; ``lang`` differs from what was asked when it is not translated."""

    track: str
    slug: str
    lang: str
    title: str
    summary: str
    minutes: int
    order: int
    picture: str
    as_of: str
    status: str
    sources: tuple[str, ...]
    sections: tuple[Section, ...]
    quiz: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """A row of lessons that belong together."""

    id: str
    title_vi: str
    title_en: str
    picture: str
    lessons: tuple[Lesson, ...]

    def title(self, lang: str) -> str:
        """Return the track's name in ``lang``, Vietnamese unless it is ``en``."""
        return self.title_en if lang == "en" else self.title_vi


@dataclass(frozen=True, slots=True)
class Marked:
    """One answered question: what was chosen (None if nothing), and whether that was right."""

    question: Question
    chosen: int | None
    right: bool


@dataclass(frozen=True, slots=True)
class Score:
    """How a quiz went, question by question."""

    marked: tuple[Marked, ...]

    @property
    def right(self) -> int:
        """How many answers were right."""
        return sum(one.right for one in self.marked)

    @property
    def total(self) -> int:
        """How many questions there are."""
        return len(self.marked)


@dataclass(frozen=True, slots=True)
class Completions:
    """How often one lesson was finished in a time."""

    track: str
    slug: str
    count: int
