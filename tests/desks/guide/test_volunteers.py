"""Volunteers at the guide's desk: written down, given a key and a list, locked out; and what came from them."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from flask import Flask

from hub.base import backups, boxes, crypto, db
from hub.base.house import House
from hub.overview import monthly
from hub.post import inbox, outbox
from hub.post.inbox import Case, Comment
from hub.trades.people import service as people
from hub.trades.volunteers import credentials, lists
from hub.trades.volunteers import service as volunteers
from hub.trades.volunteers import visits
from hub.trades.volunteers.model import Way
from tests.desks.guide import test_people as homes
from tests.desks.guide.hand import Guide, said, value, where
from tests.fakes import FakeClock
from tests.field import collect, walk
from tests.field.collect import Collect, Record

SAMPLE = {"households.csv": b"name,label\nmau,Nha mau\n"}


@pytest.fixture(autouse=True)
def unmarked(conn: sqlite3.Connection) -> None:
    """Volunteers may take nothing but what a test marks."""
    volunteers.unmark_form(conn, walk.BROUGHT)


@pytest.fixture
def base(app: Flask) -> Iterator[str]:
    with walk.listening(app) as url:
        yield url


def begin(guide: Guide, name: str = "Lý A Mẫu", until: str = "21/12/2026") -> str:
    """Write somebody down; return their page."""
    answer = guide.post(
        "/guide/volunteers/new", {"name": name, "phone": "0912 000 000", "until": until}, follow=False
    )
    assert answer.status_code == 303, said(answer)
    return where(answer)


def family(guide: Guide, label: str, *purposes: str) -> str:
    """A family that agreed to these purposes, with one person; return its id."""
    home = homes.family(guide, label=label, purpose=["keep_facts", *purposes])
    homes.add(guide, home, full_name="Giàng A Mẫu", residence="Thôn Thượng, Xã Mẫu, Tỉnh Mẫu")
    return home.rpartition("/")[2]


def rows(phone: Collect) -> list[dict[str, str]]:
    """The households on a telephone."""
    (offered,) = phone.forms()
    told = phone.take(offered)[1][lists.FILE].decode("utf-8")
    return list(csv.DictReader(io.StringIO(told)))


def test_a_volunteer_is_written_down_and_gets_a_key_that_is_shown_once(
    guide: Guide, house: House, conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = begin(guide)
    assert "chưa có mã" in said(guide.get(page)) and "đến hết ngày 21/12/2026" in said(guide.get(page))
    shown: list[str] = []
    picture = credentials.settings_code

    def seen(*told: str, **more: str) -> str:
        shown.append(picture(*told, **more))
        return shown[-1]

    monkeypatch.setattr(credentials, "settings_code", seen)
    answer = guide.post(f"{page}/key", {"way": "qr"})
    assert "<svg" in answer.text and "chỉ hiện một lần" in said(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    general = collect.settings(shown[0])["general"]
    assert isinstance(general, dict)
    address = re.fullmatch(rf"{house.settings.web.address}/field/key/([\w-]{{43}})", general["server_url"])
    assert address
    token = address[1]
    found = volunteers.by_token(conn, token)
    assert found is not None and found.name == "Lý A Mẫu"
    assert token not in guide.get(page).text and "dùng mã QR" in said(guide.get(page))
    assert "dùng mã QR" in said(guide.get("/guide/volunteers"))


def test_a_telephone_set_up_by_hand_gets_three_lines_to_type(guide: Guide, conn: sqlite3.Connection) -> None:
    page = begin(guide)
    told = said(guide.post(f"{page}/key", {"way": "hand"}))
    username, password = re.search(r"(tn-\w{4}).*?(\w{4}-\w{4}-\w{4}-\w{4})", told).groups()  # type: ignore[union-attr]
    assert "/field " in told and username in said(guide.get(page)) and password not in guide.get(page).text
    assert "không nhận được danh sách hộ" in said(guide.get(page))


def test_without_an_address_of_the_house_it_is_said_what_to_set(
    house: House, guide: Guide, app: Flask
) -> None:
    page = begin(guide)
    bare = msgspec.structs.replace(
        house.settings, web=msgspec.structs.replace(house.settings.web, address="")
    )
    app.extensions["house"] = dataclasses.replace(house, settings=bare)
    assert "web.address" in said(guide.get(page)) and "Làm mã QR mới" not in said(guide.get(page))
    assert "web.address" in said(guide.post(f"{page}/key", {"way": "qr"}))


def test_what_is_not_right_is_said_and_what_was_typed_stays(guide: Guide) -> None:
    for typed in ({"name": "", "until": "21/12/2026"}, {"name": "Lý A Mẫu", "until": "20/11/2026"}):
        answer = guide.post("/guide/volunteers/new", {"phone": "", **typed}, follow=False)
        assert answer.status_code == 422 and f'value="{typed["until"]}"' in answer.text
    page = begin(guide)
    assert "không quá một năm" in said(guide.post(f"{page}/until", {"until": "01/01/2030"}))
    assert "Đã đổi ngày cuối" in said(guide.post(f"{page}/until", {"until": "25/12/2026"}))
    assert "đến hết ngày 25/12/2026" in said(guide.get(page))
    assert guide.get("/guide/volunteers/99").status_code == 404


def test_a_volunteer_is_locked_out_after_a_yes(guide: Guide, conn: sqlite3.Connection) -> None:
    page = begin(guide)
    guide.post(f"{page}/key", {"way": "qr"})
    assert "Lý A Mẫu" in said(guide.get(f"{page}/revoke"))
    assert volunteers.listing(conn)[0].way is Way.QR
    assert "Đã khóa" in said(guide.post(f"{page}/revoke"))
    assert volunteers.listing(conn)[0].way is None and "đã khóa" in said(guide.get("/guide/volunteers"))


def test_a_form_is_marked_by_a_guide_and_one_of_a_procedure_only_sealed(
    guide: Guide, house: House, conn: sqlite3.Connection
) -> None:
    walk.put(house, conn, walk.survey())
    volunteers.unmark_form(conn, walk.FORM)
    pack = walk.pack_forms(house, conn)[0].form_id
    page = "/guide/volunteers/forms"
    assert "Thăm hộ mẫu" in said(guide.get(page)) and volunteers.forms(conn) == {}
    guide.post(page, {"form_id": walk.FORM, "do": "plain"})
    guide.post(page, {"form_id": pack, "do": "mark"})
    assert volunteers.forms(conn) == {walk.FORM: True, pack: False}
    assert "được lấy, không niêm phong" in said(guide.get(page))
    guide.post(page, {"form_id": walk.FORM, "do": "unmark"})
    assert "Phiếu thăm nhà" in said(guide.get(page))
    assert "luôn phải niêm phong" in said(guide.post(page, {"form_id": walk.BROUGHT, "do": "plain"}))
    assert "luôn phải niêm phong" in said(guide.post(page, {"form_id": pack, "do": "plain"}))
    assert volunteers.forms(conn) == {pack: False}
    assert guide.post(page, {"form_id": "khong-co", "do": "mark"}, follow=False).status_code == 400


def test_what_came_from_a_home_visit_stands_in_the_lists_with_what_misses(
    guide: Guide, house: House, conn: sqlite3.Connection, base: str, clock: FakeClock
) -> None:
    assert "Chưa có phiếu nào" in said(guide.get("/guide/visits"))
    walk.put(house, conn, walk.survey(), plain=True)
    opened = walk.volunteer(house, conn)
    phone = walk.phone(base, opened)
    record, half = walk.filled(), walk.filled(("1.jpg", "2.jpg"))
    phone.send(record)
    phone.send(Record(half.xml, {"1.jpg": half.files["1.jpg"]}))
    told = said(guide.get("/guide/visits"))
    assert "còn thiếu 1 tệp, từ 08:30" in told and "Nhà văn hóa đang giữ, chưa gửi" in told
    assert "Cơ quan đã nhận" not in told and told.count("Từ một chuyến thăm nhà: Lý A Mẫu, 08:30") == 2
    assert "Còn thiếu tệp (1)" in said(guide.get("/guide/dossiers"))
    assert "còn thiếu 1 tệp" in said(guide.get(f"/guide/volunteers/{opened.volunteer}"))
    (waiting,) = visits.listing(conn, waiting=True)
    assert "mà không có tệp còn thiếu?" in said(guide.get(f"/guide/visits/{waiting.id}/send-on"))
    assert "Phiếu đã vào hòm thư" in said(guide.post(f"/guide/visits/{waiting.id}/send-on"))
    assert "đã vào hòm thư" in said(guide.post(f"/guide/visits/{waiting.id}/send-on"))
    assert outbox.counts(conn).queued == 2 and visits.listing(conn, waiting=True) == ()
    conn.execute("UPDATE outbox SET state = 'held', reason_key = 'relay.no_form'")
    first = visits.listing(conn, waiting=False)[0]
    assert "Đang giữ lại" in said(guide.get("/guide/visits"))
    guide.post(f"/guide/visits/{first.id}/release")
    assert outbox.state(conn, first.instance_id).state is outbox.State.QUEUED
    conn.execute(
        "UPDATE outbox SET state = 'sent', reason_key = NULL, sent_at = ?, sent_trusted = 1",
        (clock.read().text,),
    )
    assert "Cơ quan đã nhận" in said(guide.get("/guide/visits"))
    told_by_office(house, conn, first.instance_id, clock)
    told = said(guide.get("/guide/visits"))
    assert "cần bổ sung, sửa lại" in told
    assert "Cơ quan nhắn (08:30): Ảnh mờ" in told
    assert monthly.count(conn, "2026-11", clock.read()).visits == 2


def told_by_office(house: House, conn: sqlite3.Connection, instance_id: str, clock: FakeClock) -> None:
    """As if the relay had read a state and a comment."""
    now, key = clock.read(), inbox.words_key(house.keys)
    with db.write(conn):
        inbox.expect(conn, instance_id, walk.FORM, now)
        inbox.note_state(conn, instance_id, "hasIssues", now)
        wrote = ([Comment("Ảnh mờ", now.text, "Cán bộ Mẫu")], "e")
        inbox.note_remarks(conn, Case(instance_id, "", ""), comments=wrote, notes=None, key=key, now=now)


# -- lists of households --


def test_only_families_that_agreed_stand_on_a_list_and_only_their_label_and_hamlet_go_along(
    guide: Guide, house: House, conn: sqlite3.Connection, base: str
) -> None:
    yes, no = family(guide, "Nhà số 3, xóm Dưới", "home_visits"), family(guide, "Nhà số 12, xóm Trên")
    walk.put(house, conn, walk.survey(households=True), SAMPLE)
    opened = walk.volunteer(house, conn)
    phone, page = walk.phone(base, opened), f"/guide/volunteers/{opened.volunteer}/list"
    assert rows(phone) == []
    assert "chưa đồng ý" in said(guide.get(page))
    assert guide.post(page, {"home": [yes, no]}, follow=False).status_code == 422
    assert rows(phone) == []
    assert "Danh sách có 1 hộ" in said(guide.post(page, {"home": [yes]}))
    (row,) = rows(phone)
    assert (row["label"], row["hamlet"]) == ("Nhà số 3, xóm Dưới", "Thôn Thượng")
    assert re.fullmatch("h[0-9a-f]{12}", row["name"]) and yes not in row["name"]
    assert "ghi vào danh sách đi thăm nhà" in said(guide.get(f"/guide/people/{yes}"))
    other = walk.phone(base, walk.volunteer(house, conn, name="Giàng A Mẫu"))
    hand = walk.phone(base, walk.volunteer(house, conn, Way.HAND, name="Vàng A Mẫu"))
    assert rows(other) == [] and rows(hand) == []
    assert volunteers.get(conn, opened.volunteer).name == "Lý A Mẫu"


def test_a_household_is_called_the_same_on_every_list_and_for_ever(
    guide: Guide, house: House, conn: sqlite3.Connection, base: str
) -> None:
    home = family(guide, "Nhà số 3, xóm Dưới", "home_visits")
    walk.put(house, conn, walk.survey(households=True), SAMPLE)
    names = set()
    for _ in range(2):
        opened = walk.volunteer(house, conn)
        guide.post(f"/guide/volunteers/{opened.volunteer}/list", {"home": [home]})
        names.add(rows(walk.phone(base, opened))[0]["name"])
    assert len(names) == 1


def test_nobody_can_take_consent_back_between_the_looking_and_the_writing(
    guide: Guide, house: House, conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = family(guide, "Nhà số 3, xóm Dưới", "home_visits")
    opened, looked = walk.volunteer(house, conn), people.listing
    alone: list[bool] = []

    def looking(at: sqlite3.Connection, *, key: bytes) -> Any:
        alone.append(at.in_transaction)
        return looked(at, key=key)

    monkeypatch.setattr(people, "listing", looking)
    guide.post(f"/guide/volunteers/{opened.volunteer}/list", {"home": [home]}, follow=False)
    assert alone == [True] and set(lists.chosen(conn, opened.volunteer)) == {home}


@pytest.mark.parametrize("how", ["purpose", "erased"])
def test_who_takes_consent_back_is_off_every_list_at_once(
    guide: Guide, house: House, conn: sqlite3.Connection, base: str, how: str
) -> None:
    home = family(guide, "Nhà số 3, xóm Dưới", "home_visits")
    walk.put(house, conn, walk.survey(households=True), SAMPLE)
    opened = walk.volunteer(house, conn)
    phone = walk.phone(base, opened)
    guide.post(f"/guide/volunteers/{opened.volunteer}/list", {"home": [home]})
    assert len(rows(phone)) == 1
    if how == "purpose":
        page = f"/guide/people/{home}/consent"
        again = {**homes.AGREED, "purpose": ["keep_facts"], "notice": value(guide.get(page), "notice")}
        assert guide.post(page, again, follow=False).status_code == 303
        assert len(people.events(conn, home)) > 1 and "Nhà số 3" in said(guide.get(f"/guide/people/{home}"))
    else:
        guide.post(f"/guide/people/{home}/erase", {"why": "withdrawn"})
    assert rows(phone) == []
    assert conn.execute("SELECT count(*) FROM volunteer_households").fetchone()[0] == 0


def test_a_list_is_in_no_copy_and_opens_only_with_the_token(
    guide: Guide, house: House, conn: sqlite3.Connection
) -> None:
    home = family(guide, "Nhà rất riêng 5521", "home_visits")
    opened = walk.volunteer(house, conn)
    guide.post(f"/guide/volunteers/{opened.volunteer}/list", {"home": [home]})
    told = b"".join(path.read_bytes() for path in house.data.glob("house.db*"))
    assert "Nhà rất riêng 5521".encode() not in told
    sealed = conn.execute("SELECT sealed FROM volunteer_households").fetchone()[0]
    place = f"volunteer_households:{opened.volunteer}:{home}"
    assert b"5521" in boxes.open(credentials.list_pair(opened.token)[0], sealed, place)
    with pytest.raises(crypto.WrongKey):
        boxes.open(credentials.list_pair("x" * 43)[0], sealed, place)
    copy = sqlite3.connect(backups.make(house))
    assert copy.execute("SELECT count(*) FROM volunteer_households").fetchone()[0] == 0
    assert copy.execute("SELECT count(*) FROM volunteers").fetchone()[0] == 1
    copy.close()


def test_a_list_ends_on_its_day_and_with_its_key(
    guide: Guide, house: House, conn: sqlite3.Connection, base: str, clock: FakeClock
) -> None:
    home = family(guide, "Nhà số 3, xóm Dưới", "home_visits")
    walk.put(house, conn, walk.survey(households=True), SAMPLE)
    opened = walk.volunteer(house, conn)
    phone, page = walk.phone(base, opened), f"/guide/volunteers/{opened.volunteer}"
    guide.post(f"{page}/list", {"home": [home]})
    assert "1 hộ trong danh sách, đến hết ngày 05/12/2026" in said(guide.get(page))
    clock.advance(14 * 86_400)
    assert len(rows(phone)) == 1
    clock.advance(86_400)
    assert rows(phone) == []
    assert volunteers.forget(conn, clock.read(), 365) == 1
    lists_of = [lists.Home(home, "a", "b", True)] * 2
    with pytest.raises(Exception, match="too_many_homes"):
        lists.give(conn, opened.volunteer, lists_of, most=1, until_on=clock.read().on, key=bytes(32), staff=1)
    lists.give(conn, opened.volunteer, lists_of[:1], most=1, until_on=clock.read().on, key=bytes(32), staff=1)
    volunteers.open(conn, opened.volunteer, Way.QR, keys=credentials.field_keys(house.keys))
    assert lists.chosen(conn, opened.volunteer) == {}


def test_names_of_former_volunteers_go_and_their_visits_stay(
    house: House, conn: sqlite3.Connection, base: str, guide: Guide, clock: FakeClock
) -> None:
    walk.put(house, conn, walk.survey(), plain=True)
    opened = walk.volunteer(house, conn)
    walk.phone(base, opened).send(walk.filled())
    clock.advance((30 + 364) * 86_400)
    assert volunteers.forget(conn, clock.read(), 365) == 0
    clock.advance(3 * 86_400)
    assert volunteers.forget(conn, clock.read(), 365) == 1
    assert volunteers.listing(conn) == () and len(visits.listing(conn, waiting=False)) == 1
    clock.advance(-397 * 86_400)
    assert "tình nguyện viên cũ" in said(guide.get("/guide/visits"))


def test_every_page_is_for_guides_alone(guide: Guide, app: Flask) -> None:
    page = begin(guide)
    stranger = app.test_client()
    for path in (
        "/guide/visits",
        "/guide/volunteers",
        "/guide/volunteers/new",
        "/guide/volunteers/forms",
        page,
        f"{page}/list",
        f"{page}/revoke",
    ):
        assert stranger.get(path).status_code == 303, path
