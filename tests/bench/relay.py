"""What carrying costs: ``python -m tests.bench.relay [--quick]``, or a part of ``scripts/bench``.

Dossiers a minute to a local office over one lane and over several, bytes over their payload, bytes of a poll that
finds nothing new, the idle relay's processor time and memory, and a round beside an outbox of 50,000. The office
and the idle relay are processes of their own; bytes are counted by a wire in between and by the carrier.
"""

from __future__ import annotations

import argparse
import contextlib
import queue
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from waitress.server import create_server

from hub.base import db, migrate
from hub.base.clock import SystemClock
from hub.base.settings import UpstreamSettings
from hub.post import courier, inbox, outbox
from hub.post.courier import Round
from hub.post.transports.carrier import (
    Answer,
    CarrierFault,
    Outcome,
    Probe,
    Remarks,
    Shipment,
    States,
    Traffic,
)
from hub.post.transports.openrosa import OpenRosa
from hub.practice_office import keys
from hub.practice_office.app import create_office
from hub.practice_office.forms import register_form
from hub.workers import relay
from tests.bench import memory, table
from tests.bench.table import Line
from tests.journeys.village import until
from tests.post import parcels
from tests.workers import relay_process

ROOT = Path(__file__).parents[2]
PHOTOS, PHOTO_BYTES = 2, 200 * 1024
SMALL_BYTES = 20_000
MANY, FEW = 50_000, 500
LOOKS = ("with nothing due", "with one dossier due", "looks whether one is needed", "a page of what waits")
Queue = queue.SimpleQueue[tuple[float, bytes]]
_SECRET = b"only for this measuring" * 2


@dataclass
class Wire:
    """A wire on loopback that counts what goes over it, both ways; ``delay_s`` is how long a byte is under way."""

    office: int
    delay_s: float = 0.0
    port: int = 0
    up: int = 0
    down: int = 0
    _ending: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sockets: list[socket.socket] = field(default_factory=list)

    def close(self) -> None:
        """Take no more connections and cut those there are."""
        self._ending.set()
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    @property
    def all(self) -> int:
        """Bytes both ways."""
        return self.up + self.down

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the end."""
        while not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self.office), 10)
                self._sockets += near, far
                for one, other, out in ((near, far, True), (far, near, False)):
                    under_way: Queue = queue.SimpleQueue()
                    for work in (self._take, self._give):
                        args = (one if work == self._take else other, under_way, out)
                        threading.Thread(target=work, args=args, daemon=True).start()

    def _take(self, one: socket.socket, under_way: Queue, out: bool) -> None:
        part = b"-"
        while part:
            try:
                part = one.recv(65536)
            except OSError:
                part = b""
            with self._lock:
                if out:
                    self.up += len(part)
                else:
                    self.down += len(part)
            under_way.put((time.monotonic() + self.delay_s, part))

    def _give(self, other: socket.socket, under_way: Queue, out: bool) -> None:
        with contextlib.suppress(OSError):
            while True:
                at, part = under_way.get()
                time.sleep(max(0.0, at - time.monotonic()))
                if not part:
                    break
                other.sendall(part)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)


@contextmanager
def counted(office: int, delay_s: float = 0.0) -> Iterator[Wire]:
    """A counting wire to ``office`` while the block runs."""
    wire = Wire(office, delay_s)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        wire.port = listener.getsockname()[1]
        thread = threading.Thread(target=wire.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield wire
        finally:
            wire.close()
            thread.join(5)


@contextmanager
def office(folder: Path) -> Iterator[tuple[int, str]]:
    """A practice office as a process of its own: its port and its token's file."""
    create_office(folder, secret=_SECRET)
    register_form(folder, parcels.form_xml())
    with _process("office", str(folder)) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline()), str(keys.token_path(folder))


@contextmanager
def _process(*words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.bench.relay", *words]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


class House:
    """An outbox and a courier, in this process."""

    def __init__(self, folder: Path, url: str, token_file: str, lanes: int) -> None:
        folder.mkdir(parents=True)
        self.path = folder / "house.db"
        self.conn = db.connect(self.path)
        migrate.migrate(self.conn)
        self.clock = SystemClock(None, trust="always")
        self.settings = UpstreamSettings(url=url, token_file=token_file, lanes=lanes)

    def put(self, count: int, photo_bytes: int = PHOTO_BYTES) -> int:
        """Put dossiers in; return their payload."""
        made = [parcels.parcel(photos=PHOTOS, photo_bytes=photo_bytes) for _ in range(count)]
        with db.write(self.conn):
            for one in made:
                outbox.add(self.conn, one, moment=self.clock.read())
        return sum(len(one.envelope) + sum(len(content) for _, content in one.files) for one in made)

    def go(self, *, force: bool = False) -> tuple[Round, float, Traffic]:
        """Make a round; return what it came to, its seconds and what a provider would count."""
        carrier = OpenRosa(self.settings, lambda: False)
        began = time.perf_counter()
        done = courier.round(
            self.conn,
            carrier,
            self.clock,
            settings=self.settings,
            on_received=lambda *_: None,
            on_word=lambda *_: None,
            words_key=bytes(32),
            stop=lambda: False,
            force=force,
            connect=lambda: db.connect(self.path),
        )
        took, traffic = time.perf_counter() - began, carrier.traffic
        carrier.close()
        return done, took, traffic

    def close(self) -> None:
        """Close the books."""
        self.conn.close()


def measure(folder: Path, *, quick: bool) -> list[Line]:
    """Measure everything."""
    with office(folder / "office") as (port, token):
        lines = _rates(folder, port, token, 8 if quick else 60)
    # A fresh one: the list of states has all records that an office has.
    with office(folder / "other-office") as (port, token):
        lines += bytes_over(folder, port, token)
        lines += _idle(folder, port, token, 3.0 if quick else 60.0)
    return lines + _rounds(folder, 5 if quick else 25)


def _rates(folder: Path, port: int, token: str, count: int) -> list[Line]:
    lines = []
    for where, delay_s, some, each in (
        ("a local office", 0.0, (1, 2, 4), count),
        ("an office 200 ms away and back", 0.1, (1, 2) if count < 20 else (1, 2, 4), count // 2),
    ):
        first = 0.0
        for lanes in some:
            with counted(port, delay_s) as wire:
                url = f"http://127.0.0.1:{wire.port if delay_s else port}"
                house = House(folder / f"lanes-{lanes}-{delay_s}", url, token, lanes)
                payload = house.put(each)
                done, took, _ = house.go()
                assert done.sent == each, done
                house.close()
            rate = 60 * done.sent / took
            first = first or rate
            note = f"two photos of 200 KiB each; {payload / took / 1e6:.1f} MB/s"
            if lanes > 1:
                note += f"; {rate / first:.2f} times one"
            lines.append(Line(f"dossiers a minute to {where}, {lanes} at once", rate, "/min", note=note))
    return lines


def bytes_over(folder: Path, port: int, token: str) -> list[Line]:
    """Return what is sent beside the payload, and what a poll that finds nothing new costs."""
    lines = []
    for name, size, aim in (
        ("two photos of 200 KiB", PHOTO_BYTES, 3.0),
        ("two photos of 20 KB", SMALL_BYTES, None),
    ):
        with counted(port) as wire:
            house = House(folder / f"bytes-{size}", f"http://127.0.0.1:{wire.port}", token, 1)
            # The door and the office's word are asked once a round, however many go in it.
            house.go()
            payload = house.put(5, size)
            before = wire.all
            done, _, traffic = house.go()
            assert done.sent == 5, done
            over = 100 * ((wire.all - before) / payload - 1)
            by_line = 100 * ((traffic.sent + traffic.received) / payload - 1)
            house.close()
        what = f"bytes over the payload, {name}"
        note = f"five in a round, both ways, looks and words too; with what TCP and IP add {by_line:.1f} %"
        lines.append(
            table.at_most(what, over, aim, "%", note=note) if aim else Line(what, over, "%", note=note)
        )
    return [*lines, *_poll(folder, port, token)]


def _poll(folder: Path, port: int, token: str) -> list[Line]:
    with counted(port) as wire:
        house = House(folder / "poll", f"http://127.0.0.1:{wire.port}", token, 1)
        house.put(1)
        assert house.go()[0].sent == 1
        carrier = OpenRosa(house.settings, lambda: False)
        first = carrier.states(parcels.FORM, "")
        assert first is not None
        (case,) = (one.instance_id for one in outbox.listing(house.conn))
        remarks = [ask(parcels.FORM, case, "") for ask in (carrier.comments, carrier.notes)]
        before, provider = wire.all, carrier.traffic
        assert carrier.probe().up and carrier.states(parcels.FORM, first.etag) is None
        poll, now = wire.all - before, carrier.traffic
        with_all = now.sent + now.received - provider.sent - provider.received
        for ask, told in zip((carrier.comments, carrier.notes), remarks, strict=True):
            assert told is not None and ask(parcels.FORM, case, told.etag) is None
        more = wire.all - before - poll
        carrier.close()
        house.close()
    note = f"knock and list of states (304), two connections: {poll} B without what TCP and IP add"
    return [
        table.at_most("bytes of an idle poll", with_all, 2048, "B", note=note),
        Line("  and for an open case asked about", more, "B", note="comments and notes (304)"),
    ]


def _idle(folder: Path, port: int, token: str, seconds: float) -> list[Line]:
    data = folder / "idle"
    data.mkdir()
    with _process("relay", str(data), f"http://127.0.0.1:{port}", token) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        with contextlib.closing(db.connect(data / "house.db")) as conn:
            until(lambda: inbox.uplink(conn).up is True, 20, "the idle relay did not find its office")
        time.sleep(1.0)
        began, spent = time.monotonic(), _processor(process.pid)
        time.sleep(seconds)
        took = time.monotonic() - began
        hour = (_processor(process.pid) - spent) / took * 3600
        held = memory.of("relay", process.pid)
    note = f"over {took:.0f} s, {100 * hour / 3600:.2f} % of one processor"
    return [
        Line("idle relay, processor time an hour", hour, "s", note=note),
        Line("idle relay, memory, PSS", held.pss, "MB", note=f"RSS {held.rss:.0f}"),
    ]


def _processor(pid: int) -> float:
    """Seconds of processor time that a process's threads have had, to the nanosecond."""
    told = (one.read_text(encoding="ascii").split() for one in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return sum(int(words[0]) for words in told) / 1e9


class Nobody:
    """A carrier that costs no time: what is left of a round is the House's own work."""

    fingerprint = "bench"
    traffic = Traffic()

    def probe(self) -> Probe:
        return Probe(True, most_bytes=100_000_000)

    def weight(self, shipment: Shipment) -> int:
        return 1

    def send(self, shipment: Shipment) -> Answer:
        return Answer(Outcome.DONE)

    def holds(self, form_id: str, instance_id: str) -> Mapping[str, bool]:
        return {}

    def states(self, form_id: str, etag: str) -> States | None:
        return States({}, "same")

    def state(self, form_id: str, instance_id: str) -> str | None:
        return None

    def comments(self, form_id: str, instance_id: str, etag: str) -> Remarks | None:
        raise CarrierFault("relay.no_reading", denied=True)

    notes = comments

    def close(self) -> None:
        return None


def _rounds(folder: Path, turns: int) -> list[Line]:
    few, many = (one_size(folder, size, turns) for size in (FEW, MANY))
    lines = []
    for what in LOOKS:
        quick, slow = few[what], many[what]
        note = (
            f"{quick:.2f} ms beside {FEW}, {slow:.2f} ms beside {MANY:,}: sent, held, waiting, at the office"
        )
        lines.append(table.at_most(f"a round beside 50,000, {what}", slow / quick, 2.5, "times", note=note))
    return lines


def one_size(folder: Path, rows: int, turns: int) -> dict[str, float]:
    """Return the milliseconds of the processor for a round and its looks beside so many parcels."""
    house = House(folder / f"rows-{rows}", "http://127.0.0.1:9", "", 1)
    fill(house.conn, rows)
    found: dict[str, list[float]] = {}

    def timed(what: str, do: Callable[[], object]) -> None:
        # Processor time: on a machine that is at other things too, the clock on the wall says little.
        began = time.thread_time()
        do()
        found.setdefault(what, []).append(1000 * (time.thread_time() - began))

    def go(sent: int) -> None:
        done = courier.round(
            house.conn,
            Nobody(),
            house.clock,
            settings=house.settings,
            on_received=lambda *_: None,
            on_word=lambda *_: None,
            words_key=bytes(32),
            stop=lambda: False,
        )
        assert done.sent == sent, done

    go(0)
    for _ in range(turns):
        with db.write(house.conn):
            # As if a minute had passed: the form is asked about again.
            house.conn.execute("DELETE FROM inbox_forms")
        timed("with nothing due", lambda: go(0))
        house.put(1, 1_000)
        timed("with one dossier due", lambda: go(1))
        timed("looks whether one is needed", lambda: courier.needed(house.conn, house.clock, house.settings))
        timed("a page of what waits", lambda: _page(house.conn))
    house.close()
    return {what: min(all_) for what, all_ in found.items()}


def _page(conn: sqlite3.Connection) -> None:
    states = (outbox.State.HELD, outbox.State.SENDING, outbox.State.QUEUED)
    assert len(outbox.listing(conn, states, most=50)) == 50
    outbox.counts(conn)
    outbox.waiting(conn)


def fill(conn: sqlite3.Connection, rows: int) -> None:
    """Lay in parcels that are sent, held, or waiting for a later try, and open cases of what was sent."""
    conn.execute("PRAGMA synchronous=OFF")
    with db.write(conn):
        conn.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO outbox(instance_id, form_id, form_version, follow_code, label, urgent, envelope, sha256,"
            " size, state, held_under, reason_key, backoff_s, next_try_at, waits_since, added_at, added_trusted,"
            " added_boot_id, added_mono, sent_at)"
            " SELECT 'uuid:' || i, ?, '1', '', 'Mẫu', 0, x'00', '', 1000 + i, CASE i % 10 WHEN 0 THEN 'held' WHEN 1"
            " THEN 'queued' ELSE 'sent' END, 'bench', 'relay.conflict', 3600, CASE i % 10 WHEN 1 THEN"
            " '2099-01-01T00:00:00.000000Z' END, '2026-01-01T00:00:00.000000Z',"
            " strftime('%Y-%m-%dT%H:%M:%S.000000Z', '2026-01-01', '+' || i || ' seconds'), 1, '', 0,"
            " CASE WHEN i % 10 > 1 THEN '2026-01-02T00:00:00.000000Z' END FROM n",
            (rows, parcels.FORM),
        )
        conn.execute(
            "INSERT INTO inbox(instance_id, form_id, state_at, review_state, asked_at) SELECT instance_id, form_id,"
            " added_at, CASE WHEN id % 5 THEN 'approved' ELSE 'received' END, added_at FROM outbox"
            " WHERE state = 'sent'"
        )
    conn.execute("ANALYZE")
    conn.execute("PRAGMA synchronous=FULL")


def _office(folder: str) -> None:
    server = create_server(create_office(Path(folder), secret=_SECRET), host="127.0.0.1", port=0, threads=4)
    print(server.effective_port, flush=True)
    server.run()


def _relay(data: str, url: str, token_file: str) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    calm = {"every_s": 5.0, "states_every_s": 60.0}
    house = relay_process.house(Path(data), url, token_file, **calm)
    relay.run(house, stop=stop, ready=lambda: print("ready", flush=True), listeners=relay_process.listeners())


def main() -> int:
    """Measure and draw the table; 1 when an aim is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.relay", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="house-bench-") as name:
        lines = measure(Path(name), quick=given.quick)
    print(table.drawn(lines))
    return 0 if all(line.met is not False for line in lines) else 1


_ROLES = {"office": _office, "relay": _relay}

if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in _ROLES:
        _ROLES[sys.argv[1]](*sys.argv[2:])
    else:
        sys.exit(main())
