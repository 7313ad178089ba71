"""Find the paper's typeface on this machine and keep it loaded.

Noto Sans first, then faces that also carry every Vietnamese letter (DejaVu Sans, Liberation Sans). A face
is loaded once a size; nothing is ever downloaded, and without any face the answer is an error, never boxes
or question marks.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

from PIL import ImageFont, features

from devices.ports import Unsupported

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


@functools.cache
def _shaping() -> bool:
    return bool(features.check("raqm"))


def simple(text: str) -> bool:
    """Whether text is precomposed Latin, which is drawn letter by letter and needs no shaping engine."""
    return all(
        mark < "\u0300" or "\u1e00" <= mark <= "\u1eff" or "\u2010" <= mark <= "\u20bf" for mark in text
    )


@functools.cache
def _load(size: int, bold: bool, shaped: bool) -> ImageFont.FreeTypeFont:
    layout = ImageFont.Layout.RAQM if shaped else ImageFont.Layout.BASIC
    return ImageFont.truetype(str(_files()[bold]), size, layout_engine=layout)


def face(size: int, bold: bool, text: str = "") -> ImageFont.FreeTypeFont:
    """Return the loaded face for ``text`` at ``size`` dots, shaped where the text needs it."""
    return _load(size, bold, not simple(text) and _shaping())
