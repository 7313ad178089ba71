"""How a figure is told: its amount in its unit, how old its source is, who of the commune gave it.

Keeps true: what nobody has verified shows no number here, only whom to ask.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from hub.base import money, phrases
from hub.base.clock import Moment
from hub.trades.procedures.model import Figure, FigureKind, Own, Status, Unit

_MONTH_DAYS, _YEAR_DAYS = 31, 365
_RATES = {Unit.PERCENT: 100, Unit.PER_MILLE: 1_000}


def amount(lang: str, figure: Figure) -> str:
    """Return a figure's value in its unit, "hỏi cán bộ xã" where it has none or nobody has verified it."""
    if figure.value is None or figure.status is Status.UNVERIFIED:
        return phrases.say(lang, "procedures.ask")
    return number(lang, figure)


def number(lang: str, figure: Figure) -> str:
    """Return a figure's value in its unit however sure it is; it must have one."""
    assert figure.value is not None
    values = [value for value in (figure.value, figure.value_max, figure.value_online) if value is not None]
    ends = sorted({min(values), max(values)})
    if figure.unit is Unit.DONG:
        if not any(values):
            return phrases.say(lang, "procedures.free")
        return " – ".join(money.show(value) for value in ends)
    if figure.unit in _RATES:
        return " – ".join(share(lang, Fraction(value, _RATES[figure.unit])) for value in ends)
    unit = "age" if figure.kind is FigureKind.AGE and figure.unit is Unit.YEAR else str(figure.unit)
    key = f"procedures.unit_{unit}"
    if ends == [1] and phrases.has(f"{key}_one"):
        return phrases.say(lang, f"{key}_one")
    return phrases.say(lang, key, value=" – ".join(grouped(lang, value) for value in ends))


def share(lang: str, of_whole: Fraction) -> str:
    """Return a share as a percentage: 6,6% in Vietnamese, 6.6% in English."""
    shown = f"{float(of_whole * 100):.4f}".rstrip("0").rstrip(".")
    return f"{shown if phrases.language(lang) == 'en' else shown.replace('.', ',')}%"


def grouped(lang: str, value: int) -> str:
    """Return a whole number with its thousands apart."""
    shown = f"{value:,}"
    return shown if phrases.language(lang) == "en" else shown.replace(",", ".")


def own_line(lang: str, own: Own) -> str:
    """Return who of the commune gave a figure, on which day, and who wrote it down."""
    return phrases.say(
        lang, "procedures.own_line", told_by=own.told_by, day=day(own.told_on), name=own.staff_name
    )


def day(on: dt.date) -> str:
    """Return a day as people write it: 05/10/2026."""
    return f"{on:%d/%m}/{on.year:04}"


def age(lang: str, read_on: dt.date, moment: Moment) -> str:
    """Return in words how old something read on ``read_on`` is; only the day while the clock is doubtful."""
    shown = day(read_on)
    days = (moment.on - read_on).days
    if not moment.trusted or days < 0:
        return phrases.say(lang, "procedures.age_day", day=shown)
    if days < 2:
        return phrases.say(lang, f"procedures.age_{('today', 'yesterday')[days]}", day=shown)
    if days < 2 * _MONTH_DAYS:
        return phrases.say(lang, "procedures.age_days", day=shown, days=days)
    if days < 2 * _YEAR_DAYS:
        return phrases.say(lang, "procedures.age_months", day=shown, months=days * 12 // _YEAR_DAYS)
    return phrases.say(lang, "procedures.age_years", day=shown, years=days // _YEAR_DAYS)
