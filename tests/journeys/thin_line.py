"""A day's dossiers over a thin line, against what the line itself can carry.

    python -m tests.journeys.thin_line [--full] [--lanes N]

``--full`` is 20 dossiers of 400 KB at 64 kbit/s, 300 ms there and back, 5 % of the packets lost each way: about
20 minutes. Without it everything is ten times as fast and a seventh as much, for twenty seconds. A bare TCP
connection carries the same bytes over another line of the same shape at the same time, so that both see the
same machine.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from waitress.server import create_server

from hub.base import db
from hub.base.clock import SystemClock
from hub.post import inbox, outbox
from hub.practice_office import keys, records
from hub.practice_office.app import create_office
from hub.practice_office.forms import register_form
from hub.workers import relay
from tests.journeys.tunnel import FAR, Shape, Tunnel, tunnel
from tests.journeys.village import until
from tests.post import parcels
from tests.workers import relay_process

PORT = 8001
DOSSIERS = 20


@dataclasses.dataclass(frozen=True)
class Run:
    """A line, how much each dossier weighs, and how long all may take at most."""

    shape: Shape
    photo_bytes: int
    most_s: float


# A quarter of a second's worth of packets on either side of the line, as a cheap modem keeps.
FULL = Run(Shape(kbit=64, delay_s=0.150, loss=0.05, queue=30), 200_000, 2_400)
QUICK = Run(Shape(kbit=640, delay_s=0.015, loss=0.05, queue=30), 30_000, 120)


@dataclasses.dataclass(frozen=True)
class Found:
    """Seconds for the House, for a bare connection, and by arithmetic; bytes of payload and over the line."""

    house_s: float
    bare_s: float
    least_s: float
    payload: int
    carried: int
    back: int
    mean_s: float
    by_kernel: bool
    whole: bool

    def told(self) -> str:
        """Return it in words."""
        return (
            f"{DOSSIERS} dossiers, {self.payload} bytes: House {self.house_s:.1f} s, bare TCP {self.bare_s:.1f} s,"
            f" the line's least {self.least_s:.1f} s; House/bare {self.house_s / self.bare_s:.3f}, House/least"
            f" {self.house_s / self.least_s:.3f}; a dossier was there after {self.mean_s:.1f} s in the mean;"
            f" over the line {self.carried} bytes up ({self.carried / self.payload:.3f} of the payload),"
            f" {self.back} down; {'netem' if self.by_kernel else 'TUN link'}; bytes"
            f" {'the same at the office' if self.whole else 'DIFFER at the office'}"
        )


def measure(run: Run, folder: Path, *, lanes: int | None = None, seed: int = 1) -> Found:
    """Carry a day's dossiers and, beside it, as many bytes bare. Raises ``CannotTunnel``."""
    office, house = folder / "office", folder / "house"
    house.mkdir()
    create_office(office, secret=b"only for this test" * 2)
    register_form(office, parcels.form_xml())
    made = [parcels.parcel(photos=2, photo_bytes=run.photo_bytes) for _ in range(DOSSIERS)]
    payload = sum(len(one.envelope) + sum(len(content) for _, content in one.files) for one in made)
    with tunnel(run.shape, seed) as line, tunnel(run.shape, seed + 1) as beside:
        line.start(
            _me("office", str(office)),
            _me("relay", str(house), str(keys.token_path(office)), str(lanes or 0)),
        )
        bare = _Bare(beside, payload, run.most_s)
        with contextlib.closing(_opened(house)) as conn:
            until(lambda: inbox.uplink(conn).up is True, 60, "the relay did not find the office")
            carried, back = line.carried[1], line.carried[0]
            clock = SystemClock(None, trust="always")
            with db.write(conn):
                for one in made:
                    outbox.add(conn, one, moment=clock.read())
            began, there = time.monotonic(), 0
            arrived: list[float] = []
            while there < len(made):
                assert time.monotonic() - began < run.most_s, f"only {there} dossiers in {run.most_s:.0f} s"
                time.sleep(0.05)
                there = outbox.counts(conn).sent
                arrived += [time.monotonic() - began] * (there - len(arrived))
            house_s = time.monotonic() - began
        return Found(
            house_s,
            bare.seconds(),
            run.shape.seconds(payload),
            payload,
            line.carried[1] - carried,
            line.carried[0] - back,
            sum(arrived) / len(arrived),
            line.by_kernel,
            _whole(office, made),
        )


def _whole(office: Path, made: list[outbox.Parcel]) -> bool:
    with contextlib.closing(records.connect(office)) as shelf:
        there = {one.instance_id: records.content(shelf, one.id) for one in records.listing(shelf)}
    return there == {one.instance_id: (one.envelope, dict(one.files)) for one in made}


def _opened(house: Path) -> db.Connection:
    until(
        lambda: (house / "house.db").exists() and _has_outbox(house), 60, "the relay did not open its House"
    )
    return db.connect(house / "house.db")


def _has_outbox(house: Path) -> bool:
    with contextlib.closing(db.connect(house / "house.db", read_only=True)) as conn:
        return conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'heard'").fetchone() is not None


class _Bare:
    """One TCP connection that carries bytes beside the House."""

    def __init__(self, line: Tunnel, size: int, most_s: float) -> None:
        _, self._near = line.start(_me("sink"), _me("source", str(size), str(most_s)))
        self._began, self._most_s, self._took = time.monotonic(), most_s, 0.0
        self._waiting = threading.Thread(target=self._wait, daemon=True)
        self._waiting.start()

    def _wait(self) -> None:
        if self._near.wait(self._most_s) == 0:
            self._took = time.monotonic() - self._began

    def seconds(self) -> float:
        self._waiting.join(self._most_s)
        assert self._took, "the bare connection did not come through"
        return self._took


def _me(*words: str) -> list[str]:
    return [sys.executable, "-m", "tests.journeys.thin_line", *words]


def _stopped() -> threading.Event:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    return stop


def _office(folder: str) -> None:
    app = create_office(Path(folder), secret=b"only for this test" * 2)
    create_server(app, host=FAR, port=PORT, threads=4).run()


def _relay(data: str, token_file: str, lanes: str) -> None:
    given: dict[str, object] = {"idle_s": 60.0, "connect_s": 20.0, "states_every_s": 60.0}
    if lanes != "0":
        given["lanes"] = int(lanes)
    house = relay_process.house(Path(data), f"http://{FAR}:{PORT}", token_file, **given)
    relay.run(house, stop=_stopped(), listeners=relay_process.listeners())


def _sink() -> None:
    with socket.create_server((FAR, PORT)) as listener:
        peer, _ = listener.accept()
        with peer:
            while peer.recv(65536):
                pass
            peer.sendall(b"!")


def _source(size: str, most_s: str) -> None:
    until_s = time.monotonic() + 30
    while True:
        try:
            peer = socket.create_connection((FAR, PORT), timeout=10)
            break
        except OSError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.1)
    with peer:
        peer.settimeout(float(most_s))
        peer.sendall(bytes(int(size)))
        peer.shutdown(socket.SHUT_WR)
        sys.exit(peer.recv(1) != b"!")


_ROLES = {"office": _office, "relay": _relay, "sink": _sink, "source": _source}


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="house-thin-") as name:
        yield Path(name)


def main() -> int:
    """Measure and say what was found; 0 when the House kept within 1.15 times the bare connection."""
    parser = argparse.ArgumentParser(prog="python -m tests.journeys.thin_line", description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--lanes", type=int, default=0)
    given = parser.parse_args()
    with _folder() as folder:
        found = measure(FULL if given.full else QUICK, folder, lanes=given.lanes or None)
    print(found.told(), flush=True)
    return 0 if found.whole and found.house_s <= 1.15 * found.bare_s else 1


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in _ROLES:
        _ROLES[sys.argv[1]](*sys.argv[2:])
    else:
        sys.exit(main())
