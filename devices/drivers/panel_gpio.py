"""Buttons, buzzer and lights on the Pi's pins, through gpiozero.

A press counts once the contact has stood still for ``settle_ms``: bounces and the sparks that a long wall
cable picks up in a thunderstorm never become a ticket. Debouncing is done here and not by gpiozero, whose
pin libraries differ in what they do with ``bounce_time``. Between presses nothing runs: an edge wakes the
watcher. A button that stays down is told as stuck and is no further press; the others go on working.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import gpiozero

from devices.config import PanelConfig
from devices.debounce import Debouncer
from devices.drivers import pins
from devices.ports import (
    TICKET,
    NoBuzzer,
    NoLight,
    Offline,
    Panel,
    Pattern,
    State,
    Status,
    Unsupported,
    checked_pattern,
    desk_button,
)

_log = logging.getLogger(__name__)
_SAMPLE_S = 0.004
_LEFT_LIT: list[Any] = []
"""What must not be tidied away while this process still lives: pins whose light stays on."""


class GpioPanel(Panel):
    """A panel on GPIO pins; ``factory`` makes the pins, by default those of this machine's own header."""

    def __init__(self, config: PanelConfig, factory: Any = None) -> None:
        self._opened: list[gpiozero.Device] = []
        self._lights: dict[str, Any] = {}
        self._factory: Any = None
        self._callback: Callable[[str], None] | None = None
        self._closing = threading.Event()
        self._edge = threading.Event()
        self._quiet = threading.Event()
        self._buzzing: threading.Thread | None = None
        self._buzz_lock = threading.Lock()
        try:
            self._factory = factory or pins.factory()
            self._buttons = self._open_buttons(config)
            self._buzzer = (
                None if config.buzzer is None else self._open(gpiozero.DigitalOutputDevice, config.buzzer)
            )
            for name, pin in config.leds.items():
                self._lights[name] = self._factory.pin(pin)
                self._lights[name].output_with_state(False)
        except (gpiozero.GPIOZeroError, OSError, RuntimeError) as error:
            self._let_go()
            raise Unsupported(f"the pins cannot be opened: {error}") from error
        except BaseException:
            self._let_go()
            raise
        # What is down already is no press: a stuck button must not draw a number at every start.
        self._debouncers = {
            name: Debouncer(config.settle_ms / 1000, config.stuck_s, bool(button.is_pressed))
            for name, button in self._buttons.items()
        }
        self._watcher = threading.Thread(target=self._watch, name="panel", daemon=True)
        self._watcher.start()
        self._edge.set()

    def _open(self, kind: Callable[..., gpiozero.Device], pin: int, **more: object) -> gpiozero.Device:
        device = kind(pin, pin_factory=self._factory, **more)
        self._opened.append(device)
        return device

    def _open_buttons(self, config: PanelConfig) -> dict[str, gpiozero.Device]:
        wired = {desk_button(desk): pin for desk, pin in config.desk_buttons.items()}
        if config.ticket_button is not None:
            wired[TICKET] = config.ticket_button
        buttons = {name: self._open(gpiozero.Button, pin, pull_up=True) for name, pin in wired.items()}
        for button in buttons.values():
            button.when_pressed = button.when_released = self._edge.set
        return buttons

    def on_press(self, callback: Callable[[str], None]) -> None:
        self._callback = callback

    def buzz(self, pattern: Pattern) -> None:
        if self._closing.is_set():
            raise Offline("closed")
        if self._buzzer is None:
            raise NoBuzzer("no buzzer in the settings")
        checked_pattern(pattern)
        with self._buzz_lock:
            self._hush()
            self._quiet = threading.Event()
            self._buzzing = threading.Thread(
                target=self._sound, args=(self._buzzer, pattern, self._quiet), daemon=True
            )
            self._buzzing.start()

    def light(self, name: str, on: bool) -> None:
        if self._closing.is_set():
            raise Offline("closed")
        if name not in self._lights:
            raise NoLight(f"no light {name} in the settings")
        self._lights[name].state = on

    def status(self) -> Status:
        if self._closing.is_set():
            return Status(State.OFFLINE, "closed")
        if not self._watcher.is_alive():
            return Status(State.BROKEN, "the buttons are no longer watched")
        now = time.monotonic()
        stuck = [name for name, contact in self._debouncers.items() if contact.stuck(now)]
        if stuck:
            return Status(State.STUCK, f"held down for too long: {', '.join(sorted(stuck))}")
        return Status(State.READY)

    def close(self) -> None:
        self._end(None)

    def leave_lit(self, name: str) -> None:
        self.light(name, True)
        self._end(name)

    def _end(self, burning: str | None) -> None:
        if self._closing.is_set():
            return
        self._closing.set()
        self._edge.set()
        with self._buzz_lock:
            self._hush()
        self._watcher.join(timeout=1)
        if burning is not None:
            # Closing the pin, or its factory, would turn it into an input: dark.
            _LEFT_LIT.append((self._lights.pop(burning), self._factory))
            self._factory = None
        self._let_go()

    def _let_go(self) -> None:
        for device in self._opened:
            device.close()
        for pin in self._lights.values():
            # First dark, then let go: where the kernel leaves outputs as they were, it would go on burning.
            pin.state = False
            pin.close()
        if self._factory is not None:
            self._factory.close()

    def _hush(self) -> None:
        self._quiet.set()
        if self._buzzing is not None:
            self._buzzing.join(timeout=1)

    @staticmethod
    def _sound(buzzer: gpiozero.Device, pattern: Pattern, quiet: threading.Event) -> None:
        try:
            for place, milliseconds in enumerate(pattern):
                buzzer.value = place % 2 == 0
                if quiet.wait(milliseconds / 1000):
                    break
        finally:
            buzzer.off()

    def _watch(self) -> None:
        while not self._closing.is_set():
            self._edge.wait()
            self._edge.clear()
            self._sample()
            while not self._closing.is_set() and not all(each.settled for each in self._debouncers.values()):
                time.sleep(_SAMPLE_S)
                self._sample()

    def _sample(self) -> None:
        now = time.monotonic()
        for name, button in self._buttons.items():
            if self._debouncers[name].feed(bool(button.is_pressed), now) and self._callback is not None:
                try:
                    self._callback(name)
                except Exception:
                    # One press that could not be handed on must not deafen the panel.
                    _log.exception("a press of %s was not taken", name)
