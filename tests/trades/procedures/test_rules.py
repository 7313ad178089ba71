"""Questions, calculators and figures of a pack are read whole, or refused with their place."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from hub.base.errors import NotReady
from hub.trades.procedures import rules
from hub.trades.procedures.eligibility import All, Between, Bound, Is, Not, Some, Verdict
from hub.trades.procedures.model import FigureKind, Unit

_TOLD = tomllib.loads("""
title = { vi = "Có được không?", en = "May I?" }
[[question]]
id = "sinh"
kind = "born"
ask = { vi = "Sinh ngày nào?", en = "Born when?" }
[[question]]
id = "ngheo"
kind = "choice"
ask = { vi = "Hộ nào?", en = "Which household?" }
choices = [ { id = "ngheo", vi = "Nghèo", en = "Poor" }, { id = "khac", vi = "Khác", en = "Other" } ]
[[question]]
id = "so-nguoi"
kind = "number"
ask = { vi = "Mấy người?", en = "How many?" }
[[outcome]]
id = "duoc"
verdict = "yes"
said = { vi = "Được.", en = "Yes." }
figures = ["tuoi"]
sources = ["P: mẫu"]
status = "advice"
[[outcome.when.all]]
question = "sinh"
age_from_figure = "tuoi"
age_below = 100
[[outcome.when.all]]
any = [
  { question = "ngheo", is = ["ngheo", "khong-ro"] },
  { not = { question = "so-nguoi", from = 2, below = 5 } },
]
[[outcome]]
id = "khong"
verdict = "no"
said = { vi = "Chưa.", en = "No." }
sources = ["P: mẫu"]
status = "advice"
""")
_FIGURES = {"tuoi": FigureKind.AGE, "tien": FigureKind.AMOUNT}


def test_a_condition_is_read_as_it_is_written() -> None:
    asked = rules.eligibility(_TOLD, "f.toml", _FIGURES)
    assert [one.verdict for one in asked.outcomes] == [Verdict.YES, Verdict.NO]
    assert asked.outcomes[0].when == All(
        (
            Between("sinh", Bound(figure="tuoi"), Bound(100), True),
            Some((Is("ngheo", ("ngheo", "khong-ro")), Not(Between("so-nguoi", Bound(2), Bound(5), False)))),
        )
    )


def _when(told: dict[str, Any], when: dict[str, Any] | None) -> None:
    told["outcome"][0]["when"] = when


def _set(
    place: Callable[[dict[str, Any]], dict[str, Any]], **values: Any
) -> Callable[[dict[str, Any]], None]:
    return lambda told: place(told).update(values)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: _when(told, {"question": "ten", "is": ["co"]}),
        lambda told: _when(told, {"question": "ngheo", "is": ["giau"]}),
        lambda told: _when(told, {"question": "ngheo", "is": []}),
        lambda told: _when(told, {"question": "ngheo"}),
        lambda told: _when(told, {"question": "ngheo", "age_from": 70}),
        lambda told: _when(told, {"question": "sinh", "from": 70}),
        lambda told: _when(told, {"question": "sinh", "age_from": 70, "is": ["khong-ro"]}),
        lambda told: _when(told, {"question": "sinh", "age_from": 70, "age_from_figure": "tuoi"}),
        lambda told: _when(told, {"question": "sinh", "age_from_figure": "nao"}),
        lambda told: _when(told, {"question": "sinh", "age_from_figure": "tien"}),
        lambda told: _when(told, {"question": "sinh", "age_form": 70}),
        lambda told: _when(told, {"all": []}),
        lambda told: _when(told, {"all": [{"question": "sinh", "age_from": 1}], "any": []}),
        lambda told: told["outcome"][0].pop("when"),
        lambda told: told["outcome"].pop(),
        lambda told: _set(lambda told: told["outcome"][1], id="duoc")(told),
        lambda told: _set(lambda told: told["question"][1], id="sinh")(told),
        lambda told: _set(lambda told: told["question"][1], choices=[])(told),
        lambda told: _set(lambda told: told["question"][0], choices=told["question"][1]["choices"])(told),
        lambda told: _set(lambda told: told["question"][1]["choices"][0], id="khong-ro")(told),
        lambda told: _set(lambda told: told["outcome"][0], figures=["nao"])(told),
        lambda told: _set(lambda told: told["outcome"][0], sources=[])(told),
        lambda told: _set(lambda told: told, notes="x")(told),
    ],
)
def test_a_question_or_condition_that_leads_nowhere_is_refused_with_its_file(
    spoil: Callable[[dict[str, Any]], None],
) -> None:
    told = copy.deepcopy(_TOLD)
    spoil(told)
    with pytest.raises(NotReady) as refused:
        rules.eligibility(told, "f.toml", _FIGURES)
    assert (refused.value.key, refused.value.values["file"]) == ("packs.bad_file", "f.toml")


_SUM = {
    "id": "phi",
    "kind": "pages",
    "title": {"vi": "Phí", "en": "Fee"},
    "figures": {"first": "a", "further": "b", "first_pages": "n", "cap": "c"},
}
_UNITS = {"a": Unit.DONG, "b": Unit.DONG, "c": Unit.DONG, "n": Unit.PAGE}


def test_a_calculator_names_its_figures_by_role() -> None:
    (found,) = rules.calculators({"calculator": [_SUM]}, "c.toml", _UNITS)
    assert found.figures["first_pages"] == "n"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda row: row["figures"].pop("cap"),
        lambda row: row["figures"].update(extra="a"),
        lambda row: row["figures"].update(cap="nao"),
        lambda row: row["figures"].update(cap="n"),
        lambda row: row["figures"].update(first_pages="a"),
        lambda row: row.update(kind="words"),
        lambda row: row.update(kind="loan"),
        lambda row: row.pop("title"),
    ],
)
def test_a_calculator_with_a_wrong_role_is_refused_with_its_file(
    spoil: Callable[[dict[str, Any]], None],
) -> None:
    row = copy.deepcopy(_SUM)
    spoil(row)
    with pytest.raises(NotReady) as refused:
        rules.calculators({"calculator": [row]}, "c.toml", _UNITS)
    assert refused.value.values["file"] == "c.toml"
