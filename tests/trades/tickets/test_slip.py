"""The paper of a ticket, as readable text."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from devices import slip as slips
from hub.base import phrases
from hub.base.settings import Settings
from hub.post import jobs
from hub.trades.tickets import service as tickets
from hub.trades.tickets import slip, views
from hub.trades.tickets.model import Estimate, Known
from tests import papers
from tests.trades.tickets.conftest import PRICES, Hand

GOLDEN = Path(__file__).parent / "golden"
TOKEN = "K7MX4QP92"


def with_house(settings: Settings, *, address: str = "", phone: str = "") -> Settings:
    return msgspec.structs.replace(
        settings,
        house=msgspec.structs.replace(settings.house, phone=phone),
        web=msgspec.structs.replace(settings.web, address=address),
    )


def paper(
    hand: Hand, settings: Settings, lang: str, ahead: int, estimate: Estimate | None, *, trusted: bool = True
) -> slips.Slip:
    hand.clock.trusted = trusted
    hand.conn.execute("UPDATE ticket_days SET last_number = 11")
    ticket = hand.give("gia-ca", lang=lang)
    hand.conn.execute("UPDATE tickets SET token = ? WHERE id = ?", (TOKEN, ticket.id))
    fixed = views.get(hand.conn, ticket.id)
    return slip.ticket_slip(fixed, PRICES, settings, lang=lang, ahead=ahead, estimate=estimate)


CASES = {
    "vi_follow": (
        "vi",
        {"address": "http://192.168.4.1", "phone": "0200 000 000"},
        3,
        Estimate(25, Known.TODAY),
        True,
    ),
    "vi_plain_doubtful": ("vi", {}, 0, None, False),
    "en_follow": (
        "en",
        {"address": "http://192.168.4.1/", "phone": "0200 000 000"},
        1,
        Estimate(0, Known.USUAL),
        True,
    ),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_slip_reads_as_agreed(hand: Hand, settings: Settings, name: str) -> None:
    lang, house, ahead, estimate, trusted = CASES[name]
    hand.give()
    told = slips.as_text(paper(hand, with_house(settings, **house), lang, ahead, estimate, trusted=trusted))
    assert told == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [576, 384])
def test_the_slip_looks_as_agreed(hand: Hand, settings: Settings, width: int) -> None:
    lang, house, ahead, estimate, _ = CASES["vi_follow"]
    hand.give()
    made = paper(hand, with_house(settings, **house), lang, ahead, estimate)
    assert papers.looks_as_agreed(made, GOLDEN / f"vi_follow_{width}.png", width)


def test_the_printed_slip_tells_place_and_wait_of_that_moment(hand: Hand) -> None:
    hand.give()
    hand.call()
    hand.give()
    ticket = hand.give()
    (job,) = jobs.for_subject(hand.conn, f"ticket:{ticket.id}")
    told = slips.as_text(jobs.slip(hand.conn, job.id))
    assert "1 người" in told and "khoảng 40 phút" in told
    hand.finish(views.at_desk(hand.conn, "1"))
    hand.call()
    again = tickets.reprint(hand.conn, ticket.id, moment=hand.clock.read(), settings=hand.settings, lang="en")
    told = slips.as_text(jobs.slip(hand.conn, again))
    assert "0 waiting" in told and "YOUR NUMBER" in told


def test_an_unknown_picture_is_left_out_of_the_words() -> None:
    assert slip.emblem("vi", "indigo", "bee") == "con ong · màu chàm"
    assert slip.emblem("vi", "indigo", "dragon") == "màu chàm"
    assert slip.emblem("en", "pink", "dragon") == ""


@pytest.mark.parametrize("lang", phrases.LANGUAGES)
def test_a_slip_survives_its_trip_through_the_database(hand: Hand, lang: str) -> None:
    ticket = hand.give(lang=lang)
    (job,) = jobs.for_subject(hand.conn, f"ticket:{ticket.id}")
    kept = jobs.slip(hand.conn, job.id)
    assert slips.decode(slips.encode(kept)) == kept
    assert slip.shown_token(ticket.token) in slips.as_text(kept)
