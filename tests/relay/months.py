"""A month in a village, many thousand times: the real outbox and courier, the real office's rules, all weathers.

``python -m tests.relay.months --runs 5000 --first 1``. Each month is named by its seed and can be lived again
with ``--runs 1 --first SEED --told``. The House's database is a file; the office's shelf is the practice
office's own; between them is a line whose weather the seed makes. A power cut ends whatever statement or
sending it meets, and nothing more is written by that life.
"""

from __future__ import annotations

import argparse
import atexit
import collections
import dataclasses
import datetime as dt
import functools
import io
import json
import logging
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.base import db, migrate
from hub.base.errors import Conflict, HubError, Missing, Refused
from hub.base.identity import Identity
from hub.base.settings import UpstreamSettings
from hub.post import courier, outbox, stick, stick_office, stick_words
from hub.post.outbox import Parcel, State
from hub.practice_office import records
from tests.fakes import FakeClock
from tests.post import parcels
from tests.relay.weather import KINDS, Line, PowerCut, shelved

_ROOT = Path(__file__).parents[2]
_LONGEST_S = 850.0
HOUSE, COMMUNE = Identity("house", bytes(range(32))), Identity("office", bytes(range(32, 64)))
SETTINGS = UpstreamSettings(url="http://127.0.0.1:9", backoff_first_s=30.0, backoff_most_s=7_200.0)


@functools.cache
def _templates() -> tuple[Path, Path]:
    folder = Path(tempfile.mkdtemp(prefix="months-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    house = db.connect(folder / "house.db")
    migrate.migrate(house)
    house.execute(
        "CREATE TABLE heard (instance_id TEXT NOT NULL, word TEXT NOT NULL, UNIQUE (instance_id, word))"
    )
    house.execute("PRAGMA journal_mode=DELETE")
    house.close()
    office = records.connect(folder)
    records.put_form(office, parcels.FORM, parcels.VERSION, parcels.form_xml(), {})
    office.execute("PRAGMA journal_mode=DELETE")
    office.close()
    return folder / "house.db", folder / "office.db"


def _received(conn: sqlite3.Connection, instance_id: str) -> None:
    conn.execute("INSERT INTO heard VALUES (?, 'office has it')", (instance_id,))


class Month:
    """One month of one House."""

    def __init__(self, seed: int, folder: Path, tell: Callable[[str], None]) -> None:
        self.chance = random.Random(seed)
        self.kind = self.chance.choice(KINDS)
        self.folder, self.tell = folder, tell
        house, office = _templates()
        for template, name in ((house, "house.db"), (house, "commune.db"), (office, "office.db")):
            shutil.copyfile(template, folder / name)
        self.clock = FakeClock("2026-11-01T01:00:00.000000Z")
        self.now = self.clock.at
        self.conn = self._open()
        self.office = db.connect(folder / "office.db")
        self.line = Line(self.office, self.chance, self.kind)
        # At the commune, where sticks are read, is a line of its own to the same office.
        self.commune = self._open("commune.db")
        self.commune_line = Line(self.office, self.chance, self.kind)
        stick.confirm_office(self.conn, COMMUNE.public.line, staff=1, moment=self.clock.read())
        stick_office.trust(self.commune, HOUSE.public.line, "Mẫu", clock=self.clock)
        self.sticks: list[bytes] = []
        self.answers: list[bytes] = []
        self.put: dict[str, Parcel] = {}
        self.gone: set[str] = set()
        self.maybe_gone: set[str] = set()
        self.said: dict[str, set[str]] = collections.defaultdict(set)
        self.seen: collections.Counter[str] = collections.Counter()

    def live(self) -> collections.Counter[str]:
        """Live through the month; raises ``AssertionError`` when a promise is broken."""
        for _ in range(self.chance.randint(10, 22)):
            event = self.chance.choices(
                (self.seal, self.wire, self.person, self.officer, self.jump, self.withdraw)
                + (self.pack, self.deliver, self.come_back, self.go_there_and_back),
                (3, 8 * self.kind.wire, 1, 1, self.kind.clock, 0.5, *[3 * self.kind.stick] * 4),
            )[0]
            self.tell(f"{self.clock.at:%d %H:%M} {event.__name__}")
            self.seen[event.__name__] += 1
            event()
            self.check()
            self.clock.advance(self.chance.choice([60, 3_600, 20_000, 90_000]))
        self.end()
        for conn in (self.conn, self.office, self.commune):
            conn.close()
        return self.seen

    def seal(self) -> None:
        """Somebody's dossier is sealed, or a visit comes in; the power may fail in it."""
        kind = self.chance.choice([outbox.Kind.DOSSIER] * 4 + [outbox.Kind.VISIT])
        made = parcels.parcel(
            instance_id=f"uuid:{uuid.UUID(int=self.chance.getrandbits(128), version=4)}",
            photos=self.chance.randint(0, 3),
            photo_bytes=self.chance.choice([20, 900]),
            urgent=self.chance.random() < 0.2,
        )
        made = dataclasses.replace(made, kind=kind)
        with self._power():
            outbox.add(self.conn, made, moment=self.clock.read())
        # What the power took before it was written was never promised.
        if outbox.kind(self.conn, made.instance_id) is not None:
            self.put[made.instance_id] = made

    def wire(self) -> None:
        """There is a way for a while, of some kind."""
        roll = self.chance.random()
        doors = ("shut", "portal", "none")
        self.line.door = self.chance.choice(doors) if roll < self.kind.door else "open"
        if self.chance.random() < self.kind.power / 2:
            self.line.cut_after = self.chance.randint(0, 5)
        with self._power():
            self.round(force=self.chance.random() < 0.2)
        self.line.cut_after = None

    def pack(self) -> None:
        """What waits is written on sticks; the last one may be cut off in the middle."""
        with self._power():
            packing = stick.Packing(self.conn, HOUSE, self.clock, limit=self.chance.choice([4_000, 20_000]))
            for _ in range(3):
                part = packing.part()
                if part is None:
                    break
                content = b"".join(part.chunks)
                if self.chance.random() < 0.1:
                    self.sticks.append(content[: self.chance.randrange(len(content))])
                    break
                packing.done(part)
                self.sticks.append(content)

    def deliver(self) -> None:
        """Some stick, a new one or an old one, comes to the commune, whose line has its own weather."""
        if not self.sticks:
            return
        content = bytearray(self._mostly_the_last(self.sticks))
        harmed = self.chance.random() < 0.1 and bool(content)
        if harmed:
            content[self.chance.randrange(len(content))] ^= 1 << self.chance.randrange(8)
        try:
            opened, _ = stick_office.whose(self.commune, io.BytesIO(content), COMMUNE)
            stick_office.take(self.commune, io.BytesIO(content), COMMUNE, opened, clock=self.clock)
        except Refused:
            self.seen["stick refused"] += 1
            return
        assert not harmed, "a harmed stick was taken in"
        self.seen["stick taken"] += 1
        if self.chance.random() < 0.7:
            stick_office.forward(
                self.commune,
                self.commune_line,
                self.clock,
                settings=SETTINGS,
                stop=threading.Event(),
                pause_s=0.0,
            )
        for one in stick_office.answers(self.commune, COMMUNE, clock=self.clock):
            self.answers.append(b"".join(one.chunks))

    def come_back(self) -> None:
        """Some answer of the commune, the last one or an old one, comes home."""
        if not self.answers:
            return
        content = self._mostly_the_last(self.answers)
        with self._power():
            try:
                heard = stick_words.hear(
                    self.conn, io.BytesIO(content), HOUSE, clock=self.clock, on_received=_received
                )
            except Conflict:
                return
            self.seen["closed by hand"] += heard.closed

    def go_there_and_back(self) -> None:
        """Somebody rides to the commune, waits there, and brings the answer home."""
        for step in (self.pack, self.deliver, self.come_back):
            step()
            self.check()

    def round(self, *, force: bool) -> None:
        """One round of the courier."""

        def says(conn: sqlite3.Connection, instance_id: str, word: object) -> None:
            state = getattr(word, "review_state", None)
            conn.execute("INSERT OR IGNORE INTO heard VALUES (?, ?)", (instance_id, f"state {state}"))

        courier.round(
            self.conn,
            self.line,
            self.clock,
            settings=SETTINGS,
            on_received=_received,
            on_word=says,
            words_key=bytes(32),
            stop=lambda: False,
            force=force,
        )

    def person(self) -> None:
        """A guide lets held ones go again."""
        for one in outbox.listing(self.conn, (State.HELD,)):
            outbox.release(self.conn, one.instance_id)

    def officer(self) -> None:
        """The office sets a state."""
        for one in records.listing(self.office)[:2]:
            state = self.chance.choice([None, "hasIssues", "approved", "rejected"])
            records.review(self.office, one.id, state, "", "")
            self.said[one.instance_id].add(state or "received")

    def jump(self) -> None:
        """The clock is put wrong or right, or is in doubt."""
        self.clock.advance(self.chance.choice([-86_400 * 400, -3_600, 86_400 * 30, 86_400 * 365]))
        self.clock.mono += 10**9
        self.clock.trusted = self.chance.random() < 0.5

    def withdraw(self) -> None:
        """A family takes its dossier back."""
        waiting = [name for name in self.put if name not in self.gone | self.maybe_gone]
        if not waiting:
            return
        name = self.chance.choice(waiting)
        try:
            surely = outbox.withdraw(self.conn, name, self.clock.read())
        except (Conflict, Missing):
            return
        (self.gone if surely else self.maybe_gone).add(name)

    def check(self) -> None:
        """What holds at every moment of every month."""
        there = dict(self.conn.execute("SELECT instance_id, envelope FROM outbox").fetchall())
        kept = {name: made for name, made in self.put.items() if name not in self.gone | self.maybe_gone}
        assert there == {
            name: made.envelope for name, made in kept.items()
        }, "a dossier is not as it was sealed"
        sent = {row[0] for row in self.conn.execute("SELECT instance_id FROM outbox WHERE state = 'sent'")}
        heard = [
            row[0] for row in self.conn.execute("SELECT instance_id FROM heard WHERE word = 'office has it'")
        ]
        assert sorted(heard) == sorted(sent), "a villager is told what the outbox does not say"
        for name in sent:
            assert shelved(self.office, name) == (
                kept[name].envelope,
                dict(kept[name].files),
            ), "not there whole"
        for name, word in self.conn.execute("SELECT instance_id, word FROM heard WHERE word LIKE 'state %'"):
            assert word.removeprefix("state ") in self.said[name] | {"received", "None"}, "a state nobody set"
        assert not [
            name for name in self.gone if shelved(self.office, name)
        ], "surely never left, and is there"

    def end(self) -> None:
        """The line is well and somebody looks after what is held: everything arrives, once."""
        self.line.door, self.line.fine, self.line.most_bytes = "open", True, None
        for _ in range(4):
            self.person()
            self.round(force=True)
            counts = outbox.counts(self.conn)
            if not counts.queued and not counts.held:
                break
        self.check()
        kept = set(self.put) - self.gone - self.maybe_gone
        assert (counts.queued, counts.held, counts.sent) == (0, 0, len(kept)), f"left over: {counts}"
        shelf = [one.instance_id for one in records.listing(self.office)]
        assert len(shelf) == len(set(shelf)), "a dossier twice on the shelf"
        assert kept <= set(shelf) <= kept | self.maybe_gone, "accepted is not what was sealed"
        self.seen["arrived"] += len(kept)

    def _mostly_the_last(self, carried: list[bytes]) -> bytes:
        return carried[-1] if self.chance.random() < 0.6 else self.chance.choice(carried)

    def _open(self, name: str = "house.db") -> sqlite3.Connection:
        conn = db.connect(self.folder / name)
        conn.execute("PRAGMA synchronous=OFF")
        return conn

    @contextmanager
    def _power(self) -> Iterator[None]:
        """The power may fail in the block; afterwards the House stands again, its clock perhaps in doubt."""
        left = self.chance.randint(1, 160) if self.chance.random() < self.kind.power else None
        dark = False

        def tick() -> int:
            nonlocal left, dark
            if left is not None:
                left -= 1
                dark = dark or left < 0
            return dark

        if left is not None:
            self.conn.set_progress_handler(tick, 20)
        self.line.dead = lambda: dark
        try:
            yield
            if not dark:
                return
        except PowerCut:
            pass
        except (HubError, sqlite3.Error):
            if not dark:
                raise
        finally:
            self.line.dead = lambda: False
            self.line.in_flight.clear()
            if not dark:
                self.conn.set_progress_handler(None, 0)
        self.seen["power cut"] += 1
        self.conn.close()
        self.conn = self._open()
        self.clock.reboot(trusted=self.chance.random() < 0.5)
        if self.chance.random() < self.kind.clock:
            self.clock.at -= dt.timedelta(days=self.chance.choice([1, 30, 400]))
        with db.write(self.conn):
            pass


def live(seed: int, tell: Callable[[str], None] = lambda _: None) -> collections.Counter[str]:
    """Live the month of this seed; an ``AssertionError`` names it."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="month-") as folder:
        try:
            return Month(seed, Path(folder), tell).live()
        except Exception as bad:
            raise AssertionError(f"month {seed}: {bad!r}") from bad


def run(first: int, runs: int, processes: int = 2) -> collections.Counter[str]:
    """Live ``runs`` months from seed ``first`` on, in processes of their own; return how often what happened."""
    words = [
        sys.executable,
        "-m",
        "tests.relay.months",
        "--runs",
        str(runs),
        "--step",
        str(processes),
        "--json",
    ]
    working = [
        subprocess.Popen([*words, "--first", str(first + place)], cwd=_ROOT, stdout=subprocess.PIPE)
        for place in range(processes)
    ]
    seen: collections.Counter[str] = collections.Counter()
    try:
        for one in working:
            told, _ = one.communicate(timeout=_LONGEST_S)
            assert (
                one.returncode == 0
            ), f"a month went wrong: see above, and live it again: {words[1:3]} --first SEED"
            seen.update(json.loads(told))
    finally:
        for one in working:
            one.kill()
            one.wait()
    return seen


def main() -> None:
    """Live months and say what happened in them."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--runs", type=int, default=5_000)
    given.add_argument("--first", type=int, default=1)
    given.add_argument("--step", type=int, default=1, help="live every so manieth of them")
    given.add_argument("--json", action="store_true", help="say what happened as JSON")
    given.add_argument("--told", action="store_true", help="say each event")
    told = given.parse_args()
    began = time.monotonic()
    seen: collections.Counter[str] = collections.Counter()
    for seed in range(told.first, told.first + told.runs, told.step):
        seen += live(seed, print if told.told else lambda _: None)
    if told.json:
        print(json.dumps(seen))
        return
    print(f"{len(range(0, told.runs, told.step))} months in {time.monotonic() - began:.0f} s:")
    for name, count in sorted(seen.items()):
        print(f"  {name}: {count}")


if __name__ == "__main__":
    main()
