"""Whether somebody may ask for a procedure: questions one at a time, then yes, no, or "ask the commune".

Keeps true: only what can still change the answer is asked; the first outcome that holds is the answer; where
something is not known and that decides, the answer is "ask", never a guess. It knows no law of its own, only
what a pack says, and it keeps nobody's answers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hub.base import text
from hub.base.errors import Refused
from hub.forms import typed
from hub.trades.procedures.model import Status, Words

UNSURE = "khong-ro"
"""The answer "I do not know", allowed to every question."""

YES, NO = "co", "khong"
_FIRST_YEAR = 1900
_YEAR = re.compile(r"[0-9]{4}")
_NUMBER = re.compile(r"[0-9]{1,12}")


class Verdict(StrEnum):
    """What the questions come to."""

    YES = "yes"
    NO = "no"
    ASK = "ask"


class QuestionKind(StrEnum):
    """What is asked: a day or year of birth, yes or no, one of a few, a whole number."""

    BORN = "born"
    YES_NO = "yes_no"
    CHOICE = "choice"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of a few."""

    id: str
    words: Words


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask; ``choices`` for the kind that has them."""

    id: str
    kind: QuestionKind
    ask: Words
    hint: Words | None
    choices: tuple[Choice, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The answers that can be pressed, without "not sure"."""
        if self.kind is QuestionKind.YES_NO:
            return (YES, NO)
        return tuple(choice.id for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit: a number of the pack's own, or the figure that sets it."""

    value: int | None = None
    figure: str | None = None


@dataclass(frozen=True, slots=True)
class Is:
    """The answer is one of ``ids``."""

    question: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """The age in full years, or the number, is at least ``least`` and less than ``below``."""

    question: str
    least: Bound | None
    below: Bound | None
    age: bool


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition


Condition = Is | Between | All | Some | Not


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer with its sentence; ``when`` is None for the last, which holds when no other does."""

    id: str
    verdict: Verdict
    when: Condition | None
    said: Words
    next: Words | None
    figures: tuple[str, ...]
    sources: tuple[str, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The questions of a procedure and what they come to."""

    title: Words
    questions: tuple[Question, ...]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What came out. ``outcome`` is None where the answers leave open which of ``possible`` it is.

    ``unsure`` are the questions whose answers were not enough.
    """

    verdict: Verdict
    outcome: Outcome | None
    possible: tuple[str, ...]
    unsure: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class _Truth:
    """Whether a condition holds (None: open), what is still to ask, and which answers leave it open."""

    holds: bool | None
    missing: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()


_TRUE, _FALSE = _Truth(True), _Truth(False)


@dataclass(frozen=True, slots=True)
class _Known:
    """What conditions are weighed against."""

    answers: Mapping[str, str]
    today: dt.date
    figures: Mapping[str, int | None]


def decide(
    asked: Eligibility, answers: Mapping[str, str], *, today: dt.date, figures: Mapping[str, int | None]
) -> Question | Result:
    """Return the next question that can still change the answer, or the result.

    ``answers`` are as ``read`` gave them, by question; ``figures`` the values that hold ``today``, the
    village's day.
    """
    known = _Known(answers, today, figures)
    possible: list[Outcome] = []
    missing: set[str] = set()
    unsure: set[str] = set()
    for outcome in asked.outcomes:
        truth = _TRUE if outcome.when is None else _weigh(outcome.when, known)
        if truth.holds is not False:
            possible.append(outcome)
            missing |= truth.missing
            unsure |= truth.unsure
        if truth.holds:
            break
    if len(possible) > 1 and missing:
        return next(question for question in asked.questions if question.id in missing)
    last = possible[-1]
    agreed = len({outcome.verdict for outcome in possible}) == 1
    # The last one holds whatever the open ones would have said; its sentence is true when all lead the same
    # way, or when it only says whom to ask.
    if agreed or last.verdict is Verdict.ASK:
        verdict, outcome_said = last.verdict, last
    else:
        verdict, outcome_said = Verdict.ASK, None
    open_ones = tuple(question for question in asked.questions if question.id in unsure)
    return Result(verdict, outcome_said, tuple(one.id for one in possible), open_ones)


def read(question: Question, said: str, latest: dt.date | None) -> str:
    """Return an answer as it is kept: an id, an ISO day, a year, digits, or ``UNSURE``.

    Nobody is born after ``latest``; None while nobody knows the day. Raises ``Refused`` for what is no
    answer.
    """
    plain = text.clean(said)
    if plain == UNSURE:
        return UNSURE
    if not plain:
        raise Refused("procedures.answer_missing")
    if question.kind is QuestionKind.BORN:
        return _born(plain, latest)
    if question.kind is QuestionKind.NUMBER:
        found = typed.read(typed.DataType.INTEGER, (), plain, None)
        if found.key is not None:
            raise Refused(found.key, **found.values)
        if not _NUMBER.fullmatch(found.value):
            raise Refused("procedures.number_wrong")
        return found.value
    if plain not in question.ids:
        raise Refused("procedures.answer_missing")
    return plain


def is_kept(question: Question, answer: str) -> bool:
    """Return whether ``answer`` is as ``read`` gives it: what came back with a form may be anything."""
    if answer == UNSURE:
        return True
    if question.kind is QuestionKind.BORN:
        try:
            return _FIRST_YEAR <= _born_between(answer)[0].year
        except ValueError:
            return False
    if question.kind is QuestionKind.NUMBER:
        return _NUMBER.fullmatch(answer) is not None
    return answer in question.ids


def ages(born: str, today: dt.date) -> tuple[int, int]:
    """Return the least and the greatest age in full years on ``today`` of somebody ``born`` (ISO day, or
    year).

    Who was born on 29 February has a birthday on 28 February or on 1 March of a common year: both are
    counted.
    """
    first, last = _born_between(born)
    last = min(last, max(today, first))
    return max(0, _full_years(last, today, late=True)), max(0, _full_years(first, today, late=False))


def questions_in(condition: Condition) -> Iterable[Is | Between]:
    """Yield every place of a condition where an answer is looked at."""
    if isinstance(condition, Not):
        yield from questions_in(condition.part)
    elif isinstance(condition, All | Some):
        for part in condition.parts:
            yield from questions_in(part)
    else:
        yield condition


def _born(plain: str, latest: dt.date | None) -> str:
    if _YEAR.fullmatch(plain):
        born, first = plain, int(plain)
        ahead = latest is not None and first > latest.year
    else:
        found = typed.read(typed.DataType.DATE, (), plain, None)
        if found.key is not None:
            raise Refused(found.key, **found.values)
        day = dt.date.fromisoformat(found.value)
        born, first = found.value, day.year
        ahead = latest is not None and day > latest
    if ahead or first < _FIRST_YEAR:
        raise Refused("procedures.born_wrong")
    return born


def _born_between(born: str) -> tuple[dt.date, dt.date]:
    if _YEAR.fullmatch(born):
        return dt.date(int(born), 1, 1), dt.date(int(born), 12, 31)
    day = dt.date.fromisoformat(born)
    return day, day


def _full_years(born: dt.date, today: dt.date, *, late: bool) -> int:
    years = today.year - born.year
    try:
        birthday = born.replace(year=today.year)
    except ValueError:
        birthday = dt.date(today.year, 3, 1) if late else dt.date(today.year, 2, 28)
    return years if today >= birthday else years - 1


def _weigh(condition: Condition, known: _Known) -> _Truth:
    if isinstance(condition, Not):
        truth = _weigh(condition.part, known)
        return _Truth(None if truth.holds is None else not truth.holds, truth.missing, truth.unsure)
    if isinstance(condition, All | Some):
        return _weigh_parts(condition, known)
    answer = known.answers.get(condition.question)
    if answer is None:
        return _Truth(None, missing=frozenset({condition.question}))
    if isinstance(condition, Is) and answer in condition.ids:
        return _TRUE
    if answer == UNSURE:
        return _Truth(None, unsure=frozenset({condition.question}))
    if isinstance(condition, Is):
        return _FALSE
    holds = _within(condition, answer, known)
    return _Truth(holds, unsure=frozenset({condition.question}) if holds is None else frozenset())


def _weigh_parts(condition: All | Some, known: _Known) -> _Truth:
    decisive = isinstance(condition, Some)
    parts = [_weigh(part, known) for part in condition.parts]
    if any(part.holds is decisive for part in parts):
        return _Truth(decisive)
    opened = [part for part in parts if part.holds is None]
    if not opened:
        return _Truth(not decisive)
    missing = frozenset[str]().union(*(part.missing for part in opened))
    unsure = frozenset[str]().union(*(part.unsure for part in opened))
    return _Truth(None, missing, unsure)


def _within(condition: Between, answer: str, known: _Known) -> bool | None:
    least, most = ages(answer, known.today) if condition.age else (int(answer), int(answer))
    found: list[bool | None] = []
    if condition.least is not None:
        limit = _limit(condition.least, known)
        found.append(None if limit is None else True if least >= limit else False if most < limit else None)
    if condition.below is not None:
        limit = _limit(condition.below, known)
        found.append(None if limit is None else True if most < limit else False if least >= limit else None)
    return False if False in found else None if None in found else True


def _limit(bound: Bound, known: _Known) -> int | None:
    return bound.value if bound.figure is None else known.figures.get(bound.figure)
