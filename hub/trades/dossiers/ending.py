"""When a case is over: what the box still holds of it goes, and what counts it stays.

Keeps true: nothing goes before the office has the dossier and has closed it, or another stands in its place,
and never by a doubtful clock. It never erases a parcel that is still to be sent.
"""

from __future__ import annotations

import datetime as dt
import sqlite3

from hub.base import clock as clocks
from hub.base import db, scrub
from hub.base.clock import Moment
from hub.post import inbox, outbox
from hub.trades.dossiers import appointments, corrections


def close(conn: sqlite3.Connection, moment: Moment, days: int) -> int:
    """Erase what is left of cases over for ``days`` days: sealed bytes, the office's words, invitations.

    Over is what the office approved or rejected, or what was done again. Code, procedure, states and dates
    stay. Only by a trusted clock. Returns from how many dossiers something went.
    """
    if not moment.trusted:
        return 0
    before = moment.at - dt.timedelta(days=days)
    with db.write(conn):
        over = sorted({*inbox.closed(conn, before), *corrections.done_again_before(conn, before)})
        sealed, words = outbox.erase(conn, over, moment=moment), inbox.forget(conn, over)
        invited = appointments.forget(conn, over, clocks.village_day(before))
        if words or invited:
            scrub.want(conn)
    if sealed or words or invited:
        scrub.scrub(conn)
    return max(sealed, words)
