"""What something will cost or bring, reckoned from the figures that hold today.

Keeps true: every amount comes from a figure with its source, or from the person who asks; exact fractions,
rounded once, half up, to whole đồng; where a figure is missing there is no sum but whom to ask. It keeps
nobody's numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from hub.base import money, text
from hub.base.errors import Refused
from hub.trades.procedures.model import Figure, Unit, Words

_MOST_PAGES = 10_000
_MOST_COPIES = 1_000
_MOST_MONTHS = 600
_MOST_RATE = 100
_COUNT = re.compile(r"[0-9]{1,6}")
_DECIMAL = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,4})?")
_SHARES = {Unit.PERCENT: 100, Unit.PER_MILLE: 1_000}
_COUNTS = (Unit.PAGE, Unit.MONTH, Unit.YEAR, Unit.POINT)


class CalculatorKind(StrEnum):
    """What is reckoned."""

    PAGES = "pages"
    PER_CASE = "per_case"
    VOLUNTARY_INSURANCE = "voluntary_insurance"
    LOAN = "loan"
    FUNERAL_SUPPORT = "funeral_support"


class FieldKind(StrEnum):
    """What a person types: a count, an amount, a rate in percent, or one of a few."""

    COUNT = "count"
    DONG = "dong"
    RATE = "rate"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Field:
    """Something to type; ``usual`` stands there already."""

    name: str
    kind: FieldKind
    choices: tuple[str, ...] = ()
    usual: str = ""


@dataclass(frozen=True, slots=True)
class Calculator:
    """A pack's calculator: which figure plays which role."""

    id: str
    kind: CalculatorKind
    title: Words
    figures: Mapping[str, str]
    note: Words | None

    @property
    def fields(self) -> tuple[Field, ...]:
        """What is asked."""
        return _FIELDS[self.kind]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the sum: the phrase ``procedures.sum_<key>`` with ``values``, and its ``amount`` in đồng.

    A ``Fraction`` among the values is a share of the whole: a half is 50 %.
    """

    key: str
    amount: int
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sum:
    """What came out: ``lines``, the last of them what to remember; none where a figure is ``missing``."""

    lines: tuple[Line, ...]
    used: tuple[Figure, ...]
    missing: bool

    @property
    def ask_office(self) -> bool:
        """Whether the commune must be asked before anyone relies on it."""
        return self.missing or any(figure.status.ask_office for figure in self.used)


GROUPS = ("poor", "near_poor", "minority", "other")
ROLES: Mapping[CalculatorKind, Mapping[str, tuple[Unit, ...]]] = {
    CalculatorKind.PAGES: {
        "first": (Unit.DONG,),
        "further": (Unit.DONG,),
        "first_pages": _COUNTS,
        "cap": (Unit.DONG,),
    },
    CalculatorKind.PER_CASE: {"each": (Unit.DONG,)},
    CalculatorKind.VOLUNTARY_INSURANCE: {
        "rate": tuple(_SHARES),
        "base": (Unit.DONG,),
        **dict.fromkeys(GROUPS, tuple(_SHARES)),
        "months": _COUNTS,
    },
    CalculatorKind.LOAN: {},
    CalculatorKind.FUNERAL_SUPPORT: {"times": _COUNTS, "amount": (Unit.DONG,)},
}
"""Which figures each kind needs, and what they may count."""

_FIELDS: Mapping[CalculatorKind, tuple[Field, ...]] = {
    CalculatorKind.PAGES: (Field("pages", FieldKind.COUNT), Field("copies", FieldKind.COUNT, usual="1")),
    CalculatorKind.PER_CASE: (Field("cases", FieldKind.COUNT, usual="1"),),
    CalculatorKind.VOLUNTARY_INSURANCE: (
        Field("income", FieldKind.DONG),
        Field("group", FieldKind.CHOICE, GROUPS),
        Field("months", FieldKind.COUNT, usual="1"),
    ),
    CalculatorKind.LOAN: (
        Field("amount", FieldKind.DONG),
        Field("rate", FieldKind.RATE),
        Field("per", FieldKind.CHOICE, ("year", "month")),
        Field("months", FieldKind.COUNT),
    ),
    CalculatorKind.FUNERAL_SUPPORT: (),
}


class Slip(Refused):
    """A field to correct; ``field`` names it."""

    def __init__(self, field: str, key: str, **values: object) -> None:
        super().__init__(key, **values)
        self.field = field


def reckon(calculator: Calculator, find: Callable[[str], Figure | None], typed: Mapping[str, str]) -> Sum:
    """Return the sum of what was ``typed``, by field; ``find`` gives the figure that holds today.

    Raises ``Slip`` for the first field that cannot be read or is out of its range.
    """
    given = {field.name: _read(field, typed.get(field.name, "")) for field in calculator.fields}
    found = {role: find(id) for role, id in calculator.figures.items()}
    used = tuple(figure for figure in found.values() if figure is not None)
    values = {role: _value(figure) for role, figure in found.items() if figure is not None}
    if len(values) < len(found) or any(value is None for value in values.values()):
        return Sum((), used, True)
    known = {role: value for role, value in values.items() if value is not None}
    return Sum(_SUMS[calculator.kind](known, given, typed), used, False)


def _value(figure: Figure) -> Fraction | None:
    if figure.value is None:
        return None
    return Fraction(figure.value, _SHARES.get(figure.unit, 1))


def _read(field: Field, said: str) -> Fraction:
    plain = text.clean(said)
    if not plain:
        raise Slip(field.name, "procedures.answer_missing")
    if field.kind is FieldKind.CHOICE:
        if plain not in field.choices:
            raise Slip(field.name, "procedures.answer_missing")
        return Fraction(field.choices.index(plain))
    if field.kind is FieldKind.DONG:
        try:
            return Fraction(money.read(plain))
        except Refused as bad:
            raise Slip(field.name, bad.key, **bad.values) from bad
    if field.kind is FieldKind.RATE:
        bare = plain.replace(" ", "").removesuffix("%")
        if not _DECIMAL.fullmatch(bare):
            raise Slip(field.name, "procedures.rate_wrong", most=_MOST_RATE)
        return Fraction(bare.replace(",", "."))
    if not _COUNT.fullmatch(plain):
        raise Slip(field.name, "procedures.number_wrong")
    return Fraction(int(plain))


def _within(name: str, value: Fraction, most: int) -> int:
    if not 1 <= value <= most:
        raise Slip(name, "procedures.count_wrong", most=f"{most:,}".replace(",", "."))
    return int(value)


def _dong(amount: Fraction) -> int:
    return int(amount + Fraction(1, 2))


_Known = Mapping[str, Fraction]


def _pages(known: _Known, given: _Known, _typed: Mapping[str, str]) -> tuple[Line, ...]:
    pages = _within("pages", given["pages"], _MOST_PAGES)
    copies = _within("copies", given["copies"], _MOST_COPIES)
    early = min(pages, int(known["first_pages"]))
    late = pages - early
    first, further, cap = int(known["first"]), int(known["further"]), int(known["cap"])
    lines = [Line("first_pages", early * first, {"count": early, "each": money.show(first)})]
    if late:
        lines.append(Line("further_pages", late * further, {"count": late, "each": money.show(further)}))
    copy = early * first + late * further
    if copy > cap:
        lines.append(Line("cap", cap, {}))
        copy = cap
    lines.append(Line("copies", copies * copy, {"count": copies, "each": money.show(copy)}))
    return tuple(lines)


def _per_case(known: _Known, given: _Known, _typed: Mapping[str, str]) -> tuple[Line, ...]:
    cases = _within("cases", given["cases"], _MOST_COPIES)
    each = int(known["each"])
    return (Line("cases", cases * each, {"count": cases, "each": money.show(each)}),)


def _voluntary_insurance(known: _Known, given: _Known, typed: Mapping[str, str]) -> tuple[Line, ...]:
    income, months = given["income"], _within("months", given["months"], _MOST_MONTHS)
    if income < known["base"]:
        raise Slip("income", "procedures.income_low", least=money.show(int(known["base"])))
    full = income * known["rate"]
    share = known[text.clean(typed["group"])]
    help = known["base"] * known["rate"] * share
    helped = min(months, int(known["months"]))
    return (
        Line("insurance_full", _dong(full), {"share": known["rate"]}),
        Line("insurance_help", _dong(help), {"share": share}),
        Line("insurance_month", _dong(full - help), {}),
        Line("insurance_months", _dong(full * months - help * helped), {"count": months, "helped": helped}),
    )


def _loan(_known: _Known, given: _Known, _typed: Mapping[str, str]) -> tuple[Line, ...]:
    months = _within("months", given["months"], _MOST_MONTHS)
    amount = given["amount"]
    if amount <= 0:
        raise Slip("amount", "procedures.answer_missing")
    monthly = given["rate"] / 100 / (1 if given["per"] else 12)
    if not 0 <= monthly * 12 * 100 <= _MOST_RATE:
        raise Slip("rate", "procedures.rate_wrong", most=_MOST_RATE)
    interest = amount * monthly
    return (
        Line("loan_interest", _dong(interest), {}),
        Line("loan_month", _dong(amount / months + interest), {}),
        Line("loan_even", _dong(interest * (months + 1) / 2), {"count": months}),
        Line("loan_end", _dong(interest * months), {"count": months}),
    )


def _funeral_support(known: _Known, _given: _Known, _typed: Mapping[str, str]) -> tuple[Line, ...]:
    each, times = int(known["amount"]), int(known["times"])
    return (Line("funeral", each * times, {"count": times, "each": money.show(each)}),)


_SUMS: Mapping[CalculatorKind, Callable[[_Known, _Known, Mapping[str, str]], tuple[Line, ...]]] = {
    CalculatorKind.PAGES: _pages,
    CalculatorKind.PER_CASE: _per_case,
    CalculatorKind.VOLUNTARY_INSURANCE: _voluntary_insurance,
    CalculatorKind.LOAN: _loan,
    CalculatorKind.FUNERAL_SUPPORT: _funeral_support,
}
