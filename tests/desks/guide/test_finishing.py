"""What a guide does after the office has spoken, and with drafts of others or nearly past their day."""

from __future__ import annotations

import re
import sqlite3
from urllib.parse import urlsplit

import pytest
from flask import Flask

from hub.base.house import House
from hub.post import inbox, jobs
from hub.trades.dossiers import appointments, drafts, follow, ledger
from hub.trades.dossiers.model import State, What
from hub.trades.staff import service as staff
from hub.trades.staff.model import Recovery, Role
from tests.desks import dossiers as sealed_ones
from tests.desks.guide.hand import CONSENT, SLUG, Draft, Guide, said, value, where
from tests.desks.visitor import Visitor, words
from tests.fakes import FakeClock

_DAY = 86_400
_INVITE = {
    "why": "correction",
    "day": "2/12/2026",
    "hour": "08:30",
    "place": "Nhà văn hóa thôn Mẫu",
    "bring": "Giấy hẹn này",
}


def _returned(house: House, conn: sqlite3.Connection, clock: FakeClock) -> tuple[str, str]:
    code, instance_id = sealed_ones.kept(conn, clock.read())
    sealed_ones.at_office(conn, instance_id, clock.read())
    key = inbox.words_key(house.keys)
    sealed_ones.says(conn, instance_id, "hasIssues", "Xin chụp lại.", clock.read(), key=key)
    return code, instance_id


def _redo(guide: Guide, code: str) -> Draft:
    answer = guide.post(f"/guide/sealed/{code}/redo", follow=False)
    assert answer.status_code == 303 and f"/guide/start/{SLUG}" in answer.location
    page = guide.get(answer.location)
    assert code in said(page)
    sent = {**CONSENT, "notice": value(page, "notice"), "corrects": value(page, "corrects")}
    done = guide.post(f"/guide/start/{SLUG}", sent, follow=False)
    assert done.status_code == 303, said(done)
    return Draft(guide, urlsplit(done.location).path.split("/")[3])


def test_a_dossier_that_was_sent_back_is_done_again_from_its_page(
    guide: Guide, house: House, conn: sqlite3.Connection, clock: FakeClock, app: Flask
) -> None:
    code, _ = _returned(house, conn, clock)
    draft = _redo(guide, code)
    # Pressed again, it leads to what was begun.
    again = guide.post(f"/guide/sealed/{code}/redo", follow=False)
    assert where(again) == draft.address
    draft.fill()
    sealed = draft.seal()
    assert sealed.status_code == 303, said(sealed)
    new = where(sealed).rsplit("/", 1)[1]
    assert code in said(guide.get(f"/guide/sealed/{new}"))
    old = said(guide.get(f"/guide/sealed/{code}"))
    assert new in old and "Làm lại hồ sơ này" not in old
    assert follow.follow(conn, code).state is State.DONE_AGAIN
    mother = words(Visitor(app).get(f"/follow/{code}"))
    assert "đã được làm lại" in mother and new in mother
    assert code in words(Visitor(app).get(f"/follow/{new}"))


def test_what_was_not_sent_back_offers_no_second_go(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    code, _ = sealed_ones.kept(conn, clock.read())
    assert "Làm lại hồ sơ này" not in said(guide.get(f"/guide/sealed/{code}"))
    assert "chưa làm lại hồ sơ này" in said(guide.post(f"/guide/sealed/{code}/redo"))


def test_an_invitation_is_made_shown_changed_and_taken_back(
    guide: Guide, house: House, conn: sqlite3.Connection, clock: FakeClock, app: Flask
) -> None:
    code, instance_id = _returned(house, conn, clock)
    page = guide.get(f"/guide/sealed/{code}/invite")
    assert "đừng ghi tên" in said(page) and 'value="correction" checked' in page.text
    done = guide.post(f"/guide/sealed/{code}/invite", _INVITE)
    assert "Thứ Tư 02/12/2026, lúc 08:30." in said(done) and "Giấy hẹn này" in said(done)
    (job,) = jobs.for_subject(conn, appointments.subject(instance_id))
    assert job.state is jobs.State.QUEUED
    assert f"Giấy mời {code}" in said(guide.get("/guide/papers"))
    mother = words(Visitor(app).get(f"/follow/{code}"))
    assert "Mời bà con đến bổ sung hồ sơ: Thứ Tư 02/12/2026, lúc 08:30." in mother
    assert 'value="02/12/2026"' in guide.get(f"/guide/sealed/{code}/invite").text, "it can be changed"
    guide.post(f"/guide/sealed/{code}/invite", _INVITE | {"day": "09/12/2026", "hour": ""})
    assert jobs.get(conn, job.id).state is jobs.State.CANCELLED
    assert "09/12/2026" in said(guide.get(f"/guide/sealed/{code}"))
    assert "Đã rút lời mời" in said(guide.post(f"/guide/sealed/{code}/invite/cancel"))
    assert "09/12/2026, giờ nào" not in words(Visitor(app).get(f"/follow/{code}"))
    assert "không có lời mời nào" in said(guide.post(f"/guide/sealed/{code}/invite/print"))


@pytest.mark.parametrize(
    ("but", "sentence"),
    [
        ({"day": "31/02/2027"}, "Chưa đọc được ngày"),
        ({"day": "mai"}, "Chưa đọc được ngày"),
        ({"day": "01/11/2026"}, "Ngày hẹn đã qua"),
        ({"hour": "8 giờ"}, "Giờ hẹn ghi như"),
        ({"why": ""}, "Xin chọn mời đến làm gì"),
        ({"bring": "thẻ 001199000000"}, "không được ghi số căn cước"),
    ],
)
def test_an_invitation_that_cannot_be_made_keeps_what_was_typed(
    guide: Guide,
    house: House,
    conn: sqlite3.Connection,
    clock: FakeClock,
    but: dict[str, str],
    sentence: str,
) -> None:
    code, _ = _returned(house, conn, clock)
    answer = guide.post(f"/guide/sealed/{code}/invite", _INVITE | but)
    assert answer.status_code == 422 and sentence in said(answer)
    assert "Nhà văn hóa thôn Mẫu" in answer.text
    assert follow.follow(conn, code).appointment is None


def test_drafts_are_listed_as_mine_and_others_and_can_be_taken_over(
    guide: Guide, app: Flask, house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    draft = guide.begin()
    page = said(guide.get("/guide/dossiers"))
    assert "Của tôi: 1" in page and "Của người khác" not in page
    token = conn.execute("SELECT id FROM staff WHERE role = 'guide'").fetchone()["id"]
    other = staff.add(
        conn, "Giàng Thị Mẫu", Role.GUIDE, "528417", moment=clock.read(), house_key=_key(house, conn, clock)
    )
    guide.post(f"{draft.address}/hand-over", {"to": str(other.id)})
    page = said(guide.get("/guide/dossiers"))
    assert "Của người khác: 1" in page and "Của tôi" not in page and "Nhận làm tiếp" in page
    assert "Từ giờ bạn lo bản này" in said(guide.post(f"{draft.address}/take-over"))
    told = ledger.events(conn, draft.id, (What.HANDED_OVER,))
    assert [one.detail for one in told] == [str(other.id), str(token)]


def _key(house: House, conn: sqlite3.Connection, clock: FakeClock) -> bytes:
    from hub.wiring import demo

    name, _role, secret = demo.SIGN_INS[0]
    key = staff.sign_in(conn, name, secret, moment=clock.read(), where="test").house_key
    assert key is not None
    return key


def test_a_draft_near_its_day_can_be_kept_longer_for_a_reason(
    guide: Guide, house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    draft = guide.begin()
    assert "Giữ lâu hơn" not in said(guide.get("/guide/dossiers")), "its day is far"
    conn.execute("UPDATE drafts SET erase_on = '2026-11-25'")
    assert "Giữ lâu hơn" in said(guide.get("/guide/dossiers"))
    answer = guide.post(f"{draft.address}/longer")
    assert answer.status_code == 422 and "Xin chọn lý do" in said(answer)
    assert "Đã giữ đến ngày 21/12/2026" in said(guide.post(f"{draft.address}/longer", {"why": "is_away"}))
    guide.post(f"{draft.address}/longer", {"why": "is_away"})
    assert "không giữ thêm được nữa" in said(guide.get(f"{draft.address}/longer"))
    answer = guide.post(f"{draft.address}/longer", {"why": "is_away"})
    assert answer.status_code == 422 and "đã được giữ thêm 2 lần" in said(answer)
    assert drafts.extensions_left(conn, draft.id) == 0


def test_a_new_recovery_code_is_shown_once_and_kept_nowhere(
    guide: Guide, house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    assert not re.search(r"\b(?:[A-Z0-9]{5}-){4}[A-Z0-9]{5}\b", guide.get("/guide/recovery").text)
    answer = guide.post("/guide/recovery")
    (code,) = re.findall(r"\b(?:[A-Z0-9]{5}-){4}[A-Z0-9]{5}\b", answer.text)
    assert answer.headers["Cache-Control"] == "no-store"
    assert staff.unlock(conn, Recovery(code), moment=clock.read(), where="test") == _key(house, conn, clock)
    held = b"".join(path.read_bytes() for path in house.data.glob("house.db*"))
    assert code.encode() not in held and code.replace("-", "").encode() not in held
    assert jobs.latest(conn, 50) == tuple(
        job for job in jobs.latest(conn, 50) if "recovery" not in job.subject
    )


@pytest.mark.parametrize("path", ["/guide/recovery", "/guide/sealed/X/invite", "/guide/dossiers/x/longer"])
def test_these_pages_are_for_guides_alone(app: Flask, path: str) -> None:
    answer = Visitor(app).get(path)
    assert answer.status_code == 303 and "/sign-in" in answer.location
