"""How often somebody may guess: free tries, then waits that double.

Keeps true: five wrong tries for one name, or twenty from one place, with less than fifteen minutes between
them, and the next is not looked at for a minute, then two, four … up to an hour. The count is taken before
the secret is looked at, so a hundred tries at once are a hundred tries; it survives a restart, and a reboot
does not shorten a wait. It never asks the wall clock, which a box without a battery may have wrong.
"""

from __future__ import annotations

import hashlib
import math
import sqlite3
from dataclasses import dataclass

from hub.base import db
from hub.base.clock import Moment
from hub.trades.staff import store
from hub.trades.staff.store import Tries

FREE_BY_NAME = 5
FREE_BY_PLACE = 20
QUIET_S = 15 * 60.0
FIRST_WAIT_S = 60.0
LONGEST_WAIT_S = 3600.0
_BUCKETS = 1024
# Far above QUIET_S + LONGEST_WAIT_S: such a row says nothing any more.
_FORGOTTEN_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Counted:
    """A try that was counted beforehand, so that it can be taken back when it was right."""

    name: str
    place: str
    place_before: Tries | None
    mono: float


def unknown_name(name_key: str) -> str:
    """Return under what an unknown name is counted: a bucket, for people type PINs into the wrong box."""
    return (
        f"unknown:{int.from_bytes(hashlib.sha256(name_key.encode('utf-8')).digest()[:4], 'big') % _BUCKETS}"
    )


def wait_after(wrong: int, free: int) -> float:
    """Return the seconds to wait after ``wrong`` tries of which ``free`` cost nothing."""
    over = wrong - free
    return 0.0 if over < 0 else min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(over, 16))


def resting(conn: sqlite3.Connection, name: str, place: str, now: Moment) -> int:
    """Return the whole seconds until a try for ``name`` or from ``place`` is looked at, 0 for at once.

    For secrets so long that a try is counted only when it was wrong.
    """
    by_name = _living(conn, name, FREE_BY_NAME, now)
    by_place = _living(conn, f"place:{place}", FREE_BY_PLACE, now)
    return math.ceil(max(0.0, _rest(by_name, FREE_BY_NAME, now), _rest(by_place, FREE_BY_PLACE, now)))


def count(conn: sqlite3.Connection, name: str, place: str, now: Moment) -> Counted | int:
    """Count a try for ``name`` and ``place``, or return the whole seconds until one is looked at again.

    Runs inside the caller's transaction; a try that comes too early is not counted.
    """
    place = f"place:{place}"
    by_name, by_place = _living(conn, name, FREE_BY_NAME, now), _living(conn, place, FREE_BY_PLACE, now)
    rest = max(_rest(by_name, FREE_BY_NAME, now), _rest(by_place, FREE_BY_PLACE, now))
    if rest > 0:
        return math.ceil(rest)
    store.forget_tries(conn, now, _FORGOTTEN_S)
    for who, tries in ((name, by_name), (place, by_place)):
        store.set_tries(conn, who, Tries((tries.wrong if tries else 0) + 1, now.boot_id, now.mono))
    return Counted(name, place, by_place, now.mono)


def take_back(conn: sqlite3.Connection, counted: Counted) -> None:
    """Undo a try that was right: the name starts anew, the place loses this one try only."""
    store.set_tries(conn, counted.name, Tries(0, "", 0.0))
    present = store.tries(conn, counted.place)
    if present is None:
        return
    before = counted.place_before
    # Somebody else's try from the same place in between keeps its own time.
    last = before if before is not None and present.mono == counted.mono else present
    store.set_tries(conn, counted.place, Tries(present.wrong - 1, last.boot_id, last.mono))


def forgive(conn: sqlite3.Connection, name: str) -> None:
    """Forget the wrong tries for ``name``, which was right at last; writes nothing where there are none."""
    if store.tries(conn, name) is not None:
        with db.write(conn):
            store.set_tries(conn, name, Tries(0, "", 0.0))


def _living(conn: sqlite3.Connection, who: str, free: int, now: Moment) -> Tries | None:
    tries = store.tries(conn, who)
    if tries is None or _age(tries, now) >= QUIET_S + wait_after(tries.wrong, free):
        return None
    return tries


def _rest(tries: Tries | None, free: int, now: Moment) -> float:
    return wait_after(tries.wrong, free) - _age(tries, now) if tries else 0.0


def _age(tries: Tries, now: Moment) -> float:
    # What happened before this boot happened at least this boot's seconds ago; more cannot be known.
    return max(0.0, now.mono - tries.mono) if tries.boot_id == now.boot_id else now.mono
