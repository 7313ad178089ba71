"""The bench's voice: plays spoken calls on the loudspeaker while they are fresh.

Keeps true: a call that went stale is not made; without a speech engine there is still the chime. A call
that was interrupted may be heard again while it is fresh: better twice than never.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

from devices.ports import DeviceError, Malformed, Speaker
from hub.base.errors import HubError, NotReady, Refused
from hub.base.house import House
from hub.post import signals
from hub.trades.speech import service as speech
from hub.workers.bench_slot import Slot
from hub.workers.bench_thread import DeviceThread

_log = logging.getLogger(__name__)

_LOOK_CALM_S, _LOOK_SICK_S = 30.0, 3.0
_AGAIN_S = 0.5


class Voice(DeviceThread):
    """Owns the loudspeaker."""

    slot: Slot[Speaker]

    def __init__(self, house: House, slot: Slot[Speaker], stop: threading.Event) -> None:
        super().__init__(house, slot, stop)
        self._chimed = 0

    def turn(self, conn: sqlite3.Connection) -> float:
        """Make the oldest call that is still fresh."""
        call = signals.next_call(conn, self.house.clock.read())
        if call is None:
            signals.sweep(conn, self.house.clock.read())
            if self.slot.look_due(_LOOK_CALM_S, _LOOK_SICK_S):
                self.slot.look()
            return 1.0
        try:
            self._make(call)
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
        return 0.0

    def _make(self, call: signals.Call) -> None:
        sound = self.house.settings.sound
        files = self._files(call) if sound.speech else []
        if sound.chime and call.chime and self._chimed != call.id:
            self.slot.call(lambda port: port.chime())
            self._chimed = call.id
        for path in files:
            if self.stopping.is_set():
                return
            self.slot.call(lambda port, path=path: port.play(path))  # type: ignore[misc]
        if not self.slot.status.state.usable:
            self.slot.look()

    def _files(self, call: signals.Call) -> list[Path]:
        found = []
        for lang, text in call.texts:
            try:
                found.append(
                    speech.render(
                        self.house.speech,
                        lang,
                        text,
                        words_per_minute=self.house.settings.sound.words_per_minute,
                        clips=sorted(self.house.packs.glob("*/current/clips")),
                    )
                )
            except (NotReady, Refused) as bad:
                _log.error("a call has no voice: %s", bad)
        return found
