"""area(), distance(), geofence() and intersects() of places as forms store them: "lat lon alt acc; …".

The earth is ODK's ball of 6,378,100 m; results are rounded to centimetres as ODK does. What is no place gives
no number, never a wrong one.
"""

from __future__ import annotations

import math
from itertools import pairwise

from hub.forms import values
from hub.forms.coerce import Scope, Value, each

_RADIUS_M = 6_378_100

Point = tuple[float, float]


def _points(*arguments: Value) -> list[Point] | None:
    """Latitudes and longitudes in degrees; None as soon as one of them is no place."""
    found: list[Point] = []
    for value in arguments:
        for told in each(value):
            for part in told.strip().strip(";").split(";"):
                point = _point(part)
                if point is None:
                    return None
                found.append(point)
    return found


def _point(told: str) -> Point | None:
    numbers = [values.number(part) for part in told.split()]
    if not 2 <= len(numbers) <= 4 or any(math.isnan(one) for one in numbers):
        return None
    latitude, longitude = numbers[:2]
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def area(scope: Scope, value: Value) -> float:
    """area(): square metres inside a shape, or inside points in their order."""
    points = _points(value)
    if points is None:
        return math.nan
    if len(points) < 3:
        return 0.0
    ring = [(math.radians(latitude), math.radians(longitude)) for latitude, longitude in points]
    if ring[0] != ring[-1]:
        ring.append(ring[0])
    doubled = sum((b[1] - a[1]) * (2 + math.sin(a[0]) + math.sin(b[0])) for a, b in pairwise(ring))
    return round(abs(doubled * _RADIUS_M * _RADIUS_M / 2), 2)


def distance(scope: Scope, *arguments: Value) -> float:
    """distance(): metres along a trace, around a shape, or from point to point."""
    points = _points(*arguments)
    if points is None:
        return math.nan
    return round(sum(_between(a, b) for a, b in pairwise(points)), 2)


def _between(one: Point, other: Point) -> float:
    (lat_a, lon_a), (lat_b, lon_b) = (tuple(map(math.radians, point)) for point in (one, other))
    half = math.sin((lat_b - lat_a) / 2) ** 2
    half += math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * _RADIUS_M * math.asin(math.sqrt(min(1.0, half)))


def geofence(scope: Scope, place: Value, shape: Value) -> bool:
    """geofence(): whether a point lies inside a shape."""
    points, ring = _points(place), _points(shape)
    if not points or ring is None or len(ring) < 3:
        return False
    latitude, longitude = points[0]
    inside = False
    for (lat_a, lon_a), (lat_b, lon_b) in pairwise([*ring, ring[0]]):
        if (lat_a > latitude) != (lat_b > latitude):
            crossing = lon_a + (latitude - lat_a) / (lat_b - lat_a) * (lon_b - lon_a)
            inside ^= longitude < crossing
    return inside


def intersects(scope: Scope, value: Value) -> bool:
    """intersects(): whether a trace or the outline of a shape crosses or touches itself."""
    points = _points(value)
    if points is None:
        return False
    corners = [point for at, point in enumerate(points) if at == 0 or point != points[at - 1]]
    closed = len(corners) > 2 and corners[0] == corners[-1]
    edges = list(pairwise(corners))
    # From south to north, so that an edge is held only against those beside it.
    northward = sorted(range(len(edges)), key=lambda at: min(edges[at][0][0], edges[at][1][0]))
    for place, one in enumerate(northward):
        north = max(edges[one][0][0], edges[one][1][0])
        for other in northward[place + 1 :]:
            if min(edges[other][0][0], edges[other][1][0]) > north:
                break
            at, later = min(one, other), max(one, other)
            joined = later == at + 1 or closed and at == 0 and later == len(edges) - 1
            if _turns_back(edges, at, later) if joined else _meet(edges[at], edges[later]):
                return True
    return False


def _side(a: Point, b: Point, c: Point) -> float:
    return (b[1] - a[1]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[1] - a[1])


def _on(a: Point, b: Point, c: Point) -> bool:
    return (
        _side(a, b, c) == 0
        and min(a[0], b[0]) <= c[0] <= max(a[0], b[0])
        and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])
    )


def _meet(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    (a, b), (c, d) = first, second
    if any((_on(a, b, c), _on(a, b, d), _on(c, d, a), _on(c, d, b))):
        return True
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _turns_back(edges: list[tuple[Point, Point]], at: int, later: int) -> bool:
    """Whether two edges that share a corner lie upon each other."""
    (a, b), (c, d) = (edges[at], edges[later]) if later == at + 1 else (edges[later], edges[at])
    return _on(a, b, d) or _on(c, d, a)
