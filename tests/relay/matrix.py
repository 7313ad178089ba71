"""Run a share of the fault matrix in real processes: ``python -m tests.relay.matrix SHARE OF RUNS [CELL-WORD]``.

Each run forks an office (the real one, on a real socket) and a relay (the real one, rounds at once) from this warm
process, lets one exchange go wrong as the cell says, starts again whoever was killed, and goes on until the House
is quiet. After every death and every ending it looks whether anybody is shown what is not so. One line of JSON a
cell on stdout.
"""

from __future__ import annotations

import gc
import json
import os
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hub.base.errors import HubError
from hub.post import outbox
from hub.post.outbox import Parcel
from hub.practice_office import faults, line
from hub.practice_office.faults import Fault, Manner
from hub.trades.dossiers import service as dossiers
from hub.workers import relay
from tests.relay.actors import Actor
from tests.relay.cells import LIAR, Cell, End, Killed, cells
from tests.relay.deaths import MOMENTS, Death, Shared, Watched
from tests.relay.world import Run, World

_LONGEST_S = 120.0
_MOST_LIVES = 12
_MOST_ROUNDS = 25
QUIET, LIED, LOUD = "quiet", "called a dossier received before the office had it whole", "loud"
# More often than once, these are for a person.
_ONCE_ONLY = (
    "other_409",
    "closed_409",
    "stale_409",
    "deleted_409",
    "large_413",
    faults.LOST_FILE,
    LIAR,
)
# Only who may read back finds out.
_TO_READ = (*faults.LOSES, LIAR)


@dataclass
class Outcome:
    """What the runs of a cell came to."""

    cell: str
    runs: int = 0
    came_to: Counter[str] = field(default_factory=Counter)
    deaths: int = 0
    wrong: list[str] = field(default_factory=list)

    def told(self) -> str:
        """Return it as a line of JSON."""
        return json.dumps(
            {
                "cell": self.cell,
                "runs": self.runs,
                "came_to": dict(self.came_to),
                "deaths": self.deaths,
                "wrong": self.wrong[:3],
            }
        )


class Stage:
    """Where the runs of this process are played."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.shared = Shared()
        self._count = 0
        self._actors: dict[str, Actor] = {}
        self._warm_up()

    def _warm_up(self) -> None:
        """Carry once within this process, so that what is loaded late is loaded before anybody is forked."""
        for kind in ("central", "kobo"):
            run = self.world.fresh(0, [0, 1], None, kind=kind)
            self.world.app.config["OFFICE_FOLDER"] = run.office
            front = line.Front(self.world.app, run.office, "127.0.0.1", self.world.port)
            thread = threading.Thread(target=front.run)
            thread.start()
            assert _carry(run) == QUIET
            front.close()
            thread.join(_LONGEST_S)
            run.clear()
        until = time.monotonic() + _LONGEST_S
        while threading.active_count() > 1:
            assert time.monotonic() < until, threading.enumerate()
            time.sleep(0.01)
        # Collected by a child, the common pages would be copied for each of them.
        gc.collect()
        gc.disable()
        gc.freeze()

    def play(self, cell: Cell, seed: str, outcome: Outcome) -> None:
        """Play one run of a cell and note what it came to."""
        choose = random.Random(seed)
        self._count += 1
        self.shared.clear()
        chosen = choose.sample(range(len(self.world.pool)), choose.choice((1, 1, 1, 1, 3)))
        loses = cell.row.answer in faults.LOSES
        readable = cell.row.answer in _TO_READ or choose.random() < 0.5
        if loses:
            chosen = [number for number in chosen if self.world.pool[number].files] or [0]
        fault, death = self._plan(cell, choose, [self.world.pool[number] for number in chosen])
        run = self.world.fresh(self._count, chosen, fault, kind="central" if readable else "kobo")
        wrong: list[str] = []
        try:
            self._until_quiet(run, death, choose, wrong)
            first = Counter(stands.state.value for stands in run.states().values())
            if cell.row.end is not End.ARRIVES:
                wrong += _held_rightly(run, cell)
                run.release()
                self._until_quiet(run, None, choose, wrong)
            wrong += _arrived(run)
        except BaseException:
            self.end()
            raise
        run.clear()
        outcome.came_to["+".join(sorted(first)) + " > " + ("wrong" if wrong else "arrived")] += 1
        outcome.runs += 1
        outcome.deaths += self.shared.dead
        outcome.wrong += [f"{seed}: {one}" for one in wrong]

    def _plan(
        self, cell: Cell, choose: random.Random, sealed: list[Parcel]
    ) -> tuple[Fault | None, Death | None]:
        whole = sum(len(one.envelope) + sum(len(content) for _, content in one.files) for one in sealed[:1])
        byte = (
            choose.randrange(whole) if cell.manner is Manner.BODY else choose.choice((1, 9, 40, 200, 1_000))
        )
        times = cell.row.times if cell.row.times is None else choose.choice((1, 1, 2, 3))
        if cell.row.times and (cell.row.answer in _ONCE_ONLY or cell.row.answer in faults.LOSES):
            times = 1
        fault = Fault(cell.row.answer, manner=cell.manner, byte=byte, times=times)
        if cell.killed is Killed.NOBODY:
            return fault, None
        moment = choose.choice(MOMENTS[cell.manner])
        sending = choose.choice((1, 1, 2)) if cell.row.times is None else 1
        return fault, Death(cell.killed, moment, sending, choose.random(), choose.uniform(0, 0.02))

    def _until_quiet(self, run: Run, death: Death | None, choose: random.Random, wrong: list[str]) -> None:
        relay = self._alive("relay", self._relay_loop)
        office = self._alive("office", self._office_loop)
        office.tell({"place": str(run.place), "death": death and asdict(death), "relay": relay.pid})
        assert office.hear(_LONGEST_S) == "open"
        for _ in range(_MOST_LIVES):
            relay.tell(run.order())
            said = relay.hear(_LONGEST_S)
            if said is not None and said not in (QUIET, LOUD):
                wrong.append(f"the relay: {said}")
            if office.is_dead():
                time.sleep(choose.uniform(0, 0.02))
                office = self._alive("office", self._office_loop)
                office.tell({"place": str(run.place), "death": None, "relay": 0})
                assert office.hear(_LONGEST_S) == "open"
            else:
                # Nobody at the office is at work on this House any more: all that was to happen has happened.
                office.tell({"rest": True})
                heard = office.hear(_LONGEST_S)
                assert heard == "resting" or self.shared.dead, heard
            wrong += run.lies()
            if said in (QUIET, LOUD):
                wrong += ["it never became quiet"] if said == LOUD else []
                return
            relay = self._alive("relay", self._relay_loop)
        wrong.append("it never became quiet")

    def _alive(self, name: str, work: Callable[[Actor], None]) -> Actor:
        actor = self._actors.get(name)
        if actor is None or actor.is_dead():
            actor = self._actors[name] = Actor(name, work, list(self._actors.values()))
        return actor

    def _office_loop(self, actor: Actor) -> None:
        class Now(Watched):
            shared = self.shared
            busy: set[int] = set()

        front: line.Front | None = None
        while True:
            order = actor.order()
            if "rest" in order:
                until = time.monotonic() + _LONGEST_S
                while Now.busy and time.monotonic() < until:
                    time.sleep(0.001)
                actor.say("resting" if not Now.busy else "busy")
                continue
            folder = Path(order["place"]) / "office"
            self.world.app.config["OFFICE_FOLDER"] = folder
            Now.death = Death(**order["death"]) if order["death"] else None
            if Now.victim >= 0:
                os.close(Now.victim)
            Now.victim = os.pidfd_open(order["relay"]) if order["relay"] else -1
            if front is None:
                front = line.Front(self.world.app, folder, "127.0.0.1", self.world.port)
                front.RequestHandlerClass = Now
                threading.Thread(target=front.run, daemon=True).start()
            front.folder = folder
            actor.say("open")

    def _relay_loop(self, actor: Actor) -> None:
        while True:
            run = Run.ordered(actor.order(), self.world.pool)
            said = _carry(run)
            run.close()
            actor.say(said)

    def end(self) -> None:
        """End the office and the relay of this stage."""
        for actor in self._actors.values():
            actor.end()
        self._actors.clear()


def _carry(run: Run) -> str:
    lied = False

    def received(conn: sqlite3.Connection, instance_id: str) -> None:
        nonlocal lied
        lied = lied or not run.is_whole(instance_id)
        dossiers.office_has_it(conn, instance_id, run.house.clock.read())

    def says(conn: sqlite3.Connection, instance_id: str, word: Any) -> None:
        dossiers.office_says(conn, instance_id, word, run.house.clock.read())

    listeners = relay.Listeners(received, says)
    stop = threading.Event()
    for _ in range(_MOST_ROUNDS):
        try:
            done = relay.run(run.house, stop=stop, once=True, listeners=listeners)
        except HubError as bad:
            return f"a round ended with {bad}"
        if lied:
            return LIED
        waiting = [
            one for one in run.states().values() if one.state in (outbox.State.QUEUED, outbox.State.SENDING)
        ]
        if not waiting:
            return QUIET
        if not done.uplink:
            time.sleep(0.005)
    return LOUD


def _held_rightly(run: Run, cell: Cell) -> list[str]:
    found = []
    for stands in run.states().values():
        if stands.state is outbox.State.SENT:
            # Killed or cut in between, the last sending may have been one that the fault did not reach.
            continue
        if stands.state is not outbox.State.HELD or stands.reason_key not in cell.row.reasons:
            found.append(f"{stands.state} because of {stands.reason_key}, not held for {cell.row.reasons}")
    return found


def _arrived(run: Run) -> list[str]:
    found = list(run.lies())
    sealed = sorted(one.instance_id for one in run.sealed)
    if run.at_office() != sealed:
        found.append(f"the office has {len(run.at_office())} records of {len(sealed)} dossiers")
    found += [f"{one} is not whole at the office" for one in sealed if not run.is_whole(one)]
    found += [
        f"{one.instance_id} is {one.state} here: {one.reason_key}"
        for one in run.states().values()
        if one.state is not outbox.State.SENT
    ]
    return found


def main(share: int, of: int, runs: int, word: str = "") -> None:
    """Play every ``of``-th cell from ``share`` on, ``runs`` times each; only those with ``word`` in their name."""
    with tempfile.TemporaryDirectory(prefix="matrix-", dir="/dev/shm") as folder:
        os.environ["RUNTIME_DIRECTORY"] = folder
        stage = Stage(Path(folder))
        for number, cell in enumerate(one for one in cells() if word in one.name):
            if number % of != share:
                continue
            outcome = Outcome(cell.name)
            for run in range(runs):
                stage.play(cell, f"{cell.name} #{run}", outcome)
            print(outcome.told(), flush=True)
        stage.end()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), " ".join(sys.argv[4:]))
