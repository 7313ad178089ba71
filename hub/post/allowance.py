"""What the line may cost today and in which hours it may be used; counts what went over it.

Keeps true: bytes are counted where they leave, whatever they are for; a day's allowance is passed by no more
than what is on the wire when it ends, an urgent dossier, or what a person has let through; hours are kept only
while somebody vouches for the time. It never drops anything: what may not go now waits.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Clock, Moment
from hub.base.errors import HubError
from hub.base.settings import UplinkSettings
from hub.post import line_ledger as ledger
from hub.post import network as networks
from hub.post.network import Network

log = logging.getLogger(__name__)

OUTSIDE_HOURS = "uplink.outside_hours"
BUDGET_USED = "uplink.budget_used"
METERED_USED = "uplink.metered_used"
NO_PACKS = "uplink.no_packs_when_metered"
TOO_DEAR = "uplink.too_dear"
# A knock, its answer and a form that says "nothing new".
KNOCK_BYTES = 4_096
# What a crash may leave uncounted: a card's life is its writes.
_COUNT_AT_BYTES, _COUNT_AT_S = 262_144, 600.0
_LEAST_FOR_RATE, _LEAST_S = 65_536, 0.05


@dataclass(frozen=True, slots=True)
class Standing:
    """How the line stands with its allowance.

    ``reason_key`` says why nothing but what is urgent goes now; ``left`` is None without a limit; ``opens`` is the
    hour (HH:MM) at which the line may be used again.
    """

    reason_key: str | None
    used: int
    left: int | None
    limit: int | None
    opens: str | None
    leave: ledger.Leave | None


def standing(
    conn: sqlite3.Connection, settings: UplinkSettings, line: Network, now: Moment, uncounted: int = 0
) -> Standing:
    """Return how the line stands now; ``uncounted`` bytes are not in the ledger yet."""
    today = ledger.day(conn, now.on)
    used, limit, key = today.all + uncounted, settings.bytes_a_day, BUDGET_USED
    left = max(0, limit - used) if limit else None
    if line.paid and settings.metered_bytes_a_day:
        metered = max(0, settings.metered_bytes_a_day - today.metered - uncounted)
        if left is None or metered < left:
            used, limit, left = today.metered + uncounted, settings.metered_bytes_a_day, metered
            key = METERED_USED
    opens = _opens(settings, now)
    leave = ledger.leave(conn, now)
    reason = None
    if leave is None:
        reason = OUTSIDE_HOURS if opens else key if left is not None and left < KNOCK_BYTES else None
    return Standing(reason, used, left, limit or None, opens, leave)


def _opens(settings: UplinkSettings, now: Moment) -> str | None:
    # A clock that nobody vouches for would keep a House silent for days on the strength of a wrong hour.
    at = now.at.astimezone(clocks.VILLAGE).time() if now.trusted else None
    if at is None or not settings.hours or any(one.holds(at) for one in settings.hours):
        return None
    here = f"{at:%H:%M}"
    starts = sorted(one.since for one in settings.hours)
    return next((start for start in starts if start > here), starts[0])


class Allowance:
    """The purse of one process (``hub.post.courier_purse.Purse``); several threads may ask it at once."""

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        settings: UplinkSettings,
        clock: Clock,
        line: Callable[[], Network],
    ) -> None:
        self._connect, self._settings, self._clock, self._line = connect, settings, clock, line
        self._lock = threading.Lock()
        self._sent = self._received = 0
        self._counted_at = time.monotonic()
        self._busy_since: float | None = None
        self._free = not (settings.hours or settings.bytes_a_day or settings.metered_bytes_a_day)

    def may(self, size: int, *, urgent: bool = False) -> str | None:
        """Return None when about ``size`` bytes may leave now, or the phrase that says why not.

        What is urgent always may: a death or a birth is not kept waiting for a tariff.
        """
        if urgent or self._free:
            return None
        with self._lock:
            uncounted = self._sent + self._received
        with closing(self._connect()) as conn:
            now = standing(conn, self._settings, self._line(), self._clock.read(), uncounted)
        if now.leave is not None or now.reason_key:
            return now.reason_key
        if now.limit and size > now.limit:
            return TOO_DEAR
        if now.left is not None and size > now.left:
            paid = self._line().paid and now.limit == self._settings.metered_bytes_a_day
            return METERED_USED if paid else BUDGET_USED
        return None

    def spent(self, sent: int, received: int) -> None:
        """Count bytes that went over the line."""
        with self._lock:
            self._sent += sent
            self._received += received
            waits = self._sent + self._received
            late = time.monotonic() - self._counted_at > _COUNT_AT_S
        if waits >= _COUNT_AT_BYTES or (waits and late):
            self.count()

    def begin(self) -> None:
        """A round begins: from now on the line is busy, and its rate can be told."""
        self._busy_since = time.monotonic()

    def end(self) -> None:
        """A round is over."""
        with self._lock:
            waits = self._sent + self._received
        if waits >= _LEAST_FOR_RATE:
            self.count()
        self._busy_since = None

    def count(self) -> None:
        """Write down what was counted; a full card loses the count and nothing else."""
        with self._lock:
            sent, received, self._sent, self._received = self._sent, self._received, 0, 0
            since, now_s = self._busy_since, time.monotonic()
            self._counted_at = now_s
            if since is not None:
                self._busy_since = now_s
        if not sent and not received:
            return
        line, now = self._line(), self._clock.read()
        try:
            with closing(self._connect()) as conn, db.write(conn):
                ledger.spend(conn, now.on, sent, received, sent + received if line.paid else 0)
                if since is not None and sent >= _LEAST_FOR_RATE and now_s - since >= _LEAST_S:
                    ledger.note_rate(conn, line.kind, sent / (now_s - since), now)
                db.touch(conn, networks.TOPIC)
        except (HubError, sqlite3.Error) as bad:
            log.warning("could not count what the line cost yet: %s", bad)
            with self._lock:
                self._sent += sent
                self._received += received


class Packs:
    """The leave of what is nobody's dossier (``hub.packs.fetch_wire.Leave``): it gives way and keeps the allowance."""

    def __init__(self, allowance: Allowance, settings: UplinkSettings, line: Callable[[], Network]) -> None:
        self._allowance, self._settings, self._line = allowance, settings, line

    def why_not(self) -> str | None:
        """Return why nothing more may be fetched now, or None."""
        if self._line().paid and not self._settings.packs_when_metered:
            return NO_PACKS
        return self._allowance.may(KNOCK_BYTES)

    def took(self, count: int) -> None:
        """Count bytes that came."""
        self._allowance.spent(0, count)


def let_through(conn: sqlite3.Connection, staff_name: str, now: Moment) -> None:
    """Have hours and allowance count for nothing for an hour, in the caller's transaction."""
    with db.write(conn):
        ledger.give_leave(conn, staff_name, now)
        db.touch(conn, networks.TOPIC)
