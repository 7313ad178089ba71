"""What the line may cost: asked before anything large leaves, told what went over it.

Keeps true: the courier asks before each sending and obeys; it tells after each exchange, by the carrier's own
count, so that a retry, a look or a knock costs what it cost. It decides nothing: the room that knows the day's
budget and the hours of the line does.
"""

from __future__ import annotations

import threading
from typing import Protocol

from hub.post.transports.carrier import Carrier, Traffic


class Purse(Protocol):
    """Who knows whether the line may be used now. Called from several threads at once."""

    def may(self, size: int, *, urgent: bool = False) -> str | None:
        """Return None when about ``size`` bytes may leave now, or the phrase that says why not."""

    def spent(self, sent: int, received: int) -> None:
        """Note bytes that went over the line."""


class Open:
    """A line that costs nothing and is open at any hour."""

    def may(self, size: int, *, urgent: bool = False) -> str | None:
        """Return None: yes."""
        return None

    def spent(self, sent: int, received: int) -> None:
        """Keep no count."""


class Meter:
    """Tells a purse what a carrier has carried since it was last told. For several threads at once."""

    def __init__(self, carrier: Carrier, purse: Purse) -> None:
        self._carrier, self._purse = carrier, purse
        self._told = carrier.traffic
        self._lock = threading.Lock()

    def tell(self) -> None:
        """Tell the purse."""
        with self._lock:
            now, before = self._carrier.traffic, self._told
            self._told = now
        new = Traffic(now.sent - before.sent, now.received - before.received)
        if new.sent or new.received:
            self._purse.spent(new.sent, new.received)
