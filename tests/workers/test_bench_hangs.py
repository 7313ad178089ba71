"""Drivers that hang, raise what they may not, lie or leak: each is sick alone, and the bench goes on."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from devices.ports import DeviceError, SlipPrinter, State, Status
from devices.slip import Slip, Text
from hub.base.house import House
from hub.post import choices, health, jobs, orders, signals
from hub.workers import bench_keeper, bench_printing, bench_slot
from hub.workers.bench_slot import Abandoned, Slot
from tests.workers.house import issue, made, noted, papers, running, until


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_keeper, "LET_GO_S", 0.2)


@pytest.fixture
def house(tmp_path: Path) -> House:
    made_house = made(tmp_path / "data")
    # As short as a printer may be given: the tests wait for it to hang.
    config = dataclasses.replace(made_house.settings.printer, timeout_s=1.0)
    return dataclasses.replace(
        made_house, settings=msgspec.structs.replace(made_house.settings, printer=config)
    )


class Driver(SlipPrinter):
    """A printer whose every ability is what a test makes it."""

    width = 384

    def __init__(
        self,
        prints: Callable[[Slip, Callable[[], None]], None] | None = None,
        status: Callable[[], object] | None = None,
        close: Callable[[], None] | None = None,
    ) -> None:
        self._prints = prints
        self._status = status
        self._close = close

    def print(self, slip: Slip, *, on_first_byte: Callable[[], None] | None = None) -> bool:
        if self._prints is not None:
            self._prints(slip, on_first_byte or (lambda: None))
        return True

    def status(self) -> Status:
        return self._status() if self._status is not None else Status(State.READY)  # type: ignore[return-value]

    def close(self) -> None:
        if self._close is not None:
            self._close()


class Pipe:
    """A read in C that comes back only when somebody writes: nothing in Python can interrupt it."""

    def __init__(self) -> None:
        self._out, self._in = os.pipe()
        self.waiting = threading.Event()

    def wait(self) -> None:
        self.waiting.set()
        os.read(self._out, 1)

    def let_go(self) -> None:
        os.write(self._in, b"x" * 8)

    def close(self) -> None:
        os.close(self._out)
        os.close(self._in)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.let_go()
    # Whoever still reads has its byte: closing under a reader would leave it there for ever.
    time.sleep(0.05)
    pipe.close()


def _with(house: House, opener: Callable[[], SlipPrinter]) -> House:
    return dataclasses.replace(house, ports=dataclasses.replace(house.ports, printer=opener))


def _state(conn: sqlite3.Connection, house: House, name: str = "printer") -> str:
    return {one.name: one.state for one in health.all(conn, house.clock.read())}.get(name, "")


def _ends(conn: sqlite3.Connection, ticket_id: int, state: jobs.State, seconds: float = 8) -> jobs.Job:
    until(lambda: jobs.for_subject(conn, f"ticket:{ticket_id}")[0].state is state, seconds)
    return jobs.for_subject(conn, f"ticket:{ticket_id}")[0]


def test_a_printer_that_hangs_in_c_is_given_up_and_the_next_opening_prints(
    house: House, conn: sqlite3.Connection, pipe: Pipe
) -> None:
    opened: list[SlipPrinter] = []

    def opener() -> SlipPrinter:
        opened.append(Driver(lambda *_: pipe.wait()) if not opened else house.ports.printer())
        return opened[-1]

    ticket = issue(conn, house)
    with running(_with(house, opener), grace_s=0.0):
        assert pipe.waiting.wait(5)
        until(lambda: _state(conn, house) == "hangs")
        # Meanwhile nobody else waits.
        signals.chirp(conn, "call", moment=house.clock.read(), ttl_s=5)
        until(lambda: noted(house, "panel.json", "buzzes"))
        assert _state(conn, house, "speaker") == "ready"
        _ends(conn, ticket.id, jobs.State.DONE)
        until(lambda: _state(conn, house) == "ready")
        assert len(papers(house)) == 1 and len(opened) == 2
        pipe.let_go()


def test_closing_the_device_under_a_call_is_tried_first_and_mostly_helps(
    house: House, conn: sqlite3.Connection
) -> None:
    closed = threading.Event()

    def prints(_: Slip, __: Callable[[], None]) -> None:
        assert closed.wait(20)
        raise DeviceError("closed under the call")

    opened: list[SlipPrinter] = []

    def opener() -> SlipPrinter:
        opened.append(house.ports.printer() if opened else Driver(prints, close=closed.set))
        return opened[-1]

    ticket = issue(conn, house)
    with running(_with(house, opener), grace_s=0.0):
        _ends(conn, ticket.id, jobs.State.DONE)
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("bench-printer") == 1
    assert len(papers(house)) == 1


def test_who_comes_back_after_it_was_given_up_touches_no_paper(
    house: House, conn: sqlite3.Connection, pipe: Pipe
) -> None:
    printed: list[str] = []
    back = threading.Event()

    def late(_: Slip, first_byte: Callable[[], None]) -> None:
        pipe.wait()
        try:
            first_byte()
            printed.append("late")
        finally:
            back.set()

    opened: list[SlipPrinter] = []

    def opener() -> SlipPrinter:
        opened.append(house.ports.printer() if opened else Driver(late))
        return opened[-1]

    ticket = issue(conn, house)
    with running(_with(house, opener), grace_s=0.0):
        done = _ends(conn, ticket.id, jobs.State.DONE)
        pipe.let_go()
        assert back.wait(5)
        until(lambda: [t.name for t in threading.enumerate()].count("bench-printer") == 1)
        assert printed == [] and not done.copy
        assert _ends(conn, ticket.id, jobs.State.DONE).attempts == 2
    assert len(papers(house)) == 1


def test_a_device_that_hangs_each_time_is_given_up_only_so_often(
    house: House, conn: sqlite3.Connection, pipe: Pipe
) -> None:
    opened = []

    def opener() -> SlipPrinter:
        opened.append(1)
        return Driver(lambda *_: pipe.wait())

    issue(conn, house)
    with running(_with(house, opener), grace_s=-0.7):
        until(lambda: len(opened) == bench_keeper.MOST_GIVEN_UP + 1, 10)
        # Longer than it takes to hang and to be given up once more.
        time.sleep(1.0)
        assert len(opened) == bench_keeper.MOST_GIVEN_UP + 1
        assert _state(conn, house) == "hangs" and _state(conn, house, "panel") == "ready"
        pipe.let_go()


@pytest.mark.parametrize(
    "raised", [SystemExit, KeyboardInterrupt, GeneratorExit, MemoryError, RecursionError]
)
def test_whatever_a_driver_raises_it_is_sick_alone_and_comes_back(
    house: House, conn: sqlite3.Connection, raised: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_printing, "_LOOK_SICK_S", 0.5)
    monkeypatch.setattr(bench_slot, "_OPEN_FIRST_S", 0.5)
    tries = []

    def status() -> Status:
        tries.append(1)
        if len(tries) == 1:
            raise raised("a driver's own idea")
        return Status(State.READY)

    with running(_with(house, lambda: Driver(status=status))):
        until(lambda: _state(conn, house) == "broken")
        assert [t.name for t in threading.enumerate()].count("bench-printer") == 1
        until(lambda: _state(conn, house) == "ready", 8)


@pytest.mark.parametrize("junk", [None, "ready", 7, object(), State.READY])
def test_a_status_that_is_none_is_a_broken_device(
    house: House, conn: sqlite3.Connection, junk: object
) -> None:
    with running(_with(house, lambda: Driver(status=lambda: junk))):
        until(lambda: _state(conn, house) == "broken")
        until(lambda: _state(conn, house, "panel") == "ready")


def test_a_driver_that_leaks_at_each_opening_is_opened_less_and_less_often(
    house: House, conn: sqlite3.Connection
) -> None:
    leaked: list[int] = []

    def opener() -> SlipPrinter:
        leaked.append(os.open(os.devnull, os.O_RDONLY))
        raise RuntimeError("and the file stays open")

    try:
        with running(_with(house, opener)):
            until(lambda: _state(conn, house) == "unsupported")
            time.sleep(1.5)
            assert _state(conn, house) == "unsupported"
            assert len(leaked) <= 2
    finally:
        for number in leaked:
            os.close(number)


def test_an_order_to_a_hanging_device_grows_old_and_says_so(
    house: House, conn: sqlite3.Connection, pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "TTL_S", 0.5)
    issue(conn, house)
    opened: list[SlipPrinter] = []

    def opener() -> SlipPrinter:
        opened.append(house.ports.printer() if opened else Driver(lambda *_: pipe.wait()))
        return opened[-1]

    with running(_with(house, opener), grace_s=0.0):
        assert pipe.waiting.wait(5)
        number = orders.order(conn, "printer", orders.Action.TEST, moment=house.clock.read())
        until(lambda: orders.get(conn, number).state is orders.State.STALE, 8)


def test_a_call_that_came_back_is_not_given_up() -> None:
    slot: Slot[Driver] = Slot("printer", "network", Driver, hang_s=1)
    assert slot.look().state is State.READY
    assert not slot.abandon()
    assert slot.look().state is State.READY


def test_a_new_call_is_not_given_up_for_the_one_that_hung_before_it() -> None:
    slot: Slot[Driver] = Slot("printer", "network", Driver, hang_s=30)
    slot.alive()
    assert slot.busy and not slot.hangs()
    assert not slot.abandon()
    slot.alive()


def test_a_device_between_two_calls_is_not_closed_under_the_next() -> None:
    closed: list[bool] = []
    slot: Slot[Driver] = Slot(
        "printer", "network", lambda: Driver(close=lambda: closed.append(True)), hang_s=0
    )
    assert slot.look().state is State.READY
    before = threading.active_count()
    slot.shake()
    assert threading.active_count() == before and slot.look().state is State.READY and closed == []


@pytest.mark.parametrize("hangs_in", ["opening", "status"])
def test_who_comes_back_late_leaves_the_device_closed_and_unasked(hangs_in: str, pipe: Pipe) -> None:
    seen: list[str] = []
    ended: list[type[BaseException]] = []

    def status() -> Status:
        seen.append("asked")
        if hangs_in == "status":
            pipe.wait()
        return Status(State.READY)

    def opener() -> Driver:
        if hangs_in == "opening":
            pipe.wait()
        return Driver(status=status, close=lambda: seen.append("closed"))

    slot: Slot[Driver] = Slot("printer", "network", opener, hang_s=0.05)

    def look() -> None:
        try:
            slot.look()
        except Abandoned as bad:
            ended.append(type(bad))

    caller = threading.Thread(target=look)
    caller.start()
    assert pipe.waiting.wait(5)
    until(slot.hangs)
    assert slot.abandon()
    pipe.let_go()
    caller.join(5)
    assert ended == [Abandoned]
    # Whoever has the device now must be able to open it, and be the only one that speaks to it.
    assert seen == (["closed"] if hangs_in == "opening" else ["asked", "closed"])


def test_a_device_that_does_not_let_itself_be_closed_hangs_and_another_choice_holds_all_the_same(
    house: House, conn: sqlite3.Connection, pipe: Pipe
) -> None:
    opened: list[SlipPrinter] = []

    def opener() -> SlipPrinter:
        opened.append(Driver(close=pipe.wait) if not opened else house.ports.printer())
        return opened[-1]

    made_so = _with(house, opener)
    made_so = dataclasses.replace(
        made_so, ports=dataclasses.replace(made_so.ports, anew=lambda _: made_so.ports)
    )
    with running(made_so, grace_s=0.0):
        until(lambda: _state(conn, house) == "ready")
        _chosen(conn, house, "printer", timeout_s=1.5)
        assert pipe.waiting.wait(5)
        until(lambda: len(opened) == 2)
        ticket = issue(conn, house)
        _ends(conn, ticket.id, jobs.State.DONE)
        pipe.let_go()
    assert len(papers(house)) == 1


def test_another_choice_holds_though_the_one_before_hung_as_often_as_it_may(
    house: House, conn: sqlite3.Connection, pipe: Pipe
) -> None:
    opened: list[SlipPrinter] = []

    def opener() -> SlipPrinter:
        opened.append(Driver(lambda *_: pipe.wait()))
        return opened[-1]

    made_so = _with(house, opener)
    made_so = dataclasses.replace(
        made_so, ports=dataclasses.replace(made_so.ports, anew=lambda _: house.ports)
    )
    ticket = issue(conn, house)
    with running(made_so, grace_s=0.0):
        until(lambda: len(opened) == bench_keeper.MOST_GIVEN_UP + 1, 10)
        _chosen(conn, house, "printer", timeout_s=1.5)
        _ends(conn, ticket.id, jobs.State.DONE)
        assert len(opened) == bench_keeper.MOST_GIVEN_UP + 1
        pipe.let_go()
    assert len(papers(house)) == 1


def _chosen(conn: sqlite3.Connection, house: House, device: str, **wanted: object) -> None:
    choices.choose(
        conn, house.settings, device, wanted, label="Máy thử", staff_name="Mẫu", moment=house.clock.read()
    )


def test_a_slot_that_was_given_up_lets_nobody_in() -> None:
    slot: Slot[Driver] = Slot("printer", "network", Driver, hang_s=-1)
    slot.alive()
    assert slot.abandon()
    with pytest.raises(Abandoned):
        slot.call(lambda port: port.status())
    with pytest.raises(Abandoned):
        slot.alive()


def test_a_long_call_that_says_it_is_alive_does_not_hang() -> None:
    slot: Slot[Driver] = Slot("scanner", "sane", Driver, hang_s=0.2)
    seen: list[bool] = []

    def long(_: Driver) -> None:
        for _ in range(6):
            time.sleep(0.06)
            seen.append(slot.hangs())
            slot.alive()

    slot.call(long)
    assert seen == [False] * 6


def test_the_reason_for_a_pause_stands_until_the_next_opening() -> None:
    def opener() -> Driver:
        raise RuntimeError("no such thing")

    slot: Slot[Driver] = Slot("printer", "network", opener, hang_s=1)
    assert slot.look().state is State.UNSUPPORTED
    assert slot.look().state is State.UNSUPPORTED
    with pytest.raises(DeviceError) as told:
        slot.call(lambda port: port.print(Slip((Text("x"),))))
    assert told.value.state is State.UNSUPPORTED
