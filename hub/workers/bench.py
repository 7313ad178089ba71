"""The bench: sole owner of all devices; turns rows into paper and sound, presses into numbers.

Keeps true: one bench a data folder; each device that fails is sick alone; a slow printer holds up neither
buzzer nor voice; systemd hears "alive" only while the loop and every thread are. It ends within two seconds
of being told to, and if a device will not let go, it keeps the owner's lock until the process is gone.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing

from devices.ports import DeviceError, Panel, SlipPrinter, Speaker
from hub.base import db, notify
from hub.base.errors import HubError
from hub.base.house import House
from hub.base.locks import OwnerLock
from hub.post import health, jobs, signals
from hub.trades.tickets import service as tickets
from hub.workers import bench_orders, bench_panel
from hub.workers.bench_printing import Printing
from hub.workers.bench_slot import Slot
from hub.workers.bench_thread import DeviceThread
from hub.workers.bench_voice import Voice

_log = logging.getLogger(__name__)

_TICK_S = 0.04
_KEEP_CLOCK_S = 30.0
_LOOK_PANEL_S = 2.0
_SETTLE_S = 30.0
_END_S = 1.5
_AFTER_ERROR_S = 0.25
PRINTER_GRACE_S = 15.0
_SPEAKER_HANGS_S = 60.0
_PANEL_HANGS_S = 5.0


def run(
    house: House,
    *,
    stop: threading.Event,
    ready: Callable[[], None] | None = None,
    grace_s: float = PRINTER_GRACE_S,
) -> None:
    """Work until ``stop`` is set; ``ready`` is called once presses and jobs are taken.

    ``grace_s`` is how long beyond its own deadline a printer's driver may stay away before it "hangs".

    Raises ``Conflict("base.already_running")`` when another bench owns this data folder, ``NotReady`` when
    the database cannot be opened.
    """
    lock = OwnerLock(house.data, "bench")
    lock.__enter__()
    bench = None
    try:
        with closing(house.connect()) as conn:
            bench = _Bench(house, conn, stop, grace_s)
            bench.work(ready)
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
    def __init__(self, house: House, conn: sqlite3.Connection, stop: threading.Event, grace_s: float) -> None:
        self._house = house
        self._conn = conn
        self._stop = stop
        settings, ports = house.settings, house.ports
        printer: Slot[SlipPrinter] = Slot(
            "printer",
            settings.printer.kind,
            ports.printer,
            hang_s=settings.printer.timeout_s + grace_s,
        )
        speaker: Slot[Speaker] = Slot(
            "speaker", settings.speaker.kind, ports.speaker, hang_s=_SPEAKER_HANGS_S
        )
        self._panel: Slot[Panel] = Slot("panel", settings.panel.kind, self._open_panel, hang_s=_PANEL_HANGS_S)
        self._slots: tuple[Slot[SlipPrinter] | Slot[Panel] | Slot[Speaker], ...] = (
            printer,
            self._panel,
            speaker,
        )
        self._threads: tuple[DeviceThread, ...] = (
            Printing(house, printer, stop),
            Voice(house, speaker, stop),
        )
        self._presses = bench_panel.Presses(house.clock)
        self._reported = {slot.name: _Reported() for slot in self._slots}
        self._seen_version = -1
        self._beat_at = self._clock_at = self._alive_at = self._settle_at = float("-inf")
        self._settled = False
        self._feed_s = notify.watchdog_seconds()

    def work(self, ready: Callable[[], None] | None) -> None:
        """Start the threads, loop until told to stop, end what can be ended."""
        try:
            for thread in self._threads:
                thread.start()
            self._panel.look()
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
        return not any(thread.is_alive() for thread in self._threads)

    def _end(self) -> None:
        until = time.monotonic() + _END_S
        for thread in self._threads:
            thread.wake()
        self._panel.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))
        for slot, thread in zip((self._slots[0], self._slots[2]), self._threads, strict=True):
            if thread.is_alive():
                slot.close()

    def _open_panel(self) -> Panel:
        panel = self._house.ports.panel()
        panel.on_press(self._presses.drop)
        return panel

    def _tick(self) -> None:
        self._keep_alive()
        press = self._presses.next(_TICK_S)
        served = False
        while press is not None and not self._stop.is_set():
            bench_panel.serve(self._conn, self._house, press)
            served = True
            self._threads[0].wake()
            press = self._presses.next(0)
        version = db.changed(self._conn)
        if served or version != self._seen_version:
            self._seen_version = version
            for thread in self._threads:
                thread.wake()
            self._buzz()
            bench_orders.carry(self._conn, self._house, self._panel)
        self._housekeeping()

    def _buzz(self) -> None:
        due = signals.chirps(self._conn, self._house.clock.read())
        if not due:
            return
        try:
            # Of several that are due at once only the last would be heard whole.
            self._panel.call(lambda port: port.buzz(due[-1].pattern))
        except DeviceError as bad:
            _log.warning("the buzzer is silent: %s (%s)", bad.state, bad.detail)
        signals.heard(self._conn, [each.id for each in due])

    def _housekeeping(self) -> None:
        now = time.monotonic()
        if self._panel.look_due(_LOOK_PANEL_S, _LOOK_PANEL_S):
            self._panel.look()
        self._report(now)
        if now - self._clock_at >= _KEEP_CLOCK_S:
            self._clock_at = now
            self._house.clock.keep(self._conn)
            signals.sweep(self._conn, self._house.clock.read())
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
        for slot in self._slots:
            last = self._reported[slot.name]
            looks = slot.looks
            told = slot.told(looked=looks != last.looks)
            # While answers are being missed each miss counts; after that only what changes is written.
            missing = told.looked and not told.status.state.usable and last.missed < health.MISSES
            if beat or missing or not _same(told, last.told):
                last.missed = 0 if told.status.state.usable else last.missed + bool(told.looked)
                last.told, last.looks = told, looks
                seen.append(told)
        if beat:
            self._beat_at = now
        if seen:
            health.report(self._conn, tuple(seen), moment=self._house.clock.read())

    def _keep_alive(self) -> None:
        if self._feed_s is None:
            return
        now = time.monotonic()
        well = all(thread.is_alive() for thread in self._threads) and not any(
            slot.hangs() for slot in self._slots
        )
        if well and now - self._alive_at >= self._feed_s:
            self._alive_at = now
            notify.tell("WATCHDOG=1")


def _same(told: health.Told, last: health.Told | None) -> bool:
    return last is not None and (told.status, told.hangs, told.last_job) == (
        last.status,
        last.hangs,
        last.last_job,
    )
