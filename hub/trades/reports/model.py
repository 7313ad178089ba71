"""What a House tells of itself: two forms, their periods, and the rule by which numbers are made coarse.

Keeps true: a report is known by its House, its kind and its period, so that a second one of the same period,
made from a restored copy, carries the same name. It never holds anything of a person.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hub.base.ids import InstanceId
from hub.post.outbox import State

_STEP = 5
# Made once for this program; every House has its own names below it.
_SPACE = uuid.UUID("5f0c3e0e-6f0b-4d0e-9a53-0f5b6f1f2c71")

Answers = Mapping[str, str]
"""Answers by the name of their question."""


class Kind(StrEnum):
    """Which report it is."""

    DAILY = "daily"
    MONTHLY = "monthly"

    @property
    def form_id(self) -> str:
        """The form it is a submission of."""
        return f"house_{self}"


FORM_IDS = frozenset(kind.form_id for kind in Kind)
"""The forms that no dossier is ever begun on."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a report says; ``repeats`` are the rows of its repeated groups by the group's name."""

    answers: Answers
    repeats: Mapping[str, Sequence[Answers]]


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was written; ``state`` is None once its parcel is gone, ``reason_key`` what holds it."""

    kind: Kind
    period: str
    instance_id: InstanceId
    at: dt.datetime
    state: State | None
    reason_key: str | None
    sent_at: dt.datetime | None
    given_up: bool


def named(house_id: str, kind: Kind, period: str) -> InstanceId:
    """Return the instanceID of a report: the same for the same House, kind and period, for ever."""
    return InstanceId(f"uuid:{uuid.uuid5(_SPACE, f'{house_id} {kind} {period}')}")


def coarse(count: int) -> str:
    """Return a count rounded up to the next multiple of five: one and four read alike, none stays none."""
    return str(-(-count // _STEP) * _STEP)
