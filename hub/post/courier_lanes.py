"""Several parcels on the way at once, where the line is good for it.

Keeps true: each lane has a database connection of its own and carries one parcel at a time; lanes beyond the
first set out only once the line has shown itself good, and stand still when it has become thin; a lane that
breaks down ends alone. The round is over when all of them are home.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing

from hub.post.courier_hand import Hand, LineDown
from hub.post.courier_trip import Trip

log = logging.getLogger(__name__)

Connect = Callable[[], sqlite3.Connection]
_LOOK_S = 0.1


def carry(conn: sqlite3.Connection, trip: Trip, connect: Connect | None) -> None:
    """Carry what is due, over up to ``settings.lanes`` lanes where ``connect`` opens connections for them."""
    more: list[threading.Thread] = []
    room = trip.settings.lanes - 1 if connect is not None else 0
    try:
        while _carried(conn, trip):
            more = [one for one in more if one.is_alive()]
            while connect is not None and len(more) < room and trip.known_good and trip.anyone(conn):
                thread = threading.Thread(target=_lane, args=(trip, connect), name="lane", daemon=True)
                thread.start()
                more.append(thread)
    finally:
        for thread in more:
            while thread.is_alive():
                thread.join(_LOOK_S)
                # Whoever is told to stop, or feeds a watchdog meanwhile, is asked here.
                trip.stop()


def _lane(trip: Trip, connect: Connect) -> None:
    try:
        with closing(connect()) as conn:
            while not trip.thin and _carried(conn, trip):
                pass
    except Exception:
        log.exception("a lane broke down; the others go on")


def _carried(conn: sqlite3.Connection, trip: Trip) -> bool:
    load = trip.next(conn)
    if load is None:
        return False
    try:
        Hand(conn, trip).carry(load)
    except LineDown as bad:
        trip.no_way(bad.reason_key)
        return False
    return True
