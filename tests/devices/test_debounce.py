"""Presses, bounces, sparks, long presses and stuck buttons, as samples of one contact."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from devices.debounce import Debouncer

SETTLE, STUCK = 0.02, 30.0
_STEP = 0.004
samples = st.lists(st.tuples(st.booleans(), st.floats(0.001, 0.05)), min_size=1, max_size=60)


def _feed(contact: Debouncer, level: bool, seconds: float, now: float) -> tuple[int, float]:
    """Hold a level and sample it; return how many presses were told, and the time."""
    presses, ends = 0, now + seconds
    while now < ends:
        presses += contact.feed(level, now)
        now += _STEP
    return presses, now


@given(samples)
def test_a_press_is_certain_only_after_the_level_has_stood_still(steps: list[tuple[bool, float]]) -> None:
    contact, now = Debouncer(SETTLE, STUCK), 0.0
    stood_since, last = 0.0, False
    presses, believed = 0, False
    for level, gap in steps:
        now += gap
        if level is not last:
            last, stood_since = level, now
        pressed = contact.feed(level, now)
        if pressed:
            assert level and now - stood_since >= SETTLE and not believed
            presses += 1
        if now - stood_since >= SETTLE:
            believed = level
    assert presses <= len(steps) // 2 + 1


@given(st.lists(st.floats(0.0005, SETTLE - 0.002), max_size=40))
def test_a_storm_of_sparks_shorter_than_the_settling_time_is_no_press(gaps: list[float]) -> None:
    contact, now, level = Debouncer(SETTLE, STUCK), 0.0, False
    for gap in gaps:
        level = not level
        assert not contact.feed(level, now)
        now += gap
        # The next edge comes before this one has stood still.
        assert not contact.feed(level, now)
    assert not contact.believed


bounces = st.lists(st.floats(0.0005, SETTLE / 2), max_size=12)


@given(st.lists(st.tuples(bounces, st.floats(0.05, 3.0), bounces), min_size=1, max_size=8))
def test_each_human_press_is_told_once_whatever_the_contact_does(
    presses: list[tuple[list[float], float, list[float]]],
) -> None:
    contact, now, told = Debouncer(SETTLE, STUCK), 0.0, 0
    for going_down, held_s, going_up in presses:
        for level, shakes in ((True, going_down), (False, going_up)):
            for place, gap in enumerate(shakes):
                told += contact.feed(level if place % 2 == 0 else not level, now)
                now += gap
            count, now = _feed(contact, level, held_s if level else 0.1, now)
            told += count
    assert told == len(presses)
    assert contact.settled and not contact.stuck(now)


@given(st.floats(0.1, 100.0))
def test_a_long_press_is_one_press_and_after_its_time_a_stuck_button(held_s: float) -> None:
    contact = Debouncer(SETTLE, STUCK)
    told, now = 0, 0.0
    while now < held_s:
        told += contact.feed(True, now)
        now += 0.05
    assert told == 1
    # A few samples of play: the button counts as down from when that was believed.
    if held_s < STUCK:
        assert not contact.stuck(now)
    elif held_s > STUCK + 0.2:
        assert contact.stuck(now)
    count, now = _feed(contact, False, 0.1, now)
    assert count == 0 and not contact.stuck(now)


def test_a_button_that_was_down_at_the_start_is_no_press_until_it_was_let_go() -> None:
    contact = Debouncer(SETTLE, STUCK, believed=True)
    told, now = _feed(contact, True, 1.0, 0.0)
    assert told == 0 and not contact.stuck(now) and contact.stuck(now + STUCK)
    told, now = _feed(contact, False, 0.1, now)
    assert told == 0
    assert _feed(contact, True, 0.1, now)[0] == 1
