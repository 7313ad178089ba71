"""The notice for everybody, and the technician's register, log and breaches."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.base import db, phrases
from hub.base.house import House
from hub.post import jobs
from hub.trades.privacy import breach, log
from hub.trades.privacy.model import Access
from hub.wiring import demo
from tests.desks.visitor import Visitor, spoken, words

_SIGN_IN = {role: (name, secret) for name, role, secret in demo.SIGN_INS}


def technician(app: Flask, role: str = "technician") -> FlaskClient:
    visitor = Visitor(app)
    name, secret = _SIGN_IN[role]
    visitor.press("/sign-in", "/sign-in", name=name, secret=secret)
    return visitor.client


def press(client: FlaskClient, path: str, **fields: object) -> str:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/technician/breach").text)
    assert token
    answer = client.post(path, data={"csrf_token": token[1], **fields}, follow_redirects=True)
    return str(answer.text)


@pytest.mark.parametrize("lang", phrases.LANGUAGES)
def test_the_notice_says_days_and_rights_aloud_and_on_paper(
    visitor: Visitor, conn: sqlite3.Connection, house: House, lang: str
) -> None:
    page = visitor.get(f"/privacy?lang={lang}")
    said = words(page)
    days = house.settings.dossiers.draft_days
    assert f"{days} " in said and house.settings.house.name in said and "2 " in said
    assert all(any(part in heard for heard in spoken(page)) for part in (house.settings.house.village,))
    visitor.press("/privacy", "/privacy")
    job = jobs.latest(conn, 1)[0]
    assert job.subject.startswith("notice:") and job.lang == lang
    assert words(visitor.get(f"/paper/{job.id}"))


def test_every_page_leads_to_the_notice(visitor: Visitor) -> None:
    for path in ("/", "/procedures", "/follow", "/sign-in"):
        assert 'href="/privacy"' in visitor.get(path).text


def test_the_technician_sees_register_and_counts_but_nobodys_name(
    app: Flask, conn: sqlite3.Connection, house: House
) -> None:
    client = technician(app)
    page = client.get("/technician/privacy").text
    assert "Sổ xử lý dữ liệu cá nhân" in page and f"{house.settings.people.keep_days} ngày" in page
    assert log.lines(conn, 1)[0].act is Access.LOG_READ
    assert "kỹ thuật viên đọc sổ này" in client.get("/technician/privacy").text
    table = client.get("/technician/privacy/register.csv")
    assert table.mimetype == "text/csv" and "Để làm gì" in table.text
    staff = {row["name"] for row in conn.execute("SELECT name FROM staff")}
    body = page.split("<main", 1)[1].split("</nav>", 1)[1]
    for name in staff:
        body = body.replace(name, "")
    assert conn.execute("SELECT count(*) FROM household_members").fetchone()[0] and "Mẫu" not in body


def test_a_broken_log_is_said_on_the_page(app: Flask, conn: sqlite3.Connection) -> None:
    with db.write(conn):
        conn.execute("DROP TRIGGER dossier_events_kept")
    page = technician(app).get("/technician/privacy").text
    assert "dossier_events_kept" in page


def test_a_guide_may_not_open_the_technicians_pages(app: Flask) -> None:
    guide = technician(app, "guide")
    for path in ("/technician/privacy", "/technician/breach", "/technician/breach/1"):
        assert guide.get(path).status_code == 403


def test_a_breach_starts_its_clock_which_guides_see_until_it_was_reported(
    app: Flask, conn: sqlite3.Connection
) -> None:
    client, guide = technician(app), technician(app, "guide")
    sent = {"happened": "Mất thẻ nhớ", "day": "20/11/2026", "hour": "8h30", "people": "4", "measures": ""}
    for missing, told in (
        ({"kinds": []}, "ít nhất một loại"),
        ({"people": "vài"}, "bằng chữ số"),
        ({"day": "ba mươi"}, "Chưa đọc được ngày giờ"),
        ({"day": "30/11/2026"}, "không thể ở sau lúc này"),
    ):
        page = press(client, "/technician/breach", **{**sent, "kinds": ["photos"], **missing})
        assert told in page and "Mất thẻ nhớ" in page
    page = press(client, "/technician/breach", **sent, kinds=["photos", "id_numbers"])
    # It is 08:30 on the 21st: a day of the three is over.
    assert "Còn 48 giờ để báo" in page and "23/11/2026 08:30" in page
    assert breach.get(conn, 1).discovered_at == dt.datetime(2026, 11, 20, 1, 30, tzinfo=dt.UTC)
    assert "Còn 48 giờ để báo" in guide.get("/guide/requests").text
    assert "Còn 48 giờ để báo" in client.get("/technician/privacy").text
    text = client.get("/technician/breach/1/text").text
    assert "A05" in text and "Mất thẻ nhớ" in text and "số định danh" in text
    assert "Xin ghi vài lời" in press(client, "/technician/breach/1", step="reported", words="")
    assert "Xin chọn đủ" in press(client, "/technician/breach/1", step="x", words="y")
    page = press(client, "/technician/breach/1", step="reported", words="Gửi công an xã, 10:00")
    assert "Đồng hồ đã dừng" in page and "Gửi công an xã" in page
    assert "phải báo" not in guide.get("/guide/requests").text
    assert client.get("/technician/breach/9").status_code == 404


def test_a_breach_past_its_hours_says_by_how_many(app: Flask, conn: sqlite3.Connection) -> None:
    client = technician(app)
    sent = {"happened": "Lộ", "day": "17/11/2026", "hour": "08:30", "people": "0", "kinds": ["staff"]}
    assert "Đã quá hạn báo 24 giờ" in press(client, "/technician/breach", **sent)
