"""PDFs read back with poppler, which knows nothing of how the House draws them."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import unicodedata
from dataclasses import dataclass
from html import unescape

import pytest
from PIL import Image

_TOOLS = ("pdftotext", "pdftoppm", "pdffonts", "pdfinfo")


@dataclass(frozen=True)
class Word:
    """A word on a page with its corners, in points from the top left."""

    text: str
    page: int
    left: float
    top: float
    right: float
    bottom: float


def _run(*command: str, pdf: bytes) -> bytes:
    missing = [name for name in _TOOLS if shutil.which(name) is None]
    if missing:
        pytest.skip(f"poppler-utils is not installed: {', '.join(missing)}")
    return subprocess.run(command, input=pdf, capture_output=True, check=True, timeout=60).stdout


def text(pdf: bytes) -> str:
    """All words in the order they are read, single spaces, NFC."""
    return one_line(_run("pdftotext", "-", "-", pdf=pdf).decode())


def one_line(said: str) -> str:
    """A text with single spaces, NFC, as it is compared."""
    return " ".join(unicodedata.normalize("NFC", said).split())


def tight(said: str) -> str:
    """A text without spaces and hyphens: the tool takes those at a line's end for its division."""
    return "".join(unicodedata.normalize("NFC", said).replace("-", "").split())


def words(pdf: bytes) -> list[Word]:
    """Every word with its place."""
    found: list[Word] = []
    page = 0
    for line in _run("pdftotext", "-bbox", "-", "-", pdf=pdf).decode().splitlines():
        page += "<page " in line
        told = re.search(
            r'xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*)</word>', line
        )
        if told:
            corners = [float(one) for one in told.groups()[:4]]
            found.append(Word(unescape(told[5]), page, *corners))
    return found


def pages(pdf: bytes) -> int:
    """How many pages there are."""
    told = re.search(r"^Pages:\s+(\d+)", _run("pdfinfo", "-", pdf=pdf).decode(), re.M)
    assert told
    return int(told[1])


def about(pdf: bytes) -> str:
    """What the file tells of itself."""
    return _run("pdfinfo", "-", pdf=pdf).decode()


def fonts(pdf: bytes) -> list[tuple[str, str]]:
    """The name of each face, and whether it is embedded, subset and maps to letters: "yes yes yes"."""
    lines = _run("pdffonts", "-", pdf=pdf).decode().splitlines()[2:]
    return [(line.split()[0], " ".join(line.split()[-5:-2])) for line in lines]


def picture(pdf: bytes, page: int = 1, dots: int = 100) -> Image.Image:
    """One page in grey, at so many dots an inch."""
    one = str(page)
    drawn = _run("pdftoppm", "-r", str(dots), "-f", one, "-l", one, "-gray", "-", pdf=pdf)
    return Image.open(io.BytesIO(drawn)).convert("L")
