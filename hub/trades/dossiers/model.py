"""What a draft and a sealed dossier are, and the words for what may happen to them.

Keeps true: no value here shows what a person answered in its ``repr``, and an error carries differences
beside its phrase, never inside it, so that no log tells them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from hub.base.clock import Moment
from hub.base.errors import Conflict, Refused
from hub.base.ids import FollowCode, InstanceId
from hub.forms.instance import Instance
from hub.forms.merge import Lost
from hub.forms.model import Form
from hub.forms.page import Problem
from hub.trades.procedures.model import Person, Words

DraftId = NewType("DraftId", str)
AsideId = NewType("AsideId", int)

NOTICE_VERSION = "2026-11-21"
"""Names the words of the phrases ``dossiers.notice_…``; a consent to older words is asked for again."""


class How(StrEnum):
    """How consent was given."""

    SPOKEN = "spoken"
    TICKED = "ticked"
    SIGNED = "signed"


class GivenBy(StrEnum):
    """Who consented, as a kind of person."""

    SELF = "self"
    PARENT = "parent"
    GUARDIAN = "guardian"
    DELEGATE = "delegate"


class Relation(StrEnum):
    """What the person who speaks for another is to them; never who."""

    CHILD = "child"
    GRANDCHILD = "grandchild"
    SPOUSE = "spouse"
    PARENT = "parent"
    SIBLING = "sibling"
    RELATIVE = "relative"
    NEIGHBOUR = "neighbour"
    VOLUNTEER = "volunteer"
    OTHER = "other"


class Purpose(StrEnum):
    """What somebody agrees to, each on its own."""

    PREPARE = "prepare"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class Consent:
    """What was agreed to: on which notice, in which language, whether read aloud, by what kind of person."""

    notice_version: str
    notice_lang: str
    read_aloud: bool
    how: How
    given_by: GivenBy
    purposes: frozenset[Purpose]


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft without its answers; ``label`` names the person and opens only with the House key."""

    id: DraftId
    procedure: str
    title: Words
    form_sha256: str
    form_id: str
    form_version: str
    persons: tuple[Person, ...]
    instance_id: InstanceId
    version: int
    label: str = field(repr=False)
    staff_id: int
    updated: Moment
    erase_on: dt.date
    asides: int


@dataclass(frozen=True, slots=True)
class View:
    """A draft taken up: its form and its answers, settled as of the moment it was read."""

    draft: Draft
    form: Form = field(repr=False)
    instance: Instance = field(repr=False)


@dataclass(frozen=True, slots=True)
class Saved:
    """A change that is safe: the draft's new version, and what is still to be corrected on the page."""

    version: int
    problems: tuple[Problem, ...] = field(default=(), repr=False)


class Side(StrEnum):
    """Whose answer stays when two guides answered differently."""

    MINE = "mine"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Difference:
    """A question that two guides answered differently, as people read it.

    ``theirs`` is what the draft holds. ``gone`` says that the question is no longer there to take ``mine``.
    """

    path: str
    label: str
    mine: str = field(repr=False)
    theirs: str = field(repr=False)
    gone: bool = False


class Clash(Conflict):
    """Somebody was quicker on the same page; what was typed is kept as an aside until a guide chooses."""

    def __init__(self, aside_id: AsideId, version: int, differences: tuple[Difference, ...]) -> None:
        super().__init__("dossiers.two_guides", count=len(differences))
        self.aside_id = aside_id
        self.version = version
        self.differences = differences


@dataclass(frozen=True, slots=True)
class Aside:
    """What was typed while another was quicker, still to be chosen from."""

    id: AsideId
    page_id: str
    staff_id: int
    put: Moment
    differences: tuple[Difference, ...] = field(repr=False)


class Incomplete(Refused):
    """Not everything is answered as the form demands; ``problems`` says what and where."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("dossiers.not_complete", count=len(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Attached:
    """A file taken in: the name it travels under, type, size in bytes, the draft's version afterwards."""

    name: str
    media_type: str
    size: int
    version: int


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a draft as it lies there."""

    name: str
    media_type: str
    size: int


class Overrule(StrEnum):
    """Why a second dossier for the same person is right."""

    ANOTHER_CHILD = "another_child"
    CORRECTION = "correction"
    LOST = "lost"
    ANOTHER_COPY = "another_copy"
    NEW_PERIOD = "new_period"
    WRONG_NUMBER = "wrong_number"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Another dossier of this procedure with the same ID number: a draft, or a sealed one with its code."""

    person: Words
    draft_id: DraftId
    follow_code: FollowCode | None
    at: dt.datetime


class MayBeTwice(Conflict):
    """The same person seems to have a dossier already; a guide may overrule with a reason."""

    def __init__(self, duplicates: tuple[Duplicate, ...]) -> None:
        super().__init__("dossiers.may_be_twice", count=len(duplicates))
        self.duplicates = duplicates


@dataclass(frozen=True, slots=True)
class Sealed:
    """A dossier that only the office can open; ``scrubbed``: no old page is left in the log file."""

    follow_code: FollowCode
    instance_id: InstanceId
    receipt_job: int
    scrubbed: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """A draft on a newer form: its version now, and the values that found no place there."""

    version: int
    lost: tuple[Lost, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Exported:
    """All that a draft holds, in the clear, for the person it belongs to."""

    xml: bytes = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)


class What(StrEnum):
    """What can happen to a draft or a dossier, in the events that only grow."""

    STARTED = "started"
    FOR_ANOTHER = "for_another"
    OPENED = "opened"
    SAVED = "saved"
    FILLED = "filled"
    READ_BACK = "read_back"
    ATTACHED = "attached"
    DETACHED = "detached"
    FILE_OPENED = "file_opened"
    PUT_ASIDE = "put_aside"
    RESOLVED = "resolved"
    MOVED = "moved"
    HANDED_OVER = "handed_over"
    EXTENDED = "extended"
    EXPORTED = "exported"
    ERASED = "erased"
    EXPIRED = "expired"
    OVERRULED = "overruled"
    SEALED = "sealed"
    DONE_AGAIN = "done_again"
    INVITED = "invited"
    NOT_INVITED = "not_invited"
    OFFICE_HAS_IT = "office_has_it"
    OFFICE_SAYS = "office_says"
    OFFICE_WROTE = "office_wrote"
    RECEIPT_AGAIN = "receipt_again"
    RECEIPT_RECEIVED = "receipt_received"
    SHEET = "sheet"
    WITHDRAWN = "withdrawn"


VILLAGER_SEES = (
    What.SEALED,
    What.OFFICE_HAS_IT,
    What.OFFICE_SAYS,
    What.OFFICE_WROTE,
    What.INVITED,
    What.NOT_INVITED,
    What.DONE_AGAIN,
)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; ``detail`` is a page, a state, a day, a code or a reason, never an answer."""

    what: What
    detail: str
    staff_id: int | None
    at: dt.datetime
    trusted: bool


class State(StrEnum):
    """Where a sealed dossier is, as a villager is told."""

    KEPT = "kept"
    ON_THE_WAY = "on_the_way"
    HELD = "held"
    OFFICE_HAS_IT = "office_has_it"
    NEEDS_CORRECTION = "needs_correction"
    REJECTED = "rejected"
    APPROVED = "approved"
    DONE_AGAIN = "done_again"

    @property
    def at_office(self) -> bool:
        """Whether the office has it; only then is there a second receipt."""
        return self not in (State.KEPT, State.ON_THE_WAY, State.HELD)


class Why(StrEnum):
    """What somebody is invited for."""

    RESULT = "result"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Appointment:
    """An invitation: the day, the hour (HH:MM, empty for any), where, and what to bring; no name."""

    why: Why
    meet_on: dt.date
    hour: str
    place: str
    bring: str


class Longer(StrEnum):
    """Why a draft is kept beyond its day."""

    WAITS_FOR_PAPER = "waits_for_paper"
    IS_AWAY = "is_away"
    WAITS_FOR_OFFICE = "waits_for_office"


@dataclass(frozen=True, slots=True)
class Following:
    """Where a dossier is: its state, and what happened in order.

    ``read_at`` is when the office was last asked with an answer, None before; what officers wrote is for
    ``follow.comments``. ``corrects`` is the code of the dossier it does again, ``redone_as`` of the one that
    stands in its place.
    """

    code: FollowCode
    instance_id: InstanceId
    procedure: str
    title: Words
    lang: str
    state: State
    events: tuple[Event, ...]
    read_at: dt.datetime | None
    corrects: FollowCode | None = None
    redone_as: FollowCode | None = None
    appointment: Appointment | None = None

    @property
    def arrived(self) -> Event | None:
        """When the office got it; None while it has not."""
        told = (event for event in self.events if event.what is What.OFFICE_HAS_IT)
        return next(told, None) if self.state.at_office else None

    @property
    def state_key(self) -> str:
        """The phrase that names the state."""
        return f"dossiers.state_{self.state}"
