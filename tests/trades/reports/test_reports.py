"""The House's reports: once a period, true to their forms, silent about people, in nobody's way."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import db, identity
from hub.base.errors import NotReady
from hub.base.house import House
from hub.base.settings import Settings
from hub.forms import markup, questions, xform
from hub.forms.instance import Instance
from hub.overview import monthly
from hub.packs import shelf
from hub.post import inbox, outbox
from hub.post.outbox import State
from hub.trades.reports import daily, service
from hub.trades.reports.model import FORM_IDS, Content, Kind, coarse, named
from hub.trades.tickets import service as tickets
from hub.trades.tickets.model import Service, Source
from hub.workers.relay_reports import Reports
from tests.fakes import FakeClock
from tests.post import parcels
from tests.trades.reports.conftest import made

DAY_S = 86_400.0


def tell(house: House, conn: sqlite3.Connection) -> None:
    """What the relay does once a day."""
    errand = Reports(house, conn, settle_s=0.0)
    assert errand.due()
    errand.run()
    assert not errand.due()


def answers(conn: sqlite3.Connection, kind: Kind, period: str) -> dict[str, str]:
    """What a report says, by the names of its questions."""
    root = markup.parse(envelope(conn, kind, period))
    return {
        str(one.tag).rpartition("}")[2]: one.text or "" for one in root.iter() if not len(one) and one.text
    }


def envelope(conn: sqlite3.Connection, kind: Kind, period: str) -> bytes:
    row = conn.execute(
        "SELECT envelope FROM outbox JOIN house_reports USING (instance_id) WHERE house_reports.kind = ?"
        " AND period = ?",
        (kind, period),
    ).fetchone()
    return bytes(row[0])


def checked(house: House, kind: Kind, xml: bytes) -> None:
    """A report read back by the House's own engine: nothing is wrong or missing."""
    form = xform.read(service.form_xml(shelf.current(house.packs), kind))
    instance = Instance.from_xml(form, xml, dt.datetime.now(dt.UTC))
    assert questions.check_all(form, instance, "vi") == ()


def test_today_is_told_once_whoever_asks_and_however_often(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    tell(house, conn)
    first = envelope(conn, Kind.DAILY, "2026-11-21")
    checked(house, Kind.DAILY, first)
    said = answers(conn, Kind.DAILY, "2026-11-21")
    assert (said["ngay"], said["ngay_trong"], said["dong_ho_dung"]) == ("2026-11-21", "0", "co")
    assert said["ma_nha"] == identity.house_id(house.keys) and said["duong_truyen"] == "unknown"
    clock.advance(3600)
    tell(house, conn)
    assert envelope(conn, Kind.DAILY, "2026-11-21") == first
    assert len(outbox.listing(conn)) == 2, "the day, and the month that was over"


def test_days_without_power_are_counted_and_not_made_up(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    for days in (0, 1, 4, 1):
        clock.advance(days * DAY_S)
        clock.reboot()
        tell(house, conn)
    told = service.listing(conn, Kind.DAILY, 99)
    assert [one.period for one in told] == ["2026-11-27", "2026-11-26", "2026-11-22", "2026-11-21"]
    assert [answers(conn, Kind.DAILY, one.period)["ngay_trong"] for one in told] == ["0", "3", "0", "0"]


def test_a_doubtful_clock_is_told_as_such_and_no_month_is_over_by_it(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    clock.trusted = False
    tell(house, conn)
    assert answers(conn, Kind.DAILY, "2026-11-21")["dong_ho_dung"] == "khong"
    assert service.listing(conn, Kind.MONTHLY, 9) == ()


def test_a_box_that_is_switched_off_every_night_tells_the_month_once_its_clock_is_vouched_for(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    clock.trusted = False
    errand = Reports(house, conn, settle_s=0.0)
    errand.run()
    assert not errand.due()
    clock.advance(3600)
    clock.trusted = True
    assert errand.due()
    errand.run()
    assert [one.period for one in service.listing(conn, Kind.MONTHLY, 9)] == ["2026-10"]
    assert len(service.listing(conn, Kind.DAILY, 9)) == 1 and not errand.due()


def test_periods_that_a_clock_ahead_has_left_hide_no_gap_and_no_month(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    clock.advance(400 * DAY_S)
    tell(house, conn)
    clock.advance(-400 * DAY_S)
    tell(house, conn)
    clock.advance(14 * DAY_S)
    tell(house, conn)
    assert answers(conn, Kind.DAILY, "2026-12-05")["ngay_trong"] == "13"
    assert "2026-11" in {one.period for one in service.listing(conn, Kind.MONTHLY, 9)}


def test_a_clock_that_was_put_back_makes_no_age_below_nothing(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    outbox.add(conn, parcels.parcel(), moment=clock.read())
    clock.advance(-5 * DAY_S)
    tell(house, conn)
    assert answers(conn, Kind.DAILY, "2026-11-16")["cho_lau_gio"] == "0"


def test_reports_wait_until_the_bench_has_looked_and_are_switched_off_by_default(
    house: House, conn: sqlite3.Connection, clock: FakeClock, tmp_path: Path
) -> None:
    errand = Reports(house, conn)
    assert not errand.due()
    clock.advance(121)
    assert errand.due()
    assert not Reports(silent(house), conn, settle_s=0.0).due()


def silent(house: House) -> House:
    """The same House with the settings it was born with."""
    return dataclasses.replace(house, settings=Settings())


def test_a_month_is_told_when_it_is_over_in_numbers_that_point_at_nobody(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    tickets.set_services(
        conn,
        (
            Service("papers", "Thủ tục", "Papers", "indigo", "buffalo"),
            Service("prices", "Giá cả", "Prices", "leaf", "corn"),
        ),
    )
    for service_id, count in (("papers", 6), ("prices", 1)):
        for _ in range(count):
            tickets.issue(
                conn,
                service_id,
                source=Source.GUIDE,
                moment=clock.read(),
                lang="vi",
                settings=house.settings,
            )
    tell(house, conn)
    assert [one.period for one in service.listing(conn, Kind.MONTHLY, 9)] == ["2026-10"]
    clock.advance(14 * DAY_S)
    tell(house, conn)
    assert [one.period for one in service.listing(conn, Kind.MONTHLY, 9)] == ["2026-11", "2026-10"]
    xml = envelope(conn, Kind.MONTHLY, "2026-11")
    checked(house, Kind.MONTHLY, xml)
    said = answers(conn, Kind.MONTHLY, "2026-11")
    assert (said["thang"], said["luot_so"], said["niem_phong"]) == ("2026-11", "10", "0")
    rows = [
        [one.text for one in row]
        for row in markup.parse(xml).iter()
        if str(row.tag).rpartition("}")[2] == "dich_vu"
    ]
    assert rows == [["papers", "Thủ tục", "10"], ["prices", "Giá cả", "5"]]
    assert sum(number for _, number in monthly.count(conn, "2026-11", clock.read()).tickets) == 7


def test_months_that_passed_in_a_cupboard_are_told_but_not_years_of_them(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    tell(house, conn)
    clock.advance(200 * DAY_S)
    tell(house, conn)
    told = [one.period for one in service.listing(conn, Kind.MONTHLY, 99)]
    assert told == ["2027-05", "2027-04", "2027-03", "2026-10"]


def test_a_report_holds_no_code_no_name_no_address_and_no_label(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    parcel = parcels.parcel()
    outbox.add(conn, parcel, moment=clock.read())
    inbox.note_uplink(conn, False, "relay.no_way", clock.read(), 60.0)
    tell(house, conn)
    xml = envelope(conn, Kind.DAILY, "2026-11-21").decode()
    said = answers(conn, Kind.DAILY, "2026-11-21")
    assert (said["cho_gui"], said["giu_lai"], said["duong_truyen"]) == ("1", "0", "down")
    assert parcel.follow_code not in xml and parcel.instance_id not in xml and parcel.label not in xml
    assert not re.search(r"\b\d{1,3}(\.\d{1,3}){3}\b", xml)
    for kind in Kind:
        form = xform.read(service.form_xml(shelf.current(house.packs), kind))
        assert form.public_key is None and form.form_id in FORM_IDS


def test_reports_are_in_nobodys_count_and_alarm_no_guide(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    tell(house, conn)
    with db.write(conn):
        conn.execute("UPDATE outbox SET state = 'held', reason_key = 'relay.no_form', held_under = 'x'")
    assert outbox.counts(conn) == outbox.Counts(0, 0, 0)
    assert {one.reason_key for one in service.listing(conn, Kind.DAILY, 9)} == {"relay.no_form"}
    assert {one.state for one in service.listing(conn, Kind.DAILY, 9)} == {State.HELD}


def test_what_never_arrives_goes_after_its_days_and_what_arrived_is_emptied(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    tell(house, conn)
    clock.advance(DAY_S)
    tell(house, conn)
    with db.write(conn):
        conn.execute(
            "UPDATE outbox SET state = 'sent', sent_at = ? WHERE instance_id ="
            " (SELECT instance_id FROM house_reports WHERE period = '2026-11-22')",
            (clock.read().text,),
        )
    clock.advance(31 * DAY_S)
    tell(house, conn)
    found = {one.period: one for one in service.listing(conn, Kind.DAILY, 9)}
    assert found["2026-11-21"].given_up and found["2026-11-21"].state is None
    assert found["2026-11-22"].state is State.SENT and envelope(conn, Kind.DAILY, "2026-11-22") == b""
    assert found["2026-12-23"].state is State.QUEUED
    # By a doubtful clock nothing goes, whatever day it claims.
    clock.advance(99 * DAY_S)
    clock.trusted = False
    tell(house, conn)
    assert {one.period for one in service.listing(conn, Kind.DAILY, 9) if one.given_up} == {"2026-11-21"}


def test_held_reports_go_again_once_a_later_one_has_arrived(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    tell(house, conn)
    with db.write(conn):
        conn.execute("UPDATE outbox SET state = 'held', reason_key = 'relay.no_form', held_under = 'x'")
    clock.advance(DAY_S)
    tell(house, conn)
    assert [one.state for one in service.listing(conn, Kind.DAILY, 9)] == [State.QUEUED, State.HELD]
    with db.write(conn):
        conn.execute(
            "UPDATE outbox SET state = 'sent', sent_at = ? WHERE state = 'queued'", (clock.read().text,)
        )
    clock.advance(DAY_S)
    tell(house, conn)
    states = [one.state for one in service.listing(conn, Kind.DAILY, 9)]
    assert states == [State.QUEUED, State.SENT, State.QUEUED]


def test_answers_that_the_form_would_not_take_are_not_sent(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    told = Content(daily.about(house, "0" * 16), {})
    with pytest.raises(NotReady, match="reports.not_whole"):
        service.write(
            conn,
            shelf.current(house.packs),
            Kind.DAILY,
            "2026-11-21",
            told,
            house_id="0" * 16,
            moment=clock.read(),
        )
    assert outbox.listing(conn) == () and service.listing(conn, Kind.DAILY, 9) == ()


def test_a_restored_copy_gives_a_day_the_name_it_had_and_never_a_second_one(
    house: House, tmp_path: Path, packs: Path, clock: FakeClock
) -> None:
    names = []
    for folder in ("data", "again"):
        if folder == "again":
            made(tmp_path / folder, packs, clock)
            (tmp_path / folder / "keys" / identity.FILE).write_bytes(
                (tmp_path / "data" / "keys" / identity.FILE).read_bytes()
            )
            (tmp_path / folder / "keys" / identity.FILE).chmod(0o600)
        one = made_again(house, tmp_path / folder)
        with closing(one.connect()) as conn:
            tell(one, conn)
            names.append([row[0] for row in conn.execute("SELECT instance_id FROM house_reports ORDER BY 1")])
    assert names[0] == names[1]


def made_again(house: House, data: Path) -> House:
    """The same House on another card."""
    return dataclasses.replace(house, data=data)


@given(st.integers(min_value=0, max_value=100_000))
def test_counts_are_rounded_up_to_fives_and_nothing_stays_nothing(count: int) -> None:
    told = int(coarse(count))
    assert told % 5 == 0 and 0 <= told - count < 5 and (told == 0) == (count == 0)


@given(st.text(max_size=20), st.text(max_size=20))
def test_reports_of_different_houses_and_days_never_share_a_name(one: str, other: str) -> None:
    same = named(one, Kind.DAILY, other) == named(other, Kind.DAILY, one)
    assert same == (one == other)
    assert named(one, Kind.DAILY, other) != named(one, Kind.MONTHLY, other)
