"""Service days on a box whose clock may be wrong."""

from __future__ import annotations

import datetime as dt
import sqlite3

import pytest

from hub.base import db
from hub.base.errors import Refused
from hub.trades.tickets import days
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views
from hub.trades.tickets.model import State, What
from tests.trades.tickets.conftest import Hand

TODAY, TOMORROW = dt.date(2026, 11, 21), dt.date(2026, 11, 22)


def now(conn: sqlite3.Connection) -> days.Day:
    day = days.current(conn)
    assert day is not None
    return day


def settle(hand: Hand) -> int:
    return tickets.settle_doubts(hand.conn, hand.clock.read())


def test_a_new_day_starts_at_one_and_closes_what_was_left(hand: Hand) -> None:
    left, served = hand.give(), hand.give()
    hand.call("1")
    hand.clock.advance(86_400)
    fresh = hand.give()
    assert (fresh.number, fresh.day_on) == (1, TOMORROW)
    for old in (left, served):
        assert views.get(hand.conn, old.id).state is State.CLOSED
        last = views.history(hand.conn, old.id)[-1]
        assert (last.what, last.detail) == (What.CLOSED, "day_over")


def test_the_village_day_turns_at_village_midnight(hand: Hand) -> None:
    hand.clock.at = dt.datetime(2026, 11, 21, 16, 59, tzinfo=dt.UTC)
    assert hand.give().day_on == TODAY
    hand.clock.advance(120)
    assert (hand.give().day_on, now(hand.conn).on) == (TOMORROW, TOMORROW)


def test_the_first_call_of_a_morning_finds_nobody_from_yesterday(hand: Hand) -> None:
    hand.give()
    hand.clock.advance(86_400)
    assert hand.call() is None


def test_settling_turns_the_day_before_anybody_comes(hand: Hand) -> None:
    hand.give()
    hand.call()
    hand.clock.advance(86_400)
    settle(hand)
    assert views.board(hand.conn).serving == () and now(hand.conn) == days.Day(2, TOMORROW, True, 0)


def test_a_power_cut_within_a_day_goes_on_counting(hand: Hand) -> None:
    hand.give()
    hand.clock.reboot()
    assert hand.give().number == 2


def test_a_doubtful_clock_never_starts_a_day(hand: Hand) -> None:
    hand.give()
    hand.clock.reboot(trusted=False)
    hand.clock.advance(3 * 86_400)
    after = hand.give()
    assert (after.number, after.day_on) == (2, TODAY)


def test_a_doubtful_clock_from_the_past_never_restarts_yesterday(hand: Hand) -> None:
    hand.give()
    hand.clock.advance(86_400)
    hand.give()
    hand.clock.reboot(at="2026-11-21T02:00:00.000000Z", trusted=False)
    after = hand.give()
    assert (after.number, after.day_on) == (2, TOMORROW)


def test_the_very_first_day_may_be_doubtful_and_is_put_right(hand: Hand) -> None:
    hand.clock.reboot(at="2020-01-01T00:00:00.000000Z", trusted=False)
    first = hand.give()
    assert (first.number, now(hand.conn).certain) == (1, False)
    hand.clock.advance(600)
    hand.clock.at, hand.clock.trusted = dt.datetime(2026, 11, 21, 3, 0, tzinfo=dt.UTC), True
    assert settle(hand) == 1
    after = views.get(hand.conn, first.id)
    assert after.issued.at == dt.datetime(2026, 11, 21, 2, 50, tzinfo=dt.UTC)
    assert after.issued.trusted and (after.number, after.day_on) == (1, TODAY)
    second = hand.give()
    assert (second.number, second.day_on) == (2, TODAY)


def test_doubtful_numbers_that_are_of_today_keep_number_and_place(hand: Hand) -> None:
    for _ in range(5):
        hand.give()
    for _ in range(5):
        hand.call()
    hand.call()
    hand.clock.reboot(trusted=False)
    waiting = [hand.give() for _ in range(3)]
    assert [ticket.number for ticket in waiting] == [6, 7, 8]
    hand.clock.at += dt.timedelta(days=1)
    hand.clock.trusted = True
    assert settle(hand) == 3
    after = views.queue(hand.conn).waiting
    assert [(ticket.number, ticket.day_on) for ticket in after] == [
        (6, TOMORROW),
        (7, TOMORROW),
        (8, TOMORROW),
    ]
    assert hand.give().number == 9
    hand.clock.advance(86_400)
    assert hand.give().number == 1


def test_a_doubtful_call_gets_its_true_time_too(hand: Hand) -> None:
    ticket = hand.give()
    hand.clock.reboot(trusted=False)
    hand.call()
    hand.clock.advance(60)
    hand.clock.at += dt.timedelta(hours=2)
    hand.clock.trusted = True
    true = hand.clock.at - dt.timedelta(seconds=60)
    settle(hand)
    called = views.get(hand.conn, ticket.id).called
    assert called is not None and called.trusted and called.at == true
    event = views.history(hand.conn, ticket.id)[-1]
    assert event.what is What.CALLED and event.moment.trusted and event.moment.at == true


def test_doubtful_numbers_of_an_earlier_boot_go_on_waiting(hand: Hand) -> None:
    hand.give()
    hand.clock.reboot(trusted=False)
    doubtful = hand.give()
    hand.clock.reboot(at="2026-11-22T03:00:00.000000Z", trusted=True)
    fresh = hand.give()
    assert views.get(hand.conn, doubtful.id).state is State.WAITING
    assert (fresh.number, fresh.day_on) == (3, TOMORROW), "counting goes on while an old number is open"
    assert [ticket.number for ticket in views.queue(hand.conn).waiting] == [2, 3]
    hand.clock.advance(86_400)
    assert hand.give().number == 1
    assert views.get(hand.conn, doubtful.id).state is State.CLOSED


def test_a_box_that_ran_doubtful_over_midnight_sorts_its_numbers_into_two_days(hand: Hand) -> None:
    hand.clock.reboot(at="2026-11-21T16:00:00.000000Z", trusted=False)
    evening = hand.give()
    hand.clock.advance(12 * 3600)
    morning = hand.give()
    hand.clock.advance(60)
    hand.clock.trusted = True
    settle(hand)
    old, new = views.get(hand.conn, evening.id), views.get(hand.conn, morning.id)
    assert (old.day_on, new.day_on) == (TODAY, TOMORROW)
    assert (new.number, new.state) == (2, State.WAITING)
    assert hand.give().number == 3


def test_a_clock_set_back_goes_on_counting_even_when_everybody_is_served(hand: Hand) -> None:
    hand.clock.at = dt.datetime(2030, 1, 1, 3, 0, tzinfo=dt.UTC)
    for _ in range(4):
        hand.give()
        hand.finish(hand.call())
    hand.clock.at = dt.datetime(2026, 11, 21, 3, 0, tzinfo=dt.UTC)
    back = hand.give()
    assert (back.number, back.day_on) == (5, TODAY)
    hand.clock.advance(86_400)
    assert (hand.give().number, now(hand.conn).on) == (1, TOMORROW)


def test_a_clock_that_visits_tomorrow_and_comes_back_gives_no_number_twice(hand: Hand) -> None:
    given = [hand.give() for _ in range(2)]
    hand.clock.at += dt.timedelta(days=1)
    given += [hand.give() for _ in range(2)]
    hand.clock.at -= dt.timedelta(days=1)
    given += [hand.give() for _ in range(2)]
    hand.clock.at += dt.timedelta(days=1)
    given += [hand.give() for _ in range(2)]
    open_numbers = [ticket.number for ticket in views.queue(hand.conn).waiting]
    assert len(set(open_numbers)) == len(open_numbers)
    pairs = {(views.get(hand.conn, ticket.id).day_on, ticket.number) for ticket in given}
    assert len(pairs) == len(given)


def test_settling_with_nothing_to_settle_writes_nothing(hand: Hand) -> None:
    hand.give()
    hand.clock.trusted = False
    hand.give()
    changes, version = hand.conn.total_changes, db.version(hand.conn, views.TOPIC)
    assert settle(hand) == 0, "a doubtful moment settles nothing"
    assert hand.conn.total_changes == changes
    hand.clock.trusted = True
    assert settle(hand) == 1
    assert db.version(hand.conn, views.TOPIC) > version
    changes = hand.conn.total_changes
    assert settle(hand) == 0 and hand.conn.total_changes == changes


def test_a_house_that_never_knows_the_time_begins_a_day_when_a_guide_says_so(hand: Hand) -> None:
    hand.clock.trusted = False
    left = hand.give()
    hand.clock.reboot(trusted=False)
    tickets.begin_day(hand.conn, moment=hand.clock.read(), staff_id=None)
    assert views.get(hand.conn, left.id).state is State.CLOSED
    assert hand.give().number == 1


def test_nobody_begins_a_day_by_hand_while_the_clock_is_right(hand: Hand) -> None:
    hand.give()
    with pytest.raises(Refused, match="tickets.day_by_clock"):
        tickets.begin_day(hand.conn, moment=hand.clock.read())


def test_a_day_does_not_begin_while_somebody_is_at_a_desk(hand: Hand) -> None:
    hand.clock.trusted = False
    at_desk = hand.give()
    hand.call("1")
    with pytest.raises(Refused, match="tickets.day_in_use"):
        tickets.begin_day(hand.conn, moment=hand.clock.read())
    assert views.get(hand.conn, at_desk.id).state is State.SERVING
