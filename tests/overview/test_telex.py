"""Un-typed Telex and VNI."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.overview import telex


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ddawng ky", "đăng ky"),
        ("ddawng kys", "đăng ký"),
        ("dangw kys", "dăng ký"),
        ("khai sinh", "khai sinh"),
        ("baor hieemr y tees", "bảo hiểm y tế"),
        ("ddieenj thoaij", "điện thoại"),
        ("nguwowif", "người"),
        ("nguoiwf", "người"),
        ("luwaf ddaor", "lừa đảo"),
        ("quees", "quế"),
        ("giaas", "giấ"),
        ("hoaf", "hòa"),
        ("thuyr", "thủy"),
        ("toans", "toán"),
        ("chuyeern", "chuyển"),
        ("d9a8ng ky1", "đăng ký"),
        ("d9ie6n5 thoai5", "điện thoại"),
        ("ngu7o7i2", "người"),
        ("3.000722", "3.000722"),
        ("windows", "windows"),
        ("facebook", "facebook"),
        ("Đăng ký", "Đăng ký"),
    ],
)
def test_telex_and_vni_are_read_as_meant(typed: str, meant: str) -> None:
    assert telex.read(typed) == meant


@given(st.text(max_size=60))
def test_any_text_comes_back_as_text(typed: str) -> None:
    assert isinstance(telex.read(typed), str)


@given(st.text(st.characters(categories=("Nd", "Zs", "Po"), max_codepoint=0x2FF), max_size=40))
def test_numbers_and_signs_are_left_alone(typed: str) -> None:
    assert telex.read(typed) == typed


@given(st.text("abcdeghiklmnopqrstuvxyfjw0123456789", min_size=1, max_size=14))
def test_a_word_never_grows_and_stays_in_one_normal_form(typed: str) -> None:
    meant = telex.word(typed)
    assert len(meant) <= len(typed)
    assert unicodedata.is_normalized("NFC", meant)
