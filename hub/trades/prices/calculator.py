"""What is left in the hand: price, less what dries away, less the way to the buyer.

Keeps true: exact arithmetic in đồng, rounded once, at the end, half up. It keeps nothing and compares
nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from hub.base import text
from hub.base.errors import Refused
from hub.base.money import Dong

MOST_WEIGHT = Decimal(1_000_000)
_NUMBER = re.compile(r"^\d{1,7}(?:[.,]\d{1,3})?$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Net:
    """``sold`` units after drying bring ``gross``; ``net`` is left after transport (below zero: a loss).

    ``per_unit`` is ``net`` for each unit that left home: the number to compare buyers by.
    """

    sold: Decimal
    lost: Decimal
    gross: Dong
    transport: Dong
    net: Dong
    per_unit: Dong


def net(price: int, weight: Decimal, *, transport: int = 0, moisture_percent: Decimal = Decimal(0)) -> Net:
    """Return what is left of selling ``weight`` units at ``price`` đồng a unit.

    ``transport`` is the cost of the whole way in đồng; ``moisture_percent`` is how much of the weight is gone
    when the buyer weighs it (0 ≤ percent < 100). Raises ``Refused("prices.…")`` for values outside their
    ranges.
    """
    if not 0 < weight <= MOST_WEIGHT:
        raise Refused("prices.weight_wrong")
    if not 0 <= moisture_percent < 100:
        raise Refused("prices.percent_wrong")
    if price <= 0 or transport < 0:
        raise Refused("prices.zero")
    lost = weight * moisture_percent / 100
    gross = (weight - lost) * price
    left = gross - transport
    return Net(
        sold=weight - lost,
        lost=lost,
        gross=_whole(gross),
        transport=Dong(transport),
        net=_whole(left),
        per_unit=_whole(left / weight),
    )


def read_number(typed: str) -> Decimal:
    """Return a weight or percentage as people write it: 12, 12,5 or 12.5; raises ``Refused``."""
    plain = text.clean(typed).replace(" ", "").removesuffix("%")
    if not _NUMBER.match(plain):
        raise Refused("prices.number_unreadable", typed=typed[:40])
    return Decimal(plain.replace(",", "."))


def _whole(amount: Decimal) -> Dong:
    return Dong(int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP)))
