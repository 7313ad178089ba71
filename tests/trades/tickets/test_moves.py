"""Numbers that are missed, come back, or go to another line."""

from __future__ import annotations

import pytest

from hub.base.errors import Conflict, Missing, Refused
from hub.trades.tickets import views
from hub.trades.tickets.model import Outcome, State, What
from tests.trades.tickets.conftest import Hand, with_queue


def test_who_was_missed_comes_back_next_but_one(hand: Hand) -> None:
    late = hand.give()
    for _ in range(3):
        hand.give()
    hand.call()
    assert hand.miss(late).state is State.MISSED
    assert views.queue(hand.conn).missed[0].id == late.id
    assert views.place(hand.conn, late.id) is None
    hand.come_back(late)
    assert views.place(hand.conn, late.id) == 1
    assert [hand.called() for _ in range(4)] == [2, 1, 3, 4]


def test_who_comes_back_to_an_empty_queue_is_called_at_once(hand: Hand) -> None:
    late = hand.give()
    hand.call()
    hand.miss(late)
    hand.come_back(late)
    assert hand.called() == 1


def test_missed_twice_is_closed_with_one_return(hand: Hand) -> None:
    late = hand.give()
    hand.call()
    hand.miss(late)
    hand.come_back(late)
    hand.call()
    assert hand.miss(late).state is State.CLOSED
    with pytest.raises(Conflict, match="tickets.not_missed"):
        hand.come_back(late)
    told = [event.what for event in views.history(hand.conn, late.id)]
    assert told[-2:] == [What.MISSED, What.CLOSED]


def test_a_house_without_returns_closes_at_the_first_miss(hand: Hand) -> None:
    hand.settings = with_queue(hand.settings, returns=0)
    late = hand.give()
    hand.call()
    assert hand.miss(late).state is State.CLOSED


def test_only_a_number_at_a_desk_can_be_missed(hand: Hand) -> None:
    with pytest.raises(Conflict, match="tickets.not_at_desk"):
        hand.miss(hand.give())


def test_a_transfer_without_priority_goes_to_the_end_of_the_other_line(hand: Hand) -> None:
    moved, other = hand.give("giay-to"), hand.give("dien-thoai")
    hand.call("1", {"giay-to"})
    after = hand.move(moved, to_service="dien-thoai")
    assert (after.state, after.desk, after.label) == (State.WAITING, None, "1")
    assert [hand.called("2", {"dien-thoai"}), hand.called("2", {"dien-thoai"})] == [
        other.number,
        moved.number,
    ]


def test_a_transfer_with_priority_is_next(hand: Hand) -> None:
    moved, other = hand.give("giay-to"), hand.give("dien-thoai")
    hand.call("1", {"giay-to"})
    hand.move(moved, priority=True, to_service="dien-thoai")
    assert [hand.called("2", {"dien-thoai"}), hand.called("2", {"dien-thoai"})] == [
        moved.number,
        other.number,
    ]


def test_a_transfer_to_a_desk_is_called_there_only_whatever_it_offers(hand: Hand) -> None:
    moved = hand.give("giay-to")
    hand.call("1")
    hand.move(moved, to_desk="2")
    assert hand.call("1") is None
    assert hand.called("2", {"gia-ca"}) == moved.number


def test_a_transfer_keeps_colour_and_picture_of_the_paper(hand: Hand) -> None:
    moved = hand.move(hand.give("giay-to"), to_service="dien-thoai")
    assert (moved.colour, moved.picture, moved.service_id) == ("indigo", "buffalo", "dien-thoai")


def test_a_transfer_needs_a_place_to_go(hand: Hand) -> None:
    ticket = hand.give()
    with pytest.raises(Refused, match="tickets.nowhere_to_move"):
        hand.move(ticket)
    with pytest.raises(Missing, match="tickets.no_service"):
        hand.move(ticket, to_service="khong-co")
    hand.finish(ticket, Outcome.GAVE_UP)
    with pytest.raises(Conflict, match="tickets.already_over"):
        hand.move(ticket, to_desk="2")
