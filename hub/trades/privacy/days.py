"""When an answer is due: two working days after the day somebody asked.

Keeps true: the day of asking is not counted; Saturday, Sunday and a day off that the settings name are no
working days. It knows no day off of its own: one that is missing only makes the answer due earlier.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

WORKING_DAYS = 2
"""Decree 356/2025/NĐ-CP as read by facts par. 9; the status stands in the register."""

BREACH_HOURS = 72
"""Law 91/2025/QH15 art. 23: hours from discovery until the agency must know."""


def is_working(day: dt.date, off: Collection[dt.date]) -> bool:
    """Return whether offices work on ``day``."""
    return day.weekday() < 5 and day not in off


def due(asked_on: dt.date, off: Collection[dt.date] = ()) -> dt.date:
    """Return the last day on which an answer is in time."""
    day, left = asked_on, WORKING_DAYS
    while left:
        day += dt.timedelta(days=1)
        left -= is_working(day, off)
    return day


def deadline(discovered_at: dt.datetime) -> dt.datetime:
    """Return until when a breach must be reported."""
    return discovered_at + dt.timedelta(hours=BREACH_HOURS)
