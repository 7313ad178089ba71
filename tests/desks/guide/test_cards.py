"""Cards read without typing: at the desk's reader, on the glass, from a photo; whose it is is seen first."""

from __future__ import annotations

import io
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from devices.ports import State, Status
from hub.base import ids
from hub.base.house import House
from hub.post import captures, capturing, health
from hub.post.capture_model import CaptureId, Kind, Reason
from hub.wiring import demo
from tests.desks.guide.hand import Draft, Guide, said, where
from tests.desks.guide.test_people import family
from tests.devices.codes_corpus import Case, draw
from tests.leaks import Finder

CARD = "001199000000||Nguyễn Thị Thẻ|02091999|Nữ|Tổ 9, Xã Mẫu, Tỉnh Mẫu|01072025"
INSURED = "0119000000|" + "Nguyễn Thị Thẻ".encode().hex() + "|02/09/1999|2|-|-|01/01/2026"
PAGE = "me"


@pytest.fixture
def draft(guide: Guide) -> Draft:
    return guide.begin()


@pytest.fixture
def conn(house: House) -> Iterator[sqlite3.Connection]:
    conn = house.connect()
    yield conn
    conn.close()


class Desk:
    """The pages that read a card for one person, as a guide's browser shows them, and the bench behind."""

    def __init__(self, guide: Guide, house: House, conn: sqlite3.Connection, address: str) -> None:
        self.guide, self.house, self.conn = guide, house, conn
        path, _, query = address.partition("?")
        self.base, self.query = path, f"?{query}" if query else ""
        seen = [
            health.Told(name, "simulator", True, Status(State.READY), False, None, True)
            for name in ("reader", "scanner")
        ]
        health.report(conn, tuple(seen), moment=house.clock.read())

    def open(self) -> TestResponse:
        return self.guide.get(self.base + self.query)

    def ask(self, kind: Kind = Kind.CODE) -> CaptureId:
        answer = self.guide.post(f"{self.base}/ask{self.query}", {"by": kind.value}, follow=False)
        assert answer.status_code == 303, answer.text
        return CaptureId(where(answer).partition("?")[0].rsplit("/", 1)[1])

    def comes(self, capture_id: CaptureId, text: str) -> None:
        """What the bench does when a code has come."""
        moment = self.house.clock.read()
        if captures.get(self.conn, capture_id).kind is Kind.CARD:
            assert capturing.taken(self.conn, capture_id, moment=moment)
        assert capturing.done(self.conn, capture_id, moment=moment, answer=text.encode())

    def wait(self, capture_id: CaptureId) -> TestResponse:
        return self.guide.get(f"{self.base}/{capture_id}{self.query}")

    def press(self, capture_id: CaptureId, what: str, *, follow: bool = True) -> TestResponse:
        return self.guide.post(f"{self.base}/{capture_id}/{what}{self.query}", follow=follow)

    def photograph(self, content: bytes) -> TestResponse:
        data: dict[str, object] = {"csrf_token": self.guide.token}
        if content:
            data["photo"] = FileStorage(io.BytesIO(content), "the.jpg", "photo")
        boundary, body = encode_multipart(data)
        kind = f'multipart/form-data; boundary="{boundary}"'
        return self.guide.client.post(f"{self.base}/photo{self.query}", data=body, content_type=kind)


@pytest.fixture
def desk(guide: Guide, house: House, conn: sqlite3.Connection, draft: Draft) -> Desk:
    return Desk(guide, house, conn, f"{draft.page(PAGE)}/scan-card?person=me")


def picture(text: str, turn: float = 12) -> bytes:
    held = io.BytesIO()
    draw(Case(text, 20, 300, turn, blur=0.5, noise=6)).convert("RGB").save(held, "JPEG", quality=80)
    return held.getvalue()


def test_the_form_page_saves_and_leads_to_the_ways_for_the_chosen_person(draft: Draft, desk: Desk) -> None:
    answer = draft.press(PAGE, {"noi_cu_tru": "Thôn Mẫu"}, go="card", person="me")
    assert answer.location.endswith(desk.base + desk.query)
    page = desk.open()
    assert page.status_code == 200 and "Đưa thẻ vào máy đọc" in said(page)
    assert all(
        words in said(page) for words in ("Quét thẻ trên kính", "Đọc mã trong ảnh", "Ảnh thẻ không được giữ")
    )
    assert draft.answers(PAGE)["/data/me/noi_cu_tru"] == "Thôn Mẫu"


@pytest.mark.parametrize("kind", [Kind.CODE, Kind.CARD])
def test_a_card_is_waited_for_seen_and_then_fills_the_answers(draft: Draft, desk: Desk, kind: Kind) -> None:
    wish = desk.ask(kind)
    waiting = desk.wait(wish)
    assert 'data-live="1"' in waiting.text and "Thôi, không đọc nữa" in said(waiting)
    assert '<noscript><meta http-equiv="refresh"' in waiting.text
    desk.comes(wish, CARD)
    seen = desk.wait(wish)
    assert "Nguyễn Thị Thẻ" in said(seen) and "•••••0000" in said(seen)
    assert "001199000000" not in seen.text
    assert draft.answers(PAGE)["/data/me/ho_ten"] == ""
    done = desk.press(wish, "use")
    assert done.status_code == 200 and "Nguyễn Thị Thẻ" in said(done)
    held = draft.answers(PAGE)
    assert held["/data/me/ho_ten"] == "Nguyễn Thị Thẻ" and held["/data/me/so_dinh_danh"] == "001199000000"
    # Used once, it is gone.
    assert "hết hạn" in said(desk.press(wish, "use"))
    assert "hết hạn" in said(desk.guide.client.get(f"{desk.base}/{wish}{desk.query}", follow_redirects=True))


def test_a_press_that_is_asked_for_as_an_address_leads_back(desk: Desk) -> None:
    wish = desk.ask()
    for path in ("ask", "photo", f"{wish}/use", f"{wish}/drop"):
        assert desk.guide.get(f"{desk.base}/{path}{desk.query}").status_code == 303


def test_not_this_card_forgets_it(draft: Draft, desk: Desk) -> None:
    wish = desk.ask()
    desk.comes(wish, CARD)
    assert desk.press(wish, "drop").status_code == 200
    assert draft.answers(PAGE)["/data/me/ho_ten"] == ""
    assert "hết hạn" in said(desk.press(wish, "use"))


def test_nobody_else_sees_what_a_guide_waits_for(app: Flask, desk: Desk) -> None:
    wish = desk.ask()
    desk.comes(wish, CARD)
    other = Guide(app, demo.SIGN_INS[1][0], demo.SIGN_INS[1][2])
    for page in (
        other.client.get(f"{desk.base}/{wish}{desk.query}", follow_redirects=True),
        other.post(f"{desk.base}/{wish}/use{desk.query}"),
        other.post(f"{desk.base}/{wish}/drop{desk.query}"),
    ):
        assert "Nguyễn Thị Thẻ" not in page.text
    assert "Nguyễn Thị Thẻ" in said(desk.wait(wish))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://vneid.gov.vn.example.top/x", "Không ai ở đây mở trang đó"),
        ("00020101021138570010A0", "mã chuyển tiền"),
        ("XIN CHAO", "VNeID"),
        (CARD[3:], "không đủ 12 chữ số"),
    ],
)
def test_something_else_is_said_plainly_and_fills_nothing(
    draft: Draft, desk: Desk, text: str, words: str
) -> None:
    wish = desk.ask()
    desk.comes(wish, text)
    seen = desk.wait(wish)
    assert words in said(seen) and "Đúng thẻ này" not in said(seen) and "Thử lại" in said(seen)
    refused = desk.press(wish, "use")
    assert refused.status_code == 422 and words in said(refused)
    assert draft.answers(PAGE)["/data/me/ho_ten"] == ""


def test_a_slip_of_the_house_leads_to_its_dossier_and_fills_nothing(desk: Desk) -> None:
    code = ids.new_follow_code()
    wish = desk.ask()
    desk.comes(wish, code)
    seen = desk.wait(wish)
    assert "phiếu theo dõi" in said(seen) and f'href="/guide/sealed/{code}"' in seen.text


def test_an_insurance_card_says_that_each_field_is_to_be_compared(desk: Desk) -> None:
    wish = desk.ask()
    desk.comes(wish, INSURED)
    seen = said(desk.wait(wish))
    assert "Nguyễn Thị Thẻ" in seen and "so từng ô với thẻ" in seen


def test_a_wish_that_failed_or_grew_old_says_why_and_can_be_repeated(desk: Desk) -> None:
    wish = desk.ask(Kind.CARD)
    assert capturing.taken(desk.conn, wish, moment=desk.house.clock.read())
    capturing.failed(desk.conn, wish, Reason.COVER_OPEN, moment=desk.house.clock.read())
    assert "b-again" in desk.wait(wish).text
    second = desk.ask(Kind.CODE)
    desk.house.clock.advance(capturing.ASKED_S[Kind.CODE] + 1)  # type: ignore[attr-defined]
    capturing.sweep(desk.conn, desk.house.clock.read())
    page = desk.wait(second)
    assert "Chưa có thẻ nào được đưa vào" in said(page) and 'data-live="30"' in page.text


def test_a_sick_reader_is_told_and_can_still_be_tried(desk: Desk) -> None:
    gone = health.Told("reader", "simulator", True, Status(State.OFFLINE, "cable"), False, None, True)
    for _ in range(health.MISSES):
        health.report(desk.conn, (gone,), moment=desk.house.clock.read())
    assert "đang có trục trặc" in said(desk.open())
    assert "đang có trục trặc" in said(desk.wait(desk.ask()))


def test_a_house_without_the_devices_offers_the_other_ways(desk: Desk) -> None:
    health.forget(desk.conn, ("reader", "scanner"))
    page = said(desk.open())
    assert "Đưa thẻ vào máy đọc" not in page and "Quét thẻ trên kính" not in page
    assert "Đọc mã trong ảnh" in page and "Về tờ khai để điền" in page


def test_a_card_on_a_photo_is_seen_and_then_fills_the_answers(draft: Draft, desk: Desk) -> None:
    answer = desk.photograph(picture(CARD))
    assert answer.status_code == 303
    wish = CaptureId(where(answer).partition("?")[0].rsplit("/", 1)[1])
    seen = desk.wait(wish)
    assert "Nguyễn Thị Thẻ" in said(seen) and "Đúng thẻ này" in said(seen)
    assert draft.answers(PAGE)["/data/me/so_dinh_danh"] == ""
    assert "Nguyễn Thị Thẻ" in said(desk.press(wish, "use"))
    assert draft.answers(PAGE)["/data/me/so_dinh_danh"] == "001199000000"


def test_a_page_that_waits_is_drawn_anew_only_when_something_came(desk: Desk) -> None:
    wish = desk.ask()
    address = f"{desk.base}/{wish}{desk.query}"
    tag = desk.wait(wish).headers["ETag"]
    assert desk.guide.client.get(address, headers={"If-None-Match": tag}).status_code == 304
    desk.comes(wish, CARD)
    again = desk.guide.client.get(address, headers={"If-None-Match": tag})
    assert again.status_code == 200 and "Nguyễn Thị Thẻ" in said(again)
    assert again.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Chưa có ảnh nào"),
        (b"%PDF-1.7 no photo", "không phải ảnh"),
        (picture("https://example.org/"), "địa chỉ trang mạng"),
    ],
)
def test_a_photo_of_something_else_says_what_to_do(desk: Desk, content: bytes, words: str) -> None:
    answer = desk.photograph(content)
    assert answer.status_code == 422 and words in said(answer)


def test_a_photo_without_a_code_says_what_to_do(desk: Desk) -> None:
    blank = io.BytesIO()
    draw(Case(CARD, 20, 30, 0)).resize((400, 400)).save(blank, "PNG")
    answer = desk.photograph(blank.getvalue())
    assert answer.status_code == 422 and "điền bằng tay" in said(answer)


def test_neither_code_nor_photo_lies_anywhere(desk: Desk, house: House, tmp_path: Path) -> None:
    photo = picture(CARD)
    for wish in (desk.ask(), desk.ask(Kind.CARD)):
        desk.comes(wish, CARD)
        desk.wait(wish)
        desk.press(wish, "use")
    seen = CaptureId(where(desk.photograph(photo)).partition("?")[0].rsplit("/", 1)[1])
    desk.press(seen, "drop")
    marks = Finder({"name": "Nguyễn Thị Thẻ", "whole": CARD}, {"photo": photo[600:640]})
    assert marks.below(tmp_path) == {}


def test_whose_card_it_is_must_be_said(desk: Desk) -> None:
    assert desk.guide.get(f"{desk.base}?person=ong_noi").status_code == 404


@pytest.mark.parametrize("member", ["new", "held"])
def test_a_household_takes_a_card_and_only_what_it_agreed_to(
    guide: Guide, house: House, conn: sqlite3.Connection, member: str
) -> None:
    home = family(guide)
    if member == "held":
        guide.post(f"{home}/members/new", {"full_name": "Nguyễn Thị Cũ", "sex": "Nữ"})
        found = re.search(r"/members/([0-9a-f]+)", guide.get(home).text)
        assert found
        member = found[1]
    desk = Desk(guide, house, conn, f"{home}/members/{member}/scan-card")
    assert desk.open().status_code == 200
    wish = desk.ask()
    desk.comes(wish, CARD)
    page = desk.press(wish, "use")
    assert page.status_code == 200 and 'value="Nguyễn Thị Thẻ"' in page.text
    assert "Xin xem lại rồi bấm ghi vào sổ" in said(page)
    assert "Nguyễn Thị Thẻ" not in guide.get(home).text


def test_a_card_of_which_letters_were_lost_warns_a_household_too(guide: Guide) -> None:
    page = guide.post(f"{family(guide)}/members/new", {"scan": CARD.replace("ễ", "?")})
    assert "mất dấu" in said(page) and "Nguy?n" not in page.text


def test_the_pages_are_whole_in_english(desk: Desk) -> None:
    page = desk.guide.get(f"{desk.base}{desk.query}&lang=en")
    assert "Read the card of" in said(page)
    wish = desk.ask()
    assert "Hold the card to the reader now" in said(desk.wait(wish))


def test_an_old_address_on_a_card_has_todays_commune_beside_it_in_a_household_too(guide: Guide) -> None:
    home = family(guide)
    old = "Thôn Mẫu, Lâm Giang, Văn Yên, Yên Bái"
    page = guide.post(f"{home}/members/new", {"scan": CARD.replace("Tổ 9, Xã Mẫu, Tỉnh Mẫu", old)})
    assert f'value="{old}"' in page.text and 'id="place-04381"' in page.text
    chosen = guide.post(
        f"{home}/members/new", {"full_name": "Nguyễn Thị Thẻ", "residence": old, "place": "04381"}
    )
    assert "xã Lâm Giang, tỉnh Lào Cai (trước: Lâm Giang, Văn Yên, Yên Bái)" in chosen.text
    assert 'id="place-04381"' not in chosen.text and "Nguyễn Thị Thẻ" not in guide.get(home).text
    other = guide.post(
        f"{home}/members/new", {"full_name": "Nguyễn Thị Thẻ", "residence": "Thôn Mẫu", "place": "04381"}
    )
    assert 'value="Thôn Mẫu"' in other.text
