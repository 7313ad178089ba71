"""The bench's care for one device's thread: made, watched, given up when it hangs, made anew for a new choice.

Keeps true: a call that does not come back costs its own device alone: the device is closed under it, and if that
does not help, the thread is given up and a new one opens the device afresh, as after a crash of that one device.
It never gives up more than ``MOST_GIVEN_UP`` threads that are still away: then the device stays "hangs" until
one of them comes back, so that a broken cable cannot fill the memory with sleepers.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable

from hub.post import health
from hub.workers.bench_thread import DeviceThread

_log = logging.getLogger(__name__)

MOST_GIVEN_UP = 2
LET_GO_S = 3.0
"""How long a call may take to end after its device was closed under it."""

Make = Callable[[threading.Event], DeviceThread]


class Keeper:
    """One device: ``tick`` often, from the bench's loop alone."""

    def __init__(self, name: str, make: Make) -> None:
        self.name = name
        self._make: Make | None = make
        self._thread = make(threading.Event())
        self._given_up: list[DeviceThread] = []
        self._shaken_at: float | None = None
        self._ending = False
        self._hung = False
        self._last_job: int | None = None

    @property
    def looks(self) -> int:
        """How often the device was asked since it was last opened by a new thread."""
        return self._thread.slot.looks

    def start(self) -> None:
        """Let the thread begin."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be work."""
        self._thread.wake()

    def hurry(self) -> None:
        """Say that something was plugged in or out."""
        self._thread.hurry()

    @property
    def resting(self) -> bool:
        """Whether this House has no such device any more."""
        return self._make is None

    def remake(self, make: Make | None) -> None:
        """Run the device in another way from now on, or not at all: what it is doing is ended first."""
        self._make = make
        self._ending = True
        self._end_thread()

    def tick(self) -> None:
        """Look after the thread."""
        self._given_up = [thread for thread in self._given_up if thread.is_alive()]
        slot = self._thread.slot
        if not self._thread.is_alive():
            if not self._ending:
                _log.error("the thread of %s ended by itself", self.name)
            if self._make is not None:
                self._renew(self._make)
        elif slot.hangs():
            self._hung = True
            self._let_go()
        else:
            self._shaken_at = None
            if self._hung and slot.looks:
                self._hung = False

    def told(self, *, looked: bool) -> health.Told:
        """Return what the snapshot should say."""
        told = self._thread.slot.told(looked=looked)
        if told.last_job is None:
            told = dataclasses.replace(told, last_job=self._last_job)
        # Until the new thread has asked the device for the first time, "hangs" is still the truth.
        return dataclasses.replace(told, hangs=told.hangs or self._hung)

    def end(self) -> None:
        """Ask the thread to end."""
        self._end_thread()

    def join(self, until: float) -> None:
        """Wait for the thread until ``until`` (monotonic), then close the device under it."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, until - time.monotonic()))
            if self._thread.is_alive():
                self._thread.slot.shake()

    def ended(self) -> bool:
        """Return whether no thread of this device is left, given up ones included."""
        return not any(thread.is_alive() for thread in (self._thread, *self._given_up))

    def _end_thread(self) -> None:
        self._thread.stopping.set()
        self._thread.wake()

    def _let_go(self) -> None:
        slot, now = self._thread.slot, time.monotonic()
        if self._shaken_at is None:
            _log.error("%s hangs: a call has not come back", self.name)
            self._shaken_at = now
            slot.shake()
        elif self._make is not None and now - self._shaken_at >= LET_GO_S and self._may_give_up():
            if slot.abandon():
                _log.error("%s is given up and opened anew", self.name)
                self._end_thread()
                self._given_up.append(self._thread)
                self._renew(self._make)

    def _may_give_up(self) -> bool:
        # Who chose another device, or went back, must not wait for the one that hangs: one more a choice.
        return self._ending or len(self._given_up) < MOST_GIVEN_UP

    def _renew(self, make: Make) -> None:
        self._last_job = self._thread.slot.last_job or self._last_job
        self._shaken_at = None
        self._ending = False
        self._thread = make(threading.Event())
        self._thread.start()
