"""A draft on paper, from the written walks through the procedures' forms to the words on the page."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from hub.base.ids import FollowCode, InstanceId
from hub.base.settings import Settings
from hub.desks.guide import rich
from hub.sheets import drawing
from hub.sheets.model import Consent, Ct01, Declaration, Mark
from hub.trades.dossiers import cover, paper
from hub.trades.dossiers.model import Event, Following, State, What
from hub.trades.procedures import paper as places
from hub.trades.procedures import reader
from tests.content import walker
from tests.fakes import FakeClock
from tests.sheets import drafts, reading

RESIDENCE = "dang-ky-thuong-tru"
WALKS = [pytest.param(one, id=str(one)) for slug in walker.SLUGS for one in walker.walks(slug)]


def _ct01(one: walker.Walk) -> Ct01:
    sheet = drafts.sheet(one)
    assert isinstance(sheet, Ct01)
    return sheet


def test_the_form_is_filled_from_the_draft_place_by_place() -> None:
    sheet = _ct01(drafts.walk(RESIDENCE, 0))
    assert (sheet.name, sheet.born, sheet.sex) == ("Giàng Thị Mẫu", "15/07/1999", "Nữ")
    assert (sheet.number, sheet.relation, sheet.head_number) == (
        "010199000000",
        "Con dâu, con rể",
        "015155000000",
    )
    assert sheet.request.startswith("Đăng ký thường trú tại Thôn Mẫu") and sheet.online
    assert [(one.name, one.born, one.relation) for one in sheet.members] == [
        ("Lý A Mẫu", "04/03/2018", "Cháu"),
        ("Lý Thị Mẫu", "2020", "chắt"),
    ]
    assert sheet.head.how is Consent.SIGNS and sheet.owner.how is Consent.HEAD
    assert sheet.guardian.how is Consent.UNASKED


def test_only_the_year_stays_only_the_year_and_a_tie_of_its_own_is_written_out() -> None:
    sheet = _ct01(drafts.walk(RESIDENCE, 1))
    assert sheet.born == "1970" and sheet.relation == "người làm công" and not sheet.online
    assert sheet.head.how is Consent.OWN_PAPER
    assert (sheet.owner.how, sheet.owner.name) == (Consent.VNEID, "Nguyễn Thị Mẫu")


def test_a_declarant_who_is_head_and_owner_is_asked_to_sign_once() -> None:
    heads = [
        _ct01(one) for one in walker.walks(RESIDENCE) if one.answers["/data/ct01/quan_he_chu_ho"] == "chu_ho"
    ]
    assert heads
    for sheet in heads:
        assert sheet.relation == "Chủ hộ" and sheet.head_name == sheet.name
        assert sheet.head.how is Consent.DECLARANT and sheet.owner.how is not Consent.HEAD


def test_where_the_form_asks_no_opinion_the_columns_stay_blank() -> None:
    for one in walker.walks("xac-nhan-cu-tru"):
        sheet = _ct01(one)
        assert {sheet.head.how, sheet.owner.how, sheet.guardian.how} == {Consent.UNASKED}


def test_a_draft_of_another_version_of_the_form_leaves_blank_what_it_has_not() -> None:
    birth = drafts.view(drafts.walk("lien-thong-khai-sinh"))
    known = places.read(drafts.core(), RESIDENCE)
    sheet = paper.sheet(birth, reader.get(drafts.core(), RESIDENCE), known, Settings(), rich.plain)
    assert isinstance(sheet, Ct01) and sheet.name == "" and sheet.members == ()


@pytest.mark.parametrize("one", WALKS)
def test_every_procedure_has_all_its_answers_on_paper(one: walker.Walk) -> None:
    sheet = drafts.sheet(one)
    said = reading.tight(reading.text(drawing.draw(sheet)))
    if isinstance(sheet, Declaration):
        for section in sheet.sections:
            for line in section.lines:
                assert reading.tight(line.label.rstrip(" :.")) in said
                assert reading.tight(line.answer) in said
        typed = [value for value in one.answers.values() if " " in value and not value[0].isdigit()]
        names = [value for value in typed if value == value.strip() and "_" not in value]
    else:
        names = [one.answers["/data/ct01/ho_ten"], one.answers["/data/ct01/kinh_gui"]]
    for name in names:
        assert reading.tight(name) in said, name


def test_a_declaration_has_no_note_of_the_guide_and_no_code_of_a_choice() -> None:
    walk = drafts.walk("lien-thong-khai-tu")
    sheet = drafts.sheet(walk)
    assert isinstance(sheet, Declaration)
    answers = [line.answer for section in sheet.sections for line in section.lines]
    assert "Có kèm theo" in answers and "Đồng ý" in answers
    assert not [one for one in answers if "_" in one]


def test_a_procedure_no_pack_knows_is_still_a_declaration() -> None:
    view = drafts.view(drafts.walk("lien-thong-khai-tu"))
    sheet = paper.sheet(view, None, None, Settings(), rich.plain)
    assert isinstance(sheet, Declaration) and sheet.title == view.draft.title.vi and sheet.sections


def test_the_cover_of_a_draft_ticks_what_is_attached_and_names_the_declarant() -> None:
    walk = drafts.walk(RESIDENCE, 0)
    procedure = reader.get(drafts.core(), RESIDENCE)
    sheet = cover.of_draft(drafts.view(walk), procedure, Settings(), desk="1", moment=FakeClock().read())
    (block,) = sheet.blocks
    marks = {item.words: item.mark for item in block.items}
    names = {one.id: one.name.vi for one in procedure.papers}
    assert marks[names["giay-quan-he"]] is Mark.TICKED and marks[names["can-cuoc"]] is Mark.BOX
    assert names["hop-dong"] not in marks
    said = " ".join(line.answer for line in sheet.facts)
    assert "Giàng Thị Mẫu" in said and "bàn 1" in said and "1.004222" in said
    assert "010199000000" not in repr(sheet) + said


def test_the_cover_of_a_sealed_dossier_tells_the_code_and_nobody() -> None:
    procedure = reader.get(drafts.core(), RESIDENCE)
    sealed = Event(What.SEALED, "", 1, dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC), True)
    found = Following(
        FollowCode("K7P2M9QX"),
        InstanceId("uuid:x"),
        RESIDENCE,
        procedure.plain_name,
        "vi",
        State.KEPT,
        (sealed,),
        None,
    )
    sheet = cover.of_sealed(found, procedure, Settings())
    assert sheet.code == sheet.qr == "K7P2M9QX"
    web = msgspec.structs.replace(Settings().web, address="http://nha.example/")
    known = cover.of_sealed(found, procedure, msgspec.structs.replace(Settings(), web=web))
    assert known.qr == "http://nha.example/follow/K7P2M9QX" and known.qr_label != sheet.qr_label
    assert [line.label for line in sheet.facts][-1] == "Niêm phong lúc" and "08:30" in sheet.facts[-1].answer
    assert all(item.mark is Mark.BOX for block in sheet.blocks for item in block.items)
    assert len(sheet.blocks[0].items) == len(procedure.papers)
