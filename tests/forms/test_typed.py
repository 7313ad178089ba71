"""What people type: dates, numbers, hours, as villagers write them."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import phrases
from hub.forms import typed
from hub.forms.typed import DataType
from tests.forms.samples import NOW


@pytest.mark.parametrize(
    ("kind", "text", "stored"),
    [
        (DataType.DATE, "05/09/1988", "1988-09-05"),
        (DataType.DATE, "5/9/1988", "1988-09-05"),
        (DataType.DATE, " 5 - 9 - 1988 ", "1988-09-05"),
        (DataType.DATE, "5.9.1988", "1988-09-05"),
        (DataType.DATE, "5 9 1988", "1988-09-05"),
        (DataType.DATE, "05091988", "1988-09-05"),
        (DataType.DATE, "1988-09-05", "1988-09-05"),
        (DataType.DATE, "29/02/2024", "2024-02-29"),
        (DataType.INTEGER, "12", "12"),
        (DataType.INTEGER, "1 200 000", "1200000"),
        (DataType.INTEGER, "1.200.000", "1200000"),
        (DataType.INTEGER, "500.000", "500000"),
        (DataType.INTEGER, "007", "7"),
        (DataType.INTEGER, "-0", "0"),
        (DataType.INTEGER, "− 5", "-5"),
        (DataType.DECIMAL, "2,5", "2.5"),
        (DataType.DECIMAL, "1.234,50", "1234.50"),
        (DataType.DECIMAL, "1.234.567", "1234567"),
        (DataType.DECIMAL, "2.5", "2.5"),
        (DataType.DECIMAL, "0.125", "0.125"),
        (DataType.DECIMAL, ",5", "0.5"),
        (DataType.TIME, "8h30", "08:30:00.000"),
        (DataType.TIME, "14:05", "14:05:00.000"),
        (DataType.TIME, "9 giờ", "09:00:00.000"),
        (DataType.TIME, "8 giờ 15 phút", "08:15:00.000"),
        (DataType.TIME, "7g45", "07:45:00.000"),
        (DataType.MOMENT, "5/9/2026 8:30", "2026-09-05T08:30:00.000+07:00"),
        (DataType.MOMENT, "8:30 5/9/2026", "2026-09-05T08:30:00.000+07:00"),
        (DataType.TEXT, "  Lý A Mẫu ", "Lý A Mẫu"),
        (DataType.DATE, "   ", ""),
    ],
)
def test_an_answer_is_understood_as_it_was_meant(kind: DataType, text: str, stored: str) -> None:
    assert typed.read(kind, (), text, NOW) == typed.Reading(stored)


@pytest.mark.parametrize(
    ("kind", "text", "key"),
    [
        (DataType.DATE, "1988", "forms.date_only_year"),
        (DataType.DATE, "5/9/88", "forms.date_short_year"),
        (DataType.DATE, "31/02/1988", "forms.date_not_real"),
        (DataType.DATE, "09/25/1988", "forms.date_not_real"),
        (DataType.DATE, "0/0/1988", "forms.date_not_real"),
        (DataType.DATE, "5/9/19888", "forms.date_short_year"),
        (DataType.DATE, "mùa lúa", "forms.not_date"),
        (DataType.INTEGER, "12,5", "forms.not_whole_number"),
        (DataType.INTEGER, "500,000", "forms.not_whole_number"),
        (DataType.INTEGER, "1.23", "forms.not_whole_number"),
        (DataType.INTEGER, "mười", "forms.not_whole_number"),
        (DataType.INTEGER, "١٢", "forms.not_whole_number"),
        (DataType.INTEGER, "1" * 16, "forms.number_too_long"),
        (DataType.DECIMAL, "1.234", "forms.ambiguous_number"),
        (DataType.DECIMAL, "1,2,3", "forms.not_number"),
        (DataType.DECIMAL, "2.5.1", "forms.not_number"),
        (DataType.DECIMAL, "1e5", "forms.not_number"),
        (DataType.DECIMAL, ",", "forms.not_number"),
        (DataType.TIME, "25:00", "forms.not_time"),
        (DataType.TIME, "8:75", "forms.not_time"),
        (DataType.MOMENT, "5/9/2026", "forms.moment_only_date"),
        (DataType.MOMENT, "5/9/2026 x", "forms.not_time"),
    ],
)
def test_a_doubtful_answer_is_never_guessed_at(kind: DataType, text: str, key: str) -> None:
    reading = typed.read(kind, (), text, NOW)
    assert (reading.key, reading.value) == (key, "")
    for lang in phrases.LANGUAGES:
        assert "{" not in phrases.say(lang, key, **reading.values)


def test_only_a_year_is_enough_where_the_form_asks_for_a_year() -> None:
    assert typed.read(DataType.DATE, ("year",), "1988", NOW).value == "1988-01-01"
    assert typed.shown(DataType.DATE, ("year",), "1988-01-01") == "1988"
    assert typed.read(DataType.DATE, ("month-year",), "9/1988", NOW).value == "1988-09-01"
    assert typed.shown(DataType.DATE, ("month-year",), "1988-09-01") == "09/1988"


def test_an_id_number_keeps_its_zeros_and_loses_its_spaces() -> None:
    assert typed.read(DataType.TEXT, ("numbers",), "0101 9900 0000", NOW).value == "010199000000"
    assert typed.read(DataType.TEXT, ("numbers",), "không có", NOW).value == "không có"


def test_a_number_in_groups_is_shown_and_read_again_as_the_same() -> None:
    assert typed.shown(DataType.INTEGER, ("thousands-sep",), "-1200000") == "-1.200.000"
    assert typed.shown(DataType.DECIMAL, ("thousands-sep",), "1234") == "1.234"
    assert typed.read(DataType.DECIMAL, ("thousands-sep",), "1.234", NOW).value == "1234"


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_is_shown_day_first_and_read_back(day: date) -> None:
    shown = typed.shown(DataType.DATE, (), day.isoformat())
    assert shown == f"{day.day:02}/{day.month:02}/{day.year}"
    assert typed.read(DataType.DATE, (), shown, NOW).value == day.isoformat()


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_every_decimal_is_shown_with_a_comma_and_read_back(number: object) -> None:
    stored = format(number, "f")  # type: ignore[arg-type]
    again = typed.read(DataType.DECIMAL, (), typed.shown(DataType.DECIMAL, (), stored), NOW).value
    assert float(again) == float(stored)


@given(st.integers(-(10**14), 10**14), st.booleans())
def test_every_whole_number_is_read_back(number: int, grouped: bool) -> None:
    appearance = ("thousands-sep",) if grouped else ()
    shown = typed.shown(DataType.INTEGER, appearance, str(number))
    assert typed.read(DataType.INTEGER, appearance, shown, NOW).value == str(number)


@given(st.times())
def test_every_hour_is_read_back_to_the_minute(hour: time) -> None:
    shown = typed.shown(DataType.TIME, (), hour.isoformat("milliseconds"))
    assert typed.read(DataType.TIME, (), shown, NOW).value == f"{hour:%H:%M}:00.000"


@given(st.sampled_from(list(DataType)), st.text(max_size=30))
def test_any_text_is_read_or_gets_a_phrase_and_what_is_read_is_of_its_kind(kind: DataType, text: str) -> None:
    reading = typed.read(kind, (), text, NOW)
    assert (reading.key is None) or reading.value == ""
    assert typed.fault(kind, reading.value) is None
    assert typed.shown(kind, (), text) is not None


@pytest.mark.parametrize(
    ("kind", "stored", "key"),
    [
        (DataType.INTEGER, "1.5", "forms.not_whole_number"),
        (DataType.DECIMAL, "1,5", "forms.not_number"),
        (DataType.DATE, "05/09/1988", "forms.not_date"),
        (DataType.TIME, "8h30", "forms.not_time"),
        (DataType.MOMENT, "2026-09-05", "forms.not_moment"),
        (DataType.DATE, "1988-09-05", None),
        (DataType.MOMENT, datetime(2026, 9, 5, 8, 30).isoformat(), None),
        (DataType.TEXT, "anything", None),
    ],
)
def test_a_stored_value_of_another_kind_is_found_out(kind: DataType, stored: str, key: str | None) -> None:
    assert typed.fault(kind, stored) == key
