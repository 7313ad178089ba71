"""Time on a box without a clock battery: the latest time ever seen, the boot, and whether to believe it.

Keeps true: a time that nobody vouches for never runs behind the latest time this House has seen; every moment
says whether it is trusted, in which boot and how many seconds after it, so that a doubtful one can be corrected
when the true time becomes known. It never sets the system's clock.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hub.base import db
from hub.base.errors import Refused

# Viet Nam has one offset and no summer time; a box without tzdata must still know the village day.
VILLAGE = dt.timezone(dt.timedelta(hours=7), "ICT")
_SYNC_MARK = Path("/run/systemd/timesync/synchronized")
_RTC = Path("/sys/class/rtc/rtc0/hctosys")
_BOARD = Path("/proc/device-tree/model")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR = 5
_LOOK_AGAIN_S = 3.0
_CONFIRMED = "clock_confirmed"
# No House was open before; an earlier day is a slip of the finger.
_EARLIEST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_AHEAD_S = 2.0


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as this box can know it: ``at`` in UTC, ``mono`` in seconds since the boot ``boot_id``."""

    at: dt.datetime
    trusted: bool
    boot_id: str
    mono: float

    @property
    def on(self) -> dt.date:
        """The village's calendar day."""
        return self.at.astimezone(VILLAGE).date()

    @property
    def text(self) -> str:
        """``at`` as the database keeps it."""
        return stamp(self.at)


class Clock(Protocol):
    """What rooms ask for the time."""

    def read(self) -> Moment:
        """Return the present moment."""

    def keep(self, conn: sqlite3.Connection) -> None:
        """Remember the present moment as the latest seen, in the caller's transaction or one of its own."""


def stamp(at: dt.datetime) -> str:
    """Return ``at`` as UTC text with microseconds and Z, which sorts as it counts."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: str) -> dt.datetime:
    """Return the UTC time that ``stamp`` wrote."""
    return dt.datetime.fromisoformat(text)


def village_day(at: dt.datetime) -> dt.date:
    """Return the village's calendar day of ``at``."""
    return at.astimezone(VILLAGE).date()


def corrected(now: Moment, boot_id: str, mono: float) -> dt.datetime | None:
    """Return the true time of an event known only by boot and seconds, or None.

    None when ``now`` is itself doubtful or of another boot.
    """
    if not now.trusted or now.boot_id != boot_id:
        return None
    return now.at - dt.timedelta(seconds=now.mono - mono)


def still_fresh(now: Moment, boot_id: str, mono: float, seconds: float) -> bool:
    """Return whether something of (boot_id, mono) is younger than ``seconds``; nothing survives a boot."""
    # A reader may have taken ``now`` an instant before another process wrote the event.
    return now.boot_id == boot_id and -_AHEAD_S <= now.mono - mono < seconds


def latest_seen(conn: sqlite3.Connection) -> dt.datetime | None:
    """Return the latest time that any process of this House has kept."""
    row = conn.execute("SELECT latest_at FROM clock WHERE id = 1").fetchone()
    return parse(row[0]) if row else None


def confirm(conn: sqlite3.Connection, at: dt.datetime, now: Moment) -> None:
    """Remember that a person on duty says it is ``at`` now; it holds for this boot.

    Raises ``Refused("clock.too_early")`` for a time before any House was open.
    """
    if at < _EARLIEST:
        raise Refused("clock.too_early", year=_EARLIEST.year)
    told = json.dumps({"at": stamp(at), "boot_id": now.boot_id, "mono": now.mono})
    with db.write(conn):
        conn.execute("INSERT OR REPLACE INTO facts(name, value) VALUES (?, ?)", (_CONFIRMED, told))


def confirmed(conn: sqlite3.Connection) -> Moment | None:
    """Return what a person last confirmed, or None."""
    row = conn.execute("SELECT value FROM facts WHERE name = ?", (_CONFIRMED,)).fetchone()
    if row is None:
        return None
    told = json.loads(row[0])
    return Moment(parse(told["at"]), True, told["boot_id"], told["mono"])


class SystemClock:
    """The machine's clock, held from below by the latest time seen and questioned when nobody vouches for it.

    ``trust`` is ``auto`` (ask the host), ``always`` or ``never``. Where the host does not vouch, ``ask`` gives what a
    person confirmed, which holds for the boot it was said in.
    """

    def __init__(
        self,
        latest: dt.datetime | None,
        *,
        trust: str = "auto",
        ask: Callable[[], Moment | None] = lambda: None,
    ) -> None:
        self._boot_id = _read_boot_id()
        self._floor = latest
        self._floor_mono = time.monotonic()
        self._trust = trust
        self._ask = ask
        self._vouched = False
        self._said: Moment | None = None
        self._looked = float("-inf")

    def read(self) -> Moment:
        """Return the present moment; ``trusted`` only if the host or a person vouches for it."""
        mono = time.monotonic()
        at = dt.datetime.now(dt.UTC)
        if mono - self._looked > _LOOK_AGAIN_S:
            self._look()
            self._looked = mono
        if self._vouched:
            # Vouched time is believed even when it is earlier: that is how the House leaves a wrong future.
            return Moment(at, True, self._boot_id, mono)
        if self._said is not None:
            said = self._said.at + dt.timedelta(seconds=mono - self._said.mono)
            return Moment(said, True, self._boot_id, mono)
        if self._floor is not None:
            at = max(at, self._floor + dt.timedelta(seconds=mono - self._floor_mono))
        return Moment(at, False, self._boot_id, mono)

    def _look(self) -> None:
        self._vouched = self._trust == "always" or (self._trust == "auto" and _host_vouches())
        said = None if self._vouched else self._ask()
        self._said = said if said is not None and said.boot_id == self._boot_id else None

    def keep(self, conn: sqlite3.Connection) -> None:
        """Remember the present moment as the latest seen.

        A doubtful time is kept only when nothing later is known; a wrong future, once trusted, would hold the House
        there, so a trusted earlier time replaces it.
        """
        now = self.read()
        with db.write(conn):
            if now.trusted:
                conn.execute("INSERT OR REPLACE INTO clock(id, latest_at) VALUES (1, ?)", (now.text,))
            else:
                conn.execute(
                    "INSERT INTO clock(id, latest_at) VALUES (1, ?) ON CONFLICT(id) DO UPDATE"
                    " SET latest_at = max(latest_at, excluded.latest_at)",
                    (now.text,),
                )


def _read_boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return "unknown-boot"


def _host_vouches() -> bool:
    if _SYNC_MARK.exists():
        return True
    try:
        # Every desk machine has a clock battery; of the boards we know, the Raspberry Pi has none.
        if "Raspberry Pi" not in _BOARD.read_text(encoding="utf-8", errors="replace"):
            return True
    except OSError:
        return True
    try:
        # A clock chip that set the time at boot is as good as a network.
        if _RTC.read_text(encoding="ascii").strip() == "1":
            return True
    except OSError:
        pass
    return _kernel_says_synchronised()


def _kernel_says_synchronised() -> bool:
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return False
    # struct timex with modes=0 only reads; 512 bytes is more than any Linux asks for.
    state = adjtimex(ctypes.create_string_buffer(512))
    return 0 <= int(state) < _TIME_ERROR
