"""The relay: takes sealed dossiers to the office whenever there is a way, and brings back the office's word.

Keeps true: it is alone (a lock in the data folder), wakes when something is put in or due and when a line comes,
waits longer while there is no way, leaves the line alone when its hours or its allowance are over, and ends
within five seconds of being told to, also in the middle of a sending. Being the one
that is always awake, it also empties the log that somebody's deleted pages are still in. It never decides
what a parcel's fate is (the courier does) and never opens one.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from hub.base import db, identity, notify, scrub
from hub.base.errors import Conflict, HubError
from hub.base.house import House
from hub.base.locks import OwnerLock
from hub.post import allowance, courier, inbox, outbox
from hub.post.courier import Round
from hub.post.courier_trip import OnReceived
from hub.post.inbox import Word
from hub.post.readings import OnWord
from hub.post.transports.openrosa import OpenRosa
from hub.trades.dossiers import service as dossiers
from hub.workers import relay_forms, relay_packs, relay_reports
from hub.workers.relay_errands import Errand, Errands
from hub.workers.relay_line import RESTS, RelayLine

log = logging.getLogger(__name__)

LOCK = "relay"
_LOOK_S = 0.5
_KEEP_CLOCK_S = 30.0
_LONGEST_PAUSE_S = 60.0
# House and office often start together, and one of them is first at the door.
_EARLY_KNOCKS, _EARLY_PAUSE_S = 5, 1.0
_SCRUB_AGAIN_S = 5.0
_WAIT_FOR_OTHER_S = 60.0


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told, in the transaction that records it, that the office has a dossier and what it says of
    it."""

    on_received: OnReceived
    on_word: OnWord


def run(
    house: House,
    *,
    stop: threading.Event,
    once: bool = False,
    ready: Callable[[], None] | None = None,
    listeners: Listeners | None = None,
) -> Round:
    """Carry until ``stop`` is set, or make one round that forgets waiting times with ``once``; return the
    last round.

    ``ready`` is called when the lock is held. With ``once`` while another relay is at work, that one is asked
    to hurry, and what it did within a minute is returned. Raises ``Conflict("base.already_running")`` without
    ``once``, and ``NotReady`` of ``once`` when address or key are not usable.
    """
    conn = house.connect()
    try:
        with OwnerLock(house.data, LOCK):
            relay = _Relay(house, conn, stop, listeners or _dossiers(house))
            if ready is not None:
                ready()
            try:
                return relay.make_round(force=True) if once else relay.serve()
            finally:
                relay.close()
    except Conflict as bad:
        if not once or bad.key != "base.already_running":
            raise
        return _ask_the_other(house, conn, stop)
    finally:
        conn.close()


def _dossiers(house: House) -> Listeners:
    def received(conn: sqlite3.Connection, instance_id: str) -> None:
        dossiers.office_has_it(conn, instance_id, house.clock.read())

    def says(conn: sqlite3.Connection, instance_id: str, word: Word) -> None:
        dossiers.office_says(conn, instance_id, word, house.clock.read())

    return Listeners(received, says)


def _errands(
    house: House, conn: sqlite3.Connection, stop: Callable[[], bool], line: RelayLine
) -> list[Errand]:
    return [
        relay_reports.Reports(house, conn),
        relay_forms.Forms(house, conn, stop, purse=line.allowance, known=line.known),
        relay_packs.Packs(house, conn),
    ]


class _Relay:
    def __init__(
        self, house: House, conn: sqlite3.Connection, stop: threading.Event, listeners: Listeners
    ) -> None:
        self._house, self._conn, self._stop, self._listeners = house, conn, stop, listeners
        self._settings = house.settings.upstream
        self._line = RelayLine(house)
        self._fed = self._kept = self._scrubbed = float("-inf")
        self._words_key = inbox.words_key(house.keys)
        self._feed_s = notify.watchdog_seconds()
        self._errands = Errands(_errands(house, conn, self._tick, self._line))

    def serve(self) -> Round:
        notify.tell("READY=1")
        last = Round()
        seen = woken = -1
        look_at = free_at = 0.0
        pause_s, rests = self._settings.every_s, False
        early = _EARLY_KNOCKS
        if inbox.ask_again(self._conn, key=self._words_key):
            log.warning("words of the office did not open; they are read again")
        while not self._tick():
            self._keep_clock()
            self._scrub()
            came = self._line.look(self._conn)
            now, changed = time.monotonic(), db.changed(self._conn)
            if came:
                # A telephone's line is there some seconds before its names and routes are.
                early, pause_s = _EARLY_KNOCKS, self._settings.every_s
            if came or changed != seen or now >= look_at:
                seen, look_at = changed, now + self._settings.every_s
                rests = self._line.why_not(self._conn) is not None
                calls = db.version(self._conn, outbox.WAKE)
                called, woken = calls != woken, calls
                if came or called or now >= free_at:
                    done = self._try_round(knock=came or 0 < early < _EARLY_KNOCKS)
                    if called:
                        self._answer(calls)
                    if done is not None:
                        last = done
                        good = done.uplink is not False and (done.reason_key or RESTS).startswith(RESTS)
                        if early and not good:
                            early -= 1
                            look_at = free_at = time.monotonic() + _EARLY_PAUSE_S
                        else:
                            early = 0
                            pause_s = self._settings.every_s if good else min(_LONGEST_PAUSE_S, pause_s * 2)
                            free_at = 0.0 if good else time.monotonic() + pause_s
            self._errands.run(way=last.uplink is True and not rests)
            self._stop.wait(_LOOK_S)
        notify.tell("STOPPING=1")
        return last

    def close(self) -> None:
        self._line.close()

    def make_round(self, *, force: bool = False) -> Round:
        if not self._settings.url:
            return Round()
        upstream = self._line.upstream()
        if force:
            _let_through(self._house, self._conn)
        carrier = OpenRosa(
            upstream, self._tick, device_id=identity.house_id(self._house.keys), known=self._line.known
        )
        self._line.allowance.begin()
        try:
            done = courier.round(
                self._conn,
                carrier,
                self._house.clock,
                settings=upstream,
                on_received=self._listeners.on_received,
                on_word=self._listeners.on_word,
                words_key=self._words_key,
                stop=self._tick,
                force=force,
                purse=self._line.allowance,
                connect=self._house.connect,
                rate=self._line.rate(self._conn),
            )
            if done.sent:
                self._line.allowance.count()
        finally:
            carrier.close()
            self._line.allowance.end()
        self._line.after(self._conn, done.reason_key, self._tick)
        self._line.end_leave(self._conn)
        return done

    def _try_round(self, *, knock: bool) -> Round | None:
        try:
            if not self._settings.url:
                return None
            needed = knock or self._needed()
            if not needed or self._line.why_not(self._conn):
                return None
            done = self.make_round()
        except HubError as bad:
            # A missing key or a full card: a technician must act, and meanwhile every parcel lies safe.
            log.error("no round: %s", bad)
            self._note_trouble(bad.key)
            return Round(uplink=False, reason_key=bad.key)
        if done.sent or done.held or done.retried or done.words:
            log.info("round: %s", done)
        return done

    def _needed(self) -> bool:
        line = self._line
        return courier.needed(self._conn, self._house.clock, line.upstream(), line.allowance)

    def _note_trouble(self, reason_key: str) -> None:
        try:
            now = self._house.clock.read()
            inbox.note_uplink(self._conn, False, reason_key, now, self._settings.states_every_s)
        except HubError as bad:
            log.error("could not note it either: %s", bad)

    def _answer(self, call: int) -> None:
        try:
            outbox.answer(self._conn, call)
            # Called where nothing waits: then nothing is let through for the hour after.
            self._line.end_leave(self._conn)
        except HubError as bad:
            log.error("could not answer a call: %s", bad)

    def _tick(self) -> bool:
        """Feed systemd's watchdog and return whether to stop; called ten times a second while something
        travels."""
        now = time.monotonic()
        if self._feed_s is not None and now - self._fed >= self._feed_s:
            self._fed = now
            notify.tell("WATCHDOG=1")
        return self._stop.is_set()

    def _scrub(self) -> None:
        now = time.monotonic()
        if now - self._scrubbed < _SCRUB_AGAIN_S or not scrub.due(self._conn):
            return
        self._scrubbed = now
        try:
            scrub.scrub(self._conn, tries=1)
        except HubError as bad:
            log.error("could not note that the log is empty: %s", bad)

    def _keep_clock(self) -> None:
        if time.monotonic() - self._kept < _KEEP_CLOCK_S:
            return
        self._kept = time.monotonic()
        try:
            self._house.clock.keep(self._conn)
        except HubError as bad:
            log.error("could not keep the time: %s", bad)


def _ask_the_other(house: House, conn: sqlite3.Connection, stop: threading.Event) -> Round:
    before = outbox.counts(conn)
    _let_through(house, conn)
    call = outbox.hurry(conn)
    until = time.monotonic() + _WAIT_FOR_OTHER_S
    while outbox.answered(conn) < call and time.monotonic() < until and not stop.wait(_LOOK_S / 2):
        pass
    after, known = outbox.counts(conn), inbox.uplink(conn)
    return Round(
        sent=after.sent - before.sent,
        held=max(0, after.held - before.held),
        retried=after.queued,
        uplink=known.up,
        reason_key=known.reason_key,
    )


def _let_through(house: House, conn: sqlite3.Connection) -> None:
    # Who types the command wants it to happen now, whatever the hour and the allowance.
    allowance.let_through(conn, "hub relay --once", house.clock.read())
