"""What stands on every paper alike: whose House it is, and a time with its doubt.

Keeps true: all slips begin with the same three parts, and a time that the House does not believe is never shown
without saying so. It knows no trade and no person.
"""

from __future__ import annotations

import datetime as dt

from devices.slip import Align, Part, Rule, Size, Text
from hub.base import phrases
from hub.base.clock import VILLAGE
from hub.base.settings import HouseSettings


def head(house: HouseSettings) -> list[Part]:
    """Return the top of a slip: name, village and commune, the woven border."""
    return [
        Text(house.name, Size.LARGE, bold=True, align=Align.CENTRE),
        Text(f"{house.village}, {house.commune}", Size.SMALL, align=Align.CENTRE),
        Rule(woven=True),
    ]


def shown_time(lang: str, at: dt.datetime, trusted: bool) -> str:
    """Return day and time of the village, marked when the clock was doubtful."""
    shown = at.astimezone(VILLAGE).strftime("%d/%m/%Y %H:%M")
    return shown if trusted else phrases.say(lang, "base.time_doubtful", time=shown)
