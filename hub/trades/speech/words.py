"""A text as it is to be said: numbers, dates, hours, money and percent in words.

Keeps true: what is not a number stays as it was written, and a number that cannot be read sensibly is said
digit by digit rather than wrongly. It never changes what is shown, only what is spoken.
"""

from __future__ import annotations

import re
import unicodedata

from hub.base import spoken
from hub.base.spoken import Manner

_MONTHS = ("January February March April May June July August September October November December").split()
_DIGITS = {
    "vi": ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"),
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
}
_WORDS = {
    "vi": {"date": "ngày", "month": "tháng", "year": "năm", "point": "phẩy", "percent": "phần trăm"},
    "en": {"point": "point", "percent": "percent"},
}
_DATE = r"(?P<d>[0-9]{1,2})/(?P<m>[0-9]{1,2})/(?P<y>[0-9]{4})"
_MONTH = r"(?P<mo>[0-9]{1,2})/(?P<my>[0-9]{4})"
_HOUR = r"(?P<hh>[0-9]{1,2})(?::(?P<mm>[0-9]{2})(?![0-9])|\s?(?:giờ|h)\s?(?P<min>[0-9]{2})(?![0-9]))"
_RATIO = r"(?P<upper>[0-9]{1,4})/(?P<lower>[0-9]{1,4})"
_SPAN = r"(?P<from>[0-9]{1,4})\s?[-–]\s?(?P<to>[0-9]{1,4})(?![0-9/.,-])"
_AMOUNT = (
    r"(?P<number>[0-9]{1,3}(?:\.[0-9]{3})+(?![0-9])(?:,[0-9]+)?|[0-9]+(?:[.,][0-9]+)?)"
    r"(?P<unit>\s?%|\s?₫|\s?(?:đồng|dong|VND|VNĐ)\b|\s?đ(?!\w))?"
)
_FOUND = re.compile(
    rf"(?<![0-9])(?:(?P<lead>ngày\s+)?{_DATE}(?![0-9/])|{_MONTH}(?![0-9/])|{_RATIO}(?![0-9/])"
    rf"|{_HOUR}|(?<![.,-]){_SPAN}|{_AMOUNT})",
    re.IGNORECASE,
)
_LONGEST_NUMBER = 12


def spoken_form(text: str, lang: str, manner: Manner = spoken.USUAL) -> str:
    """Return ``text`` in NFC as ``lang`` (``vi``, or English for any other) says it; line breaks stay.

    ``manner`` is how this region says Vietnamese numbers.
    """
    lang = "vi" if lang == "vi" else "en"
    text = unicodedata.normalize("NFC", text)
    kept = "".join(
        mark if mark in "\n\t" or unicodedata.category(mark) not in {"Cc", "Cf", "Cs", "Co", "Cn"} else " "
        for mark in text
    )
    said = _FOUND.sub(lambda found: _said(found, kept, lang, manner), kept)
    # What no rule took is still said, digit by digit: an engine would read it in its own way.
    said = re.sub(r"[0-9]", lambda left: f" {_DIGITS[lang][int(left[0])]} ", said)
    return re.sub(r"[ \t]+", " ", said).strip()


def _said(found: re.Match[str], text: str, lang: str, manner: Manner) -> str:
    if found["d"]:
        words = _date(int(found["d"]), int(found["m"]), int(found["y"]), lang, manner)
        words = words if words is not None else _each_digit(found[0], lang)
    elif found["mo"]:
        words = _month(int(found["mo"]), int(found["my"]), lang, manner) or _each_digit(found[0], lang)
    elif found["upper"]:
        over = " trên " if lang == "vi" else " out of "
        words = over.join(_number(found[part], lang, manner) for part in ("upper", "lower"))
    elif found["hh"]:
        words = _hour(int(found["hh"]), int(found["mm"] or found["min"]), lang, manner) or _each_digit(
            found[0], lang
        )
    elif found["from"]:
        between = " đến " if lang == "vi" else " to "
        words = between.join(_number(found[part], lang, manner) for part in ("from", "to"))
    else:
        words = _amount(found["number"], (found["unit"] or "").strip().lower(), lang, manner)
    # "A12" and "12kg" are two words when spoken.
    before = " " if found.start() and text[found.start() - 1].isalpha() else ""
    after = " " if found.end() < len(text) and text[found.end()].isalpha() else ""
    return f"{before}{words}{after}"


def _date(day: int, month: int, year: int, lang: str, manner: Manner) -> str | None:
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    if lang == "en":
        return f"{spoken.number(day, lang, manner)} {_MONTHS[month - 1]} {spoken.number(year, lang, manner)}"
    # The fourth month and the first days of a month have names of their own.
    name = "tư" if month == 4 else spoken.number(month, lang, manner)
    first = f"mùng {spoken.number(day, lang, manner)}" if day <= 10 else spoken.number(day, lang, manner)
    return f"ngày {first} tháng {name} năm {spoken.number(year, lang, manner)}"


def _month(month: int, year: int, lang: str, manner: Manner) -> str | None:
    if not 1 <= month <= 12:
        return None
    if lang == "en":
        return f"{_MONTHS[month - 1]} {spoken.number(year, lang, manner)}"
    name = "tư" if month == 4 else spoken.number(month, lang, manner)
    return f"{name} năm {spoken.number(year, lang, manner)}"


def _hour(hour: int, minute: int, lang: str, manner: Manner) -> str | None:
    if hour > 24 or minute > 59:
        return None
    if lang == "en":
        rest = spoken.number(minute, lang, manner) if minute else "o'clock"
        return f"{spoken.number(hour, lang, manner)} {'oh ' if 0 < minute < 10 else ''}{rest}"
    return f"{spoken.number(hour, lang, manner)} giờ" + (
        f" {spoken.number(minute, lang, manner)} phút" if minute else ""
    )


def _amount(number: str, unit: str, lang: str, manner: Manner) -> str:
    words = _number(number, lang, manner)
    if unit == "%":
        return f"{words} {_WORDS[lang]['percent']}"
    if unit:
        return f"{words} {'đồng' if lang == 'vi' else 'dong'}"
    return words


def _number(written: str, lang: str, manner: Manner) -> str:
    grouped = re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?", written)
    whole, _, part = (written.replace(".", "") if grouped else written.replace(".", ",")).partition(",")
    # A leading zero or great length means a telephone number or a code, not a quantity.
    if len(whole) > _LONGEST_NUMBER or (len(whole) > 1 and whole.startswith("0")):
        words = _each_digit(whole, lang)
    elif not grouped and not part and len(whole) >= 8:
        words = _each_digit(whole, lang)
    else:
        words = spoken.number(int(whole), lang, manner)
    return f"{words} {_WORDS[lang]['point']} {_each_digit(part, lang)}" if part else words


def _each_digit(written: str, lang: str) -> str:
    return " ".join(_DIGITS[lang][int(mark)] for mark in written if mark in "0123456789")
