"""Copies of the database: whole, checked, without what must not outlive its sealing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub.base import backups, db, settings
from hub.base.errors import NotReady
from hub.base.house import House, Ports
from tests.fakes import FakeClock


def _no_port() -> None:
    raise AssertionError("a copy needs no device")


@pytest.fixture
def house(database: Path, clock: FakeClock) -> House:
    ports = Ports(*[_no_port] * 7)  # type: ignore[arg-type]
    return House(settings.Settings(), database.parent, database.parent, clock, ports)


def test_a_copy_opens_and_holds_what_was_written(house: House, conn: sqlite3.Connection) -> None:
    with db.write(conn):
        conn.execute("INSERT INTO facts VALUES ('kept', 'yes')")
    copy = db.connect(backups.make(house), read_only=True)
    assert copy.execute("SELECT value FROM facts WHERE name = 'kept'").fetchone()[0] == "yes"
    copy.close()


def test_a_copy_is_one_file_and_its_owners_alone(house: House) -> None:
    path = backups.make(house)
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_byte_of_a_draft_is_in_a_copy(house: House, conn: sqlite3.Connection) -> None:
    marker = b"ciphertext-of-a-draft-" * 400
    names = [row[1] for row in conn.execute("PRAGMA table_info(drafts)")]
    with db.write(conn):
        conn.execute("INSERT INTO dossier_forms VALUES ('f', 'form', '1', x'00')")
        known = {
            "form_sha256": "f",
            "instance": marker,
            "label": b"x",
            "version": 1,
            "erase_on": "2027-01-01",
        }
        types = {row[1]: row[2] for row in conn.execute("PRAGMA table_info(drafts)")}
        plain = {"TEXT": "x", "INTEGER": 1, "REAL": 0.0, "BLOB": b"x"}
        values = [known.get(name, plain[types[name]]) for name in names]
        conn.execute(f"INSERT INTO drafts VALUES ({', '.join('?' for _ in names)})", values)
    path = backups.make(house)
    assert marker[:22] not in path.read_bytes()
    assert conn.execute("SELECT count(*) FROM drafts").fetchone()[0] == 1


def test_only_the_newest_copies_are_kept(house: House, clock: FakeClock) -> None:
    made = []
    for _ in range(house.settings.backup.keep + 2):
        made.append(backups.make(house).name)
        clock.advance(60)
    assert [copy.name for copy in backups.listing(house)] == made[:1:-1]


def test_a_copy_that_cannot_be_written_leaves_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = backups.make(house)
    monkeypatch.setattr(backups, "_checked", lambda path: "row 3 missing from index")
    with pytest.raises(NotReady, match="base.bad_copy"):
        backups.make(house)
    assert [copy.name for copy in backups.listing(house)] == [good.name]


def test_what_somebody_takes_back_goes_from_every_copy_and_the_copies_stay_whole(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    with db.write(conn):
        conn.execute("CREATE TABLE said(who INTEGER, words TEXT)")
        conn.execute("INSERT INTO said VALUES (1, 'goes-away-goes-away'), (2, 'stays-stays')")
    first = backups.make(house)
    clock.advance(60)
    second = backups.make(house)
    assert backups.erase(house, "said", "who", 1) == 2
    assert backups.erase(house, "said", "who", 1) == 0
    assert backups.erase(house, "no_such_table", "who", 1) == 0
    for path in (first, second):
        content = path.read_bytes()
        assert b"goes-away" not in content and b"stays-stays" in content
        with closing(sqlite3.connect(path)) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert sorted(found.name for found in first.parent.iterdir()) == sorted([first.name, second.name])


def test_a_copy_that_goes_while_something_is_taken_back_does_not_come_back_empty(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = backups.make(house)
    seen = backups.listing(house)
    path.unlink()
    monkeypatch.setattr(backups, "listing", lambda _house: seen)
    assert backups.erase(house, "recordings", "voice_id", 1) == 0
    assert not path.exists()
