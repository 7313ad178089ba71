"""One round to the office: knock, hand over what is due, look whether it is there, bring back the office's
word.

Keeps true: one request in flight, and never two for one dossier; every step is recorded before the next
begins, so that a courier who falls over anywhere is followed by one who sends the same bytes again; what a
stranger at the door says (a captive portal) is never held against a dossier. It never discards a parcel and
never calls one sent that the office has not acknowledged with 201 or 202 in OpenRosa's envelope.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hub.base import db
from hub.base.clock import Clock
from hub.base.settings import UpstreamSettings
from hub.post import inbox, leases, readings
from hub.post.leases import Load, Piece, Retry
from hub.post.readings import OnWord
from hub.post.transports.carrier import (
    Answer,
    Carrier,
    CarrierFault,
    Outcome,
    Probe,
    Shipment,
    Source,
)

log = logging.getLogger(__name__)

# A new address or key may mend these; nothing about the parcel is wrong.
ACCESS = ("relay.token_refused", "relay.no_form")
_MOST_CHECKS = 3

OnReceived = Callable[[sqlite3.Connection, str], None]


@dataclass(frozen=True, slots=True)
class Round:
    """What a round came to: parcels handed over, held for a person, put back; words brought; was there a
    way."""

    sent: int = 0
    held: int = 0
    retried: int = 0
    words: int = 0
    uplink: bool | None = None
    reason_key: str | None = None


def backoff(attempts: int, first_s: float, most_s: float) -> float:
    """Return the seconds to wait after the given number of tries: doubling from ``first_s`` up to
    ``most_s``."""
    return min(most_s, first_s * 2.0 ** min(max(attempts - 1, 0), 30))


def needed(conn: sqlite3.Connection, clock: Clock, settings: UpstreamSettings) -> bool:
    """Return whether a round would have anything to do: a parcel due, states to read, a door to try again."""
    now = clock.read()
    known = inbox.uplink(conn)
    stale = known.checked_at is None or not (
        0 <= (now.at - known.checked_at).total_seconds() < settings.states_every_s
    )
    return stale or bool(leases.due(conn, now)) or bool(inbox.forms_due(conn, now, settings.states_every_s))


@dataclass(slots=True)
class _Tally:
    sent: int = 0
    held: int = 0
    retried: int = 0


class _LineDown(Exception):
    def __init__(self, reason_key: str | None) -> None:
        super().__init__(reason_key)
        self.reason_key = reason_key


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
) -> Round:
    """Make one round with everything that is due; ``force`` forgets waiting times.

    ``on_received`` and ``on_word`` run in the transaction that records the change; the office's words are
    kept under ``words_key`` (``inbox.words_key``). The caller is the sole owner of the lock "relay". Returns
    when all is tried, when the way is gone, or soon after ``stop`` says so.
    """
    tally = _Tally()
    with db.write(conn):
        # Nobody else carries, so what is in hand now fell from the hand of one who died.
        if leases.recover(conn):
            log.warning("a round before this one did not end; what it carried goes again")
    probe = carrier.probe()
    if stop():
        return Round()
    now = clock.read()
    inbox.note_uplink(conn, probe.up, probe.refusal or probe.reason_key, now, settings.states_every_s)
    if not probe.up:
        return Round(uplink=False, reason_key=probe.reason_key)
    if probe.refusal:
        with db.write(conn):
            tally.held = leases.hold_at_door(
                conn, leases.due(conn, now, force=force), probe.refusal, carrier.fingerprint
            )
        return Round(held=tally.held, uplink=True, reason_key=probe.refusal)
    with db.write(conn):
        leases.open_door(conn, carrier.fingerprint, ACCESS)
    errand = _Errand(conn, carrier, clock, settings, on_received, stop, tally)
    try:
        for row_id in leases.due(conn, now, force=force):
            if stop():
                break
            errand.hand_over(row_id, probe)
        words = 0 if stop() else errand.bring_words(on_word, words_key, force)
    except _LineDown as bad:
        inbox.note_uplink(conn, False, bad.reason_key, clock.read(), settings.states_every_s)
        return Round(tally.sent, tally.held, tally.retried, 0, False, bad.reason_key)
    return Round(tally.sent, tally.held, tally.retried, words, True)


@dataclass(frozen=True, slots=True)
class _Errand:
    conn: sqlite3.Connection
    carrier: Carrier
    clock: Clock
    settings: UpstreamSettings
    on_received: OnReceived
    stop: Callable[[], bool]
    tally: _Tally

    def hand_over(self, row_id: int, probe: Probe) -> None:
        """Carry one parcel as far as it goes; raises ``_LineDown`` when there is no way any more."""
        with db.write(self.conn):
            load = leases.take(self.conn, row_id)
        if load is None:
            return
        try:
            self._carry(load, probe)
        except _LineDown:
            raise
        except Exception:
            # Whatever broke, one dossier's fault must not keep the others at home.
            log.exception("carrying %s failed inside the House", load.instance_id)
            self._again(load, Retry("relay.house_fault", delay_s=self._delay(load)))

    def _carry(self, load: Load, probe: Probe) -> None:
        if not all(leases.intact(self.conn, piece) for piece in (load.envelope, *load.files)):
            log.error("sealed bytes of %s have changed on the card", load.instance_id)
            self._hold(load, "relay.bytes_damaged", "")
            return
        if not load.accepted:
            answer = self._send(load, probe)
            if answer.outcome is not Outcome.DONE:
                self._record(load, answer)
                return
            with db.write(self.conn):
                leases.accepted(self.conn, load.row_id, self.clock.read())
        self._look(load)

    def _send(self, load: Load, probe: Probe) -> Answer:
        answer = Answer(Outcome.DONE)
        for pieces in self._batches(load, probe.most_bytes):
            shipment = self._shipment(load, pieces)
            if probe.most_bytes is not None and self.carrier.weight(shipment) > probe.most_bytes:
                return Answer(Outcome.REFUSED, "relay.too_large")
            answer = self.carrier.send(shipment)
            if answer.outcome is not Outcome.DONE:
                return answer
            with db.write(self.conn):
                leases.delivered(self.conn, pieces, self.clock.read())
        return answer

    def _batches(self, load: Load, most_bytes: int | None) -> list[tuple[Piece, ...]]:
        whole = self._shipment(load, load.files)
        if load.started or load.split or (most_bytes is not None and self.carrier.weight(whole) > most_bytes):
            # The XML goes with each: what arrived stays, and a cut costs one file.
            return [(piece,) for piece in load.files] or [()]
        return [load.files]

    def _shipment(self, load: Load, pieces: tuple[Piece, ...]) -> Shipment:
        return Shipment(load.instance_id, self._source(load.envelope), tuple(map(self._source, pieces)))

    def _source(self, piece: Piece) -> Source:
        return Source(piece.name, piece.size, partial(leases.chunks, self.conn, piece))

    def _record(self, load: Load, answer: Answer) -> None:
        several = len(load.files) > 1 and not load.split
        match answer.outcome:
            case Outcome.STOPPED:
                # Due at once, yet it counts: the office may have it, only its answer was not awaited.
                self._again(load, Retry(None))
            case Outcome.NO_UPLINK:
                self._again(load, Retry(answer.reason_key, counted=False))
                raise _LineDown(answer.reason_key)
            case Outcome.CUT:
                self._again(load, Retry(answer.reason_key, split=several, delay_s=self._delay(load)))
                self._knock()
            case Outcome.AGAIN:
                self._again(load, Retry(answer.reason_key, answer.detail, delay_s=self._delay(load)))
            case Outcome.CONFLICT if not load.conflicts:
                self._again(
                    load,
                    Retry("relay.conflict_once", answer.detail, conflict=True, delay_s=self._delay(load)),
                )
            case Outcome.TOO_LARGE if several:
                self._again(
                    load, Retry(answer.reason_key, answer.detail, split=True, delay_s=self._delay(load))
                )
            case _:
                self._hold(load, answer.reason_key or "relay.refused", answer.detail)

    def _knock(self) -> None:
        if self.stop():
            return
        probe = self.carrier.probe()
        if not probe.up:
            raise _LineDown(probe.reason_key)

    def _look(self, load: Load) -> None:
        try:
            there = self.carrier.holds(load.form_id, load.instance_id)
        except CarrierFault as bad:
            if self.stop():
                self._again(load, Retry(None, counted=False))
                return
            if not bad.denied and load.checks < _MOST_CHECKS:
                self._again(load, Retry(bad.reason_key, check=True, counted=False, delay_s=self._delay(load)))
                self._knock()
                return
            # The office said "done" and lets us see no more than that.
            there = {}
        lacking = [name for name, exists in there.items() if not exists]
        if lacking:
            with db.write(self.conn):
                ours = leases.undelivered(self.conn, load.row_id, lacking)
            if ours and load.checks < _MOST_CHECKS:
                self._again(load, Retry("relay.files_missing", check=True, delay_s=self._delay(load)))
                return
            if ours:
                self._hold(load, "relay.files_missing", "")
                return
        self._received(load)

    def _received(self, load: Load) -> None:
        now = self.clock.read()
        with db.write(self.conn):
            leases.sent(self.conn, load.row_id, now)
            inbox.expect(self.conn, load.instance_id, load.form_id, now)
            self.on_received(self.conn, load.instance_id)
        self.tally.sent += 1

    def _delay(self, load: Load) -> float:
        return backoff(
            load.attempts + load.checks, self.settings.backoff_first_s, self.settings.backoff_most_s
        )

    def _again(self, load: Load, retry: Retry) -> None:
        with db.write(self.conn):
            leases.again(self.conn, load.row_id, retry, self.clock.read())
        self.tally.retried += 1

    def _hold(self, load: Load, reason_key: str, detail: str) -> None:
        with db.write(self.conn):
            leases.hold(self.conn, load.row_id, reason_key, detail, self.carrier.fingerprint)
        self.tally.held += 1

    def bring_words(self, on_word: OnWord, key: bytes, force: bool) -> int:
        """Bring back the office's word; raises ``_LineDown`` when there is no way any more."""
        every_s = 0.0 if force else self.settings.states_every_s
        try:
            return readings.bring(self.conn, self.carrier, self.clock, every_s, on_word, self.stop, key=key)
        except CarrierFault:
            self._knock()
            return 0
