"""What a reader sends over a line, put together again, however it is cut on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.reader_bytes import LONGEST, Line
from tests.devices.codes_corpus import CARD_2021, CARD_2024


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\0\r\n", b"\r\r"])
def test_a_code_ends_with_its_line(end: bytes) -> None:
    line = Line()
    assert line.feed(CARD_2021.encode() + end + CARD_2024.encode() + end) == [CARD_2021, CARD_2024]
    assert not line.begun


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20), max_size=6),
    st.lists(st.integers(0, 200), max_size=8),
)
def test_wherever_the_bytes_are_cut_the_codes_are_the_same(texts: list[str], cuts: list[int]) -> None:
    content = b"".join(text.encode() + b"\r\n" for text in texts)
    places = sorted({min(cut, len(content)) for cut in cuts} | {0, len(content)})
    line, found = Line(), []
    for start, end in zip(places, places[1:], strict=False):
        found += line.feed(content[start:end])
    assert found == [text for text in texts if text.encode().strip()]


def test_nul_is_no_part_of_a_code_and_no_end() -> None:
    line = Line()
    assert line.feed(b"a\0\0b\0") == []
    assert line.silence() == "ab"


def test_a_code_without_end_is_whole_in_silence_until_the_reader_was_seen_to_end_one() -> None:
    line = Line()
    line.feed(b"abc")
    assert line.begun and line.silence() == "abc"
    assert line.feed(b"def\r") == ["def"]
    line.feed(b"015155000000|ha")
    assert line.silence() is None and not line.begun


def test_half_a_code_is_dropped_with_the_cable() -> None:
    line = Line()
    line.feed(b"half")
    line.drop()
    assert line.feed(b"next\r") == ["next"]


def test_a_code_too_long_is_dropped_whole() -> None:
    line = Line()
    assert line.feed(b"x" * (LONGEST + 1) + b"\r") == []
    assert line.feed(b"y" * LONGEST + b"\r") == ["y" * LONGEST]
    line.feed(b"x" * (LONGEST + 1))
    assert line.begun and line.silence() is None


def test_bytes_that_are_no_utf8_show() -> None:
    assert Line().feed("Lý".encode("latin-1") + b"\r") == ["L\ufffd"]


def test_empty_lines_are_no_codes() -> None:
    assert Line().feed(b"\r\n\r\n \r\n\0\r") == []


@given(st.binary(max_size=500))
def test_no_bytes_break_it(content: bytes) -> None:
    line = Line()
    for text in line.feed(content):
        assert text.strip()
    line.silence()
    assert line.feed(b"next\r") == ["next"]
