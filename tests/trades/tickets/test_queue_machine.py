"""The queue under any order of presses, calls, misses, returns, moves and days."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.base import clock as clocks
from hub.base import db, migrate
from hub.base.settings import Settings
from hub.post import jobs
from hub.trades.tickets import fair
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views
from hub.trades.tickets.model import Outcome, Priority, State, Ticket
from tests.fakes import FakeClock
from tests.trades.tickets.conftest import SERVICES, Hand

DESKS = st.sampled_from(("1", "2", "3"))
SERVICE_IDS = st.sampled_from([service.id for service in SERVICES])
OFFERS = st.one_of(st.none(), st.sets(SERVICE_IDS, min_size=1))


class QueueMachine(RuleBasedStateMachine):
    """Whatever happens: one desk a number, one number a desk, nobody lost, nobody passed over for ever."""

    @initialize()
    def open_house(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="queue-"))
        conn = db.connect(self.folder / "house.db")
        conn.execute("PRAGMA synchronous=OFF")
        migrate.migrate(conn)
        tickets.set_services(conn, SERVICES)
        self.hand = Hand(conn, FakeClock(), Settings())
        self.expected: dict[int, State] = {}
        self.issued = 0
        self.overtaken: dict[int, int] = {}

    def teardown(self) -> None:
        if hasattr(self, "hand"):
            self.hand.conn.close()
            shutil.rmtree(self.folder)

    def some(self, state: State, pick: int) -> Ticket | None:
        here = sorted(number for number, present in self.expected.items() if present is state)
        return views.get(self.hand.conn, here[pick % len(here)]) if here else None

    @rule(service=SERVICE_IDS, priority=st.sampled_from(Priority))
    def issue(self, service: str, priority: Priority) -> None:
        ticket = self.hand.give(service, priority)
        self.issued += 1
        assert ticket.id == self.issued
        self.expected[ticket.id] = State.WAITING

    @rule(desk=DESKS, offers=OFFERS, outcome=st.sampled_from(Outcome))
    def call(self, desk: str, offers: set[str] | None, outcome: Outcome) -> None:
        present = views.at_desk(self.hand.conn, desk)
        eligible = [
            ticket
            for ticket in views.queue(self.hand.conn).waiting
            if ticket.desk_wanted == desk
            or (ticket.desk_wanted is None and (offers is None or ticket.service_id in offers))
        ]
        called = self.hand.call(desk, offers, outcome)
        if present is not None:
            self.expected[present.id] = State.DONE
        assert (called is None) == (not eligible)
        if called is None:
            return
        assert called.id in {ticket.id for ticket in eligible}
        self.expected[called.id] = State.SERVING
        self.check_fairness(called, eligible)

    def check_fairness(self, called: Ticket, eligible: list[Ticket]) -> None:
        was = next(ticket for ticket in eligible if ticket.id == called.id)
        ordinary = [ticket for ticket in eligible if not ticket.first and ticket.skip is None]
        if was.skip is not None:
            return
        if was.first:
            for ticket in ordinary:
                self.overtaken[ticket.id] = self.overtaken.get(ticket.id, 0) + 1
            if ordinary:
                head = min(ordinary, key=lambda ticket: ticket.line)
                assert self.overtaken[head.id] <= fair.PRIORITY_IN_A_ROW
        else:
            assert was.line == min(ticket.line for ticket in ordinary)
            self.overtaken.update(dict.fromkeys((ticket.id for ticket in ordinary), 0))

    @rule(pick=st.integers(0, 50))
    def miss(self, pick: int) -> None:
        ticket = self.some(State.SERVING, pick)
        if ticket is not None:
            after = self.hand.miss(ticket)
            assert after.state is (State.CLOSED if ticket.returned else State.MISSED)
            self.expected[ticket.id] = after.state

    @rule(pick=st.integers(0, 50))
    def come_back(self, pick: int) -> None:
        ticket = self.some(State.MISSED, pick)
        if ticket is not None:
            self.hand.come_back(ticket)
            self.expected[ticket.id] = State.WAITING
            assert (views.place(self.hand.conn, ticket.id) or 0) <= len(self.expected)

    @rule(
        pick=st.integers(0, 50),
        state=st.sampled_from((State.WAITING, State.SERVING, State.MISSED)),
        to_service=st.one_of(st.none(), SERVICE_IDS),
        to_desk=DESKS,
        priority=st.booleans(),
    )
    def move(self, pick: int, state: State, to_service: str | None, to_desk: str, priority: bool) -> None:
        ticket = self.some(state, pick)
        if ticket is not None:
            where = {"to_service": to_service} if to_service else {"to_desk": to_desk}
            self.hand.move(ticket, priority, **where)
            self.expected[ticket.id] = State.WAITING
            self.overtaken[ticket.id] = 0

    @rule(pick=st.integers(0, 50), outcome=st.sampled_from(Outcome))
    def finish(self, pick: int, outcome: Outcome) -> None:
        ticket = self.some(State.SERVING, pick)
        if ticket is not None:
            self.hand.finish(ticket, outcome)
            self.expected[ticket.id] = State.DONE

    @rule(seconds=st.floats(0.1, 2000))
    def time_passes(self, seconds: float) -> None:
        self.hand.clock.advance(seconds)

    @rule()
    def a_night_passes(self) -> None:
        self.hand.clock.advance(14 * 3600)
        tickets.settle_doubts(self.hand.conn, self.hand.clock.read())

    @rule()
    def power_is_cut(self) -> None:
        """Back with a doubtful clock that stands still or behind, as a box without a battery has it."""
        self.hand.clock.reboot(trusted=False)

    @precondition(lambda self: not self.hand.clock.trusted)
    @rule(lost_s=st.integers(0, 200_000))
    def true_time_becomes_known(self, lost_s: int) -> None:
        """What was given in this boot keeps waiting in its order, whatever day it turns out to be."""
        clock = self.hand.clock
        of_this_boot = [
            ticket
            for ticket in views.queue(self.hand.conn).waiting
            if ticket.issued.boot_id == clock.boot_id and not ticket.issued.trusted
        ]
        clock.at += dt.timedelta(seconds=lost_s)
        clock.trusted = True
        tickets.settle_doubts(self.hand.conn, clock.read())
        after = {ticket.id: ticket for ticket in views.queue(self.hand.conn).waiting}
        for ticket in of_this_boot:
            age_s = clock.mono - ticket.issued.mono
            if clocks.village_day(clock.at - dt.timedelta(seconds=age_s)) == clock.read().on:
                assert after[ticket.id].number == ticket.number
                assert after[ticket.id].issued.trusted and after[ticket.id].day_on == clock.read().on

    @invariant()
    def nobody_is_lost_and_the_counts_add_up(self) -> None:
        if not hasattr(self, "hand"):
            return
        queue = views.queue(self.hand.conn)
        rows = self.hand.conn.execute("SELECT state, count(*) FROM tickets GROUP BY state").fetchall()
        counts = {State(row[0]): row[1] for row in rows}
        assert sum(counts.values()) == self.issued
        assert len(queue.waiting) == counts.get(State.WAITING, 0) == len(set(queue.waiting))
        assert len(queue.serving) == counts.get(State.SERVING, 0)
        assert len(queue.missed) == counts.get(State.MISSED, 0)
        for number, state in self.expected.items():
            now = views.get(self.hand.conn, number).state
            if now is not state:
                assert now is State.CLOSED, f"{number} should be {state}, is {now}"
                assert views.history(self.hand.conn, number)[-1].detail == "day_over"
                self.expected[number] = State.CLOSED

    @invariant()
    def one_number_a_desk_and_one_desk_a_number(self) -> None:
        if hasattr(self, "hand"):
            serving = views.board(self.hand.conn).serving
            assert len({ticket.desk for ticket in serving}) == len(serving) <= 3

    @invariant()
    def open_numbers_differ_and_every_number_has_its_paper(self) -> None:
        if not hasattr(self, "hand"):
            return
        queue = views.queue(self.hand.conn)
        numbers = [ticket.number for ticket in (*queue.waiting, *queue.serving, *queue.missed)]
        assert len(set(numbers)) == len(numbers)
        assert len(jobs.waiting(self.hand.conn)) == self.issued


QueueMachine.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestQueueMachine = QueueMachine.TestCase
