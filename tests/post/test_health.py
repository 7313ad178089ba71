"""Snapshots of devices and orders to them."""

from __future__ import annotations

import sqlite3

import pytest

from devices.ports import State, Status
from hub.base.errors import Missing, Refused
from hub.post import health, orders
from tests.fakes import FakeClock


def _tell(
    conn: sqlite3.Connection,
    clock: FakeClock,
    state: State,
    *,
    detail: str = "",
    simulated: bool = True,
    hangs: bool = False,
    last_job: int | None = None,
    looked: bool = True,
) -> None:
    kind = "simulator" if simulated else "network"
    told = health.Told("printer", kind, simulated, Status(state, detail), hangs, last_job, looked)
    health.report(conn, (told,), moment=clock.read())


def _state(conn: sqlite3.Connection, clock: FakeClock) -> str:
    found = health.one(conn, "printer", clock.read())
    assert found is not None
    return found.state


def test_a_device_nobody_told_of_is_not_there(conn: sqlite3.Connection, clock: FakeClock) -> None:
    assert health.all(conn, clock.read()) == ()
    assert health.one(conn, "printer", clock.read()) is None


def test_one_missed_answer_is_no_fault_and_the_third_in_a_row_is(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    _tell(conn, clock, State.READY)
    seen = []
    for state in (State.OFFLINE, State.OFFLINE, State.READY, State.OFFLINE, State.OFFLINE, State.OFFLINE):
        clock.advance(1)
        _tell(conn, clock, state)
        seen.append(_state(conn, clock))
    assert seen == ["ready"] * 5 + ["offline"]


def test_telling_again_without_asking_misses_no_answer(conn: sqlite3.Connection, clock: FakeClock) -> None:
    _tell(conn, clock, State.READY)
    for _ in range(5):
        _tell(conn, clock, State.OFFLINE, looked=False)
    assert _state(conn, clock) == "ready"


def test_a_device_that_never_answered_is_unknown_before_it_is_offline(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    _tell(conn, clock, State.OFFLINE)
    assert _state(conn, clock) == "unknown"
    _tell(conn, clock, State.OFFLINE)
    _tell(conn, clock, State.OFFLINE)
    assert _state(conn, clock) == "offline"


def test_other_faults_are_told_at_once_with_the_time_since(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    _tell(conn, clock, State.READY, last_job=7)
    clock.advance(5)
    _tell(conn, clock, State.NO_PAPER, detail="paper end")
    since = clock.at
    clock.advance(5)
    _tell(conn, clock, State.NO_PAPER, detail="paper end")
    snapshot = health.one(conn, "printer", clock.read())
    assert snapshot is not None
    assert (snapshot.state, snapshot.detail, snapshot.since_at, snapshot.seen_at, snapshot.last_job) == (
        "no_paper",
        "paper end",
        since,
        clock.at,
        7,
    )


def test_a_device_that_hangs_is_told_so_whatever_it_said_last(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    _tell(conn, clock, State.READY, hangs=True)
    assert _state(conn, clock) == health.HANGS


def test_the_word_of_a_dead_bench_goes_stale(conn: sqlite3.Connection, clock: FakeClock) -> None:
    _tell(conn, clock, State.READY)
    clock.advance(health.STALE_S - 1)
    assert _state(conn, clock) == "ready"
    clock.advance(1)
    assert _state(conn, clock) == "unknown"
    _tell(conn, clock, State.READY)
    clock.reboot()
    assert _state(conn, clock) == "unknown"


def test_an_order_waits_for_the_bench_and_keeps_its_outcome(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    _tell(conn, clock, State.READY)
    order_id = orders.order(conn, "printer", orders.Action.FAULT, "paper_out", moment=clock.read())
    (due,) = orders.due(conn, "printer", clock.read())
    assert (due.id, due.action, due.value) == (order_id, orders.Action.FAULT, "paper_out")
    assert orders.due(conn, "speaker", clock.read()) == ()
    orders.ended(conn, order_id, orders.State.FAILED, "no such fault")
    assert orders.due(conn, "printer", clock.read()) == ()
    latest = orders.latest(conn, "printer")
    assert latest is not None and (latest.state, latest.detail) == (orders.State.FAILED, "no such fault")
    assert orders.latest(conn, "panel") is None


def test_an_old_order_is_set_aside(conn: sqlite3.Connection, clock: FakeClock) -> None:
    order_id = orders.order(conn, "printer", orders.Action.TEST, moment=clock.read())
    clock.advance(orders.TTL_S)
    assert orders.due(conn, "printer", clock.read()) == ()
    assert orders.get(conn, order_id).state is orders.State.STALE


def test_a_real_device_can_be_tested_but_not_broken(conn: sqlite3.Connection, clock: FakeClock) -> None:
    _tell(conn, clock, State.READY, simulated=False)
    assert orders.order(conn, "printer", orders.Action.TEST, moment=clock.read())
    for action, value in ((orders.Action.FAULT, "jam"), (orders.Action.MEND, "")):
        with pytest.raises(Refused) as told:
            orders.order(conn, "printer", action, value, moment=clock.read())
        assert told.value.key == "devices.not_simulated"


@pytest.mark.parametrize(
    ("device", "action", "value"),
    [
        ("printer", orders.Action.PRESS, "ticket"),
        ("panel", orders.Action.PRESS, ""),
        ("speaker", orders.Action.FAULT, "paper_out"),
    ],
)
def test_an_order_without_sense_is_refused(
    conn: sqlite3.Connection, clock: FakeClock, device: str, action: orders.Action, value: str
) -> None:
    _tell(conn, clock, State.READY)
    with pytest.raises(Refused) as told:
        orders.order(conn, device, action, value, moment=clock.read())
    assert told.value.key == "devices.no_sense"


def test_an_order_to_no_device_is_missing(conn: sqlite3.Connection, clock: FakeClock) -> None:
    with pytest.raises(Missing):
        orders.order(conn, "toaster", orders.Action.TEST, moment=clock.read())
    with pytest.raises(Missing):
        orders.get(conn, 1)


def test_only_the_last_hundred_ended_orders_are_kept(conn: sqlite3.Connection, clock: FakeClock) -> None:
    _tell(conn, clock, State.READY)
    for _ in range(105):
        orders.ended(
            conn, orders.order(conn, "printer", orders.Action.MEND, moment=clock.read()), orders.State.DONE
        )
    assert conn.execute("SELECT count(*) FROM orders").fetchone()[0] <= 101


def test_orders_that_nobody_carries_out_do_not_pile_up(conn: sqlite3.Connection, clock: FakeClock) -> None:
    for _ in range(105):
        last = orders.order(conn, "scanner", orders.Action.TEST, moment=clock.read())
    assert conn.execute("SELECT count(*) FROM orders").fetchone()[0] == 100
    assert orders.get(conn, last).state is orders.State.OPEN
