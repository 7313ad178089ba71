"""The bench's scanning thread: takes in what a guide asked for, page by page, sealed as soon as it is there.

Keeps true: a page exists in memory only until it is sealed, and a card's picture never longer than it
takes to read its code; a page that was delivered stays, whatever happens to the next; who cancels is heard
within half a second; how far a scan is costs at most two writes a second. It never knows the key that
opens what it took in.
"""

from __future__ import annotations

import logging
import sqlite3
import time

from devices import darkroom
from devices.desk_ports import ScannedPage, Scanner
from devices.ports import DeviceError
from hub.base.clock import Moment
from hub.base.errors import HubError, Missing, NotReady, Refused
from hub.post import capturing
from hub.post.capture_model import Capture, Facts, Kind, Reason
from hub.workers.bench_slot import Slot
from hub.workers.bench_thread import DeviceThread

_log = logging.getLogger(__name__)

_LOOK_CALM_S, _LOOK_SICK_S = 10.0, 1.0
_TELL_S = 0.5
_ASK_S = 0.2
_KINDS = (Kind.SCAN, Kind.CARD)


class _TakenBack(HubError):
    """Nobody waits for it any more: no fault of the scanner, so no error of its family."""


class _Card(HubError):
    """An ID card lies where a page was asked for: its picture is kept nowhere."""


class Scanning(DeviceThread):
    """Owns the scanner."""

    slot: Slot[Scanner]

    def began(self, conn: sqlite3.Connection) -> None:
        """Say of a scan that was cut off that it was; its pages so far are there."""
        capturing.interrupted(conn, _KINDS, self.house.clock.read())

    def turn(self, conn: sqlite3.Connection) -> float:
        """Take in what was asked for first, or look after the device."""
        wish = capturing.wanted(conn, _KINDS, self.house.clock.read())
        if wish is None:
            if self.slot.look_due(_LOOK_CALM_S, _LOOK_SICK_S):
                self.slot.look()
            return _LOOK_SICK_S
        if capturing.taken(conn, wish.id, moment=self.house.clock.read()):
            self._serve(conn, wish)
        return 0.0

    def _serve(self, conn: sqlite3.Connection, wish: Capture) -> None:
        # Somebody stands before the scanner: whatever was wrong before, it is tried now.
        self.slot.reset()
        run = _Run(conn, self, wish)
        try:
            self.slot.call(run.scan)
        except DeviceError as bad:
            _log.warning("a scan ended early: %s (%s)", bad.state, bad.detail)
            capturing.failed(conn, wish.id, Reason.of(bad.state), moment=self._now())
        except (_TakenBack, Missing):
            # The guide wants it no more, or has taken it away with all its pages.
            return
        except _Card:
            capturing.failed(conn, wish.id, Reason.CARD, moment=self._now())
        except Refused:
            capturing.failed(conn, wish.id, Reason.TOO_MANY, moment=self._now())
        except HubError as bad:
            _log.error("a scan could not be kept: %s", bad)
            capturing.failed(conn, wish.id, Reason.BROKEN, moment=self._now())
        except sqlite3.Error:
            raise
        except Exception:
            _log.exception("a scan broke")
            capturing.failed(conn, wish.id, Reason.BROKEN, moment=self._now())
        else:
            run.end()

    def _now(self) -> Moment:
        return self.house.clock.read()


class _Run:
    """One wish while it is fulfilled."""

    def __init__(self, conn: sqlite3.Connection, thread: Scanning, wish: Capture) -> None:
        self._conn = conn
        self._thread = thread
        self._wish = wish
        self._code: str | None = None
        self._told_at = self._asked_at = time.monotonic()
        self._told = (1, 0.0)
        self._stopped = False

    def scan(self, port: Scanner) -> None:
        port.scan(self._wish.wish, on_page=self._page, on_progress=self._progress, stopped=self._is_stopped)

    def end(self) -> None:
        """Record what came of it; nothing where a guide took it back, or the bench is told to end."""
        if self._stopped:
            return
        moment = self._thread.house.clock.read()
        if self._wish.kind is Kind.SCAN:
            capturing.done(self._conn, self._wish.id, moment=moment)
        elif self._code is None:
            capturing.failed(self._conn, self._wish.id, Reason.NO_CODE, moment=moment)
        else:
            capturing.done(self._conn, self._wish.id, moment=moment, answer=self._code.encode("utf-8"))

    def _page(self, page: ScannedPage) -> None:
        self._thread.slot.alive()
        if self._wish.kind is Kind.CARD:
            self._read(page)
            return
        settings = self._thread.house.settings.dossiers
        try:
            made = darkroom.page(
                page.pnm,
                dpi=page.dpi,
                colour=self._wish.wish.colour,
                budget=settings.page_bytes,
                stopped=self._is_stopped,
            )
        except darkroom.Stopped as bad:
            raise _TakenBack("scanning.gone") from bad
        except darkroom.ShowsCard as bad:
            raise _Card("scanning.card") from bad
        except DeviceError as bad:
            # It is not the scanner that failed.
            raise NotReady("scanning.not_prepared", why=bad.detail) from bad
        self._thread.slot.alive()
        facts = Facts(made.width, made.height, made.dpi, made.findings, made.before_bytes, len(made.jpeg))
        moment = self._thread.house.clock.read()
        capturing.page(self._conn, self._wish.id, facts, made.jpeg, moment=moment)

    def _read(self, page: ScannedPage) -> None:
        try:
            found = darkroom.codes(page.pnm, stopped=self._is_stopped)
        except darkroom.Stopped as bad:
            raise _TakenBack("scanning.gone") from bad
        except DeviceError as bad:
            raise NotReady("scanning.not_prepared", why=bad.detail) from bad
        self._thread.slot.alive()
        if found and self._code is None:
            self._code = found[0]

    def _progress(self, page: int, share: float) -> None:
        self._thread.slot.alive()
        now = time.monotonic()
        if now - self._told_at >= _TELL_S and (page, share) != self._told:
            self._told_at, self._told = now, (page, share)
            capturing.progress(self._conn, self._wish.id, page, min(1.0, max(0.0, share)))

    def _is_stopped(self) -> bool:
        now = time.monotonic()
        if not self._stopped and now - self._asked_at >= _ASK_S:
            self._asked_at = now
            self._stopped = self._thread.stopping.is_set() or not capturing.still_wanted(
                self._conn, self._wish.id
            )
        return self._stopped
