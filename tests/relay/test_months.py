"""A month in a village, five thousand times: nothing lost, nothing doubled, nothing told that is not so."""

from __future__ import annotations

import pytest

from tests.relay import months

MONTHS = 5_000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_five_thousand_months_end_with_every_dossier_at_the_office_once() -> None:
    seen = months.run(1, MONTHS)
    # A month in which nothing happened would prove nothing.
    assert seen["arrived"] > 2 * MONTHS
    assert seen["power cut"] > MONTHS / 2
    events = ("wire", "seal", "jump", "withdraw", "officer", "person", "stick taken", "closed by hand")
    assert min(seen[name] for name in events) > MONTHS / 10


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_month_is_the_same_month_each_time_it_is_lived(seed: int) -> None:
    first: list[str] = []
    again: list[str] = []
    assert months.live(seed, first.append) == months.live(seed, again.append)
    assert first == again
