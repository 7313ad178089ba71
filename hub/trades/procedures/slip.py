"""The paper a villager takes home before a procedure: what to bring, how long, what it costs, how old all
that is.

Keeps true: the House's own help stands on it with its 0 đồng, every fee the pack knows stands below with how
sure it is, and where nobody has verified a thing the slip says whom to ask.
"""

from __future__ import annotations

import datetime as dt
import functools

from devices.slip import Align, Part, Picture, Qr, Row, Rule, Size, Slip, Space, Text
from hub.base import money, phrases
from hub.base.clock import VILLAGE, Moment
from hub.base.settings import Settings
from hub.trades.procedures.model import Figure, FigureKind, Procedure, Status, Unit

_BOX = "[  ]"
_MONTH_DAYS, _YEAR_DAYS = 31, 365
# A mark behind a thing that is not verified, explained once at the end: the words each time would hide the
# thing.
_MARKS = {Status.REPORTED: " *", Status.UNVERIFIED: " **"}


def checklist(procedure: Procedure, settings: Settings, *, lang: str, moment: Moment) -> Slip:
    """Return the checklist of ``procedure`` in ``lang`` as it is at ``moment``."""

    say = functools.partial(phrases.say, lang)

    house = settings.house
    parts: list[Part] = [
        Text(house.name, Size.LARGE, bold=True, align=Align.CENTRE),
        Text(f"{house.village}, {house.commune}", Size.SMALL, align=Align.CENTRE),
        Rule(woven=True),
        Picture(procedure.picture),
        Text(procedure.plain_name.said(lang), Size.LARGE, bold=True, align=Align.CENTRE),
        Text(f"{procedure.official_name.said(lang)} ({procedure.code})", Size.SMALL, align=Align.CENTRE),
        Rule(),
        Text(say("procedures.slip_who"), bold=True),
        Text(marked(procedure.who.words.said(lang), procedure.who.status)),
        Space(8),
        Text(say("procedures.slip_bring"), bold=True),
    ]
    for paper in procedure.papers:
        parts.append(Text(marked(f"{_BOX} {paper.name.said(lang)}", paper.status)))
        parts.append(Text(paper.when.said(lang), Size.SMALL))
    parts += [Text(f"– {fact.words.said(lang)}", Size.SMALL) for fact in procedure.not_needed]
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
    url = page_url(settings, procedure.slug)
    if url:
        parts.append(Qr(url, say("procedures.slip_scan")))
    parts.append(Text(shown_time(lang, moment), Size.SMALL))
    if house.phone:
        parts.append(Text(say("procedures.slip_phone", phone=house.phone), Size.SMALL))
    return Slip(tuple(parts))


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
        parts.append(Row(figure.label.said(lang), marked(amount(lang, figure), figure.status), bold=True))
        parts.append(Text(figure.text.said(lang), Size.SMALL))
    return parts or [Text(phrases.say(lang, "procedures.unknown"), Size.SMALL)]


def amount(lang: str, figure: Figure) -> str:
    """Return a figure's value in its unit, "hỏi cán bộ xã" where it has none or nobody has verified it."""
    if figure.value is None or figure.status is Status.UNVERIFIED:
        return phrases.say(lang, "procedures.ask")
    if figure.unit is not Unit.DONG:
        return phrases.say(lang, f"procedures.unit_{figure.unit}", value=figure.value)
    values = [value for value in (figure.value, figure.value_max, figure.value_online) if value is not None]
    if not any(values):
        return phrases.say(lang, "procedures.free")
    return " – ".join(money.show(value) for value in sorted({min(values), max(values)}))


def marked(words: str, status: Status) -> str:
    """Return ``words`` with the mark of how sure they are, which the end of the slip explains."""
    return words + _MARKS.get(status, "")


def age(lang: str, read_on: dt.date, moment: Moment) -> str:
    """Return in words how old something read on ``read_on`` is; only the day while the clock is doubtful."""
    day = f"{read_on:%d/%m}/{read_on.year:04}"
    days = (moment.on - read_on).days
    if not moment.trusted or days < 0:
        return phrases.say(lang, "procedures.age_day", day=day)
    if days < 2:
        return phrases.say(lang, f"procedures.age_{('today', 'yesterday')[days]}", day=day)
    if days < 2 * _MONTH_DAYS:
        return phrases.say(lang, "procedures.age_days", day=day, days=days)
    if days < 2 * _YEAR_DAYS:
        return phrases.say(lang, "procedures.age_months", day=day, months=days * 12 // _YEAR_DAYS)
    return phrases.say(lang, "procedures.age_years", day=day, years=days // _YEAR_DAYS)


def age_line(lang: str, read_on: dt.date, moment: Moment) -> str:
    """Return the sentence that tells how old the oldest of a procedure's figures is."""
    return phrases.say(lang, "procedures.slip_age", age=age(lang, read_on, moment))


def page_url(settings: Settings, slug: str) -> str | None:
    """Return the address of a procedure's page for a telephone, if the House has an address."""
    address = settings.web.address.rstrip("/")
    return f"{address}/procedures/{slug}" if address else None


def shown_time(lang: str, moment: Moment) -> str:
    """Return day and time of the village, marked when the clock is doubtful."""
    shown = moment.at.astimezone(VILLAGE).strftime("%d/%m/%Y %H:%M")
    return shown if moment.trusted else phrases.say(lang, "procedures.time_doubtful", time=shown)
