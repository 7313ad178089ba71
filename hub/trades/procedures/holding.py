"""Which row of a figure holds on a day: the pack's own, or what the commune said since.

Keeps true: one row an id holds, all others stay as history or as announced; the commune's word stands
before the pack's until the pack brings one that is newer. It reads nothing and decides by days alone.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.base import phrases
from hub.trades.procedures import telling
from hub.trades.procedures.model import Figure, Own, Procedure, Status, Unit, Words


@dataclass(frozen=True, slots=True)
class Word:
    """What the commune said of a figure, as a guide wrote it down; ``texts`` are empty where none was
    written.

    ``noted_at`` is UTC text, ``trusted`` whether the clock was believed then. ``withdrawn`` says why and by
    whom it was taken back.
    """

    id: int
    slug: str
    figure_id: str
    unit: Unit
    value: int
    texts: Mapping[str, str]
    told_by: str
    told_on: dt.date
    reason: str
    staff_name: str
    noted_at: str
    trusted: bool
    withdrawn: Withdrawn | None = None

    @property
    def own(self) -> Own:
        """What stands beside the figure."""
        return Own(self.id, self.told_by, self.told_on, self.staff_name)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Why a word was taken back, and by whom."""

    reason: str
    staff_name: str
    noted_at: str
    trusted: bool


def on_day(procedure: Procedure, on: dt.date, words: Iterable[Word] = ()) -> Procedure:
    """Return ``procedure`` with the figures that hold on the village's day ``on``, others in ``former``,
    ``coming``.

    ``words`` are those of the commune that nobody took back, oldest first.
    """
    said: dict[str, list[Word]] = {}
    for word in words:
        said.setdefault(word.figure_id, []).append(word)
    rows: dict[str, list[Figure]] = {}
    for figure in procedure.figures:
        rows.setdefault(figure.id, []).append(figure)
    holding: list[Figure] = []
    former: list[Figure] = []
    coming: list[Figure] = []
    for id, together in rows.items():
        current, before, after = _split(together, on)
        own = [word for word in said.get(id, ()) if word.unit is together[0].unit]
        stands = own.pop() if own and not overtaken(own[-1], current) else None
        if stands is not None:
            holds: Figure | None = as_told(together[-1] if current is None else current, stands)
            before = [current, *before] if current is not None else before
        else:
            holds = current
        value = holds.value if holds else None
        former += [as_told(together[-1], word) for word in reversed(own) if word.value != value]
        holding += [holds] if holds is not None else []
        former += before
        coming += after
    return dataclasses.replace(procedure, figures=tuple(holding), former=tuple(former), coming=tuple(coming))


def overtaken(word: Word, current: Figure | None) -> bool:
    """Return whether the pack has since brought a row that is newer than what the commune said."""
    return current is not None and current.valid_from is not None and current.valid_from > word.told_on


def _split(rows: list[Figure], on: dt.date) -> tuple[Figure | None, list[Figure], list[Figure]]:
    """Return the row that holds, those before it (newest first), those after it (soonest first)."""
    ordered = sorted(rows, key=_since)
    begun = [row for row in ordered if _since(row) <= on]
    coming = ordered[len(begun) :]
    current = begun.pop() if begun and (begun[-1].valid_until or on) >= on else None
    return current, begun[::-1], coming


def _since(row: Figure) -> dt.date:
    return row.valid_from or dt.date.min


def as_told(row: Figure, word: Word) -> Figure:
    """Return ``row`` with the commune's word in place of the pack's."""
    figure = dataclasses.replace(
        row,
        value=word.value,
        value_max=None,
        value_online=None,
        as_of=word.told_on,
        valid_from=word.told_on,
        valid_until=None,
        sources=(),
        # The officer whom the reader would be sent to has said it.
        status=Status.VERIFIED,
        own=word.own,
    )
    told = {lang: word.texts.get(lang) or _sentence(lang, figure) for lang in ("vi", "en")}
    return dataclasses.replace(figure, text=Words(**told))


def _sentence(lang: str, figure: Figure) -> str:
    # The pack's sentence names the pack's number: it must not stand beside another one.
    return phrases.say(lang, "procedures.own_text", amount=telling.number(lang, figure))
