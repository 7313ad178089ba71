"""What the network service says, in all its shapes, and the kernel's word that something changed."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import db
from hub.post import network
from hub.post.network import Kind, Network, Sense, State
from tests.fakes import FakeClock

ROOT = Path(__file__).parents[2]
WIFI = Network(State.CONNECTED, Kind.WIFI, False, "/a/1")


def told(state: int, connectivity: int, metered: int, kind: str, connection: str) -> bytes:
    """What busctl writes of NetworkManager, as seen with 1.42.4."""
    values = [("u", state), ("u", connectivity), ("u", metered), ("s", kind), ("o", connection)]
    return b"".join(json.dumps({"type": one, "data": value}).encode() + b"\n" for one, value in values)


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ((70, 4, 4, "802-11-wireless", "/a/1"), WIFI),
        ((70, 4, 3, "gsm", "/a/2"), Network(State.CONNECTED, Kind.MOBILE, True, "/a/2")),
        ((70, 2, 1, "802-11-wireless", "/a/2"), Network(State.PORTAL, Kind.WIFI, True, "/a/2")),
        ((60, 3, 2, "802-3-ethernet", "/a/2"), Network(State.LIMITED, Kind.ETHERNET, False, "/a/2")),
        ((50, 1, 0, "bluetooth", "/a/2"), Network(State.LIMITED, Kind.BLUETOOTH, None, "/a/2")),
        ((70, 0, 0, "vpn", "/a/2"), Network(State.CONNECTED, Kind.OTHER, None, "/a/2")),
        ((40, 1, 0, "bridge", "/a/2"), Network(State.NONE, Kind.OTHER, None, "/a/2")),
        ((20, 1, 0, "", "/"), Network(State.NONE, Kind.UNKNOWN, None, "")),
    ],
)
def test_what_the_service_says_is_read(said: tuple[int, int, int, str, str], means: Network) -> None:
    assert network.parse(told(*said)) == means


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode())))
def test_anything_else_is_unknown(said: bytes) -> None:
    assert network.parse(said) == network.UNKNOWN


@pytest.mark.parametrize("data", ["null", "[]", "{}", '"x"', "true"])
@pytest.mark.parametrize("place", range(5))
def test_a_value_of_another_kind_is_never_an_error(data: str, place: int) -> None:
    lines = told(70, 4, 4, "gsm", "/a/1").splitlines()
    lines[place] = f'{{"type":"v","data":{data}}}'.encode()
    assert isinstance(network.parse(b"\n".join(lines)), Network)


def test_a_mobile_line_costs_unless_somebody_says_otherwise() -> None:
    assert Network(State.CONNECTED, Kind.MOBILE, None, "/a").paid
    assert not Network(State.CONNECTED, Kind.MOBILE, False, "/a").paid
    assert not Network(State.CONNECTED, Kind.WIFI, None, "/a").paid
    assert Network(State.CONNECTED, Kind.WIFI, True, "/a").paid


def script(path: Path, body: str) -> tuple[str]:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return (str(path),)


def test_a_service_that_answers_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "said").write_bytes(told(70, 4, 4, "802-11-wireless", "/a/1"))
    assert network.read(script(tmp_path / "ask", f"cat {tmp_path / 'said'}")) == WIFI


def test_no_service_no_bus_and_no_program_are_unknown_and_no_error(tmp_path: Path) -> None:
    assert network.read(script(tmp_path / "ask", "echo broken; exit 1")) == network.UNKNOWN
    assert network.read((str(tmp_path / "nothing"),)) == network.UNKNOWN


def test_the_real_question_without_a_bus_is_answered_with_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'nobody'}")
    assert network.read() == network.UNKNOWN


def test_a_service_that_hangs_is_left_after_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_PATIENCE_S", 0.2)
    began = time.monotonic()
    assert network.read(script(tmp_path / "ask", "exec sleep 30")) == network.UNKNOWN
    assert time.monotonic() - began < 5


def test_only_what_differs_is_written_down(conn: sqlite3.Connection, clock: FakeClock) -> None:
    assert network.last(conn) == network.Seen(network.UNKNOWN, None)
    assert network.note(conn, WIFI, clock.read())
    first, version = network.last(conn), db.version(conn, network.TOPIC)
    clock.advance(60)
    assert not network.note(conn, WIFI, clock.read())
    assert network.last(conn) == first and first.network == WIFI
    assert db.version(conn, network.TOPIC) == version
    assert network.note(conn, Network(State.NONE), clock.read())
    assert network.last(conn).at == clock.at


class Quiet(network.Changes):
    """A kernel that tells when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.close()
        self.told = False

    def any(self) -> bool:
        found, self.told = self.told, False
        return found


class Asked:
    """A service that says what it is told to say, and counts."""

    def __init__(self, *said: Network) -> None:
        self.said, self.times = list(said), 0

    def __call__(self) -> Network:
        self.times += 1
        return self.said.pop(0) if len(self.said) > 1 else self.said[0]


def test_while_nothing_happens_the_service_is_asked_seldom() -> None:
    asked = Asked(WIFI)
    sense = Sense(asked, Quiet())
    assert sense.look(), "the first look finds a line"
    assert not any(sense.look() for _ in range(50))
    assert asked.times == 1


def test_a_telephone_that_comes_is_found_at_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(network.time, "monotonic", lambda: now[0])
    phone = Network(State.CONNECTED, Kind.WIFI, True, "/a/2")
    kernel, asked = Quiet(), Asked(Network(State.NONE), Network(State.NONE), phone)
    sense = Sense(asked, kernel)
    assert not sense.look()
    now[0] += 1
    kernel.told = True
    assert not sense.look(), "the service has not made up its mind"
    now[0] += 1
    assert sense.look() and sense.network == phone
    now[0] += 2
    assert not sense.look()
    before = asked.times
    for _ in range(56):
        now[0] += 0.5
        assert not sense.look()
    assert asked.times == before, "28 s without a word"
    now[0] += 5
    sense.look()
    assert asked.times == before + 1


def test_one_answer_that_does_not_come_makes_no_paid_line_free(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(network.time, "monotonic", lambda: now[0])
    phone = Network(State.CONNECTED, Kind.WIFI, True, "/a/2")
    asked = Asked(phone, network.UNKNOWN, phone, network.UNKNOWN, network.UNKNOWN, phone)
    sense = Sense(asked, Quiet())
    assert sense.look()
    now[0] += 31
    assert not sense.look() and sense.network == phone
    now[0] += 4
    assert not sense.look() and sense.network == phone and asked.times == 3
    now[0] += 31
    assert not sense.look() and sense.network == phone
    now[0] += 4
    assert not sense.look() and sense.network == network.UNKNOWN, "twice is an answer"
    now[0] += 31
    assert sense.look() and sense.network == phone


def test_a_line_that_went_is_worth_a_knock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(network.time, "monotonic", lambda: now[0])
    sense = Sense(Asked(WIFI, Network(State.NONE), Network(State.NONE)), Quiet())
    assert sense.look()
    for worth in (True, False):
        now[0] += 31
        assert sense.look() is worth


def test_a_sign_in_page_that_opens_is_worth_a_knock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(network.time, "monotonic", lambda: now[0])
    portal = Network(State.PORTAL, Kind.WIFI, None, "/a/1")
    sense = Sense(Asked(portal, Network(State.CONNECTED, Kind.WIFI, None, "/a/1")), Quiet())
    sense.look()
    now[0] += 31
    assert sense.look()


def test_without_the_service_a_change_alone_is_worth_a_knock_and_a_storm_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr(network.time, "monotonic", lambda: now[0])
    kernel, asked = Quiet(), Asked(network.UNKNOWN)
    sense = Sense(asked, kernel)
    assert not sense.look()
    knocks = 0
    for _ in range(100):
        now[0] += 0.1
        kernel.told = True
        knocks += sense.look()
    assert 1 <= knocks <= 11 and asked.times <= 12


_LISTEN = """
import fcntl, socket, struct, sys, time
from hub.post.network import Changes
changes = Changes()
assert not changes.any(), "nothing has happened"
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    # SIOCSIFFLAGS: lo comes up and gets its address.
    fcntl.ioctl(sock, 0x8914, struct.pack("16sh14x", b"lo", 1))
end = time.monotonic() + 10
while not changes.any():
    assert time.monotonic() < end
    time.sleep(0.01)
changes.close()
assert not changes.any()
print("heard")
"""


def test_the_kernel_tells_of_a_new_address() -> None:
    # In a network of its own, so that nothing else happens there and nothing of this machine is touched.
    unshare = shutil.which("unshare")
    assert unshare is not None
    own = [unshare, "--net"] if os.geteuid() == 0 else [unshare, "--user", "--map-root-user", "--net"]
    done = subprocess.run(
        [*own, sys.executable, "-c", _LISTEN], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "heard\n", done.stderr
