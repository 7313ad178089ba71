"""Vietnamese text: what is cleaned, what is folded."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import text


def test_d_with_stroke_folds_to_d_as_do_its_lookalikes() -> None:
    assert text.fold("Đăng ký ĐẶNG Ðường ðá") == "dang ky dang duong da"


def test_both_tone_placements_fold_alike() -> None:
    assert text.fold("hoà") == text.fold("hòa") == "hoa"


def test_decomposed_text_is_kept_composed() -> None:
    assert text.clean(unicodedata.normalize("NFD", "Nguyễn Thị Mẫu")) == "Nguyễn Thị Mẫu"


def test_nul_and_control_characters_are_dropped_from_a_name() -> None:
    assert text.clean("Lý\x00 A\x07 Mẫu\r\n") == "Lý A Mẫu"


def test_lines_survive_only_where_lines_are_wanted() -> None:
    assert text.clean("một\r\nhai", lines=True) == "một\nhai"
    assert text.clean("một\r\nhai") == "một hai"


def test_curly_and_straight_apostrophes_compare_equal() -> None:
    assert text.fold("A’Mẫu") == text.fold("A'Mẫu")


def test_names_sort_by_the_given_word() -> None:
    names = ["Vàng Thị An", "Bùi Văn Ý", "Lý A Bình"]
    assert sorted(names, key=text.given_name_key) == ["Vàng Thị An", "Lý A Bình", "Bùi Văn Ý"]


@given(st.text())
def test_cleaning_twice_changes_nothing_more(typed: str) -> None:
    once = text.clean(typed)
    assert text.clean(once) == once
    assert "\x00" not in once


@given(st.text())
def test_folding_twice_changes_nothing_more(typed: str) -> None:
    assert text.fold(text.fold(typed)) == text.fold(typed)


@pytest.mark.parametrize("word", ["thuế", "lệ phí", "số", "Mường Khương"])
def test_stacked_marks_are_folded(word: str) -> None:
    assert text.fold(word).isascii()
