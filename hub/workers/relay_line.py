"""The line as the relay uses it: is it worth knocking now, may it be used, by which time are certificates judged.

Keeps true: whoever brings a line (a cable, the village's Wi-Fi, somebody's telephone) finds the relay knocking
at once; a line that is paid by the byte is asked seldom; a certificate is judged by the House's own time when
a person has said what time it is. It carries nothing itself.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable

import msgspec

from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import HubError
from hub.base.house import House
from hub.base.settings import UpstreamSettings
from hub.post import allowance as allowances
from hub.post import inbox
from hub.post import line_ledger as ledger
from hub.post import network as networks
from hub.post import suggested_time
from hub.post.allowance import Allowance
from hub.post.network import Network, Sense
from hub.post.transports import clocks as office_clocks
from hub.post.transports import known

log = logging.getLogger(__name__)

RESTS = "uplink."
"""How the reasons begin for which a line that is well is left alone."""

_JUMP_S = 2.0
_ASK_TIME_AGAIN_S = 600.0
_PAID_STATES_S = 600.0
_CLOCK_FAULTS = ("relay.certificate_early", "relay.certificate_late")


class RelayLine:
    """What one relay knows of its line."""

    def __init__(self, house: House, *, sense: Sense | None = None) -> None:
        self._house, self._settings = house, house.settings.uplink
        self._sense = sense or (Sense() if self._settings.sense == "auto" else None)
        self.allowance = Allowance(house.connect, self._settings, house.clock, self._network)
        self.known = known.Acquaintance(known.house_time(house.clock))
        self._noted: Network | None = None
        self._clock_stood: tuple[bool, float] | None = None
        self._time_asked = float("-inf")

    def _network(self) -> Network:
        return self._sense.network if self._sense else networks.UNKNOWN

    def look(self, conn: sqlite3.Connection) -> bool:
        """Return whether something changed that makes knocking worth while: a line came, the clock was set."""
        came = False
        if self._sense is not None:
            came = self._sense.look()
            if came and self._sense.network == networks.UNKNOWN:
                # Addresses are renewed on a good line too, and each knock costs its bytes.
                came = inbox.uplink(conn).up is not True
            if came:
                # A connection over the line before leads nowhere now, and nothing says so.
                self.known.hang_up()
            self._note(conn, self._sense.network)
        return self._clock_set() or came

    def _note(self, conn: sqlite3.Connection, found: Network) -> None:
        if found == self._noted:
            return
        try:
            networks.note(conn, found, self._house.clock.read())
            self._noted = found
        except HubError as bad:
            log.error("could not note what the line is: %s", bad)

    def _clock_set(self) -> bool:
        now = self._house.clock.read()
        before, self._clock_stood = self._clock_stood, (now.trusted, now.at.timestamp() - now.mono)
        if before is None:
            return False
        return (now.trusted and not before[0]) or abs(self._clock_stood[1] - before[1]) > _JUMP_S

    def why_not(self, conn: sqlite3.Connection) -> str | None:
        """Return why the line is left alone now, or None; an urgent dossier is never why not."""
        try:
            reason = self.allowance.may(allowances.KNOCK_BYTES)
        except HubError as bad:
            # A full card: the round says so on the pages, and asks again before anything leaves.
            log.error("could not look at the allowance: %s", bad)
            return None
        return None if reason is None or _urgent(conn, self._house.clock.read()) else reason

    def upstream(self) -> UpstreamSettings:
        """Return how to ask the office: seldom where each question costs somebody money."""
        given = self._house.settings.upstream
        if not self._network().paid or given.states_every_s >= _PAID_STATES_S:
            return given
        return msgspec.structs.replace(given, states_every_s=_PAID_STATES_S)

    def rate(self, conn: sqlite3.Connection) -> float | None:
        """Return the bytes a second that the last sendings over this kind of line came to, or None."""
        return ledger.rate(conn, self._network().kind)

    def after(self, conn: sqlite3.Connection, reason_key: str | None, stop: Callable[[], bool]) -> None:
        """Where a certificate was too early or too late, ask the office's machine what time it says it is."""
        again = time.monotonic() - self._time_asked
        if reason_key not in _CLOCK_FAULTS or again < _ASK_TIME_AGAIN_S:
            return
        self._time_asked = time.monotonic()
        try:
            said = office_clocks.server_time(self._house.settings.upstream, stop, self.allowance.spent)
            if said is not None:
                suggested_time.note(conn, said, self._house.clock.read())
        except HubError as bad:
            log.error("could not ask for the time: %s", bad)

    def end_leave(self, conn: sqlite3.Connection) -> None:
        """A person's leave to send now is over when nothing waits any more."""
        if ledger.leave(conn, self._house.clock.read()) is None or _waiting(conn):
            return
        with db.write(conn):
            ledger.end_leave(conn)
            db.touch(conn, networks.TOPIC)

    def close(self) -> None:
        """Count what is not counted yet, and look no more."""
        self.allowance.count()
        self.known.hang_up()
        if self._sense is not None:
            self._sense.close()


def _urgent(conn: sqlite3.Connection, now: Moment) -> bool:
    ready = "next_try_at IS NULL", ()
    again = "next_try_at IS NOT NULL AND next_try_at <= ?", (now.text,)
    return any(
        conn.execute(
            f"SELECT 1 FROM outbox WHERE state = 'queued' AND urgent = 1 AND {when} LIMIT 1", values
        ).fetchone()
        for when, values in (ready, again)
    )


def _waiting(conn: sqlite3.Connection) -> bool:
    return (
        conn.execute("SELECT 1 FROM outbox WHERE state IN ('queued', 'sending') LIMIT 1").fetchone()
        is not None
    )
