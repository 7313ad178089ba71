"""The bench's voice: a chime and the words of a call, one sound each, while the call is fresh.

Keeps true: a call that went stale is not made; in quiet hours nothing is heard at all; without a speech
engine there is still the chime. A call that was interrupted may be heard again while it is fresh: better
twice than never. The second time of a call gives way to the next one.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from dataclasses import dataclass

from devices.ports import DeviceError, Malformed, Speaker
from devices.sound import Sound
from hub.base.clock import VILLAGE, Moment
from hub.base.errors import HubError
from hub.base.house import House
from hub.overview import calling
from hub.post import signals
from hub.trades.speech import calls
from hub.workers.bench_slot import Slot
from hub.workers.bench_thread import DeviceThread

_log = logging.getLogger(__name__)

# A look is cheap: the driver itself decides how seldom it opens the device for one.
_LOOK_S = 2.0
_AGAIN_S = 0.5
_CALM_S = 1.0


@dataclass(frozen=True, slots=True)
class _Again:
    """A call that is to be heard a second time, and when (monotonic)."""

    words: Sound
    at: float


class Voice(DeviceThread):
    """Owns the loudspeaker."""

    slot: Slot[Speaker]

    def __init__(self, house: House, slot: Slot[Speaker], stop: threading.Event) -> None:
        super().__init__(house, slot, stop)
        self._chimed = 0
        self._again: _Again | None = None

    def turn(self, conn: sqlite3.Connection) -> float:
        """Make the oldest call that is still fresh, or say the last one again when that is wanted."""
        moment = self.house.clock.read()
        call = signals.next_call(conn, moment)
        if call is None:
            signals.sweep(conn, moment)
            return self._rest(moment)
        self._again = None
        try:
            self._make(conn, call, self._loudness(moment))
        except Malformed as bad:
            _log.error("a call cannot be played: %s", bad.detail)
        except DeviceError as bad:
            _log.warning("a call waits for the loudspeaker: %s (%s)", bad.state, bad.detail)
            return _AGAIN_S
        except HubError:
            raise
        except Exception:
            # Whatever it was, it must not hold up the next call.
            _log.exception("a call broke the loudspeaker")
        signals.heard(conn, [call.id])
        # The next call may get this number anew.
        self._chimed = 0
        return 0.0

    def _loudness(self, moment: Moment) -> float:
        hour = moment.at.astimezone(VILLAGE).time() if moment.trusted else None
        return self.house.settings.sound.loudness(hour)

    def _make(self, conn: sqlite3.Connection, call: signals.Call, loudness: float) -> None:
        sound = self.house.settings.sound
        if loudness == 0:
            _log.info("quiet hours: a call is only shown")
            return
        if sound.chime and call.chime and self._chimed != call.id:
            self.slot.call(lambda port: port.chime(loudness))
            self._chimed = call.id
        words = self._words(conn, call) if sound.speech else None
        if words is not None and not self.stopping.is_set():
            self.slot.call(lambda port: port.play(words, loudness))
            if sound.times > 1:
                self._again = _Again(words, time.monotonic() + sound.again_s)
        if not self.slot.status.state.usable:
            self.slot.look()

    def _words(self, conn: sqlite3.Connection, call: signals.Call) -> Sound | None:
        settings = self.house.settings
        clips = sorted(self.house.packs.glob("*/current/clips"))
        spoken = calls.Voices(self.house.speech, settings.sound, clips)
        return calls.sound(conn, call, spoken, calling.needs(conn, settings))

    def _rest(self, moment: Moment) -> float:
        again = self._again
        if again is not None:
            wait = again.at - time.monotonic()
            if wait > 0:
                return min(wait, _CALM_S)
            self._again = None
            loudness = self._loudness(moment)
            if loudness > 0:
                self._once_more(again.words, loudness)
            return 0.0
        if self.slot.look_due(_LOOK_S, _LOOK_S):
            self.slot.look()
        return _CALM_S

    def _once_more(self, words: Sound, loudness: float) -> None:
        try:
            self.slot.call(lambda port: port.play(words, loudness))
        except DeviceError as bad:
            _log.warning("a call is not said again: %s (%s)", bad.state, bad.detail)
