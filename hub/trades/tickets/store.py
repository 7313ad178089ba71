"""The queue's tables: statements only; the service opens the transactions."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base.clock import Moment
from hub.trades.tickets.model import (
    Event,
    Outcome,
    Priority,
    Service,
    Source,
    State,
    Ticket,
    TicketId,
    What,
)

_TICKETS = "SELECT t.*, d.day_on FROM tickets t JOIN ticket_days d ON d.id = t.day_id"


@dataclass(frozen=True, slots=True)
class New:
    """What a fresh ticket is made of, beside what the queue decides."""

    token: str
    day_id: int
    number: int
    label: str
    service: Service
    priority: Priority
    source: Source
    client: str
    lang: str


def _ticket(row: sqlite3.Row) -> Ticket:
    called = None
    if row["called_at"] is not None:
        called = Moment(
            clocks.parse(row["called_at"]),
            bool(row["called_trusted"]),
            row["called_boot_id"],
            row["called_mono"],
        )
    return Ticket(
        id=TicketId(row["id"]),
        token=row["token"],
        day_id=row["day_id"],
        day_on=dt.date.fromisoformat(row["day_on"]),
        number=row["number"],
        label=row["label"],
        colour=row["colour"],
        picture=row["picture"],
        service_id=row["service_id"],
        priority=Priority(row["priority"]),
        boosted=bool(row["boosted"]),
        source=Source(row["source"]),
        lang=row["lang"],
        state=State(row["state"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        line=row["line"],
        skip=row["skip"],
        passed=row["passed"],
        recalls=row["recalls"],
        returned=row["returned"],
        desk=row["desk"],
        desk_wanted=row["desk_wanted"],
        staff_id=row["staff_id"],
        issued=Moment(clocks.parse(row["issued_at"]), bool(row["trusted"]), row["boot_id"], row["mono"]),
        called=called,
    )


def _tickets(rows: Iterable[sqlite3.Row]) -> tuple[Ticket, ...]:
    return tuple(_ticket(row) for row in rows)


def _service(row: sqlite3.Row) -> Service:
    return Service(
        id=row["id"],
        name_vi=row["name_vi"],
        name_en=row["name_en"],
        colour=row["colour"],
        picture=row["picture"],
        letter=row["letter"],
        usual_minutes=row["usual_minutes"],
        position=row["position"],
        open=bool(row["open"]),
        detail_vi=row["detail_vi"],
        detail_en=row["detail_en"],
        buzz=tuple(map(int, row["buzz"].split())),
    )


def services(conn: sqlite3.Connection) -> tuple[Service, ...]:
    """Return the services on offer, in their order."""
    rows = conn.execute("SELECT * FROM ticket_services WHERE listed = 1 ORDER BY position, id")
    return tuple(_service(row) for row in rows)


def every_service(conn: sqlite3.Connection) -> tuple[Service, ...]:
    """Return all services that any ticket may name."""
    return tuple(_service(row) for row in conn.execute("SELECT * FROM ticket_services"))


def service(conn: sqlite3.Connection, service_id: str) -> Service | None:
    """Return one service, also one that is offered no more."""
    row = conn.execute("SELECT * FROM ticket_services WHERE id = ?", (service_id,)).fetchone()
    return _service(row) if row else None


def put_service(conn: sqlite3.Connection, service: Service) -> None:
    """Offer a service; one that is known keeps being open or closed as it is."""
    conn.execute(
        "INSERT INTO ticket_services VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)"
        " ON CONFLICT(id) DO UPDATE SET"
        " name_vi = excluded.name_vi, name_en = excluded.name_en, detail_vi = excluded.detail_vi,"
        " detail_en = excluded.detail_en, colour = excluded.colour, picture = excluded.picture,"
        " letter = excluded.letter, usual_minutes = excluded.usual_minutes, position = excluded.position,"
        " listed = 1, buzz = excluded.buzz",
        (
            service.id,
            service.name_vi,
            service.name_en,
            service.detail_vi,
            service.detail_en,
            service.colour,
            service.picture,
            service.letter,
            service.usual_minutes,
            service.position,
            service.open,
            " ".join(map(str, service.buzz)),
        ),
    )


def unlist_service(conn: sqlite3.Connection, service_id: str) -> None:
    """Offer a service no more."""
    conn.execute("UPDATE ticket_services SET listed = 0 WHERE id = ?", (service_id,))


def open_service(conn: sqlite3.Connection, service_id: str, is_open: bool) -> bool:
    """Open or close a service that is on offer; return whether there is one."""
    done = conn.execute(
        "UPDATE ticket_services SET open = ? WHERE id = ? AND listed = 1", (is_open, service_id)
    )
    return done.rowcount == 1


def issued_between(conn: sqlite3.Connection, first: dt.date, last: dt.date) -> dict[tuple[str, bool], int]:
    """Return how many numbers were given on these days, by service and whether the day is certain."""
    rows = conn.execute(
        "SELECT service_id, certain, count(*) FROM tickets"
        " JOIN ticket_days ON ticket_days.id = tickets.day_id WHERE day_on BETWEEN ? AND ?"
        " GROUP BY service_id, certain",
        (first.isoformat(), last.isoformat()),
    )
    return {(row[0], bool(row[1])): int(row[2]) for row in rows}


def insert(conn: sqlite3.Connection, new: New, moment: Moment) -> Ticket:
    """Add a ticket at the end of the line."""
    done = conn.execute(
        "INSERT INTO tickets(token, day_id, number, label, colour, picture, service_id, priority, source,"
        " client, lang, state, line, issued_at, trusted, boot_id, mono)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?)",
        (
            new.token,
            new.day_id,
            new.number,
            new.label,
            new.service.colour,
            new.service.picture,
            new.service.id,
            new.priority,
            new.source,
            new.client,
            new.lang,
            end_of_line(conn),
            moment.text,
            moment.trusted,
            moment.boot_id,
            moment.mono,
        ),
    )
    found = get(conn, int(done.lastrowid or 0))
    assert found is not None, "the row was added in this transaction"
    return found


def end_of_line(conn: sqlite3.Connection) -> int:
    """Return a place behind everybody."""
    return int(conn.execute("SELECT coalesce(max(line), 0) + 1 FROM tickets").fetchone()[0])


def get(conn: sqlite3.Connection, ticket_id: int) -> Ticket | None:
    """Return a ticket by id."""
    row = conn.execute(f"{_TICKETS} WHERE t.id = ?", (ticket_id,)).fetchone()
    return _ticket(row) if row else None


def by_token(conn: sqlite3.Connection, token: str) -> Ticket | None:
    """Return a ticket by its token."""
    row = conn.execute(f"{_TICKETS} WHERE t.token = ?", (token,)).fetchone()
    return _ticket(row) if row else None


def labelled(conn: sqlite3.Connection, label: str, most: int) -> tuple[Ticket, ...]:
    """Return the latest tickets that carry this label, newest first."""
    return _tickets(
        conn.execute(f"{_TICKETS} WHERE t.label = ? ORDER BY t.id DESC LIMIT ?", (label.upper(), most))
    )


def last_from(
    conn: sqlite3.Connection, source: Source, client: str, service_id: str, priority: Priority
) -> Ticket | None:
    """Return the latest ticket that was asked for in just this way."""
    row = conn.execute(
        f"{_TICKETS} WHERE t.id > (SELECT coalesce(max(id), 0) - 200 FROM tickets)"
        " AND t.source = ? AND t.client = ? AND t.service_id = ? AND t.priority = ?"
        " ORDER BY t.id DESC LIMIT 1",
        (source, client, service_id, priority),
    ).fetchone()
    return _ticket(row) if row else None


def in_state(conn: sqlite3.Connection, state: State) -> tuple[Ticket, ...]:
    """Return all tickets of a state that is no end, by line."""
    return _tickets(conn.execute(f"{_TICKETS} WHERE t.state = ? ORDER BY t.line, t.id", (state,)))


def serving(conn: sqlite3.Connection) -> tuple[Ticket, ...]:
    """Return who is at a desk, the one called or called again last first."""
    return _tickets(
        conn.execute(
            f"{_TICKETS} WHERE t.state = 'serving' ORDER BY (SELECT max(e.id) FROM ticket_events e"
            " WHERE e.ticket_id = t.id AND e.what IN ('called', 'recalled')) DESC"
        )
    )


def at_desk(conn: sqlite3.Connection, desk: str) -> Ticket | None:
    """Return who is served at ``desk``."""
    row = conn.execute(f"{_TICKETS} WHERE t.desk = ? AND t.state = 'serving'", (desk,)).fetchone()
    return _ticket(row) if row else None


def take(
    conn: sqlite3.Connection, ticket_id: TicketId, desk: str, staff_id: int | None, moment: Moment
) -> bool:
    """Call a ticket to a desk if it still waits; return whether it did."""
    done = conn.execute(
        "UPDATE tickets SET state = 'serving', desk = ?, staff_id = ?, recalls = 0, skip = NULL, passed = 0,"
        " served_s = NULL, called_at = ?, called_trusted = ?, called_boot_id = ?, called_mono = ?"
        " WHERE id = ? AND state = 'waiting'",
        (desk, staff_id, moment.text, moment.trusted, moment.boot_id, moment.mono, ticket_id),
    )
    return done.rowcount == 1


def passed_over(conn: sqlite3.Connection, ticket_ids: Sequence[TicketId]) -> None:
    """Note that a priority number went before these."""
    conn.executemany("UPDATE tickets SET passed = passed + 1 WHERE id = ?", [(one,) for one in ticket_ids])


def count_anew(conn: sqlite3.Connection, ticket_ids: Sequence[TicketId]) -> None:
    """Note that an ordinary number had its turn before these."""
    conn.executemany(
        "UPDATE tickets SET passed = 0 WHERE id = ? AND passed > 0", [(one,) for one in ticket_ids]
    )


def let_pass(conn: sqlite3.Connection, ticket_ids: Sequence[TicketId]) -> None:
    """Note that these returned numbers have let one call pass."""
    conn.executemany(
        "UPDATE tickets SET skip = skip - 1 WHERE id = ? AND skip > 0", [(one,) for one in ticket_ids]
    )


def recall(conn: sqlite3.Connection, ticket_id: TicketId) -> None:
    """Count one more call of the same number."""
    conn.execute("UPDATE tickets SET recalls = recalls + 1 WHERE id = ?", (ticket_id,))


def finish(conn: sqlite3.Connection, ticket_id: TicketId, outcome: Outcome, served_s: float | None) -> None:
    """End a visit."""
    conn.execute(
        "UPDATE tickets SET state = 'done', outcome = ?, served_s = ? WHERE id = ?",
        (outcome, served_s, ticket_id),
    )


def miss(conn: sqlite3.Connection, ticket_id: TicketId) -> None:
    """Set a number aside until its holder comes back; a wish for one desk stays."""
    conn.execute("UPDATE tickets SET state = 'missed', desk = NULL WHERE id = ?", (ticket_id,))


def close(conn: sqlite3.Connection, ticket_id: TicketId) -> None:
    """End a number that nobody was served with."""
    conn.execute("UPDATE tickets SET state = 'closed', desk = NULL WHERE id = ?", (ticket_id,))


def put_back(conn: sqlite3.Connection, ticket_id: TicketId, skip: int) -> None:
    """Let a missed number wait again, after ``skip`` calls."""
    conn.execute(
        "UPDATE tickets SET state = 'waiting', skip = ?, returned = returned + 1, recalls = 0 WHERE id = ?",
        (skip, ticket_id),
    )


def move(
    conn: sqlite3.Connection, ticket_id: TicketId, service_id: str, desk: str | None, boosted: bool, line: int
) -> None:
    """Let a number wait for another service or desk."""
    conn.execute(
        "UPDATE tickets SET state = 'waiting', service_id = ?, desk = NULL, desk_wanted = ?, boosted = ?,"
        " line = ?, skip = NULL, passed = 0, recalls = 0 WHERE id = ?",
        (service_id, desk, boosted, line, ticket_id),
    )


def add_event(conn: sqlite3.Connection, event: Event) -> None:
    """Write down what happened."""
    conn.execute(
        "INSERT INTO ticket_events(ticket_id, what, detail, desk, staff_id, at, trusted, boot_id, mono)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.ticket_id,
            event.what,
            event.detail,
            event.desk,
            event.staff_id,
            event.moment.text,
            event.moment.trusted,
            event.moment.boot_id,
            event.moment.mono,
        ),
    )


def events(conn: sqlite3.Connection, ticket_id: int) -> tuple[Event, ...]:
    """Return what happened to a ticket, in order."""
    rows = conn.execute("SELECT * FROM ticket_events WHERE ticket_id = ? ORDER BY id", (ticket_id,))
    return tuple(
        Event(
            TicketId(row["ticket_id"]),
            What(row["what"]),
            row["detail"],
            row["desk"],
            row["staff_id"],
            Moment(clocks.parse(row["at"]), bool(row["trusted"]), row["boot_id"], row["mono"]),
        )
        for row in rows
    )


def served_today(conn: sqlite3.Connection, day_id: int) -> list[tuple[str, float]]:
    """Return service and seconds of every visit of one day that came to something."""
    rows = conn.execute(
        "SELECT service_id, served_s FROM tickets WHERE day_id = ? AND served_s IS NOT NULL"
        " AND outcome IN ('done', 'to_continue', 'referred')",
        (day_id,),
    )
    return [(row[0], row[1]) for row in rows]


def desks_heard_of(conn: sqlite3.Connection, boot_id: str, since_mono: float) -> set[str]:
    """Return the desks at which something happened in this boot since ``since_mono``."""
    rows = conn.execute(
        "SELECT DISTINCT desk FROM ticket_events"
        " WHERE id > (SELECT coalesce(max(id), 0) - 500 FROM ticket_events)"
        " AND desk IS NOT NULL AND boot_id = ? AND mono >= ?",
        (boot_id, since_mono),
    )
    return {row[0] for row in rows}
