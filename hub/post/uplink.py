"""The way out as people are told of it: since when, what waits, how long that would take, what it may cost.

Keeps true: "up" is an answer of the office and nothing less; how long it takes comes from what was measured
and is said roughly, or it is said that nobody knows. It reads and changes nothing.
"""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass

from hub.base.clock import Moment
from hub.base.settings import UplinkSettings
from hub.post import allowance, inbox
from hub.post import line_ledger as ledger
from hub.post import network as networks
from hub.post import outbox
from hub.post.allowance import Standing
from hub.post.inbox import Uplink
from hub.post.network import Seen
from hub.post.outbox import Waiting

_ROUND_MINUTES = (1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90)


@dataclass(frozen=True, slots=True)
class Line:
    """Everything about the way out at one moment.

    ``rate`` is bytes a second, None while nobody knows; ``too_dear`` is whether something waits that is larger
    than a whole day's allowance and goes only when a person says so.
    """

    uplink: Uplink
    seen: Seen
    standing: Standing
    waiting: Waiting
    rate: float | None
    too_dear: bool

    def oldest_h(self, now: Moment) -> int:
        """Return the whole hours that the oldest of what waits has waited."""
        since = self.waiting.oldest_at
        return max(0, int((now.at - since).total_seconds() // 3600)) if since else 0

    @property
    def estimate_s(self) -> int | None:
        """Seconds that what waits would take on the line as it was lately; None while nobody knows."""
        if not self.waiting.bytes:
            return 0
        return math.ceil(self.waiting.bytes / self.rate) if self.rate else None

    @property
    def days(self) -> int:
        """How many days' allowances what waits would take beyond today's; 0 where it fits."""
        left, limit = self.standing.left, self.standing.limit
        if left is None or not limit or self.standing.leave or self.waiting.bytes <= left:
            return 0
        return math.ceil((self.waiting.bytes - left) / limit)


def look(conn: sqlite3.Connection, settings: UplinkSettings, now: Moment) -> Line:
    """Return how the way out stands."""
    seen = networks.last(conn)
    standing = allowance.standing(conn, settings, seen.network, now)
    return Line(
        inbox.uplink(conn),
        seen,
        standing,
        outbox.waiting(conn),
        ledger.rate(conn, seen.network.kind),
        standing.limit is not None and standing.leave is None and _larger(conn, standing.limit),
    )


def _larger(conn: sqlite3.Connection, limit: int) -> bool:
    found = conn.execute(
        "SELECT 1 FROM outbox WHERE state = 'queued' AND next_try_at IS NULL AND urgent = 0 AND size > ?"
        " AND kind <> 'report' LIMIT 1",
        (limit,),
    )
    return found.fetchone() is not None


def takes(line: Line) -> tuple[str, int]:
    """Return how long what waits would take: a phrase and its number, rounded up as one person tells another."""
    seconds = line.estimate_s
    if line.days:
        return "uplink.takes_days", line.days + 1
    if seconds is None:
        return "uplink.takes_unknown", 0
    if seconds <= 60:
        return "uplink.takes_moment", 1
    minutes = math.ceil(seconds / 60)
    if minutes <= _ROUND_MINUTES[-1]:
        return "uplink.takes_minutes", next(one for one in _ROUND_MINUTES if one >= minutes)
    hours = math.ceil(minutes / 60)
    return ("uplink.takes_hours", hours) if hours <= 24 else ("uplink.takes_days", math.ceil(hours / 24))
