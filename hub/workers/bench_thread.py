"""The manner of the bench's own threads: a connection each, one device each, and no error that ends them.

Keeps true: whatever goes wrong in one turn, the thread lives on and says so in the log; it ends soon after
it is told to. An order to a device is carried out in the thread that owns the device, before its other
work.
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
from hub.workers.bench_slot import Slot

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

    def wake(self) -> None:
        """Say that there may be work."""
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
        self.slot.close()

    def _work(self, conn: sqlite3.Connection) -> None:
        self.began(conn)
        while not self.stopping.is_set():
            self._wake.clear()
            if bench_orders.carry(conn, self.house, self.slot):
                self.ordered()
            pause = self.turn(conn)
            if pause > 0 and not self.stopping.is_set():
                self._wake.wait(pause)
