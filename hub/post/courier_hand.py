"""One parcel in the courier's hand: carried as far as it goes, and each step recorded before the next begins.

Keeps true: bytes that have changed on the card are not sent; what the office has of a parcel is not sent again;
"done" is looked after where the office lets us look; what a stranger at the door says is never held against a
dossier. It never discards a parcel.
"""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass
from functools import partial

from hub.post import inbox, leases
from hub.post.courier_trip import Trip
from hub.post.leases import Load, Piece, Retry
from hub.post.outbox import Kind
from hub.post.transports.carrier import Answer, CarrierFault, Outcome, Shipment, Source

log = logging.getLogger(__name__)

_MOST_CHECKS = 3
# What goes at a time on a thin line: half a minute at 64 kbit/s, so that a line that is there for minutes has
# brought something whole.
_THIN_BYTES = 256 * 1024


class LineDown(Exception):
    """There is no way any more; ``reason_key`` says why."""

    def __init__(self, reason_key: str | None) -> None:
        super().__init__(reason_key)
        self.reason_key = reason_key


class _TooDear(Exception):
    def __init__(self, reason_key: str) -> None:
        super().__init__(reason_key)
        self.reason_key = reason_key


def backoff(attempts: int, first_s: float, most_s: float) -> float:
    """Return the seconds to wait after the given number of tries: doubling from ``first_s`` up to
    ``most_s``."""
    return min(most_s, first_s * 2.0 ** min(max(attempts - 1, 0), 30))


@dataclass(frozen=True, slots=True)
class Hand:
    """One lane of a round, with a connection of its own."""

    conn: sqlite3.Connection
    trip: Trip

    def carry(self, load: Load) -> None:
        """Carry one parcel as far as it goes; raises ``LineDown`` when there is no way any more."""
        try:
            self._carry(load)
        except LineDown:
            raise
        except _TooDear as bad:
            self._again(load, Retry(None, counted=False))
            self.trip.pass_over(load.row_id, bad.reason_key)
        except Exception:
            # Whatever broke, one dossier's fault must not keep the others at home.
            log.exception("carrying %s failed inside the House", load.instance_id)
            self._again(load, Retry("relay.house_fault", delay_s=self._delay(load)))

    def knock(self) -> None:
        """Look whether there is a way; raises ``LineDown``."""
        if self.trip.stop():
            return
        probe = self.trip.carrier.probe()
        self.trip.meter.tell()
        if not probe.up:
            raise LineDown(probe.reason_key)

    def _carry(self, load: Load) -> None:
        if not all(leases.intact(self.conn, piece) for piece in (load.envelope, *load.files)):
            log.error("sealed bytes of %s have changed on the card", load.instance_id)
            self._hold(load, "relay.bytes_damaged", "")
            return
        if not load.accepted:
            answer = self._send(load)
            if answer.outcome is not Outcome.DONE:
                self._record(load, answer)
                return
            with self.trip.write(self.conn):
                leases.accepted(self.conn, load.row_id, self.trip.clock.read())
        self._look(load)

    def _send(self, load: Load) -> Answer:
        answer = Answer(Outcome.DONE)
        most = self.trip.probe.most_bytes
        batches = [(pieces, self._shipment(load, pieces)) for pieces in self._batches(load)]
        weights = [self.trip.carrier.weight(shipment) for _, shipment in batches]
        for (pieces, _), weight in zip(batches, weights, strict=True):
            if most is not None and weight > most:
                # What can never be whole over there is not begun.
                name = pieces[0].name if pieces else load.envelope.name
                return Answer(Outcome.REFUSED, "relay.too_large", f"{name}: {weight} > {most}")
        for (pieces, shipment), weight in zip(batches, weights, strict=True):
            reason = self.trip.purse.may(weight, urgent=load.urgent)
            if reason is not None:
                raise _TooDear(reason)
            with self.trip.sending() as came_through:
                answer = self.trip.carrier.send(shipment)
                if answer.outcome is Outcome.DONE:
                    came_through(weight)
            self.trip.meter.tell()
            if answer.outcome is not Outcome.DONE:
                return answer
            with self.trip.write(self.conn):
                leases.delivered(self.conn, pieces, self.trip.clock.read())
        return answer

    def _batches(self, load: Load) -> list[tuple[Piece, ...]]:
        """Whole files a request, in their order: all in one where it fits, one each after a cut."""
        if load.split:
            return [(piece,) for piece in load.files] or [()]
        most = self._most_bytes()
        batches: list[tuple[Piece, ...]] = [()]
        for piece in load.files:
            more = (*batches[-1], piece)
            if batches[-1] and most is not None and self._weight(load, more) > most:
                # The XML goes with each: what arrived stays, and a cut costs one request.
                batches.append((piece,))
            else:
                batches[-1] = more
        return batches

    def _most_bytes(self) -> int | None:
        limits = [self.trip.probe.most_bytes, self.trip.settings.connection_bytes or None]
        limits.append(_THIN_BYTES if self.trip.thin else None)
        return min((one for one in limits if one is not None), default=None)

    def _weight(self, load: Load, pieces: tuple[Piece, ...]) -> int:
        return self.trip.carrier.weight(self._shipment(load, pieces))

    def _shipment(self, load: Load, pieces: tuple[Piece, ...]) -> Shipment:
        return Shipment(load.instance_id, self._source(load.envelope), tuple(map(self._source, pieces)))

    def _source(self, piece: Piece) -> Source:
        return Source(piece.name, piece.size, partial(leases.chunks, self.conn, piece))

    def _record(self, load: Load, answer: Answer) -> None:
        several = len(load.files) > 1 and not load.split
        delay_s = self._delay(load, answer.rest_s)
        match answer.outcome:
            case Outcome.STOPPED:
                # Due at once, yet it counts: the office may have it, only its answer was not awaited.
                self._again(load, Retry(None))
            case Outcome.NO_UPLINK:
                self._again(load, Retry(answer.reason_key, counted=False))
                raise LineDown(answer.reason_key)
            case Outcome.CUT:
                self._again(load, Retry(answer.reason_key, split=several, delay_s=delay_s))
                self.trip.in_vain(answer.reason_key)
                self.knock()
            case Outcome.AGAIN:
                self._again(load, Retry(answer.reason_key, answer.detail, delay_s=delay_s))
                self.trip.in_vain(answer.reason_key)
            case Outcome.CONFLICT if not load.conflicts:
                self._again(load, Retry("relay.conflict_once", answer.detail, conflict=True, delay_s=delay_s))
            case Outcome.TOO_LARGE if several:
                self._again(load, Retry(answer.reason_key, answer.detail, split=True, delay_s=delay_s))
            case _:
                self._hold(load, answer.reason_key or "relay.refused", answer.detail)

    def _look(self, load: Load) -> None:
        trip = self.trip
        try:
            there = trip.carrier.holds(load.form_id, load.instance_id)
        except CarrierFault as bad:
            if trip.stop():
                self._again(load, Retry(None, counted=False))
                return
            if bad.gone and not leases.is_edit(self.conn, load.envelope):
                with trip.write(self.conn):
                    leases.disown(self.conn, load.row_id)
                self._lacking(load, "relay.not_there")
                return
            if not bad.denied and load.checks < _MOST_CHECKS:
                self._again(load, Retry(bad.reason_key, check=True, counted=False, delay_s=self._delay(load)))
                self.knock()
                return
            # The office said "done" and lets us see no more than that.
            there = {}
        finally:
            trip.meter.tell()
        lacking = [name for name, exists in there.items() if not exists]
        if lacking:
            with self.trip.write(self.conn):
                ours = leases.undelivered(self.conn, load.row_id, lacking)
            if ours:
                self._lacking(load, "relay.files_missing")
                return
        self._received(load)

    def _lacking(self, load: Load, reason_key: str) -> None:
        if load.checks < _MOST_CHECKS:
            self._again(load, Retry(reason_key, check=True, delay_s=self._delay(load)))
        else:
            self._hold(load, reason_key, "")

    def _received(self, load: Load) -> None:
        now = self.trip.clock.read()
        with self.trip.write(self.conn):
            if leases.sent(self.conn, load.row_id, now):
                if load.kind is not Kind.REPORT:
                    inbox.expect(self.conn, load.instance_id, load.form_id, now)
                self.trip.on_received(self.conn, load.instance_id)
        self.trip.count(sent=1)

    def _delay(self, load: Load, rest_s: float | None = None) -> float:
        settings = self.trip.settings
        wait_s = backoff(load.attempts + load.checks, settings.backoff_first_s, settings.backoff_most_s)
        return max(wait_s, min(rest_s or 0.0, settings.backoff_most_s))

    def _again(self, load: Load, retry: Retry) -> None:
        with self.trip.write(self.conn):
            leases.again(self.conn, load.row_id, retry, self.trip.clock.read())
        self.trip.count(retried=1)

    def _hold(self, load: Load, reason_key: str, detail: str) -> None:
        with self.trip.write(self.conn):
            leases.hold(self.conn, load.row_id, reason_key, detail, self.trip.carrier.fingerprint)
        self.trip.count(held=1)
