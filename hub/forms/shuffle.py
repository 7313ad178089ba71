"""randomize(): choices in another order for everyone, and always the same order for one and the same seed.

The order of a seed is ODK's own (Park and Miller's generator, Fisher and Yates' shuffle inside out), so that
a form shows here what it shows in Collect. Without a seed the dossier's own number is one: a page that is
drawn again does not shuffle its choices again.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from typing import TypeVar

from hub.forms import values
from hub.forms.coerce import Scope, Value, text

_MODULUS = 2_147_483_647
_MULTIPLIER = 16_807

Thing = TypeVar("Thing")


def randomize(scope: Scope, nodes: Value, seed: Value | None = None) -> Value:
    """randomize(): the nodes in the order of ``seed``, or in an order of this dossier and place."""
    if not isinstance(nodes, list):
        raise TypeError("randomize() needs nodes")
    return shuffled(nodes, hashed(scope.lot) if seed is None else seed_of(seed))


def seed_of(value: Value) -> int:
    """A seed as ODK takes it: the whole part of a number, other text by its SHA-256, nothing as 0."""
    if isinstance(value, bool):
        return int(value)
    told = text(value)
    amount = float(value) if isinstance(value, float | int) else values.number(told)
    if math.isfinite(amount):
        return math.trunc(amount)
    return hashed(told) if told and not isinstance(value, float | int) else 0


def hashed(told: str) -> int:
    """The first 64 bits of a text's SHA-256, signed."""
    return int.from_bytes(hashlib.sha256(told.encode("utf-8")).digest()[:8], "big", signed=True)


def shuffled(things: Sequence[Thing], seed: int) -> list[Thing]:
    """The things in the order of a seed."""
    drawn = _park_miller(seed)
    found: list[Thing] = []
    for at, thing in enumerate(things):
        to = math.floor(next(drawn) * (at + 1))
        if to == at:
            found.append(thing)
        else:
            found.append(found[to])
            found[to] = thing
    return found


def _park_miller(seed: int) -> Iterator[float]:
    state = int(math.fmod(float(seed), _MODULUS))
    if state <= 0:
        state += _MODULUS - 1
    while True:
        state = state * _MULTIPLIER % _MODULUS
        yield (state - 1) / (_MODULUS - 1)
