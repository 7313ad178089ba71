"""What a call is made of: the same slots to record and to say, in every language, for every number."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import phrases
from hub.base.spoken import Manner
from hub.trades.speech import languages
from hub.trades.speech.languages import Language, Needs

NEEDS = Needs(("1", "2", "3"), ("", "B", "G"))
NAMED = Needs(("1", "Tiếp dân"), ("",), {"gia-ca": {"vi": "Giá cả", "en": "Prices"}})
ADDED = languages.read(
    "xx", {"call": "number, desk", "numbers": "parts", "most": 99, "parts": "1-10 20 30 40 50 60 70 80 90"}
)


def texts(language: Language, label: str, desk: str = "2", service: str = "", needs: Needs = NEEDS) -> str:
    made = languages.clauses(language, label, desk, service, needs)
    assert made is not None
    return ", ".join(" ".join(slot.text for slot in clause) for clause in made)


@pytest.mark.parametrize("tag", languages.all())
def test_every_language_has_a_name_and_reads(tag: str) -> None:
    one = languages.all()[tag]
    assert phrases.has(one.name_key)
    assert one.written == (tag in phrases.LANGUAGES)


def test_vietnamese_comes_first_and_five_languages_of_the_valley_are_there() -> None:
    assert next(iter(languages.all())) == "vi"
    assert sum(not one.written for one in languages.all().values()) >= 4


@pytest.mark.parametrize(
    ("tag", "label", "said"),
    [
        ("vi", "105", "Mời số một trăm lẻ năm, đến bàn số hai"),
        ("vi", "A21", "Mời số A hai mươi mốt, đến bàn số hai"),
        ("en", "105", "Number one hundred five, please come to desk two"),
        ("en", "G21", "Number G twenty one, please come to desk two"),
        ("hmn", "21", "Mời số hai mươi mốt, đến bàn số hai"),
    ],
)
def test_a_call_is_said_in_the_languages_order(tag: str, label: str, said: str) -> None:
    assert texts(languages.all()[tag], label) == said


def test_a_region_and_a_service_are_said_where_they_are_wanted() -> None:
    vi = languages.all()["vi"]
    assert texts(vi, "5", "1", "gia-ca", NAMED) == "Mời số năm, Giá cả, đến bàn số một"
    assert texts(vi, "5", "Tiếp dân", "unknown", NAMED) == "Mời số năm, đến bàn Tiếp dân"
    assert texts(vi, "105", needs=Needs(("2",), manner=Manner("linh"))).startswith("Mời số một trăm linh năm")


@functools.cache
def recorded(language: Language) -> frozenset[str]:
    return frozenset(slot.name for slot in languages.slots(language, NEEDS))


@given(
    st.sampled_from([*languages.all().values(), ADDED]), st.integers(1, 1200), st.sampled_from(NEEDS.letters)
)
def test_every_call_a_language_can_make_needs_only_what_its_set_holds(
    language: Language, number: int, letter: str
) -> None:
    there = recorded(language)
    for desk in NEEDS.desks:
        made = languages.clauses(language, f"{letter}{number}", desk, "", NEEDS)
        assert (made is not None) == (number <= language.most)
        assert {slot.name for clause in made or () for slot in clause} <= there


@pytest.mark.parametrize("tag", languages.all())
def test_nothing_is_recorded_that_no_call_would_use(tag: str) -> None:
    language = languages.all()[tag]
    used = {
        slot.name
        for number in range(1, language.most + 1)
        for label in (f"{letter}{number}" for letter in NEEDS.letters)
        for desk in NEEDS.desks
        for clause in languages.clauses(language, label, desk, "", NEEDS) or ()
        for slot in clause
    }
    assert used == {slot.name for slot in languages.slots(language, NEEDS)}


def test_a_vietnamese_set_is_one_sitting() -> None:
    assert len(languages.slots(languages.all()["vi"], NEEDS)) <= 25


@given(st.integers(1, 99))
def test_parts_add_up_to_their_number_and_never_repeat(number: int) -> None:
    parts = languages.added(ADDED, number)
    assert parts is not None and sum(parts) == number
    assert list(parts) == sorted(set(parts), reverse=True)


def test_a_number_says_its_parts_in_their_order() -> None:
    made = languages.clauses(ADDED, "47", "1", "", NEEDS)
    assert made is not None and [slot.name for slot in made[0]] == ["number-40", "number-7"]


@pytest.mark.parametrize("label", ["", "A", "0", "1A2", "١٢", "12 34"])
def test_what_is_no_number_is_said_by_no_clause(label: str) -> None:
    assert languages.clauses(languages.all()["vi"], label, "1", "", NEEDS) is None


@pytest.mark.parametrize(
    "table",
    [
        {"call": "call number", "numbers": "whole", "most": 10},
        {"call": "call number, number, desk", "numbers": "whole", "most": 10},
        {"call": "hello number, desk", "numbers": "whole", "most": 10},
        {"call": "number, desk", "numbers": "words", "most": 10},
        {"call": "number, desk", "numbers": "whole", "most": 0},
        {"call": "number, desk", "numbers": "parts", "most": 20, "parts": "1-3 10"},
        {"call": "number, desk", "numbers": "guess", "most": 20},
    ],
)
def test_a_language_that_could_not_say_every_call_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        languages.read("xx", table)
