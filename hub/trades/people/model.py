"""What a household's record is: its people with what is known of them, and what was agreed to.

Keeps true: no value here shows what is known of a person in its ``repr``; what is delicate has a purpose of
its own. There is no field for a photograph, and none for what no form asks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from hub.base.clock import Moment
from hub.base.errors import Conflict

HouseholdId = NewType("HouseholdId", str)
MemberId = NewType("MemberId", str)

NOTICE_VERSION = "2026-11-22-visits"
"""Names the words of the phrases ``people.notice_…``; a consent to older words is asked for again."""

NAME, NUMBER, OLD_NUMBER = "full_name", "number", "old_number"
Facts = Mapping[str, str]
"""What is known of one person: by the names of ``procedures.model.PersonField``, days as yyyy-mm-dd."""


class Purpose(StrEnum):
    """What a household agrees to, each on its own; only the first must be there."""

    KEEP_FACTS = "keep_facts"
    KEEP_ETHNICITY = "keep_ethnicity"
    KEEP_BANK_ACCOUNT = "keep_bank_account"
    HOME_VISITS = "home_visits"


OWN_PURPOSE: Mapping[str, Purpose] = {
    "ethnicity": Purpose.KEEP_ETHNICITY,
    "bank_account": Purpose.KEEP_BANK_ACCOUNT,
}
"""What is kept only for a purpose that was agreed to by itself."""


class How(StrEnum):
    """How consent was given."""

    SPOKEN = "spoken"
    TICKED = "ticked"
    SIGNED = "signed"


class GivenBy(StrEnum):
    """Who consented for the household, as a kind of person."""

    HEAD = "head"
    ADULT = "adult"
    GUARDIAN = "guardian"
    DELEGATE = "delegate"


@dataclass(frozen=True, slots=True)
class Consent:
    """What was agreed to: on which notice, in which language, how, by what kind of person."""

    notice_version: str
    notice_lang: str
    how: How
    given_by: GivenBy
    purposes: frozenset[Purpose]


@dataclass(frozen=True, slots=True)
class Agreed:
    """A consent as it is on record."""

    consent: Consent
    given: Moment


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a household."""

    id: MemberId
    version: int
    facts: Facts = field(repr=False)

    @property
    def name(self) -> str:
        """The person's name."""
        return self.facts.get(NAME, "")


@dataclass(frozen=True, slots=True)
class Household:
    """A record with its people in the order they came; ``label`` is what the village calls the house."""

    id: HouseholdId
    version: int
    label: str = field(repr=False)
    phone: str = field(repr=False)
    members: tuple[Member, ...] = field(repr=False)
    used: Moment
    erase_on: dt.date


class AlreadyKept(Conflict):
    """The person stands in a record already; ``household_id`` says in which."""

    def __init__(self, household_id: HouseholdId, member_id: MemberId) -> None:
        super().__init__("people.already_kept")
        self.household_id = household_id
        self.member_id = member_id


class What(StrEnum):
    """What can happen to a record, in the events that only grow."""

    CONSENTED = "consented"
    OPENED = "opened"
    USED = "used"
    LISTED = "listed"
    CORRECTED = "corrected"
    MEMBER_ADDED = "member_added"
    MEMBER_REMOVED = "member_removed"
    EXPORTED = "exported"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; it has no content."""

    what: What
    staff_id: int | None
    at: dt.datetime
    trusted: bool
