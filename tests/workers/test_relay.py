"""The relay: alone, awake when needed, gone within five seconds, and deaf to no SIGKILL."""

from __future__ import annotations

import contextlib
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.base import db, scrub
from hub.base.errors import Conflict
from hub.base.house import House
from hub.base.locks import OwnerLock
from hub.post import inbox, outbox
from hub.post.courier import Round
from hub.post.outbox import Parcel, State
from hub.practice_office import records
from hub.workers import relay
from tests.post import parcels, servers
from tests.post.servers import Request, practice_office, stranger, until
from tests.workers import relay_process

ROOT = Path(__file__).parents[2]


def put(house: House, **how: object) -> Parcel:
    made = parcels.parcel(**how)  # type: ignore[arg-type]
    conn = house.connect()
    outbox.add(conn, made, moment=house.clock.read())
    conn.close()
    return made


def heard(conn: sqlite3.Connection, word: str = "here") -> list[str]:
    return [row[0] for row in conn.execute("SELECT instance_id FROM heard WHERE word = ?", (word,))]


@contextlib.contextmanager
def at_work(house: House) -> Iterator[threading.Event]:
    """A relay in a thread while the block runs; it must end in time."""
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=relay.run,
        args=(house,),
        kwargs={"stop": stop, "ready": ready.set, "listeners": relay_process.listeners()},
        daemon=True,
    )
    thread.start()
    assert ready.wait(5)
    try:
        yield stop
    finally:
        began = time.monotonic()
        stop.set()
        thread.join(6)
        assert not thread.is_alive() and time.monotonic() - began < 5


def process(house: House, *more: str) -> subprocess.Popen[str]:
    upstream = house.settings.upstream
    command = [sys.executable, "-m", "tests.workers.relay_process", str(house.data), upstream.url]
    return subprocess.Popen(
        [*command, upstream.token_file, *more], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_a_dossier_put_in_while_the_relay_runs_is_with_the_office_at_once(tmp_path: Path) -> None:
    with practice_office(tmp_path / "office") as office:
        house = relay_process.house(tmp_path, office.url, office.token_file)
        conn = house.connect()
        with at_work(house):
            until(lambda: inbox.uplink(conn).up is True)
            began = time.monotonic()
            made = put(house)
            until(lambda: heard(conn) == [made.instance_id])
            assert time.monotonic() - began < 2
            until(lambda: heard(conn, "received") == [made.instance_id])
            shelf = records.connect(office.folder)
            records.review(shelf, records.listing(shelf)[0].id, "approved", "Xong", "Cán bộ tập dượt")
            shelf.close()
            until(lambda: heard(conn, "approved") == [made.instance_id])
        conn.close()


def test_a_dossier_waits_while_there_is_no_way_and_goes_when_there_is_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with practice_office(tmp_path / "office") as office:
        token_file = office.token_file
    house = relay_process.house(tmp_path, f"http://127.0.0.1:{port}", token_file)
    conn = house.connect()
    made = put(house)
    with at_work(house):
        until(lambda: inbox.uplink(conn).up is False)
        assert outbox.state(conn, made.instance_id).attempts == 0
        with practice_office(tmp_path / "office", port=port):
            until(lambda: heard(conn) == [made.instance_id])
    conn.close()


def test_an_office_that_opens_a_moment_later_is_found_a_moment_later(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with practice_office(tmp_path / "office") as office:
        token_file = office.token_file
    # Nothing to send and long pauses, as a House has them.
    calm = {"every_s": 30.0, "states_every_s": 60.0}
    house = relay_process.house(tmp_path, f"http://127.0.0.1:{port}", token_file, **calm)
    conn = house.connect()
    with at_work(house):
        until(lambda: inbox.uplink(conn).up is False)
        with practice_office(tmp_path / "office", port=port):
            began = time.monotonic()
            until(lambda: inbox.uplink(conn).up is True)
            assert time.monotonic() - began < 8, "half a minute would have been its ordinary pause"
    conn.close()


def test_the_relay_empties_the_log_that_somebody_could_not(tmp_path: Path) -> None:
    house = relay_process.house(tmp_path, "", "")
    conn = house.connect()
    with contextlib.closing(house.connect()) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM facts").fetchone()
        with db.write(conn):
            conn.execute("INSERT INTO facts VALUES ('person', 'Nguyễn Thị Mẫu')")
        with db.write(conn):
            conn.execute("DELETE FROM facts WHERE name = 'person'")
            scrub.want(conn)
        assert not scrub.scrub(conn, tries=1)
        reader.execute("ROLLBACK")
    log = house.database.with_name("house.db-wal")
    assert "Nguyễn Thị Mẫu".encode() in log.read_bytes()
    with at_work(house):
        until(lambda: not scrub.due(conn))
    assert "Nguyễn Thị Mẫu".encode() not in log.read_bytes() + house.database.read_bytes()
    conn.close()


def test_without_an_address_everything_waits_at_the_house(tmp_path: Path) -> None:
    house = relay_process.house(tmp_path, "", "")
    made = put(house)
    assert relay.run(house, stop=threading.Event(), once=True, listeners=relay_process.listeners()) == Round()
    with at_work(house):
        time.sleep(0.7)
    conn = house.connect()
    assert outbox.state(conn, made.instance_id).state is State.QUEUED
    assert inbox.uplink(conn).up is None
    conn.close()


def test_a_missing_key_is_told_and_mended_without_a_restart(tmp_path: Path) -> None:
    with practice_office(tmp_path / "office") as office:
        file = tmp_path / "key"
        house = relay_process.house(tmp_path, office.url, str(file))
        conn = house.connect()
        made = put(house)
        with at_work(house):
            until(lambda: inbox.uplink(conn).reason_key == "relay.token_missing")
            file.touch(0o600)
            file.write_bytes(Path(office.token_file).read_bytes())
            until(lambda: heard(conn) == [made.instance_id])
        conn.close()


def test_once_makes_one_round_and_forgets_waiting_times(tmp_path: Path) -> None:
    with stranger(servers.says(503), servers.done) as office:
        house = relay_process.house(tmp_path, office.url, "", backoff_first_s=3_600.0, backoff_most_s=3_600.0)
        put(house)
        stop = threading.Event()
        first = relay.run(house, stop=stop, once=True, listeners=relay_process.listeners())
        assert (first.sent, first.retried, first.uplink) == (0, 1, True)
        second = relay.run(house, stop=stop, once=True, listeners=relay_process.listeners())
        assert second.sent == 1


def test_once_beside_a_relay_at_work_asks_that_one_to_hurry(tmp_path: Path) -> None:
    with stranger(servers.says(503), servers.done) as office:
        house = relay_process.house(
            tmp_path, office.url, "", backoff_first_s=3_600.0, backoff_most_s=3_600.0, states_every_s=60.0
        )
        conn = house.connect()
        made = put(house)
        with at_work(house):
            until(lambda: outbox.state(conn, made.instance_id).next_try_at is not None)
            done = relay.run(house, stop=threading.Event(), once=True, listeners=relay_process.listeners())
            assert (done.sent, done.retried, done.uplink) == (1, 0, True)
        assert heard(conn) == [made.instance_id]
        conn.close()


def test_a_second_relay_is_refused(tmp_path: Path) -> None:
    house = relay_process.house(tmp_path, "", "")
    with OwnerLock(house.data, relay.LOCK):
        with pytest.raises(Conflict, match="already_running"):
            relay.run(house, stop=threading.Event(), listeners=relay_process.listeners())


def test_the_watchdog_is_fed_and_the_time_kept_while_something_travels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = threading.Event()

    def hold(request: Request) -> None:
        inside.set()
        office.linger(20)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd, stranger(hold) as office:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "400000")
        house = relay_process.house(tmp_path, office.url, "")
        put(house)
        with at_work(house):
            assert inside.wait(5)
            while systemd.recv(100) != b"WATCHDOG=1":
                pass
            began = time.monotonic()
            for _ in range(3):
                assert systemd.recv(100) == b"WATCHDOG=1"
            assert time.monotonic() - began < 2
        conn = house.connect()
        assert conn.execute("SELECT count(*) FROM clock").fetchone()[0] == 1
        conn.close()


def test_sigterm_ends_the_process_within_five_seconds_in_the_middle_of_a_sending(tmp_path: Path) -> None:
    inside = threading.Event()

    def hold(request: Request) -> None:
        inside.set()
        office.linger(30)

    with stranger(hold) as office:
        house = relay_process.house(tmp_path, office.url, "")
        made = put(house, photo_bytes=3_000_000)
        running = process(house)
        try:
            assert inside.wait(15)
            time.sleep(0.3)
            began = time.monotonic()
            running.send_signal(signal.SIGTERM)
            out, _ = running.communicate(timeout=10)
            assert time.monotonic() - began < 5 and running.returncode == 0
        finally:
            running.kill()
            running.communicate()
    assert "flask=False" in out, "the relay runs without the web"
    conn = house.connect()
    stands = outbox.state(conn, made.instance_id)
    assert (stands.state, stands.attempts) == (State.QUEUED, 1)
    conn.close()


def test_a_relay_killed_at_any_moment_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    rng = random.Random(20261121)
    with practice_office(tmp_path / "office") as office:
        house = relay_process.house(tmp_path, office.url, office.token_file)
        conn = house.connect()
        made = {}
        kills = 0
        end = time.monotonic() + 60
        for _ in range(6):
            for _ in range(6):
                one = put(house, photos=rng.randint(0, 3), photo_bytes=rng.choice([10, 50_000]))
                made[one.instance_id] = one
            running = process(house)
            try:
                assert running.stdout is not None and running.stdout.readline() == "ready\n"
                time.sleep(rng.uniform(0.0, 0.25))
                if running.poll() is None:
                    running.kill()
                    kills += 1
            finally:
                running.kill()
                running.communicate()
            assert time.monotonic() < end
        assert kills == 6
        relay.run(house, stop=threading.Event(), once=True, listeners=relay_process.listeners())
        assert outbox.counts(conn) == outbox.Counts(0, 0, len(made))
        assert sorted(heard(conn)) == sorted(made), "each was told exactly once"
        assert db.version(conn, outbox.TOPIC) > 0
        conn.close()
        shelf = records.connect(office.folder)
        found = {one.instance_id: records.content(shelf, one.id) for one in records.listing(shelf)}
        rows = len(records.listing(shelf))
        shelf.close()
    assert rows == len(made)
    assert found == {name: (one.envelope, dict(one.files)) for name, one in made.items()}


@pytest.mark.parametrize("step", ["door", "body", "stored", "look", "words"])
def test_a_relay_killed_between_any_two_steps_is_followed_by_one_that_finishes(
    tmp_path: Path, step: str
) -> None:
    dead: list[subprocess.Popen[str]] = []
    gone = threading.Event()
    posted = [0]

    def strike(here: str, request: Request) -> None:
        if here == step and not gone.is_set():
            dead[0].kill()
            dead[0].wait(5)
            gone.set()

    def door(request: Request) -> None:
        strike("door", request)
        servers.door_open(request)

    def take(request: Request) -> None:
        posted[0] += 1
        strike("body", request)
        request.read_body()
        bodies.append(request.body)
        strike("stored", request)
        request.reply(201, servers.ENVELOPE)

    def tell(request: Request) -> None:
        strike("look" if request.path.endswith("/attachments") else "words", request)
        if request.path.endswith("/attachments"):
            request.reply(200, b"[]")
        elif request.path.endswith("/submissions"):
            request.reply(
                200, f'[{{"instanceId": "{made.instance_id}", "reviewState": "approved"}}]'.encode()
            )
        else:
            request.reply(200, b"[]")

    bodies: list[bytes] = []
    with stranger(take, door=door, gets=tell) as office:
        house = relay_process.house(tmp_path, office.url, "")
        made = put(house)
        dead.append(process(house))
        try:
            assert gone.wait(20)
        finally:
            dead[0].kill()
            dead[0].communicate()
        done = relay.run(house, stop=threading.Event(), once=True, listeners=relay_process.listeners())
        assert done.uplink is True
    conn = house.connect()
    assert heard(conn) == [made.instance_id] and heard(conn, "approved") == [made.instance_id]
    assert outbox.state(conn, made.instance_id).state is State.SENT
    conn.close()
    assert posted == [{"door": 1, "body": 2, "stored": 2, "look": 1, "words": 1}[step]]
    whole = [body.split(b"\r\n", 1)[1] for body in bodies if body.endswith(b"--\r\n")]
    assert whole and all(made.envelope in body for body in whole)
