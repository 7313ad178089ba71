"""ODK's date functions: days and moments by the village's wall clock, written out in people's own words.

Nothing here reads the clock: the village's offset comes with the scope.
"""

from __future__ import annotations

import math
import re

from hub.forms import values
from hub.forms.coerce import Scope, Value, num, text

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAYS_VI = ("Th 2", "Th 3", "Th 4", "Th 5", "Th 6", "Th 7", "CN")
_MILLISECONDS = 86_400_000


def date(scope: Scope, value: Value) -> str:
    """date(): a day from text, a date-time or a number of days; empty where there is none."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        day = values.date_of_days(float(value))
    else:
        moment = values.read_moment(text(value), scope.village)
        day = moment.date() if moment else values.read_date(text(value))
    return day.isoformat() if day else ""


def date_time(scope: Scope, value: Value) -> str:
    """date-time(): a moment with the village's offset."""
    moment = values.moment_of_days(num(scope, value))
    return "" if moment is None else values.stamp(moment.replace(tzinfo=scope.moment.tzinfo))


def decimal_time(scope: Scope, value: Value) -> float:
    """decimal-time(): the part of the day that has passed at a time."""
    moment = values.read_moment(text(value), scope.village)
    hour = moment.time() if moment else values.read_time(text(value))
    if hour is None:
        return math.nan
    return (hour.hour * 3600 + hour.minute * 60 + hour.second + hour.microsecond / 1e6) / 86_400


def format_date(scope: Scope, value: Value, shape: Value) -> str:
    """format-date() and format-date-time(): a moment by its % codes, names in the scope's language."""
    counted = num(scope, value)
    moment = None
    if math.isfinite(counted):
        moment = values.moment_of_days(round(counted * _MILLISECONDS) / _MILLISECONDS)
    if moment is None:
        return ""
    vietnamese = speaks_vietnamese(scope.lang)
    parts = {
        "%": "%",
        "Y": f"{moment.year:04}",
        "y": f"{moment.year % 100:02}",
        "m": f"{moment.month:02}",
        "n": str(moment.month),
        "b": f"thg {moment.month}" if vietnamese else _MONTHS[moment.month - 1],
        "d": f"{moment.day:02}",
        "e": str(moment.day),
        "a": (_DAYS_VI if vietnamese else _DAYS)[moment.weekday()],
        "H": f"{moment.hour:02}",
        "h": str(moment.hour),
        "M": f"{moment.minute:02}",
        "S": f"{moment.second:02}",
        "3": f"{moment.microsecond // 1000:03}",
    }
    return re.sub("%(.)", lambda found: parts.get(found[1], found[0]), text(shape))


def speaks_vietnamese(language: str) -> bool:
    """Whether a form's language is Vietnamese; so is a form that names no language."""
    told = language.casefold()
    return told in ("", "default", "vi") or "(vi" in told or "việt" in told or "vietnam" in told
