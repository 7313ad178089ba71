"""Sealed dossiers that wait for the office: put in once and then the same bytes for ever.

Keeps true: envelope, names and files are frozen with their hashes in the same transaction that made the
dossier; a photo's file name is one of a kind in this House; the row is the queue, and its state says where
the parcel stands; once the office has closed a case its bytes may go, and hashes and state stay. It never
opens a parcel, never alters one, and never discards one that the office refused.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base import db, scrub
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing, Refused
from hub.post import envelope as envelopes
from hub.post.envelope import Declared

TOPIC = "outbox"
WAKE = "relay"
ENVELOPE_PART = "xml_submission_file"
# Central's form reader takes part names as Latin-1 and drops a file whose name it cannot match: ASCII it is.
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$")


class Kind(enum.StrEnum):
    """What a parcel is: a dossier sealed here, a record from a home visit, the House's own report."""

    DOSSIER = "dossier"
    VISIT = "visit"
    REPORT = "report"


class State(enum.StrEnum):
    """Where a parcel stands; only ``SENT`` means that the office has it."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What ``seal`` made of a dossier: the sealed instance and its files as (name, bytes).

    ``label`` is shown to guides and names no person. Only a visit or a report may be ``plain``: not sealed,
    because its form asks for no seal. ``follow_code`` is empty for what nobody follows.
    """

    instance_id: str
    form_id: str
    form_version: str
    follow_code: str
    label: str
    envelope: bytes
    files: tuple[tuple[str, bytes], ...]
    urgent: bool = False
    kind: Kind = Kind.DOSSIER
    plain: bool = False


@dataclass(frozen=True, slots=True)
class ParcelState:
    """A parcel as guides see it; ``reason_key`` and ``detail`` say what stands in its way, if anything
    does."""

    instance_id: str
    form_id: str
    follow_code: str
    label: str
    urgent: bool
    size: int
    kind: Kind
    state: State
    attempts: int
    reason_key: str | None
    detail: str
    added_at: dt.datetime
    next_try_at: dt.datetime | None
    sent_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many parcels wait (those on the wire included), are held for a person, and are with the office."""

    queued: int
    held: int
    sent: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many parcels are still to go, how many bytes they have, and since when the oldest waits."""

    parcels: int
    bytes: int
    oldest_at: dt.datetime | None


def add(conn: sqlite3.Connection, parcel: Parcel, *, moment: Moment) -> None:
    """Put ``parcel`` in, within the caller's transaction if there is one; the same parcel again changes
    nothing.

    Raises ``Conflict("relay.other_bytes")`` when this instanceID is in with other bytes, ``Conflict
    ("relay.name_taken")`` for a file name that another parcel has, and ``Refused`` when the envelope is not a
    sealed instance of exactly this form, version, instanceID and these files: a server would take it and lose
    what does not match.
    """
    said = _agree(parcel)
    sums = [hashlib.sha256(content).hexdigest() for _, content in parcel.files]
    whole = hashlib.sha256(parcel.envelope).hexdigest()
    with db.write(conn):
        known = conn.execute(
            "SELECT id, sha256 FROM outbox WHERE instance_id = ?", (parcel.instance_id,)
        ).fetchone()
        if known is not None:
            there = conn.execute(
                "SELECT name, sha256 FROM outbox_files WHERE outbox_id = ? ORDER BY position", (known["id"],)
            )
            same = [(name, digest) for (name, _), digest in zip(parcel.files, sums, strict=True)]
            if known["sha256"] != whole or [tuple(row) for row in there] != same:
                raise Conflict("relay.other_bytes")
            return
        row = conn.execute(
            "INSERT INTO outbox(instance_id, form_id, form_version, follow_code, label, urgent, kind, plain,"
            " envelope, sha256, size, added_at, added_trusted, added_boot_id, added_mono)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                parcel.instance_id,
                parcel.form_id,
                parcel.form_version,
                parcel.follow_code,
                parcel.label,
                parcel.urgent,
                parcel.kind,
                parcel.plain,
                parcel.envelope,
                whole,
                len(parcel.envelope) + sum(len(content) for _, content in parcel.files),
                moment.text,
                moment.trusted,
                moment.boot_id,
                moment.mono,
            ),
        )
        for position, ((name, content), digest) in enumerate(zip(parcel.files, sums, strict=True)):
            is_instance = name == said.instance_file
            # A failed INSERT would leave the caller's transaction half done, so the name is looked up first.
            taken = "SELECT 1 FROM outbox_files WHERE name = ? AND is_instance = 0 AND named_elsewhere = 0"
            elsewhere = parcel.kind is Kind.VISIT
            if not (is_instance or elsewhere) and conn.execute(taken, (name,)).fetchone():
                raise Conflict("relay.name_taken", name=name)
            conn.execute(
                "INSERT INTO outbox_files(outbox_id, position, name, is_instance, named_elsewhere, content,"
                " sha256, size) VALUES (?,?,?,?,?,?,?,?)",
                (row.lastrowid, position, name, is_instance, elsewhere, content, digest, len(content)),
            )
        db.touch(conn, TOPIC)
        db.touch(conn, WAKE)


def _agree(parcel: Parcel) -> Declared:
    names = tuple(name for name, _ in parcel.files)
    for name in names:
        if not _NAME.match(name) or name == ENVELOPE_PART:
            raise Refused("relay.name_bad", name=name[:60])
    if parcel.plain and parcel.kind is Kind.DOSSIER:
        raise Refused("relay.not_sealed")
    said = (envelopes.plainly if parcel.plain else envelopes.declared)(parcel.envelope)
    mine = (parcel.form_id, parcel.form_version, parcel.instance_id)
    if (said.form_id, said.form_version, said.instance_id) != mine or not parcel.instance_id:
        raise Refused("relay.envelope_differs")
    if parcel.plain:
        # Which questions are files only the form knows; a name that no answer has would be dropped on arrival.
        strange = not set(names) <= set(said.media)
    else:
        strange = sorted((*said.media, said.instance_file)) != sorted(names)
    if len(set(names)) != len(names) or strange:
        raise Refused("relay.files_differ")
    return said


def state(conn: sqlite3.Connection, instance_id: str) -> ParcelState:
    """Return where the parcel stands; raises ``Missing("relay.unknown_parcel")``."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM outbox WHERE instance_id = ?", (instance_id,)).fetchone()
    if row is None:
        raise Missing("relay.unknown_parcel")
    return _told(row)


def listing(
    conn: sqlite3.Connection,
    states: Sequence[State] = tuple(State),
    *,
    most: int = -1,
    skip: int = 0,
    newest_first: bool = False,
) -> tuple[ParcelState, ...]:
    """Return the parcels in any of ``states``, oldest first; ``most`` of them (-1: all) after ``skip``."""
    way = "DESC" if newest_first else "ASC"
    order = f"ORDER BY added_at {way}, id {way}"
    # Each state is an index in this order, so only what is shown is read.
    each = f"SELECT * FROM (SELECT {_COLUMNS}, id FROM outbox WHERE state = ? {order} LIMIT ?)"
    reach = -1 if most < 0 else skip + most
    values = [value for one in states for value in (one, reach)]
    rows = conn.execute(
        f"{' UNION ALL '.join([each] * len(states))} {order} LIMIT ? OFFSET ?", (*values, most, skip)
    )
    return tuple(_told(row) for row in rows)


def kind(conn: sqlite3.Connection, instance_id: str) -> Kind | None:
    """Return what a parcel is, or None where there is none of that name."""
    row = conn.execute("SELECT kind FROM outbox WHERE instance_id = ?", (instance_id,)).fetchone()
    return Kind(row["kind"]) if row else None


def counts(conn: sqlite3.Connection) -> Counts:
    """Return how many dossiers and visits there are in each state; those on the wire count as queued.

    The House's own reports are left out: nobody waits for them.
    """
    found = dict(
        conn.execute(
            "SELECT state, sum(parcels) FROM outbox_counts WHERE kind <> 'report' GROUP BY state"
        ).fetchall()
    )
    return Counts(
        found.get(State.QUEUED, 0) + found.get(State.SENDING, 0),
        found.get(State.HELD, 0),
        found.get(State.SENT, 0),
    )


def standing(conn: sqlite3.Connection, states: Sequence[State]) -> tuple[int, ...]:
    """Return how many parcels of all kinds stand in each of ``states``."""
    found = dict(conn.execute("SELECT state, sum(parcels) FROM outbox_counts GROUP BY state").fetchall())
    return tuple(found.get(state, 0) for state in states)


def waiting(conn: sqlite3.Connection) -> Waiting:
    """Return what is still to go, held parcels and the House's own reports left out."""
    row = conn.execute(
        "SELECT coalesce(sum(parcels), 0), coalesce(sum(bytes), 0) FROM outbox_counts"
        " WHERE kind <> 'report' AND state IN ('queued', 'sending')"
    ).fetchone()
    # The oldest is found by the index of its state; a report that is older still is looked past.
    oldest = [
        found[0]
        for state in (State.QUEUED, State.SENDING)
        for found in conn.execute(
            "SELECT added_at FROM outbox WHERE state = ? AND kind <> 'report' ORDER BY added_at, id LIMIT 1",
            (state,),
        )
    ]
    return Waiting(int(row[0]), int(row[1]), clocks.parse(min(oldest)) if oldest else None)


def sent_among(conn: sqlite3.Connection, instance_ids: Sequence[str]) -> int:
    """Return how many of these parcels the office has."""
    row = conn.execute(
        "SELECT count(*) FROM outbox WHERE state = 'sent'"
        " AND instance_id IN (SELECT value FROM json_each(?))",
        (json.dumps(instance_ids),),
    ).fetchone()
    return int(row[0])


def release(conn: sqlite3.Connection, instance_id: str) -> None:
    """Let a held parcel go again, same bytes, at the next round.

    Raises ``Missing("relay.unknown_parcel")``, or ``Conflict("relay.not_held")`` when it is not held.
    """
    with db.write(conn):
        changed = conn.execute(
            f"{RELEASE} WHERE instance_id = ? AND state = 'held'",
            (instance_id,),
        ).rowcount
        if not changed:
            state(conn, instance_id)
            raise Conflict("relay.not_held")
        db.touch(conn, TOPIC)
        db.touch(conn, WAKE)


def erase(conn: sqlite3.Connection, instance_ids: Iterable[str], *, moment: Moment) -> int:
    """Drop the bytes of these parcels that the office has, in the caller's transaction; return how many.

    Who has them not is passed over. Hashes, sizes and state stay, and such a parcel is never sent again.
    """
    count = 0
    for instance_id in instance_ids:
        row = conn.execute(
            "SELECT id FROM outbox WHERE instance_id = ? AND state = 'sent' AND erased_at IS NULL",
            (instance_id,),
        ).fetchone()
        if row is None:
            continue
        conn.execute("UPDATE outbox SET erased_at = ?, envelope = x'' WHERE id = ?", (moment.text, row["id"]))
        conn.execute("UPDATE outbox_files SET content = x'' WHERE outbox_id = ?", (row["id"],))
        count += 1
    if count:
        scrub.want(conn)
        db.touch(conn, TOPIC)
    return count


def withdraw(conn: sqlite3.Connection, instance_id: str, moment: Moment) -> bool:
    """Take a parcel out for good before the office has it, in the caller's transaction.

    Returns whether it surely never left: False where it was tried and an answer may have been lost on the
    way, or where it went on a stick. Raises ``Missing("relay.unknown_parcel")``, and
    ``Conflict("relay.too_late_to_withdraw")`` for one that the office has, has begun to take, or that is on the
    wire at this moment.
    """
    with db.write(conn):
        row = conn.execute(
            "SELECT id, state, attempts, accepted_at, waits_since, EXISTS (SELECT 1 FROM outbox_files WHERE outbox_id ="
            " outbox.id AND delivered_at IS NOT NULL) AS begun, EXISTS (SELECT 1 FROM stick_carried WHERE"
            " instance_id = outbox.instance_id) AS carried, EXISTS (SELECT 1 FROM stick_words WHERE instance_id ="
            " outbox.instance_id AND word <> 'refused') AS handed FROM outbox WHERE instance_id = ?",
            (instance_id,),
        ).fetchone()
        if row is None:
            raise Missing("relay.unknown_parcel")
        known = row["accepted_at"] or row["begun"] or row["handed"]
        if row["state"] in (State.SENT, State.SENDING) or known:
            raise Conflict("relay.too_late_to_withdraw")
        conn.execute("DELETE FROM outbox_files WHERE outbox_id = ?", (row["id"],))
        conn.execute("DELETE FROM outbox WHERE id = ?", (row["id"],))
        scrub.want(conn)
        db.touch(conn, TOPIC)
        # What a stranger answered is not counted as a try, and who the stranger was nobody knows.
        tried = row["attempts"] or row["waits_since"] is not None
        return not tried and not row["carried"]


def hurry(conn: sqlite3.Connection) -> int:
    """Forget the waiting times of all queued parcels and call the relay; return the number of the call."""
    with db.write(conn):
        conn.execute(
            "UPDATE outbox SET next_try_at = NULL, backoff_s = 0"
            " WHERE state = 'queued' AND next_try_at IS NOT NULL"
        )
        db.touch(conn, WAKE)
        return db.version(conn, WAKE)


def answer(conn: sqlite3.Connection, call: int) -> None:
    """Note that the relay has made a round after the call of this number."""
    with db.write(conn):
        conn.execute("INSERT OR REPLACE INTO relay_calls(id, answered) VALUES (1, ?)", (call,))


def answered(conn: sqlite3.Connection) -> int:
    """Return the number of the last call that the relay has answered."""
    row = conn.execute("SELECT answered FROM relay_calls WHERE id = 1").fetchone()
    return int(row[0]) if row else 0


# A person lets it go again: what was counted against it is forgotten, and what the office has of it is not.
RELEASE = (
    "UPDATE outbox SET state = 'queued', conflicts = 0, checks = 0, at_door = 0, held_under = NULL,"
    " next_try_at = NULL, backoff_s = 0"
)
_COLUMNS = (
    "instance_id, form_id, follow_code, label, urgent, size, kind, state, attempts, reason_key, detail,"
    " added_at, next_try_at, sent_at"
)


def _told(row: sqlite3.Row) -> ParcelState:
    return ParcelState(
        row["instance_id"],
        row["form_id"],
        row["follow_code"],
        row["label"],
        bool(row["urgent"]),
        row["size"],
        Kind(row["kind"]),
        State(row["state"]),
        row["attempts"],
        row["reason_key"],
        row["detail"],
        clocks.parse(row["added_at"]),
        clocks.parse(row["next_try_at"]) if row["next_try_at"] else None,
        clocks.parse(row["sent_at"]) if row["sent_at"] else None,
    )
