"""Who fills in for another in one draft: as a relation, with what they may do and until when.

Keeps true: it only grows, the latest word holds, and none outlives its last day. It never names anybody:
names are written by hand on the paper that both sign.
"""

from __future__ import annotations

import datetime as dt
import sqlite3

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import Refused
from hub.trades.privacy.model import Delegation, Scope, Shown

LONGEST_DAYS = 365


def record(
    conn: sqlite3.Connection,
    draft_id: str,
    relation: str,
    *,
    scope: Scope,
    shown: Shown,
    until_on: dt.date,
    staff: int,
    moment: Moment,
) -> int:
    """Write down that somebody speaks for another, in the caller's transaction if there is one; return its
    number. Raises ``Refused("privacy.delegation_until")`` for a day that is past or over a year away.
    """
    # By a clock that nobody believes, no day is known to be past.
    if moment.trusted and not moment.on <= until_on <= moment.on + dt.timedelta(days=LONGEST_DAYS):
        raise Refused("privacy.delegation_until", days=LONGEST_DAYS)
    with db.write(conn):
        added = conn.execute(
            "INSERT INTO delegations(draft_id, relation, scope, shown, until_on, staff_id, given_at, trusted,"
            " boot_id, mono) VALUES (?,?,?,?,?,?,?,?,?,?)",
            (
                draft_id,
                relation,
                scope,
                shown,
                until_on.isoformat(),
                staff,
                moment.text,
                moment.trusted,
                moment.boot_id,
                moment.mono,
            ),
        )
    assert added.lastrowid is not None
    return added.lastrowid


def last_day(wanted: dt.date, moment: Moment) -> dt.date:
    """Return ``wanted``, or the last day that a delegation may have."""
    return min(wanted, moment.on + dt.timedelta(days=LONGEST_DAYS))


def of(conn: sqlite3.Connection, draft_id: str) -> Delegation | None:
    """Return the delegation that holds for a draft, None where nobody speaks for another."""
    row = conn.execute(
        "SELECT * FROM delegations WHERE draft_id = ? ORDER BY id DESC LIMIT 1", (draft_id,)
    ).fetchone()
    if row is None:
        return None
    return Delegation(
        row["id"],
        row["draft_id"],
        row["relation"],
        Scope(row["scope"]),
        Shown(row["shown"]),
        dt.date.fromisoformat(row["until_on"]),
        row["staff_id"],
        clocks.parse(row["given_at"]),
        bool(row["trusted"]),
    )
