"""The commune's own figures: a guide writes down what an officer said, and it stands before the pack's.

Keeps true: nothing written is changed or lost, only taken back with a reason; every word names who at the
commune said it, on which day, and the guide; a row that somebody changed behind the House's back is not
believed, nor any after it. A number that looks like a slip is asked about before it stands.
"""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from hub.base import db, money, text
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing, NotReady, Refused
from hub.trades.procedures import holding, store
from hub.trades.procedures.holding import Word
from hub.trades.procedures.model import Figure, Procedure, Status, Unit

TOPIC = "figures"
_LONGEST_NAME = 120
_LONGEST_TEXT = 400
_JUMP = 5
_MOST = 10**12
_OLDEST = dt.timedelta(days=2 * 366)
_STALE = dt.timedelta(days=183)
_NUMBER = re.compile(r"[0-9]{1,9}")
_RATE = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]))?")
_MOST_OF = {Unit.PERCENT: 100, Unit.PER_MILLE: 1_000, Unit.HOUR_OF_DAY: 24}


class Unlikely(Refused):
    """A value far from the one that holds: it stands once the guide says that it is right."""


class Need(StrEnum):
    """Why a guide should look at a figure, most urgent first."""

    CONFIRM = "confirm"
    STALE = "stale"
    UNVERIFIED = "unverified"
    REPORTED = "reported"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Seen:
    """A figure as guides see it: what holds (None when nothing does), the pack's row, the commune's words.

    ``words`` are newest first, also those that were taken back.
    """

    id: str
    pack: Figure
    holds: Figure | None
    words: tuple[Word, ...]
    need: Need

    @property
    def standing(self) -> Word | None:
        """The last word that nobody took back, whether it holds or the pack has overtaken it."""
        return next((word for word in self.words if word.withdrawn is None), None)


def today(conn: sqlite3.Connection, procedure: Procedure, on: dt.date) -> Procedure:
    """Return ``procedure`` with the figures that hold on the village's day ``on``, the commune's words
    first.
    """
    said = (word for word in store.read(conn).words if word.slug == procedure.slug and not word.withdrawn)
    return holding.on_day(procedure, on, said)


def correct(
    conn: sqlite3.Connection,
    procedure: Procedure,
    figure_id: str,
    typed: str,
    *,
    texts: tuple[str, str] = ("", ""),
    told_by: str,
    told_on: dt.date,
    reason: str = "",
    staff_id: int,
    staff_name: str,
    moment: Moment,
    confirmed: bool = False,
) -> Word:
    """Write down that the commune says ``typed`` of a figure; ``texts``: a sentence in Vietnamese, English.

    The very same as what stands already is written once: a second press is the same wish.

    Raises ``Missing("procedures.no_figure")``; ``Refused`` for the House's own rules, a value that cannot
    be read, nobody named, a day ahead of a trusted clock or more than two years ago; ``Unlikely`` when it
    is five times more or less than what holds, unless ``confirmed``.
    """
    row = _row(procedure, figure_id)
    if row.status is Status.ADVICE:
        raise Refused("procedures.own_rule")
    value = read(row.unit, typed)
    who, why = text.clean(told_by), text.clean(reason)
    if not who or len(who) > _LONGEST_NAME:
        raise Refused("procedures.told_by_missing")
    if (told_on > moment.on and moment.trusted) or moment.on - told_on > _OLDEST:
        raise Refused("procedures.told_on_wrong")
    said = tuple(text.clean(one) for one in texts)
    if max(map(len, (*said, why))) > _LONGEST_TEXT:
        raise Refused("procedures.text_long", most=_LONGEST_TEXT)
    with db.write(conn):
        told = (row.unit, value, who, told_on, {"vi": said[0], "en": said[1]})
        again = _standing(conn, procedure.slug, figure_id)
        if again and told == (again.unit, again.value, again.told_by, again.told_on, again.texts):
            return again
        holds = today(conn, procedure, moment.on).figure(figure_id)
        if not confirmed and holds is not None:
            _doubt(value, holds)
        _sound(conn)
        number = store.add(
            conn,
            moment,
            what="said",
            slug=procedure.slug,
            figure_id=figure_id,
            unit=str(row.unit),
            value=value,
            text_vi=said[0],
            text_en=said[1],
            told_by=who,
            told_on=told_on.isoformat(),
            reason=why,
            staff_id=staff_id,
            staff_name=staff_name,
        )
        db.touch(conn, TOPIC)
        return _find(conn, number)


def withdraw(
    conn: sqlite3.Connection, word_id: int, reason: str, *, staff_id: int, staff_name: str, moment: Moment
) -> Word:
    """Take a word back, with a reason that stays beside it.

    Raises ``Missing`` for an unknown word, ``Refused`` without a reason, ``Conflict`` when it was taken
    back before.
    """
    why = text.clean(reason)
    if not why or len(why) > _LONGEST_TEXT:
        raise Refused("procedures.reason_missing")
    with db.write(conn):
        word = _find(conn, word_id)
        if word.withdrawn is not None:
            raise Conflict("procedures.withdrawn_before", name=word.withdrawn.staff_name)
        _sound(conn)
        store.add(
            conn,
            moment,
            what="withdrawn",
            refers=word.id,
            slug=word.slug,
            figure_id=word.figure_id,
            unit=str(word.unit),
            text_vi="",
            text_en="",
            told_by="",
            told_on="",
            reason=why,
            staff_id=staff_id,
            staff_name=staff_name,
        )
        db.touch(conn, TOPIC)
        return _find(conn, word_id)


def listing(conn: sqlite3.Connection, procedure: Procedure, on: dt.date) -> tuple[Seen, ...]:
    """Return every figure but the House's own rules as guides see it, what needs a look first."""
    told = [word for word in store.read(conn).words if word.slug == procedure.slug]
    now = holding.on_day(procedure, on, (word for word in told if word.withdrawn is None))
    plain = holding.on_day(procedure, on)
    found = []
    for id in dict.fromkeys(row.id for row in procedure.figures if row.status is not Status.ADVICE):
        pack = plain.figure(id) or _row(procedure, id)
        words = tuple(word for word in reversed(told) if word.figure_id == id)
        holds = now.figure(id)
        found.append(Seen(id, pack, holds, words, _need(holds, words, on)))
    return tuple(sorted(found, key=lambda seen: (list(Need).index(seen.need), seen.pack.as_of)))


def seen(conn: sqlite3.Connection, procedure: Procedure, figure_id: str, on: dt.date) -> Seen:
    """Return one figure as guides see it; raises ``Missing("procedures.no_figure")``."""
    for one in listing(conn, procedure, on):
        if one.id == figure_id:
            return one
    raise Missing("procedures.no_figure")


def verify(conn: sqlite3.Connection) -> int:
    """Return how many rows there are, each under its seal.

    Raises ``NotReady("procedures.figures_broken")`` naming the first row that is not as it was written.
    """
    ledger = store.read(conn)
    if ledger.broken is not None:
        raise NotReady("procedures.figures_broken", row=ledger.broken)
    return ledger.rows


def version(conn: sqlite3.Connection) -> int:
    """Return a number that grows with every word and withdrawal, for ETags."""
    return db.version(conn, TOPIC)


def read(unit: Unit, typed: str) -> int:
    """Return a value as a guide types it: đồng as money is written, a rate in percent ("6,6"), else whole.

    Raises ``Refused``.
    """
    plain = text.clean(typed)
    if unit is Unit.DONG:
        value = int(money.read(plain))
    elif unit is Unit.PER_MILLE:
        rate = _RATE.fullmatch(plain.replace(" ", "").removesuffix("%"))
        if rate is None:
            raise Refused("procedures.rate_wrong", most=100)
        value = int(rate[1]) * 10 + int(rate[2] or 0)
    else:
        bare = plain.replace(" ", "").removesuffix("%")
        if not _NUMBER.fullmatch(bare):
            raise Refused("procedures.number_wrong")
        value = int(bare)
    if value > _MOST_OF.get(unit, _MOST):
        raise Refused("procedures.number_wrong")
    return value


def typed_again(figure: Figure) -> str:
    """Return a figure's value as ``read`` takes it, empty where it has none."""
    if figure.value is None:
        return ""
    if figure.unit is Unit.PER_MILLE:
        return f"{figure.value // 10},{figure.value % 10}"
    return f"{figure.value:,}".replace(",", ".") if figure.unit is Unit.DONG else str(figure.value)


def _row(procedure: Procedure, figure_id: str) -> Figure:
    rows = [figure for figure in procedure.figures if figure.id == figure_id]
    if not rows:
        raise Missing("procedures.no_figure")
    return max(rows, key=lambda row: row.valid_from or dt.date.min)


def _standing(conn: sqlite3.Connection, slug: str, figure_id: str) -> Word | None:
    found = [
        word
        for word in store.read(conn).words
        if (word.slug, word.figure_id) == (slug, figure_id) and word.withdrawn is None
    ]
    return found[-1] if found else None


def _find(conn: sqlite3.Connection, number: int) -> Word:
    for word in store.read(conn).words:
        if word.id == number:
            return word
    raise Missing("procedures.no_word")


def _sound(conn: sqlite3.Connection) -> None:
    # A row behind a broken one would not be believed: better to refuse it than to lose it in silence.
    broken = store.read(conn).broken
    if broken is not None:
        raise NotReady("procedures.figures_broken", row=broken)


def _doubt(value: int, holds: Figure) -> None:
    known = [one for one in (holds.value, holds.value_max, holds.value_online) if one]
    if known and value and (value >= max(known) * _JUMP or value * _JUMP <= min(known)):
        raise Unlikely("procedures.unlikely")


def _need(holds: Figure | None, words: tuple[Word, ...], on: dt.date) -> Need:
    standing = next((word for word in words if word.withdrawn is None), None)
    if standing is not None and (holds is None or holds.own is None):
        return Need.CONFIRM
    if holds is not None and on - holds.as_of > _STALE:
        return Need.STALE
    if holds is None or holds.value is None or holds.status is Status.UNVERIFIED:
        return Need.UNVERIFIED
    return Need.REPORTED if holds.status is Status.REPORTED else Need.NONE
