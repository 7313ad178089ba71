"""Lay a slip out on paper and turn it into black and white dots.

One typeface in three sizes and one big number, margins, and a height that is a whole number of 24-dot rows,
which every ESC/POS image command can print alike. Edges are cut at half grey: no dithering, so text stays
crisp on a thermal head. Never fails for what a slip may hold: a picture that is missing from the book
leaves the paper without it, and says so in the log, because a ticket without its animal is still a ticket.
"""

from __future__ import annotations

import functools
import logging
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import segno
from PIL import Image, ImageChops, ImageDraw

from devices import fonts, weave
from devices.picture import PictureBook
from devices.ports import Malformed
from devices.slip import Align, Band, Big, Part, Picture, Qr, Row, Rule, Size, Slip, Space, Text

_log = logging.getLogger(__name__)

WIDTHS = (576, 512, 384)
ROW = 24
"""Every height is a multiple of this."""
LONGEST = 16_000
"""Two metres of paper; whoever wants more has made a mistake."""


@dataclass(frozen=True, slots=True)
class _Measures:
    width: int
    margin: int
    sizes: dict[Size, int]
    big: int
    picture: int
    qr: int
    cell: int

    @property
    def inner(self) -> int:
        return self.width - 2 * self.margin


_MEASURES = {
    576: _Measures(576, 28, {Size.SMALL: 23, Size.NORMAL: 29, Size.LARGE: 40}, 176, 168, 232, 3),
    512: _Measures(512, 24, {Size.SMALL: 21, Size.NORMAL: 27, Size.LARGE: 37}, 156, 152, 208, 3),
    384: _Measures(384, 14, {Size.SMALL: 21, Size.NORMAL: 25, Size.LARGE: 32}, 132, 128, 208, 2),
}


@dataclass(frozen=True, slots=True)
class _Block:
    """A part that knows its height and how to paint itself at a given line of the sheet."""

    height: int
    paint: Callable[[Image.Image, int], None]


def render(slip: Slip, width: int, pictures: PictureBook | None = None) -> Image.Image:
    """Return the slip as a 1-bit image, black on white, ``width`` (one of ``WIDTHS``) dots wide.

    Raises Unsupported when the machine has no usable typeface, Malformed for another width or a slip of
    more than two metres.
    """
    if width not in _MEASURES:
        raise Malformed(f"no layout for {width} dots")
    measures = _MEASURES[width]
    blocks = [_block(part, measures, pictures) for part in slip.parts]
    height = sum(block.height for block in blocks) + measures.margin
    if height > LONGEST:
        raise Malformed(f"a slip of {height} dots is longer than {LONGEST}")
    sheet = Image.new("L", (width, -(-height // ROW) * ROW), 255)
    y = measures.margin // 2
    for block in blocks:
        block.paint(sheet, y)
        y += block.height
    return sheet.point(_CUT).convert("1", dither=Image.Dither.NONE)


_CUT = [0 if grey < 150 else 255 for grey in range(256)]


def _block(part: Part, measures: _Measures, pictures: PictureBook | None) -> _Block:
    match part:
        case Text(text, size, bold, align):
            fold = _balanced if align is Align.CENTRE else wrap
            return _text(fold(text, measures.sizes[size], bold, measures.inner), measures, size, bold, align)
        case Big(text):
            return _big(text, measures)
        case Picture(name, inverted):
            return _picture(name, inverted, measures, pictures)
        case Qr(data, caption):
            return _qr(data, caption, measures)
        case Rule(woven):
            return _woven(measures) if woven else _line(measures)
        case Space(dots):
            return _Block(dots * measures.width // 576, lambda sheet, y: None)
        case Row(left, right, bold):
            return _row(left, right, bold, measures)
        case Band(text):
            return _band(text, measures)


def wrap(text: str, size: int, bold: bool, room: int) -> list[str]:
    """Break text into lines of at most ``room`` dots.

    At newlines, at spaces, and inside words too long for a line.
    """
    space = _length(" ", size, bold)
    lines: list[str] = []
    for paragraph in unicodedata.normalize("NFC", text).split("\n"):
        line, taken = "", 0.0
        for word in paragraph.split():
            wide = _length(word, size, bold)
            if line and taken + space + wide <= room:
                line, taken = f"{line} {word}", taken + space + wide
                continue
            if line:
                lines.append(line)
            line, taken = word, wide
            if wide > room:
                *broken, line = _broken(word, size, bold, room)
                lines.extend(broken)
                taken = _length(line, size, bold)
        lines.append(line)
    return lines


def _balanced(text: str, size: int, bold: bool, room: int) -> list[str]:
    """Wrap into as few lines as ``wrap`` does, but of about one length: no single word is left over."""
    best = wrap(text, size, bold, room)
    if len(best) == 1 or "\n" in text:
        return best
    for narrower in range(room - size, room // len(best), -size):
        tried = wrap(text, size, bold, narrower)
        if len(tried) > len(best):
            break
        best = tried
    return best


def _length(text: str, size: int, bold: bool) -> float:
    # Letter by letter, from a cache of letters: measuring whole words takes longer than drawing them, and
    # a cache of words would keep what people are called.
    if fonts.simple(text):
        return sum(_advance(mark, size, bold) for mark in text)
    return sum(_across(run, size, bold) for run in fonts.runs(text))


def _across(run: fonts.Run, size: int, bold: bool) -> float:
    face, way = fonts.drawn(run, size, bold)
    return face.getlength(run.text, direction=way)


@functools.lru_cache(maxsize=4096)
def _advance(mark: str, size: int, bold: bool) -> float:
    return fonts.face(size, bold, mark).getlength(mark)


def _broken(word: str, size: int, bold: bool, room: int) -> Iterator[str]:
    piece = ""
    for mark in word:
        # A mark stays with its letter even where the line is full.
        if piece and not fonts.attached(mark) and _length(piece + mark, size, bold) > room:
            yield piece
            piece = ""
        piece += mark
    yield piece


def _leading(size: int) -> int:
    # Noto's own line height is 1.36; Vietnamese capitals with two marks need 1.3 to stand clear.
    return round(size * 1.32)


def _write(
    sheet: Image.Image,
    at: tuple[float, float],
    text: str,
    size: int,
    bold: bool,
    *,
    anchor: str = "ls",
    ink: int = 0,
) -> None:
    paper = ImageDraw.Draw(sheet)
    if fonts.simple(text):
        paper.text(at, text, fill=ink, font=fonts.face(size, bold, text), anchor=anchor)
        return
    x, y = at[0] - {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]] * _length(text, size, bold), at[1]
    for run in fonts.runs(text):
        face, way = fonts.drawn(run, size, bold)
        paper.text((x, y), run.text, fill=ink, font=face, anchor="ls", direction=way)
        x += _across(run, size, bold)


def _text(lines: list[str], measures: _Measures, size: Size, bold: bool, align: Align) -> _Block:
    dots = measures.sizes[size]
    x, anchor = {
        Align.LEFT: (measures.margin, "ls"),
        Align.CENTRE: (measures.width // 2, "ms"),
        Align.RIGHT: (measures.width - measures.margin, "rs"),
    }[align]

    def paint(sheet: Image.Image, y: int) -> None:
        for number, line in enumerate(lines):
            at, side = x, anchor
            if align is Align.LEFT and fonts.rtl(line):
                at, side = measures.width - measures.margin, "rs"
            _write(
                sheet, (at, y + number * _leading(dots) + round(dots * 1.04)), line, dots, bold, anchor=side
            )

    return _Block(len(lines) * _leading(dots), paint)


def _big(text: str, measures: _Measures) -> _Block:
    size = measures.big
    while size > measures.sizes[Size.LARGE] and _length(text, size, True) > measures.inner:
        size -= 4
    lines = wrap(text, size, True, measures.inner)
    # Digits have no descenders: the block is as high as the ink, with a little air.
    box = fonts.face(size, True, text).getbbox(
        "0ÁỄgj" if any(mark.isalpha() for mark in text) else "0", anchor="ls"
    )
    step, top = round(box[3] - box[1] + size * 0.16), -round(box[1])

    def paint(sheet: Image.Image, y: int) -> None:
        for number, line in enumerate(lines):
            at = (measures.width // 2, y + number * step + top + round(size * 0.08))
            _write(sheet, at, line, size, True, anchor="ms")

    return _Block(step * len(lines), paint)


def _picture(name: str, inverted: bool, measures: _Measures, pictures: PictureBook | None) -> _Block:
    try:
        if pictures is None:
            raise Malformed("this printer has no picture book")
        art = pictures.picture(name, measures.picture)
    except Malformed as error:
        _log.warning("slip printed without its picture: %s", error.detail)
        return _Block(0, lambda sheet, y: None)
    pad = measures.picture // 8 if inverted else 4
    side = measures.picture + 2 * pad
    air = measures.margin // 3 if inverted else 0

    def paint(sheet: Image.Image, y: int) -> None:
        y += air
        left = (measures.width - side) // 2
        if inverted:
            ImageDraw.Draw(sheet).rounded_rectangle(
                (left, y, left + side - 1, y + side - 1), radius=pad, fill=0
            )
        sheet.paste(255 if inverted else 0, (left + pad, y + pad), ImageChops.invert(art))

    return _Block(side + 2 * air, paint)


def _qr(data: str, caption: str, measures: _Measures) -> _Block:
    code = segno.make(data, error="m", micro=False, boost_error=False)
    across = int(code.symbol_size(scale=1, border=4)[0])
    # Whole dots a module, never under 3 (0.4 mm), which phone cameras still read from thermal paper.
    module = max(3, min(8, measures.qr // across))
    side = across * module
    dots = measures.sizes[Size.SMALL]
    beside = measures.inner - side - measures.margin // 2
    lines = wrap(caption, dots, False, beside) if caption and beside >= measures.qr * 0.9 else []
    below = _balanced(caption, dots, False, measures.inner) if caption and not lines else []

    def paint(sheet: Image.Image, y: int) -> None:
        # The quiet zone may run into the margin: both are white.
        left = max(0, measures.margin - 4 * module) if lines else (measures.width - side) // 2
        dots_of = b"".join(
            bytes(0 if dark else 255 for dark in row) for row in code.matrix_iter(scale=1, border=4)
        )
        art = Image.frombytes("L", (across, across), dots_of)
        sheet.paste(art.resize((side, side), Image.Resampling.NEAREST), (left, y))
        first = y + max(0, (side - len(lines) * _leading(dots)) // 2)
        for number, line in enumerate(lines):
            _write(sheet, (left + side + 2, first + number * _leading(dots) + dots), line, dots, False)
        for number, line in enumerate(below):
            at = (measures.width // 2, y + side - 2 * module + number * _leading(dots) + dots)
            _write(sheet, at, line, dots, False, anchor="ms")

    return _Block(max(side, len(lines) * _leading(dots)) + len(below) * _leading(dots), paint)


def _line(measures: _Measures) -> _Block:
    pad = measures.margin // 2

    def paint(sheet: Image.Image, y: int) -> None:
        span = (measures.margin, y + pad, measures.width - measures.margin - 1, y + pad + 1)
        ImageDraw.Draw(sheet).rectangle(span, fill=0)

    return _Block(2 * pad + 2, paint)


def _woven(measures: _Measures) -> _Block:
    cloth = _cloth(measures.inner // measures.cell, measures.cell)
    pad = measures.margin // 3

    def paint(sheet: Image.Image, y: int) -> None:
        sheet.paste(cloth, ((measures.width - cloth.width) // 2, y + pad))

    return _Block(cloth.height + 2 * pad, paint)


@functools.cache
def _cloth(room: int, cell: int) -> Image.Image:
    # The weave is its own mirror image around the middle of a repeat: an odd number of threads, counted from
    # there, ends alike on both sides.
    threads = (room - 1) // 2 * 2 + 1
    repeat = len(weave.WEAVE[0])
    shift = repeat // 2 - threads // 2
    edge = ["1" * threads, "0" * threads]
    rows = (
        edge
        + ["".join(row[(i + shift) % repeat] for i in range(threads)) for row in weave.WEAVE]
        + edge[::-1]
    )
    ink = bytes(0 if thread == "1" else 255 for row in rows for thread in row)
    cloth = Image.frombytes("L", (threads, len(rows)), ink)
    return cloth.resize((threads * cell, len(rows) * cell), Image.Resampling.NEAREST)


def _row(left: str, right: str, bold: bool, measures: _Measures) -> _Block:
    dots = measures.sizes[Size.NORMAL]
    amount = wrap(right, dots, True, measures.inner * 3 // 5)
    taken = max(_length(line, dots, True) for line in amount)
    lines = _balanced(left, dots, bold, int(measures.inner - taken - dots))
    # The amount stands on the last line of what it belongs to; what would become a narrow column beside it
    # takes the whole width instead, and the amount a line of its own.
    first = max(0, len(lines) - len(amount))
    if len(lines) > 2 or len(amount) > 1:
        lines = wrap(left, dots, bold, measures.inner)
        amount = wrap(right, dots, True, measures.inner)
        room = measures.inner - dots - _length(amount[0], dots, True)
        first = len(lines) - 1 if _length(lines[-1], dots, bold) <= room else len(lines)

    def paint(sheet: Image.Image, y: int) -> None:
        for number, line in enumerate(lines):
            _write(
                sheet, (measures.margin, y + number * _leading(dots) + round(dots * 1.04)), line, dots, bold
            )
        for number, line in enumerate(amount, first):
            at = (measures.width - measures.margin, y + number * _leading(dots) + round(dots * 1.04))
            _write(sheet, at, line, dots, True, anchor="rs")

    return _Block(max(len(lines), first + len(amount)) * _leading(dots), paint)


def _band(text: str, measures: _Measures) -> _Block:
    dots = measures.sizes[Size.LARGE]
    lines = wrap(text, dots, True, measures.inner)
    pad = dots // 4
    height = len(lines) * _leading(dots) + 2 * pad

    def paint(sheet: Image.Image, y: int) -> None:
        ImageDraw.Draw(sheet).rectangle((0, y, measures.width - 1, y + height - 1), fill=0)
        for number, line in enumerate(lines):
            at = (measures.width // 2, y + pad + number * _leading(dots) + round(dots * 1.04))
            _write(sheet, at, line, dots, True, anchor="ms", ink=255)

    return _Block(height + pad, paint)
