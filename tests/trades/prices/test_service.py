"""The price board over a real database."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sqlite3
import threading
from pathlib import Path

import pytest

from hub.base import db
from hub.base.errors import Conflict, Missing, Refused
from hub.base.money import Dong
from hub.packs import shelf
from hub.trades.prices import reader, service, words
from hub.trades.prices.model import Commodity, CommodityId, Place, PlaceKind, Report, Unlikely, Words
from tests.fakes import FakeClock
from tests.shelves import core

BARK = Commodity(
    CommodityId("vo-que-kho"),
    Words("Vỏ quế khô", "Cinnamon bark, dry"),
    Words("khô", "dry"),
    "đồng/kg",
    (
        Place(PlaceKind("tai-xuong"), Words("Bán tại xưởng", "At the workshop")),
        Place(PlaceKind("cho"), Words("Bán ở chợ", "At the market")),
    ),
    "cinnamon",
)
TODAY = dt.date(2026, 11, 21)


def _report(
    conn: sqlite3.Connection,
    clock: FakeClock,
    amount: str,
    days_ago: int = 0,
    kind: str = "tai-xuong",
    confirmed: bool = False,
) -> Report:
    return service.report(
        conn,
        BARK,
        amount,
        place_kind=kind,
        place="Xưởng Mẫu",
        seen_on=TODAY - dt.timedelta(days=days_ago),
        staff_id=7,
        staff_name="Lý A Mẫu",
        moment=clock.read(),
        confirmed=confirmed,
    )


def test_a_report_keeps_unit_form_place_day_and_name(conn: sqlite3.Connection, clock: FakeClock) -> None:
    told = _report(conn, clock, "52 nghìn", 1)
    assert (told.amount, told.unit, told.form, told.place_kind, told.place) == (
        52_000,
        "đồng/kg",
        "khô",
        "tai-xuong",
        "Xưởng Mẫu",
    )
    assert (told.seen_on, told.staff_name, told.trusted) == (dt.date(2026, 11, 20), "Lý A Mẫu", True)


def test_the_board_shows_the_latest_with_the_spread_of_seven_days(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    for amount, days_ago in (("90k", 7), ("50k", 6), ("56k", 3), ("53k", 1)):
        _report(conn, clock, amount, days_ago)
    line = service.line(conn, BARK, TODAY)
    assert line.latest is not None and line.latest.amount == 53_000
    assert line.spread is not None
    assert (line.spread.low, line.spread.median, line.spread.high, line.spread.count) == (
        50_000,
        53_000,
        56_000,
        3,
    )


def test_the_middle_of_two_prices_is_rounded_to_whole_dong(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    _report(conn, clock, "50.001", 1)
    _report(conn, clock, "50.002")
    spread = service.line(conn, BARK, TODAY).spread
    assert spread is not None and spread.median == 50_002


def test_the_market_is_never_mixed_with_the_workshop(conn: sqlite3.Connection, clock: FakeClock) -> None:
    _report(conn, clock, "50k", 1)
    _report(conn, clock, "70k", 0, "cho")
    line = service.line(conn, BARK, TODAY)
    assert line.latest is not None and line.latest.place_kind == "cho"
    assert line.spread is not None and line.spread.low == line.spread.high == 70_000
    assert [one.amount for one in line.elsewhere] == [50_000]
    assert [one.amount for one in service.history(conn, BARK)] == [70_000]
    assert [one.amount for one in service.history(conn, BARK, place_kind="tai-xuong")] == [50_000]


def test_a_good_without_a_price_has_its_line_too(conn: sqlite3.Connection) -> None:
    (line,) = service.board(conn, [BARK], TODAY)
    assert (line.latest, line.spread, line.elsewhere) == (None, None, ())


def test_an_old_price_stays_on_the_board_and_is_marked(conn: sqlite3.Connection, clock: FakeClock) -> None:
    for days_ago, old in ((15, True), (14, False)):
        _report(conn, clock, "50k", days_ago)
        latest = service.line(conn, BARK, TODAY).latest
        assert latest is not None and latest.is_old(TODAY) is old
    assert service.line(conn, BARK, TODAY).spread is None


@pytest.mark.parametrize(
    ("amount", "asked"), [("249k", False), ("250k", True), ("10.001", False), ("10k", True)]
)
def test_five_times_more_or_less_than_the_last_is_asked_about(
    conn: sqlite3.Connection, clock: FakeClock, amount: str, asked: bool
) -> None:
    _report(conn, clock, "50k", 1)
    if not asked:
        assert _report(conn, clock, amount).id
        return
    with pytest.raises(Unlikely) as caught:
        _report(conn, clock, amount)
    assert caught.value.values["last"] == "50.000\u00a0₫"
    assert len(service.ledger(conn)) == 1
    assert _report(conn, clock, amount, confirmed=True).id


def test_an_amount_outside_the_plausible_range_is_asked_about(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    guarded = dataclasses.replace(BARK, plausible_min=Dong(1_000), plausible_max=Dong(500_000))
    for amount, asked in (("999", True), ("1000", False), ("500.000", True), ("500.001", True)):
        try:
            service.report(
                conn,
                guarded,
                amount,
                place_kind="cho",
                place="Chợ Mẫu",
                seen_on=TODAY,
                staff_id=1,
                staff_name="Mẫu",
                moment=clock.read(),
            )
        except Unlikely:
            assert asked
        else:
            assert not asked


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"amount": "nhiều"}, "money.unreadable"),
        ({"amount": "0"}, "prices.zero"),
        ({"place_kind": "tren-mang"}, "prices.place_unknown"),
        ({"place": " \u0007 "}, "prices.place_missing"),
        ({"place": "x" * 121}, "prices.place_missing"),
        ({"seen_on": TODAY + dt.timedelta(days=1)}, "prices.future"),
        ({"seen_on": TODAY - dt.timedelta(days=367)}, "prices.too_old"),
    ],
)
def test_what_cannot_be_right_is_refused_and_nothing_is_written(
    conn: sqlite3.Connection, clock: FakeClock, change: dict[str, object], key: str
) -> None:
    values: dict[str, object] = {
        "amount": "50k",
        "place_kind": "cho",
        "place": "Chợ",
        "seen_on": TODAY,
    } | change
    with pytest.raises(Refused) as caught:
        service.report(
            conn,
            BARK,
            str(values.pop("amount")),
            staff_id=1,
            staff_name="Mẫu",
            moment=clock.read(),
            **values,  # type: ignore[arg-type]
        )
    assert caught.value.key == key
    assert service.ledger(conn) == ()


def test_a_house_with_a_doubtful_clock_takes_a_day_ahead_of_it(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    clock.trusted = False
    told = _report(conn, clock, "50k", -3)
    assert not told.trusted and told.age_days(TODAY) == -3
    latest = service.line(conn, BARK, TODAY)
    assert latest.spread is not None and latest.spread.count == 1


def test_a_withdrawn_price_leaves_the_board_and_stays_in_the_ledger(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    _report(conn, clock, "50k", 2)
    wrong = _report(conn, clock, "60k")
    before = service.version(conn)
    service.withdraw(conn, wrong.id, "gõ nhầm", staff_id=8, staff_name="Nguyễn Thị Mẫu", moment=clock.read())
    assert service.version(conn) > before
    latest = service.line(conn, BARK, TODAY).latest
    assert latest is not None and latest.amount == 50_000
    assert [one.amount for one in service.history(conn, BARK)] == [50_000]
    kept = service.ledger(conn)[0]
    assert kept.withdrawn is not None
    assert (kept.amount, kept.withdrawn.reason, kept.withdrawn.staff_name) == (
        60_000,
        "gõ nhầm",
        "Nguyễn Thị Mẫu",
    )


def test_a_withdrawn_price_guards_no_longer_against_slips(conn: sqlite3.Connection, clock: FakeClock) -> None:
    wrong = _report(conn, clock, "5k")
    service.withdraw(conn, wrong.id, "thiếu số 0", staff_id=1, staff_name="Mẫu", moment=clock.read())
    assert _report(conn, clock, "50k").amount == 50_000


def test_withdrawing_needs_a_reason_a_report_and_happens_once(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    told = _report(conn, clock, "50k")
    moment = clock.read()
    with pytest.raises(Refused):
        service.withdraw(conn, told.id, "  ", staff_id=1, staff_name="Mẫu", moment=moment)
    with pytest.raises(Missing):
        service.withdraw(conn, 999, "nhầm", staff_id=1, staff_name="Mẫu", moment=moment)
    service.withdraw(conn, told.id, "nhầm", staff_id=1, staff_name="Mẫu", moment=moment)
    with pytest.raises(Conflict):
        service.withdraw(conn, told.id, "nhầm", staff_id=1, staff_name="Mẫu", moment=moment)


def test_twenty_guides_at_once_lose_no_report(database: Path, clock: FakeClock) -> None:
    failed: list[BaseException] = []

    def tell(number: int) -> None:
        conn = db.connect(database)
        try:
            _report(conn, clock, f"{50_000 + number}")
        except BaseException as bad:
            failed.append(bad)
        finally:
            conn.close()

    threads = [threading.Thread(target=tell, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    conn = db.connect(database)
    assert not failed
    assert {one.amount for one in service.ledger(conn)} == {50_000 + number for number in range(20)}
    assert service.version(conn) == 20
    conn.close()


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "giá của hôm nay"),
        (1, "giá của hôm qua"),
        (2, "giá của 2 ngày trước"),
        (5, "giá của 5 ngày trước"),
        (13, "giá của 13 ngày trước"),
        (14, "giá của 2 tuần trước"),
        (21, "giá của 3 tuần trước"),
        (59, "giá của 8 tuần trước"),
        (60, "giá của 2 tháng trước"),
        (-1, "giá ngày 22/11/2026"),
    ],
)
def test_the_age_of_a_price_is_said_in_words(days: int, said: str) -> None:
    assert words.age("vi", TODAY - dt.timedelta(days=days), TODAY) == said


def test_an_old_price_warns_in_both_languages_and_a_fresh_one_does_not() -> None:
    seen_on = TODAY - dt.timedelta(days=21)
    assert "3 tuần trước" in words.warning("vi", seen_on, TODAY, old=True)
    assert "3 weeks ago" in words.warning("en", seen_on, TODAY, old=True)
    assert words.warning("vi", TODAY, TODAY, old=False) == ""


def test_the_core_pack_names_goods_with_unit_form_and_place_and_no_price(tmp_path: Path) -> None:
    opened: shelf.Shelf = core(tmp_path)
    goods = reader.commodities(opened)
    assert {"vo-que-tuoi", "vo-que-kho"} <= {one.id for one in goods}
    assert all(one.unit.startswith("đồng/") and one.form.vi and one.places for one in goods)
    assert reader.commodity(opened, "vo-que-kho").name.said("en") == "Cinnamon bark, dry"
    with pytest.raises(Missing, match="prices.no_commodity"):
        reader.commodity(opened, "vang")
