"""A walk of steps, with one worker killed before each of them.

A step is what somebody does and what must then come about. A worker is killed with SIGKILL before the doing;
unless it is the one that is asked, it comes back only after the doing, so that what was asked meanwhile waits
for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.journeys.village import Village


@dataclass(frozen=True)
class Step:
    """One step; ``kills``: workers whose death before it means something; ``asks``: the one it speaks to."""

    do: Callable[[], object]
    then: Callable[[], object] | None = None
    kills: tuple[str, ...] = ("web",)
    asks: str = "web"


def go(village: Village, steps: list[Step], victim: str | None) -> int:
    """Go all steps; return how often ``victim`` was killed."""
    deaths = 0
    for step in steps:
        dies = victim is not None and victim in step.kills
        if dies and victim is not None:
            village.kill(victim)
            deaths += 1
            if victim == step.asks:
                village.start(victim)
        step.do()
        if dies and victim is not None and victim != step.asks:
            village.start(victim)
        if step.then is not None:
            step.then()
    return deaths
