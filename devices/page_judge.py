"""Judge a page as a person would who holds it up to the light: too dark, too bright, blurred, cut off, blank.

Keeps true: it judges the flattened page before its light is evened out, at the size at which it will be
read, and in small cells, so that one black stamp or one white corner does not decide for all. It never
refuses anything.

Not told apart: a page pushed straight over a scanner's stop from one that ends there; overexposed thin print
from a blank page; faint pencil out of focus from no writing at all.
"""

from __future__ import annotations

from statistics import median

from PIL import Image, ImageChops, ImageFilter

from devices.page_edges import Outline
from devices.page_light import level

_DPI = 200
_CELLS_ACROSS, _CELLS_DOWN = 14, 20
_PAPER_DARK = 95
"""Paper darker than this cannot be made white without making noise of it."""
_CELL_DARK, _DARK_SHARE = 85, 0.35
_PAPER_BRIGHT, _INK_PALE = 248, 50
_INK_STEP = 26
_BLANK_SHARE = 0.0004
_INKED_STEP = 45
_FEWEST_CELLS = 3
_CELL_MM = 8.0
_RIM_SHARE = 0.08
_LIKE_INK = 0.5
_STEEPEST = 0.99
_GRAIN_COUNTED = 0.7
_SHARP = 0.24
"""Steepest step between neighbours in a cell, as a share of its contrast; a soft picture stays below."""
_RIM_STEP = 60
_RIM_RUNS = 3
_RIM_LONGEST_MM = 8.0


def judge(sheet: Image.Image, dpi: int, outline: Outline, *, camera: bool) -> tuple[str, ...]:
    """Return what is wrong with a page, by the values of ``devices.page.Finding``."""
    grey = sheet if sheet.mode == "L" else sheet.convert("L")
    if dpi > _DPI:
        share = _DPI / dpi
        size = (max(1, round(grey.width * share)), max(1, round(grey.height * share)))
        grey, dpi = grey.resize(size, Image.Resampling.BOX), _DPI
    small = grey.reduce(2).filter(ImageFilter.MedianFilter(3))
    paper = level(small.histogram(), 0.8)
    blank = _blank(small)
    found: list[str] = []
    if _too_dark(small, paper):
        found.append("too_dark")
    elif not blank and _too_bright(small, paper):
        found.append("too_bright")
    if blank:
        return (*found, "blank")
    if _blurred(_inner(grey, outline), dpi):
        found.append("blurred")
    if outline.cut or _ink_over_rim(small, dpi / 2, outline, paper):
        found.append("cut_off")
    if outline.skewed:
        found.append("skewed")
    return tuple(found)


def _cells(grey: Image.Image) -> list[tuple[int, int, int, int]]:
    across, down = min(_CELLS_ACROSS, grey.width // 8), min(_CELLS_DOWN, grey.height // 8)
    across, down = max(1, across), max(1, down)
    return [
        (
            grey.width * column // across,
            grey.height * row // down,
            grey.width * (column + 1) // across,
            grey.height * (row + 1) // down,
        )
        for row in range(down)
        for column in range(across)
    ]


def _too_dark(small: Image.Image, paper: int) -> bool:
    if paper < _PAPER_DARK:
        return True
    cells = [level(small.crop(box).histogram(), 0.9) for box in _cells(small)]
    return sum(cell < _CELL_DARK for cell in cells) > _DARK_SHARE * len(cells)


def _too_bright(small: Image.Image, paper: int) -> bool:
    # The ink is pale because the light burnt it, not because somebody wrote with a pencil on good paper.
    darkest = level(small.histogram(), _BLANK_SHARE)
    return paper >= _PAPER_BRIGHT and paper - darkest < _INK_PALE


def _blank(small: Image.Image) -> bool:
    # A shadow is wide and soft, so paper is what is brightest nearby.
    tiny = small.reduce(4)
    nearby = tiny.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.BoxBlur(2)).resize(small.size)
    rim = min(max(2, max(small.size) // 60), min(small.size) // 4)
    box = (rim, rim, small.width - rim, small.height - rim)
    ink = ImageChops.subtract(nearby.crop(box), small.crop(box)).histogram()
    return sum(ink[_INK_STEP:]) < _BLANK_SHARE * sum(ink)


def _blurred(grey: Image.Image, dpi: float) -> bool:
    found = _sharpness(grey, dpi)
    return found is not None and found < _SHARP


def _inner(grey: Image.Image, outline: Outline) -> Image.Image:
    # Where the page's end is not sure, a lid's long straight edge may be seen: no writing, but sharp.
    wide, tall = round(_RIM_SHARE * grey.width), round(_RIM_SHARE * grey.height)
    sides = outline.open_sides
    return grey.crop(
        (
            wide * ("left" in sides),
            tall * ("top" in sides),
            grey.width - wide * ("right" in sides),
            grey.height - tall * ("bottom" in sides),
        )
    )


def _sharpness(grey: Image.Image, dpi: float) -> float | None:
    """Return the steepest steps between neighbours as a share of the ink's contrast; None: too little ink."""
    beside = ImageChops.difference(grey, ImageChops.offset(grey, 1, 0))
    below = ImageChops.difference(grey, ImageChops.offset(grey, 0, 1))
    side = max(24, round(_CELL_MM / 25.4 * dpi))
    seen: list[tuple[int, int, int]] = []
    grain: list[int] = []
    for top in range(side // 2, grey.height - side, side):
        for left in range(side // 2, grey.width - side, side):
            box = (left, top, left + side, top + side)
            counts = grey.crop(box).histogram()
            contrast = level(counts, 0.98) - level(counts, 0.02)
            across = level(beside.crop(box).histogram(), _STEEPEST)
            if contrast < _INKED_STEP:
                grain.append(across)
            else:
                seen.append((contrast, across, level(below.crop(box).histogram(), _STEEPEST)))
    # A pattern in the paper is soft by nature: only what stands out as the page's ink does is looked at.
    ink = sorted(contrast for contrast, _, _ in seen)[9 * len(seen) // 10] if seen else 0
    inked = [one for one in seen if one[0] >= _LIKE_INK * ink]
    if len(inked) < _FEWEST_CELLS:
        return None
    # Moved paper is soft in one direction only; a cell with only a ruled line has no step in one.
    # What bare paper has of steps is the camera's grain, and makes no picture sharper.
    noise = _GRAIN_COUNTED * (median(grain) if grain else 0)
    return min(
        _upper([(across - noise) / contrast for contrast, across, _ in inked]),
        _upper([(down - noise) / contrast for contrast, _, down in inked]),
    )


def _upper(values: list[float]) -> float:
    return median(sorted(values)[len(values) // 2 :])


def _ink_over_rim(small: Image.Image, dpi: float, outline: Outline, paper: int) -> bool:
    width, height = small.size
    strips = {
        "top": (0, 0, width, 2),
        "bottom": (0, height - 2, width, height),
        "left": (0, 0, 2, height),
        "right": (width - 2, 0, width, height),
    }
    longest = _RIM_LONGEST_MM / 25.4 * dpi
    for side, box in strips.items():
        if side not in outline.open_sides:
            continue
        strip = small.crop(box)
        line = strip.resize(
            (strip.width, 1) if side in ("top", "bottom") else (1, strip.height), Image.Resampling.BOX
        )
        if sum(length <= longest for length in _dark_runs(line.tobytes(), paper - _RIM_STEP)) >= _RIM_RUNS:
            return True
    return False


def _dark_runs(line: bytes, dark: int) -> list[int]:
    lengths: list[int] = []
    length = 0
    for value in (*line, 255):
        if value < dark:
            length += 1
        elif length:
            lengths.append(length)
            length = 0
    return lengths
