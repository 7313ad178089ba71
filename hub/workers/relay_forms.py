"""The relay's errand of forms: what the office offers is fetched every few hours, and when a technician asks.

Keeps true: only what has changed travels, and only as far as the line's allowance goes; a form with another key
waits aside. What comes of it is the procedures' business. Trying a form is heavy, which is why it is done here
and never by the pages.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable

from hub.base.errors import NotReady
from hub.base.house import House
from hub.base.settings import UpstreamSettings
from hub.packs import shelf
from hub.post.courier_purse import Open, Purse
from hub.post.transports.blank_forms import BlankForms, Offered, OfferedFile
from hub.post.transports.carrier import CarrierFault
from hub.post.transports.known import Acquaintance
from hub.trades.procedures import fetching, offers
from hub.trades.procedures.fetching import Asking
from hub.trades.procedures.offers import Came
from hub.trades.reports.model import FORM_IDS

log = logging.getLogger(__name__)

# A list of some dozen forms, or one of them.
_LIKELY_BYTES = 65_536
_LOOK_S = 2.0


class _Thrifty(BlankForms):
    """The office's forms, each asked for only while the purse allows; what travelled is told to it."""

    def __init__(
        self, settings: UpstreamSettings, stop: Callable[[], bool], known: Acquaintance | None, purse: Purse
    ) -> None:
        super().__init__(settings, stop, known=known)
        self._purse, self._told = purse, (0, 0)

    def manifest(self, offered: Offered) -> tuple[OfferedFile, ...]:
        """Return the files that go with a form; raises as ``xml``."""
        if offered.manifest:
            self._ask()
        return super().manifest(offered)

    def xml(self, offered: Offered) -> bytes:
        """Return a form's XML; raises ``CarrierFault`` where the line may not be used now."""
        self._ask()
        return super().xml(offered)

    def file(self, offered: OfferedFile) -> bytes:
        """Return a file; raises as ``xml``."""
        self._ask()
        return super().file(offered)

    def tell(self) -> None:
        """Tell the purse what has travelled since the last time."""
        now = (self.traffic.sent, self.traffic.received)
        before, self._told = self._told, now
        self._purse.spent(now[0] - before[0], now[1] - before[1])

    def _ask(self) -> None:
        self.tell()
        closed = self._purse.may(_LIKELY_BYTES)
        if closed is not None:
            raise CarrierFault(closed)


class Forms:
    """Fetches the office's forms; ``purse`` says whether the line may be used, ``known`` what is known of the
    office.
    """

    name = "forms"
    needs_way = True

    def __init__(
        self,
        house: House,
        conn: sqlite3.Connection,
        stop: Callable[[], bool],
        *,
        purse: Purse | None = None,
        known: Acquaintance | None = None,
    ) -> None:
        self._house, self._conn, self._stop, self._known = house, conn, stop, known
        self._purse = purse or Open()
        self._look_at = 0.0

    def due(self) -> bool:
        """Return whether the forms were not asked for lately, or a technician asks now."""
        upstream = self._house.settings.upstream
        if not upstream.url or time.monotonic() < self._look_at:
            return False
        self._look_at = time.monotonic() + _LOOK_S
        last = offers.asked(self._conn)
        if last is None or last.reason_key is not None or offers.wished(self._conn):
            # What did not come through is tried again as soon as the errands' own rest is over.
            return True
        ago = (self._house.clock.read().at - last.at).total_seconds()
        # A clock that was put back must not keep forms away for years.
        return not 0 <= ago < upstream.forms_every_s

    def run(self) -> None:
        """Fetch what has changed.

        Raises ``CarrierFault`` when there is no list, ``NotReady`` where the line may not be used now or a form
        did not come through; those that did are there.
        """
        closed = self._purse.may(_LIKELY_BYTES)
        if closed is not None:
            raise NotReady(closed)
        upstream = self._house.settings.upstream
        office = _Thrifty(upstream, self._stop, self._known, self._purse)
        asking = Asking(office, upstream, FORM_IDS)
        failed = False
        try:
            for one in fetching.fetch(
                self._conn, shelf.current(self._house.packs), asking, self._house.clock
            ):
                failed = failed or one.came is Came.FAILED
                if one.came in (Came.TAKEN, Came.WAITING):
                    log.info("form %s %s: %s", one.form_id, one.version, one.came)
        finally:
            office.close()
            office.tell()
        if failed:
            raise NotReady(fetching.SOME_FAILED)
