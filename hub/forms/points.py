"""Places as people type them and as forms store them: "latitude longitude [altitude [accuracy]]", one a line.

A trace is two points or more; a shape ends where it began. Degrees are decimal. Nothing here looks at a map.
"""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(r"[-−+]?[0-9]{1,6}(?:\.[0-9]{1,15})?")
# 21,5 105,25 is a way to write decimals; 21.5, 105.25 is how maps hand a place on.
_COMMA_DECIMAL = re.compile(r"(?<![0-9.])([-−+]?[0-9]{1,6}),([0-9]{1,15})(?![0-9.])")
_LINES = re.compile(r"[;\n]+")
_LEAST = {"trace": 2, "shape": 3}


def point(text: str) -> str | None:
    """A typed point as a form stores it, None when it is not one."""
    found = _numbers(text)
    if found is None or not 2 <= len(found) <= 4:
        return None
    latitude, longitude = found[:2]
    if abs(latitude) > 90 or abs(longitude) > 180 or len(found) == 4 and found[3] < 0:
        return None
    found += [Decimal(0)] * (4 - len(found))
    return " ".join(_text(one) for one in found)


def line(text: str, form: str) -> str | None:
    """Typed points, one a line or parted by ``;``, as a ``trace`` or ``shape`` is stored; None for other
    text."""
    points = [point(part) for part in _LINES.split(text) if part.strip()]
    whole = [one for one in points if one is not None]
    if len(whole) != len(points):
        return None
    if form == "shape" and whole and whole[0] != whole[-1]:
        whole.append(whole[0])
    least = _LEAST[form] + (form == "shape")
    return ";".join(whole) if len(whole) >= least else None


def lines(stored: str) -> str:
    """A stored trace or shape as people see it: a point a line."""
    return "\n".join(part.strip() for part in stored.split(";") if part.strip())


def _numbers(text: str) -> list[Decimal] | None:
    text = text.strip()
    if "." not in text and text.count(",") >= 2:
        text = _COMMA_DECIMAL.sub(r"\1.\2", text)
    parts = [part for part in re.split(r"[\s,]+", text) if part]
    if not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    return [Decimal(part.replace("−", "-")) for part in parts]


def _text(value: Decimal) -> str:
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "+0") else text
