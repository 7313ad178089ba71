"""What a way to the office promises the courier, whatever wire or stick lies beneath.

Keeps true: a carrier reports what happened as values and leaves every decision (again, hold, done) to the
courier; it stops within two seconds of being told to. It never tries again what may have been taken, and never
follows a redirect.
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
    """The outcome of one sending; ``reason_key`` is a phrase, ``detail`` the other side's own words, cleaned;
    ``rest_s`` how many seconds it asks to be left alone."""

    outcome: Outcome
    reason_key: str | None = None
    detail: str = ""
    rest_s: float | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """What stands at the office's door.

    ``up`` is whether an OpenRosa server answered; ``refusal`` why it would take nothing from us;
    ``most_bytes`` the largest body it takes; ``rest_s`` how many seconds it asks to be left alone.
    """

    up: bool
    reason_key: str | None = None
    refusal: str | None = None
    most_bytes: int | None = None
    rest_s: float | None = None


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes that went out and came in, everything included that a provider would count."""

    sent: int = 0
    received: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(self.sent + other.sent, self.received + other.received)


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
    help; ``gone`` that the office knows nothing of what was asked about."""

    def __init__(self, reason_key: str, *, denied: bool = False, gone: bool = False) -> None:
        super().__init__(reason_key)
        self.reason_key = reason_key
        self.denied = denied
        self.gone = gone


class Carrier(Protocol):
    """A way to the office, which several threads may use at once; one record is never in two of their hands."""

    @property
    def fingerprint(self) -> str:
        """What tells one office and key from another, without telling the key."""

    @property
    def traffic(self) -> Traffic:
        """Return what went out and came in so far, everything included that a provider would count."""

    def probe(self) -> Probe:
        """Ask who is there without sending anything."""

    def weight(self, shipment: Shipment) -> int:
        """Return the length in bytes that ``shipment`` has on this way."""

    def send(self, shipment: Shipment) -> Answer:
        """Send once; never raises for what the other side does."""

    def holds(self, form_id: str, instance_id: str) -> Mapping[str, bool]:
        """Return for each file the office expects whether it is there.

        Raises ``CarrierFault``, with ``gone`` where the office has no such record.
        """

    def states(self, form_id: str, etag: str) -> States | None:
        """Return the review states, or None when nothing changed since ``etag``.

        Raises ``CarrierFault``: "relay.answer_too_long" where there are too many records to list.
        """

    def state(self, form_id: str, instance_id: str) -> str | None:
        """Return one record's review state, None when it is none that we know. Raises ``CarrierFault``."""

    def comments(self, form_id: str, instance_id: str, etag: str) -> Remarks | None:
        """Return comments on a record, or None when unchanged. Raises ``CarrierFault``."""

    def notes(self, form_id: str, instance_id: str, etag: str) -> Remarks | None:
        """Return words written while changing a state, or None when unchanged. Raises ``CarrierFault``."""

    def close(self) -> None:
        """Hang up."""
