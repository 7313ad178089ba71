"""Tell paper from the ground it lies on, in a small picture.

Keeps true: without a ground that is clearly darker than the paper there is no answer, rather than a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from PIL import Image, ImageFilter

from devices.page_lines import Point

_APART = 35
"""Grey levels between paper and ground, at least."""
_GROUND_RING = 0.04
"""Share of the picture's rim that must be ground, at least."""
_RIM = 2
_RUN = re.compile(rb"\xff+")
_TRIM = 0.07
_BESIDE = 3
_STEP = 0.3
"""Share of the light between paper and ground that is gone within a few dots where paper ends; a shadow takes
ten times as far."""
_STEP_SHARE = 0.4
_LIKE_GROUND = 45

Run = tuple[int, int, int]
"""Row, first column, one past the last column."""


@dataclass(frozen=True, slots=True)
class Paper:
    """The largest bright patch: ``edges`` a side the dots of it that do not lie on the picture's own rim,
    ``outer`` its outermost dots, ``touched`` which share of the picture's rim it covers, ``area`` in dots,
    ``ground`` how bright the rim around it is, ``light`` how bright the paper.
    """

    edges: dict[str, tuple[Point, ...]]
    outer: tuple[Point, ...]
    touched: dict[str, float]
    area: int
    ground: int
    light: int


def page(bright: Image.Image) -> Paper | None:
    """Return the paper in a grey picture in which paper is bright; None where no ground can be seen."""
    # Writing is filled up with the paper around it; then the paper is brought back to its size.
    clean = bright.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.MinFilter(5))
    counts = clean.histogram()
    cut = _otsu(counts)
    dark, light = _mean(counts, 0, cut), _mean(counts, cut, 256)
    if light - dark < _APART:
        return None
    mask = clean.point([0] * cut + [255] * (256 - cut))
    mask = mask.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MaxFilter(3))
    if _ground_on_rim(mask) < _GROUND_RING:
        return None
    runs = _largest(_runs(mask))
    if not runs:
        return None
    return replace(_paper(runs, mask.width, mask.height), ground=_rim_level(clean, mask), light=round(light))


def steps(bright: Image.Image, found: Paper) -> dict[str, tuple[Point, ...]]:
    """Return of each side the dots at which bright paper ends in ground, from one dot to the next.

    No dot of a side of which less than ``_STEP_SHARE`` of the dots do: it is a shadow's or a drawing's.
    """
    clean = bright.filter(ImageFilter.MedianFilter(3))
    data, (width, height) = clean.tobytes(), clean.size
    least = max(_APART // 2, round(_STEP * (found.light - found.ground)))
    kept: dict[str, tuple[Point, ...]] = {}
    for side, (out_x, out_y) in _OUTWARDS.items():
        sharp: list[Point] = []
        for x, y in found.edges[side]:
            column, row = int(x - (side == "right")), int(y - (side == "bottom"))
            within = _at(data, width, height, column - _BESIDE * out_x, row - _BESIDE * out_y)
            beyond = _at(data, width, height, column + _BESIDE * out_x, row + _BESIDE * out_y)
            if within - beyond >= least and beyond - found.ground <= _LIKE_GROUND:
                sharp.append((x, y))
        kept[side] = tuple(sharp) if len(sharp) >= _STEP_SHARE * len(found.edges[side]) else ()
    return kept


_OUTWARDS = {"top": (0, -1), "right": (1, 0), "bottom": (0, 1), "left": (-1, 0)}


def _at(data: bytes, width: int, height: int, column: int, row: int) -> int:
    return data[max(0, min(height - 1, row)) * width + max(0, min(width - 1, column))]


def _rim_level(clean: Image.Image, mask: Image.Image) -> int:
    # Of what is no paper along the rim, the middle.
    width, height = clean.size
    levels: list[int] = []
    for box in (
        (0, 0, width, 1),
        (0, height - 1, width, height),
        (0, 0, 1, height),
        (width - 1, 0, width, height),
    ):
        seen, paper = clean.crop(box).tobytes(), mask.crop(box).tobytes()
        levels += [one for one, is_paper in zip(seen, paper, strict=True) if not is_paper]
    return sorted(levels)[len(levels) // 2] if levels else 0


def _otsu(counts: list[int]) -> int:
    whole, sum_all = sum(counts), sum(value * count for value, count in enumerate(counts))
    below = sum_below = 0
    best, best_at = -1.0, 128
    for value, count in enumerate(counts[:-1]):
        below += count
        sum_below += value * count
        above = whole - below
        if not below or not above:
            continue
        apart = sum_below / below - (sum_all - sum_below) / above
        if (found := below * above * apart * apart) > best:
            best, best_at = found, value + 1
    return best_at


def _mean(counts: list[int], first: int, end: int) -> float:
    whole = sum(counts[first:end])
    return sum(value * counts[value] for value in range(first, end)) / whole if whole else 0.0


def _ground_on_rim(mask: Image.Image) -> float:
    width, height = mask.size
    boxes = (
        (0, 0, width, _RIM),
        (0, height - _RIM, width, height),
        (0, 0, _RIM, height),
        (width - _RIM, 0, width, height),
    )
    counts = [mask.crop(box).histogram() for box in boxes]
    return sum(one[0] for one in counts) / max(1, sum(sum(one) for one in counts))


def _runs(mask: Image.Image) -> list[list[Run]]:
    data, width = mask.tobytes(), mask.width
    rows = (data[row * width : (row + 1) * width] for row in range(mask.height))
    return [
        [(number, found.start(), found.end()) for found in _RUN.finditer(row)]
        for number, row in enumerate(rows)
    ]


def _largest(rows: list[list[Run]]) -> list[Run]:
    parent: dict[Run, Run] = {}

    def root(run: Run) -> Run:
        while parent[run] != run:
            parent[run] = run = parent[parent[run]]
        return run

    above: list[Run] = []
    for row in rows:
        for run in row:
            parent[run] = run
            for other in above:
                if other[1] < run[2] and run[1] < other[2]:
                    parent[root(other)] = root(run)
        above = row
    patches: dict[Run, list[Run]] = {}
    for run in parent:
        patches.setdefault(root(run), []).append(run)
    return max(patches.values(), key=lambda runs: sum(end - first for _, first, end in runs), default=[])


def _paper(runs: list[Run], width: int, height: int) -> Paper:
    left, right = [width] * height, [-1] * height
    top, bottom = [height] * width, [-1] * width
    for row, first, end in runs:
        left[row], right[row] = min(left[row], first), max(right[row], end - 1)
        for column in range(first, end):
            if row < top[column]:
                top[column] = row
            bottom[column] = row
    rows = [row for row in range(height) if right[row] >= 0]
    columns = [column for column in range(width) if bottom[column] >= 0]
    ends = [(x, row) for row in rows for x in (left[row], right[row])]
    upper_left, lower_right = min(ends, key=sum), max(ends, key=sum)
    upper_right, lower_left = max(ends, key=lambda p: p[0] - p[1]), min(ends, key=lambda p: p[0] - p[1])
    last_x, last_y = width - 1, height - 1
    # Edges lie between dots: half a dot outside of the last one that is paper.
    edges = {
        "top": [
            (x + 0.5, float(top[x])) for x in _within(columns, upper_left[0], upper_right[0]) if top[x] > 0
        ],
        "bottom": [
            (x + 0.5, bottom[x] + 1.0)
            for x in _within(columns, lower_left[0], lower_right[0])
            if bottom[x] < last_y
        ],
        "left": [
            (float(left[y]), y + 0.5) for y in _within(rows, upper_left[1], lower_left[1]) if left[y] > 0
        ],
        "right": [
            (right[y] + 1.0, y + 0.5)
            for y in _within(rows, upper_right[1], lower_right[1])
            if right[y] < last_x
        ],
    }
    touched = {
        "top": sum(top[x] == 0 for x in columns) / width,
        "bottom": sum(bottom[x] == last_y for x in columns) / width,
        "left": sum(left[y] == 0 for y in rows) / height,
        "right": sum(right[y] == last_x for y in rows) / height,
    }
    outer = [(float(left[y]), y + 0.5) for y in rows] + [(right[y] + 1.0, y + 0.5) for y in rows]
    outer += [(x + 0.5, float(top[x])) for x in columns] + [(x + 0.5, bottom[x] + 1.0) for x in columns]
    return Paper(
        edges={side: tuple(points) for side, points in edges.items()},
        outer=tuple(outer),
        touched=touched,
        area=sum(end - first for _, first, end in runs),
        ground=0,
        light=255,
    )


def _within(places: Iterable[int], first: int, last: int) -> list[int]:
    # Near a corner a dot may belong to either side.
    first, last = min(first, last), max(first, last)
    trim = max(2, round(_TRIM * (last - first)))
    return [place for place in places if first + trim <= place <= last - trim]
