"""The lamps of the panel, presses that nobody serves in time, and each service's own buzz."""

from __future__ import annotations

import dataclasses
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from devices import journal
from devices.config import PanelConfig
from devices.ports import TICKET
from devices.simulator.panel import SimulatedPanel
from hub.base.house import House
from hub.post import signals
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views
from hub.trades.tickets.model import Outcome
from hub.workers import bench_panel
from tests.fakes import FakeClock
from tests.workers.house import SERVICE, issue, made, noted, running, until


def _lamp(data: Path, **leds: int) -> House:
    plain = made(data)
    settings = msgspec.structs.replace(plain.settings, panel=PanelConfig(leds=leds))
    assert plain.ports.anew is not None
    return dataclasses.replace(plain, settings=settings, ports=plain.ports.anew(settings))


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A House with the queue's lamp."""
    return _lamp(tmp_path / "data", queue=22)


@pytest.fixture
def safe(tmp_path: Path) -> House:
    """A House with the lamp "safe to unplug"."""
    return _lamp(tmp_path / "safe", safe=27)


def _lit(house: House, name: str) -> bool:
    lights = journal.read(house.simulated / "panel.json").get("lights", {})
    assert isinstance(lights, dict)
    return bool(lights.get(name))


def _seen(house: House) -> tuple[House, list[SimulatedPanel]]:
    """The same House, and its panels as they are opened."""
    panels: list[SimulatedPanel] = []
    opened = house.ports.panel

    def panel() -> SimulatedPanel:
        found = opened()
        assert isinstance(found, SimulatedPanel)
        panels.append(found)
        return found

    return dataclasses.replace(house, ports=dataclasses.replace(house.ports, panel=panel)), panels


def test_the_queues_lamp_burns_while_somebody_waits_and_blinks_at_a_call(
    house: House, conn: sqlite3.Connection
) -> None:
    with running(house):
        until(lambda: noted(house, "panel.json", "lights") is not None and not _lit(house, "queue"))
        issue(conn, house)
        until(lambda: _lit(house, "queue"))
        tickets.call_next(conn, "1", None, moment=house.clock.read(), settings=house.settings)
        seen = [False]

        def changed_twice() -> bool:
            if _lit(house, "queue") is not seen[-1]:
                seen.append(not seen[-1])
            return len(seen) >= 4

        until(changed_twice, 4)
        until(lambda: not _lit(house, "queue") and not views.somebody_waits(conn))
    assert not _lit(house, "queue")


def test_the_safe_lamp_burns_only_after_a_bench_that_ended_in_order_with_nobody_writing(safe: House) -> None:
    with running(safe):
        assert not _lit(safe, "safe")
    assert _lit(safe, "safe")
    other = safe.connect()
    other.execute("SELECT count(*) FROM jobs").fetchone()
    with running(safe, ends_within_s=5):
        until(lambda: not _lit(safe, "safe"))
    assert not _lit(safe, "safe")
    other.close()
    with running(safe):
        pass
    assert _lit(safe, "safe")


def test_a_database_that_is_still_open_keeps_the_lamp_dark_and_says_so(
    safe: House, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(safe.connect()), caplog.at_level(logging.INFO):
        bench_panel.say_safe(safe, others_s=0.2)
    assert not _lit(safe, "safe")
    assert "still have the database open" in caplog.text


def test_a_house_without_that_lamp_opens_nothing_for_it(tmp_path: Path) -> None:
    plain = made(tmp_path / "data")
    bench_panel.say_safe(plain)
    assert not (plain.simulated / "panel.json").exists()


def test_a_press_that_waits_when_the_bench_ends_has_its_number(
    house: House, conn: sqlite3.Connection
) -> None:
    house, panels = _seen(house)
    with running(house):
        until(lambda: panels and panels[0]._callback)
        panels[0].press(TICKET)
    assert views.somebody_waits(conn)


def test_more_presses_than_the_bench_can_hold_are_refused_aloud(clock: FakeClock) -> None:
    presses = bench_panel.Presses(clock)
    for _ in range(64):
        presses.drop(TICKET)
    assert not presses.refused.is_set()
    presses.drop(TICKET)
    assert presses.refused.is_set()


def test_a_press_while_the_database_takes_nothing_is_answered_by_the_long_buzz(
    house: House, conn: sqlite3.Connection
) -> None:
    conn.execute("CREATE TRIGGER full BEFORE INSERT ON tickets BEGIN SELECT RAISE(ABORT, 'no room'); END")
    house, panels = _seen(house)
    with running(house):
        until(lambda: panels and panels[0]._callback)
        panels[0].press(TICKET)
        until(lambda: noted(house, "panel.json", "buzzes"))
        (buzz,) = noted(house, "panel.json", "buzzes")
    assert buzz["pattern"] == list(signals.PATTERNS["refused"])
    assert not views.somebody_waits(conn)


def test_each_service_calls_in_its_own_rhythm(house: House, conn: sqlite3.Connection) -> None:
    other = dataclasses.replace(SERVICE, id="prices", buzz=(350, 90, 90))
    tickets.set_services(conn, (SERVICE, other))
    heard = []
    with running(house):
        for service in (SERVICE, other):
            tickets.issue(
                conn,
                service.id,
                source=tickets.Source.TABLET,
                moment=house.clock.read(),
                lang="vi",
                settings=house.settings,
                client=service.id,
            )
            tickets.call_next(
                conn, "1", None, moment=house.clock.read(), settings=house.settings, finish=Outcome.DONE
            )
            wanted = list(service.buzz or signals.PATTERNS["call"])
            until(lambda: wanted in [one["pattern"] for one in noted(house, "panel.json", "buzzes")])
            heard.append(wanted)
    assert heard[0] != heard[1]
