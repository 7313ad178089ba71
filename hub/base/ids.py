"""Identifiers: codes that a person can read out over a bad telephone, and ids no person sees.

Keeps true: a follow code has no 0/O and no 1/I/L, and one wrong character or two swapped neighbours are
noticed. It never derives an id from a person's data.
"""

from __future__ import annotations

import re
import secrets
import uuid
from typing import NewType

from hub.base.errors import Refused

FollowCode = NewType("FollowCode", str)
InstanceId = NewType("InstanceId", str)

# 31 characters, a prime: a weighted sum modulo 31 then catches every single slip and every swap.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_BODY = 7
_NOISE = re.compile(r"[\s\-–.]+")


def _check(body: str) -> str:
    total = sum((place + 2) * ALPHABET.index(mark) for place, mark in enumerate(body))
    return ALPHABET[total % len(ALPHABET)]


def new_follow_code() -> FollowCode:
    """Return a fresh code such as ``K7MX-4QP9``: seven random characters and a check character."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(_BODY))
    whole = body + _check(body)
    return FollowCode(f"{whole[:4]}-{whole[4:]}")


def read_follow_code(typed: str) -> FollowCode:
    """Return the code a person typed or scanned, in its printed form.

    Spaces, dashes and case do not matter. Raises ``Refused("ids.code_wrong")`` when the length, a character or
    the check character is not right.
    """
    marks = _NOISE.sub("", typed).upper()
    if (
        len(marks) != _BODY + 1
        or any(mark not in ALPHABET for mark in marks)
        or _check(marks[:-1]) != marks[-1]
    ):
        raise Refused("ids.code_wrong")
    return FollowCode(f"{marks[:4]}-{marks[4:]}")


def new_instance_id() -> InstanceId:
    """Return an OpenRosa instanceID, ``uuid:`` and a random UUID."""
    return InstanceId(f"uuid:{uuid.uuid4()}")


def new_id() -> str:
    """Return 26 characters of randomness for rows that no person names."""
    return secrets.token_hex(13)
