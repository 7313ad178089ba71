"""Lessons and their questions, scams and the checker."""

from __future__ import annotations

import logging
import re
import sqlite3

import pytest

from hub.base.house import House
from hub.overview import voices
from hub.packs import shelf
from hub.post import jobs
from hub.trades.fraud import checker
from hub.trades.lessons import reader
from hub.trades.lessons import service as lessons
from tests.desks.visitor import Visitor, hidden, spoken, words
from tests.fakes import FakeClock

LESSON = "/lessons/an-toan/giu-ma-otp-va-mat-khau"
QUIZ = f"{LESSON}/quiz"
ALL_RIGHT, ALL_WRONG = "1201", "0010"
SCAM = "Toi la cong an Mau Dac Biet. Doc ma OTP va vao http://vneid-mau-thu.top/app.apk ngay"


def _papers(conn: sqlite3.Connection) -> list[jobs.Job]:
    return [job for job in jobs.latest(conn) if job.subject.startswith("certificate:")]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_section_has_the_loudspeaker_that_was_made_ahead(
    visitor: Visitor, house: House, lang: str
) -> None:
    lesson = reader.lesson(shelf.current(house.packs), "an-toan", "giu-ma-otp-va-mat-khau", lang)
    said = spoken(visitor.get(f"{LESSON}?lang={lang}"))
    for section in lesson.sections:
        assert voices.section(section.title, section.plain) in said


def test_a_question_is_answered_in_a_friendly_way_and_with_its_why(visitor: Visitor) -> None:
    asked = visitor.get(QUIZ)
    assert "Câu 1 trong 4 câu" in words(asked)
    wrong = visitor.get(f"{QUIZ}?a=&choice=0")
    assert "Chưa đúng, xem lại nhé" in words(wrong) and "Không cán bộ nào hỏi mã OTP" in words(wrong)
    assert f'href="{QUIZ}?a=0"' in wrong.text
    right = visitor.get(f"{QUIZ}?a=&choice=1")
    assert "Đúng rồi!" in words(right) and "Câu 2 trong 4 câu" in words(visitor.get(f"{QUIZ}?a=1"))


def test_the_question_does_not_carry_its_answer(visitor: Visitor) -> None:
    assert "Không cán bộ nào hỏi mã OTP" not in visitor.get(QUIZ).text


def test_the_last_answer_counts_the_lesson_once(
    visitor: Visitor, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    today = clock.read().on
    done = visitor.press(f"{QUIZ}?a=120&choice=1", f"{QUIZ}/finish")
    assert done.request.path == f"{QUIZ}/result" and "Đúng 4 trong 4 câu" in words(done)
    assert [one.count for one in lessons.completions(conn, today, today)] == [1]
    visitor.get(f"{QUIZ}/result?a={ALL_RIGHT}")
    assert [one.count for one in lessons.completions(conn, today, today)] == [1]


def test_all_questions_answered_lead_to_the_result(visitor: Visitor) -> None:
    answer = visitor.get(f"{QUIZ}?a={ALL_RIGHT}")
    assert answer.status_code == 303 and answer.location.endswith(f"/result?a={ALL_RIGHT}")


def test_who_passed_gets_a_slip_with_their_name_and_nothing_else_knows_it(
    visitor: Visitor, conn: sqlite3.Connection, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fields = hidden(visitor.get(f"{QUIZ}/result?a={ALL_RIGHT}"), f"{QUIZ}/certificate")
    sent = [visitor.send(f"{QUIZ}/certificate", {**fields, "name": "Lý A Mẫu"}) for _ in range(2)]
    assert sent[0].location == sent[1].location, "two presses are one paper"
    assert "Đang in ra giấy" in words(visitor.get(sent[0].location))
    (job,) = _papers(conn)
    assert "Lý A Mẫu" in str(jobs.slip(conn, job.id))
    assert "Lý A Mẫu" not in caplog.text and "Lý A Mẫu" not in visitor.get(sent[0].location).text
    for (table,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if table != "jobs" and not table.startswith("search"):
            assert "Lý A Mẫu" not in str([tuple(row) for row in conn.execute(f"SELECT * FROM {table}")])


def test_who_did_not_pass_is_asked_to_read_again_and_gets_no_slip(
    visitor: Visitor, conn: sqlite3.Connection
) -> None:
    answer = visitor.get(f"{QUIZ}/result?a={ALL_WRONG}")
    assert "ta học lại nhé" in words(answer) and f'href="{LESSON}"' in answer.text
    fields = hidden(visitor.get(f"{QUIZ}/result?a={ALL_RIGHT}"), f"{QUIZ}/certificate")
    assert visitor.send(f"{QUIZ}/certificate", {**fields, "a": ALL_WRONG}).status_code == 403
    assert _papers(conn) == []


def test_a_name_longer_than_the_slip_is_asked_for_again(visitor: Visitor, conn: sqlite3.Connection) -> None:
    fields = hidden(visitor.get(f"{QUIZ}/result?a={ALL_RIGHT}"), f"{QUIZ}/certificate")
    answer = visitor.send(f"{QUIZ}/certificate", {**fields, "name": "Mẫu " * 30})
    assert answer.status_code == 422 and "không quá 60" in words(answer)
    assert _papers(conn) == []


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_scam_is_called_dangerous_with_reasons_and_what_to_do(visitor: Visitor, lang: str) -> None:
    verdict = visitor.press(f"/fraud/check?lang={lang}", "/fraud/check", message=SCAM)
    told = words(verdict)
    assert ("Nguy hiểm" if lang == "vi" else "Dangerous") in told
    assert "vneid-mau-thu.top" in told and "156" in told and "113" in told
    assert ("Bây giờ làm gì" if lang == "vi" else "What to do now") in told


def test_the_checker_never_says_safe(visitor: Visitor) -> None:
    told = words(visitor.press("/fraud/check", "/fraud/check", message="Mẹ ơi, cuối tuần con về."))
    assert "Máy không biết được" in told and "không có nghĩa là tin thật" in told


def test_nothing_of_a_checked_message_remains_anywhere(
    visitor: Visitor, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    marker = "Mau Dac Biet"
    verdict = visitor.press("/fraud/check", "/fraud/check", message=SCAM)
    assert verdict.headers["Cache-Control"] == "no-store"
    assert verdict.request.query_string == b"" and marker not in verdict.text
    assert not [said for said in spoken(verdict) if "vneid-mau-thu" in said or "OTP ngay" in said]
    for cookie in visitor.client._cookies.values():
        assert "vneid" not in cookie.value
    assert marker not in caplog.text and "vneid-mau-thu" not in caplog.text
    marks = (marker.encode(), b"vneid-mau-thu")
    for path in house.data.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [mark for mark in marks if mark in content], path
    assert marker not in visitor.get("/fraud/check").text


def test_a_message_with_markup_is_shown_and_never_run(visitor: Visitor) -> None:
    message = "doc ma OTP <script>alert(1)</script> http://a.top/<img src=x>.apk"
    verdict = visitor.press("/fraud/check", "/fraud/check", message=message)
    assert "<script>alert" not in verdict.text and "<img src=x" not in verdict.text


@pytest.mark.parametrize("message", ["", "   \n ", "\u0000\u200b"])
def test_an_empty_box_is_asked_about(visitor: Visitor, message: str) -> None:
    answer = visitor.press("/fraud/check", "/fraud/check", message=message)
    assert answer.status_code == 422 and "Ô còn trống" in words(answer)


def test_a_very_long_message_is_read_as_far_as_it_goes_and_says_so(visitor: Visitor) -> None:
    message = SCAM + " a" * checker.MOST
    told = words(visitor.press("/fraud/check", "/fraud/check", message=message))
    assert "máy chỉ đọc phần đầu" in told and "Nguy hiểm" in told


def test_a_message_beyond_all_measure_is_refused_in_one_sentence(visitor: Visitor) -> None:
    answer = visitor.press("/fraud/check", "/fraud/check", message="a" * 1_200_000)
    assert answer.status_code == 413 and 'href="/"' in answer.text


def test_every_sample_message_can_be_judged_both_ways(visitor: Visitor) -> None:
    first = words(visitor.get("/fraud/quiz"))
    total = int(re.search(r"Câu 1 trong (\d+) câu", first)[1])  # type: ignore[index]
    assert total >= 8
    for number in range(1, total + 1):
        answers = [words(visitor.get(f"/fraud/quiz?n={number}&said={said}")) for said in ("scam", "real")]
        assert sum("Đúng rồi!" in answer for answer in answers) == 1
        assert all("Đây là tin" in answer for answer in answers)


def test_no_log_tells_which_page_was_read(visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    visitor.get("/fraud/cong-an-cap-nhat-vneid")
    assert caplog.text == ""
