"""The history of a price as a small SVG of our own: honest about what was not seen.

Keeps true: each dot is a day on which somebody looked; dots are joined only when they lie near in time; the
axis of money says by its labels where it starts; words for a screen reader come along. There is no script and
no style attribute in it, so a strict content policy may stand.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from hub.base import money, phrases

_WIDTH, _HEIGHT = 360, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 12, 14, 30
_GAP_DAYS = 14
_MOST_DOTS = 60
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Point:
    """One report: the day it was seen on and the amount in đồng."""

    on: dt.date
    amount: int


def chart(points: Sequence[Point], *, lang: str, title: str, unit: str, ident: str = "chart") -> str:
    """Return an SVG element of ``points`` (in any order), or an empty text when there are none.

    ``ident`` makes its ids unique on a page. Days with several reports show the middle one as the line's
    height; more than 60 days are gathered into equal spans. At most 6 KB.
    """
    days = _gathered(points)
    if not days:
        return ""
    low, high, ticks = _scale([point.amount for point in days])
    first, last = days[0].on, days[-1].on
    span = max((last - first).days, 1)

    def across(on: dt.date) -> float:
        room = _WIDTH - _LEFT - _RIGHT
        return _LEFT + (room / 2 if first == last else room * (on - first).days / span)

    def down(amount: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - amount) / (high - low)

    described = phrases.say(
        lang,
        "prices.chart_described",
        count=len(points),
        first=f"{first:%d/%m/%Y}",
        last=f"{last:%d/%m/%Y}",
        low=money.show(min(point.amount for point in points)),
        high=money.show(max(point.amount for point in points)),
        latest=money.show(days[-1].amount),
        unit=unit,
    )
    name = quoteattr(ident)[1:-1]
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-labelledby="{name}-title {name}-desc" font-size="12" fill="currentColor">',
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(described)}</desc>',
        '<g stroke="currentColor" stroke-opacity=".25" stroke-width="1">',
        *(f'<path d="M{_LEFT} {_n(down(tick))}H{_WIDTH - _RIGHT}"/>' for tick in ticks),
        '</g><g text-anchor="end">',
        *(f'<text x="{_LEFT - 6}" y="{_n(down(tick) + 4)}">{_label(tick)}</text>' for tick in ticks),
        '</g><g text-anchor="middle">',
        *_dates(first, last, across),
        '</g><g class="chart-line" fill="none" stroke="currentColor" stroke-width="2.5"',
        ' stroke-linejoin="round" stroke-linecap="round">',
        *(f'<path d="{_path(run, across, down)}"/>' for run in _runs(days) if len(run) > 1),
        '</g><g class="chart-dots">',
        *(f'<circle cx="{_n(across(one.on))}" cy="{_n(down(one.amount))}" r="3.5"/>' for one in days),
        "</g></svg>",
    ]
    return "".join(drawn)


def _gathered(points: Sequence[Point]) -> list[Point]:
    by_day: dict[dt.date, list[int]] = {}
    for point in points:
        by_day.setdefault(point.on, []).append(point.amount)
    days = sorted(by_day)
    if len(days) > _MOST_DOTS:
        # Spans of equal length, each shown on its last day with its middle amount.
        width = -(-((days[-1] - days[0]).days + 1) // _MOST_DOTS)
        spans: dict[int, list[dt.date]] = {}
        for on in days:
            spans.setdefault((days[-1] - on).days // width, []).append(on)
        gathered = {group[-1]: [one for on in group for one in by_day[on]] for group in spans.values()}
        by_day, days = gathered, sorted(gathered)
    return [Point(on, round(statistics.median(by_day[on]))) for on in days]


def _runs(days: Sequence[Point]) -> list[list[Point]]:
    # Gathered spans of a long history may lie further apart than single days.
    near = max(_GAP_DAYS, 2 * (days[-1].on - days[0].on).days // _MOST_DOTS)
    runs = [[days[0]]]
    for point in days[1:]:
        if (point.on - runs[-1][-1].on).days > near:
            runs.append([])
        runs[-1].append(point)
    return runs


def _path(run: Sequence[Point], across: Callable[[dt.date], float], down: Callable[[float], float]) -> str:
    # Steps, not slopes: between two looks the price was known only as the one before.
    drawn = f"M{_n(across(run[0].on))} {_n(down(run[0].amount))}"
    for point in run[1:]:
        drawn += f"H{_n(across(point.on))}V{_n(down(point.amount))}"
    return drawn


def _dates(first: dt.date, last: dt.date, across: Callable[[dt.date], float]) -> Iterator[str]:
    count = min(4, (last - first).days + 1)
    shown = {
        first + dt.timedelta(days=round((last - first).days * step / max(count - 1, 1)))
        for step in range(count)
    }
    form = "%d/%m" if (last - first).days < 300 else "%m/%Y"
    for on in sorted(shown):
        x = min(max(across(on), _LEFT), _WIDTH - _RIGHT - 16)
        yield f'<text x="{_n(x)}" y="{_HEIGHT - 10}">{on.strftime(form)}</text>'


def _scale(amounts: Sequence[int]) -> tuple[float, float, list[int]]:
    """Return the lowest and highest amount of the axis and its three to six labels."""
    least, most = min(amounts), max(amounts)
    # A flat line needs room too; a small swing must not look like a cliff.
    room = max(most - least, round(most * 0.2), 4)
    step = next(unit * 10**power for power in range(15) for unit in _STEPS if unit * 10**power * 4 >= room)
    low = max(0, (least - room // 8) // step * step)
    high = low + step
    while high < most or high - low < 3 * step:
        # A lone price stands in the middle of its scale, not at its edge.
        if high >= most and low >= step and least - low <= high - most:
            low -= step
        else:
            high += step
    return low, high, list(range(low, high + 1, step))


def _label(amount: int) -> str:
    return f"{amount:,}".replace(",", ".") if amount < 10_000_000 else f"{amount / 1_000_000:g} tr"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
