"""The bench's code reading thread: a code goes, sealed, to the guide who waits for one, or nowhere.

Keeps true: what was read is in memory until it is sealed for one asking guide, then in no variable of this
thread; a code that nobody asked for is dropped, answered by a long buzz and told to nobody: a slip held to
the reader opens nothing. It never logs, shows or keeps a code, and cannot open what it sealed.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time

from devices.desk_ports import CodeReader
from devices.ports import DeviceError
from hub.base.house import House
from hub.post import capturing, signals
from hub.post.capture_model import Kind
from hub.workers.bench_slot import Slot
from hub.workers.bench_thread import DeviceThread

_LOOK_S = 1.0
_BEEP_S = 3.0
_MOST_WAITING = 4
_FRESH_S = 5.0
"""A code that could not be handed over for so long belongs to somebody who may have left the desk."""


class Reading(DeviceThread):
    """Owns the code reader."""

    slot: Slot[CodeReader]

    def __init__(self, house: House, slot: Slot[CodeReader], stop: threading.Event) -> None:
        super().__init__(house, slot, stop)
        self._codes: queue.Queue[tuple[float, str]] = queue.Queue(_MOST_WAITING)

    def began(self, conn: sqlite3.Connection) -> None:
        """Listen before anything else is done with the reader."""
        self._listen()

    def turn(self, conn: sqlite3.Connection) -> float:
        """Hand over what was read, and look after the device."""
        if self.slot.look_due(_LOOK_S, _LOOK_S):
            self.slot.look()
        self._listen()
        while True:
            try:
                read_at, text = self._codes.get_nowait()
            except queue.Empty:
                return _LOOK_S
            if time.monotonic() - read_at <= _FRESH_S:
                self._hand_over(conn, text)
            del text

    def _listen(self) -> None:
        try:
            # Said anew each time: the reader may be another one than a moment ago.
            self.slot.call(lambda port: port.on_code(self._drop))
        except DeviceError:
            pass

    def _drop(self, text: str) -> None:
        """Take a code from the reader's own thread; of too many at once the last are lost."""
        try:
            self._codes.put_nowait((time.monotonic(), text))
        except queue.Full:
            return
        self.wake()

    def _hand_over(self, conn: sqlite3.Connection, text: str) -> None:
        moment = self.house.clock.read()
        wish = capturing.wanted(conn, (Kind.CODE,), moment, newest=True)
        taken = wish is not None and capturing.done(conn, wish.id, moment=moment, answer=text.encode())
        signals.chirp(conn, "read" if taken else "refused", moment=moment, ttl_s=_BEEP_S)
