"""What a commune is today, what it was before, and what became of an address as somebody wrote it.

Keeps true: an address has candidates, never a successor: which one it is, is for a person to say, also when
there is only one. It holds no person and no address of anybody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

_BEFORE = "(trước:"


def worth_asking(address: str) -> bool:
    """Whether an address may name a commune of before; told without reading the lists."""
    return "," in address and _BEFORE not in address


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune of today with its official code of five digits; ``province`` with its kind, as written."""

    code: str
    name: str
    province_code: str
    province: str

    @property
    def said(self) -> str:
        """Its name as it stands inside an address: kinds in small letters."""
        return f"{_small(self.name)}, {_small(self.province)}"


@dataclass(frozen=True, slots=True)
class Former:
    """A commune as it was until 30/06/2025; ``now`` are the codes of all that took over a part of it."""

    code: str
    name: str
    district: str
    province: str
    now: tuple[str, ...]


class Why(StrEnum):
    """What is known of a written address."""

    TODAY = "today"
    MERGED = "merged"
    DIVIDED = "divided"
    SEVERAL = "several"
    UNKNOWN = "unknown"

    @property
    def to_ask(self) -> bool:
        """Whether there is something to choose from."""
        return self in (Why.MERGED, Why.DIVIDED, Why.SEVERAL)


@dataclass(frozen=True, slots=True)
class Found:
    """An address looked up: what stands before the commune, the old part as written, and the candidates."""

    why: Why
    before: str = field(default="", repr=False)
    old: str = field(default="", repr=False)
    candidates: tuple[Commune, ...] = ()

    def written(self, commune: Commune) -> str:
        """Return the address with the chosen commune, the old names kept beside it."""
        start = f"{self.before}, {commune.said}" if self.before else commune.said
        return f"{start} {_BEFORE} {self.old})" if self.old else start


def _small(name: str) -> str:
    return name[:1].lower() + name[1:]
