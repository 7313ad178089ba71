"""How long somebody may have to wait, from what really happened today.

Each service is expected to take the median of today's visits once there were three, and until then what is
usual. Desks that are at work take those ahead one after the other; whoever is served now is expected to need
the rest of such a time. Keeps true: no desk at work, no estimate; the answer is rounded up to five minutes,
because a wait that ends early is forgiven. It takes every desk to serve every service.
"""

from __future__ import annotations

import heapq
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.trades.tickets.model import Estimate, Known, Service

ENOUGH_VISITS = 3
# Somebody who is already over the usual time is expected to need this much more.
_LEAST_REST_MIN = 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Expected minutes for each service, and for which of them they come from today."""

    minutes: Mapping[str, float]
    from_today: frozenset[str]


def pace(services: Iterable[Service], visits: Iterable[tuple[str, float]]) -> Pace:
    """Return what each service takes, from today's ``visits`` (service id, seconds)."""
    taken: dict[str, list[float]] = {}
    for service_id, seconds in visits:
        taken.setdefault(service_id, []).append(seconds / 60)
    enough = {
        service_id: statistics.median(times)
        for service_id, times in taken.items()
        if len(times) >= ENOUGH_VISITS
    }
    usual = {service.id: float(service.usual_minutes) for service in services}
    return Pace({**usual, **enough}, frozenset(enough))


def expect(
    pace: Pace, ahead: Sequence[str], served: Sequence[tuple[str, float]], free_desks: int
) -> Estimate | None:
    """Return the expected wait behind ``ahead`` (service ids in the order of calls).

    ``served`` are those at desks now, as (service id, minutes since the call); ``free_desks`` counts desks at
    work with nobody in front of them. None when no desk is at work.
    """
    free_in = [0.0] * free_desks
    free_in += [max(_LEAST_REST_MIN, pace.minutes[service] - since) for service, since in served]
    if not free_in:
        return None
    heapq.heapify(free_in)
    for service in ahead:
        heapq.heapreplace(free_in, free_in[0] + pace.minutes[service])
    involved = {*ahead, *(service for service, _ in served)}
    known = Known.TODAY if involved and involved <= pace.from_today else Known.USUAL
    return Estimate(5 * math.ceil(free_in[0] / 5), known)
