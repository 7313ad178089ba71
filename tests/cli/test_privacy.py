"""``hub dossiers erase|export`` and ``hub privacy register``: data rights from a shell."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.base import settings as all_settings
from hub.base.house import House
from hub.packs import shelf
from hub.trades.dossiers import drafts, follow
from hub.trades.dossiers.model import NOTICE_VERSION, Consent, GivenBy, How, Purpose
from hub.trades.privacy import log
from hub.trades.privacy.model import Access
from hub.trades.procedures import added
from hub.trades.staff import service as staff
from hub.trades.staff.model import Colleague
from hub.wiring import build, demo
from tests.cli.command import hub
from tests.desks import dossiers as sealed_ones

_NAME, _, _SECRET = demo.SIGN_INS[0]


@pytest.fixture
def house(data: Path) -> House:
    return build.build(all_settings.Settings(), data)


@pytest.fixture
def conn(house: House) -> Iterator[sqlite3.Connection]:
    with closing(house.connect()) as conn:
        yield conn


def begun(house: House, conn: sqlite3.Connection) -> str:
    """A draft of the demo House; returns its id."""
    now = house.clock.read()
    key = staff.unlock(conn, Colleague(_NAME, _SECRET), moment=now, where="test")
    pack = shelf.current(house.packs)
    procedure = added.get(conn, pack, "lien-thong-khai-sinh")
    blank = added.today(conn, pack, procedure.slug)
    consent = Consent(NOTICE_VERSION, "vi", True, How.SPOKEN, GivenBy.SELF, frozenset(Purpose))
    made = drafts.start(
        conn,
        procedure,
        blank.xml,
        consent=consent,
        staff=1,
        key=key,
        moment=now,
        draft_days=30,
        media=blank.media,
    )
    return made.id


def test_a_draft_is_listed_copied_and_erased(
    data: Path, settings: Path, house: House, conn: sqlite3.Connection, tmp_path: Path
) -> None:
    draft = begun(house, conn)
    listed = hub(data, "dossiers", "list", "--drafts", settings=settings)
    assert listed.out.split("\t")[:2] == [draft, "lien-thong-khai-sinh"] and _NAME not in listed.out
    target = tmp_path / "copy"
    as_guide = ("dossiers", "export", draft, str(target), "--name", _NAME, "--secret")
    wrong = hub(data, *as_guide, "731946", settings=settings)
    assert wrong.code == 1 and wrong.sentence and not target.exists()
    done = hub(data, *as_guide, _SECRET, settings=settings)
    assert done.code == 0, done
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert {stat.S_IMODE(one.stat().st_mode) for one in target.rglob("*") if one.is_file()} == {0o600}
    assert (target / "copy.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (target / "1" / "instance.xml").read_bytes().startswith(b"<")
    again = hub(data, *as_guide, _SECRET, settings=settings)
    assert again.code == 1 and "thư mục mới" in again.err
    erased = hub(data, "dossiers", "erase", draft, "--yes", settings=settings)
    assert erased.code == 0 and not drafts.waiting(conn)
    assert [one.act for one in log.about(conn, draft)] == [Access.SHELL_EXPORT, Access.SHELL_ERASE]
    assert hub(data, "dossiers", "erase", draft, "--yes", settings=settings).code == 1


def test_erasing_asks_first(data: Path, settings: Path, house: House, conn: sqlite3.Connection) -> None:
    draft = begun(house, conn)
    answer = hub(data, "dossiers", "erase", draft, settings=settings, typed="n\n")
    assert answer.code == 130 and [one[0] for one in drafts.waiting(conn)] == [draft]


def test_a_sealed_dossier_is_taken_out_by_its_code(
    data: Path, settings: Path, house: House, conn: sqlite3.Connection
) -> None:
    code, _ = sealed_ones.kept(conn, house.clock.read())
    done = hub(data, "dossiers", "erase", code, "--yes", settings=settings)
    assert done.code == 0 and "chưa hề gửi đi" in done.out
    assert not follow.listing(conn)


def test_the_register_is_text_or_a_table(data: Path, settings: Path) -> None:
    text = hub(data, "privacy", "register", settings=settings)
    assert text.code == 0 and "Sổ xử lý dữ liệu cá nhân" in text.out and "30 ngày" in text.out
    table = hub(data, "--lang", "en", "privacy", "register", "--csv", settings=settings)
    rows = list(csv.reader(io.StringIO(table.out)))
    assert rows[0][0] == "What for" and len(rows) > 5


def test_doctor_finds_a_log_that_somebody_changed(
    data: Path, settings: Path, conn: sqlite3.Connection
) -> None:
    def finding() -> dict[str, object]:
        told = hub(data, "doctor", "--json", settings=settings)
        return next(one for one in json.loads(told.out) if one["name"] == "access log")

    assert finding()["well"] is True
    conn.execute("DROP TRIGGER access_log_stays")
    assert finding()["well"] is False
