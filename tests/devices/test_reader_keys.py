"""What a reader types, put together again: letters, signs, Alt numbers, Ctrl+Shift+U, and what goes wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import ident
from devices.drivers.reader_keys import LONGEST, Typing
from tests.contract.readers import keys
from tests.devices.codes_corpus import CARD_2021, CARD_2024

ENTER, KEYPAD_ENTER, TAB, CAPS, SHIFT, CTRL, ALT, U, SPACE = 28, 96, 15, 58, 42, 29, 56, 22, 57
US = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-=!@#$%^&*()_+[]{};':\"`~\\|,./<>? "


def typed(typing: Typing, events: list[tuple[int, int]]) -> list[str]:
    return [text for code, value in events if (text := typing.key(code, value)) is not None]


def code(text: str, end: int = ENTER) -> list[tuple[int, int]]:
    return [*keys(text), (end, 1), (end, 0)]


def press(*codes: int) -> list[tuple[int, int]]:
    return [(one, 1) for one in codes] + [(one, 0) for one in reversed(codes)]


@given(st.text(US, min_size=1, max_size=60), st.sampled_from([ENTER, KEYPAD_ENTER, TAB]))
def test_every_key_of_a_us_keyboard_is_its_letter(text: str, end: int) -> None:
    assert typed(Typing(), code(text, end)) == [text]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30))
def test_every_other_letter_comes_by_its_number(text: str) -> None:
    assert typed(Typing(), code(text)) == [text]


@pytest.mark.parametrize("card", [CARD_2021, CARD_2024])
def test_a_card_typed_byte_by_byte_is_read_all_the_same(card: str) -> None:
    (text,) = typed(Typing(), code(card.encode().decode("latin-1")))
    assert text != card
    assert ident.parse(text) == ident.parse(card)


@pytest.mark.parametrize("end", ["space", "enter", "release"])
def test_letters_by_ctrl_shift_u(end: str) -> None:
    # Ctrl and Shift held, U, then 1EC5 (ễ) without or with them.
    digits = [event for letter in "1ec5" for event in keys(letter)]
    if end == "release":
        begin = [(CTRL, 1), (SHIFT, 1), (U, 1), (U, 0)]
        letter = [*begin, *digits, (SHIFT, 0), (CTRL, 0)]
    else:
        begin = [(CTRL, 1), (SHIFT, 1), (U, 1), (U, 0), (SHIFT, 0), (CTRL, 0)]
        letter = [*begin, *digits, *press(SPACE if end == "space" else ENTER)]
    assert typed(Typing(), [*keys("Nguy"), *letter, *code("n")]) == ["Nguyễn"]


def test_caps_lock_turns_letters_and_nothing_else() -> None:
    assert typed(Typing(), [*press(CAPS), *code("ab1|"), *press(CAPS), *code("ab")]) == ["AB1|", "ab"]


def test_a_key_held_down_is_one_letter() -> None:
    assert typed(Typing(), [(30, 1), (30, 2), (30, 2), (30, 0), (ENTER, 1)]) == ["a"]


def test_shortcuts_and_keys_without_a_letter_are_no_letters() -> None:
    noise = [(CTRL, 1), (46, 1), (46, 0), (CTRL, 0), *press(59), *press(103), *press(125)]
    assert typed(Typing(), [*noise, *code("a")]) == ["a"]


def test_a_number_that_is_no_letter_is_left_out() -> None:
    alt = [
        (ALT, 1),
        *press(73),
        *press(73),
        *press(73),
        *press(73),
        *press(73),
        *press(73),
        *press(73),
        (ALT, 0),
    ]
    assert typed(Typing(), [*alt, *code("a")]) == ["a"]


def test_a_code_without_end_is_whole_in_silence_until_the_reader_was_seen_to_end_one() -> None:
    typing = Typing()
    typed(typing, keys("abc"))
    assert typing.begun and typing.silence() == "abc"
    assert typing.silence() is None
    typed(typing, code("def"))
    typed(typing, keys("half"))
    assert typing.silence() is None and not typing.begun


def test_a_code_too_long_is_dropped_whole() -> None:
    typing = Typing()
    assert typed(typing, code("x" * (LONGEST + 5))) == []
    assert typed(typing, code("y" * LONGEST)) == ["y" * LONGEST]


def test_after_a_pulled_cable_no_key_is_held() -> None:
    typing = Typing()
    typed(typing, [(SHIFT, 1), *press(30)])
    typing.drop()
    assert typed(typing, code("a")) == ["a"]


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(-1, 3)), max_size=200))
def test_no_keys_break_it(events: list[tuple[int, int]]) -> None:
    typing = Typing()
    for text in typed(typing, events):
        assert 0 < len(text) <= LONGEST
    typing.silence()
    typing.drop()
    assert typed(typing, code("Next|1")) == ["Next|1"]
