"""What is left in the hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base.errors import Refused
from hub.trades.prices import calculator


def test_price_less_drying_less_transport() -> None:
    left = calculator.net(50_000, Decimal(200), transport=300_000, moisture_percent=Decimal(10))
    assert (left.sold, left.lost) == (Decimal(180), Decimal(20))
    assert (left.gross, left.net, left.per_unit) == (9_000_000, 8_700_000, 43_500)


def test_a_far_buyer_may_bring_a_loss_and_it_is_said() -> None:
    left = calculator.net(1_000, Decimal(10), transport=25_000)
    assert (left.net, left.per_unit) == (-15_000, -1_500)


def test_half_a_dong_is_rounded_up_once_at_the_end() -> None:
    assert calculator.net(1, Decimal("0.5")).gross == 1
    assert calculator.net(3, Decimal("0.5")).net == 2


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"weight": Decimal(0)}, "prices.weight_wrong"),
        ({"weight": Decimal(-1)}, "prices.weight_wrong"),
        ({"weight": Decimal(1_000_001)}, "prices.weight_wrong"),
        ({"moisture_percent": Decimal(100)}, "prices.percent_wrong"),
        ({"moisture_percent": Decimal(-1)}, "prices.percent_wrong"),
        ({"price": 0}, "prices.zero"),
        ({"transport": -1}, "prices.zero"),
    ],
)
def test_impossible_values_are_refused(values: dict[str, object], key: str) -> None:
    whole: dict[str, object] = {"price": 1, "weight": Decimal(1)} | values
    with pytest.raises(Refused) as caught:
        calculator.net(**whole)  # type: ignore[arg-type]
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("typed", "number"), [("12", "12"), ("12,5", "12.5"), ("12.5", "12.5"), (" 7 % ", "7"), ("1 000", "1000")]
)
def test_weights_and_percentages_are_read_as_people_write_them(typed: str, number: str) -> None:
    assert calculator.read_number(typed) == Decimal(number)


@pytest.mark.parametrize("typed", ["", "mười", "1,2,3", "-4", "1e9", "٣", "12345678", "NaN"])
def test_other_numbers_are_refused(typed: str) -> None:
    with pytest.raises(Refused, match="number_unreadable"):
        calculator.read_number(typed)


@given(
    st.integers(1, 10**9),
    st.decimals("0.001", 1_000_000, places=3),
    st.integers(0, 10**10),
    st.decimals(0, "99.9", places=1),
)
def test_it_agrees_with_exact_fractions(
    price: int, weight: Decimal, transport: int, percent: Decimal
) -> None:
    left = calculator.net(price, weight, transport=transport, moisture_percent=percent)
    exact = Fraction(weight) * (1 - Fraction(percent) / 100) * price - transport
    assert abs(exact - left.net) <= Fraction(1, 2)
    assert abs(exact / Fraction(weight) - left.per_unit) <= Fraction(1, 2) + Fraction(1, 10**6)
