"""A slip printer without paper: every slip becomes a PNG in a folder, and it can be made to fail.

Its papers are dot for dot what a real printer of its width would show, numbered without gaps across
restarts, the last ``keep`` of them kept with an index (``printer.json``) that other processes read. A fault
stays until it is mended. It never prints silently past a fault.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from PIL import Image

from devices import fonts, journal, probe, raster
from devices.config import PrinterConfig
from devices.picture import PictureBook
from devices.ports import Offline, SlipPrinter, State, Status, refuse_unusable
from devices.simulator import probe_paper
from devices.slip import Slip, as_text

INDEX = "printer.json"


class Fault(StrEnum):
    """What can be wrong with the practice printer."""

    OUT_OF_PAPER = "out_of_paper"
    PAPER_ENDS_MIDWAY = "paper_ends_midway"
    CABLE_PULLED = "cable_pulled"
    COVER_OPEN = "cover_open"
    JAMMED = "jammed"
    SLOW = "slow"


_STATES = {
    Fault.OUT_OF_PAPER: State.NO_PAPER,
    Fault.CABLE_PULLED: State.OFFLINE,
    Fault.COVER_OPEN: State.COVER_OPEN,
    Fault.JAMMED: State.JAMMED,
}
_SLOW_S = 1.5


class SimulatedSlipPrinter(SlipPrinter):
    """The practice printer."""

    def __init__(self, config: PrinterConfig, folder: Path, pictures: PictureBook | None = None) -> None:
        self._config = config
        self._folder = folder
        self._pictures = pictures
        self._fault: Fault | None = None
        self._closed = False
        self._lock = threading.RLock()
        self._papers = journal.entries(journal.read(folder / INDEX), "papers")
        self._note()

    @property
    def width(self) -> int:
        return self._config.width

    def inject(self, fault: Fault) -> None:
        """Make the printer fail this way until ``mend``."""
        with self._lock:
            self._fault = fault
            self._note()

    def mend(self) -> None:
        """Put everything right again."""
        with self._lock:
            self._fault = None
            self._note()

    def status(self) -> Status:
        if self._closed:
            return Status(State.OFFLINE, "closed")
        return self._felt() if self._fault in _STATES else fonts.sick() or self._felt()

    def _felt(self) -> Status:
        if self._fault is None:
            return Status(State.READY)
        return Status(_STATES.get(self._fault, State.READY), self._fault)

    def print(self, slip: Slip, *, on_first_byte: Callable[[], None] | None = None) -> bool:
        with self._lock:
            self._refuse()
            paper = raster.render(slip, self.width, self._pictures)
            return self._come_out(paper, as_text(slip), on_first_byte)

    def print_probe(self, *, on_first_byte: Callable[[], None] | None = None) -> bool:
        with self._lock:
            self._refuse()
            told = "".join(f"{trial.number} {trial.label}\n" for trial in probe.lines(self._config))
            return self._come_out(probe_paper.draw(self._config), told, on_first_byte)

    def _refuse(self) -> None:
        if self._closed:
            raise Offline("closed")
        refuse_unusable(self._felt())

    def _come_out(self, paper: Image.Image, text: str, on_first_byte: Callable[[], None] | None) -> bool:
        if on_first_byte is not None:
            on_first_byte()
        if self._fault is Fault.SLOW:
            time.sleep(_SLOW_S)
        if self._fault is Fault.PAPER_ENDS_MIDWAY:
            self._keep(paper.crop((0, 0, paper.width, paper.height // 2)), text, whole=False)
            self.inject(Fault.OUT_OF_PAPER)
            self._refuse()
        self._keep(paper, text, whole=True)
        return True

    def close(self) -> None:
        self._closed = True

    def _keep(self, paper: Image.Image, text: str, *, whole: bool) -> None:
        number = (
            max((n for entry in self._papers if isinstance(n := entry.get("number"), int)), default=0) + 1
        )
        memory = io.BytesIO()
        paper.save(memory, "PNG")
        name = f"paper-{number:06}.png"
        journal.replace(self._folder / name, memory.getvalue())
        entry = {
            "number": number,
            "file": name,
            "printed_at": journal.now(),
            "whole": whole,
            "text": text,
        }
        self._papers.append(entry)
        gone, self._papers = self._papers[: -self._config.keep], self._papers[-self._config.keep :]
        self._note()
        for entry in gone:
            (self._folder / Path(str(entry.get("file"))).name).unlink(missing_ok=True)

    def _note(self) -> None:
        status = self.status()
        told = {"width": self.width, "state": status.state, "fault": self._fault, "papers": self._papers}
        journal.write(self._folder / INDEX, told)
