"""A slip as a value: written, read back, shown, and marked as a copy."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.ports import Malformed
from devices.slip import (
    Align,
    Band,
    Big,
    Part,
    Picture,
    Qr,
    Row,
    Rule,
    Size,
    Slip,
    Space,
    Text,
    as_text,
    decode,
    encode,
    marked_copy,
)
from tests.devices.samples import ticket

GOLDEN = Path(__file__).parent / "golden"

words = st.text(max_size=40)
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, words, st.sampled_from(Size), st.booleans(), st.sampled_from(Align)),
    st.builds(Big, words),
    st.builds(Picture, words, st.booleans()),
    st.builds(
        Qr,
        st.text(
            st.characters(min_codepoint=33, max_codepoint=0x1EFF, exclude_categories=["Cc", "Cs"]),
            min_size=1,
            max_size=60,
        ),
        words,
    ),
    st.builds(Rule, st.booleans()),
    st.builds(Space, st.integers(0, 400)),
    st.builds(Row, words, words, st.booleans()),
    st.builds(Band, words),
)
slips = st.builds(lambda found: Slip(tuple(found)), st.lists(parts, min_size=1, max_size=8))


@given(slips)
def test_a_slip_comes_back_equal_from_the_database(slip: Slip) -> None:
    assert decode(encode(slip)) == slip


@given(words)
def test_text_is_nfc_and_free_of_control_characters(text: str) -> None:
    kept = Text(text).text
    assert kept == unicodedata.normalize("NFC", kept)
    assert not any(unicodedata.category(mark) in ("Cc", "Cs") and mark != "\n" for mark in kept)


def test_a_name_with_nul_and_loose_marks_is_cleaned() -> None:
    loose = unicodedata.normalize("NFD", "Nguyễn Thị Mẫu")
    assert Text(f"{loose}\0\x1b@").text == "Nguyễn Thị Mẫu@"


def test_only_paragraphs_and_captions_have_more_than_one_line() -> None:
    assert Big("0\n17").text == "0 17"
    assert Row("Phí\n", "0\nđồng").right == "0 đồng"
    assert Text("một\nhai").text == "một\nhai"
    assert Qr("BEGIN:VCARD\nEND:VCARD", "a\nb").data == "BEGIN:VCARD\nEND:VCARD"


@given(slips)
def test_any_slip_can_be_shown_as_text(slip: Slip) -> None:
    shown = as_text(slip)
    assert shown.endswith("\n")
    assert all(line == line.rstrip() for line in shown.split("\n"))


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        assert isinstance(decode(text), Slip)
    except Malformed:
        pass


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '{"slip":1}',
        '{"slip":1,"parts":[]}',
        '{"slip":2,"parts":[{"part":"rule","woven":true}]}',
        '{"slip":true,"parts":[{"part":"rule","woven":true}]}',
        '{"slip":1,"parts":[{"part":"rule","woven":true}],"more":1}',
        '{"slip":1,"parts":[{"part":"table"}]}',
        '{"slip":1,"parts":[{"part":"rule","woven":1}]}',
        '{"slip":1,"parts":[{"part":"rule","colour":"red"}]}',
        '{"slip":1,"parts":[{"part":"text"}]}',
        '{"slip":1,"parts":[{"part":"text","text":"a","size":"huge"}]}',
        '{"slip":1,"parts":[{"part":"space","dots":-1}]}',
        '{"slip":1,"parts":[{"part":"qr","data":""}]}',
        '{"slip":1,"parts":["rule"]}',
    ],
)
def test_what_it_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        decode(text)


def test_fields_with_a_usual_value_may_be_left_out() -> None:
    assert decode('{"slip":1,"parts":[{"part":"text","text":"Chào"}]}') == Slip((Text("Chào"),))


def test_the_written_form_keeps_vietnamese_readable() -> None:
    assert "Đăng ký khai sinh" in encode(ticket())
    assert json.loads(encode(ticket()))["slip"] == 1


def test_a_copy_says_so_on_top_and_only_once() -> None:
    copy = marked_copy(ticket(), "BẢN SAO")
    assert copy.parts == (Band("BẢN SAO"), *ticket().parts)
    assert marked_copy(copy, "BẢN SAO") == copy


def test_too_much_for_a_qr_code_is_refused() -> None:
    with pytest.raises(Malformed):
        Qr("đ" * 301)


def test_the_ticket_reads_as_the_golden_file() -> None:
    assert as_text(marked_copy(ticket(), "BẢN SAO")) == (GOLDEN / "ticket.txt").read_text("utf-8")
