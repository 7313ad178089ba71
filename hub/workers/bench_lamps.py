"""The lamp of the queue: lit while somebody waits, blinking for a few seconds when a number is called.

Keeps true: a lamp that cannot be lit holds up nothing, and after the panel was opened anew it shows what is so
again. The lamp "safe to unplug" is not lit here: only a bench that has ended may light it.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Mapping

from devices.ports import DeviceError, Panel
from hub.trades.tickets import views
from hub.workers.bench_slot import Slot

_log = logging.getLogger(__name__)

QUEUE = "queue"
BLINK_FOR_S, _BLINK_S = 3.0, 0.25
_CALM_S = 1.0


class Lamps:
    """What the lamps of one panel show; ``leds`` are those that the settings name."""

    def __init__(self, leds: Mapping[str, int]) -> None:
        self._wanted = QUEUE in leds
        self._blink_until = float("-inf")
        self._sick = False

    def called(self) -> None:
        """A number was called just now."""
        self._blink_until = time.monotonic() + BLINK_FOR_S

    def show(self, conn: sqlite3.Connection, slot: Slot[Panel]) -> float:
        """Light what is so now; return after how many seconds it must be looked at again."""
        if not self._wanted or not slot.status.state.usable:
            return _CALM_S
        left = self._blink_until - time.monotonic()
        on = int(left / _BLINK_S) % 2 == 0 if left > 0 else views.somebody_waits(conn)
        try:
            slot.call(lambda port: port.light(QUEUE, on))
            self._sick = False
        except DeviceError as bad:
            if not self._sick:
                _log.warning("the lamp of the queue is dark: %s (%s)", bad.state, bad.detail)
            self._sick = True
            return _CALM_S
        return _BLINK_S if left > 0 else _CALM_S
