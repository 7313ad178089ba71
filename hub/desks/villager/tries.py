"""How often somebody may type a code that is not there: twenty times in ten minutes from one address.

Keeps true: what was typed is not kept, only when and from where; a restart forgets it, which gives a guesser
of codes with 31 to the 7th possibilities nothing. It never asks the wall clock.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from threading import Lock

WRONG = 20
SPAN_S = 600.0
_ADDRESSES = 1_000


class Tries:
    """The wrong tries of the last minutes, by address; safe for several threads."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def wait_s(self, where: str, mono: float) -> int:
        """Return the whole seconds until ``where`` may try again; 0 when it may now."""
        with self._lock:
            kept = self._living(where, mono)
            return math.ceil(kept[0] + SPAN_S - mono) if len(kept) >= WRONG else 0

    def wrong(self, where: str, mono: float) -> None:
        """Count a wrong try of ``where``."""
        with self._lock:
            kept = self._living(where, mono)
            kept.append(mono)
            self._wrong[where] = kept
            self._wrong.move_to_end(where)
            while len(self._wrong) > _ADDRESSES:
                self._wrong.popitem(last=False)

    def _living(self, where: str, mono: float) -> deque[float]:
        kept = self._wrong.get(where, deque())
        while kept and mono - kept[0] >= SPAN_S:
            kept.popleft()
        return kept
