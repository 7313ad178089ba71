"""Old addresses asked about and never guessed at, and what is worth a second look, as a guide sees it."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from hub.desks.guide import files
from tests.desks.guide.hand import BIRTH, Draft, Guide, said, sent_by

HOME = "/data/me/noi_cu_tru"
OLD = "Thôn Mẫu, Lâm Giang, Văn Yên, Yên Bái"
NEW = "Thôn Mẫu, xã Lâm Giang, tỉnh Lào Cai (trước: Lâm Giang, Văn Yên, Yên Bái)"
MOTHER = {**BIRTH["me"], "noi_cu_tru": OLD}
CARD = f"001199000000||Nguyễn Thị Mẫu|02091999|Nữ|{OLD}|05082021"


def pressed(answer: TestResponse) -> list[str]:
    """What the buttons below an address send."""
    return [unescape(one) for one in re.findall(r'name="place" value="([^"]*)"', answer.text)]


def mother(guide: Guide, **typed: str) -> Draft:
    """A dossier with the mother's page filled in and saved."""
    draft = guide.begin()
    answer = draft.press("me", {**MOTHER, **typed}, go="stay")
    assert answer.status_code == 200, said(answer)
    return draft


def test_an_old_address_is_asked_about_below_its_question(guide: Guide) -> None:
    page = mother(guide).open("me")
    assert pressed(page) == [f"04381:{HOME}", f"keep:{HOME}"]
    assert "Địa chỉ ghi theo tên cũ: Lâm Giang, Văn Yên, Yên Bái. Nay là nơi nào?" in said(page)
    assert "xã Lâm Giang, tỉnh Lào Cai" in said(page)
    assert page.text.index(f'id="f-{HOME}"') < page.text.index('class="place"')


def test_a_press_writes_the_new_names_and_keeps_the_old_beside_them(guide: Guide) -> None:
    draft = mother(guide)
    answer = draft.press("me", {"ho_ten": "Nguyễn Thị Mới"}, place=f"04381:{HOME}")
    assert answer.status_code == 200 and not pressed(answer)
    held = draft.answers("me")
    assert held[HOME] == NEW and held["/data/me/ho_ten"] == "Nguyễn Thị Mới"


def test_a_card_with_an_old_address_is_followed_by_the_same_question(guide: Guide) -> None:
    draft = guide.begin()
    answer = draft.press("me", scan=CARD, take_scan="1", person="me")
    assert answer.status_code == 200 and pressed(answer) == [f"04381:{HOME}", f"keep:{HOME}"]
    assert draft.answers("me")[HOME] == OLD


def test_an_address_may_stay_as_it_is_and_is_not_asked_about_again_while_the_page_is_open(
    guide: Guide,
) -> None:
    draft = mother(guide)
    answer = draft.press("me", place=f"keep:{HOME}")
    assert not pressed(answer) and draft.answers("me")[HOME] == OLD
    again = draft.press("me", drawn=sent_by(answer), go="stay")
    assert not pressed(again)
    assert pressed(draft.open("me"))


def test_a_button_drawn_for_another_address_writes_nothing(guide: Guide) -> None:
    draft = mother(guide)
    typed = {"noi_cu_tru": "Bảo Ái, Yên Bình, Yên Bái"}
    answer = draft.press("me", typed, place=f"04381:{HOME}")
    assert draft.answers("me")[HOME] == typed["noi_cu_tru"]
    assert pressed(answer) == [f"04750:{HOME}", f"keep:{HOME}"]
    for odd in ("", ":", "04381", "99999:/data/x", f"04381:{HOME}[7]"):
        assert draft.press("me", place=odd).status_code == 200
    assert draft.answers("me")[HOME] == typed["noi_cu_tru"]


def test_a_divided_commune_offers_every_part_and_chooses_none(guide: Guide) -> None:
    typed = "Phường Điện Biên, Ba Đình, Hà Nội"
    draft = mother(guide, noi_cu_tru=typed)
    page = draft.open("me")
    codes = ["00004", "00070", "00190", "00226", "keep"]
    assert pressed(page) == [f"{code}:{HOME}" for code in codes] and "chia về 4 xã, phường" in said(page)
    assert draft.answers("me")[HOME] == typed


@pytest.mark.parametrize("address", ["Thôn Mẫu", "Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu", NEW, "Xã Lâm Giang, Lào Cai"])
def test_what_needs_no_asking_is_not_asked(guide: Guide, address: str) -> None:
    assert not pressed(mother(guide, noi_cu_tru=address).open("me"))


def test_the_next_page_says_what_to_look_at_on_the_one_before_and_goes_on(guide: Guide) -> None:
    draft = guide.begin()
    answer = draft.press("me", {**MOTHER, "so_dinh_danh": "001299000000", "ho_ten": "NGUYEN THI MAU"})
    assert answer.status_code == 303
    after = guide.get(answer.location)
    assert "Trang trước đã lưu" in said(after) and "Tên đang viết hoa hết" in said(after)
    assert f'page/me#f-{HOME}"' in after.text and "001299000000" not in after.text
    here = said(draft.open("me"))
    assert "theo số định danh thì sinh năm 2099" in here.casefold() and "Tên chưa có dấu" in here


def test_what_is_worth_a_look_stands_on_the_review_and_stops_no_seal(guide: Guide) -> None:
    draft = guide.begin()
    draft.fill("me")
    odd = {**MOTHER, "ho_ten": "NGUYEN THI MAU"}
    assert draft.press("me", odd).status_code == 303
    review = guide.get(f"{draft.address}/review")
    assert "vẫn gửi được" in said(review) and "Tên chưa có dấu" in said(review)
    assert "chưa chọn tên xã, phường mới" in said(review)
    read = guide.get(f"{draft.address}/read/me")
    assert "Tên chưa có dấu" in said(read)
    assert draft.seal().status_code == 303


def test_what_is_worth_a_look_is_read_aloud(guide: Guide, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = mother(guide, ho_ten="NGUYEN THI MAU")
    heard: list[str] = []
    monkeypatch.setattr(files, "_sound", lambda said: heard.append(said) or b"RIFF")
    assert guide.get(f"{draft.page('me')}/aloud").status_code == 200
    assert "Nên xem lại." in heard[0] and "Tên chưa có dấu" in heard[0] and "tên cũ" in heard[0]


def test_in_english_the_same_is_said_in_english(guide: Guide) -> None:
    draft = mother(guide)
    page = guide.get(f"{draft.page('me')}?lang=en")
    assert "Which place is it today?" in said(page) and "leave it as it is written" in said(page)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("lam giang", "Xã Lâm Giang, Tỉnh Lào Cai mã 04381"),
        (OLD, NEW),
        ("Bảo Ái", "Xã Bảo Ái, Huyện Yên Bình, Tỉnh Yên Bái"),
        ("Không Đâu Cả", "Không thấy nơi nào tên như vậy"),
    ],
)
def test_a_commune_is_looked_up_by_either_name_or_address(guide: Guide, asked: str, words: str) -> None:
    assert words in said(guide.post("/guide/places", {"q": asked}))
    assert words in said(guide.get(f"/guide/places?q={quote(asked)}"))


def test_looking_up_sends_the_address_like_a_form(guide: Guide) -> None:
    page = guide.get("/guide/places")
    assert 'action="/guide/places" method="post"' in page.text and "Không thấy" not in said(page)


def test_a_pack_without_lists_asks_nothing_and_stops_nobody(
    guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.trades.places.reader._COMMUNES", "places/none.csv")
    monkeypatch.setattr("hub.trades.places.reader._held", {})
    draft = mother(guide)
    assert not pressed(draft.open("me"))
    assert "không có danh sách xã, phường" in said(guide.post("/guide/places", {"q": OLD}))
