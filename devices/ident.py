"""Read the QR code of a Vietnamese ID card, as a keyboard-like scanner types it.

Layouts: the chip card of 2021 (seven fields between ``|``) and the căn cước of 2024 (the same seven and up
to four more, usually empty, whose order no public page gives: they are kept unlabelled). Fields keep their
places, the name keeps its marks or it is told that a reader lost them, and nothing is guessed. What looks
wrong but may be true is a warning for the guide, never a refusal. A card is personal: its ``repr`` is masked
and nothing here stores or logs one.
Sources: the project's fact sheet on the domain, section 3 (field order from public readings of real cards;
number structure by Decree 137/2015, art. 13, and Circular 07/2016/TT-BCA, art. 7).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

_FEWEST, _MOST = 6, 11
_WHOLE = 7
_LONGEST = 2_000
# EMV's merchant-presented codes, which banks here use, begin with this format mark.
_PAYMENT = "000201"
_EARLIEST, _LATEST = 1850, 2399

_PLACES = frozenset(
    "001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 035 036"
    " 037 038 040 042 044 045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 070 072 074 075"
    " 077 079 080 082 083 084 086 087 089 091 092 093 094 095 096".split()
)
"""Where a birth was registered.

The codes of the 63 provinces before July 2025; the mergers did not change them.
"""


class Sex(StrEnum):
    """As printed on the card."""

    MALE = "Nam"
    FEMALE = "Nữ"


class Reason(StrEnum):
    """Why a scanned text is not an ID card."""

    EMPTY = "empty"
    WEB_ADDRESS = "web_address"
    PAYMENT = "payment"
    TOO_LONG = "too_long"
    OTHER_CODE = "other_code"
    FIELDS = "fields"
    NUMBER = "number"
    NAME = "name"
    DATE = "date"


class Warning(StrEnum):
    """What a guide should look at on the card itself; never a reason to refuse."""

    MARKS_LOST = "marks_lost"
    CUT_SHORT = "cut_short"
    UNKNOWN_PLACE = "unknown_place"
    SEX_MISMATCH = "sex_mismatch"
    BIRTH_YEAR_MISMATCH = "birth_year_mismatch"
    BIRTH_DATE_UNREADABLE = "birth_date_unreadable"
    SEX_UNREADABLE = "sex_unreadable"
    ISSUE_DATE_UNREADABLE = "issue_date_unreadable"
    OLD_NUMBER_ODD = "old_number_odd"
    FUTURE_DATE = "future_date"


@dataclass(frozen=True, slots=True)
class NotACard:
    """The scanned text is something else, or a card that was not read whole."""

    reason: Reason


@dataclass(frozen=True, slots=True, repr=False)
class IdentityCard:
    """What the QR code says.

    ``None`` is a date or sex that the card leaves empty or writes in no known way; ``born_year`` is there
    when the card tells the year alone. ``whole`` is False for a code that ends before the day of issue: its
    last field may be cut.
    """

    number: str
    old_number: str
    full_name: str
    born_on: date | None
    sex: Sex | None
    residence: str
    issued_on: date | None
    tail: tuple[str, ...] = ()
    born_year: int | None = None
    whole: bool = True

    @property
    def masked(self) -> str:
        """The number as it may be shown or logged: ``015•••••0000``."""
        return f"{self.number[:3]}•••••{self.number[-4:]}"

    def __repr__(self) -> str:
        return f"IdentityCard({self.masked})"


def parse(text: str) -> IdentityCard | NotACard:
    """Read the scanned text; say why when it is not an ID card. Never raises for any text."""
    if len(text) > _LONGEST:
        return NotACard(Reason.TOO_LONG)
    kept = "".join(mark for mark in _repaired(text) if mark >= " " and mark not in "\x7f\ufeff")
    kept = unicodedata.normalize("NFC", kept).strip()
    if not kept:
        return NotACard(Reason.EMPTY)
    head = kept.split("|", 1)[0].lower()
    if "://" in head or head.startswith("www."):
        return NotACard(Reason.WEB_ADDRESS)
    if kept.startswith(_PAYMENT):
        return NotACard(Reason.PAYMENT)
    if "|" not in kept:
        return NotACard(Reason.OTHER_CODE)
    # Empty fields stay: without them everything after a missing old number would slip one place.
    fields = [field.strip() for field in kept.split("|")]
    if not _FEWEST <= len(fields) <= _MOST:
        return NotACard(Reason.FIELDS)
    number, old_number, full_name, born, sex, residence = fields[:6]
    issued = fields[6] if len(fields) > 6 else ""
    if len(number) != 12 or not _digits(number):
        return NotACard(Reason.NUMBER)
    if not any(mark.isalpha() for mark in full_name):
        return NotACard(Reason.NAME)
    year = _year(born)
    if any(day and not (len(day) == 8 and _digits(day)) for day in ("" if year else born, issued)):
        return NotACard(Reason.DATE)
    return IdentityCard(
        number,
        old_number,
        full_name,
        None if year else _day(born),
        _sex(sex),
        residence,
        _day(issued),
        tuple(fields[_WHOLE:]),
        year,
        len(fields) >= _WHOLE,
    )


def warnings(card: IdentityCard, today: date | None = None) -> tuple[Warning, ...]:
    """Tell what does not fit together, in the order of ``Warning``.

    ``today`` is the village's day, or None while the clock is doubtful: then no date is called a future one.
    """
    year, sex = told_by(card.number)
    born_year = card.born_on.year if card.born_on else card.born_year
    found = {
        Warning.MARKS_LOST: marks_lost(card),
        Warning.CUT_SHORT: not card.whole,
        Warning.UNKNOWN_PLACE: not known_place(card.number),
        Warning.SEX_MISMATCH: card.sex is not None and card.sex is not sex,
        Warning.BIRTH_YEAR_MISMATCH: born_year is not None and born_year != year,
        Warning.BIRTH_DATE_UNREADABLE: card.born_on is None,
        Warning.SEX_UNREADABLE: card.sex is None,
        Warning.ISSUE_DATE_UNREADABLE: card.whole and card.issued_on is None,
        Warning.OLD_NUMBER_ODD: bool(card.old_number)
        and not (_digits(card.old_number) and len(card.old_number) == 9),
        Warning.FUTURE_DATE: today is not None
        and any(day is not None and day > today for day in (card.born_on, card.issued_on)),
    }
    return tuple(warning for warning in Warning if found[warning])


def damaged(text: str) -> bool:
    """Whether a field certainly lost a letter on its way: it holds what stands for "no such letter"."""
    return "?" in text or "\ufffd" in text


def marks_lost(card: IdentityCard) -> bool:
    """Whether the reader seems to have lost Vietnamese letters.

    Certain where a question mark stands in a name; likely where neither name nor residence has one mark.
    """
    said = card.full_name + card.residence
    return damaged(said) or said.isascii()


def known_place(number: str) -> bool:
    """Whether a personal number begins with the code of a province."""
    return number[:3] in _PLACES


def told_by(number: str) -> tuple[int, Sex]:
    """Return the year of birth and the sex that a personal number of twelve digits stands for."""
    century, female = divmod(int(number[3]), 2)
    return 1900 + 100 * century + int(number[4:6]), Sex.FEMALE if female else Sex.MALE


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _repaired(text: str) -> str:
    """Return ``text`` as it was before each of its bytes was typed as a letter of its own.

    Readers that type do that with UTF-8: "Nguyá»…n". Only what is whole UTF-8 again is taken; Vietnamese
    written right is never that.
    """
    if text.isascii():
        return text
    try:
        return b"".join(_byte(mark) for mark in text).decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def _byte(mark: str) -> bytes:
    # Windows' page leaves five bytes without a letter; they are typed as their own number.
    try:
        return mark.encode("cp1252")
    except UnicodeEncodeError:
        return mark.encode("latin-1")


def _year(text: str) -> int | None:
    """Return the year of a birth of which the card tells no day, None for any other text."""
    if not _digits(text) or len(text) not in (4, 8) or (len(text) == 8 and text[:4] != "0000"):
        return None
    year = int(text[-4:])
    return year if _EARLIEST <= year <= _LATEST else None


def _day(text: str) -> date | None:
    try:
        return date(int(text[4:]), int(text[2:4]), int(text[:2])) if text else None
    except ValueError:
        return None


def _sex(text: str) -> Sex | None:
    folded = text.casefold()
    return next((sex for sex in Sex if sex.value.casefold() == folded), None)
