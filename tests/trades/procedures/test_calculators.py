"""Sums to the đồng, at their edges, and never from a figure that is not there."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import phrases
from hub.trades.procedures import calculators
from hub.trades.procedures.calculators import Calculator, CalculatorKind, FieldKind, Slip, Sum
from hub.trades.procedures.model import Figure, FigureKind, Status, Unit, Words

_WORDS = Words("mẫu", "sample")


def _figure(id: str, value: int | None, unit: Unit = Unit.DONG, status: Status = Status.VERIFIED) -> Figure:
    return Figure(
        id=id,
        kind=FigureKind.FEE,
        label=_WORDS,
        text=_WORDS,
        unit=unit,
        value=value,
        value_max=None,
        value_online=None,
        as_of=dt.date(2026, 11, 21),
        valid_from=None,
        valid_until=None,
        sources=("V: mẫu",),
        status=status,
    )


FIGURES = {
    "first": _figure("first", 2_000),
    "further": _figure("further", 1_000),
    "first_pages": _figure("first_pages", 2, Unit.PAGE),
    "cap": _figure("cap", 200_000),
    "each": _figure("each", 10_000),
    "rate": _figure("rate", 22, Unit.PERCENT),
    "base": _figure("base", 1_500_000),
    "poor": _figure("poor", 50, Unit.PERCENT),
    "near_poor": _figure("near_poor", 40, Unit.PERCENT),
    "minority": _figure("minority", 30, Unit.PERCENT),
    "other": _figure("other", 200, Unit.PER_MILLE),
    "months": _figure("months", 120, Unit.MONTH),
    "times": _figure("times", 20, Unit.POINT),
    "amount": _figure("amount", 540_000),
}


def _calculator(kind: CalculatorKind) -> Calculator:
    return Calculator("x", kind, _WORDS, {role: role for role in calculators.ROLES[kind]}, None)


def _sum(kind: CalculatorKind, **typed: str) -> Sum:
    return _sum_of(kind, FIGURES, **typed)


def _sum_of(kind: CalculatorKind, figures: Mapping[str, Figure], **typed: str) -> Sum:
    return calculators.reckon(_calculator(kind), figures.get, typed)


def _last(kind: CalculatorKind, **typed: str) -> int:
    return _sum(kind, **typed).lines[-1].amount


@pytest.mark.parametrize(
    ("pages", "copies", "total"),
    [
        ("1", "1", 2_000),
        ("2", "1", 4_000),
        ("3", "1", 5_000),
        ("10", "2", 24_000),
        ("198", "1", 200_000),
        ("199", "1", 200_000),
        ("197", "1", 199_000),
        ("10000", "3", 600_000),
        ("1", "1000", 2_000_000),
    ],
)
def test_pages_cost_less_from_the_third_and_a_copy_never_more_than_the_cap(
    pages: str, copies: str, total: int
) -> None:
    assert _last(CalculatorKind.PAGES, pages=pages, copies=copies) == total


def test_the_cap_is_a_line_only_where_it_helps() -> None:
    capped = _sum(CalculatorKind.PAGES, pages="199", copies="2")
    assert [line.key for line in capped.lines] == ["first_pages", "further_pages", "cap", "copies"]
    at_it = _sum(CalculatorKind.PAGES, pages="198", copies="1")
    assert [line.key for line in at_it.lines] == ["first_pages", "further_pages", "copies"]
    assert [line.key for line in _sum(CalculatorKind.PAGES, pages="2", copies="1").lines] == [
        "first_pages",
        "copies",
    ]


@given(st.integers(1, 10_000), st.integers(1, 1_000))
def test_the_fee_of_pages_agrees_with_the_formula_of_the_circular(pages: int, copies: int) -> None:
    each = min(200_000, 2_000 * min(pages, 2) + 1_000 * max(pages - 2, 0))
    assert _last(CalculatorKind.PAGES, pages=str(pages), copies=str(copies)) == each * copies


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"pages": "0", "copies": "1"}, "pages"),
        ({"pages": "10001", "copies": "1"}, "pages"),
        ({"pages": "-1", "copies": "1"}, "pages"),
        ({"pages": "hai", "copies": "1"}, "pages"),
        ({"pages": "", "copies": "1"}, "pages"),
        ({"pages": "2", "copies": "0"}, "copies"),
        ({"pages": "2", "copies": "1001"}, "copies"),
        ({"pages": "2"}, "copies"),
    ],
)
def test_no_pages_and_no_copies_are_refused_at_their_field(typed: dict[str, str], field: str) -> None:
    with pytest.raises(Slip) as refused:
        _sum(CalculatorKind.PAGES, **typed)
    assert refused.value.field == field
    assert phrases.say("vi", refused.value.key, **refused.value.values)


def test_a_case_has_its_price() -> None:
    assert _last(CalculatorKind.PER_CASE, cases="3") == 30_000


@pytest.mark.parametrize(
    ("group", "support"), [("poor", 165_000), ("near_poor", 132_000), ("minority", 99_000), ("other", 66_000)]
)
def test_voluntary_insurance_gives_each_group_its_support(group: str, support: int) -> None:
    found = _sum(CalculatorKind.VOLUNTARY_INSURANCE, income="1,5 triệu", group=group, months="12")
    full, help, month, months = (line.amount for line in found.lines)
    assert (full, help, month, months) == (330_000, support, 330_000 - support, 12 * (330_000 - support))


def test_support_grows_no_more_with_income_and_ends_with_its_months() -> None:
    found = _sum(CalculatorKind.VOLUNTARY_INSURANCE, income="5000000", group="minority", months="121")
    full, help, _, months = (line.amount for line in found.lines)
    assert (full, help) == (1_100_000, 99_000)
    assert months == 121 * 1_100_000 - 120 * 99_000


def test_income_below_the_line_is_refused_with_the_line() -> None:
    with pytest.raises(Slip) as refused:
        _sum(CalculatorKind.VOLUNTARY_INSURANCE, income="1.499.999", group="other", months="1")
    assert (refused.value.field, refused.value.values["least"]) == ("income", "1.500.000\u00a0₫")


def test_a_loan_takes_its_rate_from_the_person_alone() -> None:
    year = _sum(CalculatorKind.LOAN, amount="50 triệu", rate="6,6", per="year", months="36")
    assert [line.amount for line in year.lines] == [275_000, 1_663_889, 5_087_500, 9_900_000]
    month = _sum(CalculatorKind.LOAN, amount="50 triệu", rate="0,55", per="month", months="36")
    assert month.lines == year.lines and not year.used
    assert _last(CalculatorKind.LOAN, amount="50 triệu", rate="0", per="year", months="1") == 0


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"rate": "101", "per": "year"}, "rate"),
        ({"rate": "9", "per": "month"}, "rate"),
        ({"rate": "x", "per": "year"}, "rate"),
        ({"rate": "5", "per": "week"}, "per"),
        ({"rate": "5", "per": "year", "months": "0"}, "months"),
        ({"rate": "5", "per": "year", "amount": "0"}, "amount"),
    ],
)
def test_a_loan_that_cannot_be_is_refused(typed: dict[str, str], field: str) -> None:
    with pytest.raises(Slip) as refused:
        _sum(CalculatorKind.LOAN, **{"amount": "1 triệu", "months": "12", **typed})
    assert refused.value.field == field


@given(
    st.integers(1, 10**10),
    st.fractions(0, 100).map(lambda rate: f"{float(rate):.2f}".replace(".", ",")),
    st.integers(1, 600),
)
def test_paying_back_evenly_never_costs_more_than_paying_at_the_end(
    amount: int, rate: str, months: int
) -> None:
    found = _sum(CalculatorKind.LOAN, amount=str(amount), rate=rate, per="year", months=str(months))
    first, _, even, end = (line.amount for line in found.lines)
    assert 0 <= even <= end
    exact = Fraction(amount) * Fraction(rate.replace(",", ".")) / 1_200
    assert abs(end - exact * months) <= Fraction(1, 2) and abs(first - exact) <= Fraction(1, 2)


def test_funeral_support_needs_no_question() -> None:
    assert _calculator(CalculatorKind.FUNERAL_SUPPORT).fields == ()
    assert _last(CalculatorKind.FUNERAL_SUPPORT) == 10_800_000


def test_a_missing_figure_gives_no_sum_but_whom_to_ask() -> None:
    for gone in ({"amount": _figure("amount", None, status=Status.UNVERIFIED)}, {}):
        figures = {key: value for key, value in FIGURES.items() if key != "amount"} | gone
        found = _sum_of(CalculatorKind.FUNERAL_SUPPORT, figures)
        assert found.missing and not found.lines and found.ask_office


def test_a_figure_that_is_not_verified_says_to_ask() -> None:
    assert not _sum(CalculatorKind.PER_CASE, cases="1").ask_office
    for status in (Status.REPORTED, Status.UNVERIFIED):
        doubtful = {**FIGURES, "each": dataclasses.replace(FIGURES["each"], status=status)}
        assert _sum_of(CalculatorKind.PER_CASE, doubtful, cases="1").ask_office


@pytest.mark.parametrize("lang", phrases.LANGUAGES)
@pytest.mark.parametrize("kind", CalculatorKind)
def test_every_field_and_choice_has_words(kind: CalculatorKind, lang: str) -> None:
    for field in _calculator(kind).fields:
        assert phrases.say(lang, f"procedures.field_{kind}_{field.name}")
        if field.kind is FieldKind.CHOICE:
            assert all(phrases.say(lang, f"procedures.choice_{field.name}_{one}") for one in field.choices)
