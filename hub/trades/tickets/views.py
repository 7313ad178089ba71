"""Looking at the queue: who waits, who is where, how long it may take.

Keeps true: nothing here changes anything, and a version is read before what it stands for, so that a page
that polls can be late but never stays wrong.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass

from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import Missing, Refused
from hub.trades.tickets import days, estimate, fair, store
from hub.trades.tickets.model import Board, Estimate, Event, Queue, Service, State, Ticket

TOPIC = "queue"
"""The version that pages poll."""

# A desk at which nothing happened for so long is taken to be empty.
DESK_ASLEEP_S = 45 * 60.0
UPCOMING = 5
_LABELLED = 30


@dataclass(frozen=True, slots=True)
class Follow:
    """What the holder of a number wants to know; ``ahead`` and ``estimate`` only while it waits."""

    ticket: Ticket
    service: Service
    ahead: int | None
    estimate: Estimate | None
    version: int


def services(conn: sqlite3.Connection) -> tuple[Service, ...]:
    """Return the services on offer in their order, open and closed ones."""
    return store.services(conn)


def service(conn: sqlite3.Connection, service_id: str) -> Service:
    """Return one service, also one no longer on offer; raises ``Missing("tickets.no_service")``."""
    found = store.service(conn, service_id)
    if found is None:
        raise Missing("tickets.no_service")
    return found


def issued_between(
    conn: sqlite3.Connection, first: dt.date, last: dt.date
) -> tuple[tuple[Service, int, int], ...]:
    """Return every service with the numbers given from ``first`` to ``last``, the busiest first:
    those of certain days, and those of days that the clock was not sure of; services without any are left
    out.
    """
    counted = store.issued_between(conn, first, last)
    found = [
        (one, counted.get((one.id, True), 0), counted.get((one.id, False), 0))
        for one in store.every_service(conn)
    ]
    return tuple(sorted((row for row in found if row[1] or row[2]), key=lambda row: -row[1] - row[2]))


def first_open(conn: sqlite3.Connection) -> Service:
    """Return the service the wall button stands for; raises ``Refused("tickets.nothing_open")``."""
    for found in store.services(conn):
        if found.open:
            return found
    raise Refused("tickets.nothing_open")


def get(conn: sqlite3.Connection, ticket_id: int) -> Ticket:
    """Return a ticket by id; raises ``Missing("tickets.unknown")``."""
    found = store.get(conn, ticket_id)
    if found is None:
        raise Missing("tickets.unknown")
    return found


def by_token(conn: sqlite3.Connection, typed: str) -> Ticket:
    """Return a ticket by the code on its slip, however typed; raises ``Missing("tickets.unknown")``."""
    found = store.by_token(conn, "".join(mark for mark in typed[:40].upper() if mark.isalnum()))
    if found is None:
        raise Missing("tickets.unknown")
    return found


def labelled(conn: sqlite3.Connection, label: str, on: dt.date | None = None) -> tuple[Ticket, ...]:
    """Return the latest tickets called so (``B2``), of one day or of the last ones, newest first."""
    found = store.labelled(conn, label, _LABELLED)
    return tuple(ticket for ticket in found if on is None or ticket.day_on == on)


def history(conn: sqlite3.Connection, ticket_id: int) -> tuple[Event, ...]:
    """Return what happened to a ticket, in order."""
    return store.events(conn, ticket_id)


def place(conn: sqlite3.Connection, ticket_id: int) -> int | None:
    """Return how many are called before this number; None when it does not wait. Raises ``Missing``."""
    if get(conn, ticket_id).state is not State.WAITING:
        return None
    return len(_ahead(conn, ticket_id))


def waiting_estimate(conn: sqlite3.Connection, ticket_id: int, moment: Moment) -> Estimate | None:
    """Return the expected wait of a waiting number, or None when it does not wait or no desk is at work."""
    if get(conn, ticket_id).state is not State.WAITING:
        return None
    return _expected(conn, _ahead(conn, ticket_id), moment)


def standing(conn: sqlite3.Connection, ticket_id: int, moment: Moment) -> tuple[int, Estimate | None]:
    """Return how many are called before a waiting number, and its expected wait."""
    ahead = _ahead(conn, ticket_id)
    return len(ahead), _expected(conn, ahead, moment)


def follow(conn: sqlite3.Connection, token: str, moment: Moment) -> Follow:
    """Return how things stand with the number of ``token``; raises ``Missing("tickets.unknown")``."""
    version = db.version(conn, TOPIC)
    ticket = by_token(conn, token)
    about = service(conn, ticket.service_id)
    if ticket.state is not State.WAITING:
        return Follow(ticket, about, None, None, version)
    ahead, expected = standing(conn, ticket.id, moment)
    return Follow(ticket, about, ahead, expected, version)


def board(conn: sqlite3.Connection, upcoming: int = UPCOMING) -> Board:
    """Return what the TV shows."""
    version = db.version(conn, TOPIC)
    waiting = fair.order(store.in_state(conn, State.WAITING))
    return Board(store.serving(conn), waiting[:upcoming], len(waiting), version)


def queue(conn: sqlite3.Connection) -> Queue:
    """Return what a guide sees."""
    version = db.version(conn, TOPIC)
    return Queue(
        waiting=fair.order(store.in_state(conn, State.WAITING)),
        serving=store.serving(conn),
        missed=store.in_state(conn, State.MISSED),
        version=version,
    )


def somebody_waits(conn: sqlite3.Connection) -> bool:
    """Return whether anybody waits for a desk."""
    return conn.execute("SELECT 1 FROM tickets WHERE state = 'waiting' LIMIT 1").fetchone() is not None


def at_desk(conn: sqlite3.Connection, desk: str) -> Ticket | None:
    """Return who is served at ``desk`` now."""
    return store.at_desk(conn, desk)


def _ahead(conn: sqlite3.Connection, ticket_id: int) -> tuple[Ticket, ...]:
    line = fair.order(store.in_state(conn, State.WAITING))
    here = next((index for index, ticket in enumerate(line) if ticket.id == ticket_id), len(line))
    return line[:here]


def _expected(conn: sqlite3.Connection, ahead: tuple[Ticket, ...], moment: Moment) -> Estimate | None:
    day = days.current(conn)
    visits = store.served_today(conn, day.id) if day else []
    serving = store.serving(conn)
    awake = store.desks_heard_of(conn, moment.boot_id, moment.mono - DESK_ASLEEP_S)
    return estimate.expect(
        estimate.pace(store.every_service(conn), visits),
        [ticket.service_id for ticket in ahead],
        [(ticket.service_id, _minutes_since_call(ticket, moment)) for ticket in serving],
        len(awake - {ticket.desk for ticket in serving}),
    )


def _minutes_since_call(ticket: Ticket, moment: Moment) -> float:
    called = ticket.called
    if called is None or called.boot_id != moment.boot_id:
        return 0.0
    return max(0.0, moment.mono - called.mono) / 60
