"""Places measured: areas, ways and fences."""

from __future__ import annotations

import math
import random
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.forms import geo
from tests.forms.test_expressions import scope

DEGREE = st.floats(-80, 80, allow_nan=False).map(lambda one: round(one, 5))
POINTS = st.lists(st.tuples(DEGREE, DEGREE), min_size=2, max_size=7, unique=True)


def told(points: list[tuple[float, float]]) -> str:
    return ";".join(f"{latitude:f} {longitude:f} 0 0" for latitude, longitude in points)


@given(POINTS)
def test_a_way_back_is_as_long_as_the_way_there(points: list[tuple[float, float]]) -> None:
    there, back = geo.distance(scope(), told(points)), geo.distance(scope(), told(points[::-1]))
    assert there == pytest.approx(back, abs=0.02)
    assert there >= geo.distance(scope(), told([points[0], points[-1]])) - 0.02


@given(POINTS)
def test_a_shape_has_the_same_area_whichever_way_round_and_wherever_it_begins(
    points: list[tuple[float, float]],
) -> None:
    found = geo.area(scope(), told(points))
    for same in (points[::-1], points[1:] + points[:1], [*points, points[0]]):
        assert geo.area(scope(), told(same)) == pytest.approx(found, rel=1e-9, abs=0.02)


@given(st.integers(3, 12), st.integers(0, 359), st.floats(0.1, 3))
def test_a_regular_shape_holds_its_middle_and_not_what_lies_far_off(
    corners: int, turn: int, wide: float
) -> None:
    ring = [
        (
            wide * math.sin(math.radians(turn + 360 * at / corners)),
            wide * math.cos(math.radians(turn + 360 * at / corners)),
        )
        for at in range(corners)
    ]
    assert geo.geofence(scope(), "0 0", told(ring)) and not geo.geofence(scope(), "0 5", told(ring))
    assert not geo.intersects(scope(), told([*ring, ring[0]]))
    assert not geo.intersects(scope(), told(ring))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=7))
def test_crossings_are_those_that_looking_at_every_pair_finds(points: list[tuple[int, int]]) -> None:
    corners = [point for at, point in enumerate(points) if at == 0 or point != points[at - 1]]
    edges = list(zip(corners, corners[1:], strict=False))
    crossing = False
    for at, (a, b) in enumerate(edges):
        for later in range(at + 1, len(edges)):
            closing = at == 0 and later == len(edges) - 1 and corners[0] == corners[-1] and len(corners) > 2
            allowed = {b} if later == at + 1 else {a} if closing else set()
            crossing |= bool(_shared(a, b, *edges[later]) - allowed)
    assert geo.intersects(scope(), told([(float(a), float(b)) for a, b in points])) is crossing


Spot = tuple[Fraction | int, Fraction | int]


def _shared(a: Spot, b: Spot, c: Spot, d: Spot) -> set[Spot]:
    """What two edges have in common, in exact fractions: nothing, a spot, or the ends of a stretch."""
    (ux, uy), (vx, vy) = (b[0] - a[0], b[1] - a[1]), (d[0] - c[0], d[1] - c[1])
    across = ux * vy - uy * vx
    if across:
        wx, wy = c[0] - a[0], c[1] - a[1]
        along, other = Fraction(wx * vy - wy * vx, across), Fraction(wx * uy - wy * ux, across)
        inside = 0 <= along <= 1 and 0 <= other <= 1
        return {(a[0] + along * ux, a[1] + along * uy)} if inside else set()
    if ux * (c[1] - a[1]) != uy * (c[0] - a[0]):
        return set()
    return {one for one in (a, b) if min(c, d) <= one <= max(c, d)} | {
        one for one in (c, d) if min(a, b) <= one <= max(a, b)
    }


def test_a_long_trace_is_looked_at_quickly() -> None:
    dice = random.Random(1)
    trace = [(at / 1000, 100 + dice.random() / 10_000) for at in range(5000)]
    began = time.perf_counter()
    assert not geo.intersects(scope(), told(trace))
    assert time.perf_counter() - began < 2
    assert geo.intersects(scope(), told([*trace, (0.0, 100.0), (1.0, 100.1)]))
