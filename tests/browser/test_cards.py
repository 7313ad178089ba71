"""A card is held to the desk's reader, seen, and fills the form: live, and without script as well."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from devices.simulator.code_reader import CARDS
from hub.base import clock, db
from hub.post import orders
from tests.browser.tablet import Tablet
from tests.browser.test_guide import BIRTH, sign_in
from tests.browser.test_villager import New, say
from tests.cli.running import Run
from tests.desks.guide.test_cards import picture

NAME = "Nguyễn Thị Mẫu"


@pytest.fixture
def conn(run: Run) -> Iterator[sqlite3.Connection]:
    conn = db.connect(run.data / "house.db")
    yield conn
    conn.close()


def hold(conn: sqlite3.Connection, name: str) -> None:
    """Hold a made-up card before the practice reader, as a technician does."""
    orders.order(
        conn, "reader", orders.Action.PRESS, name, moment=clock.SystemClock(None, trust="always").read()
    )


def mothers_page(one: Tablet) -> str:
    """Begin a birth dossier and open the page of the mother; return its address."""
    sign_in(one)
    one.go(f"/guide/start/{BIRTH}")
    for box in one.main.locator("input[type=checkbox]").all():
        box.check()
    one.page.locator("input[name=given_by][value=parent]").check()
    one.page.locator("input[name=how]").first.check()
    one.press(say("guide.consent_start"))
    expect(one.page.locator("#questions")).to_be_visible()
    one.page.goto(one.page.url.replace("/page/nguoi_yeu_cau", "/page/me"))
    return one.page.url


@pytest.mark.parametrize("script", [True, False])
def test_a_card_at_the_reader_is_seen_and_fills_the_form(
    tablet: New, conn: sqlite3.Connection, script: bool
) -> None:
    one = tablet(script=script)
    form = mothers_page(one)
    one.page.locator("button[name=go][value=card]").click()
    one.shows(say("cards.promise"))
    one.look("card: the ways")
    one.page.locator("#b-code").click()
    one.shows(say("cards.now_code"))
    one.look("card: waiting")
    hold(conn, "card_2021")
    expect(one.main).to_contain_text(NAME, timeout=15_000)
    one.look("card: seen")
    one.page.locator("#b-use").click()
    expect(one.page.locator("#questions")).to_be_visible()
    one.shows(NAME)
    one.page.goto(form)
    assert one.page.locator("[name='/data/me/ho_ten']").input_value() == NAME


def test_something_else_is_said_and_a_photo_is_another_way(
    tablet: New, conn: sqlite3.Connection, tmp_path: Path
) -> None:
    one = tablet()
    mothers_page(one)
    one.page.locator("button[name=go][value=card]").click()
    one.page.locator("#b-code").click()
    one.shows(say("cards.now_code"))
    hold(conn, "payment")
    one.shows(say("dossiers.card_payment"))
    one.look("card: a payment code")
    one.page.locator("#b-ways").click()
    photo = tmp_path / "the.jpg"
    photo.write_bytes(picture(CARDS["card_2024"]))
    one.page.locator("#f-photo").set_input_files(photo)
    begun = time.monotonic()
    one.page.locator("#b-photo").click()
    expect(one.page.locator("#b-use")).to_be_visible(timeout=20_000)
    assert time.monotonic() - begun < 20
    one.shows("Lý A Mẫu")
    one.page.locator("#b-use").click()
    expect(one.page.locator("#questions")).to_be_visible()
    one.shows("Lý A Mẫu")
