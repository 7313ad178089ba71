"""Families that asked to be remembered, and the same fact told once, as a guide goes through it."""

from __future__ import annotations

import re
import sqlite3
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from hub.base import backups
from hub.base.house import House
from hub.post import inbox
from hub.trades.dossiers import ledger, marks, redoing
from hub.trades.dossiers.model import What
from hub.trades.people import service as people
from hub.trades.people import visits
from tests.desks import dossiers as sealed_ones
from tests.desks.guide.hand import BIRTH, CARD, CONSENT, START, Draft, Guide, said, value, where
from tests.fakes import FakeClock

AGREED = {"read_aloud": "1", "purpose": ["keep_facts"], "how": "spoken", "given_by": "head"}
HOME = {"label": "Nhà số 12, xóm Trên", "phone": "0912 000 000"}


def family(guide: Guide, **more: object) -> str:
    """Begin a family's record; return its address."""
    notice = value(guide.get("/guide/people/new"), "notice")
    sent = {**AGREED, **HOME, "notice": notice, **more}
    answer = guide.post("/guide/people/new", sent, follow=False)  # type: ignore[arg-type]
    assert answer.status_code == 303, said(answer)
    return where(answer).removesuffix("/members/new")


def add(guide: Guide, home: str, **facts: str) -> TestResponse:
    answer = guide.post(f"{home}/members/new", facts, follow=False)
    assert answer.status_code == 303, said(answer)
    return answer


def drawn(answer: TestResponse) -> dict[str, str]:
    """What stands in the fields of a person's page."""
    found = re.findall(r'name="([a-z_]+)" type="text" value="([^"]*)"', answer.text)
    kept = {name: unescape(held) for name, held in found if name != "scan"}
    return {**kept, "version": value(answer, "version")} if 'name="version"' in answer.text else kept


def source(answer: TestResponse, kind: str) -> str:
    """The value of the first offered source of a kind."""
    found = re.search(rf'name="source" value="({kind}:[^"]+)"', answer.text)
    assert found, said(answer)
    return found[1]


def test_nothing_is_kept_before_the_family_agrees_to_it(guide: Guide, conn: sqlite3.Connection) -> None:
    page = guide.get("/guide/people/new")
    assert "Có giữ lại thông tin gia đình" in said(page) and "checked" not in page.text
    notice = value(page, "notice")
    for missing, words in (
        ({"purpose": ["keep_ethnicity"]}, "chưa đồng ý"),
        ({"how": ""}, "Xin chọn ai đồng ý"),
        ({"notice": "2020-01-01"}, "Lời thông báo vừa được sửa"),
        ({"label": " "}, "gọi nhà này"),
    ):
        answer = guide.post(
            "/guide/people/new", {**AGREED, **HOME, "notice": notice, **missing}, follow=False
        )
        assert answer.status_code == 422 and words in said(answer)
    answer = guide.post("/guide/people/new", {**HOME, **AGREED, "read_aloud": "", "notice": notice})
    assert conn.execute("SELECT count(*) FROM households WHERE version > 1").fetchone()[0] == 0


def test_a_card_fills_the_page_and_only_a_press_keeps_it(guide: Guide, conn: sqlite3.Connection) -> None:
    home = family(guide)
    read = guide.post(f"{home}/members/new", {"scan": CARD})
    assert 'value="001199000000"' in read.text and 'value="02/09/1999"' in read.text
    held = conn.execute("SELECT count(*) FROM household_members").fetchone()[0]
    done = guide.post(f"{home}/members/new", {**drawn(read), "full_name": "Nguyễn Thị Mẫu"})
    assert conn.execute("SELECT count(*) FROM household_members").fetchone()[0] == held + 1
    assert "Nguyễn Thị Mẫu" in said(done) and "02/09/1999" in said(done)
    bad = guide.post(f"{home}/members/new", {"scan": "https://vneid.example"}, follow=False)
    assert bad.status_code == 422 and "địa chỉ trang mạng" in said(bad)


def test_a_card_with_another_number_is_not_taken_without_a_word(guide: Guide) -> None:
    home = family(guide)
    odd = "Thẻ này mang số khác"
    read = guide.post(f"{home}/members/new", {"number": "010199000000", "scan": CARD})
    assert odd in said(read) and 'value="001199000000"' in read.text
    for number in ("", "001199000000"):
        assert odd not in said(guide.post(f"{home}/members/new", {"number": number, "scan": CARD}))


def test_what_cannot_be_read_is_shown_again_beside_its_sentence(guide: Guide) -> None:
    home = family(guide)
    answer = guide.post(
        f"{home}/members/new", {"full_name": "Lý A Mẫu", "born_on": "31/02/1999"}, follow=False
    )
    assert (
        answer.status_code == 422
        and 'value="31/02/1999"' in answer.text
        and 'value="Lý A Mẫu"' in answer.text
    )
    assert "Ngày sinh:" in said(answer)


def test_an_old_page_does_not_overwrite_a_newer_correction(guide: Guide) -> None:
    home = family(guide)
    add(guide, home, full_name="Lý A Mẫu", born_year="1970")
    person = re.search(rf'href="({home}/members/[^"]+)"', guide.get(home).text)
    assert person is not None
    old = drawn(guide.get(person[1]))
    guide.post(person[1], {**old, "born_year": "1971"})
    answer = guide.post(person[1], {**old, "born_year": "1972"}, follow=False)
    assert answer.status_code == 422 and "người khác sửa" in said(answer)
    assert "1971" in said(guide.get(home))


def test_a_name_is_looked_for_without_standing_in_an_address(guide: Guide) -> None:
    home = family(guide)
    add(guide, home, full_name="Giàng Thị Súa")
    page = guide.get("/guide/people")
    assert 'action="/guide/people" method="post"' in page.text
    assert home in guide.post("/guide/people", {"q": "giang thi sua"}).text
    assert home not in guide.post("/guide/people", {"q": "Không Ai"}).text
    assert home in guide.get("/guide/people?q=Không+Ai").text


def test_delicate_facts_are_asked_for_only_when_agreed_to(guide: Guide) -> None:
    plain = family(guide)
    assert 'name="ethnicity"' not in guide.get(f"{plain}/members/new").text
    more = family(guide, purpose=["keep_facts", "keep_ethnicity"])
    page = guide.get(f"{more}/members/new").text
    assert 'name="ethnicity"' in page and 'name="bank_account"' not in page
    add(guide, more, full_name="Lý A Mẫu", ethnicity="Mông")
    assert "Mông" in said(guide.get(more))
    asked = guide.get(f"{more}/consent")
    assert "bị xóa ngay" in said(asked)
    notice = value(asked, "notice")
    guide.post(f"{more}/consent", {**AGREED, "notice": notice})
    assert "Mông" not in said(guide.get(more))


def test_a_family_that_withdraws_is_gone_at_once(
    guide: Guide, house: House, conn: sqlite3.Connection
) -> None:
    home = family(guide)
    add(guide, home, full_name="Lý A Mẫu", number="010099000000")
    sealed = bytes(conn.execute("SELECT facts FROM household_members ORDER BY rowid DESC").fetchone()[0])
    conn.rollback()
    assert "Xóa hẳn sổ" in said(guide.get(f"{home}/erase"))
    done = guide.post(f"{home}/erase", {"why": "withdrawn"})
    assert "Đã xóa hẳn sổ" in said(done)
    assert guide.get(home).status_code == 404
    held = b"".join(path.read_bytes() for path in Path(house.database).parent.glob("house.db*"))
    assert sealed[:40] not in held
    events = [one.what for one in people.events(conn, home.rsplit("/", 1)[1])]
    assert events[-1] is people.What.WITHDRAWN


def test_no_copy_of_the_database_holds_a_record(guide: Guide, house: House, conn: sqlite3.Connection) -> None:
    add(guide, family(guide), full_name="Lý A Mẫu", number="010099000000")
    sealed = [bytes(row[0]) for row in conn.execute("SELECT facts FROM household_members")]
    sealed += [bytes(row[0]) for row in conn.execute("SELECT label FROM households")]
    copy = backups.make(house).read_bytes()
    assert len(sealed) > 2 and not any(one[:40] in copy for one in sealed)


def test_a_copy_holds_everything_and_says_that_it_was_taken(guide: Guide) -> None:
    home = family(guide)
    add(guide, home, full_name="Lý A Mẫu", number="010099000000", born_year="1999")
    copy = said(guide.post(f"{home}/copy"))
    for words in ("Lý A Mẫu", "010099000000", "1999", "Nhà số 12", "chủ hộ", "lấy bản sao"):
        assert words in copy
    assert "lấy bản sao" in said(guide.get(home))


def test_one_person_can_be_erased_and_is_named_before(guide: Guide) -> None:
    home = family(guide)
    add(guide, home, full_name="Lý A Mẫu")
    found = re.search(rf'href="({home}/members/[^"]+)"', guide.get(home).text)
    assert found is not None
    assert "Xóa hẳn Lý A Mẫu" in said(guide.get(f"{found[1]}/erase"))
    assert "Lý A Mẫu" not in said(guide.post(f"{found[1]}/erase"))


def test_who_is_kept_elsewhere_is_shown_where(guide: Guide) -> None:
    home, other = family(guide), family(guide)
    add(guide, home, full_name="Lý A Mẫu", number="010099000000")
    answer = guide.post(
        f"{other}/members/new", {"full_name": "Lý A Mẫu", "number": "010099000000"}, follow=False
    )
    assert answer.status_code == 409 and home in answer.text


def test_a_household_fills_a_dossier_and_what_was_typed_is_asked_about(guide: Guide) -> None:
    home = family(guide)
    add(
        guide,
        home,
        full_name="Nguyễn Thị Mẫu",
        number="001199000000",
        born_on="02/09/1999",
        residence="Thôn Mẫu, Xã Mẫu",
    )
    draft = guide.begin()
    draft.press("me", {"ho_ten": "Tên Khác"}, go="stay")
    assert where(draft.press("me", go="from")) == f"{draft.page('me')}/from"
    page = guide.get(f"{draft.page('me')}/from")
    sent = {"person": "me", "source": source(page, f"home:{home.rsplit('/', 1)[1]}"), "part": "all"}
    done = guide.post(f"{draft.page('me')}/from", sent)
    assert "02/09/1999" in said(done) and "đang ghi: Tên Khác" in said(done)
    assert draft.answers("me")["/data/me/ho_ten"] == "Tên Khác"
    assert draft.answers("me")["/data/me/so_dinh_danh"] == "001199000000"
    guide.post(f"{draft.page('me')}/from", {**sent, "take": "/data/me/ho_ten"})
    assert draft.answers("me")["/data/me/ho_ten"] == "Nguyễn Thị Mẫu"
    assert "điền vào hồ sơ" in said(guide.get(home))
    # The other way round: the record shows where its people's numbers stand.
    assert draft.address in guide.get(home).text


def test_the_fathers_residence_is_the_mothers_without_her_name(guide: Guide) -> None:
    draft = guide.begin()
    draft.press("me", BIRTH["me"])
    draft.press("cha", {"tinh_trang": "ghi"}, go="stay")
    page = guide.get(f"{draft.page('cha')}/from")
    assert 'value="here:me"' in page.text
    guide.post(f"{draft.page('cha')}/from", {"person": "cha", "source": "here:me", "part": "place"})
    answers = draft.answers("cha")
    assert answers["/data/cha/noi_cu_tru"] == "Thôn Mẫu, Xã Mẫu" and answers["/data/cha/ho_ten"] == ""


@pytest.mark.parametrize("wrong", ["", "here:nobody", "home:x:y", "draft:x:me", "else:1"])
def test_a_source_that_is_not_there_fills_nothing(guide: Guide, wrong: str) -> None:
    draft = guide.begin()
    answer = guide.post(f"{draft.page('me')}/from", {"person": "me", "source": wrong}, follow=False)
    assert answer.status_code in (404, 422)
    assert draft.answers("me")["/data/me/ho_ten"] == ""


def linked(guide: Guide, first: Draft) -> Draft:
    """Begin another birth dossier about the same people."""
    address = f"{START}?from={first.id}"
    page = guide.get(address)
    assert value(page, "from") == first.id
    answer = guide.post(START, {**CONSENT, "notice": value(page, "notice"), "from": first.id}, follow=False)
    assert answer.status_code == 303, said(answer)
    second = Draft(guide, where(answer).split("/")[3])
    assert where(answer) == f"{second.address}/linked/{first.id}"
    return second


def test_a_linked_dossier_asks_who_is_whom_and_then_knows_them(guide: Guide) -> None:
    first = guide.begin()
    first.press("me", BIRTH["me"])
    second = linked(guide, first)
    page = guide.get(f"{second.address}/linked/{first.id}")
    assert "Nguyễn Thị Mẫu" in said(page)
    assert re.search(r'<select id="f-me" name="me">.*?<option value="me" selected>', page.text, re.S)
    assert second.answers("me")["/data/me/ho_ten"] == ""
    done = guide.post(f"{second.address}/linked/{first.id}", {"me": "me", "cha": ""})
    assert "Nguyễn Thị Mẫu" in said(done)
    assert second.answers("me")["/data/me/so_dinh_danh"] == "001199000000"


def test_a_linked_dossier_with_nobody_to_take_over_goes_straight_on(guide: Guide) -> None:
    first = guide.begin()
    second = linked(guide, first)
    answer = guide.get(f"{second.address}/linked/{first.id}")
    assert where(answer) == second.address


def remember(guide: Guide, draft: Draft, **more: object) -> TestResponse:
    page = guide.get(f"{draft.address}/remember")
    sent = {"notice": value(page, "notice"), **more}
    return guide.post(f"{draft.address}/remember", sent, follow=False)  # type: ignore[arg-type]


def test_a_family_is_remembered_from_a_dossier_only_when_it_agrees(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    draft = guide.begin()
    draft.press("me", BIRTH["me"])
    assert f"{draft.address}/remember" in guide.get(f"{draft.address}/review").text
    before = conn.execute("SELECT count(*) FROM households").fetchone()[0]
    for more, words in (
        ({"home": "new", **AGREED, **HOME}, "đánh dấu những ai"),
        ({"person": "me", **AGREED, **HOME}, "sổ của nhà nào"),
        ({"person": "me", "home": "new", **HOME}, "chưa đồng ý"),
        ({"person": "me", "home": "new", **AGREED}, "gọi nhà này"),
    ):
        answer = remember(guide, draft, **more)
        assert answer.status_code == 422 and words in said(answer)
    assert conn.execute("SELECT count(*) FROM households").fetchone()[0] == before
    answer = remember(guide, draft, person="me", home="new", **AGREED, **HOME)
    assert where(answer) == f"{draft.address}/review"
    found = guide.post("/guide/people", {"q": "Nguyễn Thị Mẫu"})
    assert "Nhà số 12" in said(found)


def test_the_family_on_record_is_offered_and_agrees_to_one_more(guide: Guide) -> None:
    home = family(guide)
    add(guide, home, full_name="Nguyễn Thị Mẫu", number="001199000000", born_on="02/09/1999")
    draft = guide.begin()
    draft.press("me", BIRTH["me"])
    draft.press("tre", BIRTH["tre"])
    id = home.rsplit("/", 1)[1]
    assert f'name="home" value="{id}"' in guide.get(f"{draft.address}/remember").text
    refused = remember(guide, draft, person=["me", "tre"], home=id)
    assert refused.status_code == 422
    assert remember(guide, draft, person=["me", "tre"], home=id, agreed="1").status_code == 303
    shown = said(guide.get(home))
    assert (
        "Lý Thị Mẫu" in shown
        and guide.get(home).text.count("<h2>Nguyễn Thị Mẫu</h2>") == 1
        and "20/11/2026" in shown
    )
    # Nobody agreed to the ethnic group.
    assert "Mông" not in shown and "Kinh" not in shown


def test_the_page_is_read_back_page_by_page_and_it_is_written_down(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    draft = guide.begin()
    draft.fill()
    first = where(guide.get(f"{draft.address}/read"))
    assert first == f"{draft.address}/read/nguoi_yeu_cau"
    seen, here = [], first
    for _ in range(12):
        page = guide.get(here)
        seen.append(here.rsplit("/", 1)[1])
        assert "data-speak" in page.text
        here = where(guide.post(here, {"version": value(page, "version")}, follow=False))
        if here.endswith("/review"):
            break
    assert seen == list(BIRTH)
    review = guide.get(f"{draft.address}/review")
    assert said(review).count("đã đọc, đúng") == len(BIRTH) and "chưa đọc lại" not in said(review)
    draft.press("me", {"ho_ten": "Tên Khác"})
    assert said(guide.get(f"{draft.address}/review")).count("chưa đọc lại") == 1
    assert where(guide.get(f"{draft.address}/read")).endswith("/read/me")
    details = [one.detail for one in ledger.events(conn, draft.id, (What.READ_BACK,))]
    assert len(details) == len(BIRTH) and not any("Mẫu" in one for one in details)


def test_a_page_changed_while_it_was_read_is_read_again(guide: Guide) -> None:
    draft = guide.begin()
    draft.press("me", BIRTH["me"])
    here = f"{draft.address}/read/me"
    version = value(guide.get(here), "version")
    draft.press("me", {"ho_ten": "Tên Khác"})
    answer = guide.post(here, {"version": version})
    assert "người khác sửa" in said(answer) and "Tên Khác" in said(answer)


def test_procedures_are_found_by_need_and_by_words(guide: Guide) -> None:
    page = guide.get("/guide/start")
    assert START in page.text
    assert START in guide.get("/guide/start?q=khai+sinh").text
    nothing = guide.get("/guide/start?q=xyzxyz")
    assert START not in nothing.text and "Tìm thấy 0" in said(nothing)
    assert "Mới làm gần đây" not in said(page)
    guide.begin()
    assert "Mới làm gần đây" in said(guide.get("/guide/start"))


def test_who_speaks_for_another_is_known_by_relation_alone(guide: Guide, conn: sqlite3.Connection) -> None:
    notice = value(guide.get(START), "notice")
    sent = {**CONSENT, "notice": notice, "given_by": "delegate"}
    refused = guide.post(START, sent, follow=False)
    assert refused.status_code == 422 and "là gì của người có hồ sơ" in said(refused)
    answer = guide.post(START, {**sent, "relation": "neighbour"}, follow=False)
    draft_id = where(answer).rsplit("/", 1)[1]
    (event,) = ledger.events(conn, draft_id, (What.FOR_ANOTHER,))
    assert event.detail == "delegate neighbour"
    plain = guide.begin()
    assert ledger.events(conn, plain.id, (What.FOR_ANOTHER,)) == ()


def test_a_returned_dossier_is_done_again_by_one_guide(
    guide: Guide, house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    code, instance_id = sealed_ones.kept(conn, clock.read())
    assert guide.get(f"{START}?corrects={code}").status_code == 422
    sealed_ones.at_office(conn, instance_id, clock.read())
    sealed_ones.says(
        conn, instance_id, "hasIssues", "Thiếu giấy chứng sinh", clock.read(), key=inbox.words_key(house.keys)
    )
    page = guide.get(f"{START}?corrects={code}")
    assert code in said(page) and value(page, "corrects") == code
    sent = {**CONSENT, "notice": value(page, "notice"), "corrects": code}
    draft_id = where(guide.post(START, sent, follow=False)).rsplit("/", 1)[1]
    assert redoing.look(conn, code).draft_id == draft_id
    late = guide.post(START, sent, follow=False)
    assert late.status_code == 409
    assert conn.execute("SELECT count(*) FROM drafts").fetchone()[0] == 1
    wrong = guide.post(START, {**sent, "corrects": "xyz"}, follow=False)
    assert wrong.status_code in (404, 422)


def test_who_refuses_gets_a_paper_and_is_counted_without_a_name(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    day = clock.read().on
    before = visits.counted(conn, visits.Help.ON_PAPER, day, day)
    guide.post(f"{START}/refused", {"mark": "0123456789abcdef"})
    assert visits.counted(conn, visits.Help.ON_PAPER, day, day) == before + 1


def test_the_other_dossier_is_shown_with_where_it_is(guide: Guide, conn: sqlite3.Connection) -> None:
    first, second = guide.begin(), guide.begin()
    for draft in (first, second):
        draft.press("me", BIRTH["me"])
    page = guide.get(f"{second.address}/review")
    assert f'href="{first.address}"' in page.text and "đang giữ" in said(page)
    assert "Kỳ mới, năm mới" in said(page)
    assert marks.twins(conn, second.id)[0].draft_id == first.id


def test_every_page_of_families_is_for_guides_alone(app: Flask, guide: Guide) -> None:
    home = family(guide)
    guide.client.delete_cookie("house")
    for path in ("/guide/people", home, f"{home}/members/new", f"{home}/consent", f"{home}/erase"):
        answer = guide.get(path)
        assert answer.status_code == 303 and where(answer) == "/sign-in"
