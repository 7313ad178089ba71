"""What do I need: who may ask, papers, steps, fee, time, each with how sure it is; and all that as a paper.

Keeps true: a fee is always on the page, also when it is 0 đồng or nobody knows it; every figure is the one
that holds today, and what held before stands apart from it.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from hub.base import phrases
from hub.desks import shell
from hub.desks.villager import common, eligible
from hub.desks.villager.amounts import Row, rows
from hub.packs.shelf import Shelf
from hub.sheets import service as sheets
from hub.trades.procedures import figures, reader, service, sheet
from hub.trades.procedures.model import FigureKind, Group, PaperKind, Procedure, Status, Unit

_PICTURES = {
    PaperKind.PHOTO: "camera",
    PaperKind.SHOWN: "idcard",
    PaperKind.CONSENT: "phone",
    PaperKind.KNOWN: "papers",
}
_GROUP_PICTURES = {
    Group.PAPERS: "papers",
    Group.RESIDENCE: "house",
    Group.SUPPORT: "family",
    Group.HEALTH: "health",
    Group.DIGITAL: "phone",
    Group.LAND_LOANS: "rice",
    Group.OTHER: "papers",
}


def add_to(desk: Blueprint) -> None:
    """Put the procedures on ``desk``."""
    desk.add_url_rule("/procedures", view_func=procedures)
    desk.add_url_rule("/procedures/<slug>", view_func=procedure)
    desk.add_url_rule("/procedures/<slug>/checklist", view_func=checklist, methods=["GET", "POST"])
    desk.add_url_rule("/procedures/<slug>/checklist.pdf", view_func=checklist_sheet)


def procedures() -> Response:
    """List what the House knows the way of, by what it is needed for."""
    pack = common.pack()
    order = list(Group)
    found = sorted(reader.all(pack), key=lambda one: (order.index(one.group), one.order, one.slug))
    grouped = [(group, tuple(ones)) for group, ones in groupby(found, key=lambda one: one.group)]
    return shell.polled(
        (pack.id,),
        lambda: shell.page("villager/procedures.html", groups=grouped, group_pictures=_GROUP_PICTURES),
    )


def procedure(slug: str) -> Response:
    """Show one procedure whole."""
    pack, conn, today = common.pack(), shell.conn(), shell.moment().on
    reader.get(pack, slug)
    version = figures.version(conn)

    def render() -> str:
        lang = shell.lang()
        one = figures.today(conn, reader.get(pack, slug), today)
        advice = reader.guide(pack, slug, lang)
        asked = reader.eligibility(pack, slug)
        return shell.page(
            "villager/procedure.html",
            one=one,
            pictures=_PICTURES,
            asked=asked,
            fees=_fees(one),
            amounts=rows(one.of_kind(FigureKind.AMOUNT)),
            limits=rows(one.of_kind(FigureKind.AGE, FigureKind.LIMIT, FigureKind.RATE)),
            times=rows(one.of_kind(FigureKind.TIME)),
            deadlines=rows(one.of_kind(FigureKind.DEADLINE, FigureKind.FINE)),
            former=rows(one.former),
            coming=rows(one.coming),
            related=_related(pack, one),
            age=common.age_words(one.oldest_on),
            advice=advice.sections if advice else (),
            advice_lang=lang if pack.has(f"procedures/{slug}/guide.{lang}.json") else phrases.DEFAULT,
            sources=common.source_words(_sources(one)),
        )

    return shell.polled((pack.id, version, today), render)


def checklist(slug: str) -> Any:
    """Print what to bring, after a yes; after the questions only what these answers ask for."""
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
        outcomes=eligible.outcomes(slug),
    )
    return redirect(url_for("villager.paper", job_id=job_id), 303)


def checklist_sheet(slug: str) -> Response:
    """Answer with the checklist on A4; it is drawn once for as long as nothing on it changes."""
    pack, conn, now = common.pack(), shell.conn(), shell.moment()
    one = figures.today(conn, reader.get(pack, slug), now.on)
    drawn = sheet.checklist(one, shell.house().settings, lang=shell.lang(), moment=now)
    pdf = sheets.render_kept(drawn)
    headers = {"Content-Disposition": f'inline; filename="{one.slug}.pdf"'}
    return Response(pdf, mimetype="application/pdf", headers=headers)


def _fees(one: Procedure) -> tuple[Row, ...]:
    fees = one.of_kind(FigureKind.FEE)
    if any(fee.unit is Unit.DONG and fee.value == 0 and fee.status is Status.ADVICE for fee in fees):
        return rows(fees)
    # The House's own help costs nothing, whether the pack says so or not.
    help_row = Row(
        shell.say("procedures.fee_help"), shell.say("procedures.free"), "", Status.ADVICE, "", "", ""
    )
    return (help_row, *rows(fees))


def _related(pack: Shelf, one: Procedure) -> tuple[Procedure, ...]:
    known = set(reader.slugs(pack))
    return tuple(reader.get(pack, slug) for slug in one.related if slug in known)


def _sources(one: Procedure) -> list[str]:
    told: list[Any] = [one.who, one.where, *one.papers, *one.steps, *one.figures, *one.mistakes, *one.laws]
    return [source for fact in told for source in fact.sources]
