"""One round to the office: knock, hand over what is due, look whether it is there, bring back the office's
word.

Keeps true: never two requests for one dossier; every step is recorded before the next begins, so that a courier
who falls over anywhere is followed by one who sends the same bytes again; what a stranger at the door says (a
captive portal) is never held against a dossier; a round costs the same however much lies in the outbox. It
never discards a parcel and never calls one sent that the office has not acknowledged with 201 or 202 in
OpenRosa's envelope.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from hub.base import db
from hub.base.clock import Clock, Moment
from hub.base.settings import UpstreamSettings
from hub.post import courier_lanes, inbox, leases, readings
from hub.post.courier_hand import Hand, LineDown
from hub.post.courier_lanes import Connect
from hub.post.courier_purse import Meter, Open, Purse
from hub.post.courier_trip import OnReceived, Trip
from hub.post.readings import OnWord
from hub.post.transports.carrier import Carrier, CarrierFault, Probe

log = logging.getLogger(__name__)

# About what it costs to ask once for a form's states and some remarks.
_WORDS_BYTES = 4_096
_FREE = Open()


@dataclass(frozen=True, slots=True)
class Round:
    """What a round came to: parcels handed over, held for a person, put back; words brought; was there a
    way, and what stood in the way of more."""

    sent: int = 0
    held: int = 0
    retried: int = 0
    words: int = 0
    uplink: bool | None = None
    reason_key: str | None = None


def needed(conn: sqlite3.Connection, clock: Clock, settings: UpstreamSettings, purse: Purse = _FREE) -> bool:
    """Return whether a round would have anything to do: a parcel due that the line may be used for, states to
    read, a door to try again."""
    now = clock.read()
    known = inbox.uplink(conn)
    stale = known.checked_at is None or not (
        0 <= (now.at - known.checked_at).total_seconds() < settings.states_every_s
    )
    if stale:
        return True
    if leases.ripe(conn, now):
        return True
    # Where the one whose turn it is costs too much, the smallest says whether anything may go.
    for one in (leases.candidate(conn, now), leases.smallest(conn)):
        if one is not None and purse.may(one.size, urgent=one.urgent) is None:
            return True
    return bool(inbox.forms_due(conn, now, settings.states_every_s)) and purse.may(_WORDS_BYTES) is None


def round(
    conn: sqlite3.Connection,
    carrier: Carrier,
    clock: Clock,
    *,
    settings: UpstreamSettings,
    on_received: OnReceived,
    on_word: OnWord,
    words_key: bytes,
    stop: Callable[[], bool],
    force: bool = False,
    purse: Purse = _FREE,
    connect: Connect | None = None,
    rate: float | None = None,
) -> Round:
    """Make one round with everything that is due; ``force`` forgets waiting times.

    ``on_received`` and ``on_word`` run in the transaction that records the change, the former on whichever lane
    carried the parcel; the office's words are kept under ``words_key`` (``inbox.words_key``). ``purse`` says
    what may go now; ``connect`` opens the further lanes' connections (None: one lane); ``rate`` is what is
    known of the line, bytes a second. The caller is the sole owner of the lock "relay". Returns when all is
    tried, when the way is gone, or soon after ``stop`` says so.
    """
    with db.write(conn):
        # Nobody else carries, so what is in hand now fell from the hand of one who died.
        if leases.recover(conn):
            log.warning("a round before this one did not end; what it carried goes again")
    meter = Meter(carrier, purse)
    probe = carrier.probe()
    meter.tell()
    if stop():
        return Round()
    now = clock.read()
    inbox.note_uplink(conn, probe.up, probe.refusal or probe.reason_key, now, settings.states_every_s)
    if not probe.up:
        return Round(uplink=False, reason_key=probe.reason_key)
    if probe.refusal:
        held = _hold_at_door(conn, carrier, probe, now, force, stop)
        return Round(held=held, uplink=True, reason_key=probe.refusal)
    trip = Trip(
        carrier, clock, settings, purse, meter, on_received, stop, probe, began=now, force=force, rate=rate
    )
    with db.write(conn):
        leases.open_door(conn, carrier.fingerprint, leases.ACCESS)
        leases.ripen(conn, now, force=force)
    courier_lanes.carry(conn, trip, connect)
    words = 0
    if not trip.line_down and not stop():
        words = _bring_words(conn, trip, on_word, words_key)
    if trip.line_down:
        inbox.note_uplink(conn, False, trip.reason_key, clock.read(), settings.states_every_s)
    return Round(trip.sent, trip.held, trip.retried, words, not trip.line_down, trip.reason_key)


def _hold_at_door(
    conn: sqlite3.Connection,
    carrier: Carrier,
    probe: Probe,
    now: Moment,
    force: bool,
    stop: Callable[[], bool],
) -> int:
    held = 0
    # Some hundreds at a time: the pages write too.
    while not stop():
        with db.write(conn):
            rows = leases.due(conn, now, force=force)
            held += leases.hold_at_door(conn, rows, probe.refusal or "relay.refused", carrier.fingerprint)
        if not rows:
            break
    return held


def _bring_words(conn: sqlite3.Connection, trip: Trip, on_word: OnWord, key: bytes) -> int:
    reason = trip.purse.may(_WORDS_BYTES)
    if reason is not None:
        trip.reason_key = reason
        return 0
    every_s = 0.0 if trip.force else trip.settings.states_every_s
    try:
        return readings.bring(conn, trip.carrier, trip.clock, every_s, on_word, trip.stop, key=key)
    except CarrierFault:
        try:
            Hand(conn, trip).knock()
        except LineDown as bad:
            trip.no_way(bad.reason_key)
        return 0
    finally:
        trip.meter.tell()
