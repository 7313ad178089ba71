"""The paper of a ticket: the number, its picture, what happens next, that it costs nothing.

Keeps true: all that somebody needs who was never here stands on it, in one language. It never shows a time
that the House does not believe without saying so.
"""

from __future__ import annotations

from devices.slip import Align, Big, Part, Picture, Qr, Row, Rule, Size, Slip, Space, Text
from hub.base import letterhead, phrases
from hub.base.settings import Settings
from hub.trades.tickets.model import Estimate, Service, Ticket

TOKEN_GROUP = 3


def shown_token(token: str) -> str:
    """Return a ticket's token as it is printed: ``K7M-X4Q-P92``."""
    return "-".join(token[place : place + TOKEN_GROUP] for place in range(0, len(token), TOKEN_GROUP))


def follow_url(settings: Settings, token: str) -> str | None:
    """Return the address under which a telephone can follow the number, if the House has an address."""
    address = settings.web.address.rstrip("/")
    return f"{address}/ticket/{token}" if address else None


def emblem(lang: str, colour: str, picture: str) -> str:
    """Return the picture and colour in words, as "con trâu · màu chàm"; a name without a word is left out."""
    keys = (f"tickets.picture_{picture}", f"tickets.colour_{colour}")
    return " · ".join(phrases.say(lang, key) for key in keys if phrases.has(key))


def wait_words(lang: str, estimate: Estimate | None) -> str:
    """Return the expected wait in words."""
    if estimate is None:
        return phrases.say(lang, "tickets.wait_unknown")
    if estimate.minutes == 0:
        return phrases.say(lang, "tickets.wait_none")
    return phrases.say(lang, "tickets.wait_minutes", minutes=estimate.minutes)


def ticket_slip(
    ticket: Ticket, service: Service, settings: Settings, *, lang: str, ahead: int, estimate: Estimate | None
) -> Slip:
    """Return the slip of ``ticket`` in ``lang``; ``ahead`` and ``estimate`` as they are at this moment."""

    def say(key: str, **values: object) -> str:
        return phrases.say(lang, f"tickets.{key}", **values)

    house = settings.house
    parts: list[Part] = [
        *letterhead.head(settings.house),
        Text(say("slip_your_number"), bold=True, align=Align.CENTRE),
        Big(ticket.label),
        Picture(ticket.picture),
    ]
    words = emblem(lang, ticket.colour, ticket.picture)
    if words:
        parts.append(Text(words, align=Align.CENTRE))
    parts += [
        Text(service.name(lang), bold=True, align=Align.CENTRE),
        Rule(),
        Row(say("slip_ahead"), say("slip_people", count=ahead), bold=True),
        Row(say("slip_wait"), wait_words(lang, estimate), bold=True),
        Space(8),
        Text(say("slip_next")),
        Space(8),
    ]
    url = follow_url(settings, ticket.token)
    code = say("slip_code", code=shown_token(ticket.token))
    if url:
        parts.append(Qr(url, f"{say('slip_scan')}\n{code}"))
    else:
        parts.append(Text(code, align=Align.CENTRE))
    parts += [Rule(), Row(say("slip_fee"), say("slip_fee_none"), bold=True)]
    parts.append(Text(letterhead.shown_time(lang, ticket.issued.at, ticket.issued.trusted), Size.SMALL))
    if house.phone:
        parts.append(Text(say("slip_phone", phone=house.phone), Size.SMALL))
    return Slip(tuple(parts))
