"""Requests of people about their own data: written down when asked, with the day an answer is due.

Keeps true: a request and what was done about it only grow; it is open until a guide says done, or refused
with a reason; a time by a doubtful clock is put right, and the due day with it. It never holds who asked.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Collection, Iterable

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing, Refused
from hub.trades.privacy import days
from hub.trades.privacy.model import (
    Act,
    Done,
    Identified,
    Kind,
    Reason,
    Request,
    RequestId,
    State,
    Subject,
    SubjectKind,
)

TOPIC = "privacy"
"""The version that pages poll."""

_NEEDS = {
    Kind.COPY: {Act.EXPORTED},
    Kind.CORRECT: {Act.CORRECTED},
    Kind.DELETE: {Act.ERASED, Act.WITHDRAWN},
    Kind.WITHDRAW: {Act.ERASED, Act.WITHDRAWN},
}
_SAME_PRESS_S = 10.0


def ask(
    conn: sqlite3.Connection,
    kind: Kind,
    identified: Identified,
    subjects: Iterable[Subject],
    *,
    lang: str,
    staff: int,
    moment: Moment,
    off: Collection[dt.date],
) -> RequestId:
    """Write a request down; ``off`` are days on which nobody works beside the weekends.

    The same words from the same guide within seconds are one press that was sent twice.
    """
    subjects = tuple(subjects)
    with db.write(conn):
        pressed = _just_asked(conn, kind, identified, frozenset(subjects), staff, moment)
        if pressed is not None:
            return pressed
        added = conn.execute(
            "INSERT INTO privacy_requests(kind, identified, lang, staff_id, due_on, asked_at, trusted,"
            " boot_id, mono) VALUES (?,?,?,?,?,?,?,?,?)",
            (kind, identified, lang, staff, days.due(moment.on, off).isoformat(), *_four(moment)),
        )
        assert added.lastrowid is not None
        found = RequestId(added.lastrowid)
        for one in subjects:
            _add(conn, found, one)
        db.touch(conn, TOPIC)
    return found


def add(conn: sqlite3.Connection, request_id: int, subject: Subject) -> None:
    """Say that an open request is about one more record. Raises as ``act``."""
    with db.write(conn):
        _add(conn, _open(conn, request_id).id, subject)
        db.touch(conn, TOPIC)


def get(conn: sqlite3.Connection, request_id: int) -> Request:
    """Return one request; raises ``Missing("privacy.no_request")``."""
    row = conn.execute("SELECT * FROM privacy_requests WHERE id = ?", (request_id,)).fetchone()
    if row is None:
        raise Missing("privacy.no_request")
    return _told(conn, row)


def listing(conn: sqlite3.Connection, closed: int = 30) -> tuple[Request, ...]:
    """Return every open request, the first due first, then the latest ``closed`` that are not."""
    found = [_told(conn, row) for row in conn.execute("SELECT * FROM privacy_requests ORDER BY id DESC")]
    waiting = sorted((one for one in found if one.state is State.OPEN), key=lambda one: (one.due_on, one.id))
    return (*waiting, *[one for one in found if one.state is not State.OPEN][:closed])


def count(conn: sqlite3.Connection) -> int:
    """Return how many requests are open."""
    row = conn.execute(
        "SELECT count(*) FROM privacy_requests WHERE id NOT IN"
        " (SELECT request_id FROM privacy_acts WHERE act IN ('done', 'refused'))"
    ).fetchone()
    return int(row[0])


def act(
    conn: sqlite3.Connection, request_id: int, what: Act, detail: str, *, staff: int, moment: Moment
) -> None:
    """Write down what was done about an open request.

    Raises ``Missing("privacy.no_request")``, ``Conflict("privacy.closed")``.
    """
    with db.write(conn):
        found = _open(conn, request_id)
        conn.execute(
            "INSERT INTO privacy_acts(request_id, act, detail, staff_id, at, trusted, boot_id, mono)"
            " VALUES (?,?,?,?,?,?,?,?)",
            (found.id, what, detail, staff, *_four(moment)),
        )
        db.touch(conn, TOPIC)


def close(
    conn: sqlite3.Connection,
    request_id: int,
    *,
    staff: int,
    moment: Moment,
    here: Collection[Subject] = (),
) -> None:
    """Say that a request is done; ``here`` are those of its records that this House still has.

    Raises as ``act``, ``Refused("privacy.nothing_done")`` for a copy that was not given, an error that was
    not corrected, an erasure that was not made or a consent that was not taken back (that is a refusal, with
    its reason), ``Refused("privacy.some_left")`` while one of several records was not dealt with.
    """
    with db.write(conn):
        found = _open(conn, request_id)
        need = _NEEDS.get(found.kind)
        if need is not None and not need & {one.act for one in found.acts}:
            raise Refused("privacy.nothing_done")
        if found.kind in (Kind.DELETE, Kind.WITHDRAW) and _left(found, here):
            raise Refused("privacy.some_left")
        act(conn, request_id, Act.DONE, "", staff=staff, moment=moment)


def refuse(conn: sqlite3.Connection, request_id: int, reason: Reason, *, staff: int, moment: Moment) -> None:
    """Say that a request cannot be met, and why. Raises as ``act``."""
    act(conn, request_id, Act.REFUSED, reason, staff=staff, moment=moment)


_STAMPED = {
    "privacy_requests": "asked_at",
    "privacy_acts": "at",
    "access_log": "at",
    "delegations": "given_at",
}


def settle_doubts(conn: sqlite3.Connection, moment: Moment, off: Collection[dt.date]) -> int:
    """Put the doubtful times of this boot right once the true one is known; return how many that were."""
    doubtful = " UNION ALL ".join(f"SELECT trusted, boot_id FROM {table}" for table in _STAMPED)
    some = f"SELECT 1 FROM ({doubtful}) WHERE trusted = 0 AND boot_id = ? LIMIT 1"
    if not moment.trusted or conn.execute(some, (moment.boot_id,)).fetchone() is None:
        return 0
    count = 0
    with db.write(conn):
        for table, at in _STAMPED.items():
            rows = conn.execute(
                f"SELECT id, mono FROM {table} WHERE trusted = 0 AND boot_id = ?", (moment.boot_id,)
            ).fetchall()
            for row in rows:
                true = clocks.corrected(moment, moment.boot_id, row["mono"])
                if true is None:
                    return count
                values: dict[str, object] = {at: clocks.stamp(true), "trusted": 1}
                if table == "privacy_requests":
                    values["due_on"] = days.due(clocks.village_day(true), off).isoformat()
                told = ", ".join(f"{column} = ?" for column in values)
                conn.execute(f"UPDATE {table} SET {told} WHERE id = ?", (*values.values(), row["id"]))
                count += 1
        if count:
            db.touch(conn, TOPIC)
    return count


def _left(found: Request, here: Collection[Subject]) -> bool:
    # What was erased is not here any more; a sealed dossier stays to be followed, a household may keep what
    # was not taken back: of those each needs an act of its own.
    for kind in SubjectKind:
        left = sum(one.kind is kind for one in here)
        left -= sum(one.act is Act.WITHDRAWN and one.detail == kind for one in found.acts)
        if left > 0:
            return True
    return False


def _just_asked(
    conn: sqlite3.Connection,
    kind: Kind,
    identified: Identified,
    subjects: frozenset[Subject],
    staff: int,
    moment: Moment,
) -> RequestId | None:
    row = conn.execute(
        "SELECT id, boot_id, mono FROM privacy_requests WHERE kind = ? AND identified = ? AND staff_id = ?"
        " ORDER BY id DESC LIMIT 1",
        (kind, identified, staff),
    ).fetchone()
    if row is None or not clocks.still_fresh(moment, row["boot_id"], row["mono"], _SAME_PRESS_S):
        return None
    found = get(conn, row["id"])
    same = found.state is State.OPEN and not found.acts and frozenset(found.subjects) == subjects
    return found.id if same else None


def _open(conn: sqlite3.Connection, request_id: int) -> Request:
    found = get(conn, request_id)
    if found.state is not State.OPEN:
        raise Conflict("privacy.closed")
    return found


def _add(conn: sqlite3.Connection, request_id: RequestId, subject: Subject) -> None:
    conn.execute(
        "INSERT OR IGNORE INTO privacy_subjects VALUES (?, ?, ?)", (request_id, subject.kind, subject.ref)
    )


def _told(conn: sqlite3.Connection, row: sqlite3.Row) -> Request:
    subjects = conn.execute(
        "SELECT kind, ref FROM privacy_subjects WHERE request_id = ? ORDER BY kind, ref", (row["id"],)
    )
    acts = conn.execute("SELECT * FROM privacy_acts WHERE request_id = ? ORDER BY id", (row["id"],))
    return Request(
        RequestId(row["id"]),
        Kind(row["kind"]),
        Identified(row["identified"]),
        row["lang"],
        row["staff_id"],
        clocks.parse(row["asked_at"]),
        bool(row["trusted"]),
        dt.date.fromisoformat(row["due_on"]),
        tuple(Subject(SubjectKind(one["kind"]), one["ref"]) for one in subjects),
        tuple(
            Done(
                Act(one["act"]), one["detail"], one["staff_id"], clocks.parse(one["at"]), bool(one["trusted"])
            )
            for one in acts
        ),
    )


def _four(now: Moment) -> tuple[str, bool, str, float]:
    return (now.text, now.trusted, now.boot_id, now.mono)
