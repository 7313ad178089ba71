"""What the publisher of packs was last asked and what it offers, as a technician sees it.

Keeps true: it only tells; nothing is believed or installed because of a row in here. Light enough for the
web process.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import HubError, NotReady
from hub.packs.index import Index, Kind

CHANGED = "packs"
"""The version that counts up with every change in here."""
HOME = "updates"
"""Where in the data folder lies what comes from a publisher."""
ROOT = "root.json"
"""In there: the root file that ``hub packs trust`` put in."""


class State(enum.StrEnum):
    """How an offered pack stands to the one that is here."""

    HERE = "here"
    LEFT = "left"
    OLDER = "older"
    WAITING = "waiting"
    FETCHING = "fetching"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Offer:
    """One offered pack: sizes in bytes, ``fetched`` of ``to_fetch`` came over the line."""

    name: str
    kind: Kind
    version: str
    state: State
    size: int
    to_fetch: int
    fetched: int
    reason_key: str | None
    reason: dict[str, object]


@dataclass(frozen=True, slots=True)
class Check:
    """The last time the publisher was asked; ``wanted`` is whether somebody waits for the next time."""

    wanted: bool
    begun_at: dt.datetime | None
    ended_at: dt.datetime | None
    good_at: dt.datetime | None
    source: str
    root_version: int | None
    expires_at: dt.datetime | None
    reason_key: str | None
    reason: dict[str, object]

    @property
    def unfinished(self) -> bool:
        """Whether the last look has not ended: it is at work, or was cut off."""
        return self.begun_at is not None and (self.ended_at is None or self.ended_at < self.begun_at)


def check(conn: sqlite3.Connection) -> Check:
    """Return what is known of the last look."""
    row = conn.execute("SELECT * FROM pack_checks WHERE id = 1").fetchone()
    return Check(
        row["asked"] > row["answered"],
        _at(row["begun_at"]),
        _at(row["ended_at"]),
        _at(row["good_at"]),
        row["source"],
        row["root_version"],
        _at(row["expires_at"]),
        row["reason_key"],
        json.loads(row["reason_values"]),
    )


def offers(conn: sqlite3.Connection) -> tuple[Offer, ...]:
    """Return what was offered at the last good look, by name."""
    return tuple(
        Offer(
            row["name"],
            Kind(row["kind"]),
            row["version"],
            State(row["state"]),
            row["size"],
            row["to_fetch"],
            row["fetched"],
            row["reason_key"],
            json.loads(row["reason_values"]),
        )
        for row in conn.execute("SELECT * FROM pack_offers ORDER BY name")
    )


def ask(conn: sqlite3.Connection) -> None:
    """Have the publisher asked now."""
    with db.write(conn):
        conn.execute("UPDATE pack_checks SET asked = asked + 1")
        db.touch(conn, CHANGED)


def answer(conn: sqlite3.Connection) -> None:
    """Note that whoever asked so far has been heard."""
    with db.write(conn):
        conn.execute("UPDATE pack_checks SET answered = asked")
        db.touch(conn, CHANGED)


def refused(conn: sqlite3.Connection, bad: HubError, moment: Moment) -> None:
    """Note that a look could not even begin, and why."""
    with db.write(conn):
        begin(conn, moment)
        end(conn, bad, moment)


def begin(conn: sqlite3.Connection, moment: Moment) -> None:
    """Note that a look begins; whoever asked for one so far is answered by it."""
    with db.write(conn):
        conn.execute("UPDATE pack_checks SET answered = asked, begun_at = ?", (moment.text,))
        db.touch(conn, CHANGED)


def good(
    conn: sqlite3.Connection, source: str, root_version: int, expires_at: dt.datetime, moment: Moment
) -> None:
    """Note that the publisher's lists were read from ``source`` and are as they must be."""
    with db.write(conn):
        conn.execute(
            "UPDATE pack_checks SET good_at = ?, source = ?, root_version = ?, expires_at = ?",
            (moment.text, source, root_version, clocks.stamp(expires_at)),
        )
        db.touch(conn, CHANGED)


def end(conn: sqlite3.Connection, bad: HubError | None, moment: Moment) -> None:
    """Note that the look is over, and what stood in its way."""
    with db.write(conn):
        conn.execute(
            "UPDATE pack_checks SET ended_at = ?, reason_key = ?, reason_values = ?",
            (moment.text, *_reason(bad)),
        )
        # Whose fetching was cut off waits for the next look.
        conn.execute("UPDATE pack_offers SET state = 'waiting' WHERE state = 'fetching'")
        db.touch(conn, CHANGED)


def interrupted(conn: sqlite3.Connection, moment: Moment) -> None:
    """Note that a look was cut off in the middle, if one was: what came of it is gone on with."""
    if check(conn).unfinished:
        end(conn, NotReady("packs.interrupted"), moment)


def offer(conn: sqlite3.Connection, index: Index, state: State, *, to_fetch: int = 0) -> None:
    """Note how an offered pack stands, before anything of it is fetched."""
    with db.write(conn):
        conn.execute(
            "INSERT OR REPLACE INTO pack_offers (name, kind, version, state, size, to_fetch)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (index.name, index.kind, index.version, state, index.size, to_fetch),
        )
        db.touch(conn, CHANGED)


def move(
    conn: sqlite3.Connection,
    name: str,
    state: State,
    *,
    fetched: int | None = None,
    bad: HubError | None = None,
) -> None:
    """Note how far a pack has come, and what stood in its way."""
    with db.write(conn):
        conn.execute(
            "UPDATE pack_offers SET state = ?, fetched = coalesce(?, fetched), reason_key = ?, reason_values = ?"
            " WHERE name = ?",
            (state, fetched, *_reason(bad), name),
        )
        db.touch(conn, CHANGED)


def keep_only(conn: sqlite3.Connection, names: Iterable[str]) -> None:
    """Forget what is offered no more."""
    wanted = set(names)
    with db.write(conn):
        for row in conn.execute("SELECT name FROM pack_offers").fetchall():
            if row["name"] not in wanted:
                conn.execute("DELETE FROM pack_offers WHERE name = ?", (row["name"],))
                db.touch(conn, CHANGED)


def _reason(bad: HubError | None) -> tuple[str | None, str]:
    if bad is None:
        return None, "{}"
    return bad.key, json.dumps(bad.values, ensure_ascii=False, default=str)


def _at(text: str | None) -> dt.datetime | None:
    return clocks.parse(text) if text else None
