"""What the machine's own network service says of the line: is there one, what kind, is it paid by the byte.

Keeps true: the service is asked seldom and never waited for longer than three seconds; where there is none,
or it says nothing sensible, the answer is "unknown" and no error; what is written down is only what differs
from before. It never says that there is a way to the office: only an answer of the office does.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import json
import logging
import os
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment

log = logging.getLogger(__name__)

TOPIC = "line"
_SERVICE = "org.freedesktop.NetworkManager"
# Numbers instead of a person's language, one process for all of them (8 ms seen, NetworkManager 1.42.4).
_ASK = (
    *("busctl", "--system", "--json=short", "--timeout=2", "--auto-start=no", "get-property"),
    *(_SERVICE, "/org/freedesktop/NetworkManager", _SERVICE),
    *("State", "Connectivity", "Metered", "PrimaryConnectionType", "PrimaryConnection"),
)
_PATIENCE_S = 3.0
_SOME_ROUTE, _PORTAL, _LIMITED = 50, 2, 3
_METERED, _UNMETERED = (1, 3), (2, 4)
_ASK_EVERY_S = 30.0
# The kernel tells of an address before the network service has made up its mind.
_ASK_AFTER_S = (0.0, 1.0, 3.0)
_NOT_AGAIN_S = 0.9
# Addresses and routes, without what each scan for Wi-Fi says of the link.
_GROUPS = 0x10 | 0x40 | 0x100
_READ = 65_536
_MOST_READS = 64


class State(enum.StrEnum):
    """How far the line reaches, as the network service sees it."""

    CONNECTED = "connected"
    PORTAL = "portal"
    LIMITED = "limited"
    NONE = "none"
    UNKNOWN = "unknown"


class Kind(enum.StrEnum):
    """What carries the line."""

    WIFI = "wifi"
    MOBILE = "mobile"
    ETHERNET = "ethernet"
    BLUETOOTH = "bluetooth"
    OTHER = "other"
    UNKNOWN = "unknown"


_KINDS = {
    "802-11-wireless": Kind.WIFI,
    "gsm": Kind.MOBILE,
    "cdma": Kind.MOBILE,
    "802-3-ethernet": Kind.ETHERNET,
    "bluetooth": Kind.BLUETOOTH,
    "": Kind.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Network:
    """The line out; ``metered`` None: nobody says; ``connection`` differs from one connection to the next."""

    state: State = State.UNKNOWN
    kind: Kind = Kind.UNKNOWN
    metered: bool | None = None
    connection: str = ""

    @property
    def paid(self) -> bool:
        """Whether each byte should be taken to cost somebody money."""
        return self.metered if self.metered is not None else self.kind is Kind.MOBILE


UNKNOWN = Network()


@dataclass(frozen=True, slots=True)
class Seen:
    """The line as it was last seen to change, and when; None where nobody ever looked."""

    network: Network
    at: dt.datetime | None


def read(command: Sequence[str] = _ASK) -> Network:
    """Ask the network service; ``UNKNOWN`` where there is none or it does not answer in three seconds."""
    try:
        told = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE_S,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"} | _bus(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return UNKNOWN
    return parse(told.stdout) if told.returncode == 0 else UNKNOWN


def _bus() -> dict[str, str]:
    return {name: os.environ[name] for name in ("DBUS_SYSTEM_BUS_ADDRESS",) if name in os.environ}


def parse(told: bytes) -> Network:
    """Return the line from five lines of JSON as ``busctl --json=short`` writes them, a property each."""
    try:
        values = [json.loads(line)["data"] for line in told.splitlines() if line.strip()]
        state, connectivity, metered, kind, connection = values
    except (ValueError, KeyError, TypeError, RecursionError):
        return UNKNOWN
    numbers = (state, connectivity, metered)
    if not all(isinstance(one, int) for one in numbers) or not isinstance(kind, str):
        return UNKNOWN
    if not isinstance(connection, str):
        return UNKNOWN
    reaches = State.CONNECTED
    if state < _SOME_ROUTE:
        reaches = State.NONE
    elif connectivity == _PORTAL:
        reaches = State.PORTAL
    elif connectivity in (1, _LIMITED):
        reaches = State.LIMITED
    paid = True if metered in _METERED else False if metered in _UNMETERED else None
    return Network(reaches, _KINDS.get(kind, Kind.OTHER), paid, "" if connection == "/" else connection[:200])


def last(conn: sqlite3.Connection) -> Seen:
    """Return the line as the relay last saw it."""
    row = conn.execute(
        "SELECT state, kind, metered, connection, seen_at FROM line_network WHERE id = 1"
    ).fetchone()
    if row is None:
        return Seen(UNKNOWN, None)
    paid = None if row["metered"] is None else bool(row["metered"])
    return Seen(
        Network(State(row["state"]), Kind(row["kind"]), paid, row["connection"]), clocks.parse(row["seen_at"])
    )


def note(conn: sqlite3.Connection, found: Network, now: Moment) -> bool:
    """Write down what the line is now; return whether it is another than before."""
    if last(conn).network == found:
        return False
    with db.write(conn):
        conn.execute(
            "INSERT OR REPLACE INTO line_network(id, state, kind, metered, connection, seen_at)"
            " VALUES (1, ?, ?, ?, ?, ?)",
            (found.state, found.kind, found.metered, found.connection, now.text),
        )
        db.touch(conn, TOPIC)
    return True


class Changes:
    """The kernel's word that an address or a route came or went; costs nothing while nothing happens."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        try:
            self._socket = socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0
            )
            self._socket.bind((0, _GROUPS))
        except OSError as bad:
            log.info("the kernel does not tell of the network: %s", bad)
            self.close()

    def any(self) -> bool:
        """Return whether something changed since the last call."""
        found = False
        if self._socket is None:
            return False
        with contextlib.suppress(BlockingIOError):
            for _ in range(_MOST_READS):
                try:
                    self._socket.recv(_READ)
                except BlockingIOError:
                    raise
                except OSError:
                    # More happened than the kernel kept for us: that is a change too.
                    found = True
                    continue
                found = True
        return found

    def close(self) -> None:
        """Listen no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Sense:
    """Looks at the line for the relay: twice a minute, and when the kernel says that something changed."""

    def __init__(self, ask: Callable[[], Network] = read, changes: Changes | None = None) -> None:
        self._ask = ask
        self._changes = changes or Changes()
        self._asks: list[float] = [float("-inf")]
        self._asked, self._stirred, self._missed = float("-inf"), False, False
        self.network = UNKNOWN

    def look(self) -> bool:
        """Look if it is time; return whether a line came or may have come, or went: then knocking is worth while."""
        now = time.monotonic()
        if self._changes.any():
            self._stirred = True
            self._asks = [now + after for after in _ASK_AFTER_S]
        if now < self._asks[0] or now - self._asked < _NOT_AGAIN_S:
            return False
        self._asked = now
        self._asks = [one for one in self._asks if one > now] or [now + _ASK_EVERY_S]
        before, found = self.network, self._ask()
        if found == UNKNOWN != before and not self._missed:
            # A line that is paid by the byte is not free because one answer of a busy machine came late.
            self._missed, self._asks = True, [now + _ASK_AFTER_S[-1]]
            return False
        self._missed, self.network = found == UNKNOWN, found
        stirred, self._stirred = self._stirred, False
        new = self.network.connection not in ("", before.connection)
        better = self.network.state is State.CONNECTED and before.state is not State.CONNECTED
        # "There is a way" must not stand on the pages until the next ordinary question.
        gone = self.network.state is State.NONE and before.state not in (State.NONE, State.UNKNOWN)
        return new or better or gone or (stirred and self.network == UNKNOWN)

    def close(self) -> None:
        """Look no more."""
        self._changes.close()
