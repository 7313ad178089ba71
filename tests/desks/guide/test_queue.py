"""The queue console: one press a person, and nobody called twice."""

from __future__ import annotations

import re
import sqlite3
from html import unescape
from pathlib import Path

import pytest
from flask import Flask

from devices.slip import Slip, Text
from hub.base import db
from hub.post import jobs
from hub.post.jobs import Kind, State
from hub.trades.tickets import views
from tests.desks.guide.hand import Guide, said
from tests.fakes import FakeClock

PAPER = Slip((Text("Xin chào"),))


def here(conn: sqlite3.Connection, desk: str = "1") -> str | None:
    ticket = views.at_desk(conn, desk)
    return ticket.label if ticket else None


def seated(guide: Guide) -> str:
    """Sit at desk 1, call the first number, return its id."""
    guide.sits()
    found = re.search(r"/guide/tickets/(\d+)/missed", guide.post("/guide/call").text)
    assert found
    return found[1]


def test_who_has_chosen_no_desk_is_asked_first(guide: Guide) -> None:
    answer = guide.get("/guide")
    assert answer.status_code == 303 and answer.location == "/guide/desk"
    assert "Bàn 2" in said(guide.get("/guide/desk"))
    assert "Bàn 2 của tôi" in said(guide.sits("2"))


def test_a_desk_that_the_house_has_not_is_refused(guide: Guide) -> None:
    assert guide.sits("99").status_code == 404


def test_one_press_calls_and_the_page_shows_number_picture_service_and_wait(
    guide: Guide, clock: FakeClock, conn: sqlite3.Connection
) -> None:
    guide.sits()
    clock.advance(7 * 60)
    page = guide.post("/guide/call")
    assert "B2 VNeID và căn cước chờ 7 phút người cao tuổi" in said(page)
    assert 'aria-label="con gà trống, màu đỏ"' in page.text
    assert here(conn) == "B2"


def test_one_press_finishes_and_calls_the_next(guide: Guide, conn: sqlite3.Connection) -> None:
    ticket = seated(guide)
    guide.post("/guide/call", {"finish": "done", "ticket": ticket})
    assert here(conn) == "A1"
    assert views.get(conn, int(ticket)).outcome == "done"


def test_a_second_press_does_not_finish_the_one_just_called(guide: Guide, conn: sqlite3.Connection) -> None:
    ticket = seated(guide)
    for _ in range(3):
        guide.post("/guide/call", {"finish": "done", "ticket": ticket})
    assert here(conn) == "A1"


def test_calling_while_somebody_is_here_says_what_to_do(guide: Guide, conn: sqlite3.Connection) -> None:
    seated(guide)
    assert "Hãy ghi kết quả của số này" in said(guide.post("/guide/call"))
    assert here(conn) == "B2"


def test_two_desks_never_get_one_number(
    app: Flask, guide: Guide, signed: tuple[Path, str], conn: sqlite3.Connection
) -> None:
    seated(guide)
    other = Guide(app, cookie=signed[1])
    other.sits("2")
    other.post("/guide/call")
    assert {here(conn, "1"), here(conn, "2")} == {"B2", "A1"}
    assert "Ở bàn khác A1" in said(guide.get("/guide"))


def test_calling_again_ends_after_as_often_as_the_settings_say(guide: Guide) -> None:
    seated(guide)
    assert "Gọi lại (còn 2)" in said(guide.get("/guide"))
    guide.post("/guide/recall")
    assert "Gọi lại" not in said(guide.post("/guide/recall"))
    assert "đã được gọi lại 2 lần" in said(guide.post("/guide/recall"))


def test_who_was_missed_comes_back_next_but_one(guide: Guide, conn: sqlite3.Connection) -> None:
    ticket = seated(guide)
    assert "Gọi mà vắng: 1" in said(guide.post(f"/guide/tickets/{ticket}/missed"))
    assert "xếp lại" in said(guide.post(f"/guide/tickets/{ticket}/come_back"))
    assert [one.label for one in views.queue(conn).waiting] == ["A1", "B2", "C3"]
    assert "Danh sách vừa thay đổi" in said(guide.post(f"/guide/tickets/{ticket}/come_back"))


def test_a_number_moves_to_another_desk_with_priority(guide: Guide, conn: sqlite3.Connection) -> None:
    ticket = seated(guide)
    page = guide.post(f"/guide/tickets/{ticket}/transfer", {"service": "", "desk": "2", "first": "1"})
    assert "Đã chuyển số B2" in said(page) and "chờ bàn 2" in said(page)
    moved = views.get(conn, int(ticket))
    assert moved.desk_wanted == "2" and moved.boosted
    guide.post("/guide/call")
    assert here(conn) == "A1"


def test_a_number_moves_to_another_service_at_the_end_of_the_line(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    ticket = seated(guide)
    guide.post(f"/guide/tickets/{ticket}/transfer", {"service": "bhyt", "desk": ""})
    moved = views.get(conn, int(ticket))
    assert moved.service_id == "bhyt" and not moved.boosted


def test_moving_nowhere_asks_where(guide: Guide, conn: sqlite3.Connection) -> None:
    ticket = seated(guide)
    page = guide.post(f"/guide/tickets/{ticket}/transfer", {"service": "vneid", "desk": ""})
    assert "Hãy chọn việc hoặc bàn" in said(page)
    assert here(conn) == "B2"


@pytest.mark.parametrize("outcome", ["done", "to_continue", "referred", "gave_up"])
def test_a_visit_ends_with_its_outcome(guide: Guide, conn: sqlite3.Connection, outcome: str) -> None:
    ticket = seated(guide)
    guide.post(f"/guide/tickets/{ticket}/finish", {"outcome": outcome})
    assert here(conn) is None and views.get(conn, int(ticket)).outcome == outcome


def test_a_desk_that_serves_one_thing_calls_only_that(guide: Guide, conn: sqlite3.Connection) -> None:
    page = guide.sits("1", service=["bhyt"])
    assert "Chỉ nhận: Bảo hiểm y tế" in said(page) and "Người tiếp theo: số C3" in said(page)
    guide.post("/guide/call")
    assert here(conn) == "C3"
    ticket = views.at_desk(conn, "1")
    assert ticket
    page = guide.post("/guide/call", {"finish": "done", "ticket": str(ticket.id)})
    assert "không ai chờ việc của bàn này" in said(page)


def test_a_guide_gives_a_number_once_a_drawing(guide: Guide, conn: sqlite3.Connection) -> None:
    guide.sits()
    mark = re.search(r'name="mark" value="(\w+)"', guide.get("/guide/issue").text)
    assert mark
    sent = {"mark": mark[1], "service": "bhyt", "priority": "pregnant"}
    assert "Đã lấy số C4" in said(guide.post("/guide/issue", sent))
    guide.post("/guide/issue", sent)
    issued = [one for one in views.queue(conn).waiting if one.number > 3]
    assert [(one.label, one.priority) for one in issued] == [("C4", "pregnant")]
    assert len(jobs.for_subject(conn, f"ticket:{issued[0].id}")) == 1


def test_a_number_for_nothing_is_asked_about(guide: Guide) -> None:
    answer = guide.post("/guide/issue", {"priority": "none"})
    assert answer.status_code == 422 and "Xin chọn việc cần làm" in said(answer)


def test_the_console_is_unchanged_until_the_queue_or_the_minute_changes(
    guide: Guide, clock: FakeClock
) -> None:
    guide.sits()
    tag = guide.get("/guide").headers["ETag"]
    assert guide.get("/guide", If_None_Match=tag).status_code == 304
    clock.advance(61)
    fresh = guide.get("/guide", If_None_Match=tag)
    assert fresh.status_code == 200
    guide.post("/guide/call")
    assert guide.get("/guide", If_None_Match=fresh.headers["ETag"]).status_code == 200


def test_without_javascript_the_console_draws_itself_anew_and_at_last_goes_home(guide: Guide) -> None:
    guide.sits()
    assert "url=/guide?n=1" in guide.get("/guide").text
    assert "url=/guide?n=8" in guide.get("/guide?n=7").text
    assert "url=/leave" in guide.get("/guide?n=200").text


def asking(conn: sqlite3.Connection, clock: FakeClock, subject: str = "ticket:1") -> int:
    """A receipt of which nobody knows whether it came out."""
    job = jobs.add(conn, Kind.RECEIPT, PAPER, moment=clock.read(), subject=subject)
    with db.write(conn):
        conn.execute(
            "UPDATE jobs SET state = 'ask', reason_key = 'printing.interrupted' WHERE id = ?", (job,)
        )
        db.touch(conn, jobs.TOPIC)
    return job


@pytest.mark.parametrize(
    ("press", "state", "copy"),
    [("out", State.DONE, False), ("again", State.QUEUED, True), ("surely_not", State.QUEUED, False)],
)
def test_was_it_printed_is_asked_and_answered(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock, press: str, state: State, copy: bool
) -> None:
    guide.sits()
    job = asking(conn, clock)
    assert "Giấy đã ra chưa?" in said(guide.get("/guide"))
    page = guide.post(f"/guide/papers/{job}", {"do": press})
    assert "Giấy đã ra chưa?" not in said(page)
    assert (jobs.get(conn, job).state, jobs.get(conn, job).copy) == (state, copy)
    assert "đã có người trả lời" in said(guide.post(f"/guide/papers/{job}", {"do": press}))


def test_a_paper_that_is_stuck_says_why_and_can_be_tried_or_dropped(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    guide.sits()
    job = jobs.for_subject(conn, "ticket:2")[0].id
    with db.write(conn):
        conn.execute("UPDATE jobs SET state = 'stuck', reason_key = 'printing.no_paper' WHERE id = ?", (job,))
        db.touch(conn, jobs.TOPIC)
    number = jobs.shown(job)
    assert f"Phiếu số B2 ( Tờ số {number} ): Máy in hết giấy" in said(guide.get("/guide/papers"))
    assert "Máy in hết giấy" in said(guide.get("/guide"))
    guide.post(f"/guide/papers/{job}", {"do": "retry"})
    assert jobs.get(conn, job).state is State.QUEUED
    assert "không bị kẹt nữa" in said(guide.post(f"/guide/papers/{job}", {"do": "retry"}))
    guide.post(f"/guide/papers/{job}", {"do": "cancel", "back": "papers"})
    assert jobs.get(conn, job).state is State.CANCELLED
    assert "In thêm bản sao" in said(guide.get(f"/guide/papers/{job}"))
    guide.post(f"/guide/papers/{job}", {"do": "copy", "why": "torn", "back": "papers"})
    assert jobs.for_subject(conn, "ticket:2")[0].copy


def test_twelve_papers_without_paper_are_one_trouble_and_one_press(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    guide.sits()
    for _ in range(9):
        jobs.add(conn, Kind.CHECKLIST, PAPER, moment=clock.read(), subject="checklist:x")
    with db.write(conn):
        conn.execute("UPDATE jobs SET state = 'stuck', reason_key = 'printing.no_paper'")
        db.touch(conn, jobs.TOPIC)
    page = said(guide.get("/guide"))
    assert page.count("Máy in hết giấy") == 1 and "12 phiếu đang giữ: Phiếu số A1, Phiếu số B2" in page
    guide.post("/guide/papers/retry")
    assert jobs.stuck(conn) == () and len(jobs.waiting(conn)) == 12


def test_papers_that_nothing_takes_up_are_told_of(guide: Guide, clock: FakeClock) -> None:
    guide.sits()
    assert "phiếu chờ lâu" not in said(guide.get("/guide"))
    clock.advance(40)
    assert "3 phiếu chờ lâu mà máy in chưa nhận" in said(guide.get("/guide"))


def test_the_history_names_who_called(guide: Guide) -> None:
    ticket = seated(guide)
    page = said(guide.get(f"/guide/tickets/{ticket}"))
    assert "lấy số" in page and "được gọi, Bàn 1 Hướng dẫn Mẫu" in page


def test_the_desk_is_forgotten_when_the_guide_goes(guide: Guide, app: Flask) -> None:
    guide.sits()
    guide.post("/sign-out")
    again = Guide(app)
    assert again.get("/guide").location == "/guide/desk"
    assert unescape(again.get("/guide/desk").text).count("Bàn") >= 3
