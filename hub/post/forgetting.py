"""What goes when a paper is over: its content on a set day, at once where somebody is named; never its row.

Keeps true: a paper that waits too long is given up before it is cleared, and its history says so; whoever clears
also empties the database's log. A paper in the printer's hand is left alone.
"""

from __future__ import annotations

import datetime as dt
import sqlite3

from hub.base import clock as clocks
from hub.base import db, scrub
from hub.base.clock import Moment
from hub.post import trail
from hub.post.trail import TOPIC, What


def forget(conn: sqlite3.Connection, *, before: dt.datetime, moment: Moment) -> int:
    """Clear what stood on papers that ended before ``before``; return how many. The rows stay as history.

    A paper that has waited since then for a printer or for a guide's word is given up with them.
    """
    with db.write(conn):
        _give_up(conn, "created_at < ?", clocks.stamp(before), moment)
        cleared = conn.execute(
            "UPDATE jobs SET slip = NULL WHERE slip IS NOT NULL AND state IN ('done', 'cancelled')"
            " AND coalesce(done_at, created_at) < ?",
            (clocks.stamp(before),),
        )
        if cleared.rowcount:
            scrub.want(conn)
    return cleared.rowcount


def forget_private(conn: sqlite3.Connection, job_id: int) -> None:
    """Clear what stood on a private paper that has ended, in the caller's transaction."""
    cleared = conn.execute(
        "UPDATE jobs SET slip = NULL WHERE id = ? AND private = 1 AND slip IS NOT NULL"
        " AND state IN ('done', 'cancelled')",
        (job_id,),
    )
    if cleared.rowcount:
        scrub.want(conn)


def drop(conn: sqlite3.Connection, subject: str, *, moment: Moment) -> None:
    """Give up the papers of a subject that is no more and clear what stands on them, in the caller's
    transaction; one that is being printed at this moment is cleared on its day."""
    _give_up(conn, "subject = ?", subject, moment)
    conn.execute(
        "UPDATE jobs SET slip = NULL WHERE subject = ? AND state IN ('done', 'cancelled')", (subject,)
    )
    scrub.want(conn)
    db.touch(conn, TOPIC)


def _give_up(conn: sqlite3.Connection, which: str, value: str, moment: Moment) -> None:
    waiting_ids = conn.execute(
        f"SELECT id FROM jobs WHERE state IN ('queued', 'stuck', 'ask') AND {which}", (value,)
    ).fetchall()
    for (job_id,) in waiting_ids:
        conn.execute("UPDATE jobs SET state = 'cancelled', reason_key = NULL WHERE id = ?", (job_id,))
        trail.note(conn, job_id, What.CANCELLED, moment)
    if waiting_ids:
        db.touch(conn, TOPIC)
