"""Values as XPath and ODK see them: numbers, dates and truth, from text and back.

Dates count as days since 1970-01-01 by the village's wall clock, as ODK does; a number never shows an
exponent. Nothing here reads the system clock.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal

_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_TIME = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?(Z|[+-][0-9]{2}:?[0-9]{2})?")
_EPOCH = date(1970, 1, 1)
_DAY_SECONDS = 86_400


def number(text: str) -> float:
    """XPath's number() of a string: NaN where it is not one."""
    text = text.strip(" \t\r\n")
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def number_text(value: float) -> str:
    """XPath's string() of a number: no trailing .0 and no exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value):
        return str(int(value))
    # 15 digits are what a double holds for certain: 0.1 + 0.2 is shown as 0.3.
    return format(Decimal(f"{value:.15g}"), "f")


def read_date(text: str) -> date | None:
    """The day an ISO date, or the first part of an ISO date-time, names; None where it names none."""
    match = _DATE.match(text)
    if match is None or len(text) > 10 and text[10] not in "T ":
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def read_time(text: str) -> time | None:
    """An ISO time of day without its offset, None where it is not one."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    try:
        fraction = int((match[4] or "0")[:6].ljust(6, "0"))
        return time(int(match[1]), int(match[2]), int(match[3] or 0), fraction)
    except ValueError:
        return None


def read_moment(text: str, village: tzinfo | None) -> datetime | None:
    """An ISO date-time as village wall-clock time (naive); an offset written in it is converted."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    day, hour = read_date(match[1]), read_time(match[2])
    if day is None or hour is None:
        return None
    wall = datetime.combine(day, hour)
    if match[3] is None or village is None:
        return wall
    try:
        return wall.replace(tzinfo=_offset(match[3])).astimezone(village).replace(tzinfo=None)
    except (OverflowError, ValueError):
        return None


def _offset(text: str) -> timezone:
    if text == "Z":
        return timezone.utc
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def days(text: str, village: tzinfo | None) -> float | None:
    """Days since 1970-01-01 of an ISO date or date-time, None for other text."""
    if len(text) < 10 or text[4] != "-":
        return None
    if len(text) == 10:
        day = read_date(text)
        return None if day is None else float((day - _EPOCH).days)
    moment = read_moment(text, village)
    if moment is None:
        return None
    whole = (moment.date() - _EPOCH).days
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
    return whole + seconds / _DAY_SECONDS


def date_of_days(count: float) -> date | None:
    """The day that many days after 1970-01-01, None outside the calendar."""
    if math.isnan(count) or math.isinf(count):
        return None
    try:
        return _EPOCH + timedelta(days=math.floor(count))
    except OverflowError:
        return None


def moment_of_days(count: float) -> datetime | None:
    """Village wall-clock time that many days after 1970-01-01, None outside the calendar."""
    if math.isnan(count) or math.isinf(count):
        return None
    try:
        return datetime.combine(_EPOCH, time()) + timedelta(days=count)
    except OverflowError:
        return None


def numeric(text: str, village: tzinfo | None) -> float:
    """ODK's number() of a string: a date counts as its days, other text as XPath says."""
    counted = days(text, village)
    return number(text) if counted is None else counted


def stamp(moment: datetime) -> str:
    """An aware moment as ODK writes date-times: milliseconds and the offset."""
    if moment.tzinfo is None:
        raise ValueError("a moment without its offset cannot be written into a form")
    return moment.isoformat(timespec="milliseconds")
