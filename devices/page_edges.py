"""Find the page in a picture: its four edges on a darker ground, or, without a ground, the tilt of its lines.

Keeps true: a page is turned by its own tilt only, ten degrees at most, so that what was upright stays
upright; where nothing sure is found the picture stays as it is. It reads no word of the page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter

from devices import page_light, page_lines, page_mask
from devices.page_lines import Line, Point

MOST_TILT = 10.4
"""Degrees: ten, and what measuring may be off; a page that lies further askew is left so, and said to."""

_SMALL_PX = 420
_INSET_SMALL_PX = 1.2
_CUT_SHARE = 0.03
_FLUSH_TILT = 1.5
_LEAST_AREA = 0.02
_LEAST_SIDE_SMALL_PX = 16
_MARGIN_SHARE = 0.015
"""Of the picture's longer side: a corner that hangs over the rim by less has lost only its margin."""
_SIDES_APART = 0.7
_SLANT = math.radians(18)

SIDES = ("top", "right", "bottom", "left")


@dataclass(frozen=True, slots=True)
class Outline:
    """Where the page lies: ``corners`` from the upper left clockwise, in dots; None: everywhere.

    ``tilt`` in degrees, clockwise positive. ``cut`` is True where the page runs over the picture's edge;
    ``open_sides`` are those at which the picture's edge is taken for the page's.
    """

    corners: tuple[Point, Point, Point, Point] | None
    tilt: float
    cut: bool
    open_sides: tuple[str, ...]

    @property
    def skewed(self) -> bool:
        """Whether it lies further askew than is put right."""
        return abs(self.tilt) > MOST_TILT


def find(seen: Image.Image, *, camera: bool) -> Outline:
    """Return where the page lies in ``seen`` (RGB or grey)."""
    by = max(1, math.ceil(max(seen.size) / _SMALL_PX))
    bright = _paperness(seen.reduce(by), camera)
    found = page_mask.page(bright)
    if found is None or found.area < _LEAST_AREA * bright.width * bright.height:
        return Outline(None, page_lines.text_tilt(_grey(seen)), False, SIDES)
    sharp = page_mask.steps(bright, found)
    lines = {side: page_lines.fit(points) for side, points in sharp.items()}
    # A shadow's edge is soft, and beside a dark heading lies no ground: such a side is not the paper's end.
    unsure = [side for side in SIDES if len(found.edges[side]) >= page_lines.FEWEST and lines[side] is None]
    tilts = [(line.tilt, line.weight) for line in lines.values() if line is not None]
    if len(tilts) < 2:
        return Outline(None, page_lines.text_tilt(_grey(seen)), False, SIDES)
    tilt = _median(tilts)
    touched = tuple(side for side in SIDES if found.touched[side] > _CUT_SHARE)
    whole = _quad(lines)
    cut = bool(touched) and (camera or abs(tilt) > _FLUSH_TILT)
    if cut and all(lines[side] is not None or side in unsure for side in touched):
        cut = _outside(lines, bright.size) > _MARGIN_SHARE * max(bright.size)
    open_sides = tuple(side for side in SIDES if lines[side] is None or side in touched)
    corners = _inset(whole) if camera and whole is not None and not open_sides else None
    if corners is None:
        turned = tilt if abs(tilt) <= MOST_TILT else 0.0
        inset = {side: 0.0 if side in open_sides else _INSET_SMALL_PX for side in SIDES}
        corners = page_lines.rectangle(found.outer, turned, inset, unsure, bright.size)
    if min(math.dist(corners[0], corners[1]), math.dist(corners[1], corners[2])) < _LEAST_SIDE_SMALL_PX:
        return Outline(None, 0.0, False, SIDES)
    one, two, three, four = ((x * by, y * by) for x, y in corners)
    return Outline((one, two, three, four), tilt, cut, open_sides)


def flatten(seen: Image.Image, outline: Outline, *, longest: int | None) -> Image.Image:
    """Return the page alone, straight; ``longest`` bounds its longer side in dots."""
    tilt = 0.0 if outline.skewed else outline.tilt
    if outline.corners is None:
        if abs(tilt) < page_lines.FINEST_TILT:
            sheet = seen
        else:
            sheet = seen.rotate(tilt, Image.Resampling.BICUBIC, expand=True, fillcolor=_paper(seen))
        if longest is not None and max(sheet.size) > longest:
            share = longest / max(sheet.size)
            size = (max(1, round(sheet.width * share)), max(1, round(sheet.height * share)))
            sheet = sheet.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        return sheet
    upper_left, upper_right, lower_right, lower_left = outline.corners
    width = max(math.dist(upper_left, upper_right), math.dist(lower_left, lower_right))
    height = max(math.dist(upper_left, lower_left), math.dist(upper_right, lower_right))
    share = min(1.0, longest / max(width, height)) if longest is not None else 1.0
    size = (max(1, round(width * share)), max(1, round(height * share)))
    how = page_lines.onto(size, outline.corners)
    return seen.transform(
        size, Image.Transform.PERSPECTIVE, how, Image.Resampling.BICUBIC, fillcolor=_paper(seen)
    )


def _grey(seen: Image.Image) -> Image.Image:
    return seen if seen.mode == "L" else seen.convert("L")


def _paperness(small: Image.Image, camera: bool) -> Image.Image:
    # Paper is bright in every colour, wood and cloth seldom are in blue. A lid has no colour, a heading has.
    if small.mode == "L":
        return small
    red, green, blue = small.split()
    how = ImageChops.darker if camera else ImageChops.lighter
    return how(red, how(green, blue))


def _paper(seen: Image.Image) -> int | tuple[int, ...]:
    small = seen.reduce(max(1, max(seen.size) // _SMALL_PX)).filter(ImageFilter.MedianFilter(3))
    levels = tuple(page_light.level(band.histogram(), 0.85) for band in small.split())
    return levels if len(levels) > 1 else levels[0]


def _median(tilts: Sequence[tuple[float, float]]) -> float:
    half, seen = sum(weight for _, weight in tilts) / 2, 0.0
    for tilt, weight in sorted(tilts):
        seen += weight
        if seen >= half:
            return tilt
    raise ValueError("no tilts")


def _quad(lines: dict[str, Line | None]) -> tuple[Point, Point, Point, Point] | None:
    # A page seen at a slant: four sides that nearly form a rectangle. Anything stranger is not trusted.
    top, right, bottom, left = (lines[side] for side in SIDES)
    if top is None or right is None or bottom is None or left is None:
        return None
    corners = (
        page_lines.crossing(left, top),
        page_lines.crossing(top, right),
        page_lines.crossing(right, bottom),
        page_lines.crossing(bottom, left),
    )
    sides = [math.dist(corners[at], corners[(at + 1) % 4]) for at in range(4)]
    if min(sides) < 1 or min(sides[0], sides[2]) < _SIDES_APART * max(sides[0], sides[2]):
        return None
    if min(sides[1], sides[3]) < _SIDES_APART * max(sides[1], sides[3]):
        return None
    slants = (math.radians(line.tilt) for line in (top, right, bottom, left))
    mean = math.radians(_median([(line.tilt, 1.0) for line in (top, right, bottom, left)]))
    return corners if all(abs(slant - mean) < _SLANT for slant in slants) else None


def _outside(lines: Mapping[str, Line | None], size: tuple[int, int]) -> float:
    # How far the corner that is farthest out lies beyond the picture.
    far = 0.0
    for at, side in enumerate(SIDES):
        one, other = lines[side], lines[SIDES[at - 1]]
        if one is not None and other is not None:
            x, y = page_lines.crossing(one, other)
            far = max(far, -x, x - size[0], -y, y - size[1])
    return far


def _inset(corners: tuple[Point, Point, Point, Point]) -> tuple[Point, Point, Point, Point]:
    # The outermost dots are half paper, half ground.
    middle = (sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4)
    moved: list[Point] = []
    for x, y in corners:
        moved.append(
            (
                x - math.copysign(min(_INSET_SMALL_PX, abs(x - middle[0])), x - middle[0]),
                y - math.copysign(min(_INSET_SMALL_PX, abs(y - middle[1])), y - middle[1]),
            )
        )
    return (moved[0], moved[1], moved[2], moved[3])
