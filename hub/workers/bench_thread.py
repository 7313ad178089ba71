"""The manner of the bench's own threads: a connection each, one device each, and no error that ends them.

Keeps true: whatever goes wrong in one turn, the thread lives on and says so in the log; it ends soon after
it is told to, or at once when its device was given to another thread. An order to a device is carried out in
the thread that owns the device, before its other work.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from abc import ABC, abstractmethod
from contextlib import closing
from typing import Any

from hub.base.errors import HubError
from hub.base.house import House
from hub.workers import bench_orders
from hub.workers.bench_slot import Abandoned, Slot

_log = logging.getLogger(__name__)

_AFTER_ERROR_S = 1.0


class DeviceThread(threading.Thread, ABC):
    """Owns one device: carries out orders, then its work, until told to stop."""

    def __init__(self, house: House, slot: Slot[Any], stop: threading.Event) -> None:
        super().__init__(name=f"bench-{slot.name}", daemon=True)
        self.house = house
        self.slot = slot
        self.stopping = stop
        self._wake = threading.Event()
        self._hurried = False

    def wake(self) -> None:
        """Say that there may be work."""
        self._wake.set()

    def hurry(self) -> None:
        """Say that something was plugged in or out: look at once, and forget every pause."""
        self._hurried = True
        self._wake.set()

    @abstractmethod
    def turn(self, conn: sqlite3.Connection) -> float:
        """Do what is due and return for how many seconds nothing will be, unless woken."""

    def began(self, conn: sqlite3.Connection) -> None:
        """Put right what an earlier stumble may have left; called with each new connection."""

    def ordered(self) -> None:
        """Someone did something to the device: do not wait any longer."""

    def run(self) -> None:
        """Work until told to stop."""
        while not self.stopping.is_set():
            try:
                with closing(self.house.connect()) as conn:
                    self._work(conn)
            except (HubError, sqlite3.Error) as bad:
                _log.error("%s cannot use the database: %s", self.name, bad)
                self.stopping.wait(_AFTER_ERROR_S)
            except Exception:
                _log.exception("%s stumbled", self.name)
                self.stopping.wait(_AFTER_ERROR_S)
            except Abandoned:
                self._came_late()
                return
        try:
            self.slot.close()
        except Abandoned:
            self._came_late()

    def _came_late(self) -> None:
        _log.warning("%s came back after it was given up", self.name)

    def _work(self, conn: sqlite3.Connection) -> None:
        self.began(conn)
        while not self.stopping.is_set():
            self._wake.clear()
            if self._hurried:
                self._hurried = False
                self.slot.reset()
                self.ordered()
            if bench_orders.carry(conn, self.house, self.slot):
                self.ordered()
            pause = min(self.turn(conn), self.slot.patience_s)
            if pause > 0 and not self.stopping.is_set():
                self._wake.wait(pause)
