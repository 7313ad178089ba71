"""How long it may take."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.trades.tickets import estimate, views
from hub.trades.tickets.model import Estimate, Known, Outcome
from tests.trades.tickets.conftest import PAPERS, PHONE, Hand


def expected(hand: Hand, ticket_id: int) -> Estimate | None:
    return views.waiting_estimate(hand.conn, ticket_id, hand.clock.read())


def visit(hand: Hand, minutes: float, service: str = "giay-to", outcome: Outcome = Outcome.DONE) -> None:
    ticket = hand.give(service)
    hand.call("1", {service})
    hand.clock.advance(minutes * 60)
    hand.finish(ticket, outcome)


def test_nobody_at_a_desk_means_no_estimate(hand: Hand) -> None:
    assert expected(hand, hand.give().id) is None


def test_before_three_visits_the_usual_minutes_count(hand: Hand) -> None:
    visit(hand, 4)
    visit(hand, 4)
    hand.give()
    last = hand.give()
    assert expected(hand, last.id) == Estimate(PAPERS.usual_minutes, Known.USUAL)


def test_after_three_visits_their_median_counts(hand: Hand) -> None:
    for minutes in (8, 9, 60):
        visit(hand, minutes)
    hand.give()
    last = hand.give()
    assert expected(hand, last.id) == Estimate(10, Known.TODAY)


def test_who_gave_up_does_not_count_as_a_visit(hand: Hand) -> None:
    for _ in range(3):
        visit(hand, 1, outcome=Outcome.GAVE_UP)
    hand.give()
    assert expected(hand, hand.give().id) == Estimate(PAPERS.usual_minutes, Known.USUAL)


def test_yesterday_does_not_count(hand: Hand) -> None:
    for _ in range(3):
        visit(hand, 1)
    hand.clock.advance(86_400)
    visit(hand, 1)
    hand.give()
    assert expected(hand, hand.give().id) == Estimate(PAPERS.usual_minutes, Known.USUAL)


def test_each_service_has_its_own_time(hand: Hand) -> None:
    for _ in range(3):
        visit(hand, 2, "dien-thoai")
    hand.give("dien-thoai")
    hand.give("giay-to")
    assert expected(hand, hand.give().id) == Estimate(25, Known.USUAL)


def test_two_desks_halve_the_wait(hand: Hand) -> None:
    for desk in ("1", "2"):
        hand.give()
        hand.call(desk)
    for _ in range(2):
        hand.give()
    last = hand.give()
    assert expected(hand, last.id) == Estimate(40, Known.USUAL)
    hand.call("3")
    assert expected(hand, last.id) == Estimate(20, Known.USUAL)


def test_who_is_served_long_already_leaves_less_to_wait(hand: Hand) -> None:
    hand.give()
    hand.call()
    last = hand.give()
    assert expected(hand, last.id) == Estimate(20, Known.USUAL)
    hand.clock.advance(11 * 60)
    assert expected(hand, last.id) == Estimate(10, Known.USUAL)
    hand.clock.advance(600 * 60)
    assert expected(hand, last.id) == Estimate(5, Known.USUAL)


def test_a_desk_where_nothing_happens_falls_asleep(hand: Hand) -> None:
    visit(hand, 1)
    last = hand.give()
    assert expected(hand, last.id) == Estimate(0, Known.USUAL)
    hand.clock.advance(views.DESK_ASLEEP_S + 1)
    assert expected(hand, last.id) is None


def test_a_desk_from_before_the_power_cut_is_not_awake(hand: Hand) -> None:
    visit(hand, 1)
    hand.clock.reboot()
    assert expected(hand, hand.give().id) is None


def test_who_does_not_wait_has_no_place_and_no_estimate(hand: Hand) -> None:
    ticket = hand.give()
    hand.call()
    assert views.place(hand.conn, ticket.id) is None and expected(hand, ticket.id) is None
    followed = views.follow(hand.conn, ticket.token, hand.clock.read())
    assert followed.ticket.desk == "1" and followed.ahead is None


def test_the_follow_page_tells_place_and_wait(hand: Hand) -> None:
    visit(hand, 1)
    hand.give()
    ticket = hand.give()
    followed = views.follow(hand.conn, ticket.token, hand.clock.read())
    assert (followed.ahead, followed.estimate) == (1, Estimate(20, Known.USUAL))
    assert followed.service == PAPERS and followed.version == views.board(hand.conn).version


AHEAD = st.lists(st.sampled_from((PAPERS.id, PHONE.id)), max_size=30)


@given(AHEAD, st.lists(st.tuples(st.just(PHONE.id), st.floats(0, 500)), max_size=3), st.integers(0, 3))
def test_more_people_never_wait_shorter_and_more_desks_never_longer(
    ahead: list[str], served: list[tuple[str, float]], free: int
) -> None:
    pace = estimate.pace((PAPERS, PHONE), ())
    told = estimate.expect(pace, ahead, served, free)
    assert (told is None) == (not served and not free)
    if told is not None:
        longer = estimate.expect(pace, [*ahead, PHONE.id], served, free)
        shorter = estimate.expect(pace, ahead, served, free + 1)
        assert longer is not None and shorter is not None
        assert told.minutes % 5 == 0 and shorter.minutes <= told.minutes <= longer.minutes
