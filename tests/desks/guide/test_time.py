"""A House that does not know the time, and a guide with a phone."""

from __future__ import annotations

from contextlib import closing

from hub.base import clock as clocks
from hub.base.house import House
from hub.trades.tickets import views
from tests.desks.guide.hand import Guide
from tests.fakes import FakeClock


def _confirmed(house: House) -> clocks.Moment | None:
    with closing(house.connect()) as conn:
        return clocks.confirmed(conn)


def test_a_doubtful_clock_leads_a_guide_to_the_question(guide: Guide, clock: FakeClock) -> None:
    clock.trusted = False
    assert 'href="/guide/time"' in guide.get("/guide/dossiers").text


def test_the_time_of_a_phone_is_taken_for_this_boot(guide: Guide, clock: FakeClock, house: House) -> None:
    clock.trusted = False
    assert guide.post("/guide/time", {"day": "05/03/2027", "hour": "8:30"}, follow=False).status_code == 303
    told = _confirmed(house)
    assert told is not None and told.boot_id == clock.boot_id
    assert told.at == clocks.parse("2027-03-05T01:30:00.000000Z")


def test_a_day_typed_on_a_number_pad_is_read_too(guide: Guide, clock: FakeClock, house: House) -> None:
    clock.trusted = False
    guide.post("/guide/time", {"day": "05032027", "hour": "0830"})
    told = _confirmed(house)
    assert told is not None and told.at == clocks.parse("2027-03-05T01:30:00.000000Z")


def test_what_is_no_time_is_asked_again_with_what_was_typed(
    guide: Guide, clock: FakeClock, house: House
) -> None:
    clock.trusted = False
    for day, hour in (
        ("31/02/2027", "08:30"),
        ("hôm nay", "08:30"),
        ("05/03/2027", "25:00"),
        ("05/03/2006", "8:30"),
    ):
        answer = guide.post("/guide/time", {"day": day, "hour": hour})
        assert answer.status_code == 422 and day in answer.text
    assert _confirmed(house) is None


def test_a_clock_that_is_right_is_not_argued_with(guide: Guide, house: House) -> None:
    assert guide.post("/guide/time", {"day": "05/03/2027", "hour": "8:30"}).status_code == 422
    assert _confirmed(house) is None


def test_a_new_day_begins_at_one_by_hand(guide: Guide, clock: FakeClock, house: House) -> None:
    clock.trusted = False
    assert guide.post("/guide/time/new-day", {}, follow=False).status_code == 303
    with closing(house.connect()) as conn:
        assert views.board(conn).waiting == 0
