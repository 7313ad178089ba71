"""How each device is: the bench's latest snapshot, so that pages never touch hardware.

Keeps true: one missed answer is no fault, the third in a row is; a snapshot that the bench has not renewed
for a while says "unknown" and not what it said last. It never asks a device anything.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass

from devices.ports import State, Status
from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment

TOPIC = "devices"
HANGS = "hangs"
"""A state that no device can tell itself: a call to it has not come back."""
STALE_S = 30.0
BEAT_S = 10.0
"""How often the bench renews its snapshots; well under ``STALE_S``."""
MISSES = 3


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One device; ``state`` is a value of ``devices.ports.State`` or ``hangs``, ``detail`` a technician's."""

    name: str
    kind: str
    simulated: bool
    state: str
    detail: str
    since_at: dt.datetime
    seen_at: dt.datetime
    last_job: int | None

    @property
    def well(self) -> bool:
        """Whether no hand is needed; a scanner in which nothing lies is well."""
        return self.state in (State.READY, State.NO_DOCUMENT)

    @property
    def silent(self) -> bool:
        """Whether the bench has not told of it for a while."""
        # Its word is renewed every few seconds; one that went stale carries no detail.
        return self.state == State.UNKNOWN and self.since_at == self.seen_at and not self.detail

    @property
    def name_key(self) -> str:
        """The phrase that names the device."""
        return f"devices.name_{self.name}"

    @property
    def state_key(self) -> str:
        """The phrase that names the state."""
        return f"devices.state_{self.state}"


@dataclass(frozen=True, slots=True)
class Told:
    """What the bench saw of one device at one look."""

    name: str
    kind: str
    simulated: bool
    status: Status
    hangs: bool = False
    last_job: int | None = None
    looked: bool = True
    """Whether the device was asked since the last report; what was not asked cannot have missed an answer."""


def report(conn: sqlite3.Connection, seen: tuple[Told, ...], *, moment: Moment) -> None:
    """Renew the snapshots of these devices in one transaction."""
    with db.write(conn):
        for told in seen:
            _renew(conn, told, moment)


def forget(conn: sqlite3.Connection, names: tuple[str, ...]) -> None:
    """Have no word any more about devices that this House does not have."""
    with db.write(conn):
        gone = [conn.execute("DELETE FROM devices WHERE name = ?", (name,)).rowcount for name in names]
        if any(gone):
            db.touch(conn, TOPIC)


def all(conn: sqlite3.Connection, moment: Moment) -> tuple[Snapshot, ...]:
    """Return every device the bench has told of, by name; ``unknown`` where its word is stale."""
    return tuple(_snapshot(row, moment) for row in conn.execute("SELECT * FROM devices ORDER BY name"))


def one(conn: sqlite3.Connection, name: str, moment: Moment) -> Snapshot | None:
    """Return one device, or None when no bench ever told of it."""
    row = conn.execute("SELECT * FROM devices WHERE name = ?", (name,)).fetchone()
    return _snapshot(row, moment) if row else None


def _renew(conn: sqlite3.Connection, told: Told, moment: Moment) -> None:
    row = conn.execute(
        "SELECT state, detail, missed, last_job FROM devices WHERE name = ?", (told.name,)
    ).fetchone()
    missed = row["missed"] if row else 0
    state, detail = str(told.status.state), told.status.detail
    if told.hangs:
        state = HANGS
    elif told.status.state is State.OFFLINE:
        missed += 1 if told.looked else 0
        if missed < MISSES:
            state, detail = (row["state"], row["detail"]) if row else (str(State.UNKNOWN), detail)
    else:
        missed = 0
    if row is None or row["state"] != state:
        conn.execute(
            "INSERT OR REPLACE INTO devices(name, kind, simulated, state, detail, since_at, since_trusted,"
            " since_boot_id, since_mono, missed, last_job, seen_at, boot_id, mono)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                told.name,
                told.kind,
                told.simulated,
                state,
                detail,
                moment.text,
                moment.trusted,
                moment.boot_id,
                moment.mono,
                missed,
                told.last_job if told.last_job is not None or row is None else row["last_job"],
                moment.text,
                moment.boot_id,
                moment.mono,
            ),
        )
        db.touch(conn, TOPIC)
        return
    conn.execute(
        "UPDATE devices SET kind = ?, simulated = ?, detail = ?, missed = ?,"
        " last_job = coalesce(?, last_job), seen_at = ?, boot_id = ?, mono = ? WHERE name = ?",
        (
            told.kind,
            told.simulated,
            detail,
            missed,
            told.last_job,
            moment.text,
            moment.boot_id,
            moment.mono,
            told.name,
        ),
    )


def _snapshot(row: sqlite3.Row, moment: Moment) -> Snapshot:
    fresh = clocks.still_fresh(moment, row["boot_id"], row["mono"], STALE_S)
    return Snapshot(
        name=row["name"],
        kind=row["kind"],
        simulated=bool(row["simulated"]),
        state=row["state"] if fresh else str(State.UNKNOWN),
        detail=row["detail"] if fresh else "",
        since_at=clocks.parse(row["since_at"] if fresh else row["seen_at"]),
        seen_at=clocks.parse(row["seen_at"]),
        last_job=row["last_job"],
    )
