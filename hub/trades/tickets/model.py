"""What a ticket is, what a service is, and the words for what may happen to them.

A ticket names no person. What was printed on it (number, label, colour, picture) never changes afterwards.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from hub.base import phrases
from hub.base.clock import Moment

TicketId = NewType("TicketId", int)


class Priority(StrEnum):
    """Why somebody may go earlier."""

    NONE = "none"
    ELDERLY = "elderly"
    PREGNANT = "pregnant"
    DISABLED = "disabled"
    LONG_WAY = "long_way"


class Source(StrEnum):
    """Where a number was asked for."""

    TABLET = "tablet"
    BUTTON = "button"
    GUIDE = "guide"


class State(StrEnum):
    """Where a ticket is; the last two are ends."""

    WAITING = "waiting"
    SERVING = "serving"
    MISSED = "missed"
    DONE = "done"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a visit to a desk ended."""

    DONE = "done"
    TO_CONTINUE = "to_continue"
    REFERRED = "referred"
    GAVE_UP = "gave_up"


class What(StrEnum):
    """What can happen to a ticket, in the events that only grow."""

    ISSUED = "issued"
    CALLED = "called"
    RECALLED = "recalled"
    MISSED = "missed"
    CAME_BACK = "came_back"
    MOVED = "moved"
    FINISHED = "finished"
    CLOSED = "closed"
    REPRINTED = "reprinted"


class Known(StrEnum):
    """How an expected wait is known: from what really took how long today, or from what is usual."""

    TODAY = "today"
    USUAL = "usual"


@dataclass(frozen=True, slots=True)
class Service:
    """What people queue for. ``picture`` is a plant or animal of the valley, ``letter`` may be empty."""

    id: str
    name_vi: str
    name_en: str
    colour: str
    picture: str
    letter: str = ""
    usual_minutes: int = 15
    position: int = 0
    open: bool = True
    detail_vi: str = ""
    detail_en: str = ""
    buzz: tuple[int, ...] = ()
    """How a call for it buzzes, in milliseconds of sound, silence, sound, …; empty: as all the others."""

    def name(self, lang: str) -> str:
        """Return the name in ``lang``."""
        return self.name_vi if phrases.language(lang) == "vi" else self.name_en

    def detail(self, lang: str) -> str:
        """Return what it covers, in ``lang``; may be empty."""
        return self.detail_vi if phrases.language(lang) == "vi" else self.detail_en


@dataclass(frozen=True, slots=True)
class Ticket:
    """One number of one day."""

    id: TicketId
    token: str
    day_id: int
    day_on: dt.date
    number: int
    label: str
    colour: str
    picture: str
    service_id: str
    priority: Priority
    boosted: bool
    source: Source
    lang: str
    state: State
    outcome: Outcome | None
    line: int
    skip: int | None
    passed: int
    recalls: int
    returned: int
    desk: str | None
    desk_wanted: str | None
    staff_id: int | None
    issued: Moment
    called: Moment | None

    @property
    def first(self) -> bool:
        """Whether it stands in the priority line."""
        return self.boosted or self.priority is not Priority.NONE


@dataclass(frozen=True, slots=True)
class Issued:
    """A number given; ``folded`` says that it is the one from the press a moment ago."""

    ticket: Ticket
    folded: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """An expected wait in minutes, a multiple of five, and how it is known."""

    minutes: int
    known: Known


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a ticket; ``detail`` is the service, desk or outcome that belongs to it."""

    ticket_id: TicketId
    what: What
    detail: str
    desk: str | None
    staff_id: int | None
    moment: Moment


@dataclass(frozen=True, slots=True)
class Board:
    """What the TV shows: numbers at desks (latest call first), the next few, how many wait, the version."""

    serving: tuple[Ticket, ...]
    upcoming: tuple[Ticket, ...]
    waiting: int
    version: int


@dataclass(frozen=True, slots=True)
class Queue:
    """What a guide sees: who waits in the order of calls, who is at a desk, who was called but absent."""

    waiting: tuple[Ticket, ...]
    serving: tuple[Ticket, ...]
    missed: tuple[Ticket, ...]
    version: int
