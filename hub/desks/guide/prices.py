"""The price board filled in fast: one place, one day, and the goods somebody saw there.

Keeps true: what could be read is written down at once, and only what looks like a slip is asked about again;
a price is taken back with a reason, never changed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from hub.base import clock as clocks
from hub.base import money, text
from hub.base.errors import Missing, Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.forms import typed
from hub.forms.typed import DataType
from hub.trades.prices import reader, service, words
from hub.trades.prices.model import Commodity, Report, Unlikely
from hub.trades.staff.model import Role

_LEDGER = 200
_MINE = 12
_AGAIN_S = 120.0
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Row:
    """A good on the sheet: what was typed, what is wrong with it, and what was seen last."""

    good: Commodity
    typed: str
    problem: str | None
    unlikely: bool
    last: str | None


def add_to(desk: Blueprint) -> None:
    """Put the prices on ``desk``."""
    desk.add_url_rule("/prices", view_func=prices, methods=["GET", "POST"])
    desk.add_url_rule("/prices/<int:report_id>/withdraw", view_func=withdraw, methods=["GET", "POST"])


@guard.needs(Role.GUIDE)
def prices() -> Any:
    """Show the sheet of one kind of place, or write down what stands on it."""
    kinds = _kinds()
    asked = request.args.get("kind")
    mine = _mine()
    if asked not in kinds:
        used = next((one.place_kind for one in mine if one.place_kind in kinds), None)
        asked = used or next(iter(kinds))
    goods = [
        one for one in reader.commodities(common.pack()) if any(place.id == asked for place in one.places)
    ]
    problems: dict[str, tuple[str, bool]] = {}
    if request.method == "POST":
        written = _write(asked, goods, mine, problems)
        if not problems:
            common.tell("good" if written else "note", shell.say("guide.prices_written", count=written))
            return redirect(url_for("guide.prices", kind=asked), 303)
        if written:
            common.tell("good", shell.say("guide.prices_written", count=written))
            mine = _mine()
    last_place = next((one.place for one in mine if one.place_kind == asked), "")
    body = shell.page(
        "guide/prices.html",
        at="prices",
        told=common.told(),
        kinds=kinds,
        kind=asked,
        place=request.form.get("place", last_place),
        seen_on=request.form.get("seen_on", f"{shell.moment().on:%d/%m/%Y}"),
        rows=[_row(one, asked, problems) for one in goods],
        problems=problems,
        mine=[(one, _good(one)) for one in mine[:_MINE]],
        show=money.show,
        age=lambda one: words.age(shell.lang(), one.seen_on, shell.moment().on),
    )
    return Response(body, 422 if problems else 200, mimetype="text/html")


@guard.needs(Role.GUIDE)
def withdraw(report_id: int) -> Any:
    """Take a price back, with a reason."""
    conn = shell.conn()
    found = next((one for one in service.ledger(conn, limit=_LEDGER) if one.id == report_id), None)
    if found is None:
        raise Missing("prices.no_report")
    reason = request.form.get("reason", "")
    problem = None
    if request.method == "POST":
        try:
            service.withdraw(
                conn,
                report_id,
                reason,
                staff_id=common.me().id,
                staff_name=common.me().name,
                moment=shell.moment(),
            )
        except Refused as bad:
            problem = common.sentence(bad)
        else:
            common.tell("good", shell.say("guide.price_withdrawn"))
            return redirect(url_for("guide.prices", kind=found.place_kind), 303)
    body = shell.page(
        "guide/withdraw.html",
        at="prices",
        report=found,
        good=_good(found),
        show=money.show,
        reason=reason[:_LONGEST],
        problem=problem,
    )
    return Response(body, 422 if problem else 200, mimetype="text/html")


def _mine() -> list[Report]:
    return [one for one in service.ledger(shell.conn(), limit=_LEDGER) if one.staff_id == common.me().id]


def _write(
    kind: str, goods: list[Commodity], mine: list[Report], problems: dict[str, tuple[str, bool]]
) -> int:
    written = 0
    place = request.form.get("place", "")
    seen = typed.read(DataType.DATE, (), request.form.get("seen_on", ""), None)
    filled = [one for one in goods if request.form.get(f"amount:{one.id}", "").strip()]
    if not filled:
        problems[""] = (shell.say("guide.prices_none"), False)
        return 0
    if seen.key is not None or not seen.value:
        problems["seen_on"] = (
            shell.say(seen.key, **seen.values) if seen.key else shell.say("guide.day_needed"),
            False,
        )
        return 0
    seen_on = dt.date.fromisoformat(seen.value)
    for good in filled:
        amount = request.form[f"amount:{good.id}"]
        try:
            if _pressed_twice(mine, good, amount, (kind, text.clean(place), seen_on)):
                continue
            service.report(
                shell.conn(),
                good,
                amount,
                place_kind=kind,
                place=place,
                seen_on=seen_on,
                staff_id=common.me().id,
                staff_name=common.me().name,
                moment=shell.moment(),
                confirmed=request.form.get(f"sure:{good.id}") == amount.strip(),
            )
            written += 1
        except Unlikely as bad:
            problems[good.id] = (common.sentence(bad), True)
        except Refused as bad:
            where = {"prices.place_missing": "place", "prices.future": "seen_on", "prices.too_old": "seen_on"}
            problems[where.get(bad.key, good.id)] = (common.sentence(bad), False)
    return written


def _pressed_twice(mine: list[Report], good: Commodity, amount: str, seen: tuple[str, str, dt.date]) -> bool:
    same = (good.id, money.read(amount), *seen)
    now = shell.moment().at
    return any(
        (one.commodity_id, one.amount, one.place_kind, one.place, one.seen_on) == same
        and one.withdrawn is None
        and abs((now - clocks.parse(one.reported_at)).total_seconds()) < _AGAIN_S
        for one in mine
    )


def _row(good: Commodity, kind: str, problems: dict[str, tuple[str, bool]]) -> Row:
    written = (
        request.method == "POST" and good.id not in problems and not {"", "place", "seen_on"} & set(problems)
    )
    given = "" if written else request.form.get(f"amount:{good.id}", "")[:40]
    problem, unlikely = problems.get(good.id, (None, False))
    found = service.history(shell.conn(), good, place_kind=kind)
    last = None
    if found:
        age = words.age(shell.lang(), found[-1].seen_on, shell.moment().on)
        last = f"{money.show(found[-1].amount)}, {age}"
    return Row(good, given.strip(), problem, unlikely, last)


def _kinds() -> dict[str, str]:
    kinds: dict[str, str] = {}
    for good in reader.commodities(common.pack()):
        for place in good.places:
            kinds.setdefault(place.id, place.name.said(shell.lang()))
    return kinds


def _good(report: Report) -> str:
    try:
        good = reader.commodity(common.pack(), report.commodity_id)
    except Missing:
        return report.commodity_id
    return f"{good.name.said(shell.lang())} ({good.form.said(shell.lang())})"
