"""The recovery code in the sealed envelope: when no guide is left who remembers, drafts are not lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from hub.base.errors import NotReady, Refused
from hub.trades.dossiers import drafts
from hub.trades.staff import service as staff
from hub.trades.staff.model import Recovery, Role, What
from tests.fakes import FakeClock
from tests.trades.dossiers.conftest import household_xml  # noqa: F401 - a fixture
from tests.trades.dossiers.guide import Guide

_PIN, _NEW = "739104", "260318"


@pytest.fixture
def founded(conn: sqlite3.Connection, clock: FakeClock) -> tuple[bytes, str]:
    """A House with one guide: its key and its first recovery code."""
    key, code = staff.found_house_key(conn)
    staff.add(conn, "Nguyễn Thị Mẫu", Role.GUIDE, _PIN, moment=clock.read(), house_key=key)
    return key, code


def _unlock(conn: sqlite3.Connection, clock: FakeClock, code: str) -> bytes:
    return staff.unlock(conn, Recovery(code), moment=clock.read(), where="shell")


def test_with_every_guide_gone_the_technician_and_the_code_bring_the_drafts_back(
    conn: sqlite3.Connection,
    clock: FakeClock,
    founded: tuple[bytes, str],
    household_xml: bytes,  # noqa: F811
) -> None:
    key, code = founded
    guide = Guide(conn, clock, household_xml, key=key)
    draft = guide.start()
    guide.save(draft.id, "nguoi", {"/data/nguoi/ho_ten": "Lý A Mẫu"})
    clock.advance(5 * 86_400)
    with pytest.raises(Refused):
        staff.sign_in(conn, "Nguyễn Thị Mẫu", "111118", moment=clock.read(), where="tablet")
    # Nobody remembers a PIN. At the shell: the code from the envelope, and a new guide.
    opened = _unlock(conn, clock, code)
    staff.add(conn, "Giàng A Mẫu", Role.GUIDE, _NEW, moment=clock.read(), house_key=opened)
    session = staff.sign_in(conn, "Giàng A Mẫu", _NEW, moment=clock.read(), where="tablet")
    assert session.house_key is not None
    (found,) = drafts.listing(conn, key=session.house_key)
    view = drafts.look(conn, found.id, key=session.house_key, moment=clock.read())
    assert view.instance.get("/data/nguoi/ho_ten") == "Lý A Mẫu"


def test_a_new_code_opens_and_the_old_one_is_dead(
    conn: sqlite3.Connection, clock: FakeClock, founded: tuple[bytes, str]
) -> None:
    key, old = founded
    new = staff.renew_recovery(conn, key, by=None, moment=clock.read(), where="tablet")
    assert new != old and _unlock(conn, clock, new) == key
    with pytest.raises(Refused, match="recovery_wrong"):
        _unlock(conn, clock, old)
    assert staff.journal(conn)[2].what is What.NEW_RECOVERY
    assert staff.sign_in(conn, "Nguyễn Thị Mẫu", _PIN, moment=clock.read(), where="x").house_key == key


def test_the_old_wrap_is_not_even_in_the_log_any_more(
    conn: sqlite3.Connection, clock: FakeClock, founded: tuple[bytes, str], database: Path
) -> None:
    key, _ = founded
    wrap = bytes(conn.execute("SELECT recovery_wrap FROM staff_house_key").fetchone()[0])
    held = b"".join(path.read_bytes() for path in database.parent.glob("house.db*"))
    assert wrap in held
    code = staff.renew_recovery(conn, key, by=None, moment=clock.read(), where="tablet")
    held = b"".join(path.read_bytes() for path in database.parent.glob("house.db*"))
    assert wrap not in held and code.encode() not in held and code.replace("-", "").encode() not in held


def test_who_has_not_the_house_key_makes_no_code(
    conn: sqlite3.Connection, clock: FakeClock, founded: tuple[bytes, str]
) -> None:
    key, code = founded
    with pytest.raises(Refused, match="key_wrong"):
        staff.renew_recovery(conn, bytes(32), by=None, moment=clock.read(), where="tablet")
    assert _unlock(conn, clock, code) == key


def test_before_the_first_guide_there_is_nothing_to_recover(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    with pytest.raises(NotReady, match="key_needed"):
        staff.renew_recovery(conn, bytes(32), by=None, moment=clock.read(), where="tablet")
