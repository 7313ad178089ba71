"""The fair rule as a pure function."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from hub.base import clock as clocks
from hub.trades.tickets import fair
from hub.trades.tickets.model import Priority, Source, State, Ticket, TicketId

NOW = clocks.Moment(dt.datetime(2026, 11, 21, 2, tzinfo=dt.UTC), True, "boot", 1.0)


def ticket(number: int, first: bool, skip: int | None, passed: int) -> Ticket:
    return Ticket(
        id=TicketId(number),
        token=str(number),
        day_id=1,
        day_on=dt.date(2026, 11, 21),
        number=number,
        label=str(number),
        colour="indigo",
        picture="bee",
        service_id="giay-to",
        priority=Priority.ELDERLY if first else Priority.NONE,
        boosted=False,
        source=Source.GUIDE,
        lang="vi",
        state=State.WAITING,
        outcome=None,
        line=number,
        skip=skip,
        passed=passed,
        recalls=0,
        returned=0,
        desk=None,
        desk_wanted=None,
        staff_id=None,
        issued=NOW,
        called=None,
    )


ROWS = st.lists(
    st.tuples(st.booleans(), st.one_of(st.none(), st.none(), st.integers(0, 2)), st.integers(0, 3)),
    max_size=25,
)


def line(rows: list[tuple[bool, int | None, int]]) -> list[Ticket]:
    return [ticket(number, *row) for number, row in enumerate(rows, start=1)]


@given(ROWS)
def test_every_order_is_a_permutation(rows: list[tuple[bool, int | None, int]]) -> None:
    tickets = line(rows)
    assert sorted(one.id for one in fair.order(reversed(tickets))) == [one.id for one in tickets]


@given(ROWS)
def test_never_more_than_two_priority_calls_before_a_waiting_ordinary_number(
    rows: list[tuple[bool, int | None, int]],
) -> None:
    called = [one for one in fair.order(line(rows)) if one.skip is None]
    in_a_row = 0
    for index, one in enumerate(called):
        ordinary_waits = any(not later.first for later in called[index:])
        in_a_row = in_a_row + 1 if one.first else 0
        assert in_a_row <= fair.PRIORITY_IN_A_ROW or not ordinary_waits


@given(ROWS)
def test_each_lane_keeps_its_own_order(rows: list[tuple[bool, int | None, int]]) -> None:
    called = fair.order(line(rows))
    for first in (True, False):
        lane = [one.line for one in called if one.skip is None and one.first is first]
        assert lane == sorted(lane)


@given(ROWS)
def test_an_order_foretells_the_calls_one_by_one(rows: list[tuple[bool, int | None, int]]) -> None:
    tickets = line(rows)
    foretold = [one.id for one in fair.order(tickets)]
    really = []
    while tickets:
        picked = fair.order(tickets)[0]
        really.append(picked.id)
        rest = [one for one in tickets if one.id != picked.id]
        tickets = [after_call(one, picked) for one in rest]
    assert really == foretold


def after_call(one: Ticket, picked: Ticket) -> Ticket:
    passed, skip = one.passed, one.skip
    if picked.skip is None and one.skip is None and not one.first:
        passed = passed + 1 if picked.first else 0
    if skip:
        skip -= 1
    return ticket(one.number, one.first, skip, passed)
