"""The night: what is past its day goes, what is not stays, and one failure stops nothing else."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devices.slip import Slip, Text
from hub.base import backups, db, identity, phrases
from hub.base import settings as all_settings
from hub.base.clock import village_day
from hub.base.errors import Missing, NotReady
from hub.base.house import House
from hub.packs import shelf
from hub.post import jobs, leases, outbox, stick, stick_ledger
from hub.trades.dossiers import drafts
from hub.trades.dossiers.model import NOTICE_VERSION, Consent, Draft, GivenBy, How, Purpose
from hub.trades.procedures import reader
from hub.trades.staff import service as staff
from hub.wiring import build, demo
from hub.workers import nightly
from tests.cli import command
from tests.fakes import FakeClock
from tests.post import parcels

_DAY = 86_400
_CONSENT = Consent(NOTICE_VERSION, "vi", True, How.SPOKEN, GivenBy.PARENT, frozenset(Purpose))


@pytest.fixture
def house(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, clock: FakeClock) -> House:
    """A demo House whose time the test moves."""
    data = command.copied(tmp_path_factory, tmp_path / "data")
    made = build.build(all_settings.Settings(), data)
    return dataclasses.replace(made, clock=clock)


@pytest.fixture
def conn(house: House) -> Iterator[sqlite3.Connection]:
    """A connection to that House."""
    with closing(house.connect()) as conn:
        yield conn


def _night(house: House) -> list[str]:
    said: list[str] = []
    nightly.run(house, tell=said.append, lang="en")
    return said


def _draft(house: House, conn: sqlite3.Connection) -> tuple[Draft, bytes]:
    moment = house.clock.read()
    name, _role, secret = demo.SIGN_INS[0]
    key = staff.sign_in(conn, name, secret, moment=moment, where="test").house_key
    assert key is not None
    active = shelf.current(house.packs)
    procedure = reader.all(active)[0]
    xml = reader.form_xml(active, procedure.slug)
    days = house.settings.dossiers.draft_days
    draft = drafts.start(
        conn, procedure, xml, consent=_CONSENT, staff=1, key=key, moment=moment, draft_days=days
    )
    return draft, key


def _slip(house: House, conn: sqlite3.Connection, *, ended: bool) -> int:
    moment = house.clock.read()
    job = jobs.add(conn, jobs.Kind.OTHER, Slip((Text("Nguyễn Thị Mẫu"),)), moment=moment, subject="test:1")
    if ended:
        jobs.cancel(conn, job, moment=moment)
    return job


def test_a_draft_goes_on_its_day_and_not_the_day_before(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    draft, key = _draft(house, conn)
    clock.advance((house.settings.dossiers.draft_days - 1) * _DAY)
    assert "Drafts past their date erased: 0" in _night(house)
    assert drafts.look(conn, draft.id, key=key, moment=clock.read()).draft.id == draft.id
    clock.advance(2 * _DAY)
    assert "Drafts past their date erased: 1" in _night(house)
    with pytest.raises(Missing):
        drafts.look(conn, draft.id, key=key, moment=clock.read())


def test_a_doubtful_clock_erases_nothing(house: House, conn: sqlite3.Connection, clock: FakeClock) -> None:
    draft, key = _draft(house, conn)
    job = _slip(house, conn, ended=True)
    clock.trusted = False
    clock.advance(400 * _DAY)
    _night(house)
    assert drafts.look(conn, draft.id, key=key, moment=clock.read()).draft.id == draft.id
    assert jobs.slip(conn, job).parts


def test_old_slips_are_cleared_also_those_that_nobody_could_print(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    old, waited = _slip(house, conn, ended=True), _slip(house, conn, ended=False)
    asks = _slip(house, conn, ended=False)
    conn.execute("UPDATE jobs SET state = 'ask', reason_key = 'printing.interrupted' WHERE id = ?", (asks,))
    clock.advance((house.settings.dossiers.slip_days + 1) * _DAY)
    young, waits = _slip(house, conn, ended=True), _slip(house, conn, ended=False)
    _night(house)
    for job in (old, waited, asks):
        with pytest.raises(Missing):
            jobs.slip(conn, job)
        assert jobs.get(conn, job).state is jobs.State.CANCELLED, "the row stays as history"
    assert jobs.slip(conn, young).parts
    assert jobs.slip(conn, waits).parts and jobs.get(conn, waits).state is jobs.State.QUEUED


def test_sign_ins_of_a_day_that_is_over_are_closed(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    name, _role, secret = demo.SIGN_INS[1]
    staff.sign_in(conn, name, secret, moment=clock.read(), where="test")
    assert "Old sign-ins closed: 0" in _night(house)
    clock.reboot()
    assert "Old sign-ins closed: 1" in _night(house)
    assert conn.execute("SELECT count(*) FROM staff_sessions").fetchone()[0] == 0


def test_the_night_leaves_a_whole_copy_and_an_empty_journal(house: House, clock: FakeClock) -> None:
    _night(house)
    (copy,) = backups.listing(house)
    assert village_day(copy.at) == clock.read().on and copy.size > 0
    with closing(sqlite3.connect(backups.folder(house) / copy.name)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert opened.execute("SELECT count(*) FROM staff").fetchone()[0] == len(demo.SIGN_INS)
    journal = house.database.with_name("house.db-wal")
    assert not journal.exists() or journal.stat().st_size == 0


@pytest.mark.parametrize(
    "bad", [OSError("no such card"), sqlite3.DatabaseError("malformed"), RuntimeError("?")]
)
def test_a_step_that_fails_stops_no_other_and_is_named(
    house: House, conn: sqlite3.Connection, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, bad: Exception
) -> None:
    def fail(*_args: object) -> int:
        raise bad

    job = _slip(house, conn, ended=True)
    clock.advance(30 * _DAY)
    monkeypatch.setattr(nightly.dossiers, "expire", fail)
    said: list[str] = []
    with pytest.raises(NotReady, match="nightly.failed") as told:
        nightly.run(house, tell=said.append, lang="en")
    assert told.value.values["steps"] == "erase drafts past their date"
    assert len(backups.listing(house)) == 1 and any(line.startswith("Backed up") for line in said)
    with pytest.raises(Missing):
        jobs.slip(conn, job)


def test_the_latest_time_seen_is_kept(house: House, conn: sqlite3.Connection, clock: FakeClock) -> None:
    _night(house)
    kept = conn.execute("SELECT latest_at FROM clock WHERE id = 1").fetchone()[0]
    assert kept == clock.read().text


def test_the_command_says_each_step_and_ends_well(tmp_path: Path, house: House) -> None:
    settings = command.written(tmp_path, "")
    done = command.hub(house.data, "nightly", settings=settings)
    assert done.code == 0 and len(done.out.splitlines()) >= 7, done
    for key in ("drafts", "slips", "closed", "sessions", "backup", "tidy", "clock"):
        start = phrases.say("vi", f"nightly.{key}", result="").strip()
        assert any(line.startswith(start) for line in done.out.splitlines()), key


def test_a_night_that_could_not_copy_is_exit_code_1_with_one_sentence(tmp_path: Path, house: House) -> None:
    settings = command.written(tmp_path, "")
    (house.data / "backup").write_text("a file where the folder should be", encoding="utf-8")
    done = command.hub(house.data, "--lang", "en", "nightly", settings=settings)
    last = done.err.splitlines()[-1]
    assert done.code == 1 and "(back up)" in last and "Traceback" not in done.err
    assert "Database tidied" in done.out, "the other steps went on"
    with closing(db.connect(house.database, read_only=True)) as conn:
        assert conn.execute("PRAGMA quick_check").fetchone()[0] == "ok"


def test_what_was_carried_by_hand_long_ago_is_forgotten_at_night(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    moment = clock.read()
    stick.confirm_office(conn, identity.Identity("office", bytes(32)).public.line, staff=None, moment=moment)
    outbox.add(conn, parcels.parcel(), moment=moment)
    packing = stick.Packing(conn, identity.read_or_make(house.keys), clock)
    assert packing.part() is not None
    with db.write(conn):
        assert leases.received_by_hand(conn, 1, moment)
    assert "Old notes on what was carried by hand cleared: 0" in _night(house)
    clock.advance(91 * _DAY)
    assert "Old notes on what was carried by hand cleared: 1" in _night(house)
    assert stick_ledger.parts(conn, 1) == ()
