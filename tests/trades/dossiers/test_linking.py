"""The same fact told once: among people of one dossier, from another, from a record; every mark of it kept."""

from __future__ import annotations

import dataclasses
import sqlite3

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub.base.errors import Conflict, Missing, Refused
from hub.base.settings import Settings
from hub.forms import author, questions
from hub.trades.dossiers import drafts, ledger, linking, marks, prefill, reading
from hub.trades.dossiers.linking import Facts
from hub.trades.dossiers.model import MayBeTwice, Overrule, What
from hub.trades.procedures.model import Person, PersonField, Words
from tests.fakes import FakeClock
from tests.trades.dossiers import guide as guides
from tests.trades.dossiers.guide import CARD, MOTHER, Guide

F = PersonField
KNOWN = {
    F.FULL_NAME: "Nguyễn Thị Mẫu",
    F.NUMBER: "001199000000",
    F.OLD_NUMBER: "011900000",
    F.BORN_ON: "1999-09-02",
    F.SEX: "Nữ",
    F.ETHNICITY: "Mông",
    F.NATIONALITY: "Việt Nam",
    F.RESIDENCE: "Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu",
    F.PHONE: "0912000000",
}


def give(
    guide: Guide, draft_id: str, person: str, facts: Facts, replace: tuple[str, ...] = ()
) -> prefill.Prefilled:
    return prefill.from_facts(
        guide.conn,
        draft_id,
        person,
        facts,
        key=guide.key,
        staff=1,
        moment=guide.clock.read(),
        lang="vi",
        replace=replace,
    )


def told(guide: Guide, draft_id: str, person: str) -> Facts:
    view = guide.look(draft_id)
    return next((one.facts for one in linking.people(view) if one.person.id == person), {})


def test_what_one_dossier_knows_fills_the_same_person_in_another(midwife: Guide) -> None:
    first, second = midwife.start(), midwife.start()
    midwife.save(first.id, "me", MOTHER)
    facts = told(midwife, first.id, "me")
    assert facts == {
        F.FULL_NAME: "Giàng Thị Mẫu",
        F.NUMBER: "010199000000",
        F.BORN_ON: "1999-09-02",
        F.ETHNICITY: "Mông",
        F.NATIONALITY: "Việt Nam",
        F.RESIDENCE: "Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu",
    }
    done = give(midwife, second.id, "me", facts)
    assert done.kept == () and {one.value for one in done.filled} >= {"02/09/1999", "Mông"}
    assert told(midwife, second.id, "me") == facts
    # The form on which it is chosen keeps its own code for it.
    assert midwife.look(second.id).instance.get("/data/me/dan_toc") == "mong"


def test_only_the_residence_is_taken_where_only_the_house_is_shared(midwife: Guide) -> None:
    draft = midwife.start()
    midwife.save(draft.id, "me", MOTHER)
    midwife.save(draft.id, "cha", {"/data/cha/tinh_trang": "ghi"})
    place = {name: value for name, value in told(midwife, draft.id, "me").items() if name in linking.PLACE}
    done = give(midwife, draft.id, "cha", place)
    assert [one.path for one in done.filled] == ["/data/cha/noi_cu_tru"]
    assert midwife.look(draft.id).instance.get("/data/cha/ho_ten") == ""


def test_what_was_typed_is_replaced_only_where_it_was_ticked(midwife: Guide) -> None:
    draft = midwife.start()
    midwife.save(draft.id, "me", MOTHER)
    done = give(midwife, draft.id, "me", KNOWN)
    assert {one.path for one in done.kept} == {"/data/me/ho_ten", "/data/me/so_dinh_danh"}
    assert midwife.look(draft.id).instance.get("/data/me/ho_ten") == "Giàng Thị Mẫu"
    give(midwife, draft.id, "me", KNOWN, ("/data/me/ho_ten",))
    instance = midwife.look(draft.id).instance
    assert instance.get("/data/me/ho_ten") == "Nguyễn Thị Mẫu"
    assert instance.get("/data/me/so_dinh_danh") == "010199000000"
    assert "Mẫu" not in repr(done)


def test_a_year_never_becomes_a_day(midwife: Guide) -> None:
    draft = midwife.start()
    facts = {F.FULL_NAME: "Giàng Thị Mẫu", F.BORN_YEAR: "1955"}
    done = give(midwife, draft.id, "me", facts)
    assert done.year_only == "1955"
    assert midwife.look(draft.id).instance.get("/data/me/ngay_sinh") == ""
    midwife.save(draft.id, "me", {"/data/me/biet_ngay_sinh": "chi_nam"})
    again = give(midwife, draft.id, "me", facts)
    assert again.year_only == "" and midwife.look(draft.id).instance.get("/data/me/nam_sinh") == "1955"


def test_a_day_answers_a_question_for_the_year(midwife: Guide) -> None:
    draft = midwife.start()
    midwife.save(draft.id, "me", {"/data/me/biet_ngay_sinh": "chi_nam"})
    give(midwife, draft.id, "me", KNOWN)
    assert midwife.look(draft.id).instance.get("/data/me/nam_sinh") == "1999"
    assert told(midwife, draft.id, "me").get(F.BORN_ON) is None


def test_other_is_no_fact_of_anybody(midwife: Guide) -> None:
    draft = midwife.start()
    midwife.save(draft.id, "me", {**MOTHER, "/data/me/dan_toc": "khac"})
    assert F.ETHNICITY not in told(midwife, draft.id, "me")


def test_people_are_found_in_the_other_open_dossiers_and_not_in_this_one(midwife: Guide) -> None:
    first, second = midwife.start(), midwife.start()
    midwife.save(first.id, "me", MOTHER)
    now = midwife.clock.read()
    (known,) = linking.elsewhere(midwife.conn, second.id, key=midwife.key, moment=now)
    assert (known.draft.id, known.person.id, known.name) == (first.id, "me", "Giàng Thị Mẫu")
    assert linking.elsewhere(midwife.conn, first.id, key=midwife.key, moment=now) == ()
    assert linking.paired(linking.persons(midwife.look(second.id)), [known]) == {"me": "me"}
    assert "Giàng" not in repr(known)


def test_facts_the_form_does_not_ask_of_anybody_are_refused(midwife: Guide) -> None:
    draft = midwife.start()
    with pytest.raises(Refused, match="card_not_asked"):
        give(midwife, draft.id, "me", {F.BANK_ACCOUNT: "1903000000"})
    with pytest.raises(Missing, match="no_person"):
        give(midwife, draft.id, "nobody", KNOWN)
    assert midwife.version(draft.id) == 1


def test_every_page_that_was_filled_is_one_nobody_overwrites_unseen(midwife: Guide) -> None:
    draft = midwife.start()
    midwife.save(draft.id, "tre", {"/data/tre/ho_ten": "Lý A Mẫu"})
    give(midwife, draft.id, "me", KNOWN)
    with pytest.raises(Conflict):
        midwife.save(draft.id, "me", {"/data/me/ho_ten": "Ai đó"}, expected=1)


def test_the_old_number_of_a_known_person_finds_the_dossier_under_the_new_one(guide: Guide) -> None:
    one, other = guide.start(), guide.start()
    guide.save(one.id, "nguoi", {"/data/nguoi/so": "011900000"})
    give(guide, other.id, "chinh", KNOWN)
    (twin,) = marks.twins(guide.conn, other.id)
    assert twin.draft_id == one.id and twin.person == guide.procedure.persons[0].label
    with pytest.raises(MayBeTwice):
        _seal(guide, other.id)
    assert _seal(guide, other.id, Overrule.NEW_PERIOD).follow_code


def _seal(guide: Guide, draft_id: str, overrule: Overrule | None = None) -> object:
    view = guide.look(draft_id)
    for problem in questions.check_all(view.form, view.instance, "vi"):
        assert problem.path.startswith("/data/"), problem
    guide.save(draft_id, "nguoi", {"/data/nguoi/nuoi": ["trau"]})
    return guide.seal(draft_id, overrule)


def test_another_number_typed_forgets_what_was_known_of_somebody_else(guide: Guide) -> None:
    one, other = guide.start(), guide.start()
    guide.save(one.id, "nguoi", {"/data/nguoi/so": "011900000"})
    give(guide, other.id, "chinh", KNOWN)
    guide.save(other.id, "nguoi", {"/data/nguoi/so": "010199000000"})
    assert marks.twins(guide.conn, other.id) == ()
    assert set(ledger.marks(guide.conn, other.id)) == {"chinh"}


def test_facts_without_a_number_forget_no_number_that_was_known(guide: Guide) -> None:
    one, other = guide.start(), guide.start()
    guide.save(one.id, "nguoi", {"/data/nguoi/so": "011900000"})
    give(guide, other.id, "chinh", KNOWN)
    give(guide, other.id, "chinh", {F.FULL_NAME: "Nguyễn Thị Mẫu"})
    assert [twin.draft_id for twin in marks.twins(guide.conn, other.id)] == [one.id]


def test_an_old_number_of_zeros_makes_no_twins_of_strangers(guide: Guide) -> None:
    one, other = guide.start(), guide.start()
    guide.scan(one.id, "chinh", CARD)
    guide.scan(other.id, "chinh", CARD.replace("001199000000", "001199000001"))
    assert CARD.split("|")[1] == "000000000"
    assert marks.twins(guide.conn, other.id) == ()


def test_dossiers_are_found_by_the_numbers_of_a_house(guide: Guide) -> None:
    draft = guide.start()
    guide.scan(draft.id, "chinh", CARD)
    key = guide.key
    found = marks.of_numbers(guide.conn, ["mau", "khac"], ["001199000000", "abc"], key=key)
    assert found == (("mau", draft.id, None),)
    assert marks.of_numbers(guide.conn, ["khac"], ["001199000000"], key=key) == ()
    assert marks.of_numbers(guide.conn, ["mau"], [], key=key) == ()


def test_a_page_read_back_stays_read_until_it_is_changed(midwife: Guide) -> None:
    draft = midwife.start()
    midwife.save(draft.id, "me", MOTHER)
    now = {"key": midwife.key, "staff": 1, "moment": midwife.clock.read()}
    version = midwife.version(draft.id)
    reading.read_back(midwife.conn, draft.id, "me", version=version, **now)
    midwife.save(draft.id, "tre", {"/data/tre/ho_ten": "Lý A Mẫu"})
    assert reading.pages(midwife.conn, draft.id) == {"me"}
    (event,) = ledger.events(midwife.conn, draft.id, (What.READ_BACK,))
    assert event.detail == f"{version} me"
    midwife.save(draft.id, "me", {"/data/me/ho_ten": "Giàng Thị Mẫu Mới"})
    assert reading.pages(midwife.conn, draft.id) == frozenset()
    for wrong in (version, -1, 99):
        with pytest.raises(Conflict, match="changed_meanwhile"):
            reading.read_back(midwife.conn, draft.id, "me", version=wrong, **now)


_TABLE = """
| survey | | | | |
| | type | name | label | appearance |
| | begin_group | trang | Trang | field-list |
| | begin_repeat | nguoi | Người | |
| | text | ten | Tên | |
| | text | so | Số | |
| | end_repeat | | | |
| | end_group | | | |

| settings | | | | | |
| | form_title | form_id | version | name | style |
| | Bảng | bang | 1 | data | pages |
"""


@pytest.fixture(scope="module")
def table_xml(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("form") / "bang.md"
    path.write_text(_TABLE, encoding="utf-8")
    return author.convert(path, None, "bang").xml


@pytest.fixture
def clerk(conn: sqlite3.Connection, clock: FakeClock, table_xml: bytes, settings: Settings) -> Guide:
    """A guide with a form that lists people in a repeat."""
    fields = ((F.FULL_NAME, "/data/trang/nguoi/ten"), (F.NUMBER, "/data/trang/nguoi/so"))
    person = Person("nguoi", Words("Người", "Person"), "trang", fields, unique=False)
    procedure = dataclasses.replace(guides.SAMPLE, slug="bang", form_id="bang", persons=(person,))
    return Guide(conn, clock, table_xml, procedure, settings)


def test_each_row_of_a_table_is_a_person_of_its_own(clerk: Guide) -> None:
    draft = clerk.start()
    give(clerk, draft.id, "nguoi", {F.FULL_NAME: "Lý A Mẫu"})
    done = give(clerk, draft.id, "nguoi.new", KNOWN)
    assert done.person.id == "nguoi.2" and done.person.label.vi == "Người 2"
    give(clerk, draft.id, "nguoi.new", {F.FULL_NAME: "Giàng Thị Mẫu"})
    names = {one.person.id: one.name for one in linking.people(clerk.look(draft.id))}
    assert names == {"nguoi": "Lý A Mẫu", "nguoi.2": "Nguyễn Thị Mẫu", "nguoi.3": "Giàng Thị Mẫu"}
    with pytest.raises(Missing, match="no_person"):
        give(clerk, draft.id, "nguoi.4", KNOWN)
    spare = [one.id for one in linking.persons(clerk.look(draft.id), spare=True)]
    assert spare == ["nguoi", "nguoi.2", "nguoi.3", "nguoi.new"]


def test_nobody_is_added_where_there_is_no_table(midwife: Guide) -> None:
    draft = midwife.start()
    with pytest.raises(Missing, match="no_person"):
        give(midwife, draft.id, "me.new", KNOWN)


_facts = st.dictionaries(
    st.sampled_from([F.FULL_NAME, F.NUMBER, F.RESIDENCE, F.SEX, F.BORN_ON, F.PHONE]),
    st.one_of(
        st.text(max_size=30),
        st.sampled_from(["Nữ", "Nam", "1999-09-02", "001199000000"]),
        st.dates().map(str),
    ),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=_facts, second=_facts)
@example(first={}, second={F.BORN_ON: "\x1f"})
def test_filling_never_changes_an_answer_and_twice_is_once(
    guide: Guide, first: dict[F, str], second: dict[F, str]
) -> None:
    draft = guide.start()
    for facts in (first, second):
        before = guide.look(draft.id).instance
        try:
            done = give(guide, draft.id, "chinh", facts)
        except Refused:
            assert not set(facts) & {name for name, _ in guide.procedure.persons[0].fields}
            continue
        after = guide.look(draft.id).instance
        for _, path in guide.procedure.persons[0].fields:
            if before.get(path):
                assert after.get(path) == before.get(path)
        again = give(guide, draft.id, "chinh", facts)
        assert again.filled == () and again.version == done.version
    drafts.erase(guide.conn, draft.id, staff=1, moment=guide.clock.read())
