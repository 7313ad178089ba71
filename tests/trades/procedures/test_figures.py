"""Which figure holds on a day, and the commune's word before the pack's."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import slip as slips
from hub.base.errors import Conflict, Missing, NotReady, Refused
from hub.base.settings import Settings
from hub.packs.shelf import Shelf
from hub.trades.procedures import figures, holding, reader, service, store
from hub.trades.procedures.figures import Need, Unlikely
from hub.trades.procedures.holding import Word
from hub.trades.procedures.model import Figure, FigureKind, Procedure, Status, Unit, Words
from tests.fakes import FakeClock

_PACK = Path(__file__).parent / "pack"
_MAU = reader.get(Shelf("mau", "figures", _PACK), "mau")
_FEE = next(figure for figure in _MAU.figures if figure.id == "le_phi")
TODAY = dt.date(2026, 11, 21)


def _with(*rows: Figure) -> Procedure:
    return dataclasses.replace(_MAU, figures=rows)


def _row(value: int, since: dt.date | None, until: dt.date | None = None) -> Figure:
    return dataclasses.replace(
        _FEE,
        value=value,
        value_online=None,
        valid_from=since,
        valid_until=until,
        text=Words(f"{value}", f"{value}"),
    )


def _say(conn: sqlite3.Connection, clock: FakeClock, typed: str = "30.000", **more: object) -> Word:
    given: dict[str, object] = {"told_by": "cán bộ một cửa", "told_on": dt.date(2026, 11, 20), **more}
    procedure = given.pop("procedure", _MAU)
    figure_id = given.pop("figure_id", "le_phi")
    who: dict[str, object] = {"staff_id": 7, "staff_name": "Nguyễn Thị Mẫu", "moment": clock.read()}
    return figures.correct(conn, procedure, figure_id, typed, **who, **given)  # type: ignore[arg-type]


# ---------------------------------------------------------------- the pack's own rows


def test_the_row_of_the_day_holds_and_the_others_stay_in_sight() -> None:
    rows = (_row(1, None), _row(3, dt.date(2026, 12, 1)), _row(2, dt.date(2026, 7, 1)))
    now = holding.on_day(_with(*rows), TODAY)
    assert [figure.value for figure in now.figures] == [2]
    assert [figure.value for figure in now.former] == [1] and [figure.value for figure in now.coming] == [3]
    after = holding.on_day(_with(*rows), dt.date(2026, 12, 1))
    assert [figure.value for figure in after.figures] == [3]
    assert [figure.value for figure in after.former] == [2, 1]


def test_a_row_past_its_last_day_holds_no_more() -> None:
    row = _row(1, dt.date(2026, 1, 1), dt.date(2026, 11, 21))
    assert holding.on_day(_with(row), TODAY).figure("le_phi") == row
    gone = holding.on_day(_with(row), TODAY + dt.timedelta(days=1))
    assert gone.figures == () and gone.former == (row,)


@given(st.sets(st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)), min_size=1, max_size=6), st.dates())
def test_every_row_is_in_exactly_one_place(days: set[dt.date], on: dt.date) -> None:
    rows = tuple(_row(place, day) for place, day in enumerate(sorted(days)))
    now = holding.on_day(_with(*rows), on)
    assert sorted(one.value or 0 for one in (*now.figures, *now.former, *now.coming)) == list(
        range(len(rows))
    )
    begun = [row for row in rows if row.valid_from and row.valid_from <= on]
    assert now.figures == tuple(begun[-1:])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("value = 20000", 'value = 20000\nvalid_from = "2026-07-01"\nvalid_until = "2026-06-30"'),
        ('id = "ban_sao"', 'id = "le_phi"'),
        ("value = 8000", "value_max = 8000"),
    ],
)
def test_rows_that_do_not_tell_one_history_are_refused(tmp_path: Path, old: str, new: str) -> None:
    shutil.copytree(_PACK, tmp_path / "pack")
    path = tmp_path / "pack" / "procedures" / "mau" / "procedure.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(NotReady) as refused:
        reader.get(Shelf("mau", f"bad-{tmp_path.name}", tmp_path / "pack"), "mau")
    assert refused.value.values["file"] == "procedures/mau/procedure.toml"


# ---------------------------------------------------------------- the commune's word


def test_the_communes_word_stands_before_the_packs_with_who_and_when(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    _say(conn, clock)
    now = figures.today(conn, _MAU, TODAY)
    fee = now.figure("le_phi")
    assert fee is not None and fee.own is not None
    assert (fee.value, fee.value_online, fee.as_of) == (30_000, None, dt.date(2026, 11, 20))
    assert (fee.own.told_by, fee.own.staff_name) == ("cán bộ một cửa", "Nguyễn Thị Mẫu")
    assert "30.000" in fee.text.vi and "Nộp tại xã" not in fee.text.vi
    assert [old.value for old in now.former] == [20_000]
    paper = slips.as_text(_checklist(conn, clock))
    assert "30.000" in paper and "Theo cán bộ một cửa, ngày 20/11/2026, do Nguyễn Thị Mẫu ghi." in paper
    assert "20.000" not in paper


def _checklist(conn: sqlite3.Connection, clock: FakeClock) -> slips.Slip:
    from hub.post import jobs

    job = service.print_checklist(
        conn, _MAU, settings=Settings(), lang="vi", moment=clock.read(), client=f"{clock.mono}"
    )
    row = conn.execute("SELECT slip FROM jobs WHERE id = ?", (job,)).fetchone()
    assert jobs.get(conn, job).kind is jobs.Kind.CHECKLIST
    return slips.decode(row["slip"])


def test_a_sentence_of_the_guide_is_shown_in_the_language_it_was_written_in(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    _say(conn, clock, texts=("Xã thu 30.000 đồng.", ""))
    fee = figures.today(conn, _MAU, TODAY).figure("le_phi")
    assert fee is not None
    assert fee.text.vi == "Xã thu 30.000 đồng." and "30.000" in fee.text.en and "thu" not in fee.text.en


def test_taking_it_back_brings_the_one_before_and_then_the_pack(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    first = _say(conn, clock, "30.000")
    second = _say(conn, clock, "35.000")
    now = figures.today(conn, _MAU, TODAY)
    assert [one.value for one in now.of_kind(FigureKind.FEE)][0] == 35_000
    assert [one.value for one in now.former] == [30_000, 20_000]
    for word, value in ((second, 30_000), (first, 20_000)):
        gone = figures.withdraw(
            conn, word.id, "Ghi nhầm", staff_id=8, staff_name="Lý A Mẫu", moment=clock.read()
        )
        assert gone.withdrawn is not None and gone.withdrawn.staff_name == "Lý A Mẫu"
        fee = figures.today(conn, _MAU, TODAY).figure("le_phi")
        assert fee is not None and fee.value == value
    assert len(figures.seen(conn, _MAU, "le_phi", TODAY).words) == 2
    with pytest.raises(Conflict, match="withdrawn_before"):
        figures.withdraw(conn, first.id, "lại", staff_id=8, staff_name="x", moment=clock.read())


def test_a_newer_row_of_the_pack_takes_over_and_the_guide_is_asked(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    _say(conn, clock)
    newer = _with(_row(20_000, None), _row(25_000, dt.date(2026, 11, 21)))
    fee = figures.today(conn, newer, TODAY).figure("le_phi")
    assert fee is not None and fee.own is None and fee.value == 25_000
    seen = figures.seen(conn, newer, "le_phi", TODAY)
    assert seen.need is Need.CONFIRM and seen.standing is not None
    assert [old.value for old in figures.today(conn, newer, TODAY).former] == [30_000, 20_000]
    _say(conn, clock, procedure=newer, told_on=TODAY)
    again = figures.today(conn, newer, TODAY).figure("le_phi")
    assert again is not None and again.value == 30_000
    assert figures.seen(conn, newer, "le_phi", TODAY).need is Need.NONE


def test_a_row_of_the_same_day_does_not_take_over(conn: sqlite3.Connection, clock: FakeClock) -> None:
    _say(conn, clock, told_on=TODAY)
    same = _with(_row(25_000, TODAY))
    fee = figures.today(conn, same, TODAY).figure("le_phi")
    assert fee is not None and fee.value == 30_000


def test_a_word_for_another_unit_or_a_figure_that_is_gone_changes_nothing(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    _say(conn, clock)
    other = dataclasses.replace(_FEE, unit=Unit.DAY)
    assert figures.today(conn, _with(other), TODAY).figures == (other,)
    assert figures.today(conn, _with(), TODAY).figures == ()


def test_a_word_fills_a_figure_that_nobody_knew(conn: sqlite3.Connection, clock: FakeClock) -> None:
    _say(conn, clock, "9.000", figure_id="ban_sao")
    copy = figures.today(conn, _MAU, TODAY).figure("ban_sao")
    assert copy is not None and copy.value == 9_000 and not copy.status.ask_office


def test_a_second_press_writes_nothing_twice(conn: sqlite3.Connection, clock: FakeClock) -> None:
    first = _say(conn, clock)
    clock.advance(60)
    assert _say(conn, clock).id == first.id
    assert figures.verify(conn) == 1


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"typed": "nhiều"}, "money.unreadable"),
        ({"told_by": " "}, "procedures.told_by_missing"),
        ({"told_by": "x" * 121}, "procedures.told_by_missing"),
        ({"told_on": dt.date(2026, 11, 22)}, "procedures.told_on_wrong"),
        ({"told_on": dt.date(2024, 1, 1)}, "procedures.told_on_wrong"),
        ({"texts": ("x" * 401, "")}, "procedures.text_long"),
        ({"figure_id": "thoi_gian", "typed": "ba"}, "procedures.number_wrong"),
    ],
)
def test_what_cannot_stand_is_refused(
    conn: sqlite3.Connection, clock: FakeClock, more: dict[str, object], key: str
) -> None:
    with pytest.raises(Refused) as refused:
        _say(conn, clock, **more)  # type: ignore[arg-type]
    assert refused.value.key == key and figures.verify(conn) == 0


def test_a_figure_that_is_not_there_is_missing(conn: sqlite3.Connection, clock: FakeClock) -> None:
    with pytest.raises(Missing, match="no_figure"):
        _say(conn, clock, figure_id="khac")
    with pytest.raises(Missing, match="no_word"):
        figures.withdraw(conn, 1, "x", staff_id=1, staff_name="x", moment=clock.read())


def test_help_at_the_house_stays_free_whoever_says_otherwise(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    own = dataclasses.replace(_FEE, value=0, status=Status.ADVICE)
    with pytest.raises(Refused, match="own_rule"):
        _say(conn, clock, procedure=_with(own))
    assert figures.listing(conn, _with(own), TODAY) == ()


def test_a_slip_of_five_times_is_asked_about_and_stands_once_confirmed(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    for typed in ("100.000", "2000"):
        with pytest.raises(Unlikely):
            _say(conn, clock, typed)
    assert _say(conn, clock, "100.000", confirmed=True).value == 100_000


def test_the_day_ahead_of_a_doubtful_clock_is_believed(conn: sqlite3.Connection, clock: FakeClock) -> None:
    clock.trusted = False
    assert _say(conn, clock, told_on=dt.date(2027, 1, 1)).trusted is False


@pytest.mark.parametrize(
    ("unit", "typed", "value"),
    [
        (Unit.DONG, "30 nghìn", 30_000),
        (Unit.PER_MILLE, "6,6", 66),
        (Unit.PER_MILLE, "7 %", 70),
        (Unit.PERCENT, "22%", 22),
        (Unit.WORKING_DAY, "3", 3),
    ],
)
def test_a_value_is_typed_as_people_write_it(unit: Unit, typed: str, value: int) -> None:
    assert figures.read(unit, typed) == value
    shown = dataclasses.replace(_FEE, unit=unit, value=value)
    assert figures.read(unit, figures.typed_again(shown)) == value


@pytest.mark.parametrize(
    ("unit", "typed"),
    [
        (Unit.PERCENT, "101"),
        (Unit.PER_MILLE, "100,1"),
        (Unit.PER_MILLE, "6,66"),
        (Unit.HOUR_OF_DAY, "25"),
        (Unit.DAY, "-1"),
        (Unit.DAY, "1,5"),
        (Unit.DONG, "9999999999999"),
    ],
)
def test_a_value_outside_its_unit_is_refused(unit: Unit, typed: str) -> None:
    with pytest.raises(Refused):
        figures.read(unit, typed)


# ---------------------------------------------------------------- signed, and only growing


def test_rows_are_neither_changed_nor_deleted(conn: sqlite3.Connection, clock: FakeClock) -> None:
    _say(conn, clock)
    for statement in ("UPDATE figure_words SET value = 1", "DELETE FROM figure_words"):
        with pytest.raises(sqlite3.IntegrityError, match="figure words"):
            conn.execute(statement)


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE figure_words SET value = 1 WHERE id = 2",
        "UPDATE figure_words SET staff_name = 'Ai đó' WHERE id = 2",
        "UPDATE figure_words SET told_on = '2026-11-19' WHERE id = 2",
        "DELETE FROM figure_words WHERE id = 2",
        "UPDATE figure_words SET seal = 'x' WHERE id = 2",
    ],
)
def test_a_row_changed_behind_the_houses_back_is_not_believed_nor_any_after_it(
    conn: sqlite3.Connection, clock: FakeClock, spoil: str
) -> None:
    for typed in ("30.000", "35.000", "40.000"):
        _say(conn, clock, typed)
    assert figures.verify(conn) == 3
    conn.execute("DROP TRIGGER figure_words_only_grow")
    conn.execute("DROP TRIGGER figure_words_stay")
    conn.execute(spoil)
    fee = figures.today(conn, _MAU, TODAY).figure("le_phi")
    assert fee is not None and fee.value == 30_000
    with pytest.raises(NotReady, match="figures_broken"):
        figures.verify(conn)
    with pytest.raises(NotReady, match="figures_broken"):
        _say(conn, clock, "50.000")
    assert store.read(conn).broken in (2, 3)


def test_every_word_draws_the_pages_anew(conn: sqlite3.Connection, clock: FakeClock) -> None:
    before = figures.version(conn)
    word = _say(conn, clock)
    between = figures.version(conn)
    figures.withdraw(conn, word.id, "Ghi nhầm", staff_id=1, staff_name="x", moment=clock.read())
    assert before < between < figures.version(conn)


def test_what_needs_a_look_is_listed_first(conn: sqlite3.Connection) -> None:
    later = TODAY + dt.timedelta(days=150)
    assert [(seen.id, seen.need) for seen in figures.listing(conn, _MAU, later)] == [
        ("le_phi", Need.STALE),
        ("ban_sao", Need.UNVERIFIED),
        ("thoi_gian", Need.REPORTED),
    ]
    assert figures.listing(conn, _MAU, TODAY)[-1].need is Need.NONE
