"""Find the paper's typeface on this machine and keep it loaded.

Noto Sans first, then faces that also carry every Vietnamese letter (DejaVu Sans, Liberation Sans); scripts of
their own (Arabic, Bengali, Thai, …) have Noto's face for them. A face is loaded once a size; nothing is ever
downloaded, and without any face, or without the engine that joins letters, the answer is an error, never
boxes, question marks or loose letters.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import ImageFont, features

from devices.ports import Malformed, State, Status, Unsupported

FOLDERS = (
    Path("/usr/share/fonts/truetype/noto"),
    Path("/usr/share/fonts/noto"),
    Path("/usr/share/fonts/google-noto"),
    Path("/usr/share/fonts/truetype/dejavu"),
    Path("/usr/share/fonts/truetype/liberation"),
    Path("/usr/local/share/fonts"),
    Path("/usr/share/fonts"),
)
"""Where faces are looked for, in this order; the last two also in their sub-folders."""

FACES = (
    ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"),
    ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"),
)
"""Regular and bold, best first."""


def find(folders: tuple[Path, ...] = FOLDERS) -> tuple[Path, Path]:
    """Return the files of the best face that is here, regular and bold.

    Raise Unsupported when there is none.
    """
    for regular, bold in FACES:
        for folder in folders:
            for found in _lookup(folder, regular):
                if (found.parent / bold).is_file():
                    return found, found.parent / bold
    raise Unsupported("no typeface for slips: install fonts-noto-core")


def _lookup(folder: Path, name: str) -> Iterator[Path]:
    if (folder / name).is_file():
        yield folder / name
    elif folder in FOLDERS[-2:] and folder.is_dir():
        yield from folder.rglob(name)


@functools.cache
def _files() -> tuple[Path, Path]:
    return find()


@dataclass(frozen=True, slots=True)
class _Script:
    """A script that the paper's typeface does not have: its blocks, and the face that does."""

    blocks: tuple[tuple[int, int], ...]
    face: str

    def has(self, mark: str) -> bool:
        return any(first <= ord(mark) <= last for first, last in self.blocks)


_SCRIPTS = (
    _Script(
        ((0x600, 0x6FF), (0x750, 0x77F), (0x8A0, 0x8FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFE)), "NotoSansArabic"
    ),
    _Script(((0x980, 0x9FF),), "NotoSansBengali"),
    _Script(((0x900, 0x97F),), "NotoSansDevanagari"),
    _Script(((0xE00, 0xE7F),), "NotoSansThai"),
    _Script(((0xE80, 0xEFF),), "NotoSansLao"),
    _Script(((0x1780, 0x17FF), (0x19E0, 0x19FF)), "NotoSansKhmer"),
    _Script(((0xAA80, 0xAADF),), "NotoSansTaiViet"),
    _Script(((0xAA00, 0xAA5F),), "NotoSansCham"),
)
_DANDAS = "\u0964\u0965"
_JOINERS = "\u200c\u200d"


def shaping() -> bool:
    """Whether this machine can join and reorder letters, as Arabic and Bengali want."""
    return bool(features.check("raqm"))


def sick() -> Status | None:
    """Say what a technician must mend before every slip can be drawn right, or None."""
    if not shaping():
        return Status(State.UNSUPPORTED, "no text shaping (Arabic, Bengali …): install libfribidi0")
    return None


def simple(text: str) -> bool:
    """Whether text is precomposed Latin, which is drawn letter by letter and needs no shaping engine."""
    return all(
        mark < "\u0300" or "\u1e00" <= mark <= "\u1eff" or "\u2010" <= mark <= "\u20bf" for mark in text
    )


def rtl(text: str) -> bool:
    """Whether text is read from the right: its first letter decides."""
    for mark in text:
        kind = unicodedata.bidirectional(mark)
        if kind in ("L", "R", "AL"):
            return kind != "L"
    return False


def attached(mark: str) -> bool:
    """Whether a mark belongs to the letter before it, so that no line may break between them."""
    return unicodedata.category(mark).startswith("M") or mark in _JOINERS


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring letters that one face draws; ``backwards`` is drawn from the right."""

    text: str
    face: str = ""
    backwards: bool = False


def runs(text: str) -> tuple[Run, ...]:
    """Cut a line into runs, in the order in which they stand on paper from left to right.

    A space between two words of one script belongs to them; a line that is read from the right begins at the
    right, and numbers and Latin words in it keep their own direction.
    """
    faces: list[str] = []
    for mark in text:
        face = next((script.face for script in _SCRIPTS if script.has(mark)), "")
        stays = attached(mark) or mark in _DANDAS
        faces.append(faces[-1] if stays and faces else face)
    for at, mark in enumerate(text):
        if mark == " " and 0 < at < len(text) - 1 and faces[at - 1] == faces[at + 1]:
            faces[at] = faces[at - 1]
    cut: list[tuple[str, str]] = []
    for mark, face in zip(text, faces, strict=True):
        if cut and cut[-1][1] == face:
            cut[-1] = cut[-1][0] + mark, face
        else:
            cut.append((mark, face))
    if not rtl(text):
        return tuple(Run(piece, face, _backwards(piece)) for piece, face in cut)
    words = [(word, face) for piece, face in cut for word in ([piece] if face else _WORDS.findall(piece))]
    return tuple(Run(word, face, _backwards(word, from_right=True)) for word, face in reversed(words))


_WORDS = re.compile(r"\d[\d.,:/-]*\d|\d|[^\W\d_](?:.*\w)?|[\W_]+", re.DOTALL)
"""In a line that is read from the right: a number, Latin words with what stands between them, signs."""


def _backwards(piece: str, from_right: bool = False) -> bool:
    kinds = {unicodedata.bidirectional(mark) for mark in piece}
    # Signs between words go the way of the line: that is also what turns their brackets round.
    return bool(kinds & {"R", "AL"}) or (from_right and not kinds & {"L", "EN"})


@functools.cache
def _file(face: str, bold: bool) -> Path:
    if not face:
        return _files()[bold]
    # Some scripts have no bold face.
    for name in (f"{face}-Bold.ttf", f"{face}-Regular.ttf") if bold else (f"{face}-Regular.ttf",):
        for folder in FOLDERS:
            for found in _lookup(folder, name):
                return found
    raise Malformed(f"no typeface for this script: install fonts-noto-core ({face})")


@functools.cache
def _load(size: int, bold: bool, shaped: bool, face: str = "") -> ImageFont.FreeTypeFont:
    layout = ImageFont.Layout.RAQM if shaped else ImageFont.Layout.BASIC
    return ImageFont.truetype(str(_file(face, bold)), size, layout_engine=layout)


def face(size: int, bold: bool, text: str = "") -> ImageFont.FreeTypeFont:
    """Return the loaded face of the paper for ``text`` at ``size`` dots."""
    return drawn(Run(text), size, bold)[0]


def drawn(run: Run, size: int, bold: bool) -> tuple[ImageFont.FreeTypeFont, str | None]:
    """Return the loaded face of a run at ``size`` dots, shaped where it needs that, and its direction.

    Raises Malformed for text that this machine would draw wrong.
    """
    if simple(run.text) and not run.backwards:
        return _load(size, bold, False, run.face), None
    if shaping():
        return _load(size, bold, True, run.face), "rtl" if run.backwards else "ltr"
    if run.face or run.backwards or any(attached(mark) for mark in run.text):
        raise Malformed("this text needs shaping: install libfribidi0")
    return _load(size, bold, False, run.face), None
