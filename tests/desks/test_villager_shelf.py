"""Procedures and prices."""

from __future__ import annotations

import sqlite3

import pytest

from hub.base.house import House
from hub.packs import shelf
from hub.post import jobs
from hub.trades.prices import reader as goods
from hub.trades.prices import service as prices
from hub.trades.procedures import reader as procedures
from tests.desks.visitor import Visitor, hidden, spoken, words
from tests.fakes import FakeClock

PROCEDURE = "/procedures/lien-thong-khai-sinh"
GOOD = "/prices/vo-que-tuoi"


def _report(
    conn: sqlite3.Connection, house: House, clock: FakeClock, amount: str, place: str = "Chợ Mẫu"
) -> None:
    good = goods.commodity(shelf.current(house.packs), "vo-que-tuoi")
    prices.report(
        conn,
        good,
        amount,
        place_kind=good.places[0].id,
        place=place,
        seen_on=clock.read().on,
        staff_id=1,
        staff_name="Hướng dẫn Mẫu",
        moment=clock.read(),
        confirmed=True,
    )


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_procedure_tells_papers_steps_and_every_figure_with_its_state(
    visitor: Visitor, house: House, lang: str
) -> None:
    one = procedures.get(shelf.current(house.packs), "lien-thong-khai-sinh")
    told = words(visitor.get(f"{PROCEDURE}?lang={lang}"))
    for part in (*one.papers, *one.figures):
        assert (part.name if hasattr(part, "name") else part.label).said(lang) in told
    for fact in (*one.steps, *one.mistakes, one.who, one.where):
        assert " ".join(fact.words.said(lang).split()) in told
    assert "0 đồng" in told and one.code in told
    assert ("chưa xác minh" if lang == "vi" else "not verified") in told
    assert ("hỏi cán bộ xã" if lang == "vi" else "ask the commune") in told


def test_a_fee_nobody_verified_never_shows_a_number(visitor: Visitor) -> None:
    page = visitor.get(PROCEDURE).text
    after = page.split("Khai sinh và thẻ BHYT</dt>")[1]
    assert after.startswith("<dd><strong>hỏi cán bộ xã</strong>")


def test_the_age_of_the_sources_grows_with_the_days(visitor: Visitor, clock: FakeClock) -> None:
    assert "12 tháng trước (31/10/2025)" in words(visitor.get(PROCEDURE))
    tag = visitor.get(PROCEDURE).headers["ETag"]
    clock.advance(86_400 * 400)
    later = visitor.get(PROCEDURE, If_None_Match=tag)
    assert later.status_code == 200 and "2 năm trước (31/10/2025)" in words(later)


def test_two_presses_print_one_checklist_and_the_page_says_where_it_is(
    visitor: Visitor, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    where = f"{PROCEDURE}/checklist"
    fields = hidden(visitor.get(where), where)
    sent = [visitor.send(where, fields) for _ in range(2)]
    assert sent[0].location == sent[1].location
    papers = [job for job in jobs.latest(conn) if job.kind is jobs.Kind.CHECKLIST]
    assert len(papers) == 1
    assert "Đang in ra giấy" in words(visitor.get(sent[0].location))
    conn.execute("UPDATE jobs SET state = 'done' WHERE id = ?", (papers[0].id,))
    done = visitor.get(sent[0].location)
    assert "Đã in xong" in words(done) and f'href="{PROCEDURE}"' in done.text


def test_the_page_of_a_paper_shows_no_paper_of_another_room(
    visitor: Visitor, conn: sqlite3.Connection
) -> None:
    ticket = next(job for job in jobs.latest(conn) if job.kind is jobs.Kind.TICKET)
    assert visitor.get(f"/paper/{ticket.id}").status_code == 404


def test_a_price_stands_with_unit_place_and_age_and_an_old_one_warns(
    visitor: Visitor, conn: sqlite3.Connection, house: House, clock: FakeClock
) -> None:
    _report(conn, house, clock, "12.500")
    board = words(visitor.get("/prices"))
    assert "12.500 ₫/kg" in board and "Chợ Mẫu" in board and "giá của hôm nay" in board
    clock.advance(86_400 * 20)
    old = visitor.get(GOOD)
    assert "giá của 2 tuần trước" in words(old) and "nay có thể đã khác" in words(old)
    assert any("nay có thể đã khác" in said for said in spoken(old))


def test_a_new_price_draws_the_board_anew(
    visitor: Visitor, conn: sqlite3.Connection, house: House, clock: FakeClock
) -> None:
    tag = visitor.get("/prices").headers["ETag"]
    _report(conn, house, clock, "12.500")
    assert visitor.get("/prices", If_None_Match=tag).status_code == 200


def test_what_a_guide_typed_as_place_is_shown_and_never_run(
    visitor: Visitor, conn: sqlite3.Connection, house: House, clock: FakeClock
) -> None:
    _report(conn, house, clock, "12.500", place='<script>alert("chợ")</script>')
    for path in ("/prices", GOOD):
        assert "<script>alert" not in visitor.get(path).text


def test_the_history_is_a_drawing_with_words_and_a_table(visitor: Visitor) -> None:
    page = visitor.get(GOOD)
    assert page.text.count("<circle") == 5 and page.text.count("<tr><td>") == 5
    assert "Có 5 lần ghi giá" in words(page)
    assert 'class="chart"' not in visitor.get("/prices/gao").text


def test_what_is_left_is_reckoned_to_the_dong(visitor: Visitor) -> None:
    answer = words(visitor.get(f"{GOOD}?price=20k&weight=50&transport=100.000&loss=12"))
    assert "Còn lại 780.000 ₫" in answer and "15.600 ₫/kg" in answer and "880.000 ₫" in answer
    assert "Bị lỗ" in words(visitor.get(f"{GOOD}?price=1000&weight=10&transport=50000&loss="))


@pytest.mark.parametrize(
    ("query", "sentence"),
    (
        ("price=x&weight=5", "Không đọc được số tiền"),
        ("price=20k&weight=", "Xin ghi giá và số cân"),
        ("price=20k&weight=nhiều", "Không đọc được số"),
        ("price=20k&weight=5&loss=100", "từ 0 đến dưới 100"),
        ("price=20k&weight=5&loss=-3", "Không đọc được số"),
        (f"price={'9' * 5000}&weight=5", "Không đọc được số tiền"),
    ),
)
def test_a_slip_of_the_finger_is_said_and_what_was_typed_stays(
    visitor: Visitor, query: str, sentence: str
) -> None:
    answer = visitor.get(f"{GOOD}?{query}")
    assert answer.status_code == 200 and sentence in words(answer)
