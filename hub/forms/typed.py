"""What people type, read into what a form stores, and back into what they see.

Dates are day first, decimals take a comma, digits may stand in groups. A doubtful answer is never guessed
at: it comes back as a phrase key and the text stays as it was typed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from hub.forms import points, values


class DataType(Enum):
    """What a bind says its node holds."""

    TEXT = "string"
    INTEGER = "int"
    DECIMAL = "decimal"
    DATE = "date"
    TIME = "time"
    MOMENT = "dateTime"
    BOOLEAN = "boolean"
    BINARY = "binary"
    POINT = "geopoint"
    TRACE = "geotrace"
    SHAPE = "geoshape"


@dataclass(frozen=True, slots=True)
class Reading:
    """A typed text read: the stored value, or the phrase key that says what is wrong."""

    value: str = ""
    key: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)


_SPACES = re.compile(r"[\s\u00a0\u202f]+")
_SPLIT_DATE = re.compile(r"([0-9]{1,2})\s*[/.\- ]\s*([0-9]{1,2})\s*[/.\- ]\s*([0-9]+)")
_RUN_DATE = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{4})")
_MONTH_YEAR = re.compile(r"([0-9]{1,2})\s*[/.\- ]\s*([0-9]{4})")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_CLOCK = re.compile(
    r"([0-9]{1,2})\s*(?:[:.hHgG]|giờ)\s*([0-9]{1,2})?\s*(?:phút|p)?(?::[0-9]{2}(?:\.[0-9]+)?)?"
)
_GROUPED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+")
_PLAIN_INTEGER = re.compile(r"[0-9]+")
_LINES = {DataType.TRACE: "trace", DataType.SHAPE: "shape"}
_NOT_LINES = {DataType.TRACE: "forms.not_trace", DataType.SHAPE: "forms.not_shape"}
_NOT_PARTS = {"year": "forms.not_year", "month": "forms.not_month"}
# Doubles, in which every expression counts, hold 15 digits exactly.
_MOST_DIGITS = 15


def read(kind: DataType, appearance: Collection[str], raw: str, now: datetime | None) -> Reading:
    """Read a cleaned, typed text as ``kind``.

    Empty text is an empty answer. ``now`` gives date-times their offset.
    """
    text = raw.strip()
    if not text:
        return Reading()
    if kind is DataType.INTEGER:
        return _integer(text)
    if kind is DataType.DECIMAL:
        return _decimal(text, appearance)
    if kind is DataType.DATE:
        return _date(text, appearance)
    if kind is DataType.TIME:
        return _time(text)
    if kind is DataType.MOMENT:
        return _moment(text, now)
    if kind is DataType.POINT:
        found = points.point(text)
        return Reading(found) if found else Reading(key="forms.not_point", values={"typed": text[:40]})
    if kind in _LINES:
        found = points.line(text, _LINES[kind])
        return Reading(found) if found else Reading(key=_NOT_LINES[kind])
    if kind is DataType.TEXT and "numbers" in appearance:
        together = _SPACES.sub("", text)
        return Reading(together if together.isdecimal() and together.isascii() else text)
    return Reading(text)


def _sign(text: str) -> tuple[str, str]:
    together = _SPACES.sub("", text)
    if together[:1] in ("-", "−", "+"):
        return ("" if together[0] == "+" else "-"), together[1:]
    return "", together


def _integer(text: str) -> Reading:
    sign, digits = _sign(text)
    if _GROUPED.fullmatch(digits):
        digits = digits.replace(".", "")
    if not _PLAIN_INTEGER.fullmatch(digits):
        return Reading(key="forms.not_whole_number", values={"typed": text[:40]})
    return _counted(sign, digits.lstrip("0") or "0", "")


def _decimal(text: str, appearance: Collection[str]) -> Reading:
    sign, digits = _sign(text)
    whole, comma, part = digits.partition(",")
    if not comma:
        if _GROUPED.fullmatch(whole):
            if whole.count(".") == 1 and not whole.startswith("0") and "thousands-sep" not in appearance:
                return Reading(
                    key="forms.ambiguous_number",
                    values={
                        "as_whole": sign + whole.replace(".", ""),
                        "as_part": sign + whole.replace(".", ","),
                    },
                )
            if not whole.startswith("0"):
                whole = whole.replace(".", "")
        whole, _, part = whole.partition(".")
    elif _GROUPED.fullmatch(whole):
        whole = whole.replace(".", "")
    whole = whole or ("0" if part else "")
    if not _PLAIN_INTEGER.fullmatch(whole) or part and not _PLAIN_INTEGER.fullmatch(part):
        return Reading(key="forms.not_number", values={"typed": text[:40]})
    return _counted(sign, whole.lstrip("0") or "0", part)


def _counted(sign: str, whole: str, part: str) -> Reading:
    if len(whole) + len(part) > _MOST_DIGITS:
        return Reading(key="forms.number_too_long", values={"most": _MOST_DIGITS})
    if not (whole + part).strip("0"):
        sign = ""
    return Reading(sign + whole + (f".{part}" if part else ""))


def _date(text: str, appearance: Collection[str]) -> Reading:
    if "year" in appearance:
        found = _date(f"01/01/{text}" if re.fullmatch("[0-9]{4}", text) else text, ())
        return Reading(f"{found.value[:4]}-01-01") if found.value else _only("year", text, found)
    if "month-year" in appearance:
        match = _MONTH_YEAR.fullmatch(text)
        found = _date(f"01/{match[1]}/{match[2]}" if match else text, ())
        return Reading(f"{found.value[:7]}-01") if found.value else _only("month", text, found)
    if re.fullmatch("[0-9]{4}", text):
        return Reading(key="forms.date_only_year", values={"year": text})
    if match := _ISO_DATE.fullmatch(text):
        return _day(int(match[1]), int(match[2]), int(match[3]), text)
    # The ID card's QR writes ddmmyyyy without separators.
    match = _SPLIT_DATE.fullmatch(text) or _RUN_DATE.fullmatch(text)
    if match is None:
        return Reading(key="forms.not_date", values={"typed": text[:40]})
    if len(match[3]) != 4:
        return Reading(key="forms.date_short_year", values={"typed": text[:40]})
    return _day(int(match[3]), int(match[2]), int(match[1]), text)


def _only(what: str, text: str, found: Reading) -> Reading:
    """A date of which only the year or the month is asked says so when it cannot be read."""
    if found.key in ("forms.date_not_real", "forms.date_short_year"):
        return Reading(key=found.key, values={"typed": text[:40]})
    return Reading(key=_NOT_PARTS[what], values={"typed": text[:40]})


def _day(year: int, month: int, day: int, text: str) -> Reading:
    try:
        return Reading(date(year, month, day).isoformat())
    except ValueError:
        return Reading(key="forms.date_not_real", values={"typed": text[:40]})


def _time(text: str) -> Reading:
    match = _CLOCK.fullmatch(text)
    if match is None or int(match[1]) > 23 or int(match[2] or 0) > 59:
        return Reading(key="forms.not_time", values={"typed": text[:40]})
    return Reading(f"{int(match[1]):02}:{int(match[2] or 0):02}:00.000")


def _moment(text: str, now: datetime | None) -> Reading:
    day_text, _, hour_text = text.replace("T", " ").partition(" ")
    if _CLOCK.fullmatch(day_text) and not _CLOCK.fullmatch(hour_text.strip()):
        day_text, hour_text = hour_text, day_text
    day, hour = _date(day_text.strip(), ()), _time(hour_text.strip())
    if day.key is not None:
        return day
    if not hour_text.strip():
        return Reading(key="forms.moment_only_date", values={"typed": text[:40]})
    if hour.key is not None:
        return hour
    if now is None or now.tzinfo is None:
        return Reading(f"{day.value}T{hour.value}")
    wall = datetime.fromisoformat(f"{day.value}T{hour.value}").replace(tzinfo=now.tzinfo)
    return Reading(values.stamp(wall))


def fault(kind: DataType, stored: str) -> str | None:
    """The phrase key of a stored value that is not of its kind, None when it is."""
    if stored == "":
        return None
    if kind is DataType.INTEGER and not re.fullmatch("-?[0-9]+", stored):
        return "forms.not_whole_number"
    if kind is DataType.DECIMAL and values.number(stored) != values.number(stored):
        return "forms.not_number"
    if kind is DataType.DATE and values.read_date(stored) is None:
        return "forms.not_date"
    if kind is DataType.TIME and values.read_time(stored) is None:
        return "forms.not_time"
    if kind is DataType.MOMENT and values.read_moment(stored, None) is None:
        return "forms.not_moment"
    if kind is DataType.POINT and points.point(stored) is None:
        return "forms.not_point"
    if kind in _LINES and points.line(stored, _LINES[kind]) is None:
        return _NOT_LINES[kind]
    return None


def shown(kind: DataType, appearance: Collection[str], stored: str) -> str:
    """A stored value as people read it.

    Dd/mm/yyyy, decimal comma, 24 hours; what is not of its kind stays as it is.
    """
    if fault(kind, stored) is not None or stored == "":
        return stored
    if kind is DataType.DATE:
        day = values.read_date(stored)
        if day is None:
            return stored
        if "year" in appearance:
            return f"{day.year:04}"
        return f"{day.month:02}/{day.year:04}" if "month-year" in appearance else f"{day:%d/%m}/{day.year:04}"
    if kind is DataType.TIME:
        return stored[:5]
    if kind is DataType.MOMENT:
        return f"{stored[8:10]}/{stored[5:7]}/{stored[:4]} {stored[11:16]}"
    if kind in _LINES:
        return points.lines(stored)
    if kind in (DataType.INTEGER, DataType.DECIMAL):
        return _number_shown(stored, "thousands-sep" in appearance)
    return stored


def _number_shown(stored: str, grouped: bool) -> str:
    sign = "-" if stored.startswith("-") else ""
    whole, point, part = stored.lstrip("-").partition(".")
    if grouped and whole:
        whole = f"{int(whole):,}".replace(",", ".")
    return sign + whole + ("," if point else "") + part
