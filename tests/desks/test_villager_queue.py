"""Taking a number on the tablet, and following it."""

from __future__ import annotations

import sqlite3

import pytest

from hub.base import db
from hub.base.house import House
from hub.post import jobs
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views
from hub.trades.tickets.model import Outcome, Priority, Source
from tests.desks.visitor import Visitor, hidden, link, spoken, words
from tests.fakes import FakeClock

FORM = "/ticket?service=vneid"


def _take(visitor: Visitor, priority: str = "none") -> str:
    """Take a number; returns the address of its page."""
    answer = visitor.press(FORM, "/ticket", priority=priority)
    assert answer.status_code == 200
    return answer.request.path


def _numbers(conn: sqlite3.Connection) -> int:
    return len(views.queue(conn).waiting)


def test_a_service_a_reason_and_there_is_the_number(visitor: Visitor, conn: sqlite3.Connection) -> None:
    assert link(visitor.get("/ticket"), "/ticket?service=vneid")
    page = visitor.get(_take(visitor, "elderly"))
    taken = max(views.queue(conn).waiting, key=lambda one: one.number)
    assert (taken.service_id, taken.priority, taken.source) == ("vneid", Priority.ELDERLY, Source.TABLET)
    assert taken.label in words(page)
    assert "con gà trống" in page.text and "ground-madder" in page.text
    assert "Trước bà con còn" in words(page) and "Tiếp theo" in words(page)


def test_a_double_tap_is_one_number_and_one_slip(visitor: Visitor, conn: sqlite3.Connection) -> None:
    before = _numbers(conn)
    fields = hidden(visitor.get(FORM), "/ticket")
    first = visitor.send("/ticket", {**fields, "priority": "none"})
    second = visitor.send("/ticket", {**fields, "priority": "none"})
    assert first.location == second.location
    assert _numbers(conn) == before + 1
    ticket = views.by_token(conn, first.location.split("/")[-1].split("?")[0])
    assert len(jobs.for_subject(conn, f"ticket:{ticket.id}")) == 1


def test_the_next_person_at_the_tablet_gets_the_next_number(
    visitor: Visitor, conn: sqlite3.Connection
) -> None:
    before = _numbers(conn)
    assert _take(visitor) != _take(visitor)
    assert _numbers(conn) == before + 2


def test_a_mark_that_was_made_up_gives_a_number_of_its_own(
    visitor: Visitor, conn: sqlite3.Connection
) -> None:
    before = _numbers(conn)
    fields = hidden(visitor.get(FORM), "/ticket") | {"priority": "none", "mark": "<script>" * 100}
    assert visitor.send("/ticket", fields).status_code == 303
    assert _numbers(conn) == before + 1


def test_a_reason_nobody_offered_is_refused(visitor: Visitor, conn: sqlite3.Connection) -> None:
    before = _numbers(conn)
    fields = hidden(visitor.get(FORM), "/ticket") | {"priority": "vip"}
    assert visitor.send("/ticket", fields).status_code == 400
    assert _numbers(conn) == before


def test_a_service_that_was_closed_is_not_offered_and_not_given(
    visitor: Visitor, conn: sqlite3.Connection
) -> None:
    fields = hidden(visitor.get(FORM), "/ticket") | {"priority": "none"}
    tickets.open_service(conn, "vneid", False)
    assert "service=vneid" not in visitor.get("/ticket").text
    assert visitor.get(FORM).status_code == 422
    refused = visitor.send("/ticket", fields)
    assert refused.status_code == 422 and "hôm nay chưa nhận" in words(refused).lower()
    for service in views.services(conn):
        tickets.open_service(conn, service.id, False)
    assert "chưa có việc nào mở" in words(visitor.get("/ticket"))


def test_a_number_is_followed_to_the_desk_and_to_its_end(
    visitor: Visitor, conn: sqlite3.Connection, house: House, clock: FakeClock
) -> None:
    where = _take(visitor, "disabled")
    waiting = visitor.get(where)
    tag = waiting.headers["ETag"]
    assert visitor.get(where, If_None_Match=tag).status_code == 304
    ticket = views.by_token(conn, where.split("/")[-1])
    while called := tickets.call_next(
        conn, "2", 1, moment=clock.read(), settings=house.settings, finish=Outcome.DONE
    ):
        if called.id == ticket.id:
            break
    now = visitor.get(where, If_None_Match=tag)
    assert now.status_code == 200 and "Mời đến bàn 2" in words(now)
    assert any(ticket.label in said and "bàn 2" in said for said in spoken(now))
    tickets.recall(conn, "2", moment=clock.read(), settings=house.settings)
    assert "Đã gọi lại 1 lần" in words(visitor.get(where))
    tickets.no_show(conn, ticket.id, moment=clock.read(), settings=house.settings)
    assert "báo người hướng dẫn để được gọi lại" in words(visitor.get(where))
    tickets.finish(conn, ticket.id, Outcome.GAVE_UP, moment=clock.read())
    over = visitor.get(where)
    assert "Số này đã xong" in words(over) and f"{where}/again" not in over.text


def test_the_page_says_whether_the_slip_came_out(
    visitor: Visitor, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    where = _take(visitor)
    ticket = views.by_token(conn, where.split("/")[-1])
    assert "Phiếu đang in ra" in words(visitor.get(where))
    clock.advance(30)
    late = words(visitor.get(where))
    assert f"Bà con nhớ số {ticket.label} là đủ" in late
    job = jobs.for_subject(conn, f"ticket:{ticket.id}")[0]
    with db.write(conn):
        conn.execute(
            "UPDATE jobs SET state = 'stuck', reason_key = 'printing.no_paper' WHERE id = ?", (job.id,)
        )
        db.touch(conn, jobs.TOPIC)
    assert "Máy in hết giấy" in words(visitor.get(where))
    with db.write(conn):
        conn.execute("UPDATE jobs SET state = 'done', reason_key = NULL WHERE id = ?", (job.id,))
        db.touch(conn, jobs.TOPIC)
    assert "Phiếu đã in" in words(visitor.get(where))


def test_another_slip_is_printed_once_and_marked_as_a_copy(
    visitor: Visitor, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    where = _take(visitor)
    ticket = views.by_token(conn, where.split("/")[-1])
    about = f"ticket:{ticket.id}"
    visitor.press(f"{where}/again", f"{where}/again")
    assert len(jobs.for_subject(conn, about)) == 1, "the first one is still to come"
    conn.execute("UPDATE jobs SET state = 'done'")
    clock.advance(60)
    for _ in range(2):
        visitor.press(f"{where}/again", f"{where}/again")
    printed = jobs.for_subject(conn, about)
    assert len(printed) == 2 and printed[0].copy and not printed[1].copy


def test_the_tablet_goes_home_by_itself_and_the_telephone_stays(visitor: Visitor) -> None:
    where = _take(visitor)
    tablet = visitor.get(f"{where}?tablet=1").text
    assert "data-idle=" in tablet and 'content="10;url=?tablet=2"' in tablet
    assert 'content="10;url=/leave"' in visitor.get(f"{where}?tablet=12").text
    telephone = visitor.get(where).text
    assert "data-idle=" not in telephone and 'content="10"' in telephone


def test_the_code_on_the_slip_may_be_typed_in_groups(visitor: Visitor) -> None:
    where = _take(visitor)
    token = where.split("/")[-1]
    typed = f"{token[:3]}-{token[3:6]} {token[6:]}".lower()
    assert visitor.get(f"/ticket/{typed}").status_code == 200


@pytest.mark.parametrize("trusted", [True, False])
def test_a_doubtful_clock_is_told_at_once(visitor: Visitor, clock: FakeClock, trusted: bool) -> None:
    clock.trusted = trusted
    assert ("Đồng hồ của máy có thể chưa đúng" in words(visitor.get("/ticket"))) is not trusted
