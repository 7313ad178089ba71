"""Compare paper with paper, as rows of dots."""

from __future__ import annotations

from PIL import Image


def dots(image: Image.Image) -> list[tuple[bool, ...]]:
    """Return an image's rows, True for black, without the empty rows at its end."""
    flat = image.convert("L").tobytes()
    rows = [
        tuple(grey < 128 for grey in flat[y * image.width : (y + 1) * image.width])
        for y in range(image.height)
    ]
    return trimmed(rows)


def trimmed(rows: list[tuple[bool, ...]]) -> list[tuple[bool, ...]]:
    """Drop the empty rows at the end."""
    while rows and not any(rows[-1]):
        rows.pop()
    return rows
