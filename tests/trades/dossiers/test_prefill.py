"""An ID card's QR fills what it answers, and nothing behind anybody's back."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices import ident
from hub.base import phrases
from hub.base.errors import Missing, Refused
from hub.trades.dossiers import marks
from tests.trades.dossiers.guide import CARD, Guide

_NAME = "/data/nguoi/ho_ten"


def test_a_card_fills_name_number_birth_sex_and_residence(guide: Guide) -> None:
    draft = guide.start()
    done = guide.scan(draft.id, "chinh", CARD + "\r\n")
    instance = guide.look(draft.id).instance
    assert instance.get(_NAME) == "Nguyễn Thị Mẫu"
    assert instance.get("/data/nguoi/so") == "001199000000"
    assert instance.get("/data/nguoi/ngay_sinh") == "1999-09-02"
    assert instance.get("/data/nguoi/gioi_tinh") == "nu"
    assert instance.get("/data/nguoi/noi_o") == "Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu"
    assert {one.path for one in done.filled} == {
        path for _, path in guide.procedure.persons[0].fields
    } and done.kept == ()
    assert next(one for one in done.filled if one.path.endswith("ngay_sinh")).value == "02/09/1999"
    assert done.version == 2 and done.warnings == ()


def test_the_card_itself_is_kept_nowhere(guide: Guide, database: Path) -> None:
    draft = guide.start()
    guide.scan(draft.id, "chinh", CARD)
    held = b"".join(path.read_bytes() for path in database.parent.glob("house.db*"))
    assert b"|" + b"000000000|" not in held and "Nguyễn Thị Mẫu".encode() not in held
    assert "01012022" not in guide.look(draft.id).instance.to_xml().decode()


def test_what_was_typed_is_kept_and_told(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Lý A Mẫu", "/data/nguoi/so": "001199000000"})
    done = guide.scan(draft.id, "chinh", CARD)
    (kept,) = done.kept
    assert (kept.path, kept.here, kept.on_card) == (_NAME, "Lý A Mẫu", "Nguyễn Thị Mẫu")
    assert guide.look(draft.id).instance.get(_NAME) == "Lý A Mẫu"
    assert "Mẫu" not in repr(done)
    again = guide.scan(draft.id, "chinh", CARD, replace=[_NAME])
    assert [one.path for one in again.filled] == [_NAME]
    assert guide.look(draft.id).instance.get(_NAME) == "Nguyễn Thị Mẫu"


def test_another_persons_card_fills_nothing_until_a_guide_says_so(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Lý A Mẫu"})
    done = guide.scan(draft.id, "chinh", CARD)
    assert [one.path for one in done.kept] == [_NAME] and done.filled == ()
    assert guide.look(draft.id).instance.get("/data/nguoi/so") == ""
    done = guide.scan(draft.id, "chinh", CARD, replace=[_NAME])
    assert len(done.filled) > 2 and done.kept == ()


def test_a_name_spelt_otherwise_under_the_same_number_is_the_same_person(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Nguyen T. Mau", "/data/nguoi/so": "001199000000"})
    done = guide.scan(draft.id, "chinh", CARD)
    assert [one.path for one in done.kept] == [_NAME]
    assert "/data/nguoi/noi_o" in {one.path for one in done.filled}


def test_a_name_in_capitals_is_the_same_name(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Nguyễn Thị Mẫu"})
    done = guide.scan(draft.id, "chinh", CARD.replace("Nguyễn Thị Mẫu", "NGUYỄN THỊ MẪU"))
    assert done.kept == () and _NAME not in {one.path for one in done.filled}
    assert guide.look(draft.id).instance.get(_NAME) == "Nguyễn Thị Mẫu"


@pytest.mark.parametrize(
    ("scanned", "key"),
    [
        ("", "dossiers.card_empty"),
        ("https://vneid.gov.vn.example.top/x", "dossiers.card_web_address"),
        ("HTTP://a|b|c|d|e|f", "dossiers.card_web_address"),
        ("xin chào", "dossiers.card_other_code"),
        ("001199000000|x", "dossiers.card_fields"),
        (CARD.replace("001199000000", "00119900"), "dossiers.card_number"),
        (CARD.replace("Nguyễn Thị Mẫu", ""), "dossiers.card_name"),
        (CARD.replace("02091999", "0209"), "dossiers.card_date"),
        ("x" * 5_000, "dossiers.card_too_long"),
    ],
)
def test_what_is_no_card_is_refused_with_its_reason(guide: Guide, scanned: str, key: str) -> None:
    draft = guide.start()
    with pytest.raises(Refused) as refused:
        guide.scan(draft.id, "chinh", scanned)
    assert refused.value.key == key and refused.value.values == {}
    assert guide.version(draft.id) == 1


def test_every_reason_and_warning_has_its_words() -> None:
    assert all(phrases.has(f"dossiers.card_{reason}") for reason in ident.Reason)
    assert all(phrases.has(f"dossiers.warning_{warning}") for warning in ident.Warning)


def test_what_looks_odd_is_told_and_filled_all_the_same(guide: Guide) -> None:
    draft = guide.start()
    done = guide.scan(draft.id, "chinh", CARD.replace("|Nữ|", "|Nam|"))
    assert done.warnings == (ident.Warning.SEX_MISMATCH,)
    assert guide.look(draft.id).instance.get("/data/nguoi/gioi_tinh") == "nam"


def test_a_person_the_form_does_not_ask_about_is_not_filled(midwife: Guide) -> None:
    draft = midwife.start()
    midwife.save(draft.id, "cha", {"/data/cha/tinh_trang": "de_trong"})
    with pytest.raises(Refused, match="card_not_asked"):
        midwife.scan(draft.id, "cha", CARD)
    assert midwife.look(draft.id).instance.get("/data/cha/ho_ten") == ""
    with pytest.raises(Missing, match="no_person"):
        midwife.scan(draft.id, "ong_noi", CARD)


def test_the_real_form_takes_the_mothers_card(midwife: Guide) -> None:
    draft = midwife.start()
    done = midwife.scan(draft.id, "me", CARD)
    assert len(done.filled) == 4
    assert midwife.look(draft.id).instance.get("/data/me/ngay_sinh") == "1999-09-02"


def test_only_the_year_on_a_card_leaves_the_date_open(midwife: Guide) -> None:
    draft = midwife.start()
    done = midwife.scan(draft.id, "me", CARD.replace("02091999", ""))
    assert ident.Warning.BIRTH_DATE_UNREADABLE in done.warnings
    assert midwife.look(draft.id).instance.get("/data/me/ngay_sinh") == ""


def test_a_second_dossier_for_the_same_number_is_noticed(guide: Guide) -> None:
    one, other = guide.start(), guide.start()
    guide.scan(one.id, "chinh", CARD)
    assert marks.twins(guide.conn, one.id) == ()
    guide.save(other.id, "nguoi", {_NAME: "Ai đó", "/data/nguoi/so": "001 199 000 000"})
    (twin,) = marks.twins(guide.conn, other.id)
    assert twin.draft_id == one.id and twin.follow_code is None
    assert twin.person == guide.procedure.persons[0].label
    guide.save(other.id, "nguoi", {"/data/nguoi/so": ""})
    assert marks.twins(guide.conn, other.id) == ()


def test_a_person_who_may_come_often_is_not_marked(guide: Guide) -> None:
    one, other = guide.start(), guide.start()
    for draft in (one, other):
        guide.save(draft.id, "nguoi", {"/data/nguoi/so_chu_ho": "001199000000"})
    assert marks.twins(guide.conn, other.id) == ()


def test_a_mark_cannot_be_made_from_the_number_alone(guide: Guide) -> None:
    draft = guide.start()
    guide.scan(draft.id, "chinh", CARD)
    typed = "SELECT mark FROM dossier_marks WHERE person = 'chinh'"
    mine = guide.conn.execute(typed).fetchone()[0]
    guide.key = bytes(32)
    other = guide.start()
    guide.scan(other.id, "chinh", CARD)
    found = {row[0] for row in guide.conn.execute(typed)}
    assert len(found) == 2 and mine in found
