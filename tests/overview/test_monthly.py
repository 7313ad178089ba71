"""A month in plain counts: what was written down, by days here, and nobody's name."""

from __future__ import annotations

import sqlite3

import pytest

from hub.base import clock as clocks
from hub.base import db
from hub.base.errors import Missing
from hub.base.settings import Settings
from hub.overview import monthly
from hub.trades.dossiers import ledger
from hub.trades.dossiers.model import What
from hub.trades.tickets import service as tickets
from hub.trades.tickets.model import Service, Source
from tests.fakes import FakeClock

PAPERS = Service("papers", "Thủ tục hành chính", "Papers", "indigo", "buffalo")
HEALTH = Service("health", "Bảo hiểm y tế", "Health insurance", "madder", "rooster")


def _event(conn: sqlite3.Connection, clock: FakeClock, draft: str, what: What) -> None:
    with db.write(conn):
        ledger.add_event(conn, draft, what, "", None, clock.read())


def _ticket(conn: sqlite3.Connection, clock: FakeClock, service: Service) -> None:
    tickets.issue(
        conn,
        service.id,
        source=Source.TABLET,
        moment=clock.read(),
        lang="vi",
        settings=Settings(),
        client="",
    )


def test_numbers_and_dossiers_are_counted_in_their_month_by_days_here(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    tickets.set_services(conn, (PAPERS, HEALTH))
    for service in (PAPERS, PAPERS, HEALTH):
        _ticket(conn, clock, service)
    _event(conn, clock, "a", What.SEALED)
    _event(conn, clock, "a", What.OFFICE_HAS_IT)
    _event(conn, clock, "a", What.OFFICE_SAYS)
    _event(conn, clock, "a", What.OFFICE_SAYS)
    _event(conn, clock, "b", What.SEALED)
    # Half past six in the evening of the 30th in London's time is the 1st of December here.
    clock.at = clocks.parse("2026-11-30T17:30:00.000000Z")
    _event(conn, clock, "c", What.SEALED)
    told = monthly.count(conn, "2026-11", clock.read())
    assert told.whole and told.name == "11/2026"
    assert [(service.id, number) for service, number in told.tickets] == [("papers", 2), ("health", 1)]
    assert (told.dossiers[What.SEALED], told.dossiers[What.OFFICE_HAS_IT]) == (2, 1)
    assert (told.dossiers[What.OFFICE_SAYS], told.dossiers[What.WITHDRAWN], told.doubtful) == (1, 0, 0)
    after = monthly.count(conn, "2026-12", clock.read())
    assert not after.whole and after.dossiers[What.SEALED] == 1 and after.tickets == ()


def test_what_stands_at_a_doubtful_time_is_said(conn: sqlite3.Connection, clock: FakeClock) -> None:
    clock.trusted = False
    _event(conn, clock, "a", What.SEALED)
    told = monthly.count(conn, "2026-11", clock.read())
    assert told.doubtful == 1
    sheet = monthly.leaflet(told, Settings(), lang="vi", moment=clock.read())
    assert any("chưa chắc" in item.words for block in sheet.blocks for item in block.items)
    assert sheet.under == "Tháng này chưa hết: số còn thay đổi."


@pytest.mark.parametrize("month", ["1999-01", "2026-12", "2024-11", "2026-13", "x", ""])
def test_a_month_that_cannot_be_counted_is_not_there(
    conn: sqlite3.Connection, clock: FakeClock, month: str
) -> None:
    with pytest.raises(Missing, match="sheetjobs.no_month"):
        monthly.count(conn, month, clock.read())


def test_two_years_of_months_can_be_asked_for_this_one_first(clock: FakeClock) -> None:
    found = monthly.months(clock.read())
    assert (found[0], found[11], found[-1], len(found)) == ("2026-11", "2025-12", "2024-12", 24)
