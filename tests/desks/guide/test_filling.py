"""Filling in: whatever is typed, scanned or taken with the camera, nothing is lost."""

from __future__ import annotations

import io
import sqlite3
import wave
from pathlib import Path

import pytest
from flask import Flask

from hub.base.house import House
from hub.packs import shelf
from hub.trades.dossiers import attachments
from tests.desks.guide.hand import BIRTH, CARD, SLUG, Draft, Guide, said, value, where
from tests.trades.dossiers.guide import photo


@pytest.fixture
def draft(guide: Guide) -> Draft:
    return guide.begin()


def test_a_wrong_answer_is_told_beside_its_question_and_all_is_kept(draft: Draft) -> None:
    answer = draft.press("tre", {"ho_ten": "Lý Thị Mẫu", "ngay_sinh": "2020", "noi_sinh": "Thôn Mẫu"})
    assert answer.status_code == 422
    assert "Mọi điều vừa điền đã được lưu" in said(answer) and "Mới có năm 2020" in said(answer)
    held = draft.answers("tre")
    assert (held["/data/tre/ho_ten"], held["/data/tre/ngay_sinh"], held["/data/tre/noi_sinh"]) == (
        "Lý Thị Mẫu",
        "2020",
        "Thôn Mẫu",
    )


def test_a_page_may_be_left_for_later_with_its_gaps(guide: Guide, draft: Draft) -> None:
    assert where(draft.press("tre", {"ho_ten": "Lý Thị Mẫu"}, go="skip")) == draft.page("me")
    assert where(draft.press("tre", go="back")) == draft.page("nguoi_yeu_cau")
    assert where(draft.press("tre", to="cu_tru")) == draft.page("cu_tru")
    assert where(draft.press("tre", {"que_quan": "Xã Mẫu"}, go="leave")) == "/guide/dossiers"
    assert "Đã lưu" in said(guide.get("/guide/dossiers"))
    assert draft.answers("tre")["/data/tre/que_quan"] == "Xã Mẫu"
    assert where(draft.press("nguoi_yeu_cau", go="back")) == "/guide/dossiers"


def test_questions_that_just_appeared_are_shown_before_going_on(draft: Draft) -> None:
    answer = draft.press("cha", {"tinh_trang": "de_trong"})
    assert (
        answer.status_code == 200 and "câu vừa hiện ra" in said(answer) and "Vì sao để trống?" in said(answer)
    )


def test_the_contents_say_what_is_done_left_and_wrong(draft: Draft) -> None:
    draft.press("nguoi_yeu_cau", BIRTH["nguoi_yeu_cau"])
    draft.press("tre", {"ho_ten": "Lý 1"})
    page = said(draft.open("me"))
    assert "Trang 3 trên 7 Người đi làm giấy cho bé Tốt" not in page
    assert "Người đi làm giấy cho bé đủ" in page and "Em bé 1 chỗ sai" in page and "Người mẹ còn 5" in page


def test_a_name_with_nul_is_kept_without_it(draft: Draft) -> None:
    draft.press("tre", {"ho_ten": "Lý\0 Thị\x1b Mẫu"})
    assert draft.answers("tre")["/data/tre/ho_ten"] == "Lý Thị Mẫu"


def test_an_id_card_fills_the_mothers_answers(draft: Draft) -> None:
    answer = draft.press("me", {"dan_toc": "mong"}, scan=CARD, take_scan="1")
    assert answer.status_code == 200 and "Đã điền từ thẻ: Mẹ" in said(answer)
    assert draft.answers("me")["/data/me/so_dinh_danh"] == "001199000000"
    assert 'value="mong" selected' in draft.open("me").text, "what was chosen on the page is saved with it"


def test_an_id_card_never_replaces_what_was_typed_unasked(guide: Guide, draft: Draft) -> None:
    answer = draft.press("me", {"ho_ten": "Nguyễn Thị Khác"}, scan=CARD)
    assert "đang ghi: Nguyễn Thị Khác" in said(answer) and "trên thẻ: NGUYEN THI MAU" in said(answer)
    assert draft.answers("me")["/data/me/ho_ten"] == "Nguyễn Thị Khác"
    sent = {"card_page": "me", "card:/data/me/ho_ten": "NGUYEN THI MAU", "take": "/data/me/ho_ten"}
    guide.post(f"{draft.page('me')}/card", {**sent, "version": value(answer, "version")})
    assert draft.answers("me")["/data/me/ho_ten"] == "NGUYEN THI MAU"


def test_a_card_for_somebody_on_another_page_is_filled_in_there(draft: Draft) -> None:
    answer = draft.press("nguoi_yeu_cau", scan=CARD, person="me")
    assert "Đã điền từ thẻ: Mẹ" in said(answer)
    assert draft.answers("me")["/data/me/ho_ten"] == "NGUYEN THI MAU"


@pytest.mark.parametrize(
    ("scanned", "words"),
    [
        ("https://example.com/the-can-cuoc", "địa chỉ trang mạng"),
        ("HELLO", "không phải mã trên thẻ căn cước"),
        ("1|2|3", "thiếu hoặc thừa phần"),
        ("\0\x1b", "chưa đọc được gì"),
        ("9" * 5000, "dài quá"),
    ],
)
def test_a_scan_of_something_else_is_told_and_the_page_is_kept(
    draft: Draft, scanned: str, words: str
) -> None:
    answer = draft.press("me", {"noi_cu_tru": "Thôn Mẫu"}, scan=scanned)
    assert answer.status_code == 422 and words in said(answer)
    assert draft.answers("me")["/data/me/noi_cu_tru"] == "Thôn Mẫu"


def test_a_card_of_somebody_the_form_does_not_ask_about_is_told(draft: Draft) -> None:
    answer = draft.press("nguoi_yeu_cau", scan=CARD, person="nguoi_yeu_cau")
    assert answer.status_code == 422 and "chưa hỏi đến người này" in said(answer)


def test_a_card_scanned_into_the_name_is_taken_as_a_scan(draft: Draft) -> None:
    draft.press("me", {"noi_cu_tru": "Thôn Cũ"}, go="stay")
    answer = draft.press("me", {"ho_ten": CARD})
    assert "Đã điền từ thẻ: Mẹ" in said(answer)
    held = draft.answers("me")
    assert (held["/data/me/ho_ten"], held["/data/me/noi_cu_tru"]) == ("NGUYEN THI MAU", "Thôn Cũ")


@pytest.fixture
def papers(draft: Draft) -> Draft:
    """A draft on whose page of papers a photo is asked for."""
    draft.press("giay_to", {"chung_sinh": "giay"})
    return draft


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xd8\xff" + bytes(30 * 1024 * 1024), "lớn hơn 25 MB"),
        ("Đây là chữ, không phải ảnh.".encode(), "không phải ảnh, tệp PDF"),
        (photo()[:-200], "bị hỏng"),
        (b"", "rỗng"),
    ],
)
def test_a_photo_that_cannot_be_taken_costs_nothing_else(papers: Draft, content: bytes, words: str) -> None:
    answer = papers.press("giay_to", {"chung_sinh": "giay"}, file=("anh_chung_sinh", content, "anh.jpg"))
    assert answer.status_code == 422 and words in said(answer)
    assert said(answer).count(words) == 2, "once at the top, once beside the question"
    assert 'value="giay" checked' in papers.open("giay_to").text
    assert "ảnh đã chụp" not in said(papers.open("giay_to"))


def test_a_photo_that_cannot_be_taken_is_told_also_when_the_guide_goes_back(papers: Draft) -> None:
    answer = papers.press("giay_to", file=("anh_chung_sinh", b"chu", "anh.jpg"), go="back")
    assert answer.status_code == 422 and "không phải ảnh" in said(answer)


def test_a_page_of_photos_beyond_all_bounds_says_what_to_do(papers: Draft) -> None:
    answer = papers.press("giay_to", file=("anh_chung_sinh", bytes(63 * 1024 * 1024), "anh.jpg"))
    assert answer.status_code == 413
    assert "Các ảnh trong một lần gửi lớn quá" in said(answer) and "quay lại" in said(answer)


def test_a_photo_is_seen_only_by_guides_kept_by_nobody_and_can_be_removed(
    app: Flask, guide: Guide, papers: Draft, conn: sqlite3.Connection
) -> None:
    picture = photo()
    assert (
        papers.press("giay_to", file=("anh_chung_sinh", picture, "Lý Thị Mẫu.jpg"), go="skip").status_code
        == 303
    )
    (held,) = attachments.files(conn, papers.id)
    assert "mau" not in held.name.lower()
    shown = guide.get(f"{papers.address}/files/{held.name}")
    assert (
        shown.data == picture
        and shown.mimetype == "image/jpeg"
        and shown.headers["Cache-Control"] == "no-store"
    )
    assert f"{papers.address}/files/{held.name}" in guide.get(f"{papers.address}/files/{held.name}/see").text
    assert app.test_client().get(f"{papers.address}/files/{held.name}").status_code == 303
    assert guide.get(f"{papers.address}/files/other.jpg").status_code == 404
    answer = papers.press("giay_to", **{"clear:/data/giay_to/anh_chung_sinh": "1"})
    assert answer.status_code == 200 and "ảnh đã chụp" not in said(answer)
    assert attachments.files(conn, papers.id) == ()


def test_a_pdf_is_taken_but_not_opened_unasked(guide: Guide, papers: Draft, conn: sqlite3.Connection) -> None:
    pdf = b"%PDF-1.7\n1 0 obj<<>>endobj\nstartxref\n0\n%%EOF\n"
    papers.press("giay_to", file=("anh_chung_sinh", pdf, "giay.pdf"), go="skip")
    (held,) = attachments.files(conn, papers.id)
    page = guide.get(f"{papers.address}/files/{held.name}/see")
    assert "Đây là tệp PDF" in said(page) and "<img" not in page.text
    assert guide.get(f"{papers.address}/files/{held.name}").data == pdf


def test_two_guides_on_one_page_choose_answer_by_answer(guide: Guide, draft: Draft) -> None:
    mine, theirs = draft.drawn("tre"), draft.drawn("tre")
    draft.press("tre", {"ho_ten": "Lý Thị Mẫu", "que_quan": "Xã Mẫu"}, drawn=theirs)
    answer = draft.press("tre", {"ho_ten": "Lý Thị Mẩu", "que_quan": "Xã Khác"}, drawn=mine)
    page = guide.get(where(answer))
    assert answer.status_code == 303 and "cả hai bản đều được giữ" in said(page)
    assert all(one in said(page) for one in ("Lý Thị Mẫu", "Lý Thị Mẩu", "Xã Mẫu", "Xã Khác"))
    assert draft.answers("tre")["/data/tre/que_quan"] == "Xã Mẫu"
    assert "Có 1 lần hai người điền khác nhau" in said(draft.open("tre"))
    sent = {"version": value(page, "version"), "side:/data/tre/ho_ten": "theirs"}
    half = guide.post(where(answer), sent)
    assert half.status_code == 422 and "Xin chọn một bên ở mỗi chỗ" in said(half)
    guide.post(where(answer), {**sent, "side:/data/tre/que_quan": "mine"})
    held = draft.answers("tre")
    assert (held["/data/tre/ho_ten"], held["/data/tre/que_quan"]) == ("Lý Thị Mẫu", "Xã Khác")
    assert guide.get(where(answer)).status_code == 404


@pytest.mark.parametrize(("all", "stays"), [("mine", "Lý Thị Mẩu"), ("theirs", "Lý Thị Mẫu")])
def test_two_guides_may_take_all_of_one_side(guide: Guide, draft: Draft, all: str, stays: str) -> None:
    mine = draft.drawn("tre")
    draft.press("tre", {"ho_ten": "Lý Thị Mẫu"})
    answer = draft.press("tre", {"ho_ten": "Lý Thị Mẩu"}, drawn=mine)
    guide.post(where(answer), {"version": value(guide.get(where(answer)), "version"), "all": all})
    assert draft.answers("tre")["/data/tre/ho_ten"] == stays


def test_one_press_sent_twice_is_no_quarrel(draft: Draft) -> None:
    drawn = draft.drawn("tre")
    first = draft.press("tre", {"ho_ten": "Lý Thị Mẫu"}, drawn=drawn, go="skip")
    assert where(draft.press("tre", {"ho_ten": "Lý Thị Mẫu"}, drawn=drawn, go="skip")) == where(first)


def newer(house: House) -> None:
    """Put a newer form on the shelf, in which the e-mail question has another name."""
    path = shelf.current(house.packs).path(f"procedures/{SLUG}/form.xml")
    text = path.read_text(encoding="utf-8")
    assert "thu_dien_tu" in text and "2026112101" in text
    path.write_text(
        text.replace("thu_dien_tu", "hop_thu").replace("2026112101", "2026112199"), encoding="utf-8"
    )


def test_a_newer_form_is_offered_with_what_it_would_lose(guide: Guide, house: House, draft: Draft) -> None:
    draft.press("nguoi_yeu_cau", {**BIRTH["nguoi_yeu_cau"], "thu_dien_tu": "mau@example.com"})
    newer(house)
    assert "đã có bản mới" in said(draft.open("tre"))
    page = guide.get(f"{draft.address}/newer-form")
    assert "mau@example.com" in said(page) and "1 câu này không còn chỗ" in said(page)
    moved = guide.post(
        f"{draft.address}/newer-form", {"do": "move", "version": value(page, "version")}, follow=False
    )
    assert moved.status_code == 303
    page = draft.open("nguoi_yeu_cau")
    assert "bản 2026112199" in said(page) and "0912000000" in page.text and "đã có bản mới" not in said(page)


def test_a_guide_keeps_the_old_form_and_is_not_asked_again(guide: Guide, house: House, draft: Draft) -> None:
    newer(house)
    page = guide.post(f"{draft.address}/newer-form", {"do": "keep", "version": "1"})
    assert page.status_code == 200
    page = draft.open("tre")
    assert "đã có bản mới" not in said(page) and "bản 2026112101" in said(page)


def test_a_newer_form_that_is_broken_leaves_the_draft_on_its_own(
    guide: Guide, house: House, draft: Draft
) -> None:
    shelf.current(house.packs).path(f"procedures/{SLUG}/form.xml").write_bytes(b"<broken")
    answer = guide.get(f"{draft.address}/newer-form")
    assert (
        answer.status_code == 422 and "Tệp XML bị hỏng" in said(answer) and "vẫn còn nguyên" in said(answer)
    )
    assert draft.press("tre", {"ho_ten": "Lý Thị Mẫu"}, go="skip").status_code == 303


def test_a_page_no_form_has_and_a_version_nobody_drew_are_refused(draft: Draft) -> None:
    assert draft.open("khong-co").status_code == 404
    assert draft.press("tre", drawn={**draft.drawn("tre"), "version": ["x"]}).status_code == 400


def test_answers_are_read_aloud_and_stay_off_the_card(
    guide: Guide, house: House, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_aloud: list[str] = []

    def speak(text: str, lang: str, words_per_minute: int, target: Path) -> None:
        said_aloud.append(text)
        out = io.BytesIO()
        with wave.open(out, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(bytes(800))
        target.write_bytes(out.getvalue())

    monkeypatch.setattr("hub.trades.speech.engine.speak", speak)
    draft.press("tre", {"ho_ten": "Lý Thị Mẫu"})
    before = {path for path in house.data.rglob("*")}
    answer = guide.get(f"{draft.page('tre')}/aloud")
    assert answer.mimetype == "audio/wav" and answer.data.startswith(b"RIFF")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Lý Thị Mẫu" in said_aloud[0]
    assert {path for path in house.data.rglob("*")} == before


def test_no_loudspeaker_on_a_draft_carries_an_answer_in_its_address(guide: Guide, draft: Draft) -> None:
    draft.fill()
    for page in (*(draft.page(one) for one in BIRTH), f"{draft.address}/review", "/guide/dossiers"):
        text = guide.get(page).text
        assert "/speak/" not in text, page
