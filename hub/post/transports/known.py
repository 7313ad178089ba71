"""What a process remembers of its offices from round to round: TLS that was agreed on, and how a name was proved.

Keeps true: what is remembered spares questions and changes no answer; it lies in memory alone and goes with the
process. Any number of threads may use one; a proof is in one thread's hand at a time, so that counts arrive in
order.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from hub.base.clock import Clock
from hub.post.transports import trust as trusting
from hub.post.transports.digest import Session
from hub.post.transports.trust import Trust
from hub.post.transports.wire import Line

# What the system's clock may differ from the House's before certificates are judged by the latter.
_SAME_S = 120.0
_MOST_PROOFS = 8
# A round begins with one; the lanes' others are made when they are needed.
_MOST_LINES = 1
# A server that forgets a nonce sooner is asked with a small question before a large body goes.
_SURE_S = 60.0


def house_time(clock: Clock) -> Callable[[], dt.datetime | None]:
    """Return what tells the time that certificates are judged by: the House's own where a person has said what time
    it is and the system's clock is another, else None.
    """

    def told() -> dt.datetime | None:
        now = clock.read()
        differs = abs((now.at - dt.datetime.now(dt.UTC)).total_seconds())
        return now.at if now.trusted and differs > _SAME_S else None

    return told


@dataclass(slots=True)
class Proof:
    """How a name is proved to one server: Digest with its next count, or Basic; when that last held."""

    session: Session | None = None
    basic: bool = False
    held_at: float = float("-inf")

    def held(self) -> None:
        """Note that the server took it just now."""
        self.held_at = time.monotonic()

    @property
    def is_sure(self) -> bool:
        """Whether it held so lately that a large body may follow unasked."""
        return time.monotonic() - self.held_at < _SURE_S


class Acquaintance:
    """All that is remembered; one for a process is enough, and who makes it hangs up in the end.

    ``at`` gives the time that certificates are judged by, or None for the system's own.
    """

    def __init__(self, at: Callable[[], dt.datetime | None] = lambda: None) -> None:
        self._at = at
        self._lock = threading.Lock()
        self._trusts: dict[tuple[str, str], tuple[object, Trust]] = {}
        self._lines: dict[str, list[Line]] = {}
        self._proofs: dict[str, list[Proof]] = {}

    def tls(self, server: str, ca_file: str) -> Trust:
        """Return TLS to ``server`` with the authorities of ``ca_file``. Raises as ``Trust`` does."""
        stamp = trusting.stamp(ca_file)
        with self._lock:
            known = self._trusts.get((server, ca_file))
            if known is None or known[0] != stamp:
                known = self._trusts[(server, ca_file)] = (stamp, Trust(ca_file, self._at))
            return known[1]

    def take_line(self, fingerprint: str) -> Line | None:
        """Take a line that still stands, or None."""
        with self._lock:
            kept = self._lines.get(fingerprint)
            return kept.pop() if kept else None

    def leave_line(self, fingerprint: str, line: Line) -> None:
        """Give a line back, for who asks next."""
        with self._lock:
            kept = self._lines.setdefault(fingerprint, [])
            kept.append(line)
            spare = kept.pop(0) if len(kept) > _MOST_LINES else None
        if spare is not None:
            spare.close()

    def hang_up(self) -> None:
        """End every line that nobody uses: when the network has changed, and at the end."""
        with self._lock:
            lines = [line for kept in self._lines.values() for line in kept]
            self._lines.clear()
        for line in lines:
            line.close()

    def take(self, fingerprint: str) -> Proof:
        """Take a proof that held before, or an empty one; only the taker uses it until it is left."""
        with self._lock:
            kept = self._proofs.get(fingerprint)
            return kept.pop() if kept else Proof()

    def leave(self, fingerprint: str, proof: Proof) -> None:
        """Give a proof back."""
        with self._lock:
            kept = self._proofs.setdefault(fingerprint, [])
            if len(kept) < _MOST_PROOFS:
                kept.append(proof)
