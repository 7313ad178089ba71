"""The relay's errand of the House's reports: one a day and one a month, where a technician has switched them on.

Keeps true: a day is reported once, at the first moment of it that the machine is awake for; a month once, when it
is over, from what the rooms wrote down, and never while nobody vouches for the day. What is missing stays
missing. It sends nothing: the outbox and the courier do.
"""

from __future__ import annotations

import sqlite3

from hub.base import identity
from hub.base.clock import Moment
from hub.base.house import House
from hub.overview import monthly
from hub.packs import shelf
from hub.trades.dossiers.model import What
from hub.trades.reports import daily, service
from hub.trades.reports.model import Content, Kind, coarse

# The bench has looked at its devices by then.
SETTLE_S = 120.0
# Months that passed while the machine lay in a cupboard are told, but not years of them.
_MOST_MONTHS = 3
_CASES = {
    What.SEALED: "niem_phong",
    What.OFFICE_HAS_IT: "da_nhan",
    What.OFFICE_SAYS: "tra_loi",
    What.WITHDRAWN: "rut_lai",
}


class Reports:
    """Writes what is due and looks after what was written, once a village day."""

    name = "reports"
    needs_way = False

    def __init__(self, house: House, conn: sqlite3.Connection, settle_s: float | None = None) -> None:
        self._house, self._conn = house, conn
        self._from = house.clock.read().mono + (SETTLE_S if settle_s is None else settle_s)
        self._tended: object = None

    def due(self) -> bool:
        """Return whether this day has not been looked at yet, or not since its clock is vouched for; nothing is
        asked of the card.
        """
        given, now = self._house.settings.reports, self._house.clock.read()
        on = given.daily or given.monthly
        return on and now.mono >= self._from and (now.on, now.trusted) != self._tended

    def run(self) -> None:
        """Write today's report, those of months that are over, and tend the ones of before."""
        given, moment = self._house.settings.reports, self._house.clock.read()
        house_id = identity.house_id(self._house.keys)
        if given.daily and not service.written(self._conn, Kind.DAILY, moment.on.isoformat()):
            told = daily.content(self._house, self._conn, moment, house_id)
            self._write(Kind.DAILY, moment.on.isoformat(), told, house_id, moment)
        if given.monthly and moment.trusted:
            for month in _over(self._conn, moment):
                told = self._month(month, moment, house_id)
                self._write(Kind.MONTHLY, month, told, house_id, moment)
        service.tend(self._conn, moment, given.keep_days)
        # A box that is switched off every night starts each day with a clock that nobody vouches for yet.
        self._tended = (moment.on, moment.trusted)

    def _write(self, kind: Kind, period: str, told: Content, house_id: str, moment: Moment) -> None:
        active = shelf.current(self._house.packs)
        service.write(self._conn, active, kind, period, told, house_id=house_id, moment=moment)

    def _month(self, month: str, moment: Moment, house_id: str) -> Content:
        counted = monthly.count(self._conn, month, moment)
        answers = {
            **daily.about(self._house, house_id),
            "thang": month,
            "luot_so": coarse(sum(number for _, number in counted.tickets)),
            "tham_nha": coarse(counted.visits),
            "gio_ngo": coarse(counted.doubtful),
        }
        answers |= {name: coarse(counted.dossiers.get(what, 0)) for what, name in _CASES.items()}
        rows = [
            {"ma": one.id, "ten": one.name("vi"), "luot": coarse(number)} for one, number in counted.tickets
        ]
        return Content(answers, {"dich_vu": rows})


def _over(conn: sqlite3.Connection, moment: Moment) -> tuple[str, ...]:
    """The months to tell of, oldest first: after the last one told, at first only the one just over."""
    before = service.last(conn, Kind.MONTHLY, moment.on.isoformat()[:7])
    finished = monthly.months(moment)[1 : _MOST_MONTHS + 1]
    wanted = finished[:1] if before is None else tuple(one for one in finished if one > before)
    return tuple(reversed(wanted))
