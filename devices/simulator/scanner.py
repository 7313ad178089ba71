"""A scanner without glass: the page that lies in it is drawn in memory, and it can be made to fail.

What lies there unless something else is laid is a letter, a little askew on a dark lid. It notes how it is in
``scanner.json`` and never what it saw. It never hands out a page past a fault.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from PIL import Image

from devices import journal
from devices.config import ScannerConfig
from devices.desk_ports import ScannedPage, Scanner, ScanSource, ScanWish
from devices.ports import Malformed, NoDocument, State, Status, refuse_unusable
from devices.simulator import papers
from devices.simulator.papers import Laid

INDEX = "scanner.json"
_STEPS = 5
_STEP_S = 0.02
_ASK_S = 0.1
_LET_GO_S = 2.0


class Fault(StrEnum):
    """What can be wrong with the practice scanner."""

    CABLE_PULLED = "cable_pulled"
    COVER_OPEN = "cover_open"
    JAMMED = "jammed"
    BUSY = "busy"
    FEEDER_EMPTY = "feeder_empty"
    HANGS = "hangs"
    """It takes the wish and never comes back by itself, as a driver that lost its way does."""


_STATES = {
    Fault.CABLE_PULLED: State.OFFLINE,
    Fault.COVER_OPEN: State.COVER_OPEN,
    Fault.JAMMED: State.JAMMED,
    Fault.BUSY: State.BUSY,
    Fault.FEEDER_EMPTY: State.NO_DOCUMENT,
}


class SimulatedScanner(Scanner):
    """The practice scanner."""

    def __init__(self, config: ScannerConfig, folder: Path) -> None:
        self._config = config
        self._path = folder / INDEX
        self._fault: Fault | None = None
        self._closed = False
        self._pages: tuple[Image.Image, ...] = ()
        self._laid = Laid.LETTER
        self._note()

    def lay(self, *pages: Image.Image) -> None:
        """Lay pages into the scanner: the first on the glass, all of them in the feeder."""
        self._pages = pages

    def press(self, button: str) -> None:
        """Lay one of ``papers.Laid`` on the glass, as an order names it; raises Malformed for another."""
        try:
            self._laid = Laid(button)
        except ValueError:
            raise Malformed(f"nothing to lay is called {button!r}") from None
        self._pages = ()
        self._note()

    def inject(self, fault: Fault) -> None:
        """Make the scanner fail this way until ``mend``."""
        self._fault = fault
        self._note()

    def mend(self) -> None:
        """Put everything right again."""
        self._fault = None
        self._note()

    def sources(self) -> tuple[ScanSource, ...]:
        refuse_unusable(self.status())
        return tuple(ScanSource)

    def scan(
        self,
        wish: ScanWish,
        *,
        on_page: Callable[[ScannedPage], None],
        on_progress: Callable[[int, float], None],
        stopped: Callable[[], bool],
    ) -> int:
        refuse_unusable(self.status())
        if self._fault is Fault.FEEDER_EMPTY and wish.source is not ScanSource.FLATBED:
            raise NoDocument("the feeder is empty")
        if self._fault is Fault.HANGS:
            self._hang(stopped)
        laid = self._pages or (papers.lay(self._laid, wish.dpi),)
        count = 1 if wish.source is ScanSource.FLATBED else min(len(laid), wish.most_pages)
        for number in range(1, count + 1):
            for step in range(_STEPS):
                if stopped():
                    return number - 1
                refuse_unusable(self.status())
                on_progress(number, step / _STEPS)
                time.sleep(_STEP_S)
            on_page(ScannedPage(number, _pnm(laid[number - 1], wish), wish.dpi))
            on_progress(number, 1.0)
        return count

    def status(self) -> Status:
        if self._closed:
            return Status(State.OFFLINE, "closed")
        state = _STATES.get(self._fault) if self._fault else None
        return Status(state, self._fault or "") if state else Status(State.READY)

    def close(self) -> None:
        self._closed = True
        self._note()

    def _hang(self, stopped: Callable[[], bool]) -> None:
        while self._fault is Fault.HANGS and not stopped():
            if self._closed:
                # What was closed under a call lets go, but not at once.
                time.sleep(_LET_GO_S)
                return
            time.sleep(_ASK_S)

    def _note(self) -> None:
        told = {"state": self.status().state, "fault": self._fault, "laid": self._laid, "buttons": list(Laid)}
        journal.write(self._path, told)


def _pnm(page: Image.Image, wish: ScanWish) -> bytes:
    size = (round(papers.A4_INCHES[0] * wish.dpi), round(papers.A4_INCHES[1] * wish.dpi))
    shown = page.convert("RGB" if wish.colour else "L")
    if shown.size != size:
        shown = shown.resize(size)
    memory = io.BytesIO()
    shown.save(memory, "PPM")
    return memory.getvalue()
