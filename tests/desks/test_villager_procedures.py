"""What do I need, may I ask, and how much will it be: the pages of the procedures."""

from __future__ import annotations

import datetime as dt
import logging
import re
import sqlite3

import pytest
from werkzeug.test import TestResponse

from hub.base import phrases
from hub.base.house import House
from hub.packs import shelf
from hub.post import jobs
from hub.trades.procedures import figures, reader
from hub.trades.procedures.model import Group
from tests.desks.visitor import Visitor, hidden, spoken, words
from tests.fakes import FakeClock

PENSION = "/procedures/huu-tri-xa-hoi"
COPIES = "/procedures/chung-thuc-ban-sao"
CHECK = f"{PENSION}/check"


def _carried(answer: TestResponse, action: str = CHECK) -> dict[str, str]:
    return hidden(answer, action)


def _said_so_far(answer: TestResponse) -> dict[str, str]:
    return {name: value for name, value in _carried(answer).items() if name != "csrf_token"}


def _answer(visitor: Visitor, page: TestResponse, said: str, lang: str = "vi") -> TestResponse:
    sent = {"unsure": "1"} if said == "?" else {"said": said}
    return visitor.send(f"{CHECK}?lang={lang}", {**_carried(page), **sent})


def _walk(visitor: Visitor, *said: str, lang: str = "vi") -> TestResponse:
    page = visitor.get(f"{CHECK}?lang={lang}")
    for one in said:
        page = _answer(visitor, page, one, lang)
    return page


def _card(page: TestResponse, key: str) -> str:
    """The part of a procedure's page under one heading."""
    title = phrases.say("vi", f"procedures.{key}")
    (found,) = [part for part in page.text.split("<section") if f"<h2>{title}</h2>" in part]
    return found.partition("</section>")[0]


def test_procedures_are_listed_by_need_each_once(visitor: Visitor, house: House) -> None:
    page = visitor.get("/procedures")
    listed = re.findall(r'class="row-go" href="/procedures/([^"/]+)"', page.text)
    known = reader.all(shelf.current(house.packs))
    assert sorted(listed) == sorted(one.slug for one in known)
    order = [list(Group).index(next(one.group for one in known if one.slug == slug)) for slug in listed]
    assert order == sorted(order)
    for group in {one.group for one in known}:
        assert phrases.say("vi", f"procedures.group_{group.name.lower()}") in words(page)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_procedure_opens_and_leads_to_its_questions_and_sums(
    visitor: Visitor, house: House, lang: str
) -> None:
    pack = shelf.current(house.packs)
    for one in reader.all(pack):
        where = f"/procedures/{one.slug}"
        page = visitor.get(f"{where}?lang={lang}")
        assert page.status_code == 200 and one.plain_name.said(lang) in words(page), one.slug
        assert (f'href="{where}/check"' in page.text) == one.has_questions
        assert (f'href="{where}/calculator"' in page.text) == one.has_calculators
        if one.has_questions:
            asked = visitor.get(f"{where}/check?lang={lang}")
            assert asked.status_code == 200 and spoken(asked), one.slug
        if one.has_calculators:
            assert visitor.get(f"{where}/calculator?lang={lang}").status_code == 200, one.slug
        if one.paper_form:
            assert one.paper_form.version in words(page)


def test_a_procedure_without_questions_or_sums_says_so(visitor: Visitor, house: House) -> None:
    bare = [one for one in reader.all(shelf.current(house.packs)) if not one.has_calculators]
    assert visitor.get(f"/procedures/{bare[0].slug}/calculator").status_code == 404
    assert visitor.get("/procedures/khong-co/check").status_code == 404


def test_the_amount_in_force_stands_apart_from_what_was_before(visitor: Visitor) -> None:
    page = visitor.get(PENSION)
    now, before = _card(page, "part_amount"), _card(page, "part_former")
    assert "540.000" in now and "500.000\u00a0" not in now and "500.000\u00a0" in before


# ---------------------------------------------------------------- may I ask for it


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (("21/11/1951", "khong", "khong"), "yes"),
        (("22/11/1951", "can-ngheo", "khong", "khong"), "yes"),
        (("22/11/1951", "khac"), "no"),
        (("21/11/1956", "ngheo", "khong", "khong"), "yes"),
        (("22/11/1956",), "no"),
        (("1990",), "no"),
        (("1951", "khac", "khong", "khong"), "ask"),
        (("?", "khac", "khong", "khong"), "ask"),
    ],
)
def test_the_social_pension_is_judged_at_its_edges(
    visitor: Visitor, said: tuple[str, ...], verdict: str, lang: str
) -> None:
    page = _walk(visitor, *said, lang=lang)
    assert page.status_code == 200
    assert phrases.say(lang, f"procedures.verdict_{verdict}") in words(page)
    assert any(phrases.say(lang, f"procedures.verdict_{verdict}") in one for one in spoken(page))


def test_the_answers_are_in_no_address_no_table_and_no_log(
    visitor: Visitor, conn: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        before = list(conn.iterdump())
        page = _walk(visitor, "03/02/1953", "ngheo", "khong", "khong")
        after = list(conn.iterdump())
    assert before == after
    assert "1953" not in caplog.text and "1953" not in str(visitor.client.get_cookie("house"))
    for address in re.findall(r'(?:href|action)="([^"]*)"', page.text):
        assert "1953" not in address and "ngheo" not in address
    assert page.headers["Cache-Control"] == "no-store"


def test_one_step_back_brings_the_question_before(visitor: Visitor) -> None:
    first = visitor.get(CHECK)
    second = _answer(visitor, first, "22/11/1951")
    third = _answer(visitor, second, "ngheo")
    back = visitor.send(CHECK, {**{k: v for k, v in _carried(third).items() if k != "now"}, "back": "1"})
    assert _said_so_far(back) == _said_so_far(second) == {"a-ngay-sinh": "1951-11-22", "now": "ho"}
    result = _walk(visitor, "22/11/1951", "khac")
    again = visitor.send(CHECK, {**_carried(result), "back": "1"})
    assert _said_so_far(again) == _said_so_far(second)
    start = visitor.send(CHECK, {"csrf_token": _carried(first)["csrf_token"], "back": "1"})
    assert _said_so_far(start) == {"now": "ngay-sinh"}


def test_a_slip_of_the_finger_is_said_and_the_answers_before_stay(visitor: Visitor) -> None:
    page = visitor.get(CHECK)
    wrong = _answer(visitor, page, "31/02/1953")
    assert wrong.status_code == 422 and 'value="31/02/1953"' in wrong.text
    assert _answer(visitor, wrong, "").status_code == 422
    second = _answer(visitor, wrong, "22/11/1951")
    missed = _answer(visitor, second, "sai")
    assert missed.status_code == 422 and _said_so_far(missed) == _said_so_far(second)


@pytest.mark.parametrize(
    "sent", [{"a-khac": "co"}, {"a-ngay-sinh": "<b>"}, {"a-ho": "giau"}, {"now": "khac", "said": "co"}]
)
def test_answers_that_the_house_did_not_write_are_not_taken(visitor: Visitor, sent: dict[str, str]) -> None:
    token = _carried(visitor.get(CHECK))["csrf_token"]
    assert visitor.send(CHECK, {"csrf_token": token, **sent}).status_code == 404


def test_a_doubtful_clock_says_that_an_age_may_be_wrong(visitor: Visitor, clock: FakeClock) -> None:
    assert phrases.say("vi", "procedures.day_doubtful") not in words(_walk(visitor, "1990"))
    clock.trusted = False
    assert phrases.say("vi", "procedures.day_doubtful") in words(_walk(visitor, "1990"))


def _paper(conn: sqlite3.Connection) -> str:
    from devices import slip as slips

    (job,) = [job for job in jobs.latest(conn) if job.kind is jobs.Kind.CHECKLIST]
    row = conn.execute("SELECT slip FROM jobs WHERE id = ?", (job.id,)).fetchone()
    return " ".join(slips.as_text(slips.decode(row["slip"])).split())


def test_the_paper_lists_what_these_answers_ask_for_and_says_no_more_of_them(
    visitor: Visitor, conn: sqlite3.Connection, house: House
) -> None:
    one = reader.get(shelf.current(house.packs), "huu-tri-xa-hoi")
    page = _walk(visitor, "21/11/1951", "khong", "khong")
    sent = [visitor.send(f"{PENSION}/checklist", _carried(page, f"{PENSION}/checklist")) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [303, 303]
    assert sent[0].location == sent[1].location
    told = _paper(conn)
    assert phrases.say("vi", "procedures.slip_answers") in told
    assert "1951" not in told
    wanted = set(one.papers_for(("tu-75",)))
    for paper in one.papers:
        assert (paper.name.vi.split(",")[0] in told) == (paper in wanted), paper.id


# ---------------------------------------------------------------- how much will it be


def _reckon(visitor: Visitor, where: str, id: str, **typed: str) -> TestResponse:
    token = hidden(visitor.get(f"{where}/calculator"), f"{where}/calculator#{id}")
    return visitor.send(
        f"{where}/calculator", {**token, **{f"{id}.{name}": value for name, value in typed.items()}}
    )


def test_copies_are_reckoned_with_their_figures_and_whom_to_ask(visitor: Visitor) -> None:
    page = _reckon(visitor, COPIES, "phi", pages="3", copies="2")
    told = words(page)
    assert page.status_code == 200 and "10.000 ₫" in told and "2 trang đầu, mỗi trang 2.000 ₫" in told
    assert phrases.say("vi", "procedures.ask_office") in told
    assert "hôm nay" in told and 'value="3"' in page.text
    assert "200.000 ₫" in words(_reckon(visitor, COPIES, "phi", pages="400", copies="1"))


@pytest.mark.parametrize("pages", ["0", "", "hai", "-3", "99999"])
def test_no_pages_are_refused_where_they_were_typed(visitor: Visitor, pages: str) -> None:
    page = _reckon(visitor, COPIES, "phi", pages=pages, copies="1")
    assert page.status_code == 422 and 'aria-invalid="true"' in page.text
    assert phrases.say("vi", "procedures.sum") not in page.text


def test_an_unknown_calculator_is_not_found(visitor: Visitor) -> None:
    token = hidden(visitor.get(f"{COPIES}/calculator"), f"{COPIES}/calculator#phi")
    assert visitor.send(f"{COPIES}/calculator", {**token, "calculator": "khac"}).status_code == 404


# ---------------------------------------------------------------- the commune's word


def test_the_communes_word_is_on_page_slip_and_sum_at_once(
    visitor: Visitor, conn: sqlite3.Connection, house: House, clock: FakeClock
) -> None:
    tag = visitor.get(COPIES).headers["ETag"]
    one = reader.get(shelf.current(house.packs), "chung-thuc-ban-sao")
    figures.correct(
        conn,
        one,
        "fee_page_first",
        "2.500",
        told_by="cán bộ một cửa",
        told_on=dt.date(2026, 11, 20),
        staff_id=1,
        staff_name="Nguyễn Thị Mẫu",
        moment=clock.read(),
    )
    page = visitor.get(COPIES, If_None_Match=tag)
    assert page.status_code == 200 and "2.000" in _card(page, "part_former")
    line = "Theo cán bộ một cửa, ngày 20/11/2026, do Nguyễn Thị Mẫu ghi."
    assert "2.500 ₫" in words(page) and line in words(page)
    assert phrases.say("vi", "procedures.own_notice") in words(page)
    sum = words(_reckon(visitor, COPIES, "phi", pages="2", copies="1"))
    assert "5.000 ₫" in sum and line in sum
