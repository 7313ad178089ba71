"""Spreadsheets of questions: converted, tried, or refused with the row to mend."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.base.errors import Refused
from hub.forms import author, xform

ROWS = [["type", "name", "label"], ["text", "a", "Họ tên"], ["integer", "b", "Tuổi"]]


def markdown(rows: list[list[str]]) -> bytes:
    return ("| survey |\n" + "".join("| | " + " | ".join(row) + " |\n" for row in rows)).encode()


def refused(rows: list[list[str]]) -> Refused:
    with pytest.raises(Refused) as caught:
        author.convert(markdown(rows), "md", "sample")
    return caught.value


def test_markdown_csv_and_workbook_make_the_same_form(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "survey"
    for row in ROWS:
        book.active.append(row)
    held = io.BytesIO()
    book.save(held)
    csv = "survey\n" + "".join("," + ",".join(row) + "\n" for row in ROWS)
    made = [
        author.convert(markdown(ROWS), "md", "sample"),
        author.convert(csv.encode(), "csv", "sample"),
        author.convert(held.getvalue(), "xlsx", "sample"),
    ]
    assert {one.form_id for one in made} == {"sample"}
    assert len({tuple(xform.read(one.xml).questions) for one in made}) == 1
    path = tmp_path / "form.md"
    path.write_bytes(markdown(ROWS))
    assert author.convert(path, None, "sample").xml == made[0].xml


def test_id_and_version_come_from_the_settings_sheet() -> None:
    content = markdown(ROWS) + b"| settings |\n| | form_id | version |\n| | visit | 20261121 |\n"
    made = author.convert(content, "md", "sample")
    assert (made.form_id, made.version) == ("visit", "20261121")


def test_pyxforms_warnings_reach_the_author() -> None:
    made = author.convert(markdown([["type", "name", "label"], ["image", "photo", "Photo"]]), "md", "sample")
    assert any("max-pixels" in warning for warning in made.warnings)


def test_a_mistake_in_a_row_is_told_with_its_row_and_sheet() -> None:
    error = refused([["type", "name", "label"], ["text", "a b", "Space in the name"]])
    assert error.key == "forms.author.row"
    assert (error.values["sheet"], error.values["row"]) == ("survey", 2)
    assert "a b" in str(error.values["message"]) or "name" in str(error.values["message"])


@pytest.mark.parametrize(
    ("row", "key"),
    [
        (["select_one nothing", "a", "No such list"], "forms.author."),
        (["tekst", "a", "No such type"], "forms.author."),
        (["geopoint", "a", "Where"], "forms.unsupported_question"),
        (["range", "a", "How much"], "forms.unsupported_question"),
        (["begin_group", "a", "Never ended"], "forms.author."),
    ],
)
def test_what_cannot_be_asked_is_refused_when_the_form_is_written(row: list[str], key: str) -> None:
    assert refused([["type", "name", "label"], row]).key.startswith(key)


@pytest.mark.parametrize(
    ("calculation", "key"),
    [
        ("pulldata('x', 'a', 'b', ${a})", "forms.unsupported_"),
        ("count('text')", "forms.broken_expression"),
        ("${nobody}", "forms.author."),
    ],
)
def test_a_calculation_that_cannot_run_is_refused_when_the_form_is_written(
    calculation: str, key: str
) -> None:
    rows = [
        ["type", "name", "label", "calculation"],
        ["text", "a", "A", ""],
        ["calculate", "c", "", calculation],
    ]
    assert refused(rows).key.startswith(key)


def test_the_trial_finds_a_label_that_runs_in_a_circle() -> None:
    rows = [
        ["type", "name", "label", "calculation"],
        ["calculate", "a", "", "${b}"],
        ["calculate", "b", "", "${a}"],
    ]
    assert refused(rows).key in ("forms.circular", "forms.author.refused", "forms.author.row")


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x03\x04broken", b"\x00\xff" * 50, "| survey |".encode("utf-16")]
)
@pytest.mark.parametrize("kind", ["md", "csv", "xlsx"])
def test_what_is_no_spreadsheet_is_refused(content: bytes, kind: author.Kind) -> None:
    with pytest.raises(Refused):
        author.convert(content, kind, "sample")


def test_a_file_that_is_missing_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        author.convert(tmp_path / "gone.md", None, "sample")
    assert caught.value.key == "forms.author.no_file"
    (tmp_path / "form.doc").write_bytes(b"x")
    with pytest.raises(Refused) as caught:
        author.convert(tmp_path / "form.doc", None, "sample")
    assert caught.value.key == "forms.author.unknown_kind"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.text(alphabet="abc|${}'() \n_é1", max_size=8), min_size=3, max_size=3), max_size=4)
)
def test_any_sheet_is_converted_or_refused(rows: list[list[str]]) -> None:
    try:
        author.convert(markdown([["type", "name", "label"], *rows]), "md", "sample")
    except Refused:
        pass
