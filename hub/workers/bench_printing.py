"""The bench's printing thread: takes the due paper, prints it, records how it ended.

Keeps true: one paper at a time; what failed before the first byte comes out exactly once when the printer
is mended, by itself; a paper that cannot be printed as it is never holds up the others. It never forgets an
outcome: while the card cannot be written it prints nothing more.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable

from devices import raster
from devices import slip as slips
from devices.ports import DeviceError, Malformed, Offline, SlipPrinter, State
from hub.base import phrases
from hub.base.errors import HubError
from hub.base.house import House
from hub.post import printing
from hub.workers import bench_orders
from hub.workers.bench_slot import Slot
from hub.workers.bench_thread import DeviceThread

_log = logging.getLogger(__name__)

_WAIT_FIRST_S, _WAIT_MOST_S = 0.25, 3.0
_LOOK_CALM_S, _LOOK_BLIND_S, _LOOK_SICK_S = 10.0, 30.0, 1.0
_TRY_ANYWAY = 10
"""A printer that says it is sick is given a paper anyway every so many times: its word may be wrong."""
_KEEP_TRYING_S = 0.5

REASONS: dict[State, str] = {
    State.NO_PAPER: "printing.no_paper",
    State.COVER_OPEN: "printing.cover_open",
    State.OFFLINE: "printing.offline",
    State.JAMMED: "printing.jammed",
    State.BUSY: "printing.busy",
    State.UNSUPPORTED: "printing.unsupported",
}


def reason(state: State) -> str:
    """Return the phrase that says why a printer in this state does not print."""
    return REASONS.get(state, "printing.printer_broken")


class Printing(DeviceThread):
    """Owns the slip printer."""

    slot: Slot[SlipPrinter]

    def __init__(self, house: House, slot: Slot[SlipPrinter], stop: threading.Event) -> None:
        super().__init__(house, slot, stop)
        self._owner = f"bench-{os.getpid()}"
        self._faults = 0
        self._warm = False

    def began(self, conn: sqlite3.Connection) -> None:
        """Put jobs back that an earlier turn left in our hands; the first time, warm up if nobody waits."""
        found = printing.recover(conn, moment=self.house.clock.read())
        if found.again or found.copies or found.asked:
            _log.warning("jobs found half done: %s", found)
        if not self._warm:
            self._warm = True
            if not printing.due(conn):
                self._warm_up()

    def ordered(self) -> None:
        """Try at once."""
        self._faults = 0

    def turn(self, conn: sqlite3.Connection) -> float:
        """Print the next paper that is due."""
        if not printing.due(conn):
            return self._idle()
        if self._faults and self._faults % _TRY_ANYWAY:
            status = self.slot.look()
            if not status.state.usable:
                printing.restate(conn, reason(status.state))
                return self._failed()
        lease = printing.take(conn, self._owner)
        if lease is None:
            return 0.0
        return self._print(conn, lease)

    def _warm_up(self) -> None:
        # Driver and typeface take half a second to load: the first villager should not wait for that.
        # The look comes last, so that "ready" is told of a printer that is.
        paper = bench_orders.test_slip(self.house, self.house.clock.read(), phrases.DEFAULT)
        # The pictures belong to the port; the typeface is what takes long.
        words = slips.Slip(tuple(part for part in paper.parts if not isinstance(part, slips.Picture)))
        try:
            raster.render(words, self.house.settings.printer.width)
        except DeviceError as bad:
            _log.error("slips cannot be drawn: %s", bad.detail)
        self.slot.look()

    def _idle(self) -> float:
        calm = _LOOK_BLIND_S if self.slot.status.state is State.UNKNOWN else _LOOK_CALM_S
        if self.slot.look_due(calm, _LOOK_SICK_S):
            self.slot.look()
        return _LOOK_SICK_S

    def _failed(self) -> float:
        self._faults += 1
        return float(min(_WAIT_FIRST_S * 2 ** min(self._faults - 1, 10), _WAIT_MOST_S))

    def _print(self, conn: sqlite3.Connection, lease: printing.Lease) -> float:
        try:
            paper = slips.decode(lease.slip)
            if lease.copy:
                paper = slips.marked_copy(paper, phrases.say(lease.lang, "printing.copy"))
            foot = slips.Text(lease.foot, slips.Size.SMALL, align=slips.Align.CENTRE)
            paper = slips.Slip((*paper.parts, foot))
        except Malformed as bad:
            _log.error("job %d is no slip: %s", lease.id, bad.detail)
            self._broken(conn, lease)
            return 0.0
        touched = False

        def first_byte() -> None:
            nonlocal touched
            # Raises when this printer was given up meanwhile: then another thread prints this paper.
            self.slot.alive()
            printing.first_byte(conn, lease.id, moment=self.house.clock.read())
            touched = True
            # Writing to a tired card may take longer than the patience with this thread.
            self.slot.alive()

        try:
            confirmed = self.slot.call(lambda port: port.print(paper, on_first_byte=first_byte))
        except (HubError, sqlite3.Error):
            # The mark could not be written, so no byte was sent: the job goes back as it was.
            raise
        except Malformed as bad:
            _log.error("job %d cannot be printed: %s", lease.id, bad.detail)
            self._broken(conn, lease)
            return 0.0
        except DeviceError as bad:
            return self._fault(conn, lease, bad, bad.detail)
        except OSError as bad:
            return self._fault(conn, lease, Offline(str(bad)), str(bad))
        except Exception:
            _log.exception("job %d broke the printing", lease.id)
            if touched:
                return self._fault(conn, lease, DeviceError(), "see above")
            self._broken(conn, lease)
            return 0.0
        self._faults = 0
        self.slot.last_job = lease.id
        moment = self.house.clock.read()
        self._record(lambda: printing.done(conn, lease.id, moment=moment, confirmed=confirmed))
        if not self.slot.status.state.usable:
            self.slot.look()
        return 0.0

    def _fault(self, conn: sqlite3.Connection, lease: printing.Lease, bad: DeviceError, detail: str) -> float:
        _log.warning("job %d is stuck: %s (%s)", lease.id, bad.state, detail)
        moment = self.house.clock.read()
        self._record(lambda: printing.fault(conn, lease.id, reason(bad.state), moment=moment))
        return self._failed()

    def _broken(self, conn: sqlite3.Connection, lease: printing.Lease) -> None:
        moment = self.house.clock.read()
        self._record(lambda: printing.broken(conn, lease.id, moment=moment))

    def _record(self, write: Callable[[], object]) -> None:
        # The paper is out (or not): that is known only here, so it is written before anything else is done.
        while True:
            try:
                write()
                return
            except (HubError, sqlite3.Error) as bad:
                _log.error("how a paper ended cannot be written yet: %s", bad)
                if self.stopping.wait(_KEEP_TRYING_S):
                    return
