"""The commune's own figures: what needs a look, and writing down what an officer said.

Keeps true: what is written stands at once for every villager with who said it and who wrote it; taking it
back needs a reason, and both stay in sight of the guides.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from hub.base.errors import Conflict, Missing, NotReady, Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.forms import typed
from hub.forms.typed import DataType
from hub.trades.procedures import figures, holding, reader, telling
from hub.trades.procedures.figures import Need, Seen, Unlikely
from hub.trades.procedures.holding import Word
from hub.trades.procedures.model import Figure, Procedure, Unit
from hub.trades.staff.model import Role

_FIELDS = {
    "procedures.told_by_missing": "told_by",
    "procedures.told_on_wrong": "told_on",
    "procedures.text_long": "reason",
}


@dataclass(frozen=True, slots=True)
class _Listed:
    """A procedure with its figures, what needs a look first."""

    procedure: Procedure
    figures: tuple[Seen, ...]
    needy: int
    first: Need


def add_to(desk: Blueprint) -> None:
    """Put the figures on ``desk``."""
    desk.add_url_rule("/figures", view_func=figure_list)
    desk.add_url_rule("/figures/<slug>/<figure_id>", view_func=figure, methods=["GET", "POST"])
    desk.add_url_rule(
        "/figures/<slug>/<figure_id>/withdraw/<int:word_id>",
        view_func=figure_withdraw,
        methods=["GET", "POST"],
    )


@guard.needs(Role.GUIDE)
def figure_list() -> Any:
    """List all figures by procedure, those that need a look first."""
    conn, today = shell.conn(), shell.moment().on
    found = []
    for one in reader.all(common.pack()):
        seen = figures.listing(conn, one, today)
        needy = sum(each.need is not Need.NONE for each in seen)
        found.append(_Listed(one, seen, needy, seen[0].need if seen else Need.NONE))
    order = list(Need)
    found.sort(key=lambda listed: order.index(listed.first))
    return shell.page(
        "guide/figures.html",
        at="figures",
        told=common.told(),
        listed=[one for one in found if one.figures],
        broken=_broken(),
        amount=_amount,
        known=_known,
    )


@guard.needs(Role.GUIDE)
def figure(slug: str, figure_id: str) -> Any:
    """Show one figure with everything that was said of it, or write down what the commune says."""
    one = reader.get(common.pack(), slug)
    seen = figures.seen(shell.conn(), one, figure_id, shell.moment().on)
    problems: dict[str, str] = {}
    unlikely = False
    if request.method == "POST":
        try:
            figures.correct(
                shell.conn(),
                one,
                figure_id,
                request.form.get("value", ""),
                texts=(request.form.get("text_vi", ""), request.form.get("text_en", "")),
                told_by=request.form.get("told_by", ""),
                told_on=_told_on(),
                reason=request.form.get("reason", ""),
                staff_id=common.me().id,
                staff_name=common.me().name,
                moment=shell.moment(),
                confirmed=request.form.get("sure", "") == request.form.get("value", "").strip() != "",
            )
        except Unlikely as bad:
            problems["value"], unlikely = common.sentence(bad), True
        except Refused as bad:
            problems[_FIELDS.get(bad.key, "value")] = common.sentence(bad)
        else:
            common.tell("good", shell.say("procedures.figure_saved"))
            return redirect(url_for("guide.figure", slug=slug, figure_id=figure_id), 303)
    body = shell.page(
        "guide/figure.html",
        at="figures",
        told=common.told(),
        one=one,
        seen=seen,
        typed=_typed(seen),
        problems=problems,
        unlikely=unlikely,
        broken=_broken(),
        rate=seen.pack.unit in (Unit.PERCENT, Unit.PER_MILLE),
        amount=_amount,
        known=_known,
        said=lambda word: telling.number(shell.lang(), _as_figure(seen, word)),
        own_line=lambda word: telling.own_line(shell.lang(), word.own),
    )
    return Response(body, 422 if problems else 200, mimetype="text/html")


@guard.needs(Role.GUIDE)
def figure_withdraw(slug: str, figure_id: str, word_id: int) -> Any:
    """Take a word of the commune back, with a reason."""
    one = reader.get(common.pack(), slug)
    seen = figures.seen(shell.conn(), one, figure_id, shell.moment().on)
    word = next((word for word in seen.words if word.id == word_id), None)
    if word is None:
        raise Missing("procedures.no_word")
    reason = request.form.get("reason", "")
    problem = None
    if request.method == "POST":
        try:
            figures.withdraw(
                shell.conn(),
                word_id,
                reason,
                staff_id=common.me().id,
                staff_name=common.me().name,
                moment=shell.moment(),
            )
        except (Refused, Conflict) as bad:
            problem = common.sentence(bad)
        else:
            common.tell("good", shell.say("procedures.figure_withdrawn"))
            return redirect(url_for("guide.figure", slug=slug, figure_id=figure_id), 303)
    body = shell.page(
        "guide/figure_withdraw.html",
        at="figures",
        one=one,
        seen=seen,
        word=word,
        reason=reason[:400],
        problem=problem,
        said=telling.number(shell.lang(), _as_figure(seen, word)),
        own_line=telling.own_line(shell.lang(), word.own),
    )
    return Response(body, 422 if problem else 200, mimetype="text/html")


def _told_on() -> dt.date:
    found = typed.read(DataType.DATE, (), request.form.get("told_on", ""), None)
    if found.key is not None or not found.value:
        raise Refused("procedures.told_on_wrong")
    return dt.date.fromisoformat(found.value)


def _typed(seen: Seen) -> dict[str, str]:
    names = ("value", "told_by", "told_on", "text_vi", "text_en", "reason")
    if request.method == "POST":
        return {name: request.form.get(name, "")[:500] for name in names}
    empty = dict.fromkeys(names, "")
    return {**empty, "told_on": f"{shell.moment().on:%d/%m/%Y}", **_again(seen)}


def _again(seen: Seen) -> dict[str, str]:
    # The pack has overtaken what the commune said: the same again is one press away.
    word = seen.standing
    if seen.need is not Need.CONFIRM or word is None:
        return {}
    return {
        "value": figures.typed_again(_as_figure(seen, word)),
        "told_by": word.told_by,
        "text_vi": word.texts["vi"],
        "text_en": word.texts["en"],
    }


def _as_figure(seen: Seen, word: Word) -> Figure:
    return holding.as_told(seen.pack, word)


def _amount(figure: Figure) -> str:
    return telling.amount(shell.lang(), figure)


def _known(figure: Figure) -> str:
    if figure.own is not None:
        return telling.own_line(shell.lang(), figure.own)
    status = shell.say(f"procedures.status_{figure.status}")
    return f"{telling.age(shell.lang(), figure.as_of, shell.moment())}; {status}"


def _broken() -> str | None:
    try:
        figures.verify(shell.conn())
    except NotReady as bad:
        return common.sentence(bad)
    return None
