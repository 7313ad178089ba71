"""Two working days and seventy-two hours."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import settings
from hub.base.errors import NotReady
from hub.trades.privacy import days

_DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2030, 12, 31))


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        ("2026-11-23", "2026-11-25"),
        ("2026-11-25", "2026-11-27"),
        ("2026-11-26", "2026-11-30"),
        ("2026-11-27", "2026-12-01"),
        ("2026-11-28", "2026-12-01"),
        ("2026-11-29", "2026-12-01"),
    ],
)
def test_the_day_of_asking_and_the_weekend_do_not_count(asked: str, due: str) -> None:
    assert days.due(dt.date.fromisoformat(asked)) == dt.date.fromisoformat(due)


def test_a_day_off_of_the_settings_moves_the_answer_on() -> None:
    off = {dt.date(2026, 11, 24)}
    assert days.due(dt.date(2026, 11, 23), off) == dt.date(2026, 11, 26)


@given(_DAYS, st.frozensets(_DAYS, max_size=12))
def test_exactly_two_working_days_lie_between_asking_and_the_last_day(
    asked: dt.date, off: frozenset[dt.date]
) -> None:
    due = days.due(asked, off)
    between = [asked + dt.timedelta(days=n) for n in range(1, (due - asked).days + 1)]
    assert sum(days.is_working(day, off) for day in between) == days.WORKING_DAYS
    assert days.is_working(due, off) and due > asked


@given(_DAYS, st.frozensets(_DAYS, max_size=12))
def test_a_day_off_that_nobody_entered_makes_it_due_earlier_never_later(
    asked: dt.date, off: frozenset[dt.date]
) -> None:
    assert days.due(asked) <= days.due(asked, off)


def test_days_off_are_read_from_the_settings_file_with_source_and_status(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    day = '[[privacy.holidays]]\non = 2027-01-01\nname = "Tết dương lịch"\nsource = "xã báo"\n'
    file.write_text(day + 'status = "reported"\n', encoding="utf-8")
    (off,) = settings.load(file).privacy.holidays
    assert off.on == dt.date(2027, 1, 1) and off.status == "reported"
    file.write_text(day, encoding="utf-8")
    with pytest.raises(NotReady):
        settings.load(file)
    assert settings.Settings().privacy.holidays == ()
