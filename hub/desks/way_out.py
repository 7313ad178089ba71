"""How the way out is told on every page of the staff: since when, what waits, how long that takes, what it costs.

Keeps true: one look at it a request; how long is said roughly, as people tell each other, and never when it is
not known. It changes nothing.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from flask import g

from hub.base import phrases
from hub.base.clock import VILLAGE
from hub.desks import shell
from hub.post import uplink
from hub.post.allowance import OUTSIDE_HOURS, TOO_DEAR
from hub.post.uplink import Line

_CLOCK_FAULTS = ("relay.certificate_early", "relay.certificate_late")
# Values of reasons that are kept without them.
_UNKNOWN_VALUES = {"url": "…", "path": "…", "name": "…"}


@dataclass(frozen=True, slots=True)
class Told:
    """The way out in words: ``since`` is an hour or a day, ``takes`` how long what waits would take.

    ``rests`` says why the line is left alone, ``dear`` that something waits for a person's word, ``clock`` that the
    House's own clock stands in the way.
    """

    line: Line
    up: bool | None
    since: str
    takes: str
    short: str
    rests: str
    dear: str
    reason: str
    clock: bool
    cost: str


def look() -> Line:
    """Return how the way out stands, the same during the whole request."""
    if "way_out" not in g:
        g.way_out = uplink.look(shell.conn(), shell.house().settings.uplink, shell.moment())
    found: Line = g.way_out
    return found


def told() -> Told:
    """Return the same in the reader's words."""
    line = look()
    name, count = uplink.takes(line)
    stands, rests = line.standing, ""
    if stands.reason_key:
        rests = shell.say(stands.reason_key)
        if stands.reason_key == OUTSIDE_HOURS:
            rests = f"{rests} {shell.say('uplink.opens', hour=stands.opens)}"
    waits = line.waiting.bytes > 0
    return Told(
        line=line,
        up=line.uplink.up,
        since=_since(line),
        takes=shell.say(name, count=count) if waits else "",
        short=shell.say(f"{name}_short", count=count) if waits else "",
        rests=rests,
        dear=shell.say(TOO_DEAR) if line.too_dear and not rests else "",
        reason=_reason(line.uplink.reason_key),
        clock=line.uplink.reason_key in _CLOCK_FAULTS and not shell.moment().trusted,
        cost=shell.say(
            "uplink.cost_metered" if line.seen.network.paid else "uplink.cost", size=size(line.waiting.bytes)
        ),
    )


def version() -> tuple[Hashable, ...]:
    """Return what a polled page must name to be drawn anew when its words on the line would differ."""
    line = look()
    return (
        line.uplink.up,
        line.uplink.reason_key,
        line.uplink.since_at,
        line.waiting.parcels,
        uplink.takes(line),
        line.standing.reason_key,
        line.standing.leave is not None,
        line.too_dear,
        line.seen.network,
        shell.moment().on,
    )


def size(count: int) -> str:
    """Return a number of bytes as people read it: ``12,3 MB`` in Vietnamese."""
    for unit, step in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if count >= step:
            words = f"{count / step:.1f} {unit}"
            return words.replace(".", ",") if shell.lang() == "vi" else words
    return f"{count} B"


def _since(line: Line) -> str:
    if line.uplink.since_at is None:
        return ""
    at = line.uplink.since_at.astimezone(VILLAGE)
    return f"{at:%H:%M}" if at.date() == shell.moment().on else f"{at:%H:%M %d/%m}"


def _reason(key: str | None) -> str:
    return shell.say(key, **_UNKNOWN_VALUES) if key and phrases.has(key) else ""
