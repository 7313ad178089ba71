"""The counts beside the outbox say what counting all rows would say, whatever is done to the rows and undone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.base import db
from hub.base.errors import Conflict
from hub.post import held, leases, outbox
from hub.post.leases import Retry
from hub.post.outbox import Kind, Parcel, State
from tests.fakes import FakeClock
from tests.post.parcels import parcel
from tests.post.test_order import _template

REASONS = ("relay.no_form", "relay.token_refused", "relay.conflict")
OFFICES = ("an office", "another office")
KINDS = st.sampled_from(list(Kind))


class Undone(Exception):
    """A use case fails after its work is done, and all of it is undone."""


class Books(RuleBasedStateMachine):
    """Everything that moves, brings or takes a parcel, in any order, now and then undone."""

    def __init__(self) -> None:
        super().__init__()
        self.conn = sqlite3.connect(":memory:", isolation_level=None)
        self.conn.row_factory = sqlite3.Row
        _template().backup(self.conn)
        self.clock = FakeClock()
        self.number = self.taken = 0

    def teardown(self) -> None:
        self.conn.close()

    @contextmanager
    def use(self, undone: bool) -> Iterator[sqlite3.Connection]:
        try:
            with db.write(self.conn) as conn:
                yield conn
                if undone:
                    raise Undone
        except Undone:
            pass

    def rows(self, *states: State) -> list[int]:
        return [
            row[0]
            for state in states
            for row in self.conn.execute("SELECT id FROM outbox WHERE state = ? ORDER BY id", (state,))
        ]

    def names(self, pick: int, most: int) -> list[str]:
        rows = self.conn.execute("SELECT instance_id FROM outbox ORDER BY id").fetchall()
        return [row[0] for row in (rows[pick % len(rows) :] if rows else [])][:most]

    @precondition(lambda self: self.number < 12)
    @rule(kind=KINDS, size=st.integers(1, 300_000), undone=st.booleans())
    def put_in(self, kind: Kind, size: int, undone: bool) -> None:
        self.number += 1
        made = parcel(instance_id=f"uuid:{self.number}", photos=0)
        if kind is not Kind.DOSSIER:
            xml = (
                f'<data id="f" version="1"><meta><instanceID>uuid:{self.number}</instanceID></meta>'
                f"{' ' * size}</data>"
            ).encode()
            made = Parcel(f"uuid:{self.number}", "f", "1", "", "Mẫu", xml, (), kind=kind, plain=True)
        with self.use(undone):
            for _ in range(2):
                outbox.add(self.conn, made, moment=self.clock.read())

    @rule(undone=st.booleans())
    def take_whose_turn_it_is(self, undone: bool) -> None:
        found = leases.candidate(self.conn, self.clock.read())
        with self.use(undone):
            if found is not None:
                assert leases.take(self.conn, found.row_id) is not None
                self.taken += not undone
            assert leases.take(self.conn, 10_000) is None

    @rule(
        how=st.sampled_from(["sent", "again", "wait", "hold"]),
        reason=st.sampled_from(REASONS),
        office=st.sampled_from(OFFICES),
        undone=st.booleans(),
    )
    def what_is_in_hand_ends(self, how: str, reason: str, office: str, undone: bool) -> None:
        now = self.clock.read()
        ends: dict[str, Callable[[int], object]] = {
            "sent": lambda row: leases.sent(self.conn, row, now),
            "again": lambda row: leases.again(self.conn, row, Retry(None, counted=False), now),
            "wait": lambda row: leases.again(self.conn, row, Retry("relay.cut", delay_s=90), now),
            "hold": lambda row: leases.hold(self.conn, row, reason, "", office),
        }
        # Whoever is too late, because an answer by hand was quicker, changes nothing.
        with self.use(undone):
            for row in (*self.rows(State.SENDING)[:1], *self.rows(State.SENT, State.HELD, State.QUEUED)[:2]):
                ends[how](row)

    @rule(undone=st.booleans())
    def a_courier_died(self, undone: bool) -> None:
        with self.use(undone):
            leases.recover(self.conn)

    @rule(reason=st.sampled_from(REASONS), office=st.sampled_from(OFFICES), undone=st.booleans())
    def the_door_is_shut(self, reason: str, office: str, undone: bool) -> None:
        with self.use(undone):
            rows = leases.due(self.conn, self.clock.read(), most=3)
            leases.hold_at_door(self.conn, rows, reason, office)

    @rule(office=st.sampled_from(OFFICES), force=st.booleans(), undone=st.booleans())
    def the_door_opens_and_waiting_is_over(self, office: str, force: bool, undone: bool) -> None:
        with self.use(undone):
            leases.open_door(self.conn, office, leases.ACCESS)
            leases.ripen(self.conn, self.clock.read(), force=force)

    @rule(pick=st.integers(0, 20), reason=st.sampled_from(REASONS), one=st.booleans())
    def a_person_lets_go(self, pick: int, reason: str, one: bool) -> None:
        if not one:
            held.release_all(self.conn, reason)
        for name in self.names(pick, 1) if one else ():
            try:
                outbox.release(self.conn, name)
            except Conflict:
                assert outbox.state(self.conn, name).state is not State.HELD
        outbox.hurry(self.conn)

    @rule(pick=st.integers(0, 20), refused=st.booleans(), undone=st.booleans())
    def an_answer_comes_by_hand(self, pick: int, refused: bool, undone: bool) -> None:
        now = self.clock.read()
        with self.use(undone):
            for row in self.rows(*State)[pick : pick + 2]:
                if refused:
                    leases.refused_by_hand(self.conn, row, "relay.no_form", "")
                else:
                    leases.received_by_hand(self.conn, row, now)

    @rule(pick=st.integers(0, 20), undone=st.booleans())
    def one_is_taken_back(self, pick: int, undone: bool) -> None:
        for name in self.names(pick, 1):
            with self.use(undone):
                stands = outbox.state(self.conn, name).state
                try:
                    outbox.withdraw(self.conn, name, self.clock.read())
                except Conflict:
                    assert stands in (State.SENT, State.SENDING)

    @rule(pick=st.integers(0, 20), undone=st.booleans())
    def bytes_are_erased(self, pick: int, undone: bool) -> None:
        with self.use(undone):
            outbox.erase(self.conn, self.names(pick, 3), moment=self.clock.read())

    @rule(seconds=st.sampled_from([1, 100, 100_000, -100, -10_000_000]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @invariant()
    def the_counts_are_those_of_all_rows(self) -> None:
        counted = self.conn.execute(
            "SELECT kind, state, count(*), sum(size) FROM outbox GROUP BY kind, state"
        )
        kept = self.conn.execute(
            "SELECT kind, state, parcels, bytes FROM outbox_counts WHERE parcels OR bytes"
        )
        assert sorted(map(tuple, kept)) == sorted(map(tuple, counted))

    @invariant()
    def what_is_told_is_what_is_there(self) -> None:
        seen = [one for one in outbox.listing(self.conn) if one.kind is not Kind.REPORT]
        going = [one for one in seen if one.state in (State.QUEUED, State.SENDING)]
        oldest = min((one.added_at for one in going), default=None)
        assert outbox.waiting(self.conn) == outbox.Waiting(len(going), sum(one.size for one in going), oldest)
        there = [one.state for one in seen]
        assert outbox.counts(self.conn) == outbox.Counts(
            len(going), there.count(State.HELD), there.count(State.SENT)
        )
        assert sum(outbox.standing(self.conn, tuple(State))) == len(self.rows(*State))

    @invariant()
    def turns_are_counted_as_they_are_taken(self) -> None:
        row = self.conn.execute("SELECT taken FROM outbox_turns").fetchone()
        assert (row[0] if row else 0) == self.taken


Books.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestBooks = Books.TestCase
