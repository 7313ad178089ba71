"""Print sheets of A4 through CUPS, and follow each to its end.

Keeps true: a sheet travels in memory alone and no file is made here; a name is handed over once, also when an
earlier hand-over was cut in two; a question that hangs holds up nobody. It never administers the service: a
queue that somebody paused stays paused until a technician resumes it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import cups

from devices.config import SheetsConfig
from devices.desk_ports import SheetPrinter, SheetProgress, SheetStage
from devices.drivers import cups_words
from devices.drivers.cups_clerk import Clerks, Question
from devices.drivers.cups_words import Printer
from devices.found import Found
from devices.ports import Busy, DeviceError, Malformed, Offline, State, Status, Unsupported

_CHUNK = 65_536
_BYTES_A_SECOND = 4_000_000
_NOT_FOUND, _TOO_LATE = 0x0406, 0x0404
_PRINTED = 5
_OVER = 7
"""From this state on nothing more happens to a job; 6 is one that a filter gave up."""
_JOB = [
    "job-id",
    "job-name",
    "job-state",
    "job-state-reasons",
    "number-of-documents",
    "job-printer-uri",
    # Only for an attribute like this CUPS 2.4 reads an ended job back; without it the job has no name.
    "time-at-processing",
]
_PRINTER = [
    "printer-state",
    "printer-state-reasons",
    "printer-state-message",
    "printer-is-accepting-jobs",
]


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of the print service, as a technician chooses it; ``local`` is already set up."""

    name: str
    label: str
    local: bool
    default: bool


def found(config: SheetsConfig | None = None) -> tuple[Found, ...]:
    """Return the queues that the House could use, the default one first; raises Offline."""
    printer = CupsSheetPrinter(config or SheetsConfig(kind="cups"))
    try:
        return tuple(
            Found(
                "sheets",
                one.label,
                {"kind": "cups", "queue": one.name},
                (
                    "a queue of the print service"
                    if one.local
                    else "offered by the network, without a queue yet"
                ),
            )
            for one in printer.queues()
        )
    finally:
        printer.close()


class CupsSheetPrinter(SheetPrinter):
    """A queue of CUPS: the named one, or whichever is the default."""

    def __init__(self, config: SheetsConfig) -> None:
        self._config = config
        self._clerks = Clerks(config.server)
        self._connecting: float | None = None
        self._printing: dict[str, float] = {}

    def submit(self, pdf: bytes, *, name: str, copies: int = 1) -> str:
        if not pdf.startswith(b"%PDF-"):
            raise Malformed("not a PDF")
        if not 1 <= copies <= 99:
            raise Malformed("copies: 1 to 99")
        if self._clerks.late:
            # What an earlier question began may still be carried out: a second one could double the paper.
            raise Busy("an earlier question to the print service has not come back")
        seconds = self._config.answer_s + len(pdf) / _BYTES_A_SECOND

        def hand_over(conn: Any, question: Question[str]) -> str:
            known = _known(conn, name)
            if known is not None:
                return known
            queue = self._queue(conn)
            _still_wanted(question)
            job = conn.createJob(queue, name, _options(copies))
            _still_wanted(question)
            conn.startDocument(queue, job, name, "application/pdf", 1)
            for at in range(0, len(pdf), _CHUNK):
                part = pdf[at : at + _CHUNK]
                conn.writeRequestData(part, len(part))
            conn.finishDocument(queue)
            return _handle(job, name)

        return self._clerks.ask(hand_over, seconds)

    def find(self, name: str) -> str | None:
        return self._clerks.ask(lambda conn, _question: _known(conn, name), self._config.answer_s)

    def follow(self, handle: str) -> SheetProgress:
        number, name = _parts(handle)

        def look(conn: Any, _question: Question[Any]) -> tuple[dict[str, Any], Printer] | None:
            job = _job(conn, number, name)
            return None if job is None else (job, _printer_of(conn, job))

        seen = self._clerks.ask(look, self._config.answer_s)
        if seen is None:
            self._printing.pop(handle, None)
            return SheetProgress(
                SheetStage.GONE, Status(State.UNKNOWN, "the print service knows no such job")
            )
        job, printer = seen
        if _empty(job):
            # The service was started anew in the middle of it and keeps no files: what was at the printer may
            # have come out, and nothing more will.
            self._printing.pop(handle, None)
            self.cancel(handle)
            return SheetProgress(SheetStage.GONE, Status(State.UNKNOWN, "the print service lost the file"))
        return self._progress(handle, number, int(job.get("job-state", 0)), job, printer)

    def cancel(self, handle: str) -> None:
        number, name = _parts(handle)

        def take_back(conn: Any, _question: Question[None]) -> None:
            job = _job(conn, number, name)
            if job is None or int(job.get("job-state", _OVER)) >= _OVER:
                return
            try:
                conn.cancelJob(number)
            except cups.IPPError as error:
                if error.args[0] not in (_NOT_FOUND, _TOO_LATE):
                    raise

        self._clerks.ask(take_back, self._config.answer_s)

    def status(self) -> Status:
        try:
            printer = self._clerks.ask(
                lambda conn, _question: _printer(conn, self._queue(conn)), self._config.answer_s
            )
        except DeviceError as error:
            return Status.of(error)
        return cups_words.status(printer, connecting_s=self._connecting_s(printer))

    def close(self) -> None:
        self._clerks.close()

    def queues(self, seconds: float = 2.0) -> tuple[Queue, ...]:
        """Return the queues that can be chosen: those set up, and what the network offers."""
        return self._clerks.ask(
            lambda conn, _question: _queues(conn, seconds), seconds + self._config.answer_s
        )

    def _progress(
        self, handle: str, number: int, state: int, job: dict[str, Any], printer: Printer
    ) -> SheetProgress:
        since = self._printing.setdefault(handle, time.monotonic()) if state == 5 else None
        if state != 5:
            self._printing.pop(handle, None)
        told = cups_words.progress(
            state,
            _words(job.get("job-state-reasons")),
            printer,
            connecting_s=self._connecting_s(printer),
            printing_s=0.0 if since is None else time.monotonic() - since,
        )
        if state == 6:
            # Tried again at the service's next start, it would surprise a guide who was told that it failed.
            self.cancel(handle)
        return told

    def _connecting_s(self, printer: Printer) -> float:
        if not any(cups_words.keyword(one)[0] == "connecting-to-device" for one in printer.reasons):
            self._connecting = None
            return 0.0
        if self._connecting is None:
            self._connecting = time.monotonic()
        return time.monotonic() - self._connecting

    def _queue(self, conn: Any) -> str:
        found = self._config.queue or conn.getDefault()
        if not found:
            raise Unsupported("the print service has no default queue: name one in the settings")
        return str(found)


def _queues(conn: Any, seconds: float) -> tuple[Queue, ...]:
    default = conn.getDefault()
    found = {
        name: Queue(name, told.get("printer-info") or name, True, name == default)
        for name, told in conn.getPrinters().items()
    }

    def seen(_data: object, flags: int, dest: Any) -> int:
        if not flags & cups.CUPS_DEST_FLAGS_REMOVED:
            told = dest.options
            label = told.get("printer-info") or told.get("printer-make-and-model") or dest.name
            found.setdefault(dest.name, Queue(dest.name, label, False, False))
        return 1

    try:
        # A printer that the network offers needs no queue of its own: the service makes one when it is used.
        cups.enumDests(seen, flags=0, msec=int(seconds * 1000))
    except RuntimeError:
        # Nobody on this machine hears the network's offers (no Avahi): what is set up can still be chosen.
        pass
    return tuple(sorted(found.values(), key=lambda one: (not one.default, not one.local, one.name)))


def _options(copies: int) -> dict[str, str]:
    # No banner page: it would name the sheet, and it is paper.
    return {"copies": str(copies), "media": "iso_a4_210x297mm", "job-sheets": "none,none"}


def _still_wanted(question: Question[Any]) -> None:
    if question.given_up:
        raise Offline("given up on the way")


def _known(conn: Any, name: str) -> str | None:
    """Return the handle of a job with this name; one that was made and never filled is removed."""
    found = None
    for number, job in conn.getJobs(which_jobs="all", my_jobs=True, requested_attributes=_JOB).items():
        if job.get("job-name") != name:
            continue
        if _empty(job) and not job.get("time-at-processing"):
            conn.cancelJob(number, purge_job=True)
        else:
            found = _handle(number, name)
    return found


def _printer(conn: Any, queue: str) -> Printer:
    told = conn.getPrinterAttributes(queue, requested_attributes=_PRINTER)
    return Printer(
        state=int(told.get("printer-state", 0)),
        reasons=_words(told.get("printer-state-reasons")),
        message=str(told.get("printer-state-message") or ""),
        accepts=bool(told.get("printer-is-accepting-jobs", True)),
    )


def _empty(job: dict[str, Any]) -> bool:
    # While a job is printed or waits, its files are counted; a job that is made has none for a moment.
    return int(job.get("job-state", 0)) < _PRINTED and not job.get("number-of-documents", 1)


def _job(conn: Any, number: int, name: str) -> dict[str, Any] | None:
    # One job of a list, because only this question of pycups says who asks: to others the name is private.
    # After a loss of memory the service counts from one again: the number alone may be somebody else's.
    told = conn.getJobs(
        which_jobs="all", my_jobs=True, limit=1, first_job_id=number, requested_attributes=_JOB
    ).get(number)
    return told if told is not None and told.get("job-name") == name else None


def _printer_of(conn: Any, job: dict[str, Any]) -> Printer:
    place = urlsplit(str(job.get("job-printer-uri") or "")).path
    try:
        return _printer(conn, unquote(place.rpartition("/")[2]))
    except cups.IPPError as error:
        if error.args[0] != _NOT_FOUND:
            raise
        return Printer(cups_words.STOPPED, (), "the queue of this job is gone")


def _words(told: Any) -> tuple[str, ...]:
    if told is None:
        return ()
    return (told,) if isinstance(told, str) else tuple(map(str, told))


def _handle(number: int, name: str) -> str:
    return f"{number}:{name}"


def _parts(handle: str) -> tuple[int, str]:
    number, _, name = handle.partition(":")
    if not number.isdecimal() or not name:
        raise Malformed("not a handle of this print service")
    return int(number), name
