"""Draw the project's line drawings as black dots on paper, at any size.

The drawings are SVG files of one hand: a square view box, shapes drawn with a round pen, now and then a
filled dot. That subset is checked before anything is drawn, and everything outside it (transforms, styles,
text, links, entities) is refused by name: a picture on a slip is either whole or an error.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from PIL import Image, ImageDraw

from devices import strokes
from devices.ports import Malformed

_SVG = "{http://www.w3.org/2000/svg}"
_OVERSAMPLING = 4
_LARGEST_FILE = 64 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_ROOT = {"viewBox", "width", "height", "class", "role", "aria-hidden", "focusable"}
_PEN = {"fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin"}
_SHAPES = {
    "path": {"d"},
    "circle": {"cx", "cy", "r"},
    "ellipse": {"cx", "cy", "rx", "ry"},
    "line": {"x1", "y1", "x2", "y2"},
    "polyline": {"points"},
    "polygon": {"points"},
    "rect": {"x", "y", "width", "height", "rx", "ry"},
}


@dataclass(frozen=True, slots=True)
class _Stroke:
    chains: tuple[strokes.Chain, ...]
    pen: float
    filled: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing read from a file, in units of its own square of ``side``."""

    left: float
    top: float
    side: float
    strokes: tuple[_Stroke, ...]


def read(svg: bytes) -> Drawing:
    """Read one drawing; raise Malformed, naming what is outside the project's subset."""
    if len(svg) > _LARGEST_FILE:
        raise Malformed("a drawing is at most 64 KiB")
    if b"<!DOCTYPE" in svg:
        raise Malformed("a drawing has no document type")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(svg, parser)
    except etree.XMLSyntaxError as error:
        raise Malformed(f"not a drawing: {error.msg}") from None
    if root.tag != f"{_SVG}svg":
        raise Malformed(f"not an SVG drawing: {root.tag!r:.60}")
    _only(root, _ROOT | _PEN)
    box = _numbers(root.get("viewBox", ""), "viewBox")
    if len(box) != 4 or box[2] != box[3] or not 8 <= box[2] <= 512:
        raise Malformed("a drawing's viewBox is a square of 8 to 512 units")
    inherited = {name: root.get(name) or "" for name in _PEN if root.get(name) is not None}
    drawn = tuple(_stroke(element, inherited) for element in root if element.tag != f"{_SVG}title")
    return Drawing(box[0], box[1], box[2], drawn)


def draw(drawing: Drawing, size: int) -> Image.Image:
    """Draw at ``size`` × ``size`` dots: a 1-bit image, black on white."""
    scale = size * _OVERSAMPLING / drawing.side
    sheet = Image.new("L", (size * _OVERSAMPLING,) * 2, 255)
    pencil = ImageDraw.Draw(sheet)
    for stroke in drawing.strokes:
        for chain in stroke.chains:
            points = [((x - drawing.left) * scale, (y - drawing.top) * scale) for x, y in chain.points]
            if stroke.filled and len(points) > 2:
                pencil.polygon(points, fill=0)
            if stroke.pen > 0:
                _follow(pencil, points + points[:1] if chain.closed else points, stroke.pen * scale)
    small = sheet.reduce(_OVERSAMPLING)
    return small.point(lambda grey: 255 if grey > 127 else 0).convert("1", dither=Image.Dither.NONE)


def _follow(pencil: ImageDraw.ImageDraw, points: list[strokes.Point], width: float) -> None:
    half = width / 2
    for start, end in zip(points, points[1:], strict=False):
        length = math.dist(start, end)
        if length:
            across = ((end[1] - start[1]) / length * half, (start[0] - end[0]) / length * half)
            corners = [(start[0] + across[0], start[1] + across[1]), (end[0] + across[0], end[1] + across[1])]
            corners += [
                (end[0] - across[0], end[1] - across[1]),
                (start[0] - across[0], start[1] - across[1]),
            ]
            pencil.polygon(corners, fill=0)
    for x, y in points:
        pencil.ellipse((x - half, y - half, x + half, y + half), fill=0)


class PictureBook:
    """The drawings of one folder, by name; each is read and drawn once a size."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drawn = functools.lru_cache(maxsize=128)(self._draw)

    def names(self) -> tuple[str, ...]:
        """List what is in the book."""
        return tuple(sorted(file.stem for file in self._folder.glob("*.svg") if _NAME.fullmatch(file.stem)))

    def picture(self, name: str, size: int) -> Image.Image:
        """Return a picture as a 1-bit image, black on white, ``size`` dots square; not to be drawn on.

        Raises Malformed for a name that is not in the book and for a drawing outside the subset.
        """
        return self._drawn(name, size)

    def _draw(self, name: str, size: int) -> Image.Image:
        if not _NAME.fullmatch(name):
            raise Malformed(f"not a picture's name: {name!r:.80}")
        try:
            svg = (self._folder / f"{name}.svg").read_bytes()
        except OSError as error:
            raise Malformed(f"no picture named {name}: {error.strerror}") from None
        try:
            return draw(read(svg), size)
        except Malformed as error:
            raise Malformed(f"{name}.svg: {error.detail}") from None


def _only(element: etree._Element, allowed: set[str]) -> None:
    strange = sorted(str(name) for name in element.attrib if name not in allowed)
    if strange:
        raise Malformed(f"{etree.QName(element).localname} may not carry {', '.join(strange)}")


def _stroke(element: etree._Element, inherited: dict[str, str]) -> _Stroke:
    name = str(element.tag).removeprefix(_SVG)
    if name not in _SHAPES:
        raise Malformed(f"a drawing may not hold <{name}>")
    _only(element, _SHAPES[name] | _PEN)
    if len(element):
        raise Malformed(f"<{name}> may not hold anything")
    style = {"fill": "currentColor", "stroke": "none", "stroke-width": "1"} | inherited
    style |= {key: element.get(key) or "" for key in _PEN if element.get(key) is not None}
    for key in ("fill", "stroke"):
        if style[key] not in ("none", "currentColor"):
            raise Malformed(f"{key} is none or currentColor, not {style[key]!r:.40}")
    pen = _numbers(style["stroke-width"], "stroke-width")
    if len(pen) != 1 or not 0 <= pen[0] <= 16:
        raise Malformed("stroke-width is one number, 0 to 16")
    return _Stroke(
        _chains(name, element), pen[0] if style["stroke"] != "none" else 0.0, style["fill"] != "none"
    )


def _chains(name: str, element: etree._Element) -> tuple[strokes.Chain, ...]:
    def length(key: str, default: float = 0.0) -> float:
        found = _numbers(element.get(key, ""), key)
        if len(found) > 1:
            raise Malformed(f"{key} is one number")
        return found[0] if found else default

    match name:
        case "path":
            return strokes.path(element.get("d", ""))
        case "circle":
            return (strokes.ellipse(length("cx"), length("cy"), length("r"), length("r")),)
        case "ellipse":
            return (strokes.ellipse(length("cx"), length("cy"), length("rx"), length("ry")),)
        case "line":
            return (strokes.Chain(((length("x1"), length("y1")), (length("x2"), length("y2")))),)
        case "rect":
            rx, ry = length("rx", length("ry")), length("ry", length("rx"))
            return (strokes.rectangle(length("x"), length("y"), length("width"), length("height"), rx, ry),)
        case _:
            flat = _numbers(element.get("points", ""), "points")
            if not flat or len(flat) % 2:
                raise Malformed("points are pairs of numbers")
            pairs = tuple(zip(flat[::2], flat[1::2], strict=True))
            return (strokes.Chain(pairs, closed=name == "polygon"),)


def _numbers(text: str, where: str) -> list[float]:
    try:
        found = [float(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise Malformed(f"{where} is not a number: {text!r:.40}") from None
    if not all(math.isfinite(number) and abs(number) <= 10_000 for number in found):
        raise Malformed(f"{where} is out of range")
    return found
