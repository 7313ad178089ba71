"""What the House may ask of the devices on a guide's desk: sheet printer, scanner and code reader.

They fail with the errors of ``devices.ports`` and keep the same manner: every driver and every simulator
keeps the same promises, and the contract tests hold them to it. Nothing here touches hardware or knows a language.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from devices.ports import Malformed, Status


class SheetStage(StrEnum):
    """Where a sheet job is on its way through the print service."""

    WAITING = "waiting"
    PRINTING = "printing"
    HELD = "held"
    """It waits for a hand: paper, lid, cable. It goes on by itself when that is mended."""
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    """The print service gave it up; it will not come by itself."""
    GONE = "gone"
    """The print service does not know it (any more): only a person can tell whether it came out."""

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self not in (SheetStage.WAITING, SheetStage.PRINTING, SheetStage.HELD)


@dataclass(frozen=True, slots=True)
class SheetProgress:
    """How far a sheet job is; ``status`` says what is in its way.

    How many sheets are out is not told: print services count what they sent, not what came out.
    """

    stage: SheetStage
    status: Status


class SheetPrinter(ABC):
    """A printer of A4 sheets behind a print service that keeps its own queue."""

    @abstractmethod
    def submit(self, pdf: bytes, *, name: str, copies: int = 1) -> str:
        """Hand a PDF over and return the service's handle for it.

        ``name`` is the House's own for this job and never used twice; it says nothing about anybody. A name
        that the service already knows is not taken again: its handle is returned. After Offline or Busy it
        may or may not have been taken: submit it again under the same name. Raises Offline, Busy, Paused,
        Unsupported, Malformed, Denied.
        """

    @abstractmethod
    def find(self, name: str) -> str | None:
        """Return the handle of a job the service knows by this name, or None; raises Offline."""

    @abstractmethod
    def follow(self, handle: str) -> SheetProgress:
        """Say how far a job is; bounded in time. Raises Offline when the service does not answer."""

    @abstractmethod
    def cancel(self, handle: str) -> None:
        """Take a job back; quiet when it is over already. Raises Offline."""

    @abstractmethod
    def status(self) -> Status:
        """Say how the printer is; bounded in time, never raises a DeviceError."""

    @abstractmethod
    def close(self) -> None:
        """Let go; may be called twice. Jobs stay with the service. Submitting afterwards is Offline."""


class ScanSource(StrEnum):
    """Where the paper lies."""

    FLATBED = "flatbed"
    FEEDER = "feeder"
    FEEDER_BOTH = "feeder_both"
    """The feeder, both sides of each sheet."""


LONGEST_SCAN_PAGES = 50


@dataclass(frozen=True, slots=True)
class ScanWish:
    """What is to be scanned and how; ``most_pages`` ends a feeder's run."""

    source: ScanSource = ScanSource.FLATBED
    dpi: int = 200
    colour: bool = True
    most_pages: int = LONGEST_SCAN_PAGES

    def __post_init__(self) -> None:
        if not 75 <= self.dpi <= 600 or not 1 <= self.most_pages <= LONGEST_SCAN_PAGES:
            raise Malformed("a scan is 75 to 600 dpi and 1 to 50 pages")


@dataclass(frozen=True, slots=True, repr=False)
class ScannedPage:
    """One side of paper as the scanner saw it: ``pnm`` is a binary PGM or PPM, in memory only."""

    number: int
    pnm: bytes
    dpi: int


class Scanner(ABC):
    """A scanner; its pages exist in memory only and are never written to a disk."""

    @abstractmethod
    def sources(self) -> tuple[ScanSource, ...]:
        """Return where paper may lie; bounded in time. Raises Offline, Busy, Denied, Unsupported."""

    @abstractmethod
    def scan(
        self,
        wish: ScanWish,
        *,
        on_page: Callable[[ScannedPage], None],
        on_progress: Callable[[int, float], None],
        stopped: Callable[[], bool],
    ) -> int:
        """Scan and return how many pages there were.

        ``on_page`` is called with each page as it is whole; ``on_progress(page, share)`` now and then, share
        0.0 to 1.0; ``stopped`` is asked at least twice a second, and True ends the scan soon: pages handed
        over so far stand. Bounded by a deadline a page. Raises NoDocument (not one page), CoverOpen, Jammed,
        Busy, Offline, Denied, Unsupported (a source or dpi it does not have); pages handed over before stand.
        """

    @abstractmethod
    def status(self) -> Status:
        """Say how the scanner is without scanning; bounded in time, never raises a DeviceError."""

    @abstractmethod
    def close(self) -> None:
        """Let go; may be called twice. Scanning afterwards is Offline."""


class CodeReader(ABC):
    """A reader of QR codes and barcodes that stands on a desk, attached as a keyboard or a serial line."""

    @abstractmethod
    def on_code(self, callback: Callable[[str], None]) -> None:
        """Have ``callback(text)`` called once a code that was read whole.

        It comes from a thread of the reader's own and must only drop the text into a queue. What the reader
        sees reaches nobody else: no page, no console.
        """

    @abstractmethod
    def status(self) -> Status:
        """Say how the reader is; never raises a DeviceError."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the reader; may be called twice. No code is reported afterwards."""
