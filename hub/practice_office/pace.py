"""The speed of an exercise's line: so many bytes a second for all who use it, and a delay.

Keeps true: bytes that pass at the same time share the line; a wait ends at once when the office ends.
"""

from __future__ import annotations

import threading
import time

from hub.practice_office.body import SLICE
from hub.practice_office.faults import Line


class Pace:
    """How fast bytes pass now; ``ending`` ends every wait."""

    def __init__(self, ending: threading.Event) -> None:
        self._ending = ending
        self._line = Line()
        self._free_at = 0.0
        self._lock = threading.Lock()

    @property
    def is_slow(self) -> bool:
        """Whether bytes have to wait at all."""
        return self._line.bytes_s > 0

    def set(self, line: Line) -> None:
        """Let the line be as ``line`` says from now on."""
        self._line = line

    @property
    def slice_bytes(self) -> int:
        """How much passes at a time: on a slow line a little at a time, as it would drip from a real one."""
        speed = self._line.bytes_s
        return max(1, min(SLICE, speed // 4)) if speed else SLICE

    def lasts(self, count: int) -> float:
        """Return how many seconds ``count`` bytes take when they are alone on the line."""
        speed = self._line.bytes_s
        return count / speed if speed else 0.0

    def carry(self, count: int) -> None:
        """Wait until ``count`` bytes have passed."""
        speed = self._line.bytes_s
        if not speed:
            return
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic()) + count / speed
            until = self._free_at
        self._ending.wait(max(0.0, until - time.monotonic()))

    def delay(self) -> None:
        """Wait as long as a byte is under way in one direction."""
        if self._line.delay_ms:
            self._ending.wait(self._line.delay_ms / 1000)
