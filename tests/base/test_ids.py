"""Follow codes: what a person may read out and mistype."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import ids
from hub.base.errors import Refused

_BODIES = st.text(alphabet=ids.ALPHABET, min_size=7, max_size=7)


def _code(body: str) -> str:
    return body + ids._check(body)


def test_a_code_has_no_character_that_looks_like_another() -> None:
    for _ in range(200):
        assert not set(ids.new_follow_code()) & set("0O1IL")


def test_a_code_may_be_typed_small_and_without_the_dash() -> None:
    code = ids.new_follow_code()
    assert ids.read_follow_code(f" {code.replace('-', ' ').lower()} ") == code


@given(_BODIES, st.integers(0, 7), st.sampled_from(ids.ALPHABET))
def test_one_wrong_character_is_always_noticed(body: str, place: int, wrong: str) -> None:
    code = _code(body)
    changed = code[:place] + wrong + code[place + 1 :]
    if changed != code:
        with pytest.raises(Refused):
            ids.read_follow_code(changed)


@given(_BODIES, st.integers(0, 6))
def test_two_swapped_neighbours_are_always_noticed(body: str, place: int) -> None:
    code = _code(body)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if swapped != code:
        with pytest.raises(Refused):
            ids.read_follow_code(swapped)


@given(st.text())
def test_any_text_is_a_code_or_refused(typed: str) -> None:
    try:
        assert len(ids.read_follow_code(typed)) == 9
    except Refused as bad:
        assert bad.key == "ids.code_wrong"
