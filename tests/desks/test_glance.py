"""What stands in front of the pages: quick, and never wrong for longer than a second."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from hub.base import db, migrate
from hub.base.house import House
from hub.base.settings import Settings
from hub.desks.glance import HOLD_S, MARK, STAFF_COOKIE, Glances
from hub.wiring import build
from tests.fakes import FakeClock


class Pages:
    """An application that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.mark = True
        self.cookie = False
        self.status = "200 OK"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.asked += 1
        if self.mark:
            environ[MARK] = True
        headers = [("ETag", '"one"'), ("Content-Type", "text/html"), ("Content-Length", "4")]
        if self.cookie:
            headers.append(("Set-Cookie", "a=b"))
        same = environ.get("HTTP_IF_NONE_MATCH") == '"one"'
        start_response("304 NOT MODIFIED" if same else self.status, headers)
        return [b""] if same else [b"page"]


@pytest.fixture
def house(tmp_path: Path, clock: FakeClock) -> House:
    return dataclasses.replace(build.build(Settings(), tmp_path / "data"), clock=clock)


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def client(house: House, pages: Pages) -> Iterator[Client]:
    glances = Glances(pages, house)
    yield Client(glances, use_cookies=False)
    glances.close()


@pytest.fixture
def conn(house: House) -> Iterator[sqlite3.Connection]:
    conn = house.connect()
    migrate.migrate(conn)
    yield conn
    conn.close()


def test_many_screens_that_poll_at_once_ask_the_rooms_once(client: Client, pages: Pages) -> None:
    for _ in range(20):
        assert client.get("/board").data == b"page"
        answer = client.get("/board", headers={"If-None-Match": 'W/"other", "one"'})
        assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", '"one"')
        assert "Content-Length" not in answer.headers
    assert pages.asked == 1


def test_whatever_is_committed_is_seen_by_the_very_next_look(
    client: Client, pages: Pages, conn: sqlite3.Connection
) -> None:
    client.get("/board")
    for count in range(2, 5):
        with db.write(conn):
            db.touch(conn, "queue")
        client.get("/board")
        client.get("/board")
        assert pages.asked == count


def test_nothing_is_held_longer_than_a_second_nor_when_the_clock_is_no_longer_believed(
    client: Client, pages: Pages, clock: FakeClock
) -> None:
    client.get("/board")
    clock.advance(HOLD_S - 0.01)
    client.get("/board")
    assert pages.asked == 1
    clock.advance(0.02)
    client.get("/board")
    assert pages.asked == 2
    clock.trusted = False
    client.get("/board")
    assert pages.asked == 3


def test_another_address_or_another_language_gets_nothing_of_it(client: Client, pages: Pages) -> None:
    client.get("/board")
    client.get("/board?lang=en")
    client.get("/board", headers={"Cookie": "lang=en"})
    client.get("/")
    client.post("/board")
    client.head("/board")
    assert pages.asked == 6


def test_different_visitors_share_what_is_the_same_for_all(client: Client, pages: Pages) -> None:
    for visitor in ("house=one", "house=two; lang=vi; theme=x", "lang=vi", "other=on; lang=vi"):
        client.get("/board", headers={"Cookie": visitor})
    # Once without a language, once in Vietnamese.
    assert pages.asked == 2


def test_who_has_signed_in_is_always_led_past_it(client: Client, pages: Pages) -> None:
    client.get("/board")
    for count in range(2, 5):
        client.get("/board", headers={"Cookie": f"{STAFF_COOKIE}=1; house=token"})
        assert pages.asked == count


@pytest.mark.parametrize("how", ["unmarked", "cookie", "error"])
def test_a_page_that_is_somebodys_own_or_that_failed_is_never_held(
    client: Client, pages: Pages, how: str
) -> None:
    pages.mark, pages.cookie = how != "unmarked", how == "cookie"
    pages.status = "500 NO" if how == "error" else "200 OK"
    for count in range(1, 4):
        client.get("/board")
        assert pages.asked == count


def test_when_only_the_tag_was_asked_for_the_page_itself_is_drawn_for_who_needs_it(
    client: Client, pages: Pages
) -> None:
    assert client.get("/board", headers={"If-None-Match": '"one"'}).status_code == 304
    assert client.get("/board", headers={"If-None-Match": '"one"'}).status_code == 304
    assert pages.asked == 1
    assert client.get("/board").data == b"page"
    assert pages.asked == 2


def test_without_a_database_the_pages_are_asked_as_if_it_were_not_there(
    house: House, pages: Pages, tmp_path: Path
) -> None:
    lost = dataclasses.replace(house, data=tmp_path / "nowhere")
    glances = Glances(pages, lost)
    client = Client(glances, use_cookies=False)
    assert [client.get("/board").status_code for _ in range(3)] == [200, 200, 200]
    assert pages.asked == 3
    glances.close()
