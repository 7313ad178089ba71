"""Money in whole đồng: how it is shown, how people write it.

Keeps true: an amount is an integer number of đồng from the keyboard to the paper. It never guesses a missing
thousand.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import NewType

from hub.base import text
from hub.base.errors import Refused

Dong = NewType("Dong", int)

_NBSP = "\u00a0"
_UNITS = {
    "": 1,
    "d": 1,
    "dong": 1,
    "vnd": 1,
    "k": 1_000,
    "nghin": 1_000,
    "ngan": 1_000,
    "tr": 1_000_000,
    "trieu": 1_000_000,
    "ty": 1_000_000_000,
    "ti": 1_000_000_000,
}
_SHAPE = re.compile(r"^(?P<number>\d[\d.,\s]*?)\s*(?P<unit>[a-z]*)\s*(?:dong|d|vnd|₫)?$")
_GROUPED = re.compile(r"^\d{1,3}(?:[.,\s]\d{3})+$")
MOST = 10**13


def show(amount: int) -> str:
    """Return ``500.000 ₫`` (a no-break space before the sign), for any integer."""
    return f"{amount:,}".replace(",", ".") + _NBSP + "₫"


def read(typed: str) -> Dong:
    """Return the amount in đồng that a person wrote: 500.000đ, 500 nghìn, 500k, 1,2 triệu.

    Raises ``Refused("money.unreadable")`` for anything else, for negative amounts, for parts of a đồng and for
    amounts above ``MOST``.
    """
    folded = text.fold(typed).replace("₫", "").strip()
    match = _SHAPE.match(folded)
    if not match or match["unit"] not in _UNITS:
        raise Refused("money.unreadable", typed=typed[:40])
    number, factor = match["number"].strip(), _UNITS[match["unit"]]
    plain = (
        re.sub(r"[.,\s]", "", number) if _GROUPED.match(number) else number.replace(" ", "").replace(",", ".")
    )
    try:
        amount = Decimal(plain) * factor
    except InvalidOperation as bad:
        raise Refused("money.unreadable", typed=typed[:40]) from bad
    if amount != amount.to_integral_value() or amount > MOST:
        raise Refused("money.unreadable", typed=typed[:40])
    return Dong(int(amount))
