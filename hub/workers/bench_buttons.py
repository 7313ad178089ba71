"""The bench's panel thread: sounds the buzzer while a signal is fresh, lights the lamps, looks after the panel.

Keeps true: of several signals that are due at once only the last is sounded, because only that would be heard
whole; a panel that hangs holds up no press of the tablets and no other device. It never serves a press: the
panel drops it into memory and the bench's loop deals with it.
"""

from __future__ import annotations

import logging
import sqlite3
import threading

from devices.ports import DeviceError, Panel, Pattern
from hub.base.errors import HubError
from hub.base.house import House
from hub.post import signals
from hub.workers.bench_lamps import Lamps
from hub.workers.bench_panel import Presses
from hub.workers.bench_slot import Slot
from hub.workers.bench_thread import DeviceThread

_log = logging.getLogger(__name__)

_LOOK_S = 1.0


class Buttons(DeviceThread):
    """Owns the panel."""

    slot: Slot[Panel]

    def __init__(self, house: House, slot: Slot[Panel], stop: threading.Event, presses: Presses) -> None:
        super().__init__(house, slot, stop)
        self._presses = presses
        self._lamps = Lamps(house.settings.panel.leds)

    def turn(self, conn: sqlite3.Connection) -> float:
        """Sound and light what is due."""
        if self._presses.refused.is_set():
            # Not through the database: it may be the reason.
            self._presses.refused.clear()
            self._sound(signals.PATTERNS["refused"])
        self._buzz(conn)
        if self.slot.look_due(_LOOK_S, _LOOK_S):
            self.slot.look()
        return min(_LOOK_S, self._lamps.show(conn, self.slot))

    def _buzz(self, conn: sqlite3.Connection) -> None:
        due = signals.chirps(conn, self.house.clock.read())
        if not due:
            return
        if any(each.name == "call" for each in due):
            self._lamps.called()
        self._sound(due[-1].pattern)
        signals.heard(conn, [each.id for each in due])

    def _sound(self, pattern: Pattern) -> None:
        try:
            self.slot.call(lambda port: port.buzz(pattern))
        except DeviceError as bad:
            _log.warning("the buzzer is silent: %s (%s)", bad.state, bad.detail)
        except HubError:
            raise
        except Exception:
            # Whatever it was, it must not hold up the next signal.
            _log.exception("a signal broke the buzzer")
