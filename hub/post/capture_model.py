"""The values of what is taken in at a guide's desk.

Keeps true: nothing here says what a page or a code shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from devices.desk_ports import ScanWish
from devices.ports import State as DeviceState

CaptureId = NewType("CaptureId", str)
PageId = NewType("PageId", str)


class Kind(StrEnum):
    """What is taken in."""

    SCAN = "scan"
    """Pages for a question of a draft."""
    CARD = "card"
    """The code of a card on the glass; its picture is never kept."""
    CODE = "code"
    """The next code that the desk's reader sees."""


class State(StrEnum):
    """How far a wish is."""

    ASKED = "asked"
    TAKEN = "taken"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STALE = "stale"
    """Nobody could fulfil it in time."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it by itself."""
        return self not in (State.ASKED, State.TAKEN)


class Reason(StrEnum):
    """Why a wish was not fulfilled; the words of a device's state, and a few of the House's own."""

    OFFLINE = "offline"
    BUSY = "busy"
    COVER_OPEN = "cover_open"
    JAMMED = "jammed"
    NO_DOCUMENT = "no_document"
    DENIED = "denied"
    UNSUPPORTED = "unsupported"
    BROKEN = "broken"
    INTERRUPTED = "interrupted"
    """The bench, or the whole House, stopped in the middle."""
    NO_CODE = "no_code"
    """The card was scanned and no code was found on it."""
    CARD = "card"
    """An ID card lay where a page was asked for; its picture was not kept."""
    TOO_MANY = "too_many"
    """The sheaf is full."""

    @classmethod
    def of(cls, state: DeviceState) -> Reason:
        """Return the reason that belongs to a device's state; ``broken`` for one that no scan ends with."""
        return cls(state.value) if state.value in cls._value2member_map_ else cls.BROKEN

    @property
    def key(self) -> str:
        """The phrase that says it and what to do."""
        return f"scanning.reason_{self}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the House it is wanted: a draft, a page of its form, a question; empty where there is none."""

    draft_id: str | None = None
    page_id: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What may be known of a page without opening it: dots, findings by name, bytes before and after."""

    width: int
    height: int
    dpi: int
    findings: tuple[str, ...]
    before_bytes: int
    after_bytes: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a sheaf; ``number`` counts from 1 as they lie."""

    id: PageId
    number: int
    facts: Facts


@dataclass(frozen=True, slots=True)
class Capture:
    """One wish; ``page`` and ``share`` say how far the scanner is, ``before`` how many stand before it."""

    id: CaptureId
    kind: Kind
    state: State
    reason: Reason | None
    staff_id: int
    place: Place
    wish: ScanWish
    replaces: PageId | None
    page: int
    share: float
    before: int
