"""The bench's sheet printing: hands sealed sheets to the print service and follows each to its end.

Keeps true: a sheet is opened in memory alone, at the moment it is handed over; it is handed over once, and
after a crash in between it is looked for by its name; what is in a sheet's way is on the guide's page within
a second or two, and goes from it by itself. When nobody can know whether a sheet came out, a guide is asked.
After a power cut no key is left that opens what was waiting: the guide is told to print it again.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from dataclasses import replace

from devices.desk_ports import SheetPrinter, SheetProgress, SheetStage
from devices.ports import Denied, DeviceError, Malformed, Offline, Paused
from devices.ports import State as DeviceState
from devices.ports import Unsupported
from hub.base import boxes, volatile
from hub.base.crypto import WrongKey
from hub.base.errors import NotReady
from hub.base.house import House
from hub.post import sheet_printing
from hub.post.sheet_jobs import State
from hub.post.sheet_printing import Work
from hub.workers.bench_slot import Slot
from hub.workers.bench_thread import DeviceThread

_log = logging.getLogger(__name__)

_LOOK_CALM_S, _LOOK_SICK_S = 10.0, 1.0
_FOLLOW_S = 1.0
_REFUSED_FIRST_S, _REFUSED_MOST_S = 1.0, 60.0
PAIR = "sheets"

REASONS: dict[DeviceState, str] = {
    DeviceState.NO_PAPER: "sheetjobs.no_paper",
    DeviceState.COVER_OPEN: "sheetjobs.cover_open",
    DeviceState.JAMMED: "sheetjobs.jammed",
    DeviceState.NO_INK: "sheetjobs.no_ink",
    DeviceState.OFFLINE: "sheetjobs.offline",
    DeviceState.BUSY: "sheetjobs.busy",
    DeviceState.PAUSED: "sheetjobs.paused",
    DeviceState.DENIED: "sheetjobs.denied",
    DeviceState.UNSUPPORTED: "sheetjobs.unsupported",
    DeviceState.UNKNOWN: "sheetjobs.silent",
}


def reason(state: DeviceState) -> str:
    """Return the phrase that says why a sheet does not come out of a printer in this state."""
    return REASONS.get(state, "sheetjobs.printer_broken")


class Sheets(DeviceThread):
    """Owns the sheet printer."""

    slot: Slot[SheetPrinter]

    def __init__(self, house: House, slot: Slot[SheetPrinter], stop: threading.Event) -> None:
        super().__init__(house, slot, stop)
        self._private: bytes | None = None
        self._refused: DeviceState | None = None
        self._again_at, self._again_wait = float("-inf"), _REFUSED_FIRST_S

    def began(self, conn: sqlite3.Connection) -> None:
        """Have a key that lives as long as this boot, and let pages know its other half."""
        try:
            self._private, public = volatile.pair(self.house.data, PAIR)
        except NotReady as bad:
            _log.error("no sheets can be taken: %s", bad)
            self._private = None
            sheet_printing.withdraw(conn)
            return
        sheet_printing.offer(conn, public, moment=self.house.clock.read())

    def ordered(self) -> None:
        """Ask the print service again at once: somebody may have put it right."""
        self._again_at, self._again_wait = float("-inf"), _REFUSED_FIRST_S

    def turn(self, conn: sqlite3.Connection) -> float:
        """Bring every sheet that is not over one step further, then look after the printer."""
        found = sheet_printing.under_way(conn)
        for work in found:
            if self.stopping.is_set():
                return 0.0
            try:
                self._forward(conn, work)
            except DeviceError as bad:
                why = reason(bad.state)
                if why != work.reason_key:
                    _log.warning("sheet %d waits: %s (%s)", work.id, bad.state, bad.detail)
                sheet_printing.goes(conn, work, self._stands(conn, work), why)
                if isinstance(bad, Offline):
                    # The service itself does not answer: the others would only wait for it in turn.
                    break
        if self.slot.look_due(_FOLLOW_S if found else _LOOK_CALM_S, _LOOK_SICK_S):
            seen = self.slot.look()
            if self._refused is DeviceState.PAUSED and seen.state.usable:
                self.ordered()
        return _FOLLOW_S if found else _LOOK_SICK_S

    def _forward(self, conn: sqlite3.Connection, work: Work) -> None:
        if work.handle is not None:
            if work.unwanted:
                handle = work.handle
                self.slot.call(lambda port: port.cancel(handle))
            self._follow(conn, work, work.handle)
            return
        known = self.slot.call(lambda port: port.find(work.name))
        if known is not None:
            self._handed(conn, work, known)
        elif work.unwanted:
            sheet_printing.ended(conn, work.id, State.CANCELLED, moment=self.house.clock.read())
        elif work.state is State.HANDING and not self._remembers(conn):
            sheet_printing.goes(conn, work, State.ASK, "sheetjobs.interrupted")
        else:
            self._hand_over(conn, work)

    def _hand_over(self, conn: sqlite3.Connection, work: Work) -> None:
        if self._refused is not None and time.monotonic() < self._again_at:
            # Each try is written to the card before it is made: a no is not asked for every second.
            sheet_printing.goes(conn, work, work.state, reason(self._refused))
            return
        sealed = sheet_printing.box(conn, work.id)
        if sealed is None:
            return
        pdf = self._opened(*sealed)
        if pdf is None:
            sheet_printing.ended(
                conn, work.id, State.FAILED, "sheetjobs.power_lost", moment=self.house.clock.read()
            )
            return
        if not sheet_printing.handing(conn, work.id):
            return
        try:
            handle = self.slot.call(lambda port: port.submit(pdf, name=work.name, copies=work.copies))
        except Malformed as bad:
            _log.error("sheet %d cannot be printed: %s", work.id, bad.detail)
            sheet_printing.ended(
                conn, work.id, State.FAILED, "sheetjobs.file", moment=self.house.clock.read()
            )
            return
        except (Denied, Paused, Unsupported) as bad:
            # It said no: that is certain, and no paper can come of it.
            self._refused = bad.state
            self._again_at = time.monotonic() + self._again_wait
            self._again_wait = min(2 * self._again_wait, _REFUSED_MOST_S)
            sheet_printing.goes(conn, replace(work, state=State.HANDING), State.QUEUED, reason(bad.state))
            return
        self._handed(conn, work, handle)

    def _handed(self, conn: sqlite3.Connection, work: Work, handle: str) -> None:
        self._refused = None
        self.ordered()
        if work.state is State.QUEUED:
            sheet_printing.handing(conn, work.id)
        sheet_printing.handed(conn, work.id, handle, moment=self.house.clock.read())
        self.slot.last_job = work.id

    def _follow(self, conn: sqlite3.Connection, work: Work, handle: str) -> None:
        seen = self.slot.call(lambda port: port.follow(handle))
        now = self.house.clock.read()
        match seen.stage:
            case SheetStage.DONE:
                sheet_printing.ended(conn, work.id, State.DONE, moment=now)
            case SheetStage.CANCELLED:
                # By a guide, or by somebody at the print service itself.
                sheet_printing.ended(conn, work.id, State.CANCELLED, moment=now)
            case SheetStage.FAILED:
                _log.error("sheet %d was given up: %s", work.id, seen.status.detail)
                sheet_printing.ended(conn, work.id, State.FAILED, _given_up(seen), moment=now)
            case SheetStage.GONE:
                sheet_printing.goes(conn, work, State.ASK, "sheetjobs.forgotten")
            case SheetStage.HELD:
                sheet_printing.goes(conn, work, State.HELD, reason(seen.status.state))
            case _:
                sheet_printing.goes(conn, work, State.PRINTING)

    def _opened(self, box: bytes, context: str) -> bytes | None:
        if self._private is None:
            return None
        try:
            return boxes.open(self._private, box, context)
        except WrongKey:
            return None

    def _remembers(self, conn: sqlite3.Connection) -> bool:
        witness = sheet_printing.witness(conn, self.house.clock.read().boot_id)
        if witness is None:
            return False
        return self.slot.call(lambda port: port.follow(witness)).stage is not SheetStage.GONE

    def _stands(self, conn: sqlite3.Connection, work: Work) -> State:
        # The row may be further than the work that was read before it.
        row = conn.execute("SELECT state FROM sheet_jobs WHERE id = ?", (work.id,)).fetchone()
        return State(row["state"])


def _given_up(seen: SheetProgress) -> str:
    broken = seen.status.state is DeviceState.BROKEN
    return "sheetjobs.file" if broken else reason(seen.status.state)
