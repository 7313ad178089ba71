"""The way out as guides see it: since when, what waits, how long, why it rests, and what a wrong clock asks of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from hub.base import clock as clocks
from hub.base import db
from hub.base.house import House
from hub.base.settings import Hours, UplinkSettings
from hub.desks import shell
from hub.post import inbox
from hub.post import line_ledger as ledger
from hub.post import network, outbox, suggested_time
from hub.post.network import Kind, Network, State
from hub.wiring import build
from tests.desks.guide.hand import Guide
from tests.fakes import FakeClock
from tests.post import parcels

PHONE = Network(State.CONNECTED, Kind.WIFI, True, "/a/1")


@pytest.fixture
def conn(house: House) -> Iterator[sqlite3.Connection]:
    with closing(house.connect()) as conn:
        yield conn


@pytest.fixture
def resting(house: House) -> House:
    """A House that uses the line at night only."""
    made = UplinkSettings(hours=(Hours(since="20:00", until="06:00"),))
    return dataclasses.replace(house, settings=msgspec.structs.replace(house.settings, uplink=made))


@pytest.fixture
def opens(compiled: FileSystemBytecodeCache) -> Iterator[Callable[[House], Flask]]:
    """Open Houses with other settings."""
    made: list[Flask] = []

    def open_one(house: House) -> Flask:
        app = build.web(house)
        app.testing = True
        app.jinja_env.bytecode_cache = compiled
        app.extensions["kept"]["speech-engine"] = True
        made.append(app)
        return app

    yield open_one
    for app in made:
        shell.close_shell(app)


@pytest.fixture
def at_night(resting: House, opens: Callable[[House], Flask]) -> Flask:
    return opens(resting)


def put(conn: sqlite3.Connection, clock: FakeClock, photo_bytes: int = 400_000) -> None:
    outbox.add(conn, parcels.parcel(photo_bytes=photo_bytes), moment=clock.read())


def measured(conn: sqlite3.Connection, clock: FakeClock, rate: float) -> None:
    with db.write(conn):
        ledger.note_rate(conn, "wifi", rate, clock.read())


def test_the_strip_says_since_when_how_many_and_how_long(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    inbox.note_uplink(conn, False, "relay.no_route", clock.read(), 0)
    put(conn, clock)
    assert "từ 08:30 · 1 chờ gửi · chưa biết gửi bao lâu" in guide.get("/guide/strip").text
    measured(conn, clock, 400.0)
    assert "từ 08:30 · 1 chờ gửi · gửi khoảng 20 phút" in guide.get("/guide/strip").text
    assert "since 08:30 · 1 to send · about 20 min to send" in guide.get("/guide/strip?lang=en").text
    yesterday = dataclasses.replace(clock.read(), at=clock.at - dt.timedelta(days=1))
    inbox.note_uplink(conn, True, None, yesterday, 0)
    assert "từ 08:30 20/11" in guide.get("/guide/strip?lang=vi").text


def test_a_strip_that_says_the_same_is_answered_304(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    put(conn, clock)
    tag = guide.get("/guide/strip?at=people").headers["ETag"]
    again = guide.client.get("/guide/strip?at=people", headers={"If-None-Match": tag})
    assert again.status_code == 304
    measured(conn, clock, 400.0)
    again = guide.client.get("/guide/strip?at=people", headers={"If-None-Match": tag})
    assert again.status_code == 200


def test_outside_the_hours_a_guide_may_send_now_and_knows_what_it_costs(
    at_night: Flask, signed: tuple[Path, str], conn: sqlite3.Connection, clock: FakeClock
) -> None:
    guide = Guide(at_night, cookie=signed[1])
    page = guide.get("/guide/dossiers").text
    assert "Bây giờ ngoài giờ dùng mạng" in page and "từ 20:00" in page
    assert "Gửi ngay" not in page, "nothing waits"
    put(conn, clock)
    network.note(conn, PHONE, clock.read())
    page = guide.get("/guide/dossiers").text
    assert "phải trả tiền theo dung lượng" in page and "Sẽ gửi khoảng 401," in page
    assert "tạm nghỉ gửi" in page
    calls = outbox.hurry(conn)
    assert "Đã gọi gửi ngay" in guide.post("/guide/line/send", {}).text
    leave = ledger.leave(conn, clock.read())
    assert leave is not None and leave.left_s == 3_600
    assert outbox.hurry(conn) == calls + 2
    page = guide.get("/guide/dossiers").text
    assert "đã cho gửi ngay, còn 60 phút" in page
    assert "tạm nghỉ gửi" not in page
    for seconds in (1_500, 1_500):
        clock.advance(seconds)
        assert "còn" in guide.get("/guide/dossiers").text
    clock.advance(601)
    assert "tạm nghỉ gửi" in guide.get("/guide/dossiers").text


def test_a_stranger_cannot_open_the_line(app: Flask, conn: sqlite3.Connection, clock: FakeClock) -> None:
    answer = app.test_client().post("/guide/line/send", data={})
    assert answer.status_code in (303, 400, 403)
    assert ledger.leave(conn, clock.read()) is None


def test_a_certificate_that_the_clock_may_have_spoilt_leads_to_the_time(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    inbox.note_uplink(conn, False, "relay.certificate_early", clock.read(), 0)
    assert "giờ của máy này có thể sai" not in guide.get("/guide/dossiers").text, "the clock is vouched for"
    clock.trusted = False
    page = guide.get("/guide/dossiers").text
    assert "giờ của máy này có thể sai" in page and "có mạng sẽ tự gửi" not in page
    assert page.count('href="/guide/time"') == 2, "the banner of every page, and the one thing to do"


def test_the_offices_time_is_offered_with_its_age_and_taken_by_a_persons_yes(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    clock.trusted = False
    assert "Máy của cơ quan nói" not in guide.get("/guide/time").text
    said = clock.at + dt.timedelta(days=200)
    suggested_time.note(conn, said, clock.read())
    clock.advance(125)
    page = guide.get("/guide/time").text
    assert "08:32 09/06/2027" in page and "đã hỏi 2 phút trước" in page
    calls = outbox.hurry(conn)
    assert guide.post("/guide/time/office", {"heard": mark(page)}, follow=False).status_code == 303
    told = clocks.confirmed(conn)
    assert told is not None and told.at == said + dt.timedelta(seconds=125)
    assert told.boot_id == clock.boot_id
    assert outbox.hurry(conn) == calls + 2, "what stood still is tried at once"


def mark(page: str) -> str:
    """What the page's form says of the time that it shows."""
    found = re.search(r'name="heard" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_a_time_that_was_asked_for_again_meanwhile_is_looked_at_first(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    clock.trusted = False
    suggested_time.note(conn, clock.at + dt.timedelta(days=200), clock.read())
    seen = mark(guide.get("/guide/time").text)
    suggested_time.note(conn, clock.at - dt.timedelta(days=100), clock.read())
    answer = guide.post("/guide/time/office", {"heard": seen})
    assert answer.status_code == 422 and "đã khác" in answer.text
    assert clocks.confirmed(conn) is None
    assert guide.post("/guide/time/office", {"heard": mark(answer.text)}, follow=False).status_code == 303


def test_a_time_of_another_boot_or_of_yesterday_is_not_offered(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    clock.trusted = False
    now = clock.read()
    for other in (
        dataclasses.replace(now, boot_id="another"),
        dataclasses.replace(now, mono=now.mono - 86_401),
        dataclasses.replace(now, mono=now.mono + 60),
    ):
        suggested_time.note(conn, clock.at + dt.timedelta(days=200), other)
        assert suggested_time.last(conn, now) is None
    answer = guide.post("/guide/time/office", {})
    assert answer.status_code == 422 and clocks.confirmed(conn) is None


def test_a_clock_that_is_right_takes_no_time_from_the_office(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    suggested_time.note(conn, clock.at + dt.timedelta(days=200), clock.read())
    assert guide.post("/guide/time/office", {}).status_code == 422
    assert clocks.confirmed(conn) is None


def test_monitors_are_told_all_of_it(app: Flask, conn: sqlite3.Connection, clock: FakeClock) -> None:
    told = app.test_client().get("/health").json
    assert told["uplink"] == "unknown" and told["uplink_since"] is None
    assert told["waiting"] == {"count": 0, "bytes": 0, "oldest_hours": 0} and told["estimate_s"] == 0
    assert told["network"] == {"state": "unknown", "kind": "unknown", "metered": None}
    assert told["budget"] == {"used": 0, "left": None, "resting": False}
    put(conn, clock)
    inbox.note_uplink(conn, True, None, clock.read(), 0)
    network.note(conn, PHONE, clock.read())
    clock.advance(3 * 3_600)
    told = app.test_client().get("/health").json
    assert told["uplink"] == "up" and told["uplink_since"] == "2026-11-21T01:30:00.000000Z"
    assert told["waiting"]["count"] == 1 and told["waiting"]["oldest_hours"] == 3
    assert told["waiting"]["bytes"] > 400_000 and told["estimate_s"] is None
    assert told["network"] == {"state": "connected", "kind": "wifi", "metered": True}
    measured(conn, clock, 1_000.0)
    assert 400 < app.test_client().get("/health").json["estimate_s"] < 410


def test_what_no_day_can_pay_for_waits_for_a_guides_word(
    house: House,
    opens: Callable[[House], Flask],
    signed: tuple[Path, str],
    conn: sqlite3.Connection,
    clock: FakeClock,
) -> None:
    made = UplinkSettings(bytes_a_day=100_000)
    app = opens(dataclasses.replace(house, settings=msgspec.structs.replace(house.settings, uplink=made)))
    put(conn, clock)
    guide = Guide(app, cookie=signed[1])
    page = guide.get("/guide/dossiers").text
    assert "lớn hơn phần mạng của cả một ngày" in page and "Gửi ngay" in page
    guide.post("/guide/line/send", {})
    assert "lớn hơn phần mạng của cả một ngày" not in guide.get("/guide/dossiers").text


def test_monitors_see_what_is_left_of_the_day(
    resting: House, opens: Callable[[House], Flask], clock: FakeClock
) -> None:
    made = UplinkSettings(bytes_a_day=1_000)
    settings = msgspec.structs.replace(resting.settings, uplink=made)
    app = opens(dataclasses.replace(resting, settings=settings))
    with closing(resting.connect()) as conn, db.write(conn):
        ledger.spend(conn, clock.read().on, 600, 300, 0)
    assert app.test_client().get("/health").json["budget"] == {"used": 900, "left": 100, "resting": True}
