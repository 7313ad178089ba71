"""The queue at work: numbers are given, called, called again, missed, moved and finished.

Keeps true: a number, its slip and its chirp are one transaction; a number is at one desk at most and a desk
has one number at most, however many guides press at once; what happened is written down and only grows.
Nobody loses a place by a power cut. It never sounds or prints: it leaves signals and jobs. Looking without
changing: ``views``.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Collection, Iterable

from hub.base import db, ids
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing, Refused
from hub.base.settings import Settings
from hub.post import jobs, signals
from hub.trades.tickets import announce, days, fair, slip, store, views
from hub.trades.tickets.model import (
    Event,
    Issued,
    Outcome,
    Priority,
    Service,
    Source,
    State,
    Ticket,
    What,
)

# Nine characters: hard to guess, and never to be mistaken for a follow code, which has eight.
_TOKEN = 9
_PRESS_FRESH_S = 3.0
_CALLS_BEFORE_RETURN = 1


def set_services(conn: sqlite3.Connection, services: Iterable[Service]) -> None:
    """Offer exactly these services; one that is known stays open or closed as the guides left it."""
    wanted = {service.id: service for service in services}
    with db.write(conn):
        before = store.services(conn)
        for known in before:
            if known.id not in wanted:
                store.unlist_service(conn, known.id)
        for service in wanted.values():
            store.put_service(conn, service)
        if store.services(conn) != before:
            db.touch(conn, views.TOPIC)


def open_service(conn: sqlite3.Connection, service_id: str, is_open: bool) -> None:
    """Open or close a service; those who wait for it stay. Raises ``Missing("tickets.no_service")``."""
    with db.write(conn):
        if not store.open_service(conn, service_id, is_open):
            raise Missing("tickets.no_service")
        db.touch(conn, views.TOPIC)


def issue(
    conn: sqlite3.Connection,
    service_id: str,
    *,
    priority: Priority = Priority.NONE,
    source: Source,
    moment: Moment,
    lang: str,
    settings: Settings,
    client: str = "",
) -> Issued:
    """Give a number: ticket, slip job and chirp in one transaction.

    The same wish again (source, ``client``, service, priority) within ``settings.queue.fold_s`` seconds gets
    the same number again and no second slip; ``client`` is an opaque key of the tablet or button, and only
    the wall button may leave it empty and still fold. Raises ``Missing("tickets.no_service")``,
    ``Refused("tickets.service_closed")``.
    """
    with db.write(conn):
        service = store.service(conn, service_id)
        if service is None or service not in store.services(conn):
            raise Missing("tickets.no_service")
        if client or source is Source.BUTTON:
            last = store.last_from(conn, source, client, service_id, priority)
            if last is not None and _one_press(last.issued, moment, settings.queue.fold_s):
                return Issued(last, True)
        if not service.open:
            raise Refused("tickets.service_closed", service=service.name(lang))
        day = days.turn(conn, moment)
        number = days.next_number(conn, day)
        token = "".join(secrets.choice(ids.ALPHABET) for _ in range(_TOKEN))
        label = f"{service.letter}{number}"
        new = store.New(token, day.id, number, label, service, priority, source, client, lang)
        ticket = store.insert(conn, new, moment)
        _note(conn, ticket, What.ISSUED, service_id, moment)
        _print(conn, ticket, service, moment=moment, lang=lang, settings=settings, copy=False)
        signals.chirp(conn, "press", moment=moment, ttl_s=_PRESS_FRESH_S)
    return Issued(ticket, False)


def call_next(
    conn: sqlite3.Connection,
    desk: str,
    staff_id: int | None,
    *,
    moment: Moment,
    settings: Settings,
    services: Collection[str] | None = None,
    finish: Outcome | None = None,
) -> Ticket | None:
    """Call the next number to ``desk`` by the fair rule of ``fair``; None when nobody waits for this desk.

    ``services`` limits the choice (None: all); numbers moved to this very desk always count. Who is still at
    the desk is finished with the outcome ``finish``; without one that is ``Refused("tickets.desk_busy")``.
    """
    _known_desk(desk, settings)
    with db.write(conn):
        days.turn(conn, moment)
        present = store.at_desk(conn, desk)
        if present is not None:
            if finish is None:
                raise Refused("tickets.desk_busy", desk=desk, number=present.label)
            _end(conn, present, finish, moment, staff_id)
        line = fair.order(
            ticket
            for ticket in store.in_state(conn, State.WAITING)
            if ticket.desk_wanted == desk
            or (ticket.desk_wanted is None and (services is None or ticket.service_id in services))
        )
        if not line:
            return None
        picked = line[0]
        if not store.take(conn, picked.id, desk, staff_id, moment):
            raise Conflict("tickets.not_waiting", number=picked.label)
        _count(conn, picked, line[1:])
        _note(conn, picked, What.CALLED, "", moment, desk, staff_id)
        called = views.get(conn, picked.id)
        _sound(conn, called, desk, moment, settings)
    return called


def recall(
    conn: sqlite3.Connection, desk: str, *, moment: Moment, settings: Settings, staff_id: int | None = None
) -> Ticket:
    """Call the number at ``desk`` again, at most ``settings.queue.recalls`` times.

    Raises ``Refused``: "tickets.desk_empty", "tickets.recalled_enough".
    """
    _known_desk(desk, settings)
    with db.write(conn):
        present = store.at_desk(conn, desk)
        if present is None:
            raise Refused("tickets.desk_empty", desk=desk)
        if present.recalls >= settings.queue.recalls:
            raise Refused("tickets.recalled_enough", number=present.label, count=present.recalls)
        store.recall(conn, present.id)
        _note(conn, present, What.RECALLED, "", moment, desk, staff_id)
        _sound(conn, present, desk, moment, settings)
        return views.get(conn, present.id)


def no_show(
    conn: sqlite3.Connection,
    ticket_id: int,
    *,
    moment: Moment,
    settings: Settings,
    staff_id: int | None = None,
) -> Ticket:
    """Set a called number aside because nobody came; after ``settings.queue.returns`` returns it is closed.

    Raises ``Missing``; ``Conflict("tickets.not_at_desk")`` when it is at no desk.
    """
    with db.write(conn):
        ticket = _in(conn, ticket_id, {State.SERVING}, "tickets.not_at_desk")
        store.miss(conn, ticket.id)
        _note(conn, ticket, What.MISSED, "", moment, ticket.desk, staff_id)
        if ticket.returned >= settings.queue.returns:
            store.close(conn, ticket.id)
            _note(conn, ticket, What.CLOSED, "missed", moment, ticket.desk, staff_id)
        return views.get(conn, ticket.id)


def come_back(
    conn: sqlite3.Connection, ticket_id: int, *, moment: Moment, staff_id: int | None = None
) -> Ticket:
    """Let a missed number wait again at a fair place: next but one.

    Raises ``Missing``; ``Conflict("tickets.not_missed")`` when it was not missed, or is closed.
    """
    with db.write(conn):
        ticket = _in(conn, ticket_id, {State.MISSED}, "tickets.not_missed")
        store.put_back(conn, ticket.id, _CALLS_BEFORE_RETURN)
        _note(conn, ticket, What.CAME_BACK, "", moment, None, staff_id)
        return views.get(conn, ticket.id)


def transfer(
    conn: sqlite3.Connection,
    ticket_id: int,
    *,
    to_service: str | None = None,
    to_desk: str | None = None,
    priority: bool,
    moment: Moment,
    settings: Settings,
    staff_id: int | None = None,
) -> Ticket:
    """Let a number wait for another service, another desk, or both; label and picture stay as printed.

    With ``priority`` it stands in the priority line at its old place, without it at the end of the line.
    Raises ``Refused``: "tickets.nowhere_to_move", "tickets.no_desk"; ``Missing("tickets.no_service")``;
    ``Conflict("tickets.already_over")``.
    """
    if to_service is None and to_desk is None:
        raise Refused("tickets.nowhere_to_move")
    if to_desk is not None:
        _known_desk(to_desk, settings)
    with db.write(conn):
        ticket = _in(conn, ticket_id, set(days.OPEN), "tickets.already_over")
        service_id = ticket.service_id
        if to_service is not None:
            if to_service not in {service.id for service in store.services(conn)}:
                raise Missing("tickets.no_service")
            service_id = to_service
        line = ticket.line if priority else store.end_of_line(conn)
        store.move(conn, ticket.id, service_id, to_desk, priority, line)
        where = " ".join(
            part
            for part in (f"service:{service_id}", f"desk:{to_desk}" if to_desk else "", priority and "first")
            if part
        )
        _note(conn, ticket, What.MOVED, where, moment, ticket.desk, staff_id)
        return views.get(conn, ticket.id)


def finish(
    conn: sqlite3.Connection, ticket_id: int, outcome: Outcome, *, moment: Moment, staff_id: int | None = None
) -> Ticket:
    """End a visit with its outcome; a number that waits or was missed can only have given up.

    Raises ``Missing``; ``Conflict("tickets.already_over")``; ``Refused("tickets.outcome_not_served")``.
    """
    with db.write(conn):
        ticket = _in(conn, ticket_id, set(days.OPEN), "tickets.already_over")
        if ticket.state is not State.SERVING and outcome is not Outcome.GAVE_UP:
            raise Refused("tickets.outcome_not_served", number=ticket.label)
        _end(conn, ticket, outcome, moment, staff_id)
        return views.get(conn, ticket.id)


def reprint(
    conn: sqlite3.Connection,
    ticket_id: int,
    *,
    moment: Moment,
    settings: Settings,
    lang: str | None = None,
    staff_id: int | None = None,
) -> int:
    """Print the slip of an open number again, marked as a copy; return the job's id.

    Raises ``Missing``; ``Conflict("tickets.already_over")``.
    """
    with db.write(conn):
        ticket = _in(conn, ticket_id, set(days.OPEN), "tickets.already_over")
        service = views.service(conn, ticket.service_id)
        _note(conn, ticket, What.REPRINTED, "", moment, None, staff_id)
        return _print(
            conn, ticket, service, moment=moment, lang=lang or ticket.lang, settings=settings, copy=True
        )


def settle_doubts(conn: sqlite3.Connection, moment: Moment) -> int:
    """Put right what a doubtful clock wrote in this boot, and turn the day if it is another.

    Does nothing while ``moment`` is doubtful, and costs a few reads when there is nothing to do: call it at
    leisure. Returns how many tickets got their true time.
    """
    settled = days.settle(conn, moment)
    day = days.current(conn)
    if moment.trusted and day is not None and day.on != moment.on:
        with db.write(conn):
            days.turn(conn, moment)
    return settled


def begin_day(conn: sqlite3.Connection, *, moment: Moment, staff_id: int | None = None) -> None:
    """Begin a new day because a guide says that it is one: open numbers are closed, counting starts at 1.

    Only while the clock is doubtful, since a trusted one turns the day itself. Raises
    ``Refused("tickets.day_by_clock")`` otherwise, ``Refused("tickets.day_in_use")`` while somebody is at a desk.
    """
    if moment.trusted:
        raise Refused("tickets.day_by_clock")
    with db.write(conn):
        if store.in_state(conn, State.SERVING):
            raise Refused("tickets.day_in_use")
        days.begin(conn, moment, staff_id)


def _one_press(before: Moment, now: Moment, seconds: float) -> bool:
    # Two presses may reach the database in the other order than they were made.
    return before.boot_id == now.boot_id and abs(now.mono - before.mono) < seconds


def _known_desk(desk: str, settings: Settings) -> None:
    if desk not in settings.queue.desks:
        raise Refused("tickets.no_desk", desk=desk)


def _in(conn: sqlite3.Connection, ticket_id: int, states: set[State], otherwise: str) -> Ticket:
    ticket = views.get(conn, ticket_id)
    if ticket.state not in states:
        raise Conflict(otherwise, number=ticket.label)
    return ticket


def _count(conn: sqlite3.Connection, picked: Ticket, others: Collection[Ticket]) -> None:
    ordinary = [ticket.id for ticket in others if ticket.skip is None and not ticket.first]
    if picked.skip is None:
        if picked.first:
            store.passed_over(conn, ordinary)
        else:
            store.count_anew(conn, ordinary)
    store.let_pass(conn, [ticket.id for ticket in others if ticket.skip])


def _end(
    conn: sqlite3.Connection, ticket: Ticket, outcome: Outcome, moment: Moment, staff_id: int | None
) -> None:
    served_s = None
    called = ticket.called
    if ticket.state is State.SERVING and called is not None and called.boot_id == moment.boot_id:
        served_s = max(0.0, moment.mono - called.mono)
    store.finish(conn, ticket.id, outcome, served_s)
    _note(conn, ticket, What.FINISHED, outcome, moment, ticket.desk, staff_id)


def _note(
    conn: sqlite3.Connection,
    ticket: Ticket,
    what: What,
    detail: str,
    moment: Moment,
    desk: str | None = None,
    staff_id: int | None = None,
) -> None:
    store.add_event(conn, Event(ticket.id, what, detail, desk, staff_id, moment))
    db.touch(conn, views.TOPIC)


def _print(
    conn: sqlite3.Connection,
    ticket: Ticket,
    service: Service,
    *,
    moment: Moment,
    lang: str,
    settings: Settings,
    copy: bool,
) -> int:
    ahead, estimate = views.standing(conn, ticket.id, moment)
    if ticket.state is not State.WAITING:
        ahead, estimate = 0, None
    paper = slip.ticket_slip(ticket, service, settings, lang=lang, ahead=ahead, estimate=estimate)
    subject = f"ticket:{ticket.id}"
    return jobs.add(conn, jobs.Kind.TICKET, paper, moment=moment, subject=subject, lang=lang, copy=copy)


def _sound(conn: sqlite3.Connection, ticket: Ticket, desk: str, moment: Moment, settings: Settings) -> None:
    sound = settings.sound
    service = store.service(conn, ticket.service_id)
    own = service.buzz if service else ()
    signals.chirp(conn, "call", own=own, moment=moment, ttl_s=sound.stale_s)
    if sound.speech:
        told = announce.call(ticket, desk)
        signals.announce(conn, told, moment=moment, ttl_s=sound.stale_s, chime=sound.chime)
    elif sound.chime:
        signals.say(conn, (), moment=moment, ttl_s=sound.stale_s)
