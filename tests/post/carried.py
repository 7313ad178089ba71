"""A House, a commune's machine and what is carried between them, for tests: real databases, real keys."""

from __future__ import annotations

import functools
import io
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hub.base import db, identity, migrate
from hub.base.identity import Identity
from hub.base.settings import UpstreamSettings
from hub.post import outbox, stick, stick_office, stick_office_ledger, stick_words
from hub.post.outbox import Parcel
from hub.post.stick_words import Heard
from hub.post.transports.carrier import Carrier
from tests.fakes import FakeClock

SETTINGS = UpstreamSettings(url="http://127.0.0.1:1", backoff_first_s=0.01)


@dataclass
class Village:
    """A House: what it was told of, in order."""

    conn: sqlite3.Connection
    mine: Identity
    clock: FakeClock = field(default_factory=FakeClock)
    received: list[str] = field(default_factory=list)

    def add(self, parcel: Parcel) -> Parcel:
        """Put a parcel into the outbox."""
        outbox.add(self.conn, parcel, moment=self.clock.read())
        return parcel

    def state(self, parcel: Parcel) -> str:
        """Where a parcel stands."""
        return outbox.state(self.conn, parcel.instance_id).state

    def parts(self, limit: int = stick.SIZE, *, again: bool = False) -> list[bytes]:
        """All parts of one packing."""
        packing = stick.Packing(self.conn, self.mine, self.clock, limit, again=again)
        made = []
        while (part := packing.part()) is not None:
            made.append(b"".join(part.chunks))
            packing.done(part)
        return made

    def hear(self, answer: bytes) -> Heard:
        """Take in an answer."""
        return stick_words.hear(
            self.conn,
            io.BytesIO(answer),
            self.mine,
            clock=self.clock,
            on_received=lambda _conn, instance_id: self.received.append(instance_id),
        )


@dataclass
class Commune:
    """The commune's machine."""

    conn: sqlite3.Connection
    mine: Identity
    clock: FakeClock = field(default_factory=FakeClock)

    def know(self, village: Village, name: str = "Nhà văn hóa Thôn Mẫu") -> None:
        """Trust a House."""
        stick_office.trust(self.conn, village.mine.public.line, name, clock=self.clock)

    def take(self, part: bytes) -> stick_office.Taken:
        """Take in one part."""
        source = io.BytesIO(part)
        opened, _ = stick_office.whose(self.conn, source, self.mine)
        return stick_office.take(self.conn, source, self.mine, opened, clock=self.clock)

    def forward(self, carrier: Carrier, settings: UpstreamSettings = SETTINGS) -> stick_office.Forwarded:
        """Forward what lies here."""
        return stick_office.forward(
            self.conn, carrier, self.clock, settings=settings, stop=threading.Event(), pause_s=0.01
        )

    def answer(self, village: Village) -> bytes | None:
        """The answer for a House, or None when there is nothing to say."""
        for one in stick_office.answers(self.conn, self.mine, clock=self.clock):
            if one.house.public == village.mine.public:
                return b"".join(one.chunks)
        return None

    def words(self) -> dict[str, str]:
        """What the office says of each parcel."""
        return dict(self.conn.execute("SELECT instance_id, word FROM commune_parcels").fetchall())


@functools.cache
def _empty() -> bytes:
    with closing(sqlite3.connect(":memory:")) as conn:
        migrate.migrate(conn)
        return conn.serialize()


def fresh(path: Path) -> None:
    """Lay an empty database of the present shape there; migrating each anew would be most of a test's time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_empty())


@contextmanager
def village(folder: Path) -> Iterator[Village]:
    """A House with an empty outbox."""
    (folder / "keys").mkdir(parents=True)
    fresh(folder / "house.db")
    with closing(db.connect(folder / "house.db")) as conn:
        yield Village(conn, identity.read_or_make(folder / "keys"))


@contextmanager
def commune(folder: Path) -> Iterator[Commune]:
    """A commune's machine that knows nobody."""
    fresh(folder / stick_office.DATABASE)
    conn, mine = stick_office.open_folder(folder)
    with closing(conn):
        yield Commune(conn, mine)


def introduce(house: Village, office: Commune) -> None:
    """Let a House and a commune know each other's keys."""
    stick.confirm_office(house.conn, office.mine.public.line, staff=None, moment=house.clock.read())
    office.know(house)


def stick_ledger_rows(conn: sqlite3.Connection) -> list[tuple[object, ...]]:
    """All that the House keeps of what was carried, to see that nothing changed."""
    tables = (
        "stick_offices",
        "stick_parts",
        "stick_carried",
        "stick_words",
        "stick_answers",
        "outbox",
        "inbox",
    )
    return [tuple(row) for table in tables for row in conn.execute(f"SELECT * FROM {table}").fetchall()]


def office_rows(conn: sqlite3.Connection) -> list[tuple[object, ...]]:
    """All that the commune keeps."""
    tables = ("commune_houses", "commune_parts", "commune_parcels", "outbox", "outbox_files")
    return [tuple(row) for table in tables for row in conn.execute(f"SELECT * FROM {table}").fetchall()]


__all__ = [
    "Commune",
    "Village",
    "commune",
    "introduce",
    "office_rows",
    "stick_ledger_rows",
    "stick_office_ledger",
    "village",
]
