"""What a print service says about a printer and its jobs, in the House's words.

Keeps true: reasons, state message and the age of a job are read together, since each alone is silent about
some fault (a pulled cable shows in the message only, an empty tray in the reasons only). Severity is not
believed: a tray that is empty comes as an error from one printer and as a warning from another. It never asks
the service anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from devices.desk_ports import SheetProgress, SheetStage
from devices.ports import State, Status

IDLE, PROCESSING, STOPPED = 3, 4, 5
"""States of a printer (RFC 8011, 5.4.11)."""

_CONNECTING_S = 8.0
"""Every job connects to its printer; one that still does after this long has not found it."""
SILENT_S = 180.0
"""A job that is being printed for so long without a word of trouble is looked at by a person."""

_REASONS = {
    "media-empty": State.NO_PAPER,
    "media-needed": State.NO_PAPER,
    "input-tray-missing": State.NO_PAPER,
    "cover-open": State.COVER_OPEN,
    "door-open": State.COVER_OPEN,
    "interlock-open": State.COVER_OPEN,
    "media-jam": State.JAMMED,
    "output-area-full": State.JAMMED,
    "output-tray-missing": State.JAMMED,
    "toner-empty": State.NO_INK,
    "marker-supply-empty": State.NO_INK,
    "developer-empty": State.NO_INK,
    "marker-supply-missing": State.NO_INK,
    "offline": State.OFFLINE,
    "timed-out": State.OFFLINE,
    "shutdown": State.OFFLINE,
    "paused": State.PAUSED,
    "moving-to-paused": State.PAUSED,
    "cups-remote-stopped": State.PAUSED,
    "spool-area-full": State.BROKEN,
    "marker-waste-full": State.BROKEN,
    "fuser-over-temp": State.BROKEN,
    "opc-life-over": State.BROKEN,
    "other": State.BROKEN,
    "cups-missing-filter": State.BROKEN,
    "cups-insecure-filter": State.BROKEN,
    "cups-held-for-authentication": State.DENIED,
    "toner-low": State.LOW_INK,
    "marker-supply-low": State.LOW_INK,
    "media-low": State.LOW_PAPER,
}
_SEVERITIES = ("-error", "-warning", "-report")

# What is worst for the paper that waits comes first: who has no paper and little ink needs paper.
_WORST = (
    State.PAUSED,
    State.DENIED,
    State.OFFLINE,
    State.COVER_OPEN,
    State.JAMMED,
    State.NO_PAPER,
    State.NO_INK,
    State.BROKEN,
    State.BUSY,
    State.LOW_PAPER,
    State.LOW_INK,
)

_MESSAGES = (
    ("may not exist or is unavailable", State.OFFLINE),
    ("unreachable", State.OFFLINE),
    ("not responding", State.OFFLINE),
    ("unable to locate printer", State.OFFLINE),
    ("unable to find printer", State.OFFLINE),
    ("unable to connect", State.OFFLINE),
    ("turned off", State.OFFLINE),
    ("waiting for printer to become available", State.OFFLINE),
    ("is in use", State.BUSY),
    ("is busy", State.BUSY),
)


@dataclass(frozen=True, slots=True)
class Printer:
    """What the service says of a printer: its state, reasons, message, and whether it takes jobs."""

    state: int
    reasons: tuple[str, ...]
    message: str
    accepts: bool = True


def keyword(reason: str) -> tuple[str, str]:
    """Return a reason without its severity, and that (``error``, ``warning``, ``report`` or empty)."""
    for ending in _SEVERITIES:
        if reason.endswith(ending):
            return reason[: -len(ending)], ending[1:]
    return reason, ""


def status(printer: Printer, *, connecting_s: float = 0.0) -> Status:
    """Return how a printer is; ``connecting_s`` is for how long it has been trying to reach the device."""
    found = [state for state in _states(printer.reasons)]
    told = printer.message if printer.state in (PROCESSING, STOPPED) else ""
    found += [state for words, state in _MESSAGES if words in told.lower()]
    if connecting_s >= _CONNECTING_S and "connecting-to-device" in map(_bare, printer.reasons):
        found.append(State.OFFLINE)
    if printer.state == STOPPED or not printer.accepts:
        found.append(State.PAUSED)
    state = next((one for one in _WORST if one in found), State.READY)
    return Status(state, _detail(printer, told) if state is not State.READY else "")


def progress(
    job_state: int,
    job_reasons: Iterable[str],
    printer: Printer,
    *,
    connecting_s: float = 0.0,
    printing_s: float = 0.0,
) -> SheetProgress:
    """Return how far a job is, from its own state (RFC 8011, 5.3.7) and that of its printer.

    ``printing_s`` is for how long it has been printed without an end. A job in state 6 was given up by a
    filter: its file cannot be printed, and it will not go on.
    """
    now = status(printer, connecting_s=connecting_s)
    bare = {_bare(reason) for reason in job_reasons}
    if "cups-held-for-authentication" in bare:
        return SheetProgress(SheetStage.HELD, Status(State.DENIED, "the printer asks for a password"))
    match job_state:
        case 3:
            return SheetProgress(SheetStage.WAITING if _goes(now) else SheetStage.HELD, now)
        case 4 if "job-incoming" in bare:
            return SheetProgress(SheetStage.WAITING, now)
        case 4:
            return SheetProgress(SheetStage.HELD, Status(State.PAUSED, "somebody holds the job back"))
        case 5 if not _goes(now):
            return SheetProgress(SheetStage.HELD, now)
        case 5 if printing_s >= SILENT_S:
            silent = Status(State.UNKNOWN, f"no end and no word after {printing_s:.0f} s")
            return SheetProgress(SheetStage.HELD, silent)
        case 5:
            return SheetProgress(SheetStage.PRINTING, now)
        case 7 if "processing-to-stop-point" in bare:
            # The printer is still being told: a sheet may yet come out.
            return SheetProgress(SheetStage.PRINTING, now)
        case 7:
            return SheetProgress(SheetStage.CANCELLED, now)
        case 9:
            return SheetProgress(SheetStage.DONE, now)
        case 6:
            return SheetProgress(SheetStage.FAILED, Status(State.BROKEN, "the file could not be printed"))
        case _:
            # Given up by the queue's own policy, mostly because the device could not be reached.
            given = now if not now.state.usable else Status(State.BROKEN, "the print service gave the job up")
            return SheetProgress(SheetStage.FAILED, given)


def _goes(now: Status) -> bool:
    return now.state.usable or now.state is State.BUSY


def _bare(reason: str) -> str:
    return keyword(reason)[0]


def _states(reasons: Iterable[str]) -> Iterable[State]:
    for reason in reasons:
        bare, severity = keyword(reason)
        state = _REASONS.get(bare)
        if state is None and severity == "error":
            state = State.BROKEN
        # A mere report is no trouble, but that is how a queue says that nobody answers it.
        if state is not None and (severity != "report" or state in (State.OFFLINE, State.PAUSED)):
            yield state


def _detail(printer: Printer, told: str) -> str:
    said = [", ".join(reason for reason in printer.reasons if reason != "none"), told]
    if not printer.accepts:
        said.append("the queue rejects jobs (cupsaccept)")
    if printer.state == STOPPED:
        said.append("the queue is stopped (cupsenable)")
    # Whatever a filter writes may name a file; the first words tell what is the matter.
    return "; ".join(part for part in said if part)[:200]
