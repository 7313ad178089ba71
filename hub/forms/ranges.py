"""A range question's numbers: from where to where, in what steps.

Counts in decimals, so that 0.1 + 0.2 is a stop of a range in tenths. A range may run downwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from hub.base.errors import Refused

_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Range:
    """The stops of a range, ``start`` and every ``step`` from it up to ``end``."""

    start: Decimal
    end: Decimal
    step: Decimal

    @property
    def count(self) -> int:
        """How many stops there are."""
        return int(abs(self.end - self.start) / self.step) + 1

    @property
    def stops(self) -> tuple[str, ...]:
        """Every stop as a form stores it; ask ``count`` first."""
        way = self.step if self.end >= self.start else -self.step
        return tuple(text_of(self.start + way * at) for at in range(self.count))

    def fault(self, stored: str) -> tuple[str, Mapping[str, object]] | None:
        """The phrase of a stored number that is not a stop, None for one that is."""
        try:
            value = Decimal(stored)
        except InvalidOperation:
            return ("forms.not_number", {"typed": stored[:40]})
        low, high = min(self.start, self.end), max(self.start, self.end)
        if not low <= value <= high:
            return ("forms.out_of_range", {"low": shown(low), "high": shown(high)})
        if (value - self.start) % self.step:
            return ("forms.off_step", {"low": shown(low), "step": shown(self.step)})
        return None


def read(start: str | None, end: str | None, step: str | None, path: str) -> Range:
    """Return a range from its attributes; raises Refused("forms.bad_range", path=)."""
    try:
        made = Range(Decimal(start or "0"), Decimal(end or "10"), Decimal(step or "1"))
    except InvalidOperation:
        raise Refused("forms.bad_range", path=path) from None
    numbers = (made.start, made.end, made.step)
    if any(not one.is_finite() or len(one.as_tuple().digits) > _MOST_DIGITS for one in numbers):
        raise Refused("forms.bad_range", path=path)
    if made.step <= 0 or abs(made.end - made.start) < made.step:
        raise Refused("forms.bad_range", path=path)
    return made


def text_of(value: Decimal) -> str:
    """A number as a form stores it: no exponent, no idle zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown(value: Decimal) -> str:
    """A number as people read it."""
    return text_of(value).replace(".", ",")
