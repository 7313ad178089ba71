"""What the lanes of one round share: the way, the count of what came of it, and what they know of the line.

Keeps true: whose turn it is is asked by one lane at a time; once one finds that there is no way any more, none
sets out again. It never carries anything itself.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hub.base import db
from hub.base.clock import Clock, Moment
from hub.base.settings import UpstreamSettings
from hub.post import leases
from hub.post.courier_purse import Meter, Purse
from hub.post.leases import Load
from hub.post.transports.carrier import Carrier, Probe

OnReceived = Callable[[sqlite3.Connection, str], None]

# Below this many bytes a second a sending that lasts is on a thin line: one at a time is accepted sooner there,
# and a cut then costs one. Measured: tests/journeys/thin_line.py, docs/decisions/0020.
THIN = 32_000
_LASTS_S, _WIDE = 2.0, 1_000_000
# How many parcels that the purse will not pay for are passed over in a round, looking for one that is smaller.
_MOST_PASSED = 16
# So many one after the other that the office could not take, or that were cut: the rest would fare no better, and
# each costs the line what it weighs.
_MOST_IN_VAIN = 3


@dataclass(slots=True)
class Trip:
    """One round of the courier, for all its lanes."""

    carrier: Carrier
    clock: Clock
    settings: UpstreamSettings
    purse: Purse
    meter: Meter
    on_received: OnReceived
    stop: Callable[[], bool]
    probe: Probe
    began: Moment
    force: bool = False
    rate: float | None = None
    sent: int = 0
    held: int = 0
    retried: int = 0
    line_down: bool = False
    reason_key: str | None = None
    _in_vain: int = 0
    _active: int = 0
    _passed: set[int] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _books: threading.RLock = field(default_factory=threading.RLock)

    @property
    def thin(self) -> bool:
        """Whether the last sendings say that the line is thin; False while nothing is known."""
        return self.rate is not None and self.rate < THIN

    @property
    def known_good(self) -> bool:
        """Whether the line has shown itself good for more than one at a time."""
        return self.rate is not None and self.rate >= THIN

    def next(self, conn: sqlite3.Connection) -> Load | None:
        """Take the parcel in hand whose turn it is; None when nothing may go any more in this round."""
        with self._lock:
            while not self._over():
                found = leases.candidate(conn, self.clock.read(), self._passed)
                if found is None:
                    if not self._more(conn):
                        return None
                    continue
                reason = self.purse.may(found.size, urgent=found.urgent)
                if reason is not None:
                    self.pass_over(found.row_id, reason)
                    continue
                with self.write(conn):
                    load = leases.take(conn, found.row_id)
                if load is not None:
                    return load
            return None

    @contextmanager
    def write(self, conn: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        """Run the block as one transaction, lane after lane: the database would have them wait in naps."""
        with self._books, db.write(conn):
            yield conn

    def anyone(self, conn: sqlite3.Connection) -> bool:
        """Return whether somebody is ready to go."""
        return leases.candidate(conn, self.clock.read(), self._passed) is not None

    def _over(self) -> bool:
        tired = self._in_vain >= _MOST_IN_VAIN or len(self._passed) >= _MOST_PASSED
        return tired or self.line_down or self.stop()

    def _more(self, conn: sqlite3.Connection) -> bool:
        # By the time at which the round began, so that what was tried in it does not come again in it; and a
        # clock that has jumped back since says nothing about that.
        if self.clock.read().at < self.began.at:
            return False
        with self.write(conn):
            ripe = leases.ripen(conn, self.began, force=self.force, since_before=True)
            return bool(ripe or leases.open_door(conn, self.carrier.fingerprint, leases.ACCESS))

    def pass_over(self, row_id: int, reason_key: str) -> None:
        """Leave a parcel where it is for this round, because of what the line costs."""
        with self._lock:
            self._passed.add(row_id)
            self.reason_key = reason_key

    def in_vain(self, reason_key: str | None) -> None:
        """A sending did not come through, for now; after some in a row the round is over."""
        with self._lock:
            self._in_vain += 1
            if self._in_vain >= _MOST_IN_VAIN:
                self.reason_key = reason_key

    def no_way(self, reason_key: str | None) -> None:
        """There is no way any more: nobody sets out again."""
        with self._lock:
            self.line_down, self.reason_key = True, reason_key

    def count(self, *, sent: int = 0, held: int = 0, retried: int = 0) -> None:
        """Add up what came of a parcel."""
        with self._lock:
            self.sent += sent
            self.held += held
            self.retried += retried

    @contextmanager
    def sending(self) -> Iterator[Callable[[int], None]]:
        """Run the block as a sending; call what it gets with the bytes that came through, to learn from it."""
        began = time.monotonic()
        with self._lock:
            self._active += 1
            beside = self._active

        def learn(size: int) -> None:
            took = time.monotonic() - began
            rate = size / max(took, 0.001) * max(beside, self._active)
            if took >= _LASTS_S:
                self.rate = rate
            elif self.rate is None or rate >= THIN:
                # What is over at once says nothing of the line's width, only that it is wide enough; what is small
                # does not even say that of a line that is known to be thin.
                self.rate = float(_WIDE)
            self._in_vain = 0

        try:
            yield learn
        finally:
            with self._lock:
                self._active -= 1
