"""Every kind of field posts its answer and shows it again, in a page without script."""

from __future__ import annotations

import io
import re
import wave
from collections.abc import Sequence

import pytest

from hub.base.house import House
from hub.forms import author, xform
from hub.forms.model import QuestionType, walk
from tests.desks.guide import gallery
from tests.desks.guide.hand import Draft, Guide, said, sent_by, where
from tests.trades.dossiers.guide import photo


@pytest.fixture
def draft(guide: Guide, house: House) -> Draft:
    return gallery.begin(guide, house, gallery.xml())


def chosen(draft: Draft, page: str, name: str) -> list[str]:
    """What a question sends as it is drawn."""
    found = sent_by(draft.open(page)).get(f"/data/{page}/{name}", [])
    return [found] if isinstance(found, str) else list(found)


@pytest.mark.parametrize(
    ("page", "name", "typed", "shown"),
    [
        ("words", "plain", "Lý A Mẫu", ["Lý A Mẫu"]),
        ("words", "digits", "0912 000 000", ["0912000000"]),
        ("words", "address", "https://example.org", ["https://example.org"]),
        ("words", "secret", "mật", ["mật"]),
        ("words", "code", "893000000", ["893000000"]),
        ("numbers", "whole", "12", ["12"]),
        ("numbers", "money", "1.250.000", ["1.250.000"]),
        ("numbers", "part", "2,5", ["2,5"]),
        ("numbers", "few", "4", ["4"]),
        ("numbers", "stars", "5", ["5"]),
        ("numbers", "tall", "1,5", ["1,5"]),
        ("numbers", "picked", "35", ["35"]),
        ("numbers", "wide", "45", ["45"]),
        ("numbers", "named", "3", ["3"]),
        ("times", "day", "2/9/1999", ["02/09/1999"]),
        ("times", "month", "9/1999", ["09/1999"]),
        ("times", "year", "1999", ["1999"]),
        ("times", "hour", "8h30", ["08:30"]),
        ("times", "moment", "2/9/2026 8:30", ["02/09/2026 08:30"]),
        ("choices", "plain_one", "no", ["no"]),
        ("choices", "quick", "yes", ["yes"]),
        ("choices", "menu", "pear", ["pear"]),
        ("choices", "looked", "le", ["Lê"]),
        ("choices", "several", ["apple", "pear"], ["apple", "pear"]),
        ("choices", "hidden_several", ["plum"], ["plum"]),
        ("choices", "pack", "peach", ["peach"]),
        (
            "choices",
            "order",
            ["pear", "apple", "plum", "peach", "other"],
            ["pear", "apple", "plum", "peach", "other"],
        ),
        ("choices", "agree", "OK", ["OK"]),
        ("scales", "likert", "3", ["3"]),
        ("scales", "across", "1", ["1"]),
        ("places", "point", "22,3364 103,8438", ["22.3364 103.8438 0 0"]),
    ],
)
def test_a_field_takes_an_answer_and_shows_it_again(
    draft: Draft, page: str, name: str, typed: str | Sequence[str], shown: list[str]
) -> None:
    answer = draft.press(page, {name: typed}, go="stay")
    assert answer.status_code == 200, said(answer)
    assert chosen(draft, page, name) == shown


def test_a_row_of_a_table_is_answered_and_its_head_is_only_read(draft: Draft) -> None:
    draft.press("scales", {"table/row_1": "2"}, go="stay")
    page = draft.open("scales")
    assert chosen(draft, "scales", "table/row_1") == ["2"]
    assert page.text.count('class="several heads"') == 1 and "Sao cũng được" in said(page)


def test_a_way_is_typed_a_point_a_line(draft: Draft) -> None:
    draft.press("places", {"way": "22.1 103.1\r\n22.2 103.2"}, go="stay")
    assert "22.1 103.1 0 0\n22.2 103.2 0 0</textarea>" in draft.open("places").text
    answer = draft.press("places", {"field": "ở đầu bản"})
    assert answer.status_code == 422 and "ít nhất ba điểm" in said(answer) and "ở đầu bản" in answer.text


def test_a_ranks_arrows_move_and_the_page_stays(draft: Draft) -> None:
    first = draft.press("choices", {}, **{"rank:/data/choices/order": "up:pear"})
    assert first.status_code == 200
    assert chosen(draft, "choices", "order") == ["apple", "plum", "pear", "peach", "other"]
    draft.press("choices", {}, **{"rank:/data/choices/order": "none"})
    assert chosen(draft, "choices", "order") == []


def test_a_name_that_means_several_offers_them(draft: Draft) -> None:
    answer = draft.press("choices", {"looked": "a"}, go="stay")
    assert "Có phải là" in answer.text and 'value="apple"' in answer.text
    answer = draft.press("choices", {"looked": ["zzz"]})
    assert answer.status_code == 422 and "Chưa rõ “zzz”" in said(answer) and 'value="zzz"' in answer.text


def test_or_other_asks_for_the_other_thing(draft: Draft) -> None:
    answer = draft.press("choices", {"other": "other", "plain_one": "yes"})
    assert answer.status_code == 200 and "/data/choices/other_other" in answer.text


def test_a_choice_that_need_not_be_made_can_be_taken_back(draft: Draft) -> None:
    draft.press("choices", {"quick": "yes"}, go="stay")
    assert 'id="f-/data/choices/quick-0"' in draft.open("choices").text
    draft.press("choices", {"quick": ""}, go="stay")
    assert chosen(draft, "choices", "quick") == []


def test_inner_items_are_added_and_taken_away(draft: Draft) -> None:
    draft.press("house", {}, **{"add:/data/house[1]/member": "1"})
    page = draft.open("house")
    assert "Người 2" in said(page) and "Thêm Người" in said(page) and "Bỏ Người 2" in said(page)
    typed = {"/data/house[1]/member[1]/name": "Lý A Mẫu", "/data/house[1]/member[2]/name": "Lý B Mẫu"}
    sent = {**draft.drawn("house"), **typed}
    draft.press("house", drawn=sent, **{"remove:/data/house[1]/member[1]": "1"})
    held = draft.answers("house")
    assert held["/data/house[1]/member[1]/name"] == "Lý B Mẫu" and "/data/house[1]/member[2]/name" not in held


def test_buttons_of_a_question_lead_back_to_it(draft: Draft) -> None:
    page = draft.open("house").text
    assert f'formaction="{draft.page("house")}#i-/data/house%5B1%5D/member%5B2%5D"' in page
    assert 'id="i-/data/house[1]/member[1]"' in page


def tone() -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * 800)
    return held.getvalue()


def test_a_picture_is_made_as_small_as_its_question_asks(draft: Draft, guide: Guide) -> None:
    draft.press("files", {}, file=("photo", photo(side=400), "a.jpg"), go="stay")
    link = re.search(r'href="([^"]*)/see\?page=files"', draft.open("files").text)
    assert link
    from PIL import Image

    with Image.open(io.BytesIO(guide.get(link[1]).data)) as picture:
        assert max(picture.size) == 100


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("voice", photo(), "cần bản ghi âm"),
        ("film", tone(), "cần đoạn phim"),
        ("photo", tone(), "không phải tiếng hay phim"),
        ("paper", b"MZ\x90", "không phải ảnh, tệp PDF"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_to_do(
    draft: Draft, name: str, content: bytes, problem: str
) -> None:
    answer = draft.press("files", {}, file=(name, content, "x"))
    assert answer.status_code == 422 and problem in said(answer)


def test_a_recording_is_kept_and_can_be_heard(draft: Draft, guide: Guide) -> None:
    draft.press("files", {}, file=("voice", tone(), "a.wav"), go="stay")
    link = re.search(r'href="([^"]*/see)\?page=files"', draft.open("files").text)
    assert link
    page = guide.get(link[1])
    assert "<audio controls" in page.text
    sound = guide.get(link[1].removesuffix("/see"))
    assert sound.mimetype == "audio/wav" and sound.data == tone()
    assert "Mở tệp" in said(guide.get(f"{draft.address}/review"))


def test_what_is_hidden_is_not_read_back(draft: Draft, guide: Guide) -> None:
    draft.press("words", {"plain": "x", "secret": "MAT-KHAU", "code_hidden": "MA-KIN"}, go="stay")
    page = guide.get(f"{draft.address}/review").text
    assert "MAT-KHAU" not in page and "MA-KIN" not in page and page.count("đã ghi, không hiện ra") == 2


def test_a_code_with_bars_stays_in_a_question_for_codes(draft: Draft) -> None:
    code = "1|2|3|4|5|6|7"
    draft.press("words", {"code": code}, go="stay")
    assert chosen(draft, "words", "code") == [code]


def test_labels_are_drawn_clean_with_what_was_laid_beside_them(draft: Draft, guide: Guide) -> None:
    page = draft.open("words").text
    assert "<strong>Xin chào <strong>bà con</strong></strong>" in page and "<script>alert" not in page
    assert "alert(1)" not in said(draft.open("words"))
    assert "Giải thích dài hơn" in page and f'src="{draft.address}/media/map.png"' in page
    assert "Hello" in said(guide.get(draft.page("words") + "?lang=en"))


def test_a_forms_picture_is_served_to_a_guide_alone(draft: Draft, guide: Guide) -> None:
    held = guide.get(f"{draft.address}/media/map.png")
    assert held.mimetype == "image/png" and held.data == gallery.MEDIA["map.png"]
    assert guide.get(f"{draft.address}/media/other.png").status_code == 404
    assert guide.get(f"{draft.address}/media/map.svg").status_code == 404
    guide.client.delete_cookie("house")
    assert where(guide.get(f"{draft.address}/media/map.png")).startswith("/sign-in")


def test_the_gallery_has_every_kind_of_question_that_is_drawn() -> None:
    form = xform.read(gallery.xml())
    kinds = {question.type for question in form.questions.values()}
    assert kinds == set(QuestionType), set(QuestionType) - kinds
    assert {look for node in walk(form.body) for look in node.appearance} >= {
        "likert",
        "label",
        "signature",
        "w6",
    }


def test_every_page_can_be_drawn_in_both_languages_and_read_back(draft: Draft, guide: Guide) -> None:
    for lang in ("vi", "en"):
        for page in gallery.PAGES:
            assert guide.get(f"{draft.page(page)}?lang={lang}").status_code == 200, (page, lang)
        assert guide.get(f"{draft.address}/review?lang={lang}").status_code == 200


LONG = "| survey |\n| | type | name | label | required |\n" + "".join(
    f"| | text | t{n} | Câu {n} | yes |\n" for n in range(300)
)


def test_a_form_of_three_hundred_questions_has_contents_that_can_be_used(guide: Guide, house: House) -> None:
    made = author.convert(LONG.encode(), "md", "long")
    draft = gallery.begin(guide, house, made.xml)
    page = draft.open("q-t0")
    assert "Trang 1 trên 20" in said(page) and page.text.count('name="asked"') == 15
    review = guide.get(f"{draft.address}/review")
    words = said(review)
    assert "Còn 300 chỗ" in words and "Các trang" in words and "Trang 20 (15)" in words
    assert review.text.count('href="#page-') == 20
