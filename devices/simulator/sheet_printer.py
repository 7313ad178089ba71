"""A sheet printer without paper: each PDF it is given is kept in a folder, and it can be made to fail.

It keeps a queue as a print service does: a job waits while something is wrong, goes on by itself when that is
mended, and is never taken twice under one name. Its index is ``sheets.json``; it never prints past a fault.
"""

from __future__ import annotations

import threading
from enum import StrEnum
from pathlib import Path

from devices import journal
from devices.config import SheetsConfig
from devices.desk_ports import SheetPrinter, SheetProgress, SheetStage
from devices.ports import Malformed, Offline, Paused, State, Status

INDEX = "sheets.json"


class Fault(StrEnum):
    """What can be wrong with the practice sheet printer."""

    OUT_OF_PAPER = "out_of_paper"
    CABLE_PULLED = "cable_pulled"
    COVER_OPEN = "cover_open"
    JAMMED = "jammed"
    OUT_OF_INK = "out_of_ink"
    REJECTS = "rejects"


_STATES = {
    Fault.OUT_OF_PAPER: State.NO_PAPER,
    Fault.CABLE_PULLED: State.OFFLINE,
    Fault.COVER_OPEN: State.COVER_OPEN,
    Fault.JAMMED: State.JAMMED,
    Fault.OUT_OF_INK: State.NO_INK,
    Fault.REJECTS: State.PAUSED,
}


class SimulatedSheetPrinter(SheetPrinter):
    """The practice sheet printer."""

    def __init__(self, config: SheetsConfig, folder: Path) -> None:
        self._config = config
        self._folder = folder
        self._fault: Fault | None = None
        self._closed = False
        self._noted = True
        self._lock = threading.RLock()
        self._jobs = journal.entries(journal.read(folder / INDEX), "jobs")
        # Switched on again it is well, and what waited comes out.
        self._print_waiting()

    def inject(self, fault: Fault) -> None:
        """Make the printer fail this way until ``mend``."""
        with self._lock:
            self._fault = fault
            self._note()

    def mend(self) -> None:
        """Put everything right again: what waited comes out."""
        with self._lock:
            self._fault = None
            self._print_waiting()

    def submit(self, pdf: bytes, *, name: str, copies: int = 1) -> str:
        with self._lock:
            if self._closed:
                raise Offline("closed")
            known = self.find(name)
            if known is not None:
                return known
            if not pdf.startswith(b"%PDF-"):
                raise Malformed("not a PDF")
            if self._fault is Fault.REJECTS:
                raise Paused("the queue rejects jobs")
            number = 1 + max((n for job in self._jobs if isinstance(n := job.get("number"), int)), default=0)
            file = f"sheet-{number:06}.pdf"
            journal.replace(self._folder / file, pdf)
            self._jobs.append(
                {
                    "number": number,
                    "name": name,
                    "file": file,
                    "copies": copies,
                    "stage": SheetStage.WAITING,
                    "taken_at": journal.now(),
                }
            )
            self._print_waiting()
            return str(number)

    def find(self, name: str) -> str | None:
        with self._lock:
            self._stand_by_it()
            return next((str(job["number"]) for job in self._jobs if job.get("name") == name), None)

    def follow(self, handle: str) -> SheetProgress:
        with self._lock:
            self._stand_by_it()
            job = next((job for job in self._jobs if str(job.get("number")) == handle), None)
            if job is None:
                return SheetProgress(SheetStage.GONE, Status(State.UNKNOWN, "no such job"))
            stage = SheetStage(str(job.get("stage")))
            if stage is SheetStage.WAITING and self._fault is not None:
                return SheetProgress(SheetStage.HELD, self.status())
            return SheetProgress(stage, self.status())

    def cancel(self, handle: str) -> None:
        with self._lock:
            if self._closed:
                raise Offline("closed")
            for job in self._jobs:
                if str(job.get("number")) == handle and job.get("stage") == SheetStage.WAITING:
                    job["stage"] = SheetStage.CANCELLED
                    (self._folder / str(job["file"])).unlink(missing_ok=True)
            self._note()

    def status(self) -> Status:
        if self._closed:
            return Status(State.OFFLINE, "closed")
        return Status(_STATES[self._fault], self._fault) if self._fault else Status(State.READY)

    def close(self) -> None:
        self._closed = True

    def _print_waiting(self) -> None:
        if self._fault is None:
            for job in self._jobs:
                if job.get("stage") == SheetStage.WAITING:
                    job |= {"stage": SheetStage.DONE, "printed_at": journal.now()}
        gone, self._jobs = self._jobs[: -self._config.keep], self._jobs[-self._config.keep :]
        self._note()
        for job in gone:
            (self._folder / Path(str(job.get("file"))).name).unlink(missing_ok=True)

    def _stand_by_it(self) -> None:
        # What could not be written down would be forgotten with this process: nothing is said of it before.
        if self._closed:
            raise Offline("closed")
        if not self._noted:
            self._note()

    def _note(self) -> None:
        self._noted = False
        status = self.status()
        told = {"state": status.state, "fault": self._fault, "jobs": self._jobs}
        journal.write(self._folder / INDEX, told)
        self._noted = True
