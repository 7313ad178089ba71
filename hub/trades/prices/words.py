"""How a price says its age, so that nobody takes an old one for today's."""

from __future__ import annotations

import datetime as dt

from hub.base import phrases

_WEEKS_FROM = 14
_MONTHS_FROM = 60


def age(lang: str, seen_on: dt.date, today: dt.date) -> str:
    """Return "giá của hôm nay", "giá của 5 ngày trước", "giá của 3 tuần trước", or the day itself.

    The day itself when it lies ahead of a House whose clock runs behind.
    """
    days = (today - seen_on).days
    if days < 0:
        return phrases.say(lang, "prices.age_on", day=f"{seen_on:%d/%m/%Y}")
    if days < 2:
        return phrases.say(lang, ("prices.age_today", "prices.age_yesterday")[days])
    if days < _WEEKS_FROM:
        return phrases.say(lang, "prices.age_days", count=days)
    if days < _MONTHS_FROM:
        return phrases.say(lang, "prices.age_weeks", count=days // 7)
    return phrases.say(lang, "prices.age_months", count=days // 30)


def warning(lang: str, seen_on: dt.date, today: dt.date, *, old: bool) -> str:
    """Return the sentence that warns of an old price, or nothing."""
    return phrases.say(lang, "prices.old", age=age(lang, seen_on, today)) if old else ""
