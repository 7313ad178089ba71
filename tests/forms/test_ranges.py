"""Ranges: stops, limits, steps."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base.errors import Refused
from hub.forms import ranges


def test_the_stops_go_from_start_to_end_upwards_or_downwards() -> None:
    assert ranges.read("0", "1", "0.1", "/a").stops == tuple(
        f"0.{n}".replace("0.0", "0") for n in range(10)
    ) + ("1",)
    assert ranges.read("5", "1", "2", "/a").stops == ("5", "3", "1")
    assert ranges.read("0", "10", "4", "/a").stops == ("0", "4", "8")


@pytest.mark.parametrize(
    ("stored", "key"),
    [
        ("4", None),
        ("4.0", None),
        ("8", None),
        ("5", "forms.off_step"),
        ("12", "forms.out_of_range"),
        ("-4", "forms.out_of_range"),
        ("x", "forms.not_number"),
    ],
)
def test_a_number_must_be_a_stop(stored: str, key: str | None) -> None:
    found = ranges.read("0", "10", "4", "/a").fault(stored)
    assert (found[0] if found else None) == key


@pytest.mark.parametrize(
    "limits",
    [
        ("0", "10", "0"),
        ("0", "10", "-1"),
        ("3", "3", "1"),
        ("a", "10", "1"),
        ("0", "NaN", "1"),
        ("0", "1", "2"),
    ],
)
def test_limits_that_make_no_range_are_refused(limits: tuple[str, str, str]) -> None:
    with pytest.raises(Refused) as caught:
        ranges.read(*limits, "/a")
    assert caught.value.key == "forms.bad_range"


@given(
    st.decimals(min_value=-50, max_value=50, places=2),
    st.decimals(min_value=-50, max_value=50, places=2),
    st.decimals(min_value="0.01", max_value=9, places=2),
)
def test_every_stop_is_good_and_between_two_stops_nothing_is(
    start: Decimal, end: Decimal, step: Decimal
) -> None:
    if abs(end - start) < step:
        return
    made = ranges.read(str(start), str(end), str(step), "/a")
    assert made.count == len(made.stops)
    for stop in made.stops[:20]:
        assert made.fault(stop) is None
        between = Decimal(stop) + step / 2
        assert made.fault(str(between)) is not None
