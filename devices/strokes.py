"""Turn SVG path data into chains of points that a pen can follow.

It understands the commands M L H V C Q A Z, absolute and relative, with the compact number writing that
drawing programs use. Anything else is refused with the place where reading stopped; a path is never drawn
half. Geometry as in the SVG 1.1 recommendation, chapter 8 and appendix F.6 (arcs).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from devices.ports import Malformed

Point = tuple[float, float]

_STEPS = 16
"""Straight pieces a curve is cut into: at 200 dots a picture the error stays under half a dot."""
_LARGEST = 10_000.0
_MOST_COMMANDS = 2_000

_SPACE = re.compile(r"[\s,]*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_FLAG = re.compile(r"[01]")
_ARGUMENTS = {"M": "nn", "L": "nn", "H": "n", "V": "n", "C": "nnnnnn", "Q": "nnnn", "A": "nnnffnn", "Z": ""}


@dataclass(frozen=True, slots=True)
class Chain:
    """Points joined by straight pieces; ``closed`` joins the last to the first. One point is a dot."""

    points: tuple[Point, ...]
    closed: bool = False


def path(data: str) -> tuple[Chain, ...]:
    """Follow the path data of a ``d`` attribute; raise Malformed where it is not understood."""
    pen = _Pen()
    for command, numbers in _commands(data):
        pen.obey(command, numbers)
    return pen.finish()


def ellipse(cx: float, cy: float, rx: float, ry: float) -> Chain:
    """Return the outline of an ellipse."""
    turns = [2 * math.pi * step / (4 * _STEPS) for step in range(4 * _STEPS)]
    return Chain(tuple((cx + rx * math.cos(turn), cy + ry * math.sin(turn)) for turn in turns), closed=True)


def rectangle(x: float, y: float, width: float, height: float, rx: float, ry: float) -> Chain:
    """Return the outline of a rectangle with corners rounded by ``rx`` and ``ry``."""
    rx, ry = min(rx, width / 2), min(ry, height / 2)
    if rx <= 0 or ry <= 0:
        return Chain(((x, y), (x + width, y), (x + width, y + height), (x, y + height)), closed=True)
    corners = (
        (x + width - rx, y + ry),
        (x + width - rx, y + height - ry),
        (x + rx, y + height - ry),
        (x + rx, y + ry),
    )
    points: list[Point] = []
    for quarter, (cx, cy) in enumerate(corners):
        for step in range(_STEPS // 2 + 1):
            turn = math.pi / 2 * (quarter - 1 + step / (_STEPS // 2))
            points.append((cx + rx * math.cos(turn), cy + ry * math.sin(turn)))
    return Chain(tuple(points), closed=True)


def _commands(data: str) -> list[tuple[str, list[float]]]:
    found: list[tuple[str, list[float]]] = []
    place = _skip(data, 0)
    while place < len(data):
        command = data[place]
        if command.upper() not in _ARGUMENTS or (not found and command.upper() != "M"):
            raise Malformed(f"path data not understood at {place}: {data[place:place + 12]!r}")
        place = _skip(data, place + 1)
        wanted = _ARGUMENTS[command.upper()]
        while True:
            numbers: list[float] = []
            for kind in wanted:
                match = (_FLAG if kind == "f" else _NUMBER).match(data, place)
                if match is None or abs(float(match[0])) > _LARGEST:
                    raise Malformed(
                        f"path data: {command} wants a number at {place}: {data[place:place + 12]!r}"
                    )
                numbers.append(float(match[0]))
                place = _skip(data, match.end())
            found.append((command, numbers))
            if len(found) > _MOST_COMMANDS:
                raise Malformed(f"path data has more than {_MOST_COMMANDS} commands")
            # Further numbers repeat the command; after a move they are lines.
            if not wanted or _NUMBER.match(data, place) is None:
                break
            command = {"M": "L", "m": "l"}.get(command, command)
    return found


def _skip(data: str, place: int) -> int:
    match = _SPACE.match(data, place)
    return match.end() if match else place


class _Pen:
    def __init__(self) -> None:
        self._chains: list[Chain] = []
        self._points: list[Point] = []
        self._at: Point = (0.0, 0.0)
        self._start: Point = (0.0, 0.0)

    def finish(self) -> tuple[Chain, ...]:
        self._lift(closed=False)
        return tuple(self._chains)

    def _lift(self, *, closed: bool) -> None:
        if self._points:
            self._chains.append(Chain(tuple(self._points), closed))
        self._points = []

    def _draw(self, points: list[Point]) -> None:
        if not self._points:
            self._points.append(self._at)
        self._points.extend(points)
        self._at = points[-1]

    def obey(self, command: str, numbers: list[float]) -> None:
        dx, dy = self._at if command.islower() else (0.0, 0.0)
        x, y = self._at
        match command.upper():
            case "M":
                self._lift(closed=False)
                self._at = self._start = (numbers[0] + dx, numbers[1] + dy)
            case "L":
                self._draw([(numbers[0] + dx, numbers[1] + dy)])
            case "H":
                self._draw([(numbers[0] + dx, y)])
            case "V":
                self._draw([(x, numbers[0] + dy)])
            case "C" | "Q":
                moved = [(numbers[i] + dx, numbers[i + 1] + dy) for i in range(0, len(numbers), 2)]
                self._draw(_curve([self._at, *moved]))
            case "A":
                end = (numbers[5] + dx, numbers[6] + dy)
                self._draw(
                    _arc(
                        self._at, numbers[0], numbers[1], numbers[2], bool(numbers[3]), bool(numbers[4]), end
                    )
                )
            case _:
                if not self._points:
                    self._points.append(self._at)
                self._lift(closed=True)
                self._at = self._start


def _curve(controls: list[Point]) -> list[Point]:
    points = []
    for step in range(1, _STEPS + 1):
        share = step / _STEPS
        level = controls
        while len(level) > 1:
            level = [
                (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
                for a, b in zip(level, level[1:], strict=False)
            ]
        points.append(level[0])
    return points


def _arc(
    start: Point, rx: float, ry: float, degrees: float, large: bool, sweep: bool, end: Point
) -> list[Point]:
    rx, ry = abs(rx), abs(ry)
    if start == end or rx == 0 or ry == 0:
        return [end]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    half_x, half_y = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    x1, y1 = cos * half_x + sin * half_y, cos * half_y - sin * half_x
    # Radii too small to reach from start to end grow until they just do.
    grow = math.sqrt(max(1.0, (x1 / rx) ** 2 + (y1 / ry) ** 2))
    rx, ry = rx * grow, ry * grow
    spread = (rx * y1) ** 2 + (ry * x1) ** 2
    if spread == 0:  # so close together that the square underflows
        return [end]
    root = math.sqrt(max(0.0, (rx * ry) ** 2 - spread) / spread)
    if large == sweep:
        root = -root
    cx1, cy1 = root * rx * y1 / ry, -root * ry * x1 / rx
    cx = cos * cx1 - sin * cy1 + (start[0] + end[0]) / 2
    cy = sin * cx1 + cos * cy1 + (start[1] + end[1]) / 2
    begin = math.atan2((y1 - cy1) / ry, (x1 - cx1) / rx)
    turn = math.atan2((-y1 - cy1) / ry, (-x1 - cx1) / rx) - begin
    if sweep and turn < 0:
        turn += 2 * math.pi
    elif not sweep and turn > 0:
        turn -= 2 * math.pi
    points = []
    for step in range(1, 2 * _STEPS + 1):
        angle = begin + turn * step / (2 * _STEPS)
        x, y = rx * math.cos(angle), ry * math.sin(angle)
        points.append((cos * x - sin * y + cx, sin * x + cos * y + cy))
    points[-1] = end
    return points
