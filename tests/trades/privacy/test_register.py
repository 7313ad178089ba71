"""The register: every table has its one place in it, in both languages, with the settings in force."""

from __future__ import annotations

import csv
import io
import sqlite3

import msgspec
import pytest

from hub.base import phrases
from hub.base.settings import DossierSettings, Settings
from hub.trades.dossiers import marks
from hub.trades.privacy import days, register


def test_every_table_of_the_database_is_named_once(conn: sqlite3.Connection) -> None:
    found = register.read(Settings(), "vi")
    named = [table for one in found.entries for table in one.tables] + list(found.without_people)
    there = {row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert len(named) == len(set(named)) and set(named) == there


def test_a_table_with_encrypted_or_staff_content_is_never_said_to_be_without_people(
    conn: sqlite3.Connection,
) -> None:
    personal = {"staff_id", "label", "facts", "instance", "person", "household_id", "draft_id", "mark"}
    for table in register.read(Settings(), "vi").without_people:
        columns = {row["name"] for row in conn.execute(f"PRAGMA table_info({table})")}
        assert not columns & personal, table


@pytest.mark.parametrize("lang", phrases.LANGUAGES)
def test_it_speaks_of_the_settings_in_force(lang: str) -> None:
    changed = msgspec.structs.replace(Settings(), dossiers=DossierSettings(draft_days=47))
    assert "47 " in register.as_text(changed, lang) and "{" not in register.as_text(changed, lang)


@pytest.mark.parametrize("lang", phrases.LANGUAGES)
def test_as_a_table_it_has_every_cell(lang: str) -> None:
    rows = list(csv.reader(io.StringIO(register.as_csv(Settings(), lang))))
    assert tuple(rows[0]) == register.heads(lang)
    assert len(rows) == len(register.read(Settings(), lang).entries) + 1
    assert all(len(row) == len(register.COLUMNS) and all(row) for row in rows)


def test_days_written_into_it_are_those_of_the_program() -> None:
    cells = {one.id: " ".join(one.cells) for one in register.read(Settings(), "en").entries}
    assert f"{marks.REMEMBER.days} days after sealing" in cells["marks"]
    assert days.BREACH_HOURS == 72 and "5 years" in cells["duties"]
