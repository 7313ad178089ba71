"""The price board, one good with its history, and what is left in the hand after drying and the way.

Keeps true: a price stands with its unit, place and age, and an old one says so.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, Response, request

from hub.base import money
from hub.base.errors import Refused
from hub.desks import errors, shell
from hub.desks.villager import common
from hub.trades.prices import calculator, chart, reader, service, words
from hub.trades.prices.calculator import Net
from hub.trades.prices.model import Commodity, Line, Report

_SHOWN_DAYS = 366
_SHOWN_ROWS = 20
_FIELDS = ("price", "weight", "transport", "loss")
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class _Seen:
    """A report as a reader sees it."""

    amount: str
    place: str
    age: str
    warning: str
    by: str
    on: dt.date


@dataclass(frozen=True, slots=True)
class _Sum:
    """The calculator's fields as typed, what to correct, and what came out."""

    typed: dict[str, str]
    problem: str | None = None
    net: Net | None = None


def add_to(desk: Blueprint) -> None:
    """Put the prices on ``desk``."""
    desk.add_url_rule("/prices", view_func=prices)
    desk.add_url_rule("/prices/<commodity_id>", view_func=commodity)


def prices() -> Response:
    """Show the latest price of everything."""
    conn, pack, today = shell.conn(), common.pack(), shell.moment().on
    version = service.version(conn)

    def render() -> str:
        board = service.board(conn, reader.commodities(pack), today)
        known = [(line, _seen(line.commodity, line.latest)) for line in board if line.latest]
        unknown = [line.commodity for line in board if line.latest is None]
        return shell.page("villager/prices.html", known=known, unknown=unknown)

    return shell.polled((pack.id, version, today), render)


def commodity(commodity_id: str) -> Response:
    """Show one good: latest price, history, calculator."""
    conn, pack, today = shell.conn(), common.pack(), shell.moment().on
    one = reader.commodity(pack, commodity_id)
    version = service.version(conn)

    def render() -> str:
        line = service.line(conn, one, today)
        since = today - dt.timedelta(days=_SHOWN_DAYS)
        history = service.history(conn, one, since_on=since)
        return shell.page(
            "villager/commodity.html",
            commodity=one,
            latest=_seen(one, line.latest) if line.latest else None,
            spread=_spread(line),
            elsewhere=[_seen(one, report) for report in line.elsewhere],
            history=[_seen(one, report) for report in reversed(history[-_SHOWN_ROWS:])],
            chart=_chart(one, history),
            sum=_sum(line),
            show=money.show,
        )

    asked = any(name in request.args for name in _FIELDS)
    if asked:
        # What somebody reckons with is theirs: drawn once, kept nowhere.
        return Response(render(), mimetype="text/html")
    return shell.polled((pack.id, version, today), render)


def _seen(good: Commodity, report: Report) -> _Seen:
    lang, today = shell.lang(), shell.moment().on
    kind = next((place.name.said(lang) for place in good.places if place.id == report.place_kind), "")
    return _Seen(
        amount=money.show(report.amount),
        place=f"{kind} ({report.place})" if kind else report.place,
        age=words.age(lang, report.seen_on, today),
        warning=words.warning(lang, report.seen_on, today, old=report.is_old(today)),
        by=report.staff_name,
        on=report.seen_on,
    )


def _spread(line: Line) -> str | None:
    if line.spread is None or line.spread.count < 2:
        return None
    return shell.say(
        "villager.price_spread",
        low=money.show(line.spread.low),
        high=money.show(line.spread.high),
        median=money.show(line.spread.median),
        count=line.spread.count,
    )


def _chart(good: Commodity, history: tuple[Report, ...]) -> str:
    points = [chart.Point(report.seen_on, report.amount) for report in history]
    title = shell.say("villager.price_chart", name=good.name.said(shell.lang()))
    return chart.chart(points, lang=shell.lang(), title=title, unit=good.unit)


def _sum(line: Line) -> _Sum:
    if not any(name in request.args for name in _FIELDS):
        return _Sum({"price": str(line.latest.amount) if line.latest else ""})
    typed = {name: request.args.get(name, "").strip()[:_LONGEST] for name in _FIELDS}
    try:
        if not typed["price"] or not typed["weight"]:
            raise Refused("villager.sum_missing")
        found = calculator.net(
            money.read(typed["price"]),
            calculator.read_number(typed["weight"]),
            transport=money.read(typed["transport"]) if typed["transport"] else 0,
            moisture_percent=calculator.read_number(typed["loss"]) if typed["loss"] else Decimal(0),
        )
    except Refused as bad:
        return _Sum(typed, problem=errors.told(bad))
    return _Sum(typed, net=found)
