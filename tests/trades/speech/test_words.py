"""Texts as they are said."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.trades.speech import words


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Mời số 12, đến bàn số 1", "Mời số mười hai, đến bàn số một"),
        (
            "Ngày 05/11/2026 lúc 07:30",
            "ngày mùng năm tháng mười một năm hai nghìn không trăm hai mươi sáu lúc bảy giờ ba mươi phút",
        ),
        ("từ tháng 4/2026", "từ tháng tư năm hai nghìn không trăm hai mươi sáu"),
        ("500.000 ₫", "năm trăm nghìn đồng"),
        ("1.500.000đ", "một triệu năm trăm nghìn đồng"),
        ("0 đồng", "không đồng"),
        ("12,5%", "mười hai phẩy năm phần trăm"),
        ("30-45 phút", "ba mươi đến bốn mươi lăm phút"),
        ("24/7", "hai mươi bốn trên bảy"),
        ("số A12", "số A mười hai"),
        ("3kg", "ba kg"),
        ("0912000000", "không chín một hai không không không không không không"),
        (
            "căn cước 001099000000",
            "căn cước không không một không chín chín không không không không không không",
        ),
        ("ngày 99/99/2026", "chín chín chín chín hai không hai sáu"),
        ("Không có số nào.", "Không có số nào."),
    ],
)
def test_vietnamese_numbers_are_said_in_words(written: str, said: str) -> None:
    assert words.spoken_form(written, "vi") == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Number 12 to desk 1", "Number twelve to desk one"),
        ("05/11/2026", "five November two thousand twenty-six"),
        ("at 07:05", "at seven oh five"),
        ("500.000 ₫", "five hundred thousand dong"),
        ("20%", "twenty percent"),
        ("2.5 kg", "two point five kg"),
    ],
)
def test_english_numbers_are_said_in_words(written: str, said: str) -> None:
    assert words.spoken_form(written, "en") == said


@given(st.text(max_size=300), st.sampled_from(["vi", "en", "fr"]))
def test_any_text_can_be_said_and_no_plain_digit_is_left(text: str, lang: str) -> None:
    said = words.spoken_form(text, lang)
    assert not any(mark in "0123456789" for mark in said)


@given(
    st.lists(st.sampled_from("0123456789/.,:-%₫đ hA"), max_size=60).map("".join),
    st.sampled_from(["vi", "en"]),
)
@example("0:000", "vi")
@example("0.0000", "vi")
def test_any_jumble_of_numbers_can_be_said(text: str, lang: str) -> None:
    assert not any(mark in "0123456789" for mark in words.spoken_form(text, lang))
