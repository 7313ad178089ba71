"""Folded text that remembers where it came from."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import aligned, text


@given(st.text(max_size=200))
def test_every_folded_letter_points_into_the_original(original: str) -> None:
    seen = aligned.fold(original)
    assert len(seen.folded) == len(seen.at)
    assert list(seen.at) == sorted(seen.at)
    assert all(0 <= place < len(original) for place in seen.at)


@given(st.text(st.characters(categories=("Lu", "Ll", "Nd", "Zs"), max_codepoint=0x1EFF), max_size=80))
def test_without_lookalikes_it_agrees_with_the_plain_fold(original: str) -> None:
    compatible = unicodedata.normalize("NFKC", original)
    folded = aligned.fold(compatible, alike=False).folded
    assert " ".join(folded.split()) == " ".join(text.fold(compatible).split())


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_found_word_is_shown_with_all_its_marks(form: str) -> None:
    original = unicodedata.normalize(form, "Xin đọc mã xác nhận")  # type: ignore[arg-type]
    seen = aligned.fold(original)
    start = seen.folded.index("nhan")
    assert unicodedata.normalize("NFC", seen.shown(start, start + 4)) == "nhận"


def test_invisible_and_foreign_letters_are_seen_through() -> None:
    assert aligned.fold("v\u200bnеіd ＯＴＰ").folded == "vneid otp"
    assert aligned.fold("е", alike=False).folded == "е"
    assert aligned.fold("a").shown(1, 1) == ""
