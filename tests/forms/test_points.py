"""Places as people type them."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.forms import points, typed
from hub.forms.typed import DataType


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("22.3364 103.8438", "22.3364 103.8438 0 0"),
        ("22.3364, 103.8438", "22.3364 103.8438 0 0"),
        ("22,3364 103,8438", "22.3364 103.8438 0 0"),
        ("22,3364, 103,8438", "22.3364 103.8438 0 0"),
        (" -22.5  103 1500.50 4.0 ", "-22.5 103 1500.5 4"),
        ("0 0", "0 0 0 0"),
        ("90 -180 0 0", "90 -180 0 0"),
    ],
)
def test_a_point_is_read_as_people_write_it(text: str, stored: str) -> None:
    assert points.point(text) == stored


@pytest.mark.parametrize(
    "text", ["", "22.3", "91 0", "0 181", "1 2 3 4 5", "x y", "1 2 3 -4", "22°20' 103°50'"]
)
def test_what_is_no_point_is_not_guessed_at(text: str) -> None:
    assert points.point(text) is None


def test_a_way_needs_two_points_and_a_field_three_and_its_end() -> None:
    assert points.line("1 1\n2 2", "trace") == "1 1 0 0;2 2 0 0"
    assert points.line("1 1", "trace") is None and points.line("1 1\nhere", "trace") is None
    assert points.line("1 1\n2 2", "shape") is None
    assert points.line("1 1; 2 2\n3 1", "shape") == "1 1 0 0;2 2 0 0;3 1 0 0;1 1 0 0"
    assert points.lines("1 1 0 0;2 2 0 0") == "1 1 0 0\n2 2 0 0"


_coordinate = st.decimals(min_value=-90, max_value=90, places=7)


@given(st.lists(st.tuples(_coordinate, _coordinate), min_size=3, max_size=6))
def test_what_is_stored_is_shown_and_read_back_the_same(places: list[tuple[object, object]]) -> None:
    assume(places[0] != places[-1])
    written = "\n".join(f"{latitude:f} {longitude:f}" for latitude, longitude in places)
    for kind in (DataType.TRACE, DataType.SHAPE):
        stored = typed.read(kind, (), written, None).value
        assert stored and typed.fault(kind, stored) is None
        assert typed.read(kind, (), typed.shown(kind, (), stored), None).value == stored


@given(st.text(max_size=40))
def test_any_text_is_a_place_or_a_sentence(text: str) -> None:
    for kind in (DataType.POINT, DataType.TRACE, DataType.SHAPE):
        found = typed.read(kind, (), text, None)
        assert bool(found.key) == (found.value == "" and text.strip() != "")
