"""Orders to the bench: a test, a probe slip, a look around; for simulated devices a press, a fault, a mending.

Keeps true: only the bench touches a device, so pages and commands write an order and read its outcome; a
real device cannot be told to break. An order is worth seconds: the bench never carries out an old one.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import Missing, Refused
from hub.post import health

TOPIC = "devices"
TTL_S = 30.0
_KEPT = 100


class Action(StrEnum):
    """What the bench can be told."""

    TEST = "test"
    PRESS = "press"
    FAULT = "fault"
    MEND = "mend"
    PROBE = "probe"
    """Print the probe slip: each line written in another way."""
    LOOK = "look"
    """Look around for what is plugged in; for the bench itself."""


class State(StrEnum):
    """What became of an order."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Order:
    """One order; ``detail`` tells a technician why it failed."""

    id: int
    device: str
    action: Action
    value: str
    state: State
    detail: str
    created_at: dt.datetime

    @property
    def state_key(self) -> str:
        """The phrase that names the state."""
        return f"devices.order_{self.state}"


FAULTS: dict[str, dict[str, str]] = {
    "printer": {
        "paper_out": "out_of_paper",
        "paper_midway": "paper_ends_midway",
        "cable": "cable_pulled",
        "cover": "cover_open",
        "jam": "jammed",
        "slow": "slow",
    },
    "panel": {"cable": "cable_pulled", "stuck": "button_stuck"},
    "speaker": {"cable": "cable_pulled", "busy": "busy"},
    "sheets": {
        "paper_out": "out_of_paper",
        "cable": "cable_pulled",
        "cover": "cover_open",
        "jam": "jammed",
        "ink": "out_of_ink",
        "rejects": "rejects",
    },
    "scanner": {
        "cable": "cable_pulled",
        "cover": "cover_open",
        "jam": "jammed",
        "busy": "busy",
        "empty": "feeder_empty",
        "hangs": "hangs",
    },
    "reader": {"cable": "cable_pulled"},
}
"""What each simulated device can be made to suffer: the word of an order, and the simulator's own."""

BENCH = "bench"
"""In the place of a device: the bench itself, which can only be told to look around."""

_MAKES_SENSE: dict[Action, tuple[str, ...]] = {
    Action.TEST: tuple(FAULTS),
    Action.PRESS: ("panel", "scanner", "reader"),
    Action.FAULT: tuple(FAULTS),
    Action.MEND: tuple(FAULTS),
    Action.PROBE: ("printer",),
    Action.LOOK: (BENCH,),
}
_FOR_ANY = (Action.TEST, Action.PROBE, Action.LOOK)
"""What a real device can be told as well."""


def fault_key(fault: str) -> str:
    """Return the phrase that names a fault of ``FAULTS``."""
    return f"devices.fault_{fault}"


def order(conn: sqlite3.Connection, device: str, action: Action, value: str = "", *, moment: Moment) -> int:
    """Queue an order and return its id.

    ``device`` is one of ``FAULTS``, or ``BENCH`` for a look around; ``value`` the button for a press, one of
    ``FAULTS`` for a fault. Raises ``Missing("devices.no_device")``, ``Refused("devices.not_simulated")`` for a real
    device that cannot be told so, ``Refused("devices.no_sense")`` for what the device does not have.
    """
    if device not in FAULTS and device != BENCH:
        raise Missing("devices.no_device", device=device)
    if device not in _MAKES_SENSE[action] or (action is Action.FAULT and value not in FAULTS[device]):
        raise Refused("devices.no_sense")
    if action is Action.PRESS and not value:
        raise Refused("devices.no_sense")
    if action not in _FOR_ANY:
        known = health.one(conn, device, moment)
        if known is None or not known.simulated:
            raise Refused("devices.not_simulated")
    with db.write(conn):
        added = conn.execute(
            "INSERT INTO orders(device, action, value, state, created_at, trusted, boot_id, mono)"
            " VALUES (?, ?, ?, 'open', ?, ?, ?, ?)",
            (device, action, value, moment.text, moment.trusted, moment.boot_id, moment.mono),
        )
        assert added.lastrowid is not None
        # Open ones too: to a device that this House does not have nobody ever says that they are old.
        conn.execute("DELETE FROM orders WHERE id <= ?", (added.lastrowid - _KEPT,))
    return added.lastrowid


def due(conn: sqlite3.Connection, device: str, moment: Moment) -> tuple[Order, ...]:
    """Return the orders to carry out at one device, oldest first; those that came too late are set aside."""
    rows = conn.execute(
        "SELECT * FROM orders WHERE state = 'open' AND device = ? ORDER BY id", (device,)
    ).fetchall()
    fresh = [row for row in rows if clocks.still_fresh(moment, row["boot_id"], row["mono"], TTL_S)]
    late = {row["id"] for row in rows} - {row["id"] for row in fresh}
    if late:
        with db.write(conn):
            conn.executemany(
                "UPDATE orders SET state = 'stale' WHERE id = ? AND state = 'open'", [(one,) for one in late]
            )
    return tuple(_order(row) for row in fresh)


def ended(conn: sqlite3.Connection, order_id: int, state: State, detail: str = "") -> None:
    """Record what became of an order."""
    with db.write(conn):
        conn.execute("UPDATE orders SET state = ?, detail = ? WHERE id = ?", (state, detail, order_id))
        db.touch(conn, TOPIC)


def get(conn: sqlite3.Connection, order_id: int) -> Order:
    """Return one order; raises ``Missing("devices.no_order")``."""
    row = conn.execute("SELECT * FROM orders WHERE id = ?", (order_id,)).fetchone()
    if row is None:
        raise Missing("devices.no_order")
    return _order(row)


def latest(conn: sqlite3.Connection, device: str) -> Order | None:
    """Return the newest order to a device, or None."""
    row = conn.execute("SELECT * FROM orders WHERE device = ? ORDER BY id DESC LIMIT 1", (device,)).fetchone()
    return _order(row) if row else None


def _order(row: sqlite3.Row) -> Order:
    return Order(
        id=row["id"],
        device=row["device"],
        action=Action(row["action"]),
        value=row["value"],
        state=State(row["state"]),
        detail=row["detail"],
        created_at=clocks.parse(row["created_at"]),
    )
