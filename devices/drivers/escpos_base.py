"""What every way to a slip printer has in common: a deadline on all it does, and one kind of answer.

python-escpos waits for ever, or a minute, in several places; the links bound them: every write ends before
the deadline given to ``arm``, every question before its own. An answer that does not come is None; a
connection that is gone is an OSError.
"""

from __future__ import annotations

import time
from typing import Protocol

TICK_S = 0.01


class Link(Protocol):
    """What the driver needs beyond python-escpos's own methods."""

    def open(self, raise_not_found: bool = True) -> None:
        """Connect; raise OSError or a DeviceError when that is not possible in time."""

    def close(self) -> None:
        """Let go."""

    def arm(self, deadline: float) -> None:
        """Let every later write end before ``deadline`` (of ``time.monotonic``)."""

    def _raw(self, msg: bytes) -> None:
        """Write all of ``msg``."""

    def ask(self, question: bytes, mask: int, fixed: int, timeout_s: float) -> int | None:
        """Send a question; return the first byte whose ``mask`` bits are ``fixed``, None if none comes in
        time.
        """

    def deliver(self) -> None:
        """Wait until everything written has left this machine; raise OSError when it cannot."""


def left(deadline: float) -> float:
    """Return the seconds until ``deadline``; raise TimeoutError when there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("no progress before the deadline")
    return seconds


def fitting(answer: bytes, mask: int, fixed: int) -> int | None:
    """Return the first byte of an answer that has the right shape, or None."""
    # Dots of a picture may look like a question to the printer, so stray answers are possible: only a byte
    # of the right shape is taken.
    return next((byte for byte in answer if byte & mask == fixed), None)


def number_of(error: BaseException | None) -> int | None:
    """Return the system's error number, however often a library has wrapped it; None where there is none."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error.errno
        error = error.__cause__ or error.__context__
    return None
