"""Amounts as people write them, numbers as people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import money, spoken
from hub.base.errors import Refused


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("500.000đ", 500_000),
        ("500.000 ₫", 500_000),
        ("500 nghìn", 500_000),
        ("500k", 500_000),
        ("1,2 triệu", 1_200_000),
        ("1.200.000", 1_200_000),
        ("25000", 25_000),
        ("0 đồng", 0),
        ("32,5k", 32_500),
    ],
)
def test_amounts_are_read_as_people_write_them(typed: str, amount: int) -> None:
    assert money.read(typed) == amount


@pytest.mark.parametrize("typed", ["", "abc", "-5", "1,5", "12.34.5", "5 con", "9" * 30])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(Refused):
        money.read(typed)


@given(st.integers(0, money.MOST))
def test_what_is_shown_is_read_back(amount: int) -> None:
    assert money.read(money.show(amount)) == amount


@given(st.text())
def test_any_text_is_an_amount_or_refused(typed: str) -> None:
    try:
        assert 0 <= money.read(typed) <= money.MOST
    except Refused as bad:
        assert bad.key == "money.unreadable"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "không"),
        (5, "năm"),
        (10, "mười"),
        (11, "mười một"),
        (15, "mười lăm"),
        (20, "hai mươi"),
        (21, "hai mươi mốt"),
        (24, "hai mươi bốn"),
        (25, "hai mươi lăm"),
        (100, "một trăm"),
        (105, "một trăm lẻ năm"),
        (111, "một trăm mười một"),
        (1_005, "một nghìn không trăm lẻ năm"),
        (50_000_000, "năm mươi triệu"),
        (1_000_001, "một triệu không trăm lẻ một"),
    ],
)
def test_numbers_are_said_as_vietnamese_says_them(value: int, words: str) -> None:
    assert spoken.number(value, "vi") == words


def test_english_numbers_are_said_too() -> None:
    assert spoken.number(342, "en") == "three hundred forty-two"
    assert spoken.number(1_000_012, "en") == "one million twelve"


@given(st.integers(0, spoken.MOST), st.sampled_from(["vi", "en"]))
def test_every_number_has_words_without_digits(value: int, lang: str) -> None:
    words = spoken.number(value, lang)
    assert words and not any(mark.isdigit() for mark in words) and "  " not in words
