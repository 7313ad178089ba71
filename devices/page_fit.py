"""Bring a page within a budget of bytes, as readable as that allows.

Keeps true: first the quality gives way, then the size, in steps known beforehand, and never below what a
person can read: there it stops and says so. The same picture and budget give the same bytes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image

FLOOR_DPI = 100
"""At this a small letter of a letter's text is six dots tall: the least that is still read."""

FLOOR_QUALITY = 40

_STEPS: tuple[tuple[int | None, int], ...] = (
    (None, 85),
    (None, 72),
    (200, 72),
    (200, 58),
    (150, 65),
    (150, 50),
    (120, 55),
    (120, 42),
    (FLOOR_DPI, 50),
    (FLOOR_DPI, FLOOR_QUALITY),
)
"""Dots an inch at most (None: as it is) and JPEG quality, best first."""

_FAR = 3.0
"""So many times too large: the next step will not do either, and need not be tried."""


@dataclass(frozen=True, slots=True, repr=False)
class Fitted:
    """A page's JPEG; ``readable`` is False when even the smallest readable one exceeds the budget."""

    jpeg: bytes
    width: int
    height: int
    dpi: int
    readable: bool


def fit(sheet: Image.Image, dpi: int, budget: int) -> Fitted:
    """Return ``sheet`` as a JPEG of at most ``budget`` bytes, or the smallest readable one."""
    made: Fitted | None = None
    steps = _steps(dpi)
    skip = 0
    for left, (shown_dpi, quality) in zip(range(len(steps) - 1, -1, -1), steps, strict=True):
        if skip and left:
            skip -= 1
            continue
        made = _made(sheet, dpi, shown_dpi, quality)
        if len(made.jpeg) <= budget:
            return made
        skip = 1 if len(made.jpeg) > _FAR * budget else 0
    assert made is not None
    return Fitted(made.jpeg, made.width, made.height, made.dpi, False)


def _steps(dpi: int) -> list[tuple[int, int]]:
    # A step that asks for finer dots than there are counts by its quality alone, and only if that is lower.
    steps: list[tuple[int, int]] = []
    for most, quality in _STEPS:
        shown = min(dpi, most or dpi)
        if not steps or (shown, quality) < steps[-1]:
            steps.append((shown, quality))
    return steps


def _made(sheet: Image.Image, dpi: int, shown_dpi: int, quality: int) -> Fitted:
    shown = sheet
    if shown_dpi < dpi:
        share = shown_dpi / dpi
        size = (max(1, round(sheet.width * share)), max(1, round(sheet.height * share)))
        shown = sheet.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    memory = io.BytesIO()
    shown.save(memory, "JPEG", quality=quality, optimize=True, dpi=(shown_dpi, shown_dpi))
    return Fitted(memory.getvalue(), shown.width, shown.height, shown_dpi, True)
