"""Forms put in beside the pack's: which one is in force, what drafts keep, what an own form is begun as."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import db
from hub.base.errors import Missing, Refused
from hub.forms import author
from hub.packs.shelf import Shelf
from hub.trades.dossiers import blanks, drafts, service
from hub.trades.procedures import added, form_shelf, reader
from hub.trades.procedures.form_shelf import Origin
from hub.trades.procedures.model import Group, PersonField
from tests.fakes import FakeClock
from tests.trades.dossiers.guide import CONSENT, KEY

_PACK = Path(__file__).parent / "pack"
_OWN = """| survey | | | |
| | type | name | label |
| | text | ten | Tên |
| | {kind} | thon | Thôn |
| settings | | |
| | form_id | version | form_title |
| | {id} | {version} | Khảo sát mẫu |
"""
_LIST = {"thon.csv": b"name,label\na,L\xc3\xa0ng A\n"}


def own(
    id: str = "khao_sat", version: str = "2", kind: str = "text", media: Mapping[str, bytes] = {}
) -> bytes:
    written = _OWN.format(id=id, version=version, kind=kind).encode()
    return author.convert(written, "md", id, media).xml


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """The sample pack with its form prepared: version 5 of ``mau``."""
    root = tmp_path / "pack"
    for file in _PACK.rglob("*"):
        if file.is_file():
            (root / file.relative_to(_PACK)).parent.mkdir(parents=True, exist_ok=True)
            (root / file.relative_to(_PACK)).write_bytes(file.read_bytes())
    found = Shelf("mau", f"added-{tmp_path.name}", root)
    (root / "procedures" / "mau" / "form.xml").write_bytes(own(reader.get(found, "mau").form_id, "5"))
    return found


def put(
    conn: sqlite3.Connection,
    shelf: Shelf,
    clock: FakeClock,
    xml: bytes,
    media: Mapping[str, bytes] = {},
    origin: Origin = Origin.ADDED,
) -> added.Put:
    return added.put(conn, shelf, xml, media, origin=origin, moment=clock.read())


def test_a_form_of_no_procedure_is_begun_under_a_name_of_its_own(
    conn: sqlite3.Connection, shelf: Shelf, clock: FakeClock
) -> None:
    done = put(conn, shelf, clock, own(kind="select_one_from_file thon.csv", media=_LIST), _LIST)
    assert (done.before, done.packed, done.in_force) == (None, None, True)
    one = added.all(conn, shelf)[-1]
    assert (one.slug, one.group, one.plain_name.vi) == ("form-khao_sat", Group.OTHER, "Khảo sát mẫu")
    assert one.figures == one.papers == () and added.get(conn, shelf, one.slug) == one
    assert one.slug not in reader.slugs(shelf)
    blank = added.today(conn, shelf, one.slug)
    assert blank.media == _LIST


def test_a_draft_keeps_form_and_files_when_the_form_is_taken_out(
    conn: sqlite3.Connection, shelf: Shelf, clock: FakeClock
) -> None:
    put(conn, shelf, clock, own(kind="select_one_from_file thon.csv", media=_LIST), _LIST)
    one = added.get(conn, shelf, "form-khao_sat")
    blank = added.today(conn, shelf, one.slug)
    begun = drafts.start(
        conn,
        one,
        blank.xml,
        media=blank.media,
        consent=CONSENT,
        staff=1,
        key=KEY,
        moment=clock.read(),
        draft_days=30,
    )
    assert blanks.in_use(conn) == {("khao_sat", "2"): 1}
    assert begun.form_sha256 == added.digest_today(conn, shelf, one.slug)
    assert added.remove(conn, shelf, "khao_sat", clock.read()) is None
    with pytest.raises(Missing):
        added.get(conn, shelf, one.slug)
    blanks._read.clear()
    view = drafts.look(conn, begun.id, key=KEY, moment=clock.read())
    assert view.form.secondary("thon") is not None
    assert blanks.media(conn, begun.form_sha256, "thon.csv") == _LIST["thon.csv"]
    assert blanks.media(conn, begun.form_sha256, "other.csv") is None
    clock.advance(31 * 86_400)
    assert service.expire(conn, clock.read()) == 1
    assert conn.execute("SELECT count(*) FROM dossier_form_media").fetchone()[0] == 0


def test_other_files_make_another_form_of_the_same_xml(
    conn: sqlite3.Connection, shelf: Shelf, clock: FakeClock
) -> None:
    xml = own(kind="select_one_from_file thon.csv", media=_LIST)
    put(conn, shelf, clock, xml, _LIST)
    first = added.digest_today(conn, shelf, "form-khao_sat")
    again = put(conn, shelf, clock, xml, {"thon.csv": b"name,label\nb,B\n"})
    assert again.before == "2" and added.digest_today(conn, shelf, "form-khao_sat") != first


@pytest.mark.parametrize(
    ("version", "origin", "in_force"),
    [
        ("6", Origin.ADDED, True),
        ("5", Origin.ADDED, True),
        ("4", Origin.ADDED, False),
        ("10", Origin.ADDED, True),
        ("4", Origin.FETCHED, True),
    ],
)
def test_the_offices_form_is_in_force_and_of_others_the_newer_version(
    conn: sqlite3.Connection, shelf: Shelf, clock: FakeClock, version: str, origin: Origin, in_force: bool
) -> None:
    procedure = reader.get(shelf, "mau")
    done = put(conn, shelf, clock, own(procedure.form_id, version), origin=origin)
    assert (done.packed, done.in_force) == ("5", in_force)
    listed = {(one.version, one.origin): one.in_force for one in added.listing(conn, shelf)}
    assert listed == {("5", Origin.PACK): not in_force, (version, origin): in_force}
    used = added.in_force(conn, shelf, procedure.form_id)
    assert used is not None and used.slug == "mau" and used.version == (version if in_force else "5")
    assert (b'version="%s"' % used.version.encode()) in added.today(conn, shelf, "mau").xml
    assert added.remove(conn, shelf, procedure.form_id, clock.read()) == "5"
    assert b'version="5"' in added.today(conn, shelf, "mau").xml


def test_only_the_people_are_asked_for_whom_the_form_of_today_has_questions(
    conn: sqlite3.Connection, shelf: Shelf, clock: FakeClock
) -> None:
    before = reader.get(shelf, "mau")
    assert before.persons and added.get(conn, shelf, "mau") == before
    person = before.persons[0]
    name, path = next(pair for pair in person.fields if pair[0] is PersonField.FULL_NAME)
    group, question = path.strip("/").split("/")[1:]
    sheets = (
        f"| survey |\n| | type | name | label |\n| | begin_group | {group} | G |\n"
        f"| | text | {question} | Tên |\n| | end_group | | |\n"
        f"| settings |\n| | form_id | version |\n| | {before.form_id} | 9 |\n"
    )
    put(conn, shelf, clock, author.convert(sheets.encode(), "md", "x").xml)
    after = added.get(conn, shelf, "mau")
    assert [one.fields for one in after.persons] == [((name, path),)]


def test_a_form_of_the_pack_cannot_be_taken_out_and_an_unknown_one_is_missing(
    conn: sqlite3.Connection, shelf: Shelf, clock: FakeClock
) -> None:
    with pytest.raises(Refused, match="adding.of_the_pack"):
        added.remove(conn, shelf, reader.get(shelf, "mau").form_id, clock.read())
    with pytest.raises(Missing, match="adding.none"):
        added.remove(conn, shelf, "nobody", clock.read())


def test_what_the_engine_cannot_run_never_reaches_the_shelf(
    conn: sqlite3.Connection, shelf: Shelf, clock: FakeClock
) -> None:
    put(conn, shelf, clock, own())
    lacking = own(kind="select_one_from_file thon.csv", media=_LIST)
    for xml, media in ((lacking, {}), (own("có / gạch"), {}), (own(), {"../a.csv": b"x"}), (b"<html/>", {})):
        with pytest.raises(Refused):
            put(conn, shelf, clock, xml, media)
    (kept,) = form_shelf.listing(conn)
    assert kept.put_on == clock.read().on and form_shelf.content(conn, "khao_sat")[1] == {}


@given(st.integers(0, 9_999_999_999), st.integers(0, 9_999_999_999))
def test_versions_are_compared_as_numbers(one: int, other: int) -> None:
    assert added.newer(str(one), str(other)) == (one > other)
    assert added.newer(f"1.{one}", f"1.{other}") == (one > other)
    assert not added.newer(str(one), str(one))


def test_a_version_of_endless_digits_is_compared_too() -> None:
    assert added.newer("9" * 5000, "2026112201") and not added.newer("2026112201", "9" * 5000)


def test_a_form_and_its_files_are_of_one_moment_while_another_process_replaces_them(
    conn: sqlite3.Connection, shelf: Shelf, clock: FakeClock
) -> None:
    kind, later = "select_one_from_file thon.csv", {"thon.csv": b"name,label\nb,B\n"}
    first = own(version="1", kind=kind, media=_LIST)
    second = own(version="2", kind=kind, media=later)
    put(conn, shelf, clock, first, _LIST)
    with closing(db.connect(Path(conn.execute("PRAGMA database_list").fetchone()[2]))) as other:

        def replace(statement: str) -> None:
            if "form_shelf_files" in statement:
                conn.set_trace_callback(None)
                put(other, shelf, clock, second, later)

        conn.set_trace_callback(replace)
        blank = added.today(conn, shelf, "form-khao_sat")
    assert (blank.xml, blank.media) in ((first, _LIST), (second, later))
    assert added.today(conn, shelf, "form-khao_sat").xml == second
