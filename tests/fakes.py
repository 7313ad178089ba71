"""Stand-ins for the outside of the program: time."""

from __future__ import annotations

import datetime as dt
import sqlite3
import uuid

from hub.base import clock as clocks
from hub.base import db


class FakeClock:
    """A clock that tests move: seconds pass only when told, and a reboot gives a new boot id."""

    def __init__(self, at: str = "2026-11-21T01:30:00.000000Z", *, trusted: bool = True) -> None:
        self.at = clocks.parse(at)
        self.trusted = trusted
        self.boot_id = str(uuid.UUID(int=1))
        self.mono = 100.0

    def advance(self, seconds: float) -> None:
        self.at += dt.timedelta(seconds=seconds)
        self.mono += seconds

    def reboot(self, *, at: str | None = None, trusted: bool | None = None) -> None:
        self.boot_id = str(uuid.uuid4())
        self.mono = 5.0
        if at is not None:
            self.at = clocks.parse(at)
        if trusted is not None:
            self.trusted = trusted

    def read(self) -> clocks.Moment:
        return clocks.Moment(self.at, self.trusted, self.boot_id, self.mono)

    def keep(self, conn: sqlite3.Connection) -> None:
        with db.write(conn):
            conn.execute("INSERT OR REPLACE INTO clock(id, latest_at) VALUES (1, ?)", (self.read().text,))
