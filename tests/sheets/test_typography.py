from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sheets import typography
from hub.sheets.typography import Face, Run

VOWELS = "aăâeêioôơuưy"
MARKS = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
LETTERS = "".join(unicodedata.normalize("NFC", v + m) for v in VOWELS + VOWELS.upper() for m in MARKS) + "đĐ"
_ANY = st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"]), max_size=120)


def _said(text: str, across: float, face: Face = Face.SERIF) -> list[str]:
    return [typography.text_of(line) for line in typography.lines((Run(text, face, 10.0),), across)]


@pytest.mark.parametrize("face", Face)
def test_every_vietnamese_letter_is_in_every_face(face: Face) -> None:
    assert typography.printable(LETTERS, face) == LETTERS
    assert len(set(LETTERS)) == 146


def test_letters_that_came_apart_are_joined() -> None:
    assert typography.printable(unicodedata.normalize("NFD", "Nguyễn Thị Mẫu")) == "Nguyễn Thị Mẫu"


def test_a_letter_no_face_has_leaves_a_sign_that_something_stood_there() -> None:
    assert typography.printable("Lý 日本") == "Lý \ufffd\ufffd"


def test_a_sign_that_only_steers_other_letters_leaves_nothing() -> None:
    assert typography.printable("Lý\u200b A\u202e Mẫu\x07") == "Lý A Mẫu"


@pytest.mark.parametrize("held", ["30 ngày", "500.000 đồng", "Điều 20", "khoản 2", "điểm a", "Mẫu CT01"])
def test_a_number_stays_with_what_it_counts(held: str) -> None:
    across = typography.width(f"aaaa {held}", Face.SERIF, 10.0) - 2
    assert _said(f"aaaa {held} bbbb", across) == ["aaaa", *_said(f"{held} bbbb", across)]
    assert _said(f"aaaa {held}", 10_000) == [f"aaaa {held}"]


def test_the_star_of_a_doubt_does_not_begin_a_line() -> None:
    across = typography.width("căn cước", Face.SERIF, 10.0) + 1
    assert _said("thẻ căn cước *", across)[-1] == "cước *"


def test_a_word_longer_than_a_line_is_divided_at_a_seam_and_whole() -> None:
    said = _said("http://nha.example/thu-tuc/dang-ky-thuong-tru", 130)
    assert len(said) > 1 and "".join(said) == "http://nha.example/thu-tuc/dang-ky-thuong-tru"
    assert said[0][-1] in "-/."


def test_a_mark_is_not_parted_from_its_letter() -> None:
    said = _said("Ê\u0306" * 60, 40)
    assert all(not unicodedata.combining(line[0]) for line in said)
    assert "".join(said) == "Ê\u0306" * 60


def test_a_footnote_goes_down_with_its_word() -> None:
    word = Run("kiến", Face.SERIF, 10.0)
    lines = typography.lines(
        (Run("Ý ", Face.SERIF, 10.0), word, Run("(4)", Face.SERIF, 6.0, 3.0)), word.width + 2
    )
    assert [typography.text_of(line) for line in lines][0] == "Ý"
    assert "kiến" in typography.text_of(lines[1])


def test_what_fits_on_no_line_at_its_size_is_set_smaller_then_on_more_lines() -> None:
    short = typography.fitted("Mẫu", Face.SERIF, 10, 7, 100)
    smaller = typography.fitted("Nguyễn Thị Mẫu", Face.SERIF, 10, 7, 60)
    long = typography.fitted("Nguyễn Thị Mẫu " * 5, Face.SERIF, 10, 7, 60)
    assert short[0][0].size == 10 and len(smaller) == 1 and 7 <= smaller[0][0].size < 10
    assert len(long) > 1 and {run.size for line in long for run in line} == {7}


@given(_ANY, st.floats(30, 400))
def test_breaking_loses_no_letter_and_keeps_to_the_room(text: str, across: float) -> None:
    lines = typography.lines((Run(text, Face.SERIF, 10.0),), across)
    said = "".join(typography.text_of(line) for line in lines)
    assert said.replace(" ", "") == typography.printable(text).replace(" ", "")
    for line in lines:
        # One letter alone may be wider than a room as narrow as itself.
        if len(typography.text_of(line).strip()) > 1:
            assert sum(run.width for run in line) <= across + 0.1


@given(_ANY)
def test_the_pieces_of_a_run_say_all_of_it(text: str) -> None:
    said = typography.printable(text)
    pieces = list(typography.pieces(Run(said, Face.SANS, 10.0)))
    told = "".join(piece.text + "".join(mark for mark, _, _ in piece.marks) for piece in pieces)
    assert sorted(told) == sorted(said)
