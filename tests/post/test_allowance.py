"""The line's allowance and hours: kept to the byte and the minute, passed by urgency and by a person's word."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import clock as clocks
from hub.base import db, migrate
from hub.base.settings import Hours, UplinkSettings
from hub.post import allowance
from hub.post import line_ledger as ledger
from hub.post import network, outbox, uplink
from hub.post.allowance import BUDGET_USED, METERED_USED, NO_PACKS, OUTSIDE_HOURS, TOO_DEAR, Allowance
from hub.post.network import Kind, Network, State
from tests.fakes import FakeClock
from tests.post import parcels

NIGHT = Hours(since="20:00", until="06:00")
PHONE = Network(State.CONNECTED, Kind.WIFI, True, "/a/1")
HOME = Network(State.CONNECTED, Kind.WIFI, False, "/a/2")
MB = 1_000_000


class Purse:
    """An allowance over a real database; ``line`` may be changed."""

    def __init__(self, database: Path, clock: FakeClock, settings: UplinkSettings) -> None:
        self.line = HOME
        self.made = Allowance(lambda: db.connect(database), settings, clock, lambda: self.line)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that was made once for all of these tests."""
    path = tmp_path_factory.mktemp("allowance") / "house.db"
    with closing(db.connect(path)) as conn:
        migrate.migrate(conn)
    return path


@pytest.fixture
def database(migrated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(migrated, tmp_path / "house.db"))


@pytest.fixture
def purse(database: Path, clock: FakeClock) -> Callable[..., Purse]:
    return lambda **settings: Purse(database, clock, UplinkSettings(**settings))


def test_without_limits_everything_may_go_at_any_hour(purse: Callable[..., Purse]) -> None:
    given = purse()
    given.made.spent(10**12, 10**12)
    assert given.made.may(10**12) is None


def test_a_days_allowance_ends_and_the_next_day_has_its_own(
    purse: Callable[..., Purse], clock: FakeClock
) -> None:
    given = purse(bytes_a_day=10 * MB)
    assert given.made.may(9 * MB) is None
    given.made.spent(6 * MB, 2 * MB)
    assert given.made.may(2 * MB) is None
    assert given.made.may(2 * MB + 1) == BUDGET_USED
    clock.advance(86_400)
    given.made.count()
    assert given.made.may(9 * MB) is None


def test_what_is_larger_than_a_whole_day_is_left_to_a_person(
    purse: Callable[..., Purse], conn: sqlite3.Connection, clock: FakeClock
) -> None:
    given = purse(bytes_a_day=MB)
    assert given.made.may(MB + 1) == TOO_DEAR
    allowance.let_through(conn, "Lý A Mẫu", clock.read())
    assert given.made.may(MB + 1) is None


def test_only_bytes_of_a_paid_line_count_against_its_allowance(purse: Callable[..., Purse]) -> None:
    given = purse(metered_bytes_a_day=MB)
    given.made.spent(50 * MB, 0)
    given.made.count()
    assert given.made.may(50 * MB) is None
    given.line = PHONE
    assert given.made.may(MB) is None
    given.made.spent(0, MB)
    given.made.count()
    assert given.made.may(5_000) == METERED_USED
    given.line = HOME
    assert given.made.may(50 * MB) is None


def test_the_tighter_of_two_allowances_counts(purse: Callable[..., Purse]) -> None:
    given = purse(metered_bytes_a_day=5 * MB, bytes_a_day=2 * MB)
    given.line = PHONE
    given.made.spent(2 * MB, 0)
    assert given.made.may(10_000) == BUDGET_USED


def test_a_mobile_line_that_nobody_calls_free_is_paid(purse: Callable[..., Purse]) -> None:
    given = purse(metered_bytes_a_day=MB)
    given.line = Network(State.CONNECTED, Kind.MOBILE, None, "/a/3")
    given.made.spent(MB, 0)
    given.made.count()
    assert given.made.may(5_000) == METERED_USED


def test_what_is_urgent_passes_hours_and_allowance(purse: Callable[..., Purse], clock: FakeClock) -> None:
    given = purse(bytes_a_day=MB, hours=(NIGHT,))
    given.made.spent(MB, 0)
    assert given.made.may(5 * MB) == OUTSIDE_HOURS
    assert given.made.may(5 * MB, urgent=True) is None


def test_hours_open_and_close_by_the_villages_clock(purse: Callable[..., Purse], clock: FakeClock) -> None:
    given = purse(hours=(NIGHT, Hours(since="11:30", until="13:30")))
    for hour, said in (
        ("08:30", OUTSIDE_HOURS),
        ("11:29", OUTSIDE_HOURS),
        ("11:30", None),
        ("13:30", OUTSIDE_HOURS),
        ("20:00", None),
        ("23:59", None),
        ("00:00", None),
        ("05:59", None),
        ("06:00", OUTSIDE_HOURS),
    ):
        at = dt.datetime.combine(dt.date(2026, 11, 21), dt.time.fromisoformat(hour), clocks.VILLAGE)
        clock.at = at.astimezone(dt.UTC)
        assert given.made.may(1) == said, hour


def test_a_doubtful_clock_keeps_no_hours(purse: Callable[..., Purse], clock: FakeClock) -> None:
    given = purse(hours=(NIGHT,))
    assert given.made.may(1) == OUTSIDE_HOURS
    clock.trusted = False
    assert given.made.may(1) is None


def test_it_is_told_when_the_line_opens_again(conn: sqlite3.Connection, clock: FakeClock) -> None:
    settings = UplinkSettings(hours=(NIGHT, Hours(since="11:30", until="13:30")))
    assert allowance.standing(conn, settings, HOME, clock.read()).opens == "11:30"
    clock.advance(6 * 3600)
    assert allowance.standing(conn, settings, HOME, clock.read()).opens == "20:00"
    clock.advance(8 * 3600)
    assert allowance.standing(conn, settings, HOME, clock.read()).opens is None


def test_a_leave_lasts_an_hour_of_its_boot(
    purse: Callable[..., Purse], conn: sqlite3.Connection, clock: FakeClock
) -> None:
    given = purse(hours=(NIGHT,), bytes_a_day=MB)
    given.made.spent(MB, 0)
    allowance.let_through(conn, "Lý A Mẫu", clock.read())
    clock.advance(3_599)
    assert given.made.may(10 * MB) is None
    clock.advance(2)
    assert given.made.may(1) == OUTSIDE_HOURS
    allowance.let_through(conn, "Lý A Mẫu", clock.read())
    assert given.made.may(1) is None
    clock.reboot()
    assert given.made.may(1) == OUTSIDE_HOURS


def test_packs_give_way_on_a_paid_line_and_keep_the_allowance(purse: Callable[..., Purse]) -> None:
    given = purse(bytes_a_day=MB)
    settings = UplinkSettings(bytes_a_day=MB)
    packs = allowance.Packs(given.made, settings, lambda: given.line)
    assert packs.why_not() is None
    given.line = PHONE
    assert packs.why_not() == NO_PACKS
    allowed = msgspec.structs.replace(settings, packs_when_metered=True)
    assert allowance.Packs(given.made, allowed, lambda: given.line).why_not() is None
    given.line = HOME
    packs.took(MB)
    assert packs.why_not() == BUDGET_USED


def test_bytes_are_written_by_day_and_line_and_few_are_lost_by_a_crash(
    purse: Callable[..., Purse], conn: sqlite3.Connection, clock: FakeClock
) -> None:
    given = purse()
    given.made.spent(200_000, 50_000)
    assert ledger.days(conn) == (), "a card's life is its writes"
    given.made.spent(10_000, 5_000)
    assert ledger.days(conn) == (ledger.Day(dt.date(2026, 11, 21), 210_000, 55_000, 0),)
    given.line = PHONE
    given.made.spent(1_000, 2_000)
    given.made.count()
    given.made.count()
    assert ledger.days(conn) == (ledger.Day(dt.date(2026, 11, 21), 211_000, 57_000, 3_000),)


def test_several_threads_lose_no_byte(purse: Callable[..., Purse], conn: sqlite3.Connection) -> None:
    given = purse(bytes_a_day=10**12)

    def work() -> None:
        for _ in range(50):
            given.made.spent(7_001, 13)
            given.made.may(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    given.made.count()
    (day,) = ledger.days(conn)
    assert (day.sent, day.received) == (200 * 7_001, 200 * 13)


def test_a_database_that_cannot_be_written_loses_no_count(
    database: Path, clock: FakeClock, conn: sqlite3.Connection
) -> None:
    broken = [True]

    def connect() -> sqlite3.Connection:
        return db.connect(database, read_only=broken[0])

    made = Allowance(connect, UplinkSettings(), clock, lambda: HOME)
    made.spent(1_000_000, 0)
    assert ledger.days(conn) == ()
    broken[0] = False
    made.count()
    assert ledger.days(conn)[0].sent == 1_000_000


def test_two_months_of_days_are_kept_and_a_wrong_future_empties_nothing(conn: sqlite3.Connection) -> None:
    first = dt.date(2026, 1, 1)
    with db.write(conn):
        for number in range(70):
            ledger.spend(conn, first + dt.timedelta(days=number), 1, 1, 0)
        ledger.spend(conn, dt.date(2036, 1, 1), 1, 1, 0)
        ledger.spend(conn, first + dt.timedelta(days=69), 5, 0, 0)
    days = ledger.days(conn, 100)
    assert len(days) == ledger.KEPT_DAYS and days[0].on == dt.date(2036, 1, 1)
    assert days[1] == ledger.Day(first + dt.timedelta(days=69), 6, 1, 0)


def test_the_rate_is_the_median_of_lately_by_kind_of_line(conn: sqlite3.Connection, clock: FakeClock) -> None:
    assert ledger.rate(conn, "wifi") is None
    with db.write(conn):
        for rate in (8_000, 8_100, 7_900, 900_000, 8_050):
            ledger.note_rate(conn, "mobile", rate, clock.read())
    assert ledger.rate(conn, "mobile") == 8_050
    assert ledger.rate(conn, "wifi") == 8_050, "better than nothing"
    with db.write(conn):
        ledger.note_rate(conn, "wifi", 500_000, clock.read())
    assert ledger.rate(conn, "wifi") == 500_000


def test_old_rates_are_forgotten(conn: sqlite3.Connection, clock: FakeClock) -> None:
    with db.write(conn):
        for rate in range(1, 200):
            ledger.note_rate(conn, "wifi", float(rate), clock.read())
    assert conn.execute("SELECT count(*) FROM line_rates").fetchone()[0] == 40
    assert ledger.rate(conn, "wifi") == 195


def looked(conn: sqlite3.Connection, clock: FakeClock, **settings: object) -> uplink.Line:
    return uplink.look(conn, UplinkSettings(**settings), clock.read())  # type: ignore[arg-type]


def test_how_long_it_takes_is_known_once_it_was_measured(conn: sqlite3.Connection, clock: FakeClock) -> None:
    line = looked(conn, clock)
    assert (line.waiting.parcels, line.estimate_s) == (0, 0)
    outbox.add(conn, parcels.parcel(photos=1, photo_bytes=400_000), moment=clock.read())
    clock.advance(2 * 3600 + 60)
    line = looked(conn, clock)
    assert line.waiting.parcels == 1 and line.waiting.bytes > 400_000
    assert line.oldest_h(clock.read()) == 2
    assert line.estimate_s is None and uplink.takes(line)[0] == "uplink.takes_unknown"
    with db.write(conn):
        ledger.note_rate(conn, "wifi", 400.0, clock.read())
    line = looked(conn, clock)
    assert line.estimate_s is not None and 1_000 < line.estimate_s < 1_100
    assert uplink.takes(line) == ("uplink.takes_minutes", 20)


def test_what_no_day_can_pay_for_is_told_until_a_person_lets_it_through(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    outbox.add(conn, parcels.parcel(photo_bytes=500_000), moment=clock.read())
    assert not looked(conn, clock).too_dear and not looked(conn, clock, bytes_a_day=MB).too_dear
    outbox.add(conn, parcels.parcel(photo_bytes=1_500_000, urgent=True), moment=clock.read())
    assert not looked(conn, clock, bytes_a_day=MB).too_dear, "what is urgent goes anyway"
    outbox.add(conn, parcels.parcel(photo_bytes=1_500_000), moment=clock.read())
    assert looked(conn, clock, bytes_a_day=MB).too_dear
    allowance.let_through(conn, "Lý A Mẫu", clock.read())
    assert not looked(conn, clock, bytes_a_day=MB).too_dear


def test_what_a_days_allowance_does_not_hold_takes_days(conn: sqlite3.Connection, clock: FakeClock) -> None:
    outbox.add(conn, parcels.parcel(photos=1, photo_bytes=2_500_000), moment=clock.read())
    with db.write(conn):
        ledger.note_rate(conn, "wifi", 10**7, clock.read())
    line = looked(conn, clock, bytes_a_day=MB)
    assert line.days == 2 and uplink.takes(line) == ("uplink.takes_days", 3)
    allowance.let_through(conn, "Lý A Mẫu", clock.read())
    assert uplink.takes(looked(conn, clock, bytes_a_day=MB)) == ("uplink.takes_moment", 1)


@given(seconds=st.floats(min_value=0.001, max_value=10**7))
def test_an_estimate_in_words_is_never_shorter_than_it_is(seconds: float) -> None:
    line = uplink.Line(
        uplink=uplink.Uplink(None, None, None, None),
        seen=network.Seen(network.UNKNOWN, None),
        standing=allowance.Standing(None, 0, None, None, None, None),
        waiting=outbox.Waiting(1, 1_000_000, None),
        rate=1_000_000 / seconds,
        too_dear=False,
    )
    name, count = uplink.takes(line)
    unit = {"moment": 60, "minutes": 60, "hours": 3_600, "days": 86_400}[name.removeprefix("uplink.takes_")]
    assert count * unit >= seconds * 0.999
    assert seconds <= 60 or count * unit <= 2.01 * seconds + 60, "nor much longer"
