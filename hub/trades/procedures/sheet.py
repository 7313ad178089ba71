"""The checklist on a sheet of A4: for whoever reads better in large type, and to hang on the wall.

Keeps true: as on the slip, the House's help stands there with its 0 đồng, each figure with how sure it is,
and how old the oldest of them is.
"""

from __future__ import annotations

import functools

from hub.base import phrases
from hub.base.clock import Moment
from hub.base.settings import Settings
from hub.sheets.model import Block, Item, Leaflet, Mark
from hub.trades.procedures import slip, telling
from hub.trades.procedures.model import Fact, Figure, FigureKind, Procedure, Status, Unit

_MARKED = (Status.REPORTED, Status.UNVERIFIED)


def checklist(procedure: Procedure, settings: Settings, *, lang: str, moment: Moment) -> Leaflet:
    """Return the checklist of ``procedure`` with the figures of ``moment``'s day; ``figures.today`` gives
    them.
    """
    say = functools.partial(phrases.say, lang)
    house = settings.house
    who = [procedure.who, *([procedure.who_not] if procedure.who_not else [])]
    blocks = [Block(say("procedures.slip_who"), tuple(_fact(one, lang) for one in who))]
    blocks.append(Block(say("procedures.slip_bring"), _papers(procedure, lang)))
    if procedure.paper_form is not None:
        form = procedure.paper_form
        told = slip.marked(f"{form.name.said(lang)} ({form.version})", form.status)
        blocks.append(Block(say("procedures.slip_form"), (Item(told),)))
    steps = tuple(
        Item(f"{at}. {slip.marked(one.words.said(lang), one.status)}")
        for at, one in enumerate(procedure.steps, 1)
    )
    blocks.append(Block(say("sheets.steps"), (*steps, _fact(procedure.where, lang))))
    for kind in (FigureKind.AMOUNT, FigureKind.DEADLINE, FigureKind.TIME):
        figures = procedure.of_kind(kind)
        if figures or kind is FigureKind.TIME:
            blocks.append(Block(say(f"procedures.slip_{kind}"), _figures(figures, lang)))
    blocks.append(Block(say("procedures.slip_fee"), _fees(procedure, lang)))
    if procedure.mistakes:
        mistakes = tuple(_fact(one, lang) for one in procedure.mistakes)
        blocks.append(Block(say("sheets.mistakes"), mistakes))
    legend = [
        Item(f"{slip.marked('', status).strip()} {say(f'procedures.status_{status}')}") for status in _MARKED
    ]
    age = Item(slip.age_line(lang, procedure.oldest_on, moment))
    blocks.append(Block(say("sheets.how_sure"), (age, *legend)))
    code = (
        slip.marked(procedure.code, procedure.code_status)
        if procedure.code
        else say("procedures.code_unknown")
    )
    return Leaflet(
        house=house.name,
        place=", ".join(filter(None, (house.village, house.commune, house.province, house.phone))),
        title=procedure.plain_name.said(lang),
        under=f"{procedure.official_name.said(lang)} ({code})",
        qr=slip.page_url(settings, procedure.slug) or "",
        qr_label=say("procedures.slip_scan"),
        blocks=tuple(blocks),
        foot=say("sheets.checklist_foot", house=house.name, day=telling.day(moment.on)),
        lang=phrases.language(lang),
    )


def _fact(fact: Fact, lang: str) -> Item:
    return Item(slip.marked(fact.words.said(lang), fact.status))


def _papers(procedure: Procedure, lang: str) -> tuple[Item, ...]:
    found = []
    for one in procedure.papers:
        found.append(Item(slip.marked(one.name.said(lang), one.status), one.when.said(lang), Mark.BOX))
    found += [
        Item(slip.marked(one.words.said(lang), one.status), mark=Mark.CROSS) for one in procedure.not_needed
    ]
    return tuple(found)


def _figures(figures: tuple[Figure, ...], lang: str) -> tuple[Item, ...]:
    found = []
    for one in figures:
        shown = slip.marked(telling.amount(lang, one), one.status)
        own = f" {telling.own_line(lang, one.own)}" if one.own is not None else ""
        found.append(Item(f"{one.label.said(lang)}: {shown}", one.text.said(lang) + own))
    return tuple(found) or (Item(phrases.say(lang, "procedures.unknown")),)


def _fees(procedure: Procedure, lang: str) -> tuple[Item, ...]:
    fees = procedure.of_kind(FigureKind.FEE)
    if any(fee.unit is Unit.DONG and fee.value == 0 and fee.status is Status.ADVICE for fee in fees):
        return _figures(fees, lang)
    # The House's own help costs nothing, whether the pack says so or not.
    free = f"{phrases.say(lang, 'procedures.fee_help')}: {phrases.say(lang, 'procedures.free')}"
    return (Item(free), *(_figures(fees, lang) if fees else ()))
