"""The slip a learner takes home: which lesson, how it went, from which House.

Keeps true: the name on it comes from the learner's own hand, on the tablet for this slip alone or with a pen.
"""

from __future__ import annotations

from devices.slip import Align, Part, Picture, Row, Rule, Size, Slip, Space, Text
from hub.base import letterhead, phrases, text
from hub.base.clock import Moment
from hub.base.settings import HouseSettings
from hub.trades.lessons.model import Lesson, Score

_LONGEST_NAME = 60


def certificate(
    lesson: Lesson, score: Score, *, house: HouseSettings, lang: str, moment: Moment, name: str = ""
) -> Slip:
    """Return the slip for a finished lesson; without ``name`` a line is left to write on."""

    def say(key: str, **values: object) -> str:
        return phrases.say(lang, key, **values)

    named = text.clean(name)[:_LONGEST_NAME]
    parts: list[Part] = [
        *letterhead.head(house),
        Text(say("lessons.slip_title"), bold=True, align=Align.CENTRE),
        Picture(lesson.picture),
        Text(lesson.title, Size.LARGE, bold=True, align=Align.CENTRE),
        Space(12),
        Text(say("lessons.slip_name", name=named or "." * 24), align=Align.CENTRE),
    ]
    if score.total:
        told = say("lessons.slip_score", right=score.right, total=score.total)
        parts += [Text(told, bold=True, align=Align.CENTRE)]
    parts += [Space(12), Rule()]
    if score.total:
        parts += [Text(say("lessons.slip_remember"), bold=True)]
        parts += [Text(f"{place}. {one.question.why}") for place, one in enumerate(score.marked, start=1)]
        parts += [Rule()]
    parts += [
        Row(say("lessons.slip_fee"), say("lessons.slip_free")),
        Text(letterhead.shown_time(lang, moment.at, moment.trusted), Size.SMALL),
        Text(
            say("lessons.slip_house_phone", phone=house.phone) if house.phone else say("lessons.slip_come"),
            Size.SMALL,
        ),
    ]
    return Slip(tuple(parts))
