"""A dossier from the notice to the office's word, as a guide goes through it."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from flask import Flask
from lxml import etree

from hub.base import phrases
from hub.base.house import House
from hub.forms import unseal
from hub.packs import shelf
from hub.post import inbox, jobs, outbox
from hub.practice_office import keys
from hub.trades.dossiers import drafts, follow
from hub.trades.staff import service as staff
from hub.trades.staff.model import Role
from tests.desks import dossiers as sealed_ones
from tests.desks.guide.hand import BIRTH, CONSENT, SLUG, START, Guide, said, value, where
from tests.fakes import FakeClock
from tests.trades.dossiers.guide import photo


def opened(conn: sqlite3.Connection, house: House, instance_id: str) -> unseal.Opened:
    """What the office finds in the parcel."""
    envelope = conn.execute("SELECT envelope FROM outbox WHERE instance_id = ?", (instance_id,)).fetchone()[0]
    files = dict(conn.execute("SELECT name, content FROM outbox_files").fetchall())
    return unseal.unseal(envelope, files, keys.private_key(house.data / "office"))


def test_the_notice_is_read_and_nothing_is_ticked_beforehand(guide: Guide) -> None:
    page = guide.get(START)
    assert "Trước khi làm hồ sơ" in said(page) and "0 đồng" not in said(page)
    assert 'name="purpose"' in page.text and "checked" not in page.text


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"purpose": ["prepare"]}, "cả hai việc"),
        ({"how": ""}, "Xin chọn ai đồng ý"),
        ({"given_by": "nobody"}, "Xin chọn ai đồng ý"),
        ({"read_aloud": None}, "Xin đọc lời thông báo"),
        ({"notice": "2020-01-01"}, "Lời thông báo vừa được sửa"),
    ],
)
def test_without_whole_consent_nothing_begins_and_what_was_ticked_stays(
    guide: Guide, conn: sqlite3.Connection, missing: dict[str, object], words: str
) -> None:
    sent = {"notice": value(guide.get(START), "notice"), **CONSENT, **missing}
    answer = guide.post(
        START, {name: given for name, given in sent.items() if given is not None}, follow=False
    )
    assert answer.status_code == 422 and words in said(answer)
    assert conn.execute("SELECT count(*) FROM drafts").fetchone()[0] == 0
    if "purpose" not in missing:
        assert re.search(r'value="send" checked', answer.text)


def test_who_refuses_gets_a_paper_and_nothing_is_kept_of_them(guide: Guide, conn: sqlite3.Connection) -> None:
    mark = value(guide.get(START), "mark")
    for _ in range(2):
        page = guide.post(f"{START}/refused", {"mark": mark})
    assert "Đang in giấy ghi những thứ cần mang theo" in said(page)
    assert [job.kind for job in jobs.latest(conn, 3)].count("checklist") == 1
    assert conn.execute("SELECT count(*) FROM dossier_consents").fetchone()[0] == 0


def test_a_broken_form_in_the_pack_begins_nothing_and_calls_the_technician(
    guide: Guide, house: House, conn: sqlite3.Connection
) -> None:
    shelf.current(house.packs).path(f"procedures/{SLUG}/form.xml").write_bytes(b"<html><broken>")
    answer = guide.post(START, {**CONSENT, "notice": value(guide.get(START), "notice")}, follow=False)
    assert answer.status_code == 503
    assert "Tờ khai trong gói nội dung bị hỏng" in said(answer) and "Báo kỹ thuật viên" in said(answer)
    assert conn.execute("SELECT count(*) FROM drafts").fetchone()[0] == 0


@pytest.mark.parametrize("lang", phrases.LANGUAGES)
def test_the_whole_walk_ends_at_the_office_with_exactly_what_was_typed(
    guide: Guide, house: House, conn: sqlite3.Connection, lang: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    guide.client.set_cookie("lang", lang)
    draft = guide.begin()
    draft.fill("giay_to", "cam_ket")
    draft.press("giay_to", {"chung_sinh": "giay"})
    picture = photo()
    assert draft.press("giay_to", file=("anh_chung_sinh", picture, "IMG 1.JPG")).status_code == 303
    draft.press("cam_ket", BIRTH["cam_ket"])
    review = guide.get(f"{draft.address}/review")
    assert "Lý Thị Mẫu" in said(review) and "02/09/1999" in said(review)
    done = draft.seal()
    assert done.status_code == 303 and where(done).startswith("/guide/sealed/")
    page = guide.get(where(done))
    assert ("Đang giữ tại nhà văn hóa" if lang == "vi" else "Kept at the House") in said(page)
    found = follow.follow(conn, where(done).rsplit("/", 1)[1])
    assert found.lang == lang
    office = opened(conn, house, found.instance_id)
    assert office.signature_ok is not False
    answers = {
        one.tag: one.text for one in etree.fromstring(office.submission).iter() if isinstance(one.tag, str)
    }
    assert answers["so_dinh_danh"] == "001199000000" and answers["dien_thoai"] == "0912000000"
    assert b"2026-11-20" in office.submission
    assert [content for _, content in office.files] == [picture]
    assert guide.get(f"{draft.address}/review").status_code == 404
    assert not any(secret in caplog.text for secret in ("Mẫu", "001199", "0912"))


def test_the_page_after_the_seal_offers_the_next_number_with_one_press(guide: Guide) -> None:
    guide.sits()
    guide.post("/guide/call")
    draft = guide.begin()
    draft.fill()
    page = guide.get(where(draft.seal()))
    assert "Xong, gọi số tiếp theo" in said(page)


def test_a_draft_is_found_again_by_its_name_and_opens_where_something_is_left(guide: Guide) -> None:
    draft = guide.begin()
    draft.fill("me")
    page = guide.get("/guide/dossiers")
    assert "Đang làm dở: 1" in said(page) and "Lý Thị Mẫu" in said(page)
    assert where(guide.get(draft.address)) == draft.page("me")
    assert "Lý Thị Mẫu" not in re.sub(r"(?s)<body.*", "", page.text), "names stay out of titles"


def test_what_is_left_is_listed_and_leads_to_its_page(guide: Guide) -> None:
    draft = guide.begin()
    draft.fill()
    draft.press("cu_tru", {"noi_kham": ""}, go="skip")
    page = guide.get(f"{draft.address}/review")
    assert "Còn 1 chỗ cần xem trước khi niêm phong" in said(page)
    assert f"{draft.page('cu_tru')}?check=1#f-/data/cu_tru/noi_kham" in page.text
    assert 'id="b-seal"' not in page.text
    assert "Xin bà con điền chỗ này" in said(guide.get(f"{draft.page('cu_tru')}?check=1"))
    answer = draft.seal()
    assert answer.status_code == 422 and "Còn 1 chỗ cần xem lại" in said(answer)


def test_a_second_dossier_for_the_same_person_needs_a_reason(guide: Guide) -> None:
    first, second = guide.begin(), guide.begin()
    first.fill()
    code = where(first.seal()).rsplit("/", 1)[1]
    second.fill()
    answer = second.seal()
    assert answer.status_code == 409 and code in said(answer) and "Vì sao vẫn làm hồ sơ này?" in said(answer)
    assert where(second.seal(overrule="another_child")).startswith("/guide/sealed/")


def test_without_the_offices_key_the_draft_stays_and_the_page_says_so(guide: Guide, house: House) -> None:
    Path(house.settings.upstream.public_key_file).unlink()
    draft = guide.begin()
    draft.fill()
    answer = draft.seal()
    assert answer.status_code == 503
    assert "Chưa có chìa khóa công khai" in said(answer) and "vẫn còn nguyên" in said(answer)
    assert "Đang làm dở: 1" in said(guide.get("/guide/dossiers"))


def test_a_page_that_is_old_by_now_seals_nothing(guide: Guide, conn: sqlite3.Connection) -> None:
    draft = guide.begin()
    draft.fill()
    version = value(guide.get(f"{draft.address}/review"), "version")
    draft.press("tre", {"que_quan": "Xã Khác"})
    answer = guide.post(f"{draft.address}/review", {"version": version}, follow=False)
    assert answer.status_code == 409 and "Chưa có gì bị ghi đè" in said(answer)
    assert outbox.counts(conn).queued == 0


def test_erasing_asks_first_and_then_nothing_is_left(guide: Guide) -> None:
    draft = guide.begin()
    assert "không lấy lại được" in said(guide.get(f"{draft.address}/erase"))
    assert "Đã xóa hẳn" in said(guide.post(f"{draft.address}/erase"))
    assert guide.get(draft.page("me")).status_code == 404


def test_a_draft_is_handed_over_to_another_guide(
    guide: Guide, house: House, conn: sqlite3.Connection
) -> None:
    key = staff.unlock(
        conn, staff.Colleague("Hướng dẫn Mẫu", "250719"), moment=house.clock.read(), where="test"
    )
    other = staff.add(conn, "Lý A Mẫu", Role.GUIDE, "913527", moment=house.clock.read(), house_key=key)
    draft = guide.begin()
    page = guide.post(f"{draft.address}/hand-over", {"to": str(other.id)})
    assert "Đã giao hồ sơ cho Lý A Mẫu" in said(page)
    assert drafts.told(conn, draft.id, key=key).staff_id == other.id
    assert (
        guide.post(f"{draft.address}/hand-over", {"to": "2"}).status_code == 404
    ), "a technician is no guide"


def test_a_held_dossier_says_why_and_goes_again_when_released(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    code, instance_id = sealed_ones.kept(conn, clock.read())
    conn.execute(
        "UPDATE outbox SET state = 'held', reason_key = 'relay.token_refused' WHERE instance_id = ?",
        (instance_id,),
    )
    assert "Cơ quan không nhận chìa khóa" in said(guide.get("/guide/dossiers"))
    page = guide.get(f"/guide/sealed/{code}")
    assert "Cơ quan không nhận chìa khóa" in said(page) and "Gửi lại" in said(page)
    assert "Đã xếp lại" in said(guide.post(f"/guide/sealed/{code}/release"))
    assert outbox.state(conn, instance_id).state is outbox.State.QUEUED
    assert "không còn bị giữ" in said(guide.post(f"/guide/sealed/{code}/release"))


def test_the_second_receipt_is_there_only_when_the_office_has_the_dossier(
    guide: Guide, house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    code, instance_id = sealed_ones.kept(conn, clock.read())
    page = guide.get(f"/guide/sealed/{code}")
    assert "cơ quan chưa nhận được hồ sơ này" in said(page) and "In giấy cơ quan đã nhận" not in said(page)
    assert "chưa có giấy báo nhận" in said(guide.post(f"/guide/sealed/{code}/print_received"))
    sealed_ones.at_office(conn, instance_id, clock.read())
    words, key = "Xin chụp lại giấy chứng sinh.", inbox.words_key(house.keys)
    sealed_ones.says(conn, instance_id, "hasIssues", words, clock.read(), key=key)
    page = guide.get(f"/guide/sealed/{code}")
    assert "Cần bổ sung" in said(page) and "Xin chụp lại giấy chứng sinh." in said(page)
    assert "Đang in" in said(guide.post(f"/guide/sealed/{code}/print_received"))
    assert len(jobs.for_subject(conn, f"dossier:{instance_id}:received")) == 1
    assert "vẫn đang chờ in" in said(guide.post(f"/guide/sealed/{code}/print_received"))
    assert jobs.for_subject(conn, f"dossier:{instance_id}") == ()


def test_a_lost_first_receipt_is_printed_again_as_a_copy(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    code, instance_id = sealed_ones.kept(conn, clock.read())
    guide.post(f"/guide/sealed/{code}/print_kept")
    assert [job.copy for job in jobs.for_subject(conn, f"dossier:{instance_id}")] == [True]


def test_the_line_out_and_what_waits_for_it_are_in_sight(
    app: Flask, guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    sealed_ones.kept(conn, clock.read())
    inbox.note_uplink(conn, False, "relay.token_missing", clock.read(), 1.0)
    page = guide.get("/guide/dossiers")
    assert "1 chờ gửi" in said(page) and "Mất mạng từ 08:30" in said(page)
    assert "Không đọc được tệp chìa khóa …" in said(page)
    assert "Mất mạng" in guide.get("/guide/prices").text
