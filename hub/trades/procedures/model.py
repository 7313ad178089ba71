"""What a procedure is: its papers, steps and figures, each with the source it comes from and how sure that
is.

Keeps true: no figure stands without its day, its source and its status; a fee that nobody has verified never
looks like one that somebody has. It holds no person and no amount of its own: everything comes from a pack.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from hub.base import phrases


class Status(StrEnum):
    """How sure a fact is; from a pack's manifest, surest first."""

    VERIFIED = "verified"
    REPORTED = "reported"
    ADVICE = "advice"
    UNVERIFIED = "unverified"

    @property
    def ask_office(self) -> bool:
        """Whether the reader must be told to ask the commune's officer."""
        return self in (Status.REPORTED, Status.UNVERIFIED)


class PaperKind(StrEnum):
    """What becomes of a paper: photographed, only shown, agreed to elsewhere, or simply known."""

    PHOTO = "photo"
    SHOWN = "shown"
    CONSENT = "consent"
    KNOWN = "known"


class FigureKind(StrEnum):
    """What a figure measures."""

    TIME = "time"
    DEADLINE = "deadline"
    FEE = "fee"
    FINE = "fine"


class Unit(StrEnum):
    """What a figure counts; money is whole đồng, an hour is one of the village's day."""

    DONG = "dong"
    DAY = "day"
    WORKING_DAY = "working_day"
    HOUR_OF_DAY = "hour_of_day"


class CardField(StrEnum):
    """What an ID card's QR tells that a form may ask for."""

    FULL_NAME = "full_name"
    NUMBER = "number"
    OLD_NUMBER = "old_number"
    BORN_ON = "born_on"
    SEX = "sex"
    RESIDENCE = "residence"
    ISSUED_ON = "issued_on"


@dataclass(frozen=True, slots=True)
class Words:
    """The same words for both kinds of reader."""

    vi: str
    en: str

    def said(self, lang: str) -> str:
        """Return the words in ``lang``, Vietnamese unless the House speaks it."""
        return self.en if phrases.language(lang) == "en" else self.vi


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence with its sources."""

    words: Words
    sources: tuple[str, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper somebody needs; ``attachment`` is the question that takes its picture, if one does."""

    id: str
    name: Words
    kind: PaperKind
    when: Words
    attachment: str | None
    sources: tuple[str, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that the law or a practice sets: ``value`` in ``unit``, None where nobody knows it for
    certain.

    ``text`` is the whole sentence for a reader; ``as_of`` the day the source was read.
    """

    id: str
    kind: FigureKind
    label: Words
    text: Words
    unit: Unit
    value: int | None
    value_max: int | None
    value_online: int | None
    as_of: dt.date
    valid_from: dt.date | None
    sources: tuple[str, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class Law:
    """A legal text the procedure stands on."""

    name: Words
    note: Words | None
    valid_from: dt.date | None
    sources: tuple[str, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class Former:
    """What used to hold, kept in sight."""

    what: Words
    valid_from: dt.date | None
    valid_until: dt.date | None
    sources: tuple[str, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose ID card may fill questions: which field of the card goes to which question path.

    ``unique`` says that a second dossier with the same number is worth a question.
    """

    id: str
    label: Words
    page: str
    fields: tuple[tuple[CardField, str], ...]
    unique: bool = True

    def path(self, field: CardField) -> str | None:
        """Return the question that takes ``field``, if one does."""
        return dict(self.fields).get(field)


@dataclass(frozen=True, slots=True)
class Procedure:
    """One procedure; ``service`` names the queue it belongs to, ``form_id`` its form, empty for none."""

    slug: str
    plain_name: Words
    official_name: Words
    summary: Words
    code: str
    replaces: str
    code_status: Status
    form_id: str
    service: str
    picture: str
    order: int
    as_of: dt.date
    status: Status
    who: Fact
    who_not: Fact | None
    where: Fact
    papers: tuple[Paper, ...]
    not_needed: tuple[Fact, ...]
    steps: tuple[Fact, ...]
    figures: tuple[Figure, ...]
    laws: tuple[Law, ...]
    mistakes: tuple[Fact, ...]
    history: tuple[Former, ...]
    persons: tuple[Person, ...]

    def of_kind(self, kind: FigureKind) -> tuple[Figure, ...]:
        """Return the figures of one kind, in the pack's order."""
        return tuple(figure for figure in self.figures if figure.kind is kind)

    @property
    def oldest_on(self) -> dt.date:
        """The day of the oldest source among its figures: what the whole page is to be judged by."""
        return min((figure.as_of for figure in self.figures), default=self.as_of)

    def text(self, lang: str) -> str:
        """Return all its words in ``lang``, a line each, for search and speech."""
        return "\n".join(words.said(lang) for words in self._words())

    def _words(self) -> Iterator[Words]:
        yield from (self.plain_name, self.official_name, self.summary, self.who.words)
        if self.who_not is not None:
            yield self.who_not.words
        yield self.where.words
        for paper in self.papers:
            yield from (paper.name, paper.when)
        for fact in (*self.not_needed, *self.steps):
            yield fact.words
        for figure in self.figures:
            yield from (figure.label, figure.text)
        for law in self.laws:
            yield law.name
        for mistake in self.mistakes:
            yield mistake.words
