"""The checklist a villager takes home."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import msgspec
import pytest

from devices import slip as slips
from hub.base import phrases
from hub.base.settings import HouseSettings, Settings, WebSettings
from hub.packs.shelf import Shelf
from hub.post import jobs
from hub.trades.procedures import reader, service, slip, telling
from hub.trades.procedures.model import FigureKind
from tests.fakes import FakeClock

_HERE = Path(__file__).parent
_SHELF = Shelf("mau", "golden", _HERE / "pack")
_SETTINGS = Settings(house=HouseSettings(phone="0214 000000"), web=WebSettings(address="http://nha.lan/"))


@pytest.mark.parametrize("lang", phrases.LANGUAGES)
def test_the_checklist_reads_as_it_should(lang: str, clock: FakeClock) -> None:
    made = slip.checklist(reader.get(_SHELF, "mau"), _SETTINGS, lang=lang, moment=clock.read())
    golden = (_HERE / "golden" / f"{lang}_checklist.txt").read_text(encoding="utf-8")
    assert slips.as_text(made) == golden


def test_the_help_of_the_house_is_free_on_every_slip_and_an_unverified_fee_shows_no_amount(
    clock: FakeClock,
) -> None:
    text = slips.as_text(slip.checklist(reader.get(_SHELF, "mau"), _SETTINGS, lang="vi", moment=clock.read()))
    assert "0 đồng" in text
    assert "10.000\u00a0₫ – 20.000\u00a0₫" in text
    assert "8.000" not in text and "hỏi cán bộ xã **" in text


def test_a_pack_that_names_the_houses_own_fee_gets_no_second_line(clock: FakeClock) -> None:
    core = Shelf("core", "slip", Path(__file__).parents[3] / "content" / "core")
    birth = reader.get(core, "lien-thong-khai-sinh")
    rows = [
        part
        for part in slip.checklist(birth, Settings(), lang="vi", moment=clock.read()).parts
        if isinstance(part, slips.Row)
    ]
    assert [row.right for row in rows].count("0 đồng") == 1
    assert not any(row.left == phrases.say("vi", "procedures.fee_help") for row in rows)
    assert all(telling.amount("vi", fee) for fee in birth.of_kind(FigureKind.FEE))


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (0, "đọc hôm nay"),
        (1, "đọc hôm qua"),
        (5, "đọc 5 ngày trước (16/11/2026)"),
        (100, "đọc 3 tháng trước (13/08/2026)"),
        (800, "đọc 2 năm trước (12/09/2024)"),
    ],
)
def test_the_age_of_a_source_is_told_in_words(days: int, told: str, clock: FakeClock) -> None:
    now = clock.read()
    assert telling.age("vi", now.on - dt.timedelta(days=days), now) == told


def test_a_doubtful_clock_tells_no_age_and_marks_the_time(clock: FakeClock) -> None:
    clock.trusted = False
    now = clock.read()
    assert telling.age("vi", now.on - dt.timedelta(days=5), now) == "đọc ngày 16/11/2026"
    made = slip.checklist(reader.get(_SHELF, "mau"), _SETTINGS, lang="vi", moment=now)
    assert "(giờ chưa chắc)" in slips.as_text(made)


def _print(conn: sqlite3.Connection, clock: FakeClock, client: str = "a", lang: str = "vi") -> int:
    return service.print_checklist(
        conn, reader.get(_SHELF, "mau"), settings=_SETTINGS, lang=lang, moment=clock.read(), client=client
    )


def test_two_presses_on_one_tablet_are_one_paper(conn: sqlite3.Connection, clock: FakeClock) -> None:
    first = _print(conn, clock)
    clock.advance(1)
    assert _print(conn, clock) == first
    assert _print(conn, clock, client="b") != first
    assert _print(conn, clock, lang="en") not in (first, None)


def test_a_paper_that_waits_is_not_queued_again_but_a_printed_one_may_be(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    first = _print(conn, clock)
    clock.advance(600)
    assert _print(conn, clock) == first
    jobs.cancel(conn, first, moment=clock.read())
    assert _print(conn, clock) != first
    assert jobs.get(conn, first).kind is jobs.Kind.CHECKLIST


def test_settings_without_an_address_print_no_code(clock: FakeClock) -> None:
    bare = msgspec.structs.replace(_SETTINGS, web=WebSettings())
    made = slip.checklist(reader.get(_SHELF, "mau"), bare, lang="vi", moment=clock.read())
    assert not any(isinstance(part, slips.Qr) for part in made.parts)
