"""What a way to the office promises the courier, whatever wire or stick lies beneath.

Keeps true: a carrier reports what happened as values and leaves every decision (again, hold, done) to the
courier; it stops within two seconds of being told to. It never retries by itself and never follows a
redirect.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


class Outcome(enum.Enum):
    """What one sending came to."""

    DONE = "done"
    """201 or 202 with the OpenRosa envelope."""
    CONFLICT = "conflict"
    """409: another version is there, or two of ours raced."""
    AGAIN = "again"
    """The office is there and cannot now: 5xx, 408, 423, 429."""
    REFUSED = "refused"
    """The office will say the same to the same bytes: a person must look."""
    TOO_LARGE = "too large"
    """413: less at a time may still pass."""
    CUT = "cut"
    """The line broke or crept after bytes had left; what the office has is unknown."""
    NO_UPLINK = "no uplink"
    """Nobody we know answered: no route, a captive portal, a redirect."""
    STOPPED = "stopped"
    """We were told to stop."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one sending; ``reason_key`` is a phrase, ``detail`` the other side's own words,
    cleaned."""

    outcome: Outcome
    reason_key: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """What stands at the office's door.

    ``up`` is whether an OpenRosa server answered; ``refusal`` why it would take nothing from us;
    ``most_bytes`` the largest body it takes.
    """

    up: bool
    reason_key: str | None = None
    refusal: str | None = None
    most_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes to send: name, length, and a fresh stream of chunks a call."""

    name: str
    size: int
    chunks: Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Shipment:
    """One request: the envelope and the files that go with it this time."""

    instance_id: str
    envelope: Source
    files: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing an officer wrote: text, UTC time as the House writes it, and who."""

    text: str
    at: str
    by: str


@dataclass(frozen=True, slots=True)
class States:
    """Review states of all records of a form by instanceID, and the answer's ETag."""

    by_instance: Mapping[str, str]
    etag: str


@dataclass(frozen=True, slots=True)
class Remarks:
    """Remarks on one record from one place, and the answer's ETag."""

    remarks: tuple[Remark, ...]
    etag: str


class CarrierFault(Exception):
    """A question got no usable answer: ``reason_key`` says why; ``denied`` that asking again will not
    help."""

    def __init__(self, reason_key: str, *, denied: bool = False) -> None:
        super().__init__(reason_key)
        self.reason_key = reason_key
        self.denied = denied


class Carrier(Protocol):
    """A way to the office."""

    @property
    def fingerprint(self) -> str:
        """What tells one office and key from another, without telling the key."""

    def probe(self) -> Probe:
        """Ask who is there without sending anything."""

    def weight(self, shipment: Shipment) -> int:
        """Return the length in bytes that ``shipment`` has on this way."""

    def send(self, shipment: Shipment) -> Answer:
        """Send once; never raises for what the other side does."""

    def holds(self, form_id: str, instance_id: str) -> Mapping[str, bool]:
        """Return for each file the office expects whether it is there. Raises ``CarrierFault``."""

    def states(self, form_id: str, etag: str) -> States | None:
        """Return the review states, or None when nothing changed since ``etag``. Raises ``CarrierFault``."""

    def comments(self, form_id: str, instance_id: str, etag: str) -> Remarks | None:
        """Return comments on a record, or None when unchanged. Raises ``CarrierFault``."""

    def notes(self, form_id: str, instance_id: str, etag: str) -> Remarks | None:
        """Return words written while changing a state, or None when unchanged. Raises ``CarrierFault``."""

    def close(self) -> None:
        """Hang up."""
