"""Figures as a villager reads them: amount, sentence, and how it is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hub.desks import shell
from hub.desks.villager import common
from hub.trades.procedures import telling
from hub.trades.procedures.model import Figure


@dataclass(frozen=True, slots=True)
class Row:
    """A figure as a reader sees it; ``own`` tells who of the commune gave it, if somebody did."""

    label: str
    amount: str
    text: str
    status: str
    age: str
    sources: str
    own: str
    figure: Figure | None = None


def rows(found: Iterable[Figure]) -> tuple[Row, ...]:
    """Return figures as a reader sees them."""
    return tuple(map(_row, found))


def _row(figure: Figure) -> Row:
    lang = shell.lang()
    return Row(
        figure.label.said(lang),
        telling.amount(lang, figure),
        figure.text.said(lang),
        figure.status,
        common.age_words(figure.as_of),
        common.source_words(figure.sources),
        telling.own_line(lang, figure.own) if figure.own else "",
        figure,
    )
