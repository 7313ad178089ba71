"""The ledger of printed papers on the guide's desk: found, told, printed again for a reason."""

from __future__ import annotations

import sqlite3
from urllib.parse import urlencode

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from devices.slip import Slip, Text
from hub.base import db, phrases
from hub.post import jobs, printing, trail
from hub.post.jobs import Kind, State
from hub.trades.dossiers import follow
from tests.desks.guide.hand import Guide, said
from tests.fakes import FakeClock

PAPER = Slip((Text("Xin chào"),))


def _find(guide: Guide, asked: str) -> TestResponse:
    return guide.get(f"/guide/papers?{urlencode({'q': asked})}")


def _out(conn: sqlite3.Connection, clock: FakeClock, *, subject: str, private: bool = False) -> int:
    """A paper that a printer has taken and not confirmed; whatever waits before it is given up."""
    for job in (*jobs.waiting(conn), *jobs.stuck(conn)):
        jobs.cancel(conn, job.id, moment=clock.read())
    kind = Kind.RECEIPT if subject.startswith("dossier") else Kind.OTHER
    job_id = jobs.add(conn, kind, PAPER, moment=clock.read(), subject=subject, private=private)
    lease = printing.take(conn, "bench-1")
    assert lease is not None and lease.id == job_id
    printing.first_byte(conn, job_id, moment=clock.read())
    printing.done(conn, job_id, moment=clock.read(), confirmed=False)
    return job_id


def test_a_paper_is_found_by_its_number_its_ticket_and_its_day(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    ticket = jobs.for_subject(conn, "ticket:2")[0]
    for asked in (jobs.shown(ticket.id), str(ticket.id), "B2", "b2", f"B2 {clock.read().on:%d/%m/%Y}"):
        page = said(_find(guide, asked))
        assert "Phiếu số B2" in page and f"Tờ số {jobs.shown(ticket.id)}" in page, asked
    today = said(_find(guide, f"{clock.read().on:%d/%m/%Y}"))
    assert today.count("Tờ số") == len(jobs.latest(conn, 100))
    for asked in ("B2 1/1/2020", "1/1/2020", "999999", "<b>"):
        page = _find(guide, asked)
        assert "Không thấy tờ nào" in said(page) and "Tờ số" not in said(page).replace("Số tờ", "")
        assert "<b>" not in page.text.split("<main")[1].split("Không thấy")[1][:80]


def test_a_receipt_is_found_by_its_follow_code(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    draft = guide.begin()
    draft.fill()
    draft.seal()
    code = follow.listing(conn, 1)[0].code
    page = said(_find(guide, code))
    assert f"Giấy “giữ tại nhà văn hóa” {code}" in page
    assert code in said(_find(guide, code.lower().replace("-", " ")))


def test_what_is_sure_and_what_is_not_is_said(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    job_id = _out(conn, clock, subject="notice:x")
    page = said(guide.get(f"/guide/papers/{job_id}"))
    assert "không chắc giấy đã ra đủ" in page
    assert "Được yêu cầu in" in page and "Bắt đầu in" in page and "Đã in: máy in đã nhận hết" in page


@pytest.mark.parametrize("why", list(jobs.Why))
def test_a_copy_has_a_reason_and_a_name(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock, why: jobs.Why
) -> None:
    job_id = _out(conn, clock, subject="notice:x")
    page = said(guide.post(f"/guide/papers/{job_id}", {"do": "copy", "why": why, "back": "paper"}))
    (copy,) = jobs.waiting(conn)
    assert copy.copy_of == job_id
    reason = phrases.say("vi", why.key)
    assert f"In thêm bản sao: {reason} · Tờ số {jobs.shown(copy.id)}" in page
    assert "Hướng dẫn Mẫu" in page
    assert f"Bản sao của: Tờ số {jobs.shown(job_id)}" in said(guide.get(f"/guide/papers/{copy.id}"))


@pytest.mark.parametrize("sent", [{"do": "copy"}, {"do": "copy", "why": "because"}, {"do": "burn"}])
def test_a_copy_without_a_reason_is_no_press_of_this_page(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock, sent: dict[str, str]
) -> None:
    job_id = _out(conn, clock, subject="notice:x")
    assert guide.post(f"/guide/papers/{job_id}", sent).status_code == 400
    assert jobs.waiting(conn) == ()


@pytest.mark.parametrize(
    ("subject", "leads"),
    [
        ("ticket:2", "/guide/tickets/2"),
        ("certificate:0123", "/lessons"),
        ("checklist:khai-sinh:tablet", "/procedures/khai-sinh/checklist"),
        ("request:5:open", "/guide/requests/5"),
        ("delegation:abc", "/guide/dossiers/abc/delegation"),
        ("notice:x", "/privacy"),
    ],
)
def test_a_paper_whose_words_are_gone_leads_to_where_a_new_one_is_made(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock, subject: str, leads: str
) -> None:
    job_id = _out(conn, clock, subject=subject, private=True)
    page = guide.get(f"/guide/papers/{job_id}")
    assert "nội dung đã được xóa ngay khi in xong" in said(page)
    assert f'href="{leads}"' in page.text and 'value="copy"' not in page.text


def test_a_paper_of_a_dossier_that_is_gone_offers_nothing_it_cannot_do(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    job_id = _out(conn, clock, subject="dossier:uuid:nobody:received", private=True)
    page = guide.get(f"/guide/papers/{job_id}")
    assert page.status_code == 200 and "Đến chỗ làm tờ mới" not in page.text


def test_a_number_that_was_never_printed_is_said_on_the_ledger(guide: Guide) -> None:
    assert "Không tìm thấy phiếu in này" in said(
        guide.client.get("/guide/papers/999999", follow_redirects=True)
    )


def test_an_answer_from_the_ledger_is_written_with_its_guide(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    job_id = _out(conn, clock, subject="notice:x")
    with db.write(conn):
        conn.execute("UPDATE jobs SET state = 'ask', reason_key = 'printing.offline' WHERE id = ?", (job_id,))
    guide.post(f"/guide/papers/{job_id}", {"do": "out", "back": "paper"})
    assert jobs.get(conn, job_id).state is State.DONE
    last = trail.events(conn, job_id)[-1]
    assert last.what is trail.What.ANSWERED_OUT and last.staff_id
    assert "Hướng dẫn Mẫu" in said(guide.get(f"/guide/papers/{job_id}"))


def test_the_ledger_is_for_guides(app: Flask) -> None:
    for path in ("/guide/papers", "/guide/papers/1"):
        assert app.test_client().get(path).status_code in (302, 303, 401, 403)
