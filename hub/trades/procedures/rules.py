"""Read from a pack: the questions and calculators of a procedure, and whether its figures fit together.

Keeps true: a condition, a role or a day that leads nowhere stops the reading with file and place; nothing
here is guessed or left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from hub.base.errors import NotReady
from hub.trades.procedures import rows
from hub.trades.procedures.calculators import ROLES, Calculator
from hub.trades.procedures.eligibility import (
    UNSURE,
    All,
    Between,
    Bound,
    Choice,
    Condition,
    Eligibility,
    Is,
    Not,
    Outcome,
    Question,
    QuestionKind,
    Some,
    questions_in,
)
from hub.trades.procedures.model import Figure, FigureKind, Unit, Words


def eligibility(told: Mapping[str, Any], name: str, figures: Mapping[str, FigureKind]) -> Eligibility:
    """Return the questions of the table ``told`` of file ``name``; ``figures`` are the procedure's.

    Raises ``NotReady("packs.bad_file")``.
    """
    try:
        file = msgspec.convert(told, rows.EligibilityFile)
    except msgspec.ValidationError as bad:
        raise NotReady("packs.bad_file", file=name, why=str(bad)) from bad
    questions = tuple(map(_question, file.question))
    _once((question.id for question in questions), name, "question")
    _once((row.id for row in file.outcome), name, "outcome")
    known = {question.id: question for question in questions}
    for question in questions:
        if (question.kind is QuestionKind.CHOICE) != bool(question.choices) or UNSURE in question.ids:
            raise _bad(name, f"question {question.id}: choices")
        _once(question.ids, name, f"question {question.id}: choices")
    outcomes = []
    for row in file.outcome:
        place = f"outcome {row.id}"
        if (row.when is None) != (row is file.outcome[-1]):
            raise _bad(name, f"{place}: the last outcome, and only the last, has no when")
        when = _condition(row.when, name, place) if row.when else None
        for part in questions_in(when) if when else ():
            _check(part, known, figures, name, place)
        if not set(row.figures) <= set(figures):
            raise _bad(name, f"{place}: figures")
        outcomes.append(
            Outcome(
                id=row.id,
                verdict=row.verdict,
                when=when,
                said=_words(row.said),
                next=_words(row.next) if row.next else None,
                figures=row.figures,
                sources=row.sources,
                status=row.status,
            )
        )
    return Eligibility(_words(file.title), questions, tuple(outcomes))


def calculators(told: Mapping[str, Any], name: str, figures: Mapping[str, Unit]) -> tuple[Calculator, ...]:
    """Return the calculators of the table ``told`` of file ``name``.

    Raises ``NotReady("packs.bad_file")``.
    """
    try:
        file = msgspec.convert(told, rows.CalculatorsFile)
    except msgspec.ValidationError as bad:
        raise NotReady("packs.bad_file", file=name, why=str(bad)) from bad
    _once((row.id for row in file.calculator), name, "calculator")
    for row in file.calculator:
        wanted = ROLES[row.kind]
        if set(row.figures) != set(wanted):
            raise _bad(name, f"calculator {row.id}: figures must be {', '.join(wanted) or 'none'}")
        for role, id in row.figures.items():
            if figures.get(id) not in wanted[role]:
                raise _bad(name, f"calculator {row.id}: {role} = {id}")
    return tuple(
        Calculator(
            row.id, row.kind, _words(row.title), dict(row.figures), _words(row.note) if row.note else None
        )
        for row in file.calculator
    )


def check_figures(figures: Collection[Figure], name: str) -> None:
    """Refuse rows of one id that do not tell one history; raises ``NotReady("packs.bad_file")``."""
    seen: dict[str, list[Figure]] = {}
    for figure in figures:
        seen.setdefault(figure.id, []).append(figure)
        if figure.valid_from and figure.valid_until and figure.valid_until < figure.valid_from:
            raise _bad(name, f"figure {figure.id}: valid_until")
        if figure.value is None and (figure.value_max is not None or figure.value_online is not None):
            raise _bad(name, f"figure {figure.id}: value")
    for id, together in seen.items():
        if len({(one.kind, one.unit) for one in together}) > 1:
            raise _bad(name, f"figure {id}: kind, unit")
        _once((str(one.valid_from) for one in together), name, f"figure {id}: valid_from")


def _question(row: rows.QuestionRow) -> Question:
    choices = tuple(Choice(choice.id, Words(choice.vi, choice.en)) for choice in row.choices)
    return Question(row.id, row.kind, _words(row.ask), _words(row.hint) if row.hint else None, choices)


def _condition(row: rows.WhenRow, name: str, place: str) -> Condition:
    set_keys = {key for key, value in msgspec.structs.asdict(row).items() if value is not None}
    if set_keys == {"all"} and row.all:
        return All(tuple(_condition(part, name, place) for part in row.all))
    if set_keys == {"any"} and row.any:
        return Some(tuple(_condition(part, name, place) for part in row.any))
    if set_keys == {"but"} and row.but:
        return Not(_condition(row.but, name, place))
    if set_keys == {"question", "one_of"} and row.question and row.one_of:
        return Is(row.question, row.one_of)
    if row.question and set_keys > {"question"}:
        rest = set_keys - {"question"}
        age = rest <= {"age_from", "age_below", "age_from_figure", "age_below_figure"}
        if age or rest <= {"least", "below", "from_figure", "below_figure"}:
            low = _bound(row.age_from, row.age_from_figure) if age else _bound(row.least, row.from_figure)
            high = _bound(row.age_below, row.age_below_figure) if age else _bound(row.below, row.below_figure)
            if len(rest) == (low is not None) + (high is not None):
                return Between(row.question, low, high, age)
    raise _bad(name, f"{place}: when")


def _bound(value: int | None, figure: str | None) -> Bound | None:
    return None if value is None and figure is None else Bound(value, figure)


def _check(
    part: Is | Between,
    known: Mapping[str, Question],
    figures: Mapping[str, FigureKind],
    name: str,
    place: str,
) -> None:
    question = known.get(part.question)
    if question is None:
        raise _bad(name, f"{place}: no question {part.question}")
    if isinstance(part, Is):
        if not set(part.ids) <= {*question.ids, UNSURE}:
            raise _bad(name, f"{place}: {part.question} is {', '.join(part.ids)}")
        return
    if question.kind is not (QuestionKind.BORN if part.age else QuestionKind.NUMBER):
        raise _bad(name, f"{place}: {part.question} is of kind {question.kind}")
    for bound in (part.least, part.below):
        if bound is not None and bound.figure is not None:
            if bound.figure not in figures or (part.age and figures[bound.figure] is not FigureKind.AGE):
                raise _bad(name, f"{place}: figure {bound.figure}")


def _once(ids: Iterable[str], name: str, place: str) -> None:
    seen: set[str] = set()
    for id in ids:
        if id in seen:
            raise _bad(name, f"{place} {id} twice")
        seen.add(id)


def _words(said: rows.Said) -> Words:
    return Words(said.vi, said.en)


def _bad(name: str, why: str) -> NotReady:
    return NotReady("packs.bad_file", file=name, why=why)
