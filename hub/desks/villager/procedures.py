"""What do I need: who may ask, papers, steps, fee, time, each with how sure it is; and all that as a paper.

Keeps true: a fee is always on the page, also when it is 0 đồng or nobody knows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from hub.base import phrases
from hub.desks import shell
from hub.desks.villager import common
from hub.trades.procedures import reader, service
from hub.trades.procedures import slip as slips
from hub.trades.procedures.model import Figure, FigureKind, PaperKind, Procedure, Status, Unit

_PICTURES = {
    PaperKind.PHOTO: "camera",
    PaperKind.SHOWN: "idcard",
    PaperKind.CONSENT: "phone",
    PaperKind.KNOWN: "health",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """A figure as a reader sees it."""

    label: str
    amount: str
    text: str
    status: str
    age: str
    sources: str


def add_to(desk: Blueprint) -> None:
    """Put the procedures on ``desk``."""
    desk.add_url_rule("/procedures", view_func=procedures)
    desk.add_url_rule("/procedures/<slug>", view_func=procedure)
    desk.add_url_rule("/procedures/<slug>/checklist", view_func=checklist, methods=["GET", "POST"])


def procedures() -> Response:
    """List what the House knows the way of."""
    pack = common.pack()
    found = reader.all(pack)
    return shell.polled((pack.id,), lambda: shell.page("villager/procedures.html", procedures=found))


def procedure(slug: str) -> Response:
    """Show one procedure whole."""
    pack = common.pack()
    one = reader.get(pack, slug)

    def render() -> str:
        lang = shell.lang()
        advice = reader.guide(pack, slug, lang)
        return shell.page(
            "villager/procedure.html",
            one=one,
            pictures=_PICTURES,
            fees=_fees(one),
            times=_rows(one, FigureKind.TIME),
            deadlines=_rows(one, FigureKind.DEADLINE, FigureKind.FINE),
            age=common.age_words(one.oldest_on),
            advice=advice.sections if advice else (),
            advice_lang=lang if pack.has(f"procedures/{slug}/guide.{lang}.json") else phrases.DEFAULT,
            sources=common.source_words(_sources(one)),
        )

    return shell.polled((pack.id, shell.moment().on), render)


def checklist(slug: str) -> Any:
    """Print what to bring, after a yes."""
    one = reader.get(common.pack(), slug)
    if request.method == "GET":
        return shell.page("villager/checklist.html", one=one, mark=common.new_mark())
    job_id = service.print_checklist(
        shell.conn(),
        one,
        settings=shell.house().settings,
        lang=shell.lang(),
        moment=shell.moment(),
        client=common.mark(),
    )
    return redirect(url_for("villager.paper", job_id=job_id), 303)


def _rows(one: Procedure, *kinds: FigureKind) -> tuple[_Row, ...]:
    return tuple(_row(figure) for kind in kinds for figure in one.of_kind(kind))


def _row(figure: Figure) -> _Row:
    lang = shell.lang()
    return _Row(
        figure.label.said(lang),
        slips.amount(lang, figure),
        figure.text.said(lang),
        figure.status,
        common.age_words(figure.as_of),
        common.source_words(figure.sources),
    )


def _fees(one: Procedure) -> tuple[_Row, ...]:
    rows = _rows(one, FigureKind.FEE)
    fees = one.of_kind(FigureKind.FEE)
    if any(fee.unit is Unit.DONG and fee.value == 0 and fee.status is Status.ADVICE for fee in fees):
        return rows
    # The House's own help costs nothing, whether the pack says so or not.
    help_row = _Row(shell.say("procedures.fee_help"), shell.say("procedures.free"), "", Status.ADVICE, "", "")
    return (help_row, *rows)


def _sources(one: Procedure) -> list[str]:
    told: list[Any] = [one.who, one.where, *one.papers, *one.steps, *one.figures, *one.mistakes, *one.laws]
    return [source for fact in told for source in fact.sources]
