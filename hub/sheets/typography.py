"""Vietnamese set in type: the faces, what they can print, and lines broken where a reader would break them.

Keeps true: every letter that comes in is on the paper or has a visible stand-in there; a number stays with
its unit and an article with its number; a word is divided only when it is longer than a line, and then
nothing of it is lost. It draws nothing itself.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PIL import Image, ImageFont
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from hub.base.errors import NotReady

_FOLDERS = (
    Path("/usr/share/fonts/truetype/noto"),
    Path("/usr/share/fonts/noto"),
    Path("/usr/share/fonts/google-noto"),
    Path("/usr/local/share/fonts/noto"),
)
_HOLD = "\u00a0"
_EM, _GAP = 1000, 35
# Canonical classes of the marks that hang below a letter.
_BELOW = (202, 218, 220, 222, 233)
_STAND_IN = "\ufffd"
# Marks and signs that only steer other letters have no shape of their own.
_STEERING = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_UNITS = "đồng|đ|₫|ngày|giờ|phút|tháng|năm|tuổi|bản|trang|tờ|người|km|m²|m2|m|kg|ha|%"
_BOUND_UNIT = re.compile(rf"(?<=\d) (?=(?:{_UNITS})(?![^\W\d_]))")
_PREFIXES = "Điều|điều|Khoản|khoản|Điểm|điểm|Mẫu|mẫu|Mục|mục|Số|số|Trang|trang|TT|NĐ"
_BOUND_NUMBER = re.compile(rf"(?<![^\W\d_])({_PREFIXES}) (?=\d|[a-z]\b|CT\d)")
# The mark of a doubt stays with what is doubted.
_BOUND_STAR = re.compile(r" (?=\*{1,2}(?:\W|$))")
# A long word is divided after one of these first, an address of a page for instance.
_MOST_IN_A_LINE = 600
_SEAMS = f"{_HOLD}-/.@_,;"


class Face(StrEnum):
    """The four faces of the House's papers: official forms in serif, its own sheets in sans."""

    SERIF = "NotoSerif-Regular"
    SERIF_BOLD = "NotoSerif-Bold"
    SERIF_ITALIC = "NotoSerif-Italic"
    SANS = "NotoSans-Regular"
    SANS_BOLD = "NotoSans-Bold"


@dataclass(frozen=True, slots=True)
class Run:
    """Words in one face and size (points); ``rise`` lifts them, as a footnote's number is lifted."""

    text: str
    face: Face
    size: float
    rise: float = 0.0

    @property
    def width(self) -> float:
        """How wide it is in points, without its last space."""
        return width(self.text, self.face, self.size)


Set = tuple[Run, ...]
"""One line, its runs from left to right."""


@functools.cache
def load(face: Face) -> TTFont:
    """Return a face, ready to be printed with; ``NotReady("sheets.no_fonts")`` where it is not installed."""
    try:
        font = TTFont(face.value, _file(face))
    except TTFError as bad:
        raise NotReady("sheets.no_fonts") from bad
    pdfmetrics.registerFont(font)
    return font


def _file(face: Face) -> str:
    for folder in _FOLDERS:
        path = folder / f"{face}.ttf"
        if path.is_file():
            return str(path)
    raise NotReady("sheets.no_fonts")


@functools.cache
def _letters(face: Face) -> frozenset[int]:
    return frozenset(load(face).face.charToGlyph)


def printable(text: str, face: Face = Face.SERIF) -> str:
    """Return ``text`` as ``face`` prints it: NFC, single spaces, a stand-in for each letter it does not
    have.
    """
    known, found = _letters(face), []
    for letter in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(letter)
        if letter.isspace() or kind in ("Zl", "Zp"):
            found.append(" ")
        elif ord(letter) in known and kind not in _STEERING:
            found.append(letter)
        elif kind not in ("Cc", "Cf"):
            found.append(_STAND_IN)
    return " ".join("".join(found).split())


def bound(text: str) -> str:
    """Return ``text`` with spaces that hold where a line must not end: "30 ngày", "Điều 20"."""
    held = _BOUND_NUMBER.sub(rf"\1{_HOLD}", _BOUND_UNIT.sub(_HOLD, text))
    return _BOUND_STAR.sub(_HOLD, held)


def shown(text: str) -> str:
    """Return ``text`` as it is drawn: a space that held is a space."""
    return text.replace(_HOLD, " ")


def width(text: str, face: Face, size: float) -> float:
    """Return how wide a text is, in points."""
    load(face)
    return float(pdfmetrics.stringWidth(shown(text), face.value, size))


@dataclass(frozen=True, slots=True)
class Piece:
    """What is drawn in one go: letters, and for a letter with marks put above it those with their places.

    ``across`` is how far right of the run's beginning it stands; ``marks`` are (mark, right, up), in points.
    """

    text: str
    across: float
    marks: tuple[tuple[str, float, float], ...] = ()


def pieces(run: Run) -> Iterator[Piece]:
    """Give what to draw of a run.

    A mark that Unicode has no joined letter for (the breve of the Ê-đê letter Ê̆) is put above its letter
    here: set as it comes it would fall onto the mark that is there already.
    """
    text = shown(run.text)
    at = 0.0
    for joined, found in itertools.groupby(_clusters(text), key=lambda one: len(one) == 1):
        if joined:
            letters = "".join(found)
            yield Piece(letters, at)
            at += width(letters, run.face, run.size)
            continue
        for cluster in found:
            yield Piece(cluster[0], at, _placed(cluster, run, at))
            at += width(cluster[0], run.face, run.size)


def _clusters(text: str) -> list[str]:
    """Return each letter with the marks that follow it."""
    found: list[str] = []
    for letter in text:
        if found and unicodedata.combining(letter):
            found[-1] += letter
        else:
            found.append(letter)
    return found


def _placed(cluster: str, run: Run, at: float) -> tuple[tuple[str, float, float], ...]:
    em = run.size / _EM
    left, low, right, high = _ink(run.face, cluster[0])
    found = []
    for mark in cluster[1:]:
        ink = _ink(run.face, mark)
        across = (left + right - ink[0] - ink[2]) / 2
        if unicodedata.combining(mark) in _BELOW:
            up = min(0, low - _GAP - ink[3])
            low = ink[1] + up
        else:
            up = max(0, high + _GAP - ink[1])
            high = ink[3] + up
        found.append((mark, at + across * em, up * em))
    return tuple(found)


@functools.cache
def _ink(face: Face, letter: str) -> tuple[int, int, int, int]:
    """Return where a letter has ink: left, low, right, high, in thousandths of its size."""
    font = ImageFont.truetype(_file(face), _EM, layout_engine=ImageFont.Layout.BASIC)
    mask, (left, top) = font.getmask2(letter, mode="L", anchor="ls")
    box = Image.frombytes("L", mask.size, bytes(mask)).getbbox() or (0, 0, 0, 0)
    return int(left) + box[0], -int(top) - box[3], int(left) + box[2], -int(top) - box[1]


def lines(runs: Iterable[Run], across: float, first: float | None = None) -> tuple[Set, ...]:
    """Break ``runs`` into lines no wider than ``across`` points; ``first`` is the room of the first line.

    The runs' own words are made printable and bound here. At least one line comes back, an empty one for
    nothing.
    """
    found: list[Set] = []
    line: list[Run] = []
    used, room = 0.0, across if first is None else first
    for word, glued in _words(runs):
        space = 0.0 if glued or not line else width(" ", word[0].face, word[0].size)
        wide = sum(part.width for part in word)
        if line and used + space + wide > room:
            if glued and len(line) > 1:
                # A footnote's number goes down with the word it belongs to.
                moved = line.pop()
                found.append(tuple(line))
                line, used, room = [moved], moved.width, across
                space = 0.0
            elif not glued:
                found.append(tuple(line))
                line, used, room, space = [], 0.0, across, 0.0
        for part in word:
            for piece in _divided(part, room - used - space, across):
                if line and used + space + piece.width > room + 0.01:
                    found.append(tuple(line))
                    line, used, room, space = [], 0.0, across, 0.0
                line.append(_spaced(piece, space > 0))
                used += space + piece.width
                space = 0.0
    found.append(tuple(line))
    return tuple(found)


def _spaced(run: Run, space: bool) -> Run:
    return Run(" " + run.text, run.face, run.size, run.rise) if space else run


def _words(runs: Iterable[Run]) -> Iterator[tuple[Set, bool]]:
    """Give each word, and whether it stands against the one before it without a space."""
    open_end = False
    for run in runs:
        text = unicodedata.normalize("NFC", run.text)
        starts, ends = text[:1].isspace(), text[-1:].isspace()
        words = bound(printable(text, run.face)).split(" ")
        for at, word in enumerate(word for word in words if word):
            yield (Run(word, run.face, run.size, run.rise),), at == 0 and open_end and not starts
        if any(words):
            open_end = not ends
        elif text:
            open_end = False


def _divided(run: Run, left: float, across: float) -> Iterator[Run]:
    """Give a word whole, or in pieces when it is longer than a whole line."""
    if run.width <= max(left, across):
        yield run
        return
    rest, room = run.text, max(left, run.size * 3)
    while rest:
        cut = _fits(rest, run, room)
        yield Run(rest[:cut], run.face, run.size, run.rise)
        rest, room = rest[cut:], across


def _fits(text: str, run: Run, room: float) -> int:
    most = bisect.bisect_right(
        range(1, min(len(text), _MOST_IN_A_LINE) + 1),
        room,
        key=lambda count: width(text[:count], run.face, run.size),
    )
    most = max(most, 1)
    if most == len(text):
        return most
    seam = max((text.rfind(mark, most // 2, most) for mark in _SEAMS), default=-1)
    cut = seam + 1 if seam > 0 else most
    # A mark that stands on a letter is not parted from it.
    while 1 < cut < len(text) and unicodedata.combining(text[cut]):
        cut -= 1
    return cut


def fitted(text: str, face: Face, size: float, least: float, across: float) -> tuple[Set, ...]:
    """Return ``text`` on one line as large as ``size`` down to ``least`` allows, else on several at
    ``least``.
    """
    at = size
    while at >= least:
        if width(bound(printable(text, face)), face, at) <= across:
            break
        at -= 0.25
    return lines((Run(text, face, max(at, least)),), across)


def text_of(line: Sequence[Run]) -> str:
    """Return what a line says."""
    return shown("".join(run.text for run in line))
