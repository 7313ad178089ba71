"""What a member of staff is, and how a secret may look.

Keeps true: a PIN has at least six digits and a password at least eight characters, and neither is one that
everybody tries first. It never holds a secret longer than the call that brought it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from hub.base import text
from hub.base.errors import Refused

StaffId = NewType("StaffId", int)

PIN_DIGITS = 6
PASSWORD_MARKS = 8
LONGEST_SECRET = 200
LONGEST_NAME = 80
_COMMON = frozenset(
    {
        "password",
        "matkhau",
        "nhavanhoa",
        "nhavanhoaso",
        "qwerty",
        "qwertyui",
        "abcdefgh",
        "iloveyou",
        "anhyeuem",
    }
)


class Role(StrEnum):
    """What somebody may do: guides see dossiers, technicians see machines, neither sees the other's."""

    GUIDE = "guide"
    TECHNICIAN = "technician"


class What(StrEnum):
    """What the staff log tells."""

    ADDED = "added"
    SIGNED_IN = "signed_in"
    WRONG = "wrong"
    SIGNED_OUT = "signed_out"
    UNLOCKED = "unlocked"
    RESET = "reset"
    NEW_RECOVERY = "new_recovery"


class TooMany(Refused):
    """Too many wrong tries; ``retry_after`` says in how many seconds the next one is looked at."""

    def __init__(self, retry_after: int) -> None:
        minutes = -(-retry_after // 60)
        super().__init__("staff.too_many", seconds=retry_after, minutes=minutes)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who works here."""

    id: StaffId
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person; ``house_key`` is there for guides only. ``repr`` shows neither token nor key."""

    token: str = field(repr=False)
    staff: Staff
    house_key: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The right to unlock by the recovery code from the House's safe."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Colleague:
    """The right to unlock by another guide's name and secret."""

    name: str
    secret: str = field(repr=False)


Unlock = Recovery | Colleague


def checked_name(name: str) -> str:
    """Return ``name`` cleaned; raises ``Refused("staff.name_wrong")`` when empty or over 80 characters."""
    cleaned = text.clean(name)
    if not cleaned or not text.fold(cleaned) or len(cleaned) > LONGEST_NAME:
        raise Refused("staff.name_wrong", most=LONGEST_NAME)
    return cleaned


def plain_secret(secret: str) -> str:
    """Return the secret as it is compared: one normal form, no stray spaces, at most 200 characters."""
    return text.clean(secret)[:LONGEST_SECRET]


def checked_secret(secret: str, name: str) -> str:
    """Return a new secret as it will be compared, or say what is wrong with it.

    Raises ``Refused``: ``staff.pin_short``, ``staff.pin_easy``, ``staff.password_short``,
    ``staff.password_easy``, ``staff.secret_long``.
    """
    plain = text.clean(secret)
    if len(plain) > LONGEST_SECRET:
        raise Refused("staff.secret_long", most=LONGEST_SECRET)
    if plain.isascii() and plain.isdigit():
        if len(plain) < PIN_DIGITS:
            raise Refused("staff.pin_short", least=PIN_DIGITS)
        if _easy_digits(plain):
            raise Refused("staff.pin_easy")
        return plain
    if len(plain) < PASSWORD_MARKS:
        raise Refused("staff.password_short", least=PASSWORD_MARKS, digits=PIN_DIGITS)
    folded = text.fold(plain).replace(" ", "")
    letters = folded.rstrip("0123456789!.")
    if len(set(folded)) < 4 or letters in _COMMON or folded == text.fold(name).replace(" ", ""):
        raise Refused("staff.password_easy")
    return plain


def _easy_digits(pin: str) -> bool:
    steps = {(int(after) - int(before)) % 10 for before, after in zip(pin, pin[1:], strict=False)}
    if steps in ({0}, {1}, {9}):
        return True
    # 121212, 123123, 112233: a short block said again, or every digit doubled.
    repeated = any(pin == (pin[:size] * len(pin))[: len(pin)] for size in range(1, len(pin) // 2 + 1))
    return repeated or (len(pin) % 2 == 0 and pin[::2] == pin[1::2])
