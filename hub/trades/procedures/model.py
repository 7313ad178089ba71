"""What a procedure is: its papers, steps and figures, each with the source it comes from and how sure that
is.

Keeps true: no figure stands without its day, its source and its status; a fee that nobody has verified never
looks like one that somebody has. It holds no person and no amount of its own: everything comes from a pack.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
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
    AMOUNT = "amount"
    RATE = "rate"
    AGE = "age"
    LIMIT = "limit"


class Unit(StrEnum):
    """What a figure counts; money is whole đồng, an hour is one of the village's day, 66 per mille is 6.6
    %.
    """

    DONG = "dong"
    DAY = "day"
    WORKING_DAY = "working_day"
    HOUR_OF_DAY = "hour_of_day"
    PERCENT = "percent"
    PER_MILLE = "per_mille"
    MONTH = "month"
    YEAR = "year"
    PAGE = "page"
    POINT = "point"


class Group(StrEnum):
    """What a villager needs a procedure for, in the order in which they are listed."""

    PAPERS = "giay-to"
    RESIDENCE = "cu-tru"
    SUPPORT = "an-sinh"
    HEALTH = "suc-khoe"
    DIGITAL = "so"
    LAND_LOANS = "dat-vay"
    OTHER = "khac"


class Kind(StrEnum):
    """Whether the House sends a dossier, or only records that and how somebody was guided."""

    FILED = "filed"
    GUIDANCE = "guidance"


class Drawn(StrEnum):
    """How the official form on paper is drawn: as CT01 is printed, or as a clean declaration."""

    CT01 = "ct01"
    DECLARATION = "declaration"


class PersonField(StrEnum):
    """What a form may ask of a person, wherever it comes from: a card, the household's record, a dossier."""

    FULL_NAME = "full_name"
    NUMBER = "number"
    OLD_NUMBER = "old_number"
    BORN_ON = "born_on"
    BORN_YEAR = "born_year"
    SEX = "sex"
    RESIDENCE = "residence"
    ISSUED_ON = "issued_on"
    PHONE = "phone"
    INSURANCE_NUMBER = "insurance_number"
    ETHNICITY = "ethnicity"
    NATIONALITY = "nationality"
    HOMETOWN = "hometown"
    EMAIL = "email"
    BANK_ACCOUNT = "bank_account"


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
    """A paper somebody needs; ``attachment`` is the question that takes its picture, if one does.

    ``only_for`` names the outcomes of the eligibility questions that ask for it; empty when all do.
    """

    id: str
    name: Words
    kind: PaperKind
    when: Words
    attachment: str | None
    only_for: tuple[str, ...]
    sources: tuple[str, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class Own:
    """Who of the commune gave a figure on which day, and the guide who wrote it down; ``id`` is its row."""

    id: int
    told_by: str
    told_on: dt.date
    staff_name: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that the law or a practice sets: ``value`` in ``unit``, None where nobody knows it for
    certain.

    ``text`` is the whole sentence for a reader; ``as_of`` the day the source was read. It holds from
    ``valid_from`` to ``valid_until``, both days included. ``own`` is set when the commune's word stands
    here in place of the pack's.
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
    valid_until: dt.date | None
    sources: tuple[str, ...]
    status: Status
    own: Own | None = None


@dataclass(frozen=True, slots=True)
class PaperForm:
    """The official form on paper, in the version that the pack knows."""

    name: Words
    version: str
    drawn: Drawn
    as_of: dt.date
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
    """Somebody a form asks about: which question takes which of the person's facts.

    ``unique`` says that a second dossier with the same number is worth a question; ``card`` that they may
    have an ID card to scan.
    """

    id: str
    label: Words
    page: str
    fields: tuple[tuple[PersonField, str], ...]
    unique: bool = True
    card: bool = True

    def path(self, field: PersonField) -> str | None:
        """Return the question that takes ``field``, if one does."""
        return dict(self.fields).get(field)


@dataclass(frozen=True, slots=True)
class Procedure:
    """One procedure; ``service`` names the queue it belongs to, ``form_id`` its form, empty for none.

    From the reader ``figures`` are all rows of the pack; ``figures.holding`` gives the procedure of a day,
    with one row an id, what held before in ``former`` and what is announced in ``coming``.
    """

    slug: str
    group: Group
    kind: Kind
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
    office: Words | None
    paper_form: PaperForm | None
    papers: tuple[Paper, ...]
    not_needed: tuple[Fact, ...]
    steps: tuple[Fact, ...]
    figures: tuple[Figure, ...]
    laws: tuple[Law, ...]
    mistakes: tuple[Fact, ...]
    history: tuple[Former, ...]
    persons: tuple[Person, ...]
    related: tuple[str, ...] = ()
    has_questions: bool = False
    has_calculators: bool = False
    former: tuple[Figure, ...] = ()
    coming: tuple[Figure, ...] = ()

    def of_kind(self, *kinds: FigureKind) -> tuple[Figure, ...]:
        """Return the figures of these kinds, in the pack's order."""
        return tuple(figure for figure in self.figures if figure.kind in kinds)

    def figure(self, id: str) -> Figure | None:
        """Return the figure ``id``, None when none holds."""
        return next((figure for figure in self.figures if figure.id == id), None)

    def papers_for(self, outcomes: Collection[str] = ()) -> tuple[Paper, ...]:
        """Return the papers that one of ``outcomes`` asks for; all of them when nobody was asked."""
        if not outcomes:
            return self.papers
        return tuple(one for one in self.papers if not one.only_for or set(one.only_for) & set(outcomes))

    @property
    def oldest_on(self) -> dt.date:
        """The day of the oldest source among its figures: what the whole page is to be judged by."""
        return min((figure.as_of for figure in self.figures), default=self.as_of)

    def text(self, lang: str) -> str:
        """Return its words in ``lang``, a line each, for search.

        Of a figure only its name: a number is shown where its age and certainty stand beside it.
        """
        return "\n".join(words.said(lang) for words in self._words())

    def _words(self) -> Iterator[Words]:
        yield from (self.plain_name, self.official_name, self.summary, self.who.words)
        if self.who_not is not None:
            yield self.who_not.words
        yield self.where.words
        if self.office is not None:
            yield self.office
        if self.paper_form is not None:
            yield self.paper_form.name
        for paper in self.papers:
            yield from (paper.name, paper.when)
        for fact in (*self.not_needed, *self.steps):
            yield fact.words
        yield from dict.fromkeys(figure.label for figure in self.figures)
        for law in self.laws:
            yield law.name
        for mistake in self.mistakes:
            yield mistake.words
