"""The reader that judges the printer driver is strict itself."""

from __future__ import annotations

import pytest

from tests.contract.escpos_reader import Line, NotEscpos, Reader

ROW = b"\x1dv0\x00\x02\x00\x01\x00\x80\x01"
CUT = b"\x1dV\x00"


def test_a_raster_line_comes_out_dot_for_dot() -> None:
    (paper,) = Reader(16).read(b"\x1b@" + ROW + CUT).papers
    assert paper.rows == ((True,) + (False,) * 14 + (True,),)
    assert paper.cut == "full"


def test_a_column_line_comes_out_as_24_rows() -> None:
    stream = b"\x1b@\x1b3\x18\x1b*\x21\x02\x00" + b"\x80\x00\x00" + b"\x00\x00\x01" + b"\n\x1b2" + CUT
    (paper,) = Reader(16).read(stream).papers
    assert len(paper.rows) == 24
    assert paper.rows[0][:2] == (True, False)
    assert paper.rows[23][:2] == (False, True)


def test_stored_graphics_are_printed_when_told() -> None:
    body = b"0p0\x01\x011\x08\x00\x01\x00\xf0"
    stream = b"\x1d(L" + len(body).to_bytes(2, "little") + body + b"\x1d(L\x02\x0002" + CUT
    (paper,) = Reader(8).read(stream).papers
    assert paper.rows == ((True,) * 4 + (False,) * 4,)


def test_a_centred_image_stands_in_the_middle() -> None:
    (paper,) = Reader(32).read(b"\x1ba\x01" + ROW + CUT).papers
    assert [i for i, dot in enumerate(paper.rows[0]) if dot] == [8, 23]


def test_questions_are_told_apart_from_paper() -> None:
    reader = Reader(16).read(b"\x10\x04\x01\x10\x04\x04\x1dr\x01")
    assert reader.questions == [b"\x10\x04\x01", b"\x10\x04\x04", b"\x1dr\x01"]
    assert reader.papers == []


def test_a_line_of_letters_tells_its_page_and_its_look() -> None:
    stream = b"\x1b@" + ROW + b"\x1c.\x1bt\x1b\x1ba\x01\x1bE\x01\x1d!\x01Ti\xd5ng\n" + CUT
    (paper,) = Reader(16).read(stream).papers
    assert paper.lines == (Line(b"Ti\xd5ng", 27, bold=True, high=True, align=1, before=1),)


def test_a_reset_ends_every_look() -> None:
    stream = b"\x1c.\x1bt\x1b\x1bE\x01a\n\x1b@b\n" + CUT
    (paper,) = Reader(16).read(stream).papers
    assert [(line.code_page, line.bold) for line in paper.lines] == [(27, True), (0, False)]


def test_an_opened_drawer_is_counted() -> None:
    assert Reader(16).read(b"\x1bp\x00\x19\xfa").pulses == 1


@pytest.mark.parametrize(
    "stream",
    [
        b"hello",
        b"\x1b@\x1bt\x1b\xb5\n",
        b"\x1c.hello\x7f\n",
        b"hello" + ROW,
        b"\x1c&",
        b"\x1bp\x05\x10\x20",
        b"\x1d!\x11a\n",
        b"\x1b3\x10\x1b*\x21\x01\x00\xff\xff\xff\n",
        b"\x1bQ",
        b"\x10\x04\x07",
        ROW[:-1],
        b"\x1dv0\x01\x02\x00\x01\x00\x80\x01",
        b"\x1dv0\x00\x00\x00\x01\x00",
        b"\x1dv0\x00\x03\x00\x01\x00\x00\x00\x00",
        b"\x1b*\x00\x01\x00\xff",
        b"\x1b*\x21\x01\x00\xff\xff\xff",
        b"\x1b*\x21\x01\x00\xff\xff\xff" + ROW,
        b"\x1d(L\x0b\x000p0\x01\x011\x10\x00\x01\x00\xf0",
        b"\x1d(L\x0b\x000p0\x01\x011\x08\x00\x01\x00\xf0",
        b"\x1d(L\x0b\x000p0\x02\x011\x08\x00\x01\x00\xf0",
        b"\x1d(L\x02\x0002",
        b"\x1d(L\x0b\x000p0\x01\x011\x04\x00\x01\x00\xff\x1d(L\x02\x0002",
        b"\x1dV\x05",
        b"\x1b",
    ],
)
def test_what_a_strict_printer_would_not_understand_is_refused(stream: bytes) -> None:
    with pytest.raises(NotEscpos):
        Reader(16).read(stream)
