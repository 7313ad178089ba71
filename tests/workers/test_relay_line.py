"""The relay and its line: it knocks when one comes, rests when it may not be used, and a wrong clock is mended."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment, SystemClock
from hub.base.errors import NotReady
from hub.base.house import House
from hub.base.settings import Hours, UplinkSettings
from hub.post import allowance, inbox
from hub.post import line_ledger as ledger
from hub.post import network, outbox, suggested_time
from hub.post.network import Kind, Network, State
from hub.post.outbox import Parcel
from hub.workers import relay, relay_line
from tests.post import servers
from tests.post.certificates import Issued, issue, secure
from tests.post.servers import Stranger, stranger, until
from tests.workers import relay_process
from tests.workers.test_relay import at_work, heard, put

DAY = dt.timedelta(days=1)
PHONE = Network(State.CONNECTED, Kind.WIFI, True, "/a/7")


def with_line(house: House, **settings: object) -> House:
    """The House with other settings of its line."""
    made = UplinkSettings(**settings)  # type: ignore[arg-type]
    return dataclasses.replace(house, settings=msgspec.structs.replace(house.settings, uplink=made))


def not_now() -> Hours:
    """Hours that do not hold at this moment, whatever moment it is, nor within the next two minutes."""
    here = dt.datetime.now(clocks.VILLAGE)
    return Hours(since=f"{here + dt.timedelta(hours=2):%H:%M}", until=f"{here + dt.timedelta(hours=3):%H:%M}")


class Kernel(network.Changes):
    """A kernel and a network service that say what the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.close()
        self.stirred = False
        self.network = Network(State.NONE)

    def any(self) -> bool:
        found, self.stirred = self.stirred, False
        return found

    def becomes(self, found: Network) -> None:
        self.network, self.stirred = found, True


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that looks ten times as often: what it must not do, it has many more chances to do."""
    monkeypatch.setattr(relay, "_LOOK_S", 0.05)
    monkeypatch.setattr(relay, "_EARLY_PAUSE_S", 0.1)
    monkeypatch.setattr(network, "_NOT_AGAIN_S", 0.05)
    monkeypatch.setattr(network, "_ASK_AFTER_S", (0.0, 0.1, 0.3))
    monkeypatch.setattr(clocks, "_LOOK_AGAIN_S", 0.1)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    monkeypatch.setattr(relay_line, "Sense", lambda: network.Sense(lambda: made.network, made))
    return made


def test_a_telephone_that_brings_a_line_is_used_at_once(
    tmp_path: Path, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_EARLY_KNOCKS", 1)
    monkeypatch.setattr(relay, "_LONGEST_PAUSE_S", 300.0)
    way = [False]

    def door(request: servers.Request) -> None:
        servers.door_open(request) if way[0] else request.reply(302, headers={"Location": "http://portal/"})

    with stranger(servers.done, door=door) as office:
        # Nothing of its own would make it knock again for minutes.
        house = relay_process.house(tmp_path, office.url, "", every_s=300.0, states_every_s=600.0)
        made = put(house)
        with closing(house.connect()) as conn, at_work(house):
            until(lambda: inbox.uplink(conn).up is False, 30)
            until(lambda: len(office.seen) == 2, 30)
            time.sleep(0.5)
            assert len(office.seen) == 2, "one short pause, then long ones"
            way[0] = True
            began = time.monotonic()
            kernel.becomes(PHONE)
            until(lambda: heard(conn) == [made.instance_id], 60)
            assert time.monotonic() - began < 60, "five minutes would have been its ordinary pause"
            assert network.last(conn).network == PHONE


def test_outside_its_hours_the_line_is_left_alone_until_somebody_says_now(tmp_path: Path) -> None:
    with stranger(servers.done) as office:
        house = with_line(relay_process.house(tmp_path, office.url, ""), sense="off", hours=(not_now(),))
        made = put(house)
        with closing(house.connect()) as conn, at_work(house):
            time.sleep(0.6)
            assert office.seen == [] and inbox.uplink(conn).up is None
            assert outbox.state(conn, made.instance_id).attempts == 0
            allowance.let_through(conn, "Lý A Mẫu", house.clock.read())
            outbox.hurry(conn)
            until(lambda: heard(conn) == [made.instance_id], 30)
            until(lambda: ledger.leave(conn, house.clock.read()) is None, 30)
            (day,) = ledger.days(conn)
            assert day.sent > made_bytes(made) and day.received > 100 and day.metered == 0


def made_bytes(made: Parcel) -> int:
    """What of a parcel must have gone over the line at least."""
    return len(made.envelope) + sum(len(content) for _, content in made.files)


def test_an_urgent_dossier_is_not_kept_waiting_for_the_hour(tmp_path: Path) -> None:
    with stranger(servers.done) as office:
        house = with_line(relay_process.house(tmp_path, office.url, ""), sense="off", hours=(not_now(),))
        slow = put(house)
        urgent = put(house, urgent=True)
        with closing(house.connect()) as conn, at_work(house):
            until(lambda: heard(conn) == [urgent.instance_id], 30)
            time.sleep(0.4)
            assert outbox.state(conn, slow.instance_id).attempts == 0


def noon() -> SystemClock:
    """A clock by which it was noon in the village when this was called: no day ends during the test."""
    here = SystemClock(None, trust="always").read()
    at = dt.datetime.combine(here.on, dt.time(12), clocks.VILLAGE)
    return SystemClock(None, trust="never", ask=lambda: dataclasses.replace(here, at=at.astimezone(dt.UTC)))


def test_what_the_day_does_not_allow_waits_and_is_no_fault(tmp_path: Path) -> None:
    with stranger(servers.done) as office:
        house = with_line(relay_process.house(tmp_path, office.url, ""), sense="off", bytes_a_day=200_000)
        house = dataclasses.replace(house, clock=noon())
        large = put(house, photo_bytes=150_000)
        with closing(house.connect()) as conn, at_work(house):
            until(lambda: heard(conn) == [large.instance_id], 30)
            second = put(house, photo_bytes=150_000)
            small = put(house, photo_bytes=100)
            until(lambda: small.instance_id in heard(conn), 30)
            time.sleep(0.4)
            waits = outbox.state(conn, second.instance_id)
            assert (waits.state, waits.attempts) == (outbox.State.QUEUED, 0)
            assert inbox.uplink(conn).up is True


def test_once_at_the_shell_passes_hours_also_beside_a_relay_at_work(tmp_path: Path) -> None:
    with stranger(servers.done) as office:
        house = with_line(relay_process.house(tmp_path, office.url, ""), sense="off", hours=(not_now(),))
        put(house)
        with at_work(house):
            done = relay.run(house, stop=threading.Event(), once=True, listeners=relay_process.listeners())
        assert (done.sent, done.uplink) == (1, True)
        put(house)
        done = relay.run(house, stop=threading.Event(), once=True, listeners=relay_process.listeners())
        assert done.sent == 1


def test_a_paid_line_is_asked_seldom(tmp_path: Path) -> None:
    house = relay_process.house(tmp_path, "http://127.0.0.1:9", "", states_every_s=60.0)
    kernel = Kernel()
    line = relay_line.RelayLine(house, sense=network.Sense(lambda: kernel.network, kernel))
    with closing(house.connect()) as conn:
        line.look(conn)
        assert line.upstream().states_every_s == 60.0
        kernel.becomes(PHONE)
        until(lambda: line.look(conn), 30)
        assert line.upstream().states_every_s == 600.0
    line.close()


@contextmanager
def doubtful(house: House) -> Iterator[tuple[House, sqlite3.Connection]]:
    """The House on a machine that nobody vouches for, and a person's connection."""
    conn = house.connect()
    ours = house.connect()

    def ask() -> Moment | None:
        return clocks.confirmed(ours)

    try:
        yield dataclasses.replace(house, clock=SystemClock(None, trust="never", ask=ask)), conn
    finally:
        conn.close()
        ours.close()


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    now = dt.datetime.now(dt.UTC)
    return issue(tmp_path_factory.mktemp("tls"), begins=now + 300 * DAY, ends=now + 400 * DAY)


def test_a_house_that_woke_in_the_past_sends_as_soon_as_somebody_has_said_the_time(
    tmp_path: Path, later: Issued
) -> None:
    true = dt.datetime.now(dt.UTC) + 310 * DAY

    def door(request: servers.Request) -> None:
        dated = {"Date": f"{true:%a, %d %b %Y %H:%M:%S} GMT", "X-OpenRosa-Accept-Content-Length": "100000000"}
        request.reply(204, headers=dated)

    who = Stranger([servers.done], door)
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text("a-token-of-this-test-only")
    with secure(who, later) as url:
        known = relay_process.house(tmp_path, url, str(token), ca_file=str(later.ca_file), every_s=300.0)
        made = put(known)
        with doubtful(known) as (house, conn), at_work(house):
            until(lambda: suggested_time.last(conn, house.clock.read()) is not None, 60)
            assert inbox.uplink(conn).reason_key == "relay.certificate_early"
            assert outbox.state(conn, made.instance_id).attempts == 0
            assert all(
                "authorization" not in one.headers for one in who.seen
            ), "who asks the time shows no key"
            heard_at = suggested_time.last(conn, house.clock.read())
            assert heard_at is not None and abs(heard_at.at - true) < dt.timedelta(seconds=60)
            assert not house.clock.read().trusted, "a suggestion moves nothing"
            clocks.confirm(conn, heard_at.at, house.clock.read())
            began = time.monotonic()
            until(lambda: heard(conn) == [made.instance_id], 60)
            assert time.monotonic() - began < 60, "five minutes would have been its ordinary pause"
            assert inbox.uplink(conn).up is True


def test_a_renewed_address_alone_is_no_knock_on_a_line_that_is_up(tmp_path: Path) -> None:
    house = relay_process.house(tmp_path, "", "")
    kernel = Kernel()
    kernel.network = network.UNKNOWN
    line = relay_line.RelayLine(house, sense=network.Sense(lambda: kernel.network, kernel))
    with closing(house.connect()) as conn:
        assert not line.look(conn)
        for up in (True, False):
            inbox.note_uplink(conn, up, None, house.clock.read(), 0)
            time.sleep(0.1)
            kernel.stirred = True
            assert line.look(conn) is not up
    line.close()


def test_a_clock_that_is_set_is_noticed_once(tmp_path: Path) -> None:
    house = relay_process.house(tmp_path, "", "")
    with doubtful(house) as (unsure, conn):
        line = relay_line.RelayLine(with_line(unsure, sense="off"))
        assert not line.look(conn)
        now = unsure.clock.read()
        clocks.confirm(conn, now.at + 2 * DAY, now)
        until(lambda: line.look(conn), 30)
        assert not line.look(conn)
        line.close()


def test_a_card_that_is_full_stops_no_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = relay_process.house(tmp_path, "", "")
    kernel = Kernel()
    kernel.network = PHONE
    line = relay_line.RelayLine(house, sense=network.Sense(lambda: kernel.network, kernel))
    with closing(db.connect(house.database, read_only=True)) as conn:
        assert line.look(conn)
    with closing(house.connect()) as conn:
        line.look(conn)
        assert network.last(conn).network == PHONE
    line.close()


def test_asking_what_time_it_is_costs_what_it_costs(tmp_path: Path) -> None:
    with stranger(servers.done) as office:
        house = with_line(relay_process.house(tmp_path, office.url, ""), sense="off")
        line = relay_line.RelayLine(house)
        with closing(house.connect()) as conn:
            line.after(conn, "relay.certificate_early", lambda: False)
            line.close()
            (day,) = ledger.days(conn)
            assert day.sent > 100 and day.received > 100


def test_a_line_that_went_is_told_at_once(tmp_path: Path, kernel: Kernel) -> None:
    kernel.network = PHONE
    with stranger(servers.done) as office:
        # On a line that is paid by the byte its next question would be ten minutes later.
        house = relay_process.house(tmp_path, office.url, "", every_s=300.0, states_every_s=600.0)
        with closing(house.connect()) as conn, at_work(house):
            until(lambda: inbox.uplink(conn).up is True, 30)
            knocks = len(office.seen)
            kernel.becomes(Network(State.NONE))
            until(lambda: len(office.seen) > knocks, 30)


def test_a_push_where_nothing_waits_opens_the_line_for_nothing_else(tmp_path: Path) -> None:
    with stranger(servers.done) as office:
        house = with_line(
            relay_process.house(tmp_path, office.url, "", states_every_s=600.0),
            sense="off",
            bytes_a_day=10**9,
        )
        with closing(house.connect()) as conn, at_work(house):
            until(lambda: inbox.uplink(conn).up is True, 30)
            allowance.let_through(conn, "Lý A Mẫu", house.clock.read())
            outbox.hurry(conn)
            until(lambda: ledger.leave(conn, house.clock.read()) is None, 30)


def test_a_card_that_cannot_be_written_ends_no_relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stranger(servers.done) as office:
        house = with_line(relay_process.house(tmp_path, office.url, ""), sense="off", bytes_a_day=10**9)
        failing, failed = [False], [0]
        real = db.connect

        def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
            if failing[0]:
                failed[0] += 1
                raise NotReady("base.disk_full")
            return real(path, read_only=read_only)

        monkeypatch.setattr(db, "connect", connect)
        with closing(house.connect()) as conn, at_work(house):
            until(lambda: inbox.uplink(conn).up is True, 30)
            failing[0] = True
            until(lambda: failed[0] > 3, 30)
            failing[0] = False
            made = put(house)
            until(lambda: heard(conn) == [made.instance_id], 30)
