"""What lies in a household's rows, under which key and in which context.

Keeps true: each piece opens only in its own place (table, household, row), and an ID number leaves only as a
keyed mark that no other room can make.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

import msgspec

from hub.base import crypto, text
from hub.base.errors import NotReady

_MARKS = "household marks"


def close(key: bytes, told: Mapping[str, str], place: str) -> bytes:
    """Return ``told`` under the House key for one place, such as ``label_of(household_id)``."""
    return crypto.encrypt(key, msgspec.json.encode(dict(told)), place)


def open(key: bytes, sealed: bytes, place: str) -> dict[str, str]:
    """Return what ``close`` was given; raises ``NotReady("people.not_opened")`` otherwise."""
    try:
        return msgspec.json.decode(crypto.decrypt(key, sealed, place), type=dict[str, str])
    except crypto.WrongKey as bad:
        raise NotReady("people.not_opened") from bad


def label_of(household_id: str) -> str:
    """Return the place of a household's label."""
    return f"households:{household_id}:label"


def facts_of(household_id: str, member_id: str) -> str:
    """Return the place of one person's facts."""
    return f"household_members:{household_id}:{member_id}:facts"


def mark(key: bytes, number: str) -> bytes:
    """Return the mark of an ID number, always the same, which only the House key can make."""
    marks = crypto.key_from_token(key, _MARKS)
    return hmac.new(marks, text.fold(number).replace(" ", "").encode("utf-8"), hashlib.sha256).digest()
