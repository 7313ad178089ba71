"""What every panel keeps: the same cases on the simulator and on gpiozero with mock pins."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory, MockPin
from hypothesis import given
from hypothesis import strategies as st

from devices import choose
from devices.config import PanelConfig
from devices.drivers.panel_gpio import Debouncer, GpioPanel
from devices.ports import TICKET, Malformed, NoBuzzer, NoLight, Offline, Panel, State, desk_button
from devices.simulator.panel import Fault, SimulatedPanel

CONFIG = PanelConfig(ticket_button=17, desk_buttons={"1": 5, "2": 6}, buzzer=18, leds={"desk-1": 12})
PINS = {TICKET: 17, desk_button("1"): 5, desk_button("2"): 6}


def eventually(truth: Callable[[], bool], seconds: float = 2.0) -> bool:
    until = time.monotonic() + seconds
    while not truth() and time.monotonic() < until:
        time.sleep(0.005)
    return truth()


class Rig(Protocol):
    panel: Panel

    def press(self, name: str) -> None: ...
    def lit(self, name: str) -> bool: ...
    def buzzed(self) -> bool: ...
    def close(self) -> None: ...


class SimulatorRig:
    def __init__(self, config: PanelConfig, folder: Path) -> None:
        panel = choose.panel(config, folder)
        assert isinstance(panel, SimulatedPanel)
        self.panel = panel
        self._file = folder / "panel.json"

    def _told(self) -> dict[str, object]:
        return dict(json.loads(self._file.read_text("utf-8")))

    def press(self, name: str) -> None:
        self.panel.press(name)

    def lit(self, name: str) -> bool:
        lights = self._told()["lights"]
        assert isinstance(lights, dict)
        return bool(lights[name])

    def buzzed(self) -> bool:
        return bool(self._told()["buzzes"])

    def close(self) -> None:
        self.panel.close()


class GpioRig:
    def __init__(self, config: PanelConfig, folder: Path) -> None:
        self.factory = MockFactory()
        gpiozero.Device.pin_factory = self.factory
        panel = choose.panel(dataclasses.replace(config, kind="gpio"), folder)
        assert isinstance(panel, GpioPanel)
        self.panel = panel

    def pin(self, number: int) -> MockPin:
        return self.factory.pin(number)

    def press(self, name: str) -> None:
        pin = self.pin(PINS[name])
        for _ in range(4):  # as a worn contact does
            pin.drive_low()
            pin.drive_high()
        pin.drive_low()
        contact = self.panel._debouncers[name]
        assert eventually(lambda: contact.believed)
        pin.drive_high()
        pin.drive_low()
        pin.drive_high()
        assert eventually(lambda: not contact.believed)

    def lit(self, name: str) -> bool:
        return bool(self.pin(CONFIG.leds[name]).state)

    def buzzed(self) -> bool:
        return any(each.state for each in self.pin(18).states)

    def close(self) -> None:
        self.panel.close()
        self.factory.reset()
        gpiozero.Device.pin_factory = None


@pytest.fixture(params=[SimulatorRig, GpioRig], ids=["simulator", "gpio"])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[PanelConfig], Rig]]:
    made: list[Rig] = []

    def build(config: PanelConfig) -> Rig:
        made.append(request.param(config, tmp_path))
        return made[-1]

    yield build
    for rig in made:
        rig.close()


@pytest.fixture
def rig(build: Callable[[PanelConfig], Rig]) -> Rig:
    return build(CONFIG)


def test_each_press_is_reported_once_by_its_name(rig: Rig) -> None:
    pressed: list[str] = []
    rig.panel.on_press(pressed.append)
    for name in (TICKET, "desk-2", TICKET, "desk-1"):
        rig.press(name)
    assert eventually(lambda: len(pressed) >= 4)
    time.sleep(0.05)
    assert pressed == [TICKET, "desk-2", TICKET, "desk-1"]


def test_a_press_before_anyone_listens_is_nothing(rig: Rig) -> None:
    rig.press(TICKET)
    pressed: list[str] = []
    rig.panel.on_press(pressed.append)
    rig.press("desk-1")
    assert eventually(lambda: bool(pressed))
    assert pressed == ["desk-1"]


def test_a_buzz_returns_at_once_and_sounds(rig: Rig) -> None:
    started = time.monotonic()
    rig.panel.buzz((300, 100, 300))
    assert time.monotonic() - started < 0.2
    assert eventually(rig.buzzed)


@pytest.mark.parametrize("pattern", [(), (0,), (-5, 10), (9_000, 2_000)])
def test_what_is_no_pattern_is_refused(rig: Rig, pattern: tuple[int, ...]) -> None:
    with pytest.raises(Malformed):
        rig.panel.buzz(pattern)
    assert not rig.buzzed()


def test_a_light_stays_as_it_was_switched(rig: Rig) -> None:
    rig.panel.light("desk-1", True)
    assert rig.lit("desk-1")
    rig.panel.light("desk-1", False)
    assert not rig.lit("desk-1")


def test_abilities_that_were_not_set_up_are_named(build: Callable[[PanelConfig], Rig]) -> None:
    rig = build(PanelConfig(buzzer=None))
    with pytest.raises(NoBuzzer):
        rig.panel.buzz((80,))
    with pytest.raises(NoLight):
        rig.panel.light("desk-9", True)


def test_a_closed_panel_is_offline_dark_and_deaf(rig: Rig) -> None:
    pressed: list[str] = []
    rig.panel.on_press(pressed.append)
    assert rig.panel.status().state is State.READY
    rig.panel.light("desk-1", True)
    rig.panel.close()
    rig.panel.close()
    assert rig.panel.status().state is State.OFFLINE
    with pytest.raises(Offline):
        rig.panel.buzz((80,))
    with pytest.raises(Offline):
        rig.panel.light("desk-1", True)
    if isinstance(rig, SimulatorRig):
        rig.press(TICKET)
        assert not rig.lit("desk-1")
    assert pressed == []


def test_a_pulled_cable_swallows_presses_until_it_is_back(tmp_path: Path) -> None:
    panel = choose.panel(CONFIG, tmp_path)
    assert isinstance(panel, SimulatedPanel)
    pressed: list[str] = []
    panel.on_press(pressed.append)
    panel.inject(Fault.CABLE_PULLED)
    panel.press(TICKET)
    assert panel.status().state is State.OFFLINE
    panel.mend()
    panel.press("desk-1")
    assert pressed == ["desk-1"]


def test_a_callback_that_fails_does_not_deafen_the_panel(tmp_path: Path) -> None:
    rig = GpioRig(CONFIG, tmp_path)
    try:
        pressed: list[str] = []

        def stumble(name: str) -> None:
            pressed.append(name)
            raise RuntimeError("queue is gone")

        rig.panel.on_press(stumble)
        rig.press(TICKET)
        rig.press(TICKET)
        assert eventually(lambda: len(pressed) == 2)
        assert rig.panel.status().state is State.READY
    finally:
        rig.close()


def test_a_spark_shorter_than_the_settling_time_is_no_press(tmp_path: Path) -> None:
    rig = GpioRig(CONFIG, tmp_path)
    try:
        pressed: list[str] = []
        rig.panel.on_press(pressed.append)
        for _ in range(20):
            rig.pin(17).drive_low()
            rig.pin(17).drive_high()
            time.sleep(0.003)
        time.sleep(0.08)
        assert pressed == []
        rig.press(TICKET)
        assert eventually(lambda: pressed == [TICKET])
    finally:
        rig.close()


def test_a_new_pattern_replaces_the_old_and_the_buzzer_ends_silent(tmp_path: Path) -> None:
    rig = GpioRig(CONFIG, tmp_path)
    try:
        rig.panel.buzz((5_000,))
        assert eventually(lambda: bool(rig.pin(18).state))
        rig.panel.buzz((30, 30, 30))
        assert eventually(lambda: not rig.pin(18).state)
        time.sleep(0.15)
        assert [bool(each.state) for each in rig.pin(18).states[-6:]] == [
            True,
            False,
            True,
            False,
            True,
            False,
        ]
    finally:
        rig.close()


def test_pins_that_cannot_be_opened_are_a_sick_panel_not_a_dead_bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpiozero.Device.pin_factory = None
    monkeypatch.setitem(os.environ, "GPIOZERO_PIN_FACTORY", "no-such-factory")
    panel = choose.panel(PanelConfig(kind="gpio"), tmp_path)
    assert panel.status().state is State.UNSUPPORTED
    assert "no-such-factory" in panel.status().detail


samples = st.lists(st.tuples(st.booleans(), st.floats(0.001, 0.05)), min_size=1, max_size=60)


@given(samples)
def test_a_press_is_certain_only_after_the_level_has_stood_still(steps: list[tuple[bool, float]]) -> None:
    debouncer, now = Debouncer(0.02), 0.0
    stood_since, last = 0.0, False
    presses, believed = 0, False
    for level, gap in steps:
        now += gap
        if level is not last:
            last, stood_since = level, now
        pressed = debouncer.feed(level, now)
        if pressed:
            assert level and now - stood_since >= 0.02 and not believed
            presses += 1
        if now - stood_since >= 0.02:
            believed = level
    assert presses <= len(steps) // 2 + 1
