"""Signing in, sessions, the house key."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.base import crypto, db
from hub.base.errors import Conflict, Missing, NotReady, Refused
from hub.trades.staff import service as staff
from hub.trades.staff import throttle
from hub.trades.staff.model import Colleague, Recovery, Role, Session, TooMany, What
from tests.fakes import FakeClock

PIN = "739104"
OTHER_PIN = "260318"
TECHNICIAN_PASSWORD = "dây cáp màu xanh"


@pytest.fixture
def recovery(conn: sqlite3.Connection, clock: FakeClock) -> str:
    """A House with one guide; the recovery code."""
    key, code = staff.found_house_key(conn)
    staff.add(conn, "Nguyễn Thị Mẫu", Role.GUIDE, PIN, moment=clock.read(), house_key=key)
    return code


def enter(conn: sqlite3.Connection, clock: FakeClock, secret: str = PIN, **how: str) -> Session:
    where = how.get("where", "tablet-1")
    return staff.sign_in(conn, how.get("name", "Nguyễn Thị Mẫu"), secret, moment=clock.read(), where=where)


def wrong(conn: sqlite3.Connection, clock: FakeClock, times: int, **how: str) -> None:
    for _ in range(times):
        with pytest.raises(Refused, match="staff.wrong"):
            enter(conn, clock, "111119", **how)


def test_a_guide_signs_in_and_the_session_opens_the_house_key(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    opened = enter(conn, clock)
    found = staff.session(conn, opened.token, clock.read())
    assert found is not None and found.staff.role is Role.GUIDE
    assert found.house_key == opened.house_key and len(found.house_key or b"") == 32


def test_the_name_may_be_typed_without_marks(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    assert enter(conn, clock, name="nguyen  thi MAU").staff.name == "Nguyễn Thị Mẫu"


def test_a_technician_signs_in_but_never_holds_the_house_key(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    key = enter(conn, clock).house_key
    staff.add(conn, "Lý A Mẫu", Role.TECHNICIAN, TECHNICIAN_PASSWORD, moment=clock.read(), house_key=key)
    opened = enter(conn, clock, TECHNICIAN_PASSWORD, name="Lý A Mẫu")
    assert opened.house_key is None
    again = staff.session(conn, opened.token, clock.read())
    assert again is not None and again.house_key is None
    wrap = conn.execute("SELECT salt, wrap FROM staff WHERE name = 'Lý A Mẫu'").fetchone()
    inside = crypto.decrypt(crypto.key_from_secret(TECHNICIAN_PASSWORD, wrap[0]), wrap[1], "staff:2")
    assert inside != key
    with pytest.raises(Refused, match="staff.not_a_guide"):
        staff.unlock(conn, Colleague("Lý A Mẫu", TECHNICIAN_PASSWORD), moment=clock.read(), where="cli")


def test_wrong_name_and_wrong_secret_get_the_same_answer_and_the_same_work(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluations = []
    real = crypto.key_from_secret
    monkeypatch.setattr(crypto, "key_from_secret", lambda *a: evaluations.append(1) or real(*a))
    told = []
    for name in ("Nguyễn Thị Mẫu", "Không Ai Cả"):
        with pytest.raises(Refused) as refused:
            enter(conn, clock, "998877", name=name)
        told.append((refused.value.key, refused.value.values))
    assert told[0] == told[1] and len(evaluations) == 2


def test_a_session_ends_when_idle_and_lives_while_used(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    token = enter(conn, clock).token
    for _ in range(5):
        clock.advance(staff.IDLE_S - 1)
        assert staff.session(conn, token, clock.read()) is not None
    clock.advance(staff.IDLE_S)
    assert staff.session(conn, token, clock.read()) is None
    assert conn.execute("SELECT count(*) FROM staff_sessions").fetchone()[0] == 0


def test_a_session_ends_after_a_working_day_however_busy(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    token = enter(conn, clock).token
    rounds = int(staff.LONGEST_S // 1000)
    for _ in range(rounds):
        clock.advance(1000)
        assert staff.session(conn, token, clock.read()) is not None
    clock.advance(1000)
    assert staff.session(conn, token, clock.read()) is None


def test_a_reboot_ends_every_session(conn: sqlite3.Connection, clock: FakeClock, recovery: str) -> None:
    token = enter(conn, clock).token
    clock.reboot()
    assert staff.session(conn, token, clock.read()) is None


def test_signing_out_ends_the_session_and_twice_is_no_harm(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    token = enter(conn, clock).token
    staff.sign_out(conn, token, moment=clock.read())
    staff.sign_out(conn, token, moment=clock.read())
    assert staff.session(conn, token, clock.read()) is None
    assert [line.what for line in staff.journal(conn)] == [What.SIGNED_OUT, What.SIGNED_IN, What.ADDED]


@pytest.mark.parametrize("token", ["", "x", "\ud800", "é" * 500])
def test_a_made_up_token_is_no_session(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str, token: str
) -> None:
    assert staff.session(conn, token, clock.read()) is None


def test_after_five_wrong_tries_even_the_right_pin_must_wait_and_the_waits_double(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    wrong(conn, clock, 5)
    for seconds in (60, 120, 240):
        with pytest.raises(TooMany) as many:
            enter(conn, clock)
        assert many.value.retry_after == seconds
        clock.advance(seconds - 0.5)
        with pytest.raises(TooMany) as many:
            enter(conn, clock)
        assert many.value.retry_after == 1
        clock.advance(0.5)
        wrong(conn, clock, 1)
    clock.advance(480)
    enter(conn, clock)


def test_a_right_secret_forgets_the_wrong_ones_before_it(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    for _ in range(2):
        wrong(conn, clock, 4)
        enter(conn, clock)


def test_wrong_tries_are_forgotten_after_a_quiet_quarter_of_an_hour(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    wrong(conn, clock, 4)
    clock.advance(throttle.QUIET_S)
    wrong(conn, clock, 4)
    enter(conn, clock)


def test_a_reboot_does_not_shorten_the_wait(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    wrong(conn, clock, 5)
    clock.reboot()
    with pytest.raises(TooMany) as many:
        enter(conn, clock)
    assert many.value.retry_after == 60 - clock.mono
    clock.advance(55)
    enter(conn, clock)


def test_twenty_wrong_tries_from_one_place_make_it_wait_and_other_places_do_not(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    for number in range(20):
        wrong(conn, clock, 1, name=f"Người Lạ {number}")
    with pytest.raises(TooMany):
        enter(conn, clock)
    enter(conn, clock, where="tablet-2")


def test_a_right_secret_takes_back_only_its_own_try_from_the_place(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    for number in range(19):
        wrong(conn, clock, 1, name=f"Người Lạ {number}")
    enter(conn, clock)
    wrong(conn, clock, 1, name="Người Lạ 19")
    with pytest.raises(TooMany):
        enter(conn, clock)


def test_tries_at_the_same_time_are_all_counted(
    database: Path, conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    def guess(number: int) -> str:
        own = db.connect(database)
        try:
            staff.sign_in(
                own, "Nguyễn Thị Mẫu", f"55{number:04}", moment=clock.read(), where=f"tablet-{number}"
            )
        except TooMany:
            return "too many"
        except Refused:
            return "wrong"
        finally:
            own.close()
        return "in"

    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(guess, range(12)))
    assert sorted(told) == ["too many"] * 7 + ["wrong"] * 5


def test_unknown_names_are_limited_like_known_ones(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    for place in range(5):
        wrong(conn, clock, 1, name="Không Ai Cả", where=f"tablet-{place}")
    with pytest.raises(TooMany):
        enter(conn, clock, name="Không Ai Cả", where="tablet-9")


def test_a_second_guide_gets_the_same_house_key_from_a_colleague(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    key = staff.unlock(conn, Colleague("Nguyễn Thị Mẫu", PIN), moment=clock.read(), where="cli")
    staff.add(conn, "Tô Thị Mẫu", Role.GUIDE, OTHER_PIN, moment=clock.read(), house_key=key)
    assert enter(conn, clock, OTHER_PIN, name="Tô Thị Mẫu").house_key == enter(conn, clock).house_key
    assert [person.name for person in staff.listing(conn)] == ["Nguyễn Thị Mẫu", "Tô Thị Mẫu"]


def test_a_guide_cannot_be_added_without_the_house_key_or_with_another_one(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    with pytest.raises(NotReady, match="staff.key_needed"):
        staff.add(conn, "Tô Thị Mẫu", Role.GUIDE, OTHER_PIN, moment=clock.read(), house_key=None)
    with pytest.raises(Refused, match="staff.key_wrong"):
        staff.add(conn, "Tô Thị Mẫu", Role.GUIDE, OTHER_PIN, moment=clock.read(), house_key=crypto.new_key())
    assert len(staff.listing(conn)) == 1


def test_a_name_is_taken_however_it_is_written(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    with pytest.raises(Refused, match="staff.name_taken"):
        staff.add(conn, "nguyen thi mau", Role.TECHNICIAN, OTHER_PIN, moment=clock.read(), house_key=None)


def test_the_house_key_is_made_once(conn: sqlite3.Connection, recovery: str) -> None:
    with pytest.raises(Conflict, match="staff.house_key_exists"):
        staff.found_house_key(conn)


def test_a_forgotten_pin_is_reset_by_the_recovery_code_typed_carelessly(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    before = enter(conn, clock)
    staff.reset(
        conn,
        "nguyen thi mau",
        OTHER_PIN,
        unlock_by=Recovery(recovery.lower().replace("-", " ")),
        moment=clock.read(),
        where="cli",
    )
    assert staff.session(conn, before.token, clock.read()) is None
    assert enter(conn, clock, OTHER_PIN).house_key == before.house_key
    with pytest.raises(Refused, match="staff.wrong"):
        enter(conn, clock, PIN)


def test_a_reset_lets_a_guide_in_who_was_made_to_wait(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    wrong(conn, clock, 5)
    staff.reset(
        conn, "Nguyễn Thị Mẫu", OTHER_PIN, unlock_by=Recovery(recovery), moment=clock.read(), where="cli"
    )
    enter(conn, clock, OTHER_PIN)


def test_a_reset_without_or_with_a_wrong_unlock_changes_nothing(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    with pytest.raises(NotReady, match="staff.key_needed"):
        staff.reset(conn, "Nguyễn Thị Mẫu", OTHER_PIN, unlock_by=None, moment=clock.read(), where="cli")
    swapped = recovery[1] + recovery[0] + recovery[2:] if recovery[0] != recovery[1] else "2" + recovery[1:]
    for unlock, key in (
        (Recovery(swapped), "staff.recovery_wrong"),
        (Colleague("Nguyễn Thị Mẫu", "111119"), "staff.wrong"),
    ):
        with pytest.raises(Refused, match=key):
            staff.reset(conn, "Nguyễn Thị Mẫu", OTHER_PIN, unlock_by=unlock, moment=clock.read(), where="cli")
    with pytest.raises(Missing, match="staff.unknown"):
        staff.reset(conn, "Không Ai Cả", OTHER_PIN, unlock_by=None, moment=clock.read(), where="cli")
    enter(conn, clock)


def test_a_technician_is_reset_without_the_house_key(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    staff.add(conn, "Lý A Mẫu", Role.TECHNICIAN, TECHNICIAN_PASSWORD, moment=clock.read(), house_key=None)
    staff.reset(conn, "Lý A Mẫu", OTHER_PIN, unlock_by=None, moment=clock.read(), where="cli")
    assert enter(conn, clock, OTHER_PIN, name="Lý A Mẫu").house_key is None


def test_the_recovery_code_can_be_read_out(recovery: str) -> None:
    groups = recovery.split("-")
    assert [len(group) for group in groups] == [5] * 5
    assert not set("01OIL") & set(recovery)


def test_the_data_folder_holds_neither_secret_nor_key_nor_token(
    database: Path, conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    secret = "Chim hót trên nương"
    opened = enter(conn, clock)
    key = opened.house_key or b""
    staff.add(conn, "Tô Thị Mẫu", Role.GUIDE, secret, moment=clock.read(), house_key=key)
    wrong(conn, clock, 1, name="739105")
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    held = b"".join(path.read_bytes() for path in database.parent.iterdir() if path.is_file())
    assert "Tô Thị Mẫu".encode() in held
    for hidden in (
        key,
        key.hex().encode(),
        PIN.encode(),
        b"739105",
        secret.encode(),
        opened.token.encode(),
        recovery.encode(),
        recovery.replace("-", "").encode(),
    ):
        assert hidden not in held


def test_sessions_and_unlocks_do_not_print_what_they_hold(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    opened = enter(conn, clock)
    told = repr((opened, Colleague("Nguyễn Thị Mẫu", PIN), Recovery(recovery)))
    assert opened.token not in told and repr(opened.house_key) not in told
    assert PIN not in told and recovery not in told


def test_the_log_tells_who_and_where_but_no_unknown_name(
    conn: sqlite3.Connection, clock: FakeClock, recovery: str
) -> None:
    wrong(conn, clock, 1)
    wrong(conn, clock, 1, name=PIN)
    told = [(line.what, line.name, line.place) for line in staff.journal(conn, 2)]
    assert told == [(What.WRONG, None, "tablet-1"), (What.WRONG, "Nguyễn Thị Mẫu", "tablet-1")]


def test_the_log_only_grows(conn: sqlite3.Connection, recovery: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        conn.execute("UPDATE staff_log SET place = 'x'")
