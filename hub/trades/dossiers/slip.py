"""The papers of a dossier: two receipts, which must never be taken for one another, and an invitation.

The first says that it is **kept at the House**; the second that the **office has received it**, with the
office's word. Keeps true: they differ in title, picture, ground and sentence; the second cannot be made of a
dossier that the office has not; no paper names a person.
"""

from __future__ import annotations

import datetime as dt
import functools

from devices.slip import Align, Band, Big, Part, Picture, Qr, Row, Rule, Size, Slip, Space, Text
from hub.base import letterhead, phrases
from hub.base.settings import Settings
from hub.post.transports import servers
from hub.trades.dossiers.model import Appointment, Following, State
from hub.trades.procedures.model import Words

_LONGEST_WORDS = 400


def kept(
    code: str,
    title: Words,
    settings: Settings,
    *,
    lang: str,
    at: dt.datetime,
    trusted: bool,
    corrects: str | None = None,
) -> Slip:
    """Return the first receipt: the House keeps the sealed dossier, and sends it when there is a way.

    ``corrects`` is the code of the dossier that this one stands in the place of.
    """

    say = functools.partial(phrases.say, lang)

    again = [Row(say("dossiers.slip_instead_of"), corrects)] if corrects else []
    parts: list[Part] = [
        *letterhead.head(settings.house),
        Picture("house"),
        Text(say("dossiers.slip_kept_title"), Size.LARGE, bold=True, align=Align.CENTRE),
        Text(say("dossiers.slip_kept_not_yet"), bold=True, align=Align.CENTRE),
        Rule(),
        Text(title.said(lang), align=Align.CENTRE),
        Text(say("dossiers.slip_code"), Size.SMALL, align=Align.CENTRE),
        Big(code),
        Space(8),
        Text(say("dossiers.slip_kept_next")),
        Space(8),
        Row(say("dossiers.slip_sealed"), letterhead.shown_time(lang, at, trusted)),
        *again,
        *_tail(code, settings, lang),
    ]
    return Slip(tuple(parts))


def next_key(following: Following, settings: Settings) -> str:
    """Return the phrase for what happens next; no news is promised where the office's server tells none."""
    if following.state is State.OFFICE_HAS_IT and not servers.readable(settings.upstream):
        return "relay.not_readable"
    return f"dossiers.next_{following.state}"


def received(following: Following, settings: Settings, *, lang: str, words: str = "") -> Slip:
    """Return the second receipt: the office has the dossier, and what it says of it; ``words`` as it wrote.

    ``ValueError`` for a dossier that is not at the office: who calls has asked before.
    """
    arrived = following.arrived
    if arrived is None:
        raise ValueError("no second receipt of a dossier that the office has not")

    say = functools.partial(phrases.say, lang)

    parts: list[Part] = [
        Band(say("dossiers.slip_received_title")),
        *letterhead.head(settings.house),
        Picture("check", inverted=True),
        Text(say("dossiers.slip_received_sentence"), bold=True, align=Align.CENTRE),
        Rule(),
        Text(following.title.said(lang), align=Align.CENTRE),
        Text(say("dossiers.slip_code"), Size.SMALL, align=Align.CENTRE),
        Big(following.code),
        Space(8),
        Row(say("dossiers.slip_received"), letterhead.shown_time(lang, arrived.at, arrived.trusted)),
        Space(8),
        Text(say("dossiers.slip_office_word"), bold=True),
        Text(say(f"dossiers.state_{following.state}"), Size.LARGE, bold=True),
        Text(say(next_key(following, settings))),
    ]
    if words:
        cut = words if len(words) <= _LONGEST_WORDS else words[: _LONGEST_WORDS - 1] + "…"
        parts.append(Text(say("dossiers.slip_office_wrote", words=cut)))
    if following.read_at is not None:
        parts.append(
            Text(
                say("dossiers.slip_asked", time=letterhead.shown_time(lang, following.read_at, True)),
                Size.SMALL,
            )
        )
    parts += _tail(following.code, settings, lang)
    return Slip(tuple(parts))


def invitation(code: str, title: Words, meeting: Appointment, settings: Settings, *, lang: str) -> Slip:
    """Return the paper that asks its bearer to come on a day."""

    say = functools.partial(phrases.say, lang)

    day = f"{meeting.meet_on:%d/%m/%Y}"
    parts: list[Part] = [
        *letterhead.head(settings.house),
        Picture("clock"),
        Text(say(f"dossiers.meet_slip_{meeting.why}"), Size.LARGE, bold=True, align=Align.CENTRE),
        Rule(),
        Text(say(f"dossiers.weekday_{meeting.meet_on.isoweekday()}"), align=Align.CENTRE),
        Big(day),
        Text(
            (
                say("dossiers.meet_slip_hour", hour=meeting.hour)
                if meeting.hour
                else say("dossiers.meet_any_hour")
            ),
            Size.LARGE,
            bold=True,
            align=Align.CENTRE,
        ),
        Space(8),
        Text(say("dossiers.meet_slip_place", place=meeting.place), bold=True),
    ]
    if meeting.bring:
        parts.append(Text(say("dossiers.meet_slip_bring", bring=meeting.bring)))
    parts += [
        Space(8),
        Text(title.said(lang)),
        Row(say("dossiers.slip_code"), code, bold=True),
        Text(say("dossiers.meet_slip_cannot"), Size.SMALL),
        *_tail(code, settings, lang),
    ]
    return Slip(tuple(parts))


def follow_url(settings: Settings, code: str) -> str | None:
    """Return the address under which a telephone can follow a dossier, if the House has an address."""
    address = settings.web.address.rstrip("/")
    return f"{address}/follow/{code}" if address else None


def _tail(code: str, settings: Settings, lang: str) -> list[Part]:
    parts: list[Part] = [Rule()]
    url = follow_url(settings, code)
    if url:
        parts.append(Qr(url, phrases.say(lang, "dossiers.slip_scan")))
    else:
        parts.append(Text(phrases.say(lang, "dossiers.slip_ask"), Size.SMALL))
    parts += [
        Row(phrases.say(lang, "dossiers.slip_help"), phrases.say(lang, "dossiers.slip_free"), bold=True),
        Text(phrases.say(lang, "dossiers.slip_state_fee"), Size.SMALL),
        Text(phrases.say(lang, "dossiers.slip_never_calls"), Size.SMALL),
    ]
    if settings.house.phone:
        parts.append(Text(phrases.say(lang, "dossiers.slip_phone", phone=settings.house.phone), Size.SMALL))
    return parts
