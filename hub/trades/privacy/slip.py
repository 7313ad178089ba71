"""The papers of the personal data duties: the notice, a request and its answer, and who speaks for whom.

Keeps true: none names a person; names and signatures are written by hand on the paper itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from devices.slip import Align, Big, Part, Picture, Row, Rule, Size, Slip, Space, Text
from hub.base import letterhead, phrases
from hub.base.settings import Settings
from hub.trades.privacy import days
from hub.trades.privacy.model import Act, Delegation, Request, State

NOTICE = ("who", "what", "why", "who_sees", "how_long", "rights", "whom")
_LINE = "." * 28
_PICTURES = {State.OPEN: "clock", State.DONE: "check", State.REFUSED: "house"}


def notice(settings: Settings, *, lang: str) -> list[str]:
    """Return the notice, a paragraph each."""
    values = {
        "house": settings.house.name,
        "village": settings.house.village,
        "commune": settings.house.commune,
        "draft_days": settings.dossiers.draft_days,
        "keep_days": settings.people.keep_days,
        "working_days": days.WORKING_DAYS,
    }
    return [phrases.say(lang, f"privacy.notice_{part}", **values) for part in NOTICE]


def notice_slip(settings: Settings, *, lang: str) -> Slip:
    """Return the notice on paper."""
    say = functools.partial(phrases.say, lang)
    parts: list[Part] = [
        *letterhead.head(settings.house),
        Text(say("privacy.notice_title"), Size.LARGE, bold=True, align=Align.CENTRE),
        Space(8),
    ]
    for part, words in zip(NOTICE, notice(settings, lang=lang), strict=True):
        parts += [Text(say(f"privacy.notice_head_{part}"), bold=True), Text(words, Size.SMALL), Space(8)]
    return Slip((*parts, *_tail(settings, say)))


def request(found: Request, settings: Settings, *, lang: str) -> Slip:
    """Return the paper for who asked: what for, until when there is an answer, or what the answer is."""
    say = functools.partial(phrases.say, lang)
    closed = found.state is not State.OPEN
    parts: list[Part] = [
        *letterhead.head(settings.house),
        Picture(_PICTURES[found.state]),
        Text(
            say("privacy.slip_answer" if closed else "privacy.slip_asked"),
            Size.LARGE,
            bold=True,
            align=Align.CENTRE,
        ),
        Big(f"{found.id}"),
        Rule(),
        Text(say(f"privacy.kind_{found.kind}"), bold=True),
        Row(say("privacy.slip_asked_at"), letterhead.shown_time(lang, found.asked_at, found.trusted)),
    ]
    for one in found.subjects:
        parts.append(Text(say(f"privacy.subject_{one.kind}", ref=one.ref if one.kind == "sealed" else "")))
    if not closed:
        parts.append(Row(say("privacy.slip_due"), f"{found.due_on:%d/%m/%Y}", bold=True))
        return Slip((*parts, *_tail(settings, say)))
    parts += [Space(8), Text(say(f"privacy.state_{found.state}"), Size.LARGE, bold=True)]
    for done in found.acts:
        if done.act is Act.REFUSED:
            parts.append(Text(say(f"privacy.reason_{done.detail}")))
        elif done.act is not Act.DONE:
            parts.append(
                Row(say(f"privacy.act_{done.act}"), letterhead.shown_time(lang, done.at, done.trusted))
            )
    parts += [Space(8), Text(say("privacy.slip_complain"), Size.SMALL)]
    return Slip((*parts, *_tail(settings, say)))


def delegation(found: Delegation, title: str, relation: str, settings: Settings, *, lang: str) -> Slip:
    """Return the paper that both sign: ``title`` is the procedure, ``relation`` what one is to the other."""
    say = functools.partial(phrases.say, lang)
    parts: list[Part] = [
        *letterhead.head(settings.house),
        Text(say("privacy.slip_delegation"), Size.LARGE, bold=True, align=Align.CENTRE),
        Rule(),
        Text(title, bold=True),
        Row(say("privacy.slip_relation"), relation),
        Text(say(f"privacy.scope_{found.scope}")),
        Text(say(f"privacy.shown_{found.shown}")),
        Row(say("privacy.slip_until"), f"{found.until_on:%d/%m/%Y}", bold=True),
        Row(say("privacy.slip_given_at"), letterhead.shown_time(lang, found.at, found.trusted)),
        Space(16),
        Text(say("privacy.slip_sign"), Size.SMALL),
    ]
    for who in ("person", "delegate", "guide"):
        parts += [Text(say(f"privacy.slip_sign_{who}")), Space(40), Text(_LINE)]
    return Slip((*parts, *_tail(settings, say)))


def _tail(settings: Settings, say: Callable[..., str]) -> list[Part]:
    parts: list[Part] = [Rule(), Text(say("privacy.slip_free"), Size.SMALL)]
    if settings.house.phone:
        parts.append(Text(say("privacy.slip_phone", phone=settings.house.phone), Size.SMALL))
    return parts
