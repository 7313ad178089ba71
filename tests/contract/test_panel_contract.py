"""What every panel keeps: the same cases on the simulator and on gpiozero with mock pins."""

from __future__ import annotations

import json
import os
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from devices import choose
from devices.config import PanelConfig
from devices.drivers import pins
from devices.drivers.panel_gpio import GpioPanel
from devices.ports import (
    TICKET,
    Denied,
    Malformed,
    NoBuzzer,
    NoLight,
    Offline,
    Panel,
    State,
    Unsupported,
    desk_button,
)
from devices.simulator.panel import Fault, SimulatedPanel

CONFIG = PanelConfig(
    ticket_button=17, desk_buttons={"1": 5, "2": 6}, buzzer=18, leds={"desk-1": 12, "safe": 13}
)
PINS = {TICKET: 17, desk_button("1"): 5, desk_button("2"): 6}


def eventually(truth: Callable[[], bool], seconds: float = 2.0) -> bool:
    until = time.monotonic() + seconds
    while not truth() and time.monotonic() < until:
        time.sleep(0.005)
    return truth()


class Rig(Protocol):
    panel: Panel

    def press(self, name: str) -> None: ...
    def hold(self, name: str) -> None: ...
    def release(self, name: str) -> None: ...
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

    def hold(self, name: str) -> None:
        assert name == TICKET, "the simulator knows a stuck wall button"
        self.panel.inject(Fault.BUTTON_STUCK)

    def release(self, name: str) -> None:
        self.panel.mend()

    def lit(self, name: str) -> bool:
        lights = self._told()["lights"]
        assert isinstance(lights, dict)
        return bool(lights[name])

    def buzzed(self) -> bool:
        return bool(self._told()["buzzes"])

    def close(self) -> None:
        self.panel.close()


class GpioRig:
    def __init__(self, config: PanelConfig, folder: Path, factory: MockFactory | None = None) -> None:
        self.factory = factory or MockFactory()
        self.panel = GpioPanel(config, self.factory)

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

    def hold(self, name: str) -> None:
        self.pin(PINS[name]).drive_low()

    def release(self, name: str) -> None:
        self.pin(PINS[name]).drive_high()

    def lit(self, name: str) -> bool:
        return bool(self.pin(CONFIG.leds[name]).state)

    def buzzed(self) -> bool:
        return any(each.state for each in self.pin(18).states)

    def close(self) -> None:
        self.panel.close()
        self.factory.reset()


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


def test_a_light_that_is_left_lit_burns_on_when_all_else_is_dark(rig: Rig) -> None:
    rig.panel.light("desk-1", True)
    rig.panel.leave_lit("safe")
    assert rig.lit("safe") and not rig.lit("desk-1")
    assert rig.panel.status().state is State.OFFLINE
    rig.panel.close()
    assert rig.lit("safe")
    with pytest.raises(Offline):
        rig.panel.leave_lit("safe")


def test_a_light_that_is_not_there_cannot_be_left_lit(rig: Rig) -> None:
    with pytest.raises(NoLight):
        rig.panel.leave_lit("queue")
    assert rig.panel.status().state is State.READY


def test_a_panel_opened_anew_begins_dark(build: Callable[[PanelConfig], Rig], tmp_path: Path) -> None:
    first = build(CONFIG)
    first.panel.leave_lit("safe")
    second = GpioRig(CONFIG, tmp_path, first.factory) if isinstance(first, GpioRig) else build(CONFIG)
    assert not second.lit("safe")


def test_a_stuck_button_is_told_while_the_others_and_the_buzzer_work(
    build: Callable[[PanelConfig], Rig],
) -> None:
    rig = build(PanelConfig(desk_buttons=CONFIG.desk_buttons, leds=CONFIG.leds, stuck_s=1))
    pressed: list[str] = []
    rig.panel.on_press(pressed.append)
    rig.hold(TICKET)
    assert eventually(lambda: rig.panel.status().state is State.STUCK, 8)
    assert TICKET in rig.panel.status().detail
    rig.press("desk-1")
    assert eventually(lambda: "desk-1" in pressed)
    rig.panel.buzz((60,))
    rig.release(TICKET)
    assert eventually(lambda: rig.panel.status().state is State.READY)
    pressed.clear()
    rig.press(TICKET)
    assert eventually(lambda: pressed == [TICKET])


def test_two_buttons_at_once_are_two_presses(tmp_path: Path) -> None:
    rig = GpioRig(CONFIG, tmp_path)
    try:
        pressed: list[str] = []
        rig.panel.on_press(pressed.append)
        for name in ("desk-1", "desk-2"):
            rig.hold(name)
        assert eventually(lambda: len(pressed) == 2)
        assert sorted(pressed) == ["desk-1", "desk-2"]
    finally:
        rig.close()


class _Grounded(MockPin):
    """A pin that a closed contact holds at ground: the pull-up is weaker."""

    def _set_pull(self, value: str) -> None:
        self._pull = value


def test_a_button_that_is_down_at_the_start_is_no_press_but_may_be_stuck(tmp_path: Path) -> None:
    factory = MockFactory(pin_class=_Grounded)
    factory.pin(17).drive_low()
    pressed: list[str] = []
    rig = GpioRig(PanelConfig(stuck_s=1), tmp_path, factory)
    try:
        rig.panel.on_press(pressed.append)
        assert eventually(lambda: rig.panel.status().state is State.STUCK, 8)
        assert pressed == []
        rig.release(TICKET)
        assert eventually(lambda: rig.panel.status().state is State.READY)
        rig.hold(TICKET)
        assert eventually(lambda: pressed == [TICKET])
    finally:
        rig.close()


class _Chips(types.ModuleType):
    """The vendor's library, as far as chips go: labels by number, on whatever kernel."""

    class error(Exception):
        """What lgpio raises."""

    def __init__(self, labels: dict[int, str]) -> None:
        super().__init__("lgpio")
        self._labels = labels
        self.open: list[int] = []

    def gpiochip_open(self, number: int) -> int:
        if not self._labels[number]:
            raise self.error("can not open gpiochip")
        self.open.append(number)
        return number

    def gpio_get_chip_info(self, handle: int) -> list[object]:
        return [0, 54, f"gpiochip{handle}", self._labels[handle]]

    def gpiochip_close(self, handle: int) -> None:
        self.open.remove(handle)


_PI_4 = {0: "pinctrl-bcm2711", 1: "raspberrypi-exp-gpio"}
_PI_5_OLD = {0: "gpio-brcmstb@107d508500", 4: "pinctrl-rp1", 10: "gpio-brcmstb@107d517c00"}
_PI_5_NEW = {0: "pinctrl-rp1", 10: "gpio-brcmstb@107d508500", 11: ""}


@pytest.mark.parametrize(
    ("labels", "number"), [(_PI_4, 0), (_PI_5_OLD, 4), (_PI_5_NEW, 0), ({0: "", 3: "pinctrl-bcm2835"}, 3)]
)
def test_the_header_is_known_by_its_label_and_not_by_its_number(
    tmp_path: Path, labels: dict[int, str], number: int
) -> None:
    for one in labels:
        (tmp_path / f"gpiochip{one}").touch()
    chips = _Chips(labels)
    assert pins._header(chips, tmp_path) == number
    assert chips.open == []


def test_a_machine_without_a_header_says_what_it_has_instead(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="no /dev/gpiochip"):
        pins._header(_Chips({}), tmp_path)
    (tmp_path / "gpiochip0").touch()
    with pytest.raises(Unsupported, match="INT34C5"):
        pins._header(_Chips({0: "INT34C5"}), tmp_path)


def test_a_chip_that_may_not_be_opened_names_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gpiochip0").touch()
    # Root, as whom tests run too, may open everything.
    monkeypatch.setattr(os, "access", lambda path, how: False)
    with pytest.raises(Denied, match="gpio"):
        pins._header(_Chips(_PI_4), tmp_path)


@pytest.mark.skipif(bool(list(Path("/dev").glob("gpiochip*"))), reason="this machine has pins")
def test_a_missing_pin_library_or_header_is_a_sick_panel_and_no_other_library_is_tried(
    tmp_path: Path,
) -> None:
    panel = choose.panel(PanelConfig(kind="gpio"), tmp_path)
    assert panel.status().state is State.UNSUPPORTED
    assert "lgpio" in panel.status().detail or "gpiochip" in panel.status().detail
    assert gpiozero.Device.pin_factory is None


def test_a_pin_that_is_taken_is_a_sick_panel_that_lets_go_of_the_others(tmp_path: Path) -> None:
    factory = MockFactory()
    held = gpiozero.LED(18, pin_factory=factory)
    with pytest.raises(Unsupported, match="18"):
        GpioPanel(CONFIG, factory)
    held.close()
    GpioPanel(CONFIG, MockFactory()).close()
