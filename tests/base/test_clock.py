"""Time on a box without a battery."""

import datetime as dt
import sqlite3

import pytest

from hub.base import clock
from hub.base.errors import Refused
from tests.fakes import FakeClock


def test_a_doubtful_time_never_runs_behind_the_latest_seen() -> None:
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
    now = clock.SystemClock(ahead, trust="never").read()
    assert now.at >= ahead and not now.trusted


def test_a_clock_that_is_ahead_of_the_latest_seen_is_trusted_when_the_host_vouches() -> None:
    past = dt.datetime.now(dt.UTC) - dt.timedelta(days=3)
    assert clock.SystemClock(past, trust="always").read().trusted
    assert not clock.SystemClock(past, trust="never").read().trusted


def test_the_latest_time_is_kept_across_starts(conn: sqlite3.Connection) -> None:
    first = clock.SystemClock(None, trust="always")
    first.keep(conn)
    latest = clock.latest_seen(conn)
    assert latest is not None and abs((latest - first.read().at).total_seconds()) < 5


def test_a_doubtful_time_does_not_lower_the_latest_seen(conn: sqlite3.Connection) -> None:
    conn.execute("INSERT INTO clock VALUES (1, '2099-01-01T00:00:00.000000Z')")
    clock.SystemClock(None, trust="never").keep(conn)
    assert clock.latest_seen(conn) == clock.parse("2099-01-01T00:00:00.000000Z")


def test_a_trusted_time_brings_the_house_back_from_a_wrong_future(conn: sqlite3.Connection) -> None:
    conn.execute("INSERT INTO clock VALUES (1, '2099-01-01T00:00:00.000000Z')")
    clock.SystemClock(clock.latest_seen(conn), trust="always").keep(conn)
    latest = clock.latest_seen(conn)
    assert latest is not None and latest.year < 2099


def test_a_doubtful_event_is_corrected_once_the_true_time_is_known() -> None:
    fake = FakeClock("2020-01-01T00:00:00.000000Z", trusted=False)
    event = fake.read()
    fake.advance(60)
    fake.at, fake.trusted = clock.parse("2026-11-21T02:00:00.000000Z"), True
    assert clock.corrected(fake.read(), event.boot_id, event.mono) == clock.parse(
        "2026-11-21T01:59:00.000000Z"
    )


def test_nothing_is_corrected_across_a_boot_or_by_a_doubtful_clock() -> None:
    fake = FakeClock()
    event = fake.read()
    fake.trusted = False
    assert clock.corrected(fake.read(), event.boot_id, event.mono) is None
    fake.reboot(trusted=True)
    assert clock.corrected(fake.read(), event.boot_id, event.mono) is None


def test_what_must_not_come_late_is_stale_after_its_seconds_and_after_a_boot() -> None:
    fake = FakeClock()
    event = fake.read()
    fake.advance(5)
    assert clock.still_fresh(fake.read(), event.boot_id, event.mono, 6)
    assert not clock.still_fresh(fake.read(), event.boot_id, event.mono, 5)
    fake.reboot()
    assert not clock.still_fresh(fake.read(), event.boot_id, event.mono, 600)


def test_the_village_day_begins_at_village_midnight() -> None:
    assert clock.village_day(clock.parse("2026-11-20T17:00:00.000000Z")) == dt.date(2026, 11, 21)
    assert clock.village_day(clock.parse("2026-11-20T16:59:59.000000Z")) == dt.date(2026, 11, 20)


def test_a_person_may_vouch_for_the_time_of_this_boot(conn: sqlite3.Connection) -> None:
    doubtful = clock.SystemClock(None, trust="never")
    true = dt.datetime(2027, 3, 5, 2, 0, tzinfo=dt.UTC)
    clock.confirm(conn, true, doubtful.read())
    told = clock.SystemClock(None, trust="never", ask=lambda: clock.confirmed(conn)).read()
    assert told.trusted and abs((told.at - true).total_seconds()) < 5


def test_what_a_person_said_does_not_outlive_the_boot(conn: sqlite3.Connection) -> None:
    fake = FakeClock("2027-03-05T02:00:00.000000Z")
    clock.confirm(conn, fake.at, fake.read())
    assert not clock.SystemClock(None, trust="never", ask=lambda: clock.confirmed(conn)).read().trusted


def test_a_slip_of_the_finger_is_refused(conn: sqlite3.Connection) -> None:
    with pytest.raises(Refused, match="clock.too_early"):
        clock.confirm(conn, dt.datetime(2006, 11, 21, tzinfo=dt.UTC), FakeClock().read())
    assert clock.confirmed(conn) is None
