"""What the prices room speaks of: goods, what a guide saw, and what a board shows.

Keeps true: a price never stands without its unit, its form, its place and its day.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NewType

from hub.base.errors import Refused
from hub.base.money import Dong

CommodityId = NewType("CommodityId", str)
PlaceKind = NewType("PlaceKind", str)
ReportId = NewType("ReportId", int)

OLD_DAYS = 14
SPREAD_DAYS = 7


@dataclass(frozen=True, slots=True)
class Words:
    """The same name for both kinds of reader."""

    vi: str
    en: str

    def said(self, lang: str) -> str:
        """Return the name in ``lang``, Vietnamese unless it is ``en``."""
        return self.en if lang == "en" else self.vi


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of point of sale: at the garden, at the market."""

    id: PlaceKind
    name: Words


@dataclass(frozen=True, slots=True)
class Commodity:
    """One good in one form; ``unit`` such as ``đồng/kg``; the plausible amounts only guard against slips."""

    id: CommodityId
    name: Words
    form: Words
    unit: str
    places: tuple[Place, ...]
    picture: str
    plausible_min: Dong | None = None
    plausible_max: Dong | None = None

    def place(self, kind: str) -> Place:
        """Return the place kind ``kind``; raises ``Refused("prices.place_unknown")``."""
        for place in self.places:
            if place.id == kind:
                return place
        raise Refused("prices.place_unknown")


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """That a report was taken back: why, by whom, when (UTC text)."""

    reason: str
    staff_name: str
    at: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a named guide saw on a day: ``amount`` đồng for one ``unit`` of the good in this ``form``."""

    id: ReportId
    commodity_id: CommodityId
    amount: Dong
    unit: str
    form: str
    place_kind: PlaceKind
    place: str
    seen_on: dt.date
    staff_id: int
    staff_name: str
    reported_at: str
    trusted: bool
    withdrawn: Withdrawal | None = None

    def age_days(self, today: dt.date) -> int:
        """Return how many days ago it was seen; negative when the House's clock runs behind."""
        return (today - self.seen_on).days

    def is_old(self, today: dt.date) -> bool:
        """Return whether the reader must be warned that it may no longer hold."""
        return self.age_days(today) > OLD_DAYS


@dataclass(frozen=True, slots=True)
class Spread:
    """Lowest, middle and highest of the last seven days at one kind of place, from ``count`` reports."""

    low: Dong
    median: Dong
    high: Dong
    count: int


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the board: the latest report, its place kind's spread, and the latest at the other kinds."""

    commodity: Commodity
    latest: Report | None
    spread: Spread | None
    elsewhere: tuple[Report, ...]


class Unlikely(Refused):
    """A price that looks like a slip of the finger: ask the guide, and report again with ``confirmed``."""
