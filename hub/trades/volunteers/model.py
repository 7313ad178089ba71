"""What a volunteer, a list of households and a visit that came in are.

Keeps true: no value here shows a secret in its ``repr``. A visit holds nothing of what was answered.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from hub.base.clock import Moment
from hub.base.errors import HubError
from hub.post.outbox import State as ParcelStands

VolunteerId = NewType("VolunteerId", int)
VisitId = NewType("VisitId", int)


class Way(StrEnum):
    """How a telephone is set up: by a QR code whose address is the key, or by hand with name and password."""

    QR = "qr"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class Volunteer:
    """Somebody who hands in with a telephone of their own, until the end of a day.

    ``way`` is None where no telephone may come in any more; ``username`` is for one set up by hand.
    """

    id: VolunteerId
    name: str
    phone: str
    until_on: dt.date
    way: Way | None
    username: str
    revoked: bool
    seen_at: dt.datetime | None
    seen_trusted: bool
    device_id: str
    list_key: bytes | None = field(repr=False)

    def over(self, moment: Moment) -> bool:
        """Return whether the last day is past; by a doubtful clock nobody is shut out."""
        return moment.trusted and moment.on > self.until_on


@dataclass(frozen=True, slots=True)
class Opened:
    """A key that was just made, to be shown this once: a token, or a name with its password."""

    volunteer: VolunteerId
    way: Way
    token: str = field(repr=False)
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a sending; some telephones write its name in the one place, some in the other."""

    name: str
    file_name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """One sending of a telephone: the record, the files beside it, and what it says of itself."""

    record: bytes = field(repr=False)
    files: tuple[Part, ...] = field(repr=False)
    device_id: str


class Seal(StrEnum):
    """Who sealed a visit's record."""

    PHONE = "phone"
    HOUSE = "house"
    NONE = "none"


class Taken(StrEnum):
    """What a sending brought: a record nobody had, more of one, or nothing new."""

    NEW = "new"
    MORE = "more"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a form that was handed out, or is about to be."""

    form_id: str
    version: str
    sha256: str
    title: str
    public_key: str
    uploads: frozenset[str]
    plain: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """A record that came from a home visit: ``missing`` files of it are still on the telephone.

    ``parcel`` is how it stands in the outbox, None while it is not whole; ``reason_key`` why it is held;
    ``review_state`` the office's last word, ``remarks`` how many words of officers there are.
    """

    id: VisitId
    instance_id: str
    form_id: str
    title: str
    volunteer: str
    device_id: str
    seal: Seal
    missing: int
    strays: int
    size: int
    received_at: dt.datetime
    trusted: bool
    parcel: ParcelStands | None
    reason_key: str | None
    review_state: str | None
    remarks: int


class TooEarly(HubError):
    """Too many wrong tries: nothing is looked at for ``retry_after`` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("field.too_many", seconds=retry_after)
        self.retry_after = retry_after
