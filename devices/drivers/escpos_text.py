"""A slip for a printer that writes running text in its own letters; all else stays dots.

Keeps true: a line is either wholly in the printer's letters or wholly dots, so no letter is lost where the
chosen table lacks one. Pictures, codes, big numbers and bands are always dots.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageOps

from devices import fonts, lettering, raster
from devices.config import PrinterConfig
from devices.picture import PictureBook
from devices.slip import Align, Part, Row, Size, Slip, Text

_LETTER = 12
"""Dots across a letter of font A, on every printer of this kind."""
_INDENT = {576: 2, 512: 2, 384: 1}
_AIR = 4


@dataclass(frozen=True, slots=True)
class Letters:
    """One line in the printer's own letters."""

    data: bytes
    code_page: int
    size: Size = Size.NORMAL
    bold: bool = False
    align: Align = Align.LEFT


Piece = Image.Image | Letters


def pieces(slip: Slip, config: PrinterConfig, pictures: PictureBook | None = None) -> Iterator[Piece]:
    """Return a slip from top to bottom: as dots, or as letters where the settings and the table allow.

    Raises what ``raster.render`` raises.
    """
    if config.encoding == "image":
        yield raster.render(slip, config.width, pictures)
        return
    waiting: list[Part] = []
    for part in slip.parts:
        for piece in _lettered(part, config):
            if not isinstance(piece, Letters):
                waiting.append(piece)
                continue
            if waiting:
                yield _dots(waiting, config, pictures)
                waiting = []
            yield piece
    if waiting:
        yield _dots(waiting, config, pictures)


def _dots(parts: list[Part], config: PrinterConfig, pictures: PictureBook | None) -> Image.Image:
    paper = raster.render(Slip(tuple(parts)), config.width, pictures)
    box = ImageOps.invert(paper.convert("L")).getbbox()
    # Between lines of letters the margins of a whole slip would tear it apart.
    top, bottom = (max(0, box[1] - _AIR), min(paper.height, box[3] + _AIR)) if box else (0, raster.ROW)
    return paper.crop((0, top, paper.width, bottom))


def _lettered(part: Part, config: PrinterConfig) -> Iterator[Part | Letters]:
    indent = _INDENT[config.width]
    room = config.width // _LETTER - 2 * indent
    match part:
        case Text(text, size, bold, align) if fonts.simple(text):
            for line in _wrapped(text, room):
                data = _encoded(line, config)
                if data is None:
                    yield Text(line, size, bold, align)
                    continue
                edge = b" " * indent
                data = {Align.LEFT: edge + data, Align.CENTRE: data, Align.RIGHT: data + edge}[align]
                yield Letters(data, config.code_page, size, bold, align)
        case Row(left, right, bold) if fonts.simple(left + right):
            lines = _row(left, right, room)
            written = [_encoded(line, config) for line in lines]
            if None in written:
                yield part
                return
            for data in written:
                assert data is not None
                yield Letters(b" " * indent + data, config.code_page, bold=bold)
        case _:
            yield part


def _encoded(line: str, config: PrinterConfig) -> bytes | None:
    assert config.encoding != "image"
    return lettering.encode(line, config.encoding)


def _row(left: str, right: str, room: int) -> list[str]:
    lines = _wrapped(left, room)
    if len(lines[-1]) + 2 + len(right) <= room:
        return [*lines[:-1], lines[-1] + right.rjust(room - len(lines[-1]))]
    return [*lines, *(line.rjust(room) for line in _wrapped(right, room))]


def _wrapped(text: str, room: int) -> list[str]:
    # textwrap counts and breaks as wanted but drops empty paragraphs; a slip's empty line is meant.
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            if line and len(line) + 1 + len(word) <= room:
                line = f"{line} {word}"
                continue
            if line:
                lines.append(line)
            while len(word) > room:
                lines.append(word[:room])
                word = word[room:]
            line = word
        lines.append(line)
    return lines
