"""Read the QR code of a health-insurance card (BHYT).

Keeps true: every field says how sure it is; what no source explains is kept unlabelled; an address is kept as
the old one it is and never called a residence; nothing is guessed. A card is personal: its ``repr`` is masked
and nothing here stores or logs one. Source: the project's fact sheet on the domain, section 4 (places of the
fields: reported from another project's reading of cards, no official page; number forms: 10, 12 or 15
characters).
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

from devices.ident import Sex

T = TypeVar("T")

_LONGEST = 2_000
_FEWEST, _MOST = 4, 24
_NUMBER = re.compile(r"[0-9]{10}|[0-9]{12}|[A-Z]{2}[0-9]{13}")
_DAY = re.compile(r"([0-9]{2})(/?)([0-9]{2})\2([0-9]{4})")
_SEXES = {"1": Sex.MALE, "2": Sex.FEMALE}
_NONE = ("", "-")
_EARLIEST, _LATEST = 1850, 2399
_NUMBER_AT, _NAME, _BORN, _SEX, _ADDRESS, _CLINIC, _FROM = 0, 1, 2, 3, 4, 5, 6
_ISSUED, _FIVE, _ISSUER = 8, 12, 15


class Certainty(StrEnum):
    """How sure a field is."""

    READ = "read"
    """It stands where the source says, in a form the source says."""
    ABSENT = "absent"
    """The card leaves it empty, or ends before it."""
    UNREADABLE = "unreadable"
    """Something stands there in a form that no source told us of."""


class Warning(StrEnum):
    """What a guide should look at on the card itself; never a reason to refuse."""

    INSURANCE_REPORTED = "insurance_reported"
    INSURANCE_BIRTH = "insurance_birth"
    INSURANCE_SEX = "insurance_sex"


@dataclass(frozen=True, slots=True, repr=False)
class Field(Generic[T]):
    """One field of the card: its value where it was read, else None."""

    value: T | None
    certainty: Certainty

    def __repr__(self) -> str:
        return f"Field({self.certainty})"


@dataclass(frozen=True, slots=True, repr=False)
class InsuranceCard:
    """What the QR code says; ``born_year`` is read when the card tells the year alone.

    ``rest`` are the fields that no source explains, by their place in the code, as written.
    """

    number: str
    full_name: str
    born_on: Field[date]
    born_year: Field[int]
    sex: Field[Sex]
    old_address: Field[str]
    clinic: Field[str]
    valid_from: Field[date]
    issued_on: Field[date]
    five_years_on: Field[date]
    issuer: Field[str]
    rest: tuple[tuple[int, str], ...] = ()

    @property
    def masked(self) -> str:
        """The number as it may be shown or logged: its last four digits."""
        return f"•••••{self.number[-4:]}"

    def __repr__(self) -> str:
        return f"InsuranceCard({self.masked})"


def parse(text: str) -> InsuranceCard | None:
    """Read the scanned text; None when it is no health-insurance card, or not all of its beginning.

    Never raises for any text.
    """
    if len(text) > _LONGEST:
        return None
    kept = "".join(mark for mark in text if mark >= " " and mark not in "\x7f\ufeff").strip()
    # Empty fields stay: without them everything after one would slip a place.
    fields = [field.strip() for field in kept.split("|")]
    if not _FEWEST <= len(fields) <= _MOST or not _NUMBER.fullmatch(fields[_NUMBER_AT]):
        return None
    name = _words(fields[_NAME])
    if name is None or not any(mark.isalpha() for mark in name):
        return None
    known = {_NUMBER_AT, _NAME, _BORN, _SEX, _ADDRESS, _CLINIC, _FROM, _ISSUED, _FIVE, _ISSUER}
    year = _field(fields, _BORN, _year)
    return InsuranceCard(
        number=fields[_NUMBER_AT],
        full_name=name,
        born_on=Field(None, Certainty.ABSENT) if year.value else _field(fields, _BORN, _day),
        born_year=year if year.value else Field(None, Certainty.ABSENT),
        sex=_field(fields, _SEX, _SEXES.get),
        old_address=_field(fields, _ADDRESS, _words),
        clinic=_field(fields, _CLINIC, _plain),
        valid_from=_field(fields, _FROM, _day),
        issued_on=_field(fields, _ISSUED, _day),
        five_years_on=_field(fields, _FIVE, _day),
        issuer=_field(fields, _ISSUER, _words),
        rest=tuple((place, said) for place, said in enumerate(fields) if place not in known),
    )


def warnings(card: InsuranceCard) -> tuple[Warning, ...]:
    """Tell what a guide should compare with the card, in the order of ``Warning``."""
    found = {
        # No official page says what stands where: the guide compares each field that is taken.
        Warning.INSURANCE_REPORTED: True,
        Warning.INSURANCE_BIRTH: card.born_on.value is None and card.born_year.value is None,
        Warning.INSURANCE_SEX: card.sex.value is None,
    }
    return tuple(warning for warning in Warning if found[warning])


def _field(fields: Sequence[str], place: int, read: Callable[[str], T | None]) -> Field[T]:
    said = fields[place] if place < len(fields) else ""
    if said in _NONE:
        return Field(None, Certainty.ABSENT)
    value = read(said)
    return Field(value, Certainty.READ if value is not None else Certainty.UNREADABLE)


def _words(hexed: str) -> str | None:
    """Return hex-encoded UTF-8 as words, None for anything else."""
    if not hexed or not hexed.isascii():
        return None
    try:
        words = binascii.unhexlify(hexed).decode()
    except (binascii.Error, ValueError):
        return None
    words = unicodedata.normalize("NFC", words).strip().strip("\0")
    return words if words and words.isprintable() else None


def _plain(said: str) -> str | None:
    return said if said.isprintable() else None


def _day(said: str) -> date | None:
    found = _DAY.fullmatch(said)
    if found is None or not said.isascii():
        return None
    try:
        return date(int(found[4]), int(found[3]), int(found[1]))
    except ValueError:
        return None


def _year(said: str) -> int | None:
    if len(said) != 4 or not said.isascii() or not said.isdigit():
        return None
    return int(said) if _EARLIEST <= int(said) <= _LATEST else None
