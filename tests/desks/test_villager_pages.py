"""Every page a villager can open: whole in both languages, heard, polled cheaply, never a dead end."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from hub.base.house import House
from hub.wiring import demo
from tests.desks.test_look import PICTURES, STATIC, Reader
from tests.desks.visitor import Visitor, hidden, spoken, words

LESSON = "/lessons/an-toan/giu-ma-otp-va-mat-khau"
PROCEDURE = "/procedures/lien-thong-khai-sinh"
POLLED = (
    "/",
    "/ticket",
    "/procedures",
    PROCEDURE,
    "/lessons",
    LESSON,
    f"{LESSON}/quiz",
    f"{LESSON}/quiz?a=1&choice=0",
    "/fraud",
    "/fraud/cong-an-cap-nhat-vneid",
    "/fraud/quiz",
    "/fraud/quiz?n=2&said=real",
    "/prices",
    "/prices/vo-que-tuoi",
    "/board",
)
DRAWN_ANEW = (
    "/ticket?service=vneid",
    f"{PROCEDURE}/checklist",
    "/procedures/huu-tri-xa-hoi/check",
    "/procedures/chung-thuc-ban-sao/calculator",
    f"{LESSON}/quiz?a=120&choice=1",
    f"{LESSON}/quiz/result?a=1201",
    f"{LESSON}/quiz/result?a=0000",
    "/fraud/check",
    "/prices/vo-que-tuoi?price=20k&weight=50&transport=100000&loss=12",
    "/prices/gao",
    "/search",
    "/search?q=khai+sinh",
    "/search?q=zzzzz",
    "/follow",
)


@pytest.fixture
def app(reading: Flask) -> Flask:
    return reading


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("path", [*POLLED, *DRAWN_ANEW])
def test_a_page_is_whole_and_can_be_heard(visitor: Visitor, path: str, lang: str) -> None:
    answer = visitor.get(f"{path}{'&' if '?' in path else '?'}lang={lang}")
    assert answer.status_code == 200
    assert f'<html lang="{lang}">' in answer.text
    page = Reader(answer.text)
    assert len(page.ids) == len(set(page.ids))
    assert set(page.refers) <= set(page.ids)
    assert page.pictures <= {picture.stem for picture in PICTURES}
    assert page.inline == [] and "style" not in page.attributes
    assert not re.search(r"\b(?:None|Undefined)\b|\{\w+\}", words(answer))
    if path != "/board":
        assert spoken(answer)


@pytest.mark.parametrize("path", POLLED)
def test_a_page_that_did_not_change_is_answered_with_304(visitor: Visitor, path: str) -> None:
    first = visitor.get(path)
    tag = first.headers["ETag"]
    assert visitor.get(path, If_None_Match=tag).status_code == 304
    other = visitor.get(f"{path}{'&' if '?' in path else '?'}lang=en")
    assert other.headers["ETag"] != tag


def test_a_restarted_house_draws_its_pages_anew(app: Flask, house: House) -> None:
    from hub.wiring import build

    before = Visitor(app).get("/").headers["ETag"]
    again = Visitor(build.web(house)).get("/", If_None_Match=before)
    assert again.status_code == 200


@pytest.mark.parametrize(
    "path",
    (
        "/nothing",
        "/ticket/AAAAAAAAA",
        "/ticket?service=nothing",
        "/procedures/nothing",
        "/procedures/nothing/checklist",
        "/procedures/nothing/check",
        "/procedures/nothing/calculator",
        f"{PROCEDURE}/calculator",
        "/lessons/an-toan/nothing",
        "/lessons/nothing/giu-ma-otp-va-mat-khau",
        f"{LESSON}/quiz?a=9",
        f"{LESSON}/quiz?a=x",
        f"{LESSON}/quiz?a=12&choice=7",
        f"{LESSON}/quiz?choice=-1",
        f"{LESSON}/quiz/result?a=1",
        f"{LESSON}/quiz/result?a=12012",
        "/fraud/nothing",
        "/fraud/quiz?n=0",
        "/fraud/quiz?n=999",
        "/fraud/quiz?said=perhaps",
        "/prices/nothing",
        "/paper/999999",
        "/follow/22222222",
    ),
)
def test_what_is_not_there_is_said_in_one_sentence(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 404
    assert 'href="/"' in answer.text and spoken(answer)


def test_choosing_a_language_keeps_the_page_and_is_remembered(visitor: Visitor) -> None:
    page = visitor.get("/search?q=ch%C3%A8")
    assert 'href="?q=ch%C3%A8&amp;lang=en"' in page.text
    assert "What are you looking for?" in visitor.get("/search?q=ch%C3%A8&lang=en").text
    assert "What do you need today?" in visitor.get("/").text


def test_one_readers_address_is_not_shown_to_the_next(visitor: Visitor) -> None:
    visitor.get("/prices?from=me")
    assert "from=me" not in visitor.get("/prices").text


def test_what_a_signed_in_guide_sees_is_kept_for_nobody(app: Flask) -> None:
    guide, villager = Visitor(app), Visitor(app)
    name, _, secret = demo.SIGN_INS[0]
    fields = hidden(guide.get("/sign-in"), "/sign-in")
    assert guide.send("/sign-in", {**fields, "name": name, "secret": secret}).status_code == 303
    seen = guide.get("/")
    assert name in seen.text
    after = villager.get("/")
    assert name not in after.text and "csrf_token" not in after.text
    assert villager.get("/", If_None_Match=seen.headers["ETag"]).status_code == 200


@pytest.mark.parametrize(
    ("path", "sent"),
    (
        ("/ticket", {"service": "vneid"}),
        ("/fraud/check", {"message": "xin chào"}),
        (f"{PROCEDURE}/checklist", {}),
        ("/procedures/huu-tri-xa-hoi/check", {"now": "ngay-sinh", "said": "1950"}),
        ("/procedures/chung-thuc-ban-sao/calculator", {"calculator": "phi"}),
        (f"{LESSON}/quiz/finish", {"a": "1201"}),
        (f"{LESSON}/quiz/certificate", {"a": "1201"}),
    ),
)
def test_a_form_without_its_token_does_nothing(visitor: Visitor, path: str, sent: dict[str, str]) -> None:
    assert visitor.send(path, sent).status_code == 400


def test_a_shared_tablet_goes_home_clean_and_the_board_stays(visitor: Visitor) -> None:
    assert 'data-idle="120"' in visitor.get("/lessons").text
    board = visitor.get("/board").text
    assert "data-idle" not in board and "<a " not in board.replace('<a class="skip"', "")
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in board


def test_every_tile_of_the_home_page_leads_somewhere(visitor: Visitor) -> None:
    ways = re.findall(r'class="tile-go" href="([^"]+)"', visitor.get("/").text)
    assert len(ways) == 7
    assert [visitor.get(way).status_code for way in ways] == [200] * 7


def test_every_lesson_scam_procedure_and_good_in_a_list_opens(visitor: Visitor) -> None:
    for path in ("/procedures", "/lessons", "/fraud", "/prices"):
        ways = set(re.findall(rf'href="({path}/[^"]+)"', visitor.get(path).text))
        assert ways
        for way in ways:
            assert visitor.get(way).status_code == 200, way


def test_the_first_visit_stays_small(visitor: Visitor) -> None:
    names = ("house.css", "house.js", "pictures.svg", "weave.svg", "mark.svg")
    carried = sum((STATIC / name).stat().st_size for name in names)
    assert carried + len(visitor.get("/").data) <= 60_000
