"""Vietnamese numbers against a second reading, written from the rules as a grammar tells them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import spoken
from hub.base.spoken import Manner
from hub.trades.speech import words

_DIGITS = "không một hai ba bốn năm sáu bảy tám chín".split()
MANNERS = [
    Manner(gap, thousand, four)
    for gap in ("lẻ", "linh")
    for thousand in ("nghìn", "ngàn")
    for four in ("bốn", "tư")
]


def heard(text: str) -> int:
    """Return the number that is heard, word by word, below a million; fails on what no Vietnamese says.

    It goes the other way, from the words to the number, and so shares nothing with the writer.
    """
    total = group = 0
    seen_thousand = False
    last = None
    for word in text.split():
        if word in ("nghìn", "ngàn"):
            assert group and not seen_thousand, text
            total, group, seen_thousand = group * 1000, 0, True
        elif word == "trăm":
            assert last is not None and group == last, text
            group = last * 100
        elif word in ("lẻ", "linh"):
            assert group % 100 == 0 and last == "trăm", text
        elif word == "mười":
            assert group % 100 == 0, text
            group += 10
        elif word == "mươi":
            assert isinstance(last, int) and 2 <= last <= 9, text
            group += 9 * last
        else:
            special = {"mốt": 1, "tư": 4, "lăm": 5}
            value = special[word] if word in special else _DIGITS.index(word)
            if word in ("mốt", "tư"):
                assert last == "mươi", text
            if word == "lăm":
                assert last in ("mươi", "mười"), text
            if value in (1, 5) and last == "mươi":
                assert word in special, text
            if value == 5 and last == "mười":
                assert word == "lăm", text
            if last == "trăm":
                # Tens follow, or a gap word would have stood here.
                assert 2 <= value <= 9, text
            group += value
            last = value
            continue
        last = word
    return total + group


@given(st.integers(0, 999_999), st.sampled_from(MANNERS))
def test_every_number_is_heard_as_itself(number: int, manner: Manner) -> None:
    said = spoken.number(number, "vi", manner)
    assert heard(said) == number
    others = {"lẻ", "linh"} - {manner.gap} | {"nghìn", "ngàn"} - {manner.thousand}
    assert not others & set(said.split())


def test_every_ticket_number_is_heard_as_itself() -> None:
    assert [heard(spoken.number(number, "vi")) for number in range(1, 2000)] == list(range(1, 2000))


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (21, "hai mươi mốt"),
        (24, "hai mươi tư"),
        (14, "mười bốn"),
        (104, "một trăm linh bốn"),
        (15, "mười lăm"),
        (105, "một trăm linh năm"),
        (1005, "một ngàn không trăm linh năm"),
        (110, "một trăm mười"),
        (111, "một trăm mười một"),
        (999_999, "chín trăm chín mươi chín ngàn chín trăm chín mươi chín"),
    ],
)
def test_a_region_is_heard_in_its_own_words(number: int, said: str) -> None:
    assert spoken.number(number, "vi", Manner("linh", "ngàn", "tư")) == said


def test_pages_are_read_in_the_regions_words_too() -> None:
    manner = Manner("linh", "ngàn", "tư")
    assert (
        words.spoken_form("24/7, 1.005 ₫", "vi", manner)
        == "hai mươi tư trên bảy, một ngàn không trăm linh năm đồng"
    )
    assert words.spoken_form("124", "en", manner) == "one hundred twenty-four"
