"""What somebody may ask about their data, what may be answered, and what a breach and a delegation are.

Keeps true: no value here names a villager; a request knows how somebody was recognised, never by what.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

RequestId = NewType("RequestId", int)
BreachId = NewType("BreachId", int)

NOTICE_VERSION = "2026-11-22"
"""Names the words of the phrases ``privacy.notice_…``, on the page and on the slip."""


class Kind(StrEnum):
    """What somebody asks for."""

    KNOW = "know"
    COPY = "copy"
    CORRECT = "correct"
    DELETE = "delete"
    WITHDRAW = "withdraw"
    RESTRICT = "restrict"
    OBJECT = "object"
    COMPLAIN = "complain"


class Identified(StrEnum):
    """How the guide knew that it is their data; nothing is copied for it."""

    CARD_SEEN = "card_seen"
    KNOWN_IN_PERSON = "known_in_person"
    HAS_RECEIPT = "has_receipt"
    REPRESENTATIVE = "representative"


class SubjectKind(StrEnum):
    """What kind of record a request is about."""

    DRAFT = "draft"
    SEALED = "sealed"
    HOUSEHOLD = "household"


@dataclass(frozen=True, slots=True)
class Subject:
    """A record by its random id; a sealed dossier by its follow code."""

    kind: SubjectKind
    ref: str


class State(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"


class Act(StrEnum):
    """What was done about a request; the last two close it."""

    EXPORTED = "exported"
    ERASED = "erased"
    WITHDRAWN = "withdrawn"
    CORRECTED = "corrected"
    DONE = "done"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why something asked for is not done here."""

    NOT_THEIRS = "not_theirs"
    NOTHING_HERE = "nothing_here"
    AT_OFFICE = "at_office"
    CANNOT_OPEN = "cannot_open"
    LAW_KEEPS = "law_keeps"


@dataclass(frozen=True, slots=True)
class Done:
    """One act on a request; ``detail`` is a kind of record or a reason."""

    act: Act
    detail: str
    staff_id: int
    at: dt.datetime
    trusted: bool


@dataclass(frozen=True, slots=True)
class Request:
    """A request with all that was done about it, oldest first."""

    id: RequestId
    kind: Kind
    identified: Identified
    lang: str
    staff_id: int
    asked_at: dt.datetime
    trusted: bool
    due_on: dt.date
    subjects: tuple[Subject, ...]
    acts: tuple[Done, ...]

    @property
    def state(self) -> State:
        """Whether it is still open, done or refused."""
        closed = next((one.act for one in reversed(self.acts) if one.act in (Act.DONE, Act.REFUSED)), None)
        return State(closed.value) if closed else State.OPEN

    def late(self, on: dt.date) -> bool:
        """Return whether it is still open after its last day."""
        return self.state is State.OPEN and on > self.due_on


class Access(StrEnum):
    """What is written into the access log because no other room writes it down."""

    PEOPLE_SEARCHED = "people_searched"
    LOG_READ = "log_read"
    SHELL_EXPORT = "shell_export"
    SHELL_ERASE = "shell_erase"
    COPY_GIVEN = "copy_given"
    PARCEL_WITHDRAWN = "parcel_withdrawn"


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of the access log."""

    act: Access
    subject: str
    staff_id: int | None
    at: dt.datetime
    trusted: bool


class Kinds(StrEnum):
    """Which kinds of data a breach is about."""

    IDENTITY = "identity"
    CONTACT = "contact"
    FAMILY = "family"
    ID_NUMBERS = "id_numbers"
    HEALTH = "health"
    MONEY = "money"
    PHOTOS = "photos"
    STAFF = "staff"


class Step(StrEnum):
    """What can be added to a breach; the last two stop its clock."""

    ADDED = "added"
    REPORTED = "reported"
    NOT_NOTIFIABLE = "not_notifiable"


@dataclass(frozen=True, slots=True)
class Stepped:
    """One thing added to a breach."""

    step: Step
    words: str
    staff_id: int
    at: dt.datetime
    trusted: bool


@dataclass(frozen=True, slots=True)
class Breach:
    """What happened, since when it is known, whose data, what was done; ``steps`` oldest first."""

    id: BreachId
    happened: str
    discovered_at: dt.datetime
    kinds: tuple[Kinds, ...]
    people: int
    measures: str
    staff_id: int
    noted_at: dt.datetime
    trusted: bool
    steps: tuple[Stepped, ...]

    @property
    def ended(self) -> Stepped | None:
        """Return what stopped the clock, None while it runs."""
        return next((one for one in self.steps if one.step is not Step.ADDED), None)


class Scope(StrEnum):
    """What somebody may do for another."""

    FILL = "fill"
    FILL_AND_SEND = "fill_and_send"
    FILL_SEND_AND_FETCH = "fill_send_and_fetch"


class Shown(StrEnum):
    """How it was shown that they may."""

    PRESENT = "present"
    BY_PHONE = "by_phone"
    PAPER = "paper"
    FAMILY = "family"


@dataclass(frozen=True, slots=True)
class Delegation:
    """Who speaks for somebody in one draft, as a relation; what they may do, and until which day."""

    id: int
    draft_id: str
    relation: str
    scope: Scope
    shown: Shown
    until_on: dt.date
    staff_id: int
    at: dt.datetime
    trusted: bool
