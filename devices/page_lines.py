"""Lines on a page: fitted to the dots of an edge, crossed, and the tilt of written lines.

Keeps true: plain geometry on a few hundred points; angles are degrees, clockwise positive as a picture's rows
grow downwards. A handful of stray dots (a finger, a torn corner) does not move a line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter

Point = tuple[float, float]

FINEST_TILT = 0.15
"""Degrees below which turning costs more sharpness than it gives."""

FEWEST = 12
"""Dots that make a line."""
_STRAY = 1.5
_ROUNDS = 4
_TEXT_PX = 640
_TEXT_MOST = 15
_TEXT_SURE = 1.25
_TEXT_LEAST_INK = 0.002


@dataclass(frozen=True, slots=True)
class Line:
    """A line through ``at`` along the unit vector (``along_x``, ``along_y``); ``weight``: its points."""

    at: Point
    along_x: float
    along_y: float
    weight: float

    @property
    def tilt(self) -> float:
        """Degrees by which a page with this edge is turned: -45 to 45."""
        degrees = math.degrees(math.atan2(self.along_y, self.along_x))
        return (degrees + 45) % 90 - 45


def fit(points: Sequence[Point]) -> Line | None:
    """Return the line through most of ``points``; None when there are too few, or too many strays."""
    kept = list(points)
    for _ in range(_ROUNDS):
        if len(kept) < FEWEST:
            return None
        line = _least_squares(kept)
        far = [abs(_beside(line, point)) for point in kept]
        limit = max(_STRAY, 2 * sorted(far)[len(far) // 2])
        left = [point for point, distance in zip(kept, far, strict=True) if distance <= limit]
        if len(left) == len(kept):
            break
        kept = left
    return line if len(kept) >= max(FEWEST, len(points) // 2) else None


def _least_squares(points: Sequence[Point]) -> Line:
    count = len(points)
    middle_x, middle_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    xx = sum((x - middle_x) ** 2 for x, _ in points)
    yy = sum((y - middle_y) ** 2 for _, y in points)
    xy = sum((x - middle_x) * (y - middle_y) for x, y in points)
    angle = 0.5 * math.atan2(2 * xy, xx - yy)
    return Line((middle_x, middle_y), math.cos(angle), math.sin(angle), count)


def _beside(line: Line, point: Point) -> float:
    return (point[1] - line.at[1]) * line.along_x - (point[0] - line.at[0]) * line.along_y


def crossing(one: Line, other: Line) -> Point:
    """Return where two lines meet; far away for lines that never do."""
    across = one.along_x * other.along_y - one.along_y * other.along_x
    if abs(across) < 1e-6:
        return (math.inf, math.inf)
    gap_x, gap_y = other.at[0] - one.at[0], other.at[1] - one.at[1]
    far = (gap_x * other.along_y - gap_y * other.along_x) / across
    return (one.at[0] + far * one.along_x, one.at[1] + far * one.along_y)


def rectangle(
    outer: Sequence[Point],
    tilt: float,
    inset: Mapping[str, float],
    unsure: Sequence[str],
    size: tuple[int, int],
) -> tuple[Point, Point, Point, Point]:
    """Return the corners of the smallest rectangle with this tilt around ``outer``, from the upper left
    clockwise.

    A side is moved inwards by its ``inset``; one that is ``unsure`` goes out as far as the picture of
    ``size`` does.
    """
    cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    rim = [(float(x), float(y)) for x in (0, size[0]) for y in (0, size[1])]

    def ends(how: Callable[[Point], float], low: str, high: str) -> tuple[float, float]:
        least = min(map(how, (*outer, *rim) if low in unsure else outer)) + inset[low]
        return least, max(map(how, (*outer, *rim) if high in unsure else outer)) - inset[high]

    left, right = ends(lambda p: p[0] * cos + p[1] * sin, "left", "right")
    top, bottom = ends(lambda p: p[1] * cos - p[0] * sin, "top", "bottom")
    return (
        (left * cos - top * sin, left * sin + top * cos),
        (right * cos - top * sin, right * sin + top * cos),
        (right * cos - bottom * sin, right * sin + bottom * cos),
        (left * cos - bottom * sin, left * sin + bottom * cos),
    )


def onto(size: tuple[int, int], corners: Sequence[Point]) -> tuple[float, ...]:
    """Return the eight numbers with which Pillow lays four corners onto a picture of ``size``."""
    width, height = size
    flat: tuple[Point, ...] = (
        (0.0, 0.0),
        (float(width), 0.0),
        (float(width), float(height)),
        (0.0, float(height)),
    )
    rows: list[list[float]] = []
    for (x, y), (seen_x, seen_y) in zip(flat, corners, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -seen_x * x, -seen_x * y, seen_x])
        rows.append([0, 0, 0, x, y, 1, -seen_y * x, -seen_y * y, seen_y])
    return _solved(rows)


def _solved(rows: list[list[float]]) -> tuple[float, ...]:
    count = len(rows)
    for at in range(count):
        best = max(range(at, count), key=lambda row: abs(rows[row][at]))
        rows[at], rows[best] = rows[best], rows[at]
        for row in range(at + 1, count):
            share = rows[row][at] / rows[at][at]
            rows[row] = [a - share * b for a, b in zip(rows[row], rows[at], strict=True)]
    found = [0.0] * count
    for at in reversed(range(count)):
        rest = sum(rows[at][other] * found[other] for other in range(at + 1, count))
        found[at] = (rows[at][count] - rest) / rows[at][at]
    return tuple(found)


def text_tilt(grey: Image.Image) -> float:
    """Return how far the written lines of a page are turned; 0.0 when they do not say clearly.

    Where lines are level, rows full of ink and empty rows take turns.
    """
    small = grey.reduce(max(1, math.ceil(max(grey.size) / _TEXT_PX)))
    paper = small.filter(ImageFilter.MaxFilter(9)).filter(ImageFilter.BoxBlur(6))
    ink = ImageChops.subtract(paper, small).point([0] * 40 + [255] * 216)
    # The rim's shadow is a long straight line too, and says nothing about the writing.
    rim = max(4, round(0.02 * max(small.size)))
    ink = ink.crop((rim, rim, small.width - rim, small.height - rim))
    if min(ink.size) < 50 or ink.histogram()[255] < _TEXT_LEAST_INK * ink.width * ink.height:
        return 0.0
    coarse = {float(tilt): _stripes(ink, tilt) for tilt in range(-_TEXT_MOST, _TEXT_MOST + 1)}
    best = max(coarse, key=lambda tilt: coarse[tilt])
    middling = sorted(coarse.values())[len(coarse) // 2]
    if coarse[best] < _TEXT_SURE * middling:
        return 0.0
    fine = {best + step / 10: _stripes(ink, best + step / 10) for step in range(-9, 10)}
    return max(fine, key=lambda tilt: fine[tilt])


def _stripes(ink: Image.Image, tilt: float) -> float:
    turned = ink.rotate(tilt, Image.Resampling.BILINEAR, fillcolor=0)
    rows = turned.resize((1, turned.height), Image.Resampling.BOX).tobytes()
    return sum((one - other) ** 2 for one, other in zip(rows, rows[1:], strict=False))
