""" "Please come on that day": a guide's invitation to fetch a result or to bring what is missing.

Keeps true: one invitation a dossier, the newest; neither row nor paper names a person or carries a number of
theirs; place and things to bring are erased when the case is over. It never says that a result is there: the
office's word does.
"""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from collections.abc import Iterable
from contextlib import suppress

from hub.base import db, text
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing, Refused
from hub.base.settings import Settings
from hub.post import jobs
from hub.trades.dossiers import drafts, follow, ledger, sealing, slip, store
from hub.trades.dossiers.model import Appointment, Following, What, Why

LONGEST_PLACE, LONGEST_BRING = 80, 200
_MOST_DAYS = 180
_HOUR = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$")
# Nine digits and more are an identity or a telephone number, however they are spaced.
_NUMBER = re.compile(r"\d(?:[\s.\-]?\d){8}")
_TAIL = "appointment"


def subject(instance_id: str) -> str:
    """Return what the invitations of a dossier are filed under."""
    return f"{sealing.subject(instance_id)}:{_TAIL}"


def make(
    conn: sqlite3.Connection,
    typed: str,
    *,
    why: Why,
    meet_on: dt.date,
    hour: str,
    place: str,
    bring: str,
    staff: int,
    moment: Moment,
    settings: Settings,
    lang: str,
) -> int:
    """Invite the bearer of a code, in place of any invitation before; queue the slip and return its job.

    ``hour`` is HH:MM of the village's day or empty. Raises ``Refused``: "dossiers.meet_past" (only by a clock
    that is trusted), "dossiers.meet_far", "dossiers.meet_hour", "dossiers.meet_place",
    "dossiers.meet_long", "dossiers.meet_number"; and as ``follow.follow``.
    """
    place, bring, hour = text.clean(place), text.clean(bring), hour.strip()
    if moment.trusted and meet_on < moment.on:
        raise Refused("dossiers.meet_past")
    if abs((meet_on - moment.on).days) > _MOST_DAYS:
        raise Refused("dossiers.meet_far", days=_MOST_DAYS)
    if hour and not _HOUR.match(hour):
        raise Refused("dossiers.meet_hour")
    if not place:
        raise Refused("dossiers.meet_place")
    if len(place) > LONGEST_PLACE or len(bring) > LONGEST_BRING:
        raise Refused("dossiers.meet_long", place=LONGEST_PLACE, bring=LONGEST_BRING)
    if _NUMBER.search(place) or _NUMBER.search(bring):
        raise Refused("dossiers.meet_number")
    with db.write(conn):
        found = follow.follow(conn, typed)
        _end(conn, found, "replaced", moment)
        conn.execute(
            "INSERT INTO dossier_appointments(instance_id, why, meet_on, hour, place, bring, staff_id, made_at,"
            " trusted, boot_id, mono) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (found.instance_id, why, meet_on.isoformat(), hour, place, bring, staff, *store.four(moment)),
        )
        drafts.tell(conn, _draft(conn, found), What.INVITED, meet_on.isoformat(), staff, moment)
        return _print(conn, found, Appointment(why, meet_on, hour, place, bring), moment, settings, lang)


def print_again(
    conn: sqlite3.Connection, typed: str, *, moment: Moment, settings: Settings, lang: str
) -> int:
    """Queue the invitation that stands once more, marked as a copy; raises
    ``Missing("dossiers.no_invitation")``.
    """
    with db.write(conn):
        found = follow.follow(conn, typed)
        if found.appointment is None:
            raise Missing("dossiers.no_invitation")
        return _print(conn, found, found.appointment, moment, settings, lang, copy=True)


def cancel(conn: sqlite3.Connection, typed: str, *, staff: int, moment: Moment) -> None:
    """Take the invitation back; raises ``Missing("dossiers.no_invitation")``."""
    with db.write(conn):
        found = follow.follow(conn, typed)
        if not _end(conn, found, "cancelled", moment):
            raise Missing("dossiers.no_invitation")
        drafts.tell(conn, _draft(conn, found), What.NOT_INVITED, "", staff, moment)


def forget(conn: sqlite3.Connection, instance_ids: Iterable[str], before: dt.date) -> int:
    """Erase the words of these dossiers' invitations, of ended ones, and of those for days before ``before``.

    In the caller's transaction; returns how many.
    """
    cleared = conn.execute(
        "UPDATE dossier_appointments SET place = '', bring = '' WHERE place || bring <> ''"
        " AND (ended IS NOT NULL OR meet_on < ?)",
        (before.isoformat(),),
    ).rowcount
    for instance_id in instance_ids:
        cleared += conn.execute(
            "UPDATE dossier_appointments SET place = '', bring = '' WHERE place || bring <> ''"
            " AND instance_id = ?",
            (instance_id,),
        ).rowcount
    return cleared


def _end(conn: sqlite3.Connection, found: Following, how: str, moment: Moment) -> bool:
    ended = conn.execute(
        "UPDATE dossier_appointments SET ended = ? WHERE instance_id = ? AND ended IS NULL",
        (how, found.instance_id),
    ).rowcount
    if ended:
        # A paper that still waits would invite to the wrong day.
        for job in jobs.for_subject(conn, subject(found.instance_id)):
            with suppress(Conflict):
                jobs.cancel(conn, job.id, moment=moment)
    return bool(ended)


def _print(
    conn: sqlite3.Connection,
    found: Following,
    meeting: Appointment,
    moment: Moment,
    settings: Settings,
    lang: str,
    *,
    copy: bool = False,
) -> int:
    paper = slip.invitation(found.code, found.title, meeting, settings, lang=lang)
    about = subject(found.instance_id)
    return jobs.add(conn, jobs.Kind.RECEIPT, paper, moment=moment, subject=about, lang=lang, copy=copy)


def _draft(conn: sqlite3.Connection, found: Following) -> str:
    row = ledger.dossier(conn, found.instance_id)
    assert row is not None, "it was read in this transaction"
    return str(row["draft_id"])
