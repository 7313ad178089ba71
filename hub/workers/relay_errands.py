"""The relay's other errands, between its rounds: forms and content down, reports made ready to go.

Keeps true: dossiers go first - an errand runs only after a round, one at a time, and gives way when told to
stop; one that fails waits longer each time and costs no other errand anything. What an errand does is its own
room's business.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hub.base.errors import HubError
from hub.post.transports.carrier import CarrierFault

log = logging.getLogger(__name__)

_FIRST_REST_S, _LONGEST_REST_S = 30.0, 3600.0


class Errand(Protocol):
    """One thing that the relay does beside carrying dossiers."""

    @property
    def name(self) -> str:
        """What the log calls it."""

    @property
    def needs_way(self) -> bool:
        """Whether it is of no use while there is no way out."""

    def due(self) -> bool:
        """Return whether there is something to do now; asked often, so cheap."""

    def run(self) -> None:
        """Do it, as far as it goes; may raise ``HubError`` or ``CarrierFault``, and is then asked again later."""


@dataclass(slots=True)
class _Waiting:
    errand: Errand
    rest_s: float = _FIRST_REST_S
    again_at: float = 0.0


class Errands:
    """All errands of one relay, in the order they are given."""

    def __init__(self, errands: Sequence[Errand]) -> None:
        self._waiting = [_Waiting(one) for one in errands]

    def run(self, *, way: bool) -> None:
        """Run the first errand that is due; ``way`` is whether there is a way out. Never raises."""
        now = time.monotonic()
        for one in self._waiting:
            if now >= one.again_at and (way or not one.errand.needs_way) and self._done(one):
                return

    def _done(self, one: _Waiting) -> bool:
        try:
            if not one.errand.due():
                return False
            one.errand.run()
        except (HubError, CarrierFault) as bad:
            log.warning("%s did not come through: %s", one.errand.name, bad)
        except Exception:
            log.exception("%s failed inside the House", one.errand.name)
        else:
            one.rest_s, one.again_at = _FIRST_REST_S, 0.0
            return True
        one.again_at = time.monotonic() + one.rest_s
        one.rest_s = min(_LONGEST_REST_S, one.rest_s * 2)
        return True
