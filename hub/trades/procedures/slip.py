"""The paper a villager takes home before a procedure: what to bring, how long, what it costs, how old all
that is.

Keeps true: the House's own help stands on it with its 0 đồng, every fee the pack knows stands below with how
sure it is, and where nobody has verified a thing the slip says whom to ask.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection

from devices.slip import Align, Part, Picture, Qr, Row, Rule, Size, Slip, Space, Text
from hub.base import letterhead, phrases
from hub.base.clock import Moment
from hub.base.settings import Settings
from hub.trades.procedures import telling
from hub.trades.procedures.model import Figure, FigureKind, Group, Procedure, Status, Unit

_BOX = "[  ]"
# A mark behind a thing that is not verified, explained once at the end: the words each time would hide the
# thing.
_MARKS = {Status.REPORTED: " *", Status.UNVERIFIED: " **"}


def checklist(
    procedure: Procedure, settings: Settings, *, lang: str, moment: Moment, outcomes: Collection[str] = ()
) -> Slip:
    """Return the checklist of ``procedure``, with the figures of ``moment``'s day, in ``lang``.

    After the eligibility questions ``outcomes`` are those that came out: only their papers stand on it.
    """

    say = functools.partial(phrases.say, lang)

    house = settings.house
    parts: list[Part] = [
        *letterhead.head(settings.house),
        Picture(procedure.picture),
        Text(procedure.plain_name.said(lang), Size.LARGE, bold=True, align=Align.CENTRE),
        Text(_official(procedure, lang), Size.SMALL, align=Align.CENTRE),
        Rule(),
        Text(say("procedures.slip_who"), bold=True),
        Text(marked(procedure.who.words.said(lang), procedure.who.status)),
        Space(8),
        Text(say("procedures.slip_bring"), bold=True),
    ]
    if outcomes:
        parts.append(Text(say("procedures.slip_answers"), Size.SMALL))
    for paper in procedure.papers_for(outcomes):
        parts.append(Text(marked(f"{_BOX} {paper.name.said(lang)}", paper.status)))
        parts.append(Text(paper.when.said(lang), Size.SMALL))
    parts += [Text(f"– {fact.words.said(lang)}", Size.SMALL) for fact in procedure.not_needed]
    if procedure.paper_form is not None:
        form = procedure.paper_form
        parts += [Space(8), Text(say("procedures.slip_form"), bold=True)]
        parts.append(Text(marked(f"{form.name.said(lang)} ({form.version})", form.status)))
    if procedure.of_kind(FigureKind.AMOUNT):
        parts += [Space(8), Text(say("procedures.slip_amount"), bold=True)]
        parts += _lines(procedure.of_kind(FigureKind.AMOUNT), lang)
    for kind in (FigureKind.DEADLINE, FigureKind.TIME):
        parts += [Space(8), Text(say(f"procedures.slip_{kind}"), bold=True)]
        parts += _lines(procedure.of_kind(kind), lang)
    parts += [Rule(), Text(say("procedures.slip_fee"), bold=True)]
    parts += _fees(procedure, lang)
    parts += [Rule(), Text(age_line(lang, procedure.oldest_on, moment), Size.SMALL)]
    parts += [
        Text(f"{mark.strip()} {say(f'procedures.status_{status}')}", Size.SMALL)
        for status, mark in _MARKS.items()
    ]
    # A form without a procedure has no page that visitors may read.
    url = page_url(settings, procedure.slug) if procedure.group is not Group.OTHER else None
    if url:
        parts.append(Qr(url, say("procedures.slip_scan")))
    parts.append(Text(letterhead.shown_time(lang, moment.at, moment.trusted), Size.SMALL))
    if house.phone:
        parts.append(Text(say("procedures.slip_phone", phone=house.phone), Size.SMALL))
    return Slip(tuple(parts))


def _official(procedure: Procedure, lang: str) -> str:
    name = procedure.official_name.said(lang)
    return f"{name} ({marked(procedure.code, procedure.code_status)})" if procedure.code else name


def _fees(procedure: Procedure, lang: str) -> list[Part]:
    fees = procedure.of_kind(FigureKind.FEE)
    if not any(fee.unit is Unit.DONG and fee.value == 0 and fee.status is Status.ADVICE for fee in fees):
        # The House's own help costs nothing, whether the pack says so or not.
        help_row = Row(
            phrases.say(lang, "procedures.fee_help"), phrases.say(lang, "procedures.free"), bold=True
        )
        return [help_row, *_lines(fees, lang)]
    return _lines(fees, lang)


def _lines(figures: tuple[Figure, ...], lang: str) -> list[Part]:
    parts: list[Part] = []
    for figure in figures:
        shown = telling.amount(lang, figure)
        parts.append(Row(figure.label.said(lang), marked(shown, figure.status), bold=True))
        parts.append(Text(figure.text.said(lang), Size.SMALL))
        if figure.own is not None:
            parts.append(Text(telling.own_line(lang, figure.own), Size.SMALL))
    return parts or [Text(phrases.say(lang, "procedures.unknown"), Size.SMALL)]


def marked(words: str, status: Status) -> str:
    """Return ``words`` with the mark of how sure they are, which the end of the slip explains."""
    return words + _MARKS.get(status, "")


def age_line(lang: str, read_on: dt.date, moment: Moment) -> str:
    """Return the sentence that tells how old the oldest of a procedure's figures is."""
    return phrases.say(lang, "procedures.slip_age", age=telling.age(lang, read_on, moment))


def page_url(settings: Settings, slug: str) -> str | None:
    """Return the address of a procedure's page for a telephone, if the House has an address."""
    address = settings.web.address.rstrip("/")
    return f"{address}/procedures/{slug}" if address else None
