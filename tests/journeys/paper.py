"""What stands on a paper that came out of the printer: compared with a slip, searched for a QR code."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import segno

import hub.desks
from devices import raster
from devices.picture import PictureBook
from devices.slip import Slip
from tests.journeys.village import WIDTH, Rows, trimmed

_PICTURES = PictureBook(Path(hub.desks.__file__).parent / "static" / "pictures")
_MODULES = range(3, 9)


def dots(slip: Slip) -> Rows:
    """Return the rows of dots a slip is, as the printer's width shows it."""
    image = raster.render(slip, WIDTH, _PICTURES).convert("L")
    flat = image.tobytes()
    return trimmed(
        tuple(tuple(grey < 128 for grey in flat[y * WIDTH : (y + 1) * WIDTH]) for y in range(image.height))
    )


def has_qr(paper: Rows, text: str) -> bool:
    """Whether the QR code of exactly ``text`` stands on the paper, every module of it in whole dots.

    No reader is needed: the code is made anew and looked for dot by dot, with its quiet zone.
    """
    lines = [int("".join("1" if dot else "0" for dot in row), 2) for row in paper]
    return any(_found(lines, rows, across) for rows, across in _codes(text))


@cache
def _codes(text: str) -> tuple[tuple[tuple[int, ...], int], ...]:
    made = []
    for level in "lmqh":
        code = segno.make(text, error=level, micro=False, boost_error=False)
        matrix = [[bool(module) for module in row] for row in code.matrix_iter(scale=1, border=2)]
        for scale in _MODULES:
            rows = []
            for row in matrix:
                rows += [int("".join(("1" if dark else "0") * scale for dark in row), 2)] * scale
            if len(matrix[0]) * scale <= WIDTH:
                made.append((tuple(rows), len(matrix[0]) * scale))
    return tuple(made)


def _found(lines: list[int], code: tuple[int, ...], across: int) -> bool:
    mask = (1 << across) - 1
    # The first row with something on it lies below the quiet zone.
    ink = next(at for at, row in enumerate(code) if row)
    for top in range(len(lines) - len(code) + 1):
        if not lines[top + ink]:
            continue
        for shift in range(WIDTH - across + 1):
            if (lines[top + ink] >> shift) & mask == code[ink] and all(
                (lines[top + at] >> shift) & mask == row for at, row in enumerate(code)
            ):
                return True
    return False
