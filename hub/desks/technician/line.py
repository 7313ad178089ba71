"""What the line is, costs and does, for the technician's relay page: network, allowance, rate, each day's bytes.

Keeps true: figures are those the relay wrote down; a time that a server said is shown as that and no more. It
changes nothing.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Hashable
from typing import Any

from hub.base.clock import VILLAGE
from hub.desks import shell, way_out
from hub.desks.technician import common
from hub.post import line_ledger as ledger
from hub.post import suggested_time
from hub.post.line_ledger import Day

_DAYS_SHOWN = 14
_SAME_S = 120.0


def facts() -> tuple[tuple[Hashable, ...], dict[str, Any]]:
    """Return what a polled page must name, and what its template shows."""
    line, moment = way_out.look(), shell.moment()
    days = ledger.days(shell.conn(), _DAYS_SHOWN)
    heard = suggested_time.last(shell.conn(), moment)
    limit, left = line.standing.limit, line.standing.left
    shown: dict[str, Any] = {
        "rate": common.size(int(line.rate)) if line.rate else "",
        "used": common.size(line.standing.used),
        "left": common.size(left) if left is not None else "",
        "limit": common.size(limit or 0),
        "size": common.size(line.waiting.bytes),
        "oldest_h": line.oldest_h(moment),
        "metered": {True: "yes", False: "no", None: "unknown"}[line.seen.network.metered],
        "office_time": f"{heard.at.astimezone(VILLAGE):%H:%M %d/%m/%Y}" if heard else "",
        # A minute is enough: a page that changed each second would never be answered "nothing new".
        "office_minutes": int(heard.age_s // 60) if heard else 0,
        "set_clock": _set_clock(),
        "leave_minutes": math.ceil(line.standing.leave.left_s / 60) if line.standing.leave else 0,
    }
    key = (way_out.version(), tuple(shown.values()), days)
    return key, shown | {"days": [_day(one) for one in days]}


def _set_clock() -> str:
    """The one command that sets the machine's own clock, where a person's word differs from it."""
    now = shell.moment()
    if not now.trusted or abs((now.at - dt.datetime.now(dt.UTC)).total_seconds()) < _SAME_S:
        return ""
    return f"sudo timedatectl set-time '{now.at.astimezone():%Y-%m-%d %H:%M}'"


def _day(one: Day) -> tuple[str, str, str, str]:
    return (
        f"{one.on:%d/%m/%Y}",
        common.size(one.sent),
        common.size(one.received),
        common.size(one.metered) if one.metered else "–",
    )
