"""Many at once, and the power cut: real threads, real processes, one database file."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from hub.base import db
from hub.base.clock import SystemClock
from hub.base.errors import NotReady, Refused
from hub.base.settings import Settings
from hub.post import jobs
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views
from hub.trades.tickets.model import Outcome, Priority, Source, State
from tests.trades.tickets.conftest import SERVICES, Hand

ISSUER = """
import sys
from pathlib import Path
from hub.base import db
from hub.base.clock import SystemClock
from hub.base.settings import Settings
from hub.trades.tickets import service as tickets
from hub.trades.tickets.model import Source

conn, clock, settings = db.connect(Path(sys.argv[1])), SystemClock(None), Settings()
print("ready", flush=True)
for turn in range(int(sys.argv[2])):
    given = tickets.issue(conn, "giay-to", source=Source.TABLET, client=f"{sys.argv[3]}-{turn}",
        moment=clock.read(), lang="vi", settings=settings)
    print(given.ticket.number, flush=True)
"""

CALLER = """
import sys
import time
from pathlib import Path
from hub.base import db
from hub.base.clock import SystemClock
from hub.base.settings import Settings
from hub.trades.tickets import service as tickets
from hub.trades.tickets.model import Outcome

conn, clock, settings = db.connect(Path(sys.argv[1])), SystemClock(None), Settings()
print("ready", flush=True)
sys.stdin.readline()
while True:
    ticket = tickets.call_next(conn, sys.argv[2], None, moment=clock.read(), settings=settings,
        finish=Outcome.DONE)
    if ticket is None:
        break
    print(ticket.number, flush=True)
    # Somebody is being served: without this the first process has the lock again before the others wake.
    time.sleep(0.01)
"""


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def real_hand(conn: sqlite3.Connection) -> tuple[SystemClock, Settings]:
    tickets.set_services(conn, SERVICES)
    return SystemClock(None), Settings()


def fill(conn: sqlite3.Connection, clock: SystemClock, settings: Settings, count: int) -> None:
    conn.execute("PRAGMA synchronous=OFF")
    for number in range(count):
        priority = Priority.ELDERLY if number % 3 == 0 else Priority.NONE
        tickets.issue(
            conn,
            "giay-to",
            priority=priority,
            source=Source.GUIDE,
            moment=clock.read(),
            lang="vi",
            settings=settings,
        )


def test_many_threads_never_call_one_number_twice(database: Path, conn: sqlite3.Connection) -> None:
    clock, settings = real_hand(conn)
    desks = tuple(str(number) for number in range(1, 9))
    settings = msgspec.structs.replace(settings, queue=msgspec.structs.replace(settings.queue, desks=desks))
    fill(conn, clock, settings, 80)

    def work(desk: str) -> list[int]:
        own, called = db.connect(database), []
        own.execute("PRAGMA synchronous=OFF")
        try:
            for _ in range(100):
                ticket = tickets.call_next(
                    own, desk, None, moment=clock.read(), settings=settings, finish=Outcome.DONE
                )
                if ticket is None:
                    return called
                called.append(ticket.number)
        finally:
            own.close()
        raise AssertionError("the queue never ended")

    with ThreadPoolExecutor(len(desks)) as pool:
        called = [number for numbers in pool.map(work, desks) for number in numbers]
    assert sorted(called) == list(range(1, 81))


def test_one_desk_pressed_by_many_hands_calls_one_number(database: Path, conn: sqlite3.Connection) -> None:
    clock, settings = real_hand(conn)
    fill(conn, clock, settings, 10)

    def press(_: int) -> int | None:
        own = db.connect(database)
        try:
            ticket = tickets.call_next(own, "1", None, moment=clock.read(), settings=settings)
        except Refused:
            return None
        finally:
            own.close()
        return ticket.number if ticket else None

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(press, range(8)))
    assert len([number for number in told if number is not None]) == 1
    assert len(views.board(conn).serving) == 1


def test_many_processes_never_call_one_number_twice(database: Path, conn: sqlite3.Connection) -> None:
    clock, settings = real_hand(conn)
    fill(conn, clock, settings, 45)
    callers = [start(CALLER, str(database), desk) for desk in ("1", "2", "3")]
    try:
        for caller in callers:
            assert caller.stdout is not None and caller.stdout.readline() == "ready\n"
        told = []
        for caller in callers:
            assert caller.stdin is not None
            caller.stdin.write("go\n")
            caller.stdin.flush()
        for caller in callers:
            out, _ = caller.communicate(timeout=30)
            assert caller.returncode == 0
            told.append([int(line) for line in out.split()])
    finally:
        for caller in callers:
            caller.kill()
            caller.wait()
    called = [number for numbers in told for number in numbers]
    assert sorted(called) == list(range(1, 46))
    assert sum(1 for numbers in told if numbers) >= 2, "more than one process should have had work"


def test_a_power_cut_in_the_middle_of_issuing_loses_nothing_and_doubles_nothing(
    database: Path, conn: sqlite3.Connection
) -> None:
    real_hand(conn)
    printed: list[int] = []
    chance = random.Random(20261121)
    for cut in range(6):
        issuer = start(ISSUER, str(database), "100000", f"tablet-{cut}")
        try:
            assert issuer.stdout is not None and issuer.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.02, 0.2))
            os.kill(issuer.pid, signal.SIGKILL)
            out, _ = issuer.communicate(timeout=10)
        finally:
            issuer.kill()
            issuer.wait()
        # The last line may be cut in half, like everything else.
        printed += [int(line) for line in out.split("\n")[:-1]]
    rows = conn.execute("SELECT id, number FROM tickets ORDER BY id").fetchall()
    numbers = [row["number"] for row in rows]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 6
    assert set(printed) <= set(numbers)
    for row in rows:
        assert len(jobs.for_subject(conn, f"ticket:{row['id']}")) == 1
        assert [event.what for event in views.history(conn, row["id"])] == ["issued"]
    assert [ticket.number for ticket in views.queue(conn).waiting] == numbers


def test_a_call_that_fails_halfway_leaves_the_number_waiting(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = hand.give()

    def broken(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(tickets.signals, "announce", broken)
    with pytest.raises(NotReady, match="base.disk_full"):
        hand.call()
    assert views.get(hand.conn, ticket.id).state is State.WAITING
    assert [event.what for event in views.history(hand.conn, ticket.id)] == ["issued"]
