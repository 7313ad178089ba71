"""A code at the desk's reader: sealed for the guide who waits, else dropped and told to nobody."""

from __future__ import annotations

import logging
import sqlite3

import pytest

from devices.ports import State
from devices.simulator import code_reader
from hub.base.house import House
from hub.post import captures, health, orders, signals
from hub.post.capture_model import CaptureId, Kind
from hub.post.capture_model import State as Stage
from tests.leaks import Finder
from tests.workers.house import noted, running, until

KEY = bytes(range(32))


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a beep may come late and is still to be heard."""
    monkeypatch.setattr("hub.workers.bench_reading._BEEP_S", 60.0)


def ask(conn: sqlite3.Connection, house: House, staff: int = 1) -> CaptureId:
    return captures.ask(conn, Kind.CODE, key=KEY, staff=staff, moment=house.clock.read())


def order(conn: sqlite3.Connection, house: House, action: orders.Action, value: str = "") -> orders.Order:
    until(lambda: health.one(conn, "reader", house.clock.read()))
    order_id = orders.order(conn, "reader", action, value, moment=house.clock.read())
    until(lambda: orders.get(conn, order_id).state is not orders.State.OPEN)
    return orders.get(conn, order_id)


def hold(conn: sqlite3.Connection, house: House, name: str = "card_2021") -> None:
    done = order(conn, house, orders.Action.PRESS, name)
    assert done.state is orders.State.DONE, done.detail


def buzzes(house: House) -> list[list[int]]:
    return [list(one["pattern"]) for one in noted(house, "panel.json", "buzzes")]


def test_the_guide_who_waits_gets_the_code_and_a_short_beep(house: House, conn: sqlite3.Connection) -> None:
    wish = ask(conn, house)
    with running(house):
        hold(conn, house)
        until(lambda: captures.get(conn, wish).state is Stage.DONE)
        until(lambda: buzzes(house) == [list(signals.PATTERNS["read"])])
    assert captures.answer(conn, wish, key=KEY) == code_reader.CARDS["card_2021"].encode()


def test_of_two_who_wait_the_one_who_asked_last_gets_it_and_each_code_goes_to_one(
    house: House, conn: sqlite3.Connection
) -> None:
    first, second = ask(conn, house, 1), ask(conn, house, 2)
    with running(house):
        hold(conn, house, "card_2021")
        until(lambda: captures.get(conn, second).state is Stage.DONE)
        assert captures.get(conn, first).state is Stage.ASKED
        hold(conn, house, "card_2024")
        until(lambda: captures.get(conn, first).state is Stage.DONE)
    assert captures.answer(conn, first, key=KEY) == code_reader.CARDS["card_2024"].encode()


def test_a_code_that_nobody_asked_for_is_a_long_buzz_and_lies_nowhere(
    house: House, conn: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with running(house):
        hold(conn, house)
        until(lambda: buzzes(house) == [list(signals.PATTERNS["refused"])])
        # Who asks afterwards gets the next code and not that one.
        wish = ask(conn, house)
        hold(conn, house, "card_2024")
        until(lambda: captures.get(conn, wish).state is Stage.DONE)
    assert captures.answer(conn, wish, key=KEY) == code_reader.CARDS["card_2024"].encode()
    captures.drop(conn, wish)
    conn.close()
    marks = Finder({"name": "Nguyễn Thị Mẫu", "number": "015155000000", "other": "010202000000"})
    assert marks.below(house.data) == {}
    assert marks.inside(caplog.text.encode()) == set()


def test_a_reader_whose_cable_is_pulled_is_offline_and_comes_back(
    house: House, conn: sqlite3.Connection
) -> None:
    def state() -> str | None:
        seen = health.one(conn, "reader", house.clock.read())
        return seen.state if seen else None

    wish = ask(conn, house)
    with running(house):
        until(lambda: state() == State.READY)
        assert order(conn, house, orders.Action.FAULT, "cable").state is orders.State.DONE
        until(lambda: state() == State.OFFLINE)
        hold(conn, house)
        assert order(conn, house, orders.Action.MEND).state is orders.State.DONE
        until(lambda: state() == State.READY)
        assert captures.get(conn, wish).state is Stage.ASKED
        hold(conn, house, "card_2024")
        until(lambda: captures.get(conn, wish).state is Stage.DONE)


def test_a_made_up_card_that_is_not_there_is_told(house: House, conn: sqlite3.Connection) -> None:
    with running(house):
        done = order(conn, house, orders.Action.PRESS, "passport")
    assert done.state is orders.State.FAILED
