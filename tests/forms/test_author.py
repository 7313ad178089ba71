"""Spreadsheets of questions: converted, tried, or refused with the row to mend."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.base.errors import Refused
from hub.forms import author
from hub.forms import rows as places
from hub.forms import xform
from hub.forms.advice import Mistakes

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
    (told,) = [warning for warning in made.warnings if "max-pixels" in warning.said("en")]
    assert (told.sheet, told.row) == ("survey", 2) and "row 2" in told.said("en") and "dòng 2" in str(told)


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
        (["begin_group", "a", "Never ended"], "forms.author."),
    ],
)
def test_what_cannot_be_asked_is_refused_when_the_form_is_written(row: list[str], key: str) -> None:
    assert refused([["type", "name", "label"], row]).key.startswith(key)


@pytest.mark.parametrize(
    ("calculation", "key"),
    [
        ("pulldata('x', 'a', 'b', ${a})", "forms."),
        ("count('text')", "forms.broken_expression"),
        ("${nobody}", "forms.author.said"),
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
    with pytest.raises(Mistakes) as caught:
        author.convert(markdown(rows), "md", "sample")
    (found,) = caught.value.found
    assert found.key.startswith(key) and (found.sheet, found.row) == ("survey", 3)
    assert caught.value.key == "forms.author.row"


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


MANY = """| survey | | | | | | |
| | type | name | label | calculation | relevant | appearance | parameters |
| | text | a | A | | | | |
| | tekst | b | B | | | | |
| | text | c d | C | | | | |
| | calculate | e | | foo(${a}) | | | |
| | text | f | F | | ${a} = 'x' and bar() | | |
| | select_one nix | g | G | | | | |
| | calculate | h | | ${a} + | | | |
| | note | n | N ${zz} | | | | |
| | calculate | j | | ${k} | | | |
| | calculate | k | | ${j} | | | |
| | range | r | R | | | | start=0 end=3 step=0 |
| | text | last | Last | | | | |
"""


def test_all_mistakes_are_told_at_once_each_with_its_row() -> None:
    with pytest.raises(Mistakes) as caught:
        author.convert(MANY.encode(), "md", "sample")
    assert [one.row for one in caught.value.found] == [3, 4, 5, 6, 7, 8, 9, 10, 12]
    assert {one.sheet for one in caught.value.found} == {"survey"}
    told = [one.said("en") for one in caught.value.found]
    for at, word in ((0, "tekst"), (2, "foo()"), (3, "bar()"), (4, "nix"), (6, "zz"), (8, "step")):
        assert word in told[at], told[at]
    assert caught.value.values["count"] == 9 and "dòng 3" in str(caught.value.values["list"])


def test_a_renamed_row_brings_no_mistakes_of_its_own() -> None:
    rows = [["type", "name", "label"], ["text", "a b", "Bad"], ["note", "n", "Seen: ${a b}"]]
    assert refused(rows).values["row"] == 2


def test_appearances_that_are_not_drawn_are_told_with_their_row() -> None:
    rows = [
        ["type", "name", "label", "appearance"],
        ["geopoint", "a", "Where", "placement-map"],
        ["text", "b", "Text", "mulitline w6"],
        ["text", "c", "Text", "ex:com.example.app(a='b c')"],
        ["text", "d", "Text", "multiline"],
    ]
    made = author.convert(markdown(rows), "md", "sample")
    assert [(one.key, one.row, one.values["appearance"]) for one in made.warnings] == [
        ("forms.author.folded", 2, "placement-map"),
        ("forms.author.unknown_look", 3, "mulitline"),
        ("forms.author.folded", 4, "ex:com.example.app(a='b"),
    ]


def test_what_stays_empty_is_told_with_its_row() -> None:
    rows = [
        ["type", "name", "label"],
        ["text", "a", "A"],
        ["start-geopoint", "where", ""],
        ["background-audio", "heard", ""],
        ["audit", "audit", ""],
    ]
    made = author.convert(markdown(rows), "md", "sample")
    assert sorted(one.row or 0 for one in made.warnings) == [3, 4, 5]


def test_a_question_in_a_group_and_a_generated_one_have_their_rows() -> None:
    found = places.read(
        [
            {"type": "begin group", "name": "g"},
            {"type": "text", "name": "a"},
            {"type": "end group"},
            {"type": "begin_repeat", "Name": "r"},
            {"type": "text", "name": "a"},
            {"type": "select_one x or_other", "name": "pick"},
            {"type": "end_repeat"},
        ]
    )
    assert found.row(("data", "g", "a")) == 3 and found.row(("data", "r", "a")) == 6
    assert found.row(("data", "r", "pick_other")) == 7 and found.row(("data", "r[2]", "pick")) == 7
    assert found.row(("data", "g", "generated_note_name_12")) == 12
    assert found.row(("data", "nowhere")) is None


def test_a_picture_nobody_handed_in_is_told_with_its_row() -> None:
    rows = [["type", "name", "label", "image"], ["text", "a", "A", "a.png"], ["text", "b", "B", "b.png"]]
    made = author.convert(markdown(rows), "md", "sample", {"b.png": b"x"})
    assert [(one.key, one.row, one.values["name"]) for one in made.warnings] == [
        ("forms.author.no_media", 2, "a.png")
    ]
