"""The bench: sole owner of all devices; turns rows into paper and sound, presses into numbers.

Keeps true: one bench a data folder; each device that fails or hangs is sick alone and is given a new thread, and
the others never notice; systemd hears "alive" while the loop is, whatever a driver does. It ends within two
seconds of being told to, and if a device will not let go, it keeps the owner's lock until the process is gone.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing

from devices.ports import State
from hub.base import db, notify
from hub.base.errors import HubError
from hub.base.house import House
from hub.base.locks import OwnerLock
from hub.post import capturing, choices, health, jobs, signals
from hub.trades.tickets import service as tickets
from hub.workers import bench_devices, bench_panel, bench_uevents
from hub.workers.bench_keeper import Keeper, Make
from hub.workers.bench_looking import Looking

_log = logging.getLogger(__name__)

_TICK_S = 0.04
_KEEP_CLOCK_S = 30.0
_SETTLE_S = 30.0
_END_S = 1.5
_AFTER_ERROR_S = 0.25
PRINTER_GRACE_S = 15.0


def run(
    house: House,
    *,
    stop: threading.Event,
    ready: Callable[[], None] | None = None,
    grace_s: float = PRINTER_GRACE_S,
) -> None:
    """Work until ``stop`` is set; ``ready`` is called once presses and jobs are taken.

    ``grace_s`` is how long beyond its own deadline a driver may stay away before it "hangs".

    Raises ``Conflict("base.already_running")`` when another bench owns this data folder, ``NotReady`` when
    the database cannot be opened.
    """
    lock = OwnerLock(house.data, "bench")
    lock.__enter__()
    bench = None
    try:
        with closing(house.connect()) as conn, closing(bench_uevents.listen()) as uevents:
            bench = _Bench(house, conn, stop, grace_s, uevents)
            bench.work(ready)
        if bench.ended():
            bench_panel.say_safe(house)
    finally:
        if bench is None or bench.ended():
            lock.__exit__(None, None, None)
        else:
            # A paper may still be coming: whoever starts next must wait for this process to be gone.
            _log.error("a device did not let go; the lock is held until this process ends")


class _Reported:
    """What was last written about a device, so that the card is not worn by repeating it."""

    def __init__(self) -> None:
        self.told: health.Told | None = None
        self.looks = 0
        self.missed = 0


class _Bench:
    def __init__(
        self,
        house: House,
        conn: sqlite3.Connection,
        stop: threading.Event,
        grace_s: float,
        uevents: bench_uevents.Uevents,
    ) -> None:
        self._house = house
        self._conn = conn
        self._stop = stop
        self._grace_s = grace_s
        self._uevents = uevents
        self._presses = bench_panel.Presses(house.clock)
        self._looking = Looking(house)
        self._chosen_version = db.version(conn, choices.TOPIC)
        self._chosen = choices.all(conn)
        makes = {name: self._make(name) for name in bench_devices.NAMES}
        self._keepers = {name: Keeper(name, make) for name, make in makes.items() if make is not None}
        health.forget(conn, tuple(name for name, make in makes.items() if make is None))
        self._reported = {name: _Reported() for name in bench_devices.NAMES}
        self._seen_version = -1
        self._beat_at = self._clock_at = self._alive_at = self._settle_at = float("-inf")
        self._settled = False
        self._feed_s = notify.watchdog_seconds()

    def work(self, ready: Callable[[], None] | None) -> None:
        """Start the threads, loop until told to stop, end what can be ended."""
        try:
            for keeper in self._keepers.values():
                keeper.start()
            if ready is not None:
                ready()
            notify.tell("READY=1")
            while not self._stop.is_set():
                try:
                    self._tick()
                except (HubError, sqlite3.Error) as bad:
                    _log.error("the bench cannot use the database: %s", bad)
                    self._stop.wait(_AFTER_ERROR_S)
                except Exception:
                    _log.exception("the bench stumbled")
                    self._stop.wait(_AFTER_ERROR_S)
        finally:
            self._stop.set()
            notify.tell("STOPPING=1")
            self._end()

    def ended(self) -> bool:
        """Return whether no device is in use any more."""
        return all(keeper.ended() for keeper in self._keepers.values())

    def _end(self) -> None:
        until = time.monotonic() + _END_S
        self._looking.end()
        for keeper in self._keepers.values():
            keeper.end()
        for keeper in self._keepers.values():
            keeper.join(until)
        # Whoever pressed in time has a number; its paper comes when the bench is back.
        while (press := self._presses.next(0)) is not None:
            bench_panel.serve(self._conn, self._house, press)

    def _make(self, name: str) -> Make | None:
        blind = not self._uevents.listening
        return bench_devices.maker(
            name,
            choices.applied(self._house, self._chosen),
            grace_s=self._grace_s,
            presses=self._presses,
            open_most_s=bench_devices.OPEN_MOST_BLIND_S if blind else bench_devices.OPEN_MOST_S,
        )

    def _tick(self) -> None:
        self._keep_alive()
        press = self._presses.next(_TICK_S)
        served = False
        while press is not None:
            if not bench_panel.serve(self._conn, self._house, press):
                self._presses.refused.set()
                self._keepers["panel"].wake()
            served = True
            self._keepers["printer"].wake()
            press = self._presses.next(0)
        version = db.changed(self._conn)
        if served or version != self._seen_version:
            self._seen_version = version
            self._choose()
            for keeper in self._keepers.values():
                keeper.wake()
            self._looking.carry(self._conn)
        if self._uevents.stirred():
            for keeper in self._keepers.values():
                keeper.hurry()
        for keeper in self._keepers.values():
            keeper.tick()
        self._housekeeping()

    def _choose(self) -> None:
        version = db.version(self._conn, choices.TOPIC)
        if version == self._chosen_version:
            return
        before, self._chosen = self._chosen, choices.all(self._conn)
        self._chosen_version = version
        gone = []
        for name in bench_devices.NAMES:
            if choices.changes(before, name) == choices.changes(self._chosen, name):
                continue
            make, keeper = self._make(name), self._keepers.get(name)
            _log.info("%s is opened anew: it was chosen otherwise", name)
            if keeper is not None:
                keeper.remake(make)
            elif make is not None:
                self._keepers[name] = Keeper(name, make)
                self._keepers[name].start()
            if make is None:
                gone.append(name)
                self._reported[name] = _Reported()
        health.forget(self._conn, tuple(gone))

    def _housekeeping(self) -> None:
        now = time.monotonic()
        self._report(now)
        if now - self._clock_at >= _KEEP_CLOCK_S:
            self._clock_at = now
            self._house.clock.keep(self._conn)
            signals.sweep(self._conn, self._house.clock.read())
            capturing.sweep(self._conn, self._house.clock.read())
        moment = self._house.clock.read()
        if moment.trusted and (not self._settled or now - self._settle_at >= _SETTLE_S):
            # Not only once: this is also where the day turns when nobody presses anything.
            self._settle_at = now
            jobs.settle_doubts(self._conn, moment)
            tickets.settle_doubts(self._conn, moment)
        self._settled = moment.trusted

    def _report(self, now: float) -> None:
        beat = now - self._beat_at >= health.BEAT_S
        seen: list[health.Told] = []
        for name, keeper in self._keepers.items():
            if keeper.resting:
                continue
            last = self._reported[name]
            looks = keeper.looks
            told = keeper.told(looked=looks != last.looks)
            # While answers are being missed each miss counts; after that only what changes is written.
            away = told.status.state is State.OFFLINE
            missing = told.looked and away and last.missed < health.MISSES
            if beat or missing or not _same(told, last.told):
                last.missed = last.missed + bool(told.looked) if away else 0
                last.told, last.looks = told, looks
                seen.append(told)
        if beat:
            self._beat_at = now
        if seen:
            health.report(self._conn, tuple(seen), moment=self._house.clock.read())

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if self._feed_s is not None and now - self._alive_at >= self._feed_s:
            self._alive_at = now
            notify.tell("WATCHDOG=1")


def _same(told: health.Told, last: health.Told | None) -> bool:
    return last is not None and (told.status, told.hangs, told.last_job) == (
        last.status,
        last.hangs,
        last.last_job,
    )
