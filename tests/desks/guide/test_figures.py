"""The commune's own figures as a guide writes them down."""

from __future__ import annotations

import datetime as dt
import sqlite3

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from hub.base import phrases
from hub.base.house import House
from hub.packs import shelf
from hub.trades.procedures import figures, reader
from tests.desks.guide.hand import Guide, said
from tests.desks.visitor import Visitor, words
from tests.fakes import FakeClock

SLUG, ID = "chung-thuc-ban-sao", "fee_page_first"
WHERE = f"/guide/figures/{SLUG}/{ID}"
TOLD = {"value": "2.500", "told_by": "cán bộ một cửa", "told_on": "20/11/2026"}


def write(guide: Guide, **typed: str) -> TestResponse:
    return guide.post(WHERE, {**TOLD, **typed})


def holds(conn: sqlite3.Connection, house: House, clock: FakeClock) -> int | None:
    one = figures.today(conn, reader.get(shelf.current(house.packs), SLUG), clock.read().on)
    figure = one.figure(ID)
    return figure.value if figure else None


def test_every_figure_is_listed_with_its_procedure_and_opens(
    guide: Guide, house: House, conn: sqlite3.Connection
) -> None:
    page = guide.get("/guide/figures")
    for one in reader.all(shelf.current(house.packs)):
        for seen in figures.listing(conn, one, dt.date(2026, 11, 21)):
            assert f'href="/guide/figures/{one.slug}/{seen.id}"' in page.text
    assert guide.get(WHERE).status_code == 200


def test_what_an_officer_said_stands_at_once_for_everyone(
    guide: Guide, app: Flask, conn: sqlite3.Connection, house: House, clock: FakeClock
) -> None:
    page = write(guide, text_vi="Xã thu 2.500 đồng một trang.")
    assert phrases.say("vi", "procedures.figure_saved") in said(page)
    assert holds(conn, house, clock) == 2_500
    seen = words(Visitor(app).get(f"/procedures/{SLUG}"))
    assert "Xã thu 2.500 đồng một trang." in seen and "Theo cán bộ một cửa, ngày 20/11/2026" in seen
    assert figures.verify(conn) == 1


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"value": "nhiều"}, "value"),
        ({"value": ""}, "value"),
        ({"told_by": ""}, "told_by"),
        ({"told_on": "31/02/2026"}, "told_on"),
        ({"told_on": "22/11/2026"}, "told_on"),
    ],
)
def test_what_cannot_stand_is_said_at_its_field_and_what_was_typed_stays(
    guide: Guide, conn: sqlite3.Connection, typed: dict[str, str], field: str
) -> None:
    page = write(guide, **typed)
    assert page.status_code == 422 and f'id="p-{field}"' in page.text
    assert figures.verify(conn) == 0
    for name, value in {**TOLD, **typed}.items():
        assert f'name="{name}" type="text" value="{value}"' in page.text


def test_a_number_far_from_the_one_in_use_is_asked_about_once(
    guide: Guide, conn: sqlite3.Connection, house: House, clock: FakeClock
) -> None:
    asked = write(guide, value="20.000")
    assert asked.status_code == 422 and 'name="sure" value="20.000"' in asked.text
    assert (
        write(guide, value="25.000", sure="20.000").status_code == 422
    ), "another number is another question"
    write(guide, value="20.000", sure="20.000")
    assert holds(conn, house, clock) == 20_000


def test_taking_back_needs_a_reason_and_both_stay_in_sight(
    guide: Guide, conn: sqlite3.Connection, house: House, clock: FakeClock
) -> None:
    write(guide)
    assert guide.post(f"{WHERE}/withdraw/1", {"reason": " "}).status_code == 422
    page = guide.post(f"{WHERE}/withdraw/1", {"reason": "Nghe nhầm"})
    assert holds(conn, house, clock) == 2_000
    assert "Nghe nhầm" in said(page) and "2.500" in said(page)
    assert guide.post(f"{WHERE}/withdraw/1", {"reason": "lại"}).status_code == 422
    assert guide.get(f"{WHERE}/withdraw/9").status_code == 404


def test_what_a_guide_typed_is_shown_and_never_run(guide: Guide, app: Flask) -> None:
    write(guide, told_by="<script>alert(1)</script>", text_vi="<img src=x>")
    for page in (guide.get(WHERE), Visitor(app).get(f"/procedures/{SLUG}")):
        assert "<script>alert" not in page.text and "<img src=x>" not in page.text


def test_a_broken_row_is_told_and_nothing_more_is_written(guide: Guide, conn: sqlite3.Connection) -> None:
    write(guide)
    conn.execute("DROP TRIGGER figure_words_only_grow")
    conn.execute("UPDATE figure_words SET value = 9000")
    told = phrases.say("vi", "procedures.figures_broken", row=1)
    assert told in said(guide.get("/guide/figures")) and told in said(guide.get(WHERE))
    assert write(guide, value="2.400").status_code == 503


@pytest.mark.parametrize("path", ["/guide/figures", WHERE, f"{WHERE}/withdraw/1"])
def test_only_guides_come_in(app: Flask, path: str) -> None:
    answer = Visitor(app).get(path)
    assert answer.status_code == 303 and "/sign-in" in answer.location
