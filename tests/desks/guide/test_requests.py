"""The request desk, as a guide goes through it: asked, found, copied, erased, taken back, answered."""

from __future__ import annotations

import dataclasses
import io
import re
import sqlite3
import zipfile

import pytest

from hub.base import db
from hub.overview import access
from hub.post import jobs
from hub.trades.dossiers import follow, ledger
from hub.trades.dossiers.model import What
from hub.trades.people import service as people
from hub.trades.people import store
from hub.trades.people.model import HouseholdId
from hub.trades.people.model import What as FamilyAct
from hub.trades.privacy import delegation, log, requests
from hub.trades.privacy.model import Access, Act, State
from tests.desks import dossiers as sealed_ones
from tests.desks.guide.hand import BIRTH, CONSENT, START, Draft, Guide, said, value, where
from tests.desks.guide.test_people import add, family
from tests.fakes import FakeClock

ASK = {"identified": "card_seen"}


def ask(guide: Guide, kind: str, **more: str) -> str:
    """Write a request down; return its address."""
    answer = guide.post("/guide/requests/new", {**ASK, "kind": kind, **more}, follow=False)
    assert answer.status_code == 303, said(answer)
    return where(answer)


def number(address: str) -> int:
    return int(address.rsplit("/", 1)[1])


def test_a_request_is_written_down_with_its_day_and_without_a_name(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    page = guide.get("/guide/requests/new")
    assert "24/11/2026" in said(page) and "checked" not in page.text
    missing = guide.post("/guide/requests/new", {"kind": "know"}, follow=False)
    assert missing.status_code == 422 and "chọn đủ" in said(missing)
    wrong = guide.post("/guide/requests/new", {**ASK, "kind": "know", "code": "ZZZ-ZZZ"}, follow=False)
    assert wrong.status_code == 422
    one = ask(guide, "know")
    assert "24/11/2026" in said(guide.get(one)) and "Yêu cầu số 1" in said(guide.get("/guide/requests"))
    told = guide.post(f"{one}/close")
    assert "Đã làm xong" in said(told) and requests.count(conn) == 0


def test_a_late_request_is_said_to_be_late(guide: Guide, clock: FakeClock, conn: sqlite3.Connection) -> None:
    ask(guide, "object")
    assert "Đã quá hạn" not in said(guide.get("/guide/requests"))
    clock.at = clock.at.replace(day=25)
    assert "Đã quá hạn" in said(guide.get("/guide/requests"))


def test_a_copy_holds_all_that_was_typed_and_is_kept_nowhere(guide: Guide, conn: sqlite3.Connection) -> None:
    draft = guide.begin()
    draft.fill()
    home = family(guide)
    add(guide, home, full_name="Nguyễn Thị Mẫu", phone="0912 000 000")
    one = ask(guide, "copy", draft=draft.id, household=home.rsplit("/", 1)[1])
    early = guide.post(f"{one}/close")
    assert "chưa gọi là xong" in said(early)
    answer = guide.post(f"{one}/copy", {"as": "file"}, follow=False)
    assert answer.mimetype == "application/zip" and "no-store" in answer.headers["Cache-Control"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as folder:
        files = {name: folder.read(name).decode("utf-8") for name in folder.namelist()}
    assert "Lý Thị Mẫu" in files["copy.html"] and "0912 000 000" in files["copy.html"]
    assert "<ho_ten>Lý Thị Mẫu</ho_ten>" in next(v for k, v in files.items() if k.endswith("instance.xml"))
    assert "Nguyễn Thị Mẫu" in next(v for k, v in files.items() if k.endswith("household.json"))
    page = said(guide.post(f"{one}/copy", {"as": "page"}))
    assert BIRTH["tre"]["noi_sinh"] in page and "Lý Thị Mẫu" in page
    guide.post(f"{one}/close")
    found = requests.get(conn, number(one))
    assert found.state is State.DONE and [one.act for one in found.acts][:2] == [Act.EXPORTED, Act.EXPORTED]
    assert len(ledger.events(conn, draft.id, (What.EXPORTED,))) == 2
    assert log.counts(conn)[Access.COPY_GIVEN] == 2


def test_a_sealed_dossier_is_honestly_said_to_be_closed_to_this_box(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    code, _ = sealed_ones.kept(conn, clock.read())
    one = ask(guide, "copy", code=code)
    page = said(guide.post(f"{one}/copy", {"as": "page"}))
    assert code in page and "máy ở đây không mở được" in page


def test_a_draft_is_erased_after_a_yes(guide: Guide, conn: sqlite3.Connection) -> None:
    draft = guide.begin()
    one = ask(guide, "delete")
    guide.post(f"{one}/about", {"draft": draft.id})
    asked = guide.get(f"{one}/erase/1")
    assert "không lấy lại được" in said(asked)
    assert conn.execute("SELECT count(*) FROM drafts").fetchone()[0] == 1
    done = said(guide.post(f"{one}/erase/1"))
    assert "Đã xóa hẳn" in done and "không còn ở đây" in done
    assert conn.execute("SELECT count(*) FROM drafts").fetchone()[0] == 0
    assert ledger.events(conn, draft.id, (What.ERASED,))
    assert "không còn" in said(guide.post(f"{one}/erase/1")).lower()
    assert "Đã làm xong" in said(guide.post(f"{one}/close"))


def test_what_the_page_showed_is_erased_also_when_a_record_was_added_meanwhile(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    first, second = sorted((guide.begin().id, guide.begin().id))
    one = ask(guide, "delete", draft=second)
    shown = value(guide.get(f"{one}/erase/1"), "ref")
    guide.post(f"{one}/about", {"draft": first})
    guide.post(f"{one}/erase/1", {"ref": shown})
    assert [row[0] for row in conn.execute("SELECT id FROM drafts")] == [first]
    assert "Không có yêu cầu" in said(guide.post(f"{one}/erase/1", {"ref": "another"}))
    assert conn.execute("SELECT count(*) FROM drafts").fetchone()[0] == 1


def test_a_purpose_is_taken_back_from_the_record_whose_button_was_pressed(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    homes = [family(guide, purpose=["keep_facts", "keep_ethnicity"]).rsplit("/", 1)[1] for _ in range(2)]
    first, second = sorted(homes)
    one = ask(guide, "withdraw", household=second)
    shown = value(guide.get(one), "ref")
    guide.post(f"{one}/about", {"household": first})
    guide.post(f"{one}/consent/1", {"ref": shown, "purpose": "keep_ethnicity"})
    assert people.agreed(conn, first).consent.purposes == {"keep_facts", "keep_ethnicity"}
    assert people.agreed(conn, second).consent.purposes == {"keep_facts"}
    led = guide.post(f"{one}/consent/1", {"ref": shown, "purpose": "keep_facts"}, follow=False)
    assert where(led) == f"{one}/erase/2"


def test_a_purpose_is_taken_back_also_when_the_notice_is_a_newer_one(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    household = family(guide, purpose=["keep_facts", "keep_ethnicity"]).rsplit("/", 1)[1]
    held = people.agreed(conn, household).consent
    older = dataclasses.replace(held, notice_version="2025-01-01")
    with db.write(conn):
        store.add_consent(conn, HouseholdId(household), older, 1, clock.read())
    one = ask(guide, "withdraw", household=household)
    assert "Đã rút lại" in said(guide.post(f"{one}/consent/1", {"purpose": "keep_ethnicity"}))
    left = people.agreed(conn, household).consent
    assert left.purposes == {"keep_facts"} and left.notice_version == "2025-01-01"


@pytest.mark.parametrize("kind", ["restrict", "object", "complain"])
def test_what_the_house_only_writes_down_is_said_to_be_done_by_people(guide: Guide, kind: str) -> None:
    assert "máy chỉ ghi lại" in said(guide.get("/guide/requests/new"))
    one = ask(guide, kind)
    assert "máy chỉ ghi lại" in said(guide.get(one))
    guide.post(f"{one}/close")
    assert "máy chỉ ghi lại" not in said(guide.get(one))


def test_a_sealed_dossier_is_taken_out_only_before_the_office_has_it(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    code, _ = sealed_ones.kept(conn, clock.read())
    sent, instance_id = sealed_ones.kept(conn, clock.read())
    sealed_ones.at_office(conn, instance_id, clock.read())
    one = ask(guide, "delete", code=code)
    assert "chưa hề gửi đi" in said(guide.post(f"{one}/erase/1"))
    assert [each.code for each in follow.listing(conn)] == [sent]
    two = ask(guide, "delete", code=sent)
    assert "không rút ở đây được nữa" in said(guide.post(f"{two}/erase/1"))
    assert not requests.get(conn, number(two)).acts
    assert "chưa gọi là xong" in said(guide.post(f"{two}/close"))
    assert "chọn lý do" in said(guide.post(f"{two}/refuse"))
    assert "chỉ cơ quan làm được" in said(guide.post(f"{two}/refuse", {"reason": "at_office"}))


def test_one_purpose_taken_back_takes_what_was_kept_for_it(guide: Guide, conn: sqlite3.Connection) -> None:
    home = family(guide, purpose=["keep_facts", "keep_ethnicity"])
    add(guide, home, full_name="Lý A Mẫu", ethnicity="mong")
    household = home.rsplit("/", 1)[1]
    one = ask(guide, "withdraw", household=household)
    told = said(guide.post(f"{one}/consent/1", {"purpose": "keep_ethnicity"}))
    assert "Đã rút lại" in told
    assert people.agreed(conn, household).consent.purposes == {"keep_facts"}
    whole = guide.post(f"{one}/consent/1", {"purpose": "keep_facts"}, follow=False)
    assert where(whole) == f"{one}/erase/1"
    guide.post(f"{one}/erase/1")
    assert people.events(conn, household)[-1].what is FamilyAct.WITHDRAWN
    assert guide.post(f"{one}/consent/7", {"purpose": "x"}).status_code == 200


def test_the_answer_is_printed_for_who_asked(guide: Guide, conn: sqlite3.Connection) -> None:
    one = ask(guide, "correct")
    guide.post(f"{one}/print")
    guide.post(f"{one}/corrected")
    guide.post(f"{one}/close")
    guide.post(f"{one}/print")
    subjects = {job.subject for job in jobs.latest(conn, 5)}
    assert {"request:1:open", "request:1:done"} <= subjects


def test_what_was_agreed_to_is_known_after_sealing_and_taking_it_back_takes_the_dossier_out(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    draft = guide.begin()
    draft.fill()
    assert draft.seal().status_code == 303
    (found,) = follow.listing(conn)
    sealed = guide.get(f"/guide/sealed/{found.code}")
    assert f'href="/guide/requests/new?code={found.code}"' in sealed.text
    one = ask(guide, "withdraw", code=found.code)
    assert "gửi hồ sơ đến cơ quan" in said(guide.get(one))
    led = guide.post(f"{one}/consent/1", {"purpose": "send"}, follow=False)
    assert where(led) == f"{one}/erase/1"
    assert "chưa hề gửi đi" in said(guide.post(f"{one}/erase/1"))
    assert not follow.listing(conn)
    assert [one.act for one in requests.get(conn, number(one)).acts] == [Act.WITHDRAWN]


def test_a_request_without_a_record_gives_no_copy(guide: Guide) -> None:
    one = ask(guide, "copy")
    assert "chỉ ra hồ sơ" in said(guide.post(f"{one}/copy"))
    assert "chỉ ra hồ sơ" in said(guide.post(f"{one}/about"))


def test_who_acts_for_another_is_known_from_the_consent_and_can_be_printed(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    notice = value(guide.get(START), "notice")
    sent = {**CONSENT, "given_by": "delegate", "relation": "neighbour", "notice": notice}
    answer = guide.post(START, sent, follow=False)
    draft = Draft(guide, answer.location.rsplit("/", 1)[1])
    held = delegation.of(conn, draft.id)
    assert held is not None and held.relation == "neighbour"
    page = said(guide.get(f"{draft.address}/privacy"))
    assert "hàng xóm" in page and "Khai giúp và gửi đi" in page
    wrong = guide.post(f"{draft.address}/delegation", {"relation": "child"}, follow=False)
    assert wrong.status_code == 422
    sent = {"relation": "child", "scope": "fill", "shown": "paper", "until": "1/1/2020"}
    assert "không quá" in said(guide.post(f"{draft.address}/delegation", sent))
    guide.post(f"{draft.address}/delegation", {**sent, "until": "30/11/2026"})
    assert "30/11/2026" in said(guide.get(f"{draft.address}/privacy"))
    guide.post(f"{draft.address}/delegation/print")
    assert jobs.latest(conn, 1)[0].subject == "delegation:2"


def test_nobody_acts_for_another_without_a_word(guide: Guide) -> None:
    draft = guide.begin()
    page = guide.get(f"{draft.address}/privacy")
    assert "Không ai làm thay" in said(page)
    assert "chưa có giấy" in said(guide.post(f"{draft.address}/delegation/print"))


def test_a_guide_sees_who_looked_and_never_what_was_typed(guide: Guide, conn: sqlite3.Connection) -> None:
    draft = guide.begin()
    draft.press("tre", BIRTH["tre"])
    lines = access.of_draft(conn, draft.id)
    assert {"privacy.did_started", "privacy.did_saved"} <= {one.key for one in lines}
    page = said(guide.get(f"{draft.address}/privacy"))
    assert "hồ sơ: lưu" in page and "20/11/2026" not in page and "tre" not in page.split()


def test_a_search_of_the_families_is_written_down_without_what_was_searched(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    guide.post("/guide/people", {"q": "Nguyễn"})
    guide.post("/guide/people", {"q": ""})
    found = log.lines(conn, 5)
    assert [one.act for one in found] == [Access.PEOPLE_SEARCHED] and found[0].subject == ""
    assert access.verify(conn) == 1
    assert not re.search("nguy", repr(found), re.IGNORECASE)
