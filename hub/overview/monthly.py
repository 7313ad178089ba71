"""A month of the House in plain counts: numbers given by service, dossiers sealed, received and answered.

Keeps true: it counts what the rooms wrote down and nothing else, tells what stands at a doubtful time, and
names nobody. A month that is not over says so.
"""

from __future__ import annotations

import datetime as dt
import functools
import sqlite3
from dataclasses import dataclass

from hub.base import phrases
from hub.base.clock import VILLAGE, Moment
from hub.base.errors import Missing
from hub.base.settings import Settings
from hub.sheets.model import Block, Item, Leaflet, Line
from hub.trades.dossiers import ledger
from hub.trades.dossiers.model import What
from hub.trades.tickets import views as tickets
from hub.trades.tickets.model import Service
from hub.trades.volunteers import visit_rows

OLDEST = 24
"""How many months back can be asked for."""
_KINDS = (What.SEALED, What.OFFICE_HAS_IT, What.OFFICE_SAYS, What.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Month:
    """The counts of one month; ``doubtful`` events and numbers stand at a time nobody vouches for."""

    first: dt.date
    whole: bool
    tickets: tuple[tuple[Service, int], ...]
    dossiers: dict[What, int]
    visits: int
    doubtful: int

    @property
    def name(self) -> str:
        """The month as it is written here: 11/2026."""
        return f"{self.first:%m/%Y}"


def months(moment: Moment) -> tuple[str, ...]:
    """Return the months that can be asked for, this one first, each as ``YYYY-MM``."""
    count = moment.on.year * 12 + moment.on.month - 1
    return tuple(f"{one // 12:04}-{one % 12 + 1:02}" for one in range(count, count - OLDEST, -1))


def count(conn: sqlite3.Connection, month: str, moment: Moment) -> Month:
    """Return the counts of ``month`` (``YYYY-MM``); raises ``Missing("sheetjobs.no_month")``."""
    if month not in months(moment):
        raise Missing("sheetjobs.no_month")
    first = dt.date.fromisoformat(f"{month}-01")
    following = (first + dt.timedelta(days=31)).replace(day=1)
    since, until = (dt.datetime.combine(day, dt.time(), VILLAGE) for day in (first, following))
    given = tickets.issued_between(conn, first, following - dt.timedelta(days=1))
    cases, doubtful = ledger.cases_between(conn, since, until)
    visits, unsure_visits = visit_rows.between(conn, since, until)
    return Month(
        first,
        moment.on >= following,
        tuple((service, sure + unsure) for service, sure, unsure in given),
        {what: cases.get(what, 0) for what in _KINDS},
        visits,
        doubtful + unsure_visits + sum(unsure for _, _, unsure in given),
    )


def leaflet(month: Month, settings: Settings, *, lang: str, moment: Moment) -> Leaflet:
    """Return the counts as a sheet of A4."""
    say = functools.partial(phrases.say, lang)
    house = settings.house
    facts = [Line(say(f"sheetjobs.month_{what}"), str(number)) for what, number in month.dossiers.items()]
    facts.append(Line(say("sheetjobs.month_visits"), str(month.visits)))
    given = [Item(f"{service.name(lang)}: {number}") for service, number in month.tickets]
    total = sum(number for _, number in month.tickets)
    notes = [Item(say("sheetjobs.month_how"))]
    if month.doubtful:
        notes.append(Item(say("sheetjobs.month_doubtful", count=month.doubtful)))
    made = f"{moment.at.astimezone(VILLAGE):%H:%M %d/%m/%Y}"
    return Leaflet(
        house=house.name,
        place=", ".join(filter(None, (house.village, house.commune, house.province, house.phone))),
        title=say("sheetjobs.month_title", month=month.name),
        under="" if month.whole else say("sheetjobs.month_not_over"),
        facts=(Line(say("sheetjobs.month_tickets"), str(total)), *facts),
        blocks=(
            Block(say("sheetjobs.month_services"), tuple(given) or (Item(say("sheetjobs.month_none")),)),
            Block(say("sheetjobs.month_notes"), tuple(notes)),
        ),
        foot=say("sheetjobs.month_foot", house=house.name, time=made),
        lang=phrases.language(lang),
    )
