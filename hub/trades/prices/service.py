"""The price board: guides write down what they saw, everyone reads it with its age.

Keeps true: every price has a name, a place and a day; nothing written down is changed or lost, only taken
back with a reason; a number that looks like a slip is asked about before it stands. It never averages fresh
with dry, or the garden with the market.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import statistics
from collections.abc import Iterable
from fractions import Fraction

from hub.base import db, money, text
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing, Refused
from hub.base.money import Dong
from hub.trades.prices import store
from hub.trades.prices.model import SPREAD_DAYS, Commodity, Line, Report, Spread, Unlikely

TOPIC = "prices"
_LONGEST = 120
_YEAR = dt.timedelta(days=366)
_JUMP = 5


def report(
    conn: sqlite3.Connection,
    commodity: Commodity,
    amount: str,
    *,
    place_kind: str,
    place: str,
    seen_on: dt.date,
    staff_id: int,
    staff_name: str,
    moment: Moment,
    confirmed: bool = False,
) -> Report:
    """Write down what a guide saw: ``amount`` as typed ("25.000", "25 nghìn") for one unit of ``commodity``.

    Raises ``Unlikely`` when the amount is outside the plausible range or five times more or less than the
    last one at the same kind of place, unless ``confirmed``; ``Refused`` for an unreadable amount, an unknown
    kind of place, no place, a day in the future or more than a year ago.
    """
    value = money.read(amount)
    if value <= 0:
        raise Refused("prices.zero")
    kind = commodity.place(place_kind)
    where = text.clean(place)
    if not where or len(where) > _LONGEST:
        raise Refused("prices.place_missing")
    # A House whose clock is doubtful may be behind the true day.
    if seen_on > moment.on and moment.trusted:
        raise Refused("prices.future", day=f"{seen_on:%d/%m/%Y}")
    if moment.on - seen_on > _YEAR:
        raise Refused("prices.too_old", day=f"{seen_on:%d/%m/%Y}")
    with db.write(conn):
        if not confirmed:
            _doubt(conn, commodity, value, kind.id)
        number = store.add(
            conn,
            commodity_id=commodity.id,
            amount=value,
            unit=commodity.unit,
            form=commodity.form.vi,
            place_kind=kind.id,
            place=where,
            seen_on=seen_on,
            staff_id=staff_id,
            staff_name=staff_name,
            moment=moment,
        )
        db.touch(conn, TOPIC)
        written = store.report(conn, number)
    assert written is not None
    return written


def withdraw(
    conn: sqlite3.Connection, report_id: int, reason: str, *, staff_id: int, staff_name: str, moment: Moment
) -> Report:
    """Take a report back, with a reason that stays beside it.

    Raises ``Missing`` for an unknown report, ``Refused`` without a reason, ``Conflict`` when it was taken
    back before.
    """
    why = text.clean(reason)
    if not why or len(why) > _LONGEST:
        raise Refused("prices.reason_missing")
    with db.write(conn):
        found = store.report(conn, report_id)
        if found is None:
            raise Missing("prices.no_report")
        if found.withdrawn is not None:
            raise Conflict("prices.withdrawn_before", name=found.withdrawn.staff_name)
        store.withdraw(conn, report_id, why, staff_id, staff_name, moment)
        db.touch(conn, TOPIC)
        after = store.report(conn, report_id)
    assert after is not None
    return after


def board(conn: sqlite3.Connection, commodities: Iterable[Commodity], today: dt.date) -> tuple[Line, ...]:
    """Return one line for each of ``commodities``, also for those without a price."""
    return tuple(line(conn, commodity, today) for commodity in commodities)


def line(conn: sqlite3.Connection, commodity: Commodity, today: dt.date) -> Line:
    """Return the latest price of one good, its seven-day spread at that kind of place, and elsewhere."""
    found = [store.latest(conn, commodity.id, place.id) for place in commodity.places]
    known = sorted((one for one in found if one), key=lambda one: (one.seen_on, one.id), reverse=True)
    if not known:
        return Line(commodity, None, None, ())
    since = today - dt.timedelta(days=SPREAD_DAYS - 1)
    recent = [
        one.amount
        for one in store.standing(conn, commodity.id, since)
        if one.place_kind == known[0].place_kind and one.seen_on <= max(today, known[0].seen_on)
    ]
    return Line(commodity, known[0], _spread(recent), tuple(known[1:]))


def history(
    conn: sqlite3.Connection,
    commodity: Commodity,
    *,
    place_kind: str | None = None,
    since_on: dt.date | None = None,
) -> tuple[Report, ...]:
    """Return the standing reports of one good at one kind of place (the latest's), oldest first."""
    found = store.standing(conn, commodity.id, since_on)
    if place_kind is None and found:
        place_kind = found[0].place_kind
    return tuple(one for one in reversed(found) if one.place_kind == place_kind)


def ledger(
    conn: sqlite3.Connection, *, limit: int = 50, commodity_id: str | None = None
) -> tuple[Report, ...]:
    """Return what was written down last, newest first, also what was taken back: for the guides."""
    return store.ledger(conn, limit, commodity_id)


def version(conn: sqlite3.Connection) -> int:
    """Return a number that grows with every report and withdrawal, for ETags."""
    return db.version(conn, TOPIC)


def _doubt(conn: sqlite3.Connection, commodity: Commodity, value: Dong, place_kind: str) -> None:
    low, high = commodity.plausible_min, commodity.plausible_max
    if (low is not None and value < low) or (high is not None and value > high):
        raise Unlikely("prices.unlikely_range", amount=money.show(value), unit=commodity.unit)
    last = store.latest(conn, commodity.id, place_kind)
    if last is not None and (value >= last.amount * _JUMP or value * _JUMP <= last.amount):
        raise Unlikely(
            "prices.unlikely_jump",
            amount=money.show(value),
            unit=commodity.unit,
            last=money.show(last.amount),
            day=f"{last.seen_on:%d/%m/%Y}",
        )


def _spread(amounts: list[Dong]) -> Spread | None:
    if not amounts:
        return None
    middle = statistics.median(map(Fraction, amounts))
    return Spread(min(amounts), Dong(int(middle + Fraction(1, 2))), max(amounts), len(amounts))
