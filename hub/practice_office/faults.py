"""What is to go wrong, how often and where: orders of an exercise, and the speed of its line.

Keeps true: they lie in the office's database, so that an office that was killed goes on with the same exercise; an
order that is for a number of times is used up exactly so often. It never touches a record.
"""

from __future__ import annotations

import enum
import random
import sqlite3
from dataclasses import dataclass

from hub.base import db
from hub.base.errors import Refused
from hub.practice_office import answers

LOST_FILE, LOST_ALL = "lost_file", "lost_all"
LOSES = {LOST_FILE: 1, LOST_ALL: 1_000}
TOGETHER = "together"
OTHER_DAY = "other_day"
OTHER_KEY = "other_key"
ANSWERS = (answers.TRUE, LOST_FILE, LOST_ALL, TOGETHER, OTHER_DAY, OTHER_KEY, *answers.CATALOGUE)
MOST_TIMES = 10_000
MOST_BYTES = 100_000_000


class Kind(enum.StrEnum):
    """At which requests: asking who is there, sending, the forms, reading states back."""

    HEAD = "head"
    POST = "post"
    LIST = "list"
    READ = "read"


def kind_of(method: str, path: str) -> Kind | None:
    """Return what kind of request it is, or None for the trainer's own pages."""
    bare = path.partition("?")[0]
    if bare.endswith("/submission"):
        return Kind.HEAD if method == "HEAD" else Kind.POST
    if "/submissions" in bare:
        return Kind.READ
    if bare.endswith("/formList") or "/xformsManifest/" in bare or "/forms/" in bare:
        return Kind.LIST
    return None


class Manner(enum.StrEnum):
    """How the exchange goes: whole, or where it breaks."""

    WHOLE = "whole"
    EARLY = "early"
    """The answer is given before the body was read."""
    BEFORE = "before"
    """Cut before the body is read."""
    BODY = "body"
    """Cut at a byte of the body."""
    AFTER = "after"
    """Cut when the record is taken in and nothing answered."""
    ANSWER = "answer"
    """Cut at a byte of the answer."""
    TRICKLE = "trickle"
    """The answer creeps: a byte a second."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One order: which answer, at which requests, in what manner.

    ``byte`` is where ``BODY`` and ``ANSWER`` cut; ``number`` is how many come together, or by how many days the
    date is wrong; ``times`` None is until it is taken back; ``chance`` is between 0 and 1.
    """

    answer: str = answers.TRUE
    kind: Kind = Kind.POST
    manner: Manner = Manner.WHOLE
    byte: int = 0
    number: int = 0
    times: int | None = 1
    chance: float = 1.0

    def check(self) -> None:
        """Raise ``Refused("office.fault_bad")`` for an order that means nothing."""
        good = (
            self.answer in ANSWERS
            and 0 <= self.byte <= MOST_BYTES
            and -40_000 <= self.number <= 40_000
            and (self.times is None or 1 <= self.times <= MOST_TIMES)
            and 0 < self.chance <= 1
        )
        if not good:
            raise Refused("office.fault_bad")


@dataclass(frozen=True, slots=True)
class Armed:
    """An order that stands, with its number."""

    id: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class Line:
    """The line of the exercise: bytes a second both ways together (0: as fast as it goes), delay one way."""

    bytes_s: int = 0
    delay_ms: int = 0


def arm(conn: sqlite3.Connection, fault: Fault) -> int:
    """Let ``fault`` stand and return its number; raises ``Refused("office.fault_bad")``."""
    fault.check()
    with db.write(conn):
        made = conn.execute(
            "INSERT INTO faults(answer, kind, manner, byte, number, times, chance) VALUES (?,?,?,?,?,?,?)",
            (fault.answer, fault.kind, fault.manner, fault.byte, fault.number, fault.times, fault.chance),
        )
        return int(made.lastrowid or 0)


def listing(conn: sqlite3.Connection) -> tuple[Armed, ...]:
    """Return the orders that stand, oldest first: the first that fits a request is the one that is used."""
    return tuple(_armed(row) for row in conn.execute("SELECT * FROM faults ORDER BY id"))


def disarm(conn: sqlite3.Connection, fault_id: int | None = None) -> None:
    """Take one order back, or all of them."""
    with db.write(conn):
        conn.execute("DELETE FROM faults WHERE ?1 IS NULL OR id = ?1", (fault_id,))


def take(conn: sqlite3.Connection, kind: Kind) -> Fault | None:
    """Return the order for a request that is here now, counting it down, or None."""
    if conn.execute("SELECT 1 FROM faults WHERE kind = ? LIMIT 1", (kind,)).fetchone() is None:
        return None
    with db.write(conn):
        for row in conn.execute("SELECT * FROM faults WHERE kind = ? ORDER BY id", (kind,)).fetchall():
            one = _armed(row)
            if random.random() >= one.fault.chance:
                continue
            if one.fault.times is not None:
                conn.execute("UPDATE faults SET times = times - 1 WHERE id = ?", (one.id,))
                conn.execute("DELETE FROM faults WHERE id = ? AND times = 0", (one.id,))
            return one.fault
    return None


def set_line(conn: sqlite3.Connection, line: Line) -> None:
    """Make the line slow, or as fast as it goes again; raises ``Refused("office.fault_bad")``."""
    if not (0 <= line.bytes_s <= MOST_BYTES and 0 <= line.delay_ms <= 10_000):
        raise Refused("office.fault_bad")
    with db.write(conn):
        conn.execute(
            "INSERT OR REPLACE INTO line(id, bytes_s, delay_ms) VALUES (1, ?, ?)",
            (line.bytes_s, line.delay_ms),
        )


def line(conn: sqlite3.Connection) -> Line:
    """Return the line as it is now."""
    row = conn.execute("SELECT bytes_s, delay_ms FROM line WHERE id = 1").fetchone()
    return Line(*row) if row else Line()


def _armed(row: sqlite3.Row) -> Armed:
    return Armed(
        row["id"],
        Fault(
            row["answer"],
            Kind(row["kind"]),
            Manner(row["manner"]),
            row["byte"],
            row["number"],
            row["times"],
            row["chance"],
        ),
    )
