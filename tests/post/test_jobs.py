"""Papers to print: added with what they belong to, printed once, asked about when nobody knows."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from devices.slip import Slip, Text
from hub.base import db, migrate, scrub
from hub.base.errors import Conflict, Missing
from hub.post import forgetting, jobs, printing
from tests.fakes import FakeClock

SLIP = Slip((Text("Số 12"),))


def _add(
    conn: sqlite3.Connection, clock: FakeClock, kind: jobs.Kind = jobs.Kind.TICKET, subject: str = "ticket:1"
) -> int:
    return jobs.add(conn, kind, SLIP, moment=clock.read(), subject=subject)


def _take(conn: sqlite3.Connection) -> printing.Lease:
    lease = printing.take(conn, "bench-1")
    assert lease is not None
    return lease


def test_a_job_comes_and_goes_with_the_transaction_it_was_added_in(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    with pytest.raises(ZeroDivisionError), db.write(conn):
        _add(conn, clock)
        raise ZeroDivisionError
    assert jobs.waiting(conn) == ()
    job_id = _add(conn, clock)
    assert [job.id for job in jobs.waiting(conn)] == [job_id]
    assert jobs.slip(conn, job_id) == SLIP


def test_papers_of_a_subject_come_newest_first(conn: sqlite3.Connection, clock: FakeClock) -> None:
    first, other, second = (_add(conn, clock, subject=f"ticket:{n}") for n in (1, 2, 1))
    assert [job.id for job in jobs.for_subject(conn, "ticket:1")] == [second, first]
    assert [job.id for job in jobs.latest(conn)] == [second, other, first]


def test_tickets_go_before_other_papers_and_the_oldest_first(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    receipt = _add(conn, clock, jobs.Kind.RECEIPT, "dossier:a")
    first, second = _add(conn, clock), _add(conn, clock)
    order = []
    while (lease := printing.take(conn, "bench-1")) is not None:
        order.append(lease.id)
        printing.done(conn, lease.id, moment=clock.read(), confirmed=True)
    assert order == [first, second, receipt]


def test_a_printed_paper_is_done_and_says_when(conn: sqlite3.Connection, clock: FakeClock) -> None:
    job_id = _add(conn, clock)
    lease = _take(conn)
    assert jobs.get(conn, job_id).state is jobs.State.LEASED
    printing.first_byte(conn, lease.id, moment=clock.read())
    clock.advance(2)
    printing.done(conn, lease.id, moment=clock.read(), confirmed=True)
    job = jobs.get(conn, job_id)
    assert (job.state, job.copy, job.attempts, job.done_at) == (jobs.State.DONE, False, 1, clock.at)
    assert printing.take(conn, "bench-1") is None


@pytest.mark.parametrize("kind", list(jobs.Kind))
def test_a_crash_before_the_first_byte_brings_the_paper_again_unmarked(
    conn: sqlite3.Connection, clock: FakeClock, kind: jobs.Kind
) -> None:
    _add(conn, clock, kind)
    _take(conn)
    assert printing.recover(conn, moment=clock.read()) == printing.Recovered(again=1, copies=0, asked=0)
    assert not _take(conn).copy


@pytest.mark.parametrize("kind", [jobs.Kind.TICKET, jobs.Kind.CHECKLIST, jobs.Kind.TEST])
def test_a_crash_after_the_first_byte_brings_a_ticket_again_as_a_copy(
    conn: sqlite3.Connection, clock: FakeClock, kind: jobs.Kind
) -> None:
    _add(conn, clock, kind)
    printing.first_byte(conn, _take(conn).id, moment=clock.read())
    assert printing.recover(conn, moment=clock.read()) == printing.Recovered(again=0, copies=1, asked=0)
    assert _take(conn).copy


@pytest.mark.parametrize("kind", [jobs.Kind.RECEIPT, jobs.Kind.OTHER])
def test_a_crash_after_the_first_byte_asks_a_guide_about_a_receipt(
    conn: sqlite3.Connection, clock: FakeClock, kind: jobs.Kind
) -> None:
    job_id = _add(conn, clock, kind)
    printing.first_byte(conn, _take(conn).id, moment=clock.read())
    assert printing.recover(conn, moment=clock.read()) == printing.Recovered(again=0, copies=0, asked=1)
    assert [job.id for job in jobs.asking(conn)] == [job_id]
    assert printing.take(conn, "bench-1") is None


def _asked(conn: sqlite3.Connection, clock: FakeClock) -> int:
    job_id = _add(conn, clock, jobs.Kind.RECEIPT, "dossier:a")
    printing.first_byte(conn, _take(conn).id, moment=clock.read())
    printing.recover(conn, moment=clock.read())
    return job_id


def test_a_guide_who_saw_the_receipt_ends_the_question(conn: sqlite3.Connection, clock: FakeClock) -> None:
    job_id = _asked(conn, clock)
    assert jobs.answer_printed(conn, job_id, True, clock.read()).state is jobs.State.DONE
    assert printing.take(conn, "bench-1") is None


def test_a_guide_who_did_not_see_it_gets_a_marked_copy(conn: sqlite3.Connection, clock: FakeClock) -> None:
    job_id = _asked(conn, clock)
    job = jobs.answer_printed(conn, job_id, False, clock.read())
    assert (job.state, job.copy) == (jobs.State.QUEUED, True)
    assert _take(conn).copy


def test_a_guide_who_is_certain_that_nothing_came_out_gets_an_unmarked_one(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    job_id = _asked(conn, clock)
    assert not jobs.answer_printed(conn, job_id, False, clock.read(), certain=True).copy


def test_the_second_of_two_guides_hears_that_the_question_is_answered(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    job_id = _asked(conn, clock)
    jobs.answer_printed(conn, job_id, True, clock.read())
    with pytest.raises(Conflict) as told:
        jobs.answer_printed(conn, job_id, False, clock.read())
    assert told.value.key == "printing.answered"
    with pytest.raises(Missing):
        jobs.answer_printed(conn, 999, True, clock.read())


def test_a_fault_before_the_first_byte_waits_with_its_reason_and_comes_again_unmarked(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    job_id = _add(conn, clock)
    assert printing.fault(conn, _take(conn).id, "printing.no_paper", moment=clock.read()) is jobs.State.STUCK
    job = jobs.get(conn, job_id)
    assert (job.reason_key, job.retry) == ("printing.no_paper", True)
    assert printing.restate(conn, "printing.offline") == 1
    assert jobs.get(conn, job_id).reason_key == "printing.offline"
    assert not _take(conn).copy


def test_a_fault_after_the_first_byte_counts_as_perhaps_printed(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    ticket = _add(conn, clock)
    printing.first_byte(conn, _take(conn).id, moment=clock.read())
    assert printing.fault(conn, ticket, "printing.no_paper", moment=clock.read()) is jobs.State.STUCK
    assert jobs.get(conn, ticket).copy
    printing.done(conn, _take(conn).id, moment=clock.read(), confirmed=True)
    receipt = _add(conn, clock, jobs.Kind.RECEIPT, "dossier:a")
    printing.first_byte(conn, _take(conn).id, moment=clock.read())
    assert printing.fault(conn, receipt, "printing.offline", moment=clock.read()) is jobs.State.ASK
    assert jobs.get(conn, receipt).reason_key == "printing.offline"


def test_a_printer_that_eats_tickets_is_stopped_by_a_question(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    job_id = _add(conn, clock)
    ends = []
    for _ in range(printing.MOST_TOUCHED):
        printing.first_byte(conn, _take(conn).id, moment=clock.read())
        ends.append(printing.fault(conn, job_id, "printing.offline", moment=clock.read()))
    assert ends == [jobs.State.STUCK] * (printing.MOST_TOUCHED - 1) + [jobs.State.ASK]


def test_a_broken_slip_steps_aside_until_a_person_says_again(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    bad, good = _add(conn, clock), _add(conn, clock)
    printing.broken(conn, _take(conn).id, moment=clock.read())
    assert [job.id for job in jobs.stuck(conn)] == [bad]
    assert _take(conn).id == good
    printing.done(conn, good, moment=clock.read(), confirmed=True)
    assert not printing.due(conn)
    jobs.retry(conn, bad, moment=clock.read())
    assert _take(conn).id == bad


def test_a_paper_under_suspicion_waits_behind_the_others(conn: sqlite3.Connection, clock: FakeClock) -> None:
    suspect, good = _add(conn, clock), _add(conn, clock)
    printing.fault(conn, _take(conn).id, "printing.unsupported", moment=clock.read())
    assert _take(conn).id == good
    assert printing.restate(conn, "printing.offline") == 0
    assert _take(conn).id == suspect


def test_only_an_ended_paper_is_printed_again_and_then_as_a_copy(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    job_id = _add(conn, clock)
    with pytest.raises(Conflict):
        jobs.again(conn, job_id, why=jobs.Why.TORN, moment=clock.read())
    printing.done(conn, _take(conn).id, moment=clock.read(), confirmed=True)
    copy = jobs.get(conn, jobs.again(conn, job_id, why=jobs.Why.TORN, moment=clock.read()))
    assert (copy.copy, copy.subject, copy.kind) == (True, "ticket:1", jobs.Kind.TICKET)


def test_a_job_in_hand_cannot_be_cancelled_but_a_waiting_one_can(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    first, second = _add(conn, clock), _add(conn, clock)
    _take(conn)
    with pytest.raises(Conflict):
        jobs.cancel(conn, first, moment=clock.read())
    assert jobs.cancel(conn, second, moment=clock.read()).state is jobs.State.CANCELLED
    with pytest.raises(Conflict):
        jobs.retry(conn, second, moment=clock.read())


def test_old_papers_are_forgotten_and_young_ones_are_not(conn: sqlite3.Connection, clock: FakeClock) -> None:
    done = _add(conn, clock)
    printing.done(conn, _take(conn).id, moment=clock.read(), confirmed=True)
    waited = _add(conn, clock)
    clock.advance(8 * 86_400)
    before = clock.at
    open_one = _add(conn, clock)
    assert forgetting.forget(conn, before=before, moment=clock.read()) == 2
    assert jobs.get(conn, done).state is jobs.State.DONE
    assert jobs.get(conn, waited).state is jobs.State.CANCELLED
    with pytest.raises(Missing):
        jobs.slip(conn, done)
    with pytest.raises(Missing):
        jobs.again(conn, done, why=jobs.Why.TORN, moment=clock.read())
    assert jobs.slip(conn, open_one) == SLIP and jobs.get(conn, open_one).state is jobs.State.QUEUED


def test_a_paper_in_the_printers_hand_is_not_given_up_however_old(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    _add(conn, clock)
    held = _take(conn).id
    clock.advance(30 * 86_400)
    assert forgetting.forget(conn, before=clock.at, moment=clock.read()) == 0
    assert jobs.get(conn, held).state is jobs.State.LEASED and jobs.slip(conn, held) == SLIP


@pytest.mark.parametrize("ending", ["printed", "cancelled", "said to be out"])
def test_a_paper_with_a_name_on_it_is_forgotten_the_moment_it_ends(
    conn: sqlite3.Connection, clock: FakeClock, ending: str
) -> None:
    now = clock.read()
    plain = _add(conn, clock)
    printing.done(conn, _take(conn).id, moment=now, confirmed=True)
    named = jobs.add(conn, jobs.Kind.OTHER, SLIP, moment=now, subject="certificate:1", private=True)
    assert jobs.slip(conn, named) == SLIP, "it still has to be printed"
    if ending == "cancelled":
        jobs.cancel(conn, named, moment=clock.read())
    else:
        assert _take(conn).id == named
        if ending == "printed":
            printing.done(conn, named, moment=now, confirmed=True)
        else:
            printing.first_byte(conn, named, moment=now)
            assert printing.fault(conn, named, "printing.offline", moment=clock.read()) is jobs.State.ASK
            assert jobs.slip(conn, named) == SLIP, "a guide may say that it did not come out"
            jobs.answer_printed(conn, named, True, now)
    with pytest.raises(Missing, match="forgotten"):
        jobs.again(conn, named, why=jobs.Why.TORN, moment=now)
    assert jobs.slip(conn, plain) == SLIP
    assert scrub.due(conn) and scrub.scrub(conn) and not scrub.due(conn)


def test_doubtful_times_are_corrected_once_the_true_one_is_known(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    clock.trusted = False
    job_id = _add(conn, clock)
    clock.advance(10)
    printing.done(conn, _take(conn).id, moment=clock.read(), confirmed=True)
    assert jobs.settle_doubts(conn, clock.read()) == 0
    wrong = clock.at
    clock.at, clock.trusted = wrong.replace(year=2027), True
    assert jobs.settle_doubts(conn, clock.read()) == 1
    job = jobs.get(conn, job_id)
    assert job.done_at == clock.at
    assert (job.done_at - job.created_at).total_seconds() == 10
    assert jobs.settle_doubts(conn, clock.read()) == 0


def test_every_change_wakes_the_pages_that_poll(conn: sqlite3.Connection, clock: FakeClock) -> None:
    before = db.version(conn, jobs.TOPIC)
    _add(conn, clock)
    printing.done(conn, _take(conn).id, moment=clock.read(), confirmed=True)
    assert db.version(conn, jobs.TOPIC) == before + 3


class Papers(RuleBasedStateMachine):
    """A bench that crashes and a printer that fails, in any order, over papers of every kind."""

    @initialize()
    def open(self) -> None:
        self.conn = sqlite3.connect(":memory:", isolation_level=None)
        self.conn.row_factory = sqlite3.Row
        migrate.migrate(self.conn)
        self.clock = FakeClock()
        self.kinds: dict[int, jobs.Kind] = {}
        self.perhaps_out: dict[int, int] = {}
        self.asked: dict[int, int] = {}
        self.lease: printing.Lease | None = None
        self.byte_left = False

    def teardown(self) -> None:
        if hasattr(self, "conn"):
            self.conn.close()

    @rule(kind=st.sampled_from(list(jobs.Kind)))
    def add(self, kind: jobs.Kind) -> None:
        job_id = jobs.add(self.conn, kind, SLIP, moment=self.clock.read(), subject="x")
        self.kinds[job_id] = kind
        self.perhaps_out[job_id] = self.asked[job_id] = 0

    @precondition(lambda self: self.lease is None)
    @rule()
    def take(self) -> None:
        self.lease = printing.take(self.conn, "bench-1")
        self.byte_left = False
        if self.lease is not None:
            out = self.perhaps_out[self.lease.id]
            assert self.lease.copy == (out > 0), "a paper after the first carries the mark, the first never"
            if self.kinds[self.lease.id].asks:
                assert out <= self.asked[self.lease.id], "a receipt comes again only when a guide said so"

    @precondition(lambda self: self.lease is not None and not self.byte_left)
    @rule()
    def first_byte(self) -> None:
        assert self.lease is not None
        printing.first_byte(self.conn, self.lease.id, moment=self.clock.read())
        self.byte_left = True
        self.perhaps_out[self.lease.id] += 1

    @precondition(lambda self: self.lease is not None and self.byte_left)
    @rule()
    def end_well(self) -> None:
        assert self.lease is not None
        printing.done(self.conn, self.lease.id, moment=self.clock.read(), confirmed=True)
        self.lease = None

    @precondition(lambda self: self.lease is not None)
    @rule(reason=st.sampled_from(["printing.no_paper", "printing.offline", "printing.unsupported"]))
    def fail(self, reason: str) -> None:
        assert self.lease is not None
        printing.fault(self.conn, self.lease.id, reason, moment=self.clock.read())
        self.lease = None

    @rule()
    def crash(self) -> None:
        found = printing.recover(self.conn, moment=self.clock.read())
        assert (found.again + found.copies + found.asked) == (self.lease is not None)
        self.lease = None

    @precondition(lambda self: jobs.asking(self.conn))
    @rule(printed=st.booleans())
    def answer(self, printed: bool) -> None:
        job = jobs.asking(self.conn)[0]
        jobs.answer_printed(self.conn, job.id, printed, self.clock.read())
        self.asked[job.id] += 1

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "conn"):
            return
        states = {job.id: job.state for job in jobs.latest(self.conn, 10_000)}
        assert states.keys() == self.kinds.keys()
        leased = [job_id for job_id, state in states.items() if state is jobs.State.LEASED]
        assert leased == ([self.lease.id] if self.lease else [])
        for job_id, state in states.items():
            if state is jobs.State.DONE:
                assert self.perhaps_out[job_id] >= 1


TestPapers = Papers.TestCase
TestPapers.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_a_bench_that_died_in_another_process_is_recovered_from_the_file(
    database: Path, clock: FakeClock
) -> None:
    conn = db.connect(database)
    _add(conn, clock)
    printing.first_byte(conn, _take(conn).id, moment=clock.read())
    conn.close()
    again = db.connect(database)
    assert printing.recover(again, moment=clock.read()).copies == 1
    again.close()
