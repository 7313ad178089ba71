"""A panel without wires: buttons are pressed by a method call, the buzzer and the lights are noted in a
file.

It reports each press once, as the real panel does after debouncing, and keeps the last patterns
(``panel.json``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from devices import journal
from devices.config import PanelConfig
from devices.ports import (
    TICKET,
    NoBuzzer,
    NoLight,
    Panel,
    Pattern,
    State,
    Status,
    Unsupported,
    checked_pattern,
    desk_button,
    refuse_unusable,
)

INDEX = "panel.json"
_KEEP = 50


class Fault(StrEnum):
    """What can be wrong with the practice panel."""

    CABLE_PULLED = "cable_pulled"
    BUTTON_STUCK = "button_stuck"


class SimulatedPanel(Panel):
    """The practice panel."""

    def __init__(self, config: PanelConfig, folder: Path) -> None:
        self._config = config
        self._path = folder / INDEX
        self._callback: Callable[[str], None] | None = None
        self._fault: Fault | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._lights = dict.fromkeys(config.leds, False)
        self._buzzes = journal.entries(journal.read(self._path), "buzzes")
        self.buttons = (
            *((TICKET,) if config.ticket_button is not None else ()),
            *(desk_button(desk) for desk in config.desk_buttons),
        )
        self._note()

    def on_press(self, callback: Callable[[str], None]) -> None:
        self._callback = callback

    def press(self, name: str) -> None:
        """Press a button; raise Unsupported for one the panel does not have.

        With the cable out nothing happens, nor while the wall button is stuck.
        """
        if name not in self.buttons:
            raise Unsupported(f"the panel has no button {name}")
        stuck = self._fault is Fault.BUTTON_STUCK and name == self.buttons[0]
        if self._callback is not None and self.status().state.usable and not stuck:
            self._callback(name)

    def inject(self, fault: Fault) -> None:
        """Make the panel fail this way until ``mend``."""
        self._fault = fault
        self._note()

    def mend(self) -> None:
        """Put everything right again."""
        self._fault = None
        self._note()

    def buzz(self, pattern: Pattern) -> None:
        refuse_unusable(self.status())
        if self._config.buzzer is None:
            raise NoBuzzer("no buzzer in the settings")
        with self._lock:
            self._buzzes.append({"pattern": list(checked_pattern(pattern)), "buzzed_at": journal.now()})
            self._buzzes = self._buzzes[-_KEEP:]
        self._note()

    def light(self, name: str, on: bool) -> None:
        refuse_unusable(self.status())
        if name not in self._lights:
            raise NoLight(f"no light {name} in the settings")
        if self._lights[name] is not on:
            self._lights[name] = on
            self._note()

    def status(self) -> Status:
        if self._closed:
            return Status(State.OFFLINE, "closed")
        if self._fault is Fault.BUTTON_STUCK and self.buttons:
            return Status(State.STUCK, f"held down for too long: {self.buttons[0]}")
        return Status(State.OFFLINE, self._fault) if self._fault else Status(State.READY)

    def close(self) -> None:
        self._end({})

    def leave_lit(self, name: str) -> None:
        self.light(name, True)
        self._end({name: True})

    def _end(self, burning: dict[str, bool]) -> None:
        if self._closed:
            return
        self._closed = True
        self._lights = dict.fromkeys(self._lights, False) | burning
        self._note()

    def _note(self) -> None:
        with self._lock:
            told = {
                "state": self.status().state,
                "fault": self._fault,
                "buttons": list(self.buttons),
                "lights": self._lights,
                "buzzes": self._buzzes,
            }
            journal.write(self._path, told)
