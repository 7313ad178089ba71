"""Where is my dossier: the code, the states, the two receipts, and the end of guessing."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing

import msgspec
import pytest

from hub.app import create_app
from hub.base import ids
from hub.base.house import House
from hub.desks.villager.tries import SPAN_S, WRONG, Tries
from hub.post import inbox, jobs
from hub.trades.dossiers import follow as following
from hub.trades.dossiers import slip
from tests.desks import dossiers
from tests.desks.visitor import Visitor, spoken, words
from tests.fakes import FakeClock


def _office_papers(conn: sqlite3.Connection) -> list[jobs.Job]:
    return [job for job in jobs.latest(conn) if job.kind is jobs.Kind.RECEIPT]


def test_a_code_may_be_typed_as_people_type(
    visitor: Visitor, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    code, _ = dossiers.kept(conn, clock.read())
    answer = visitor.get(f"/follow?code={code.lower().replace('-', '+')}")
    assert answer.status_code == 303 and answer.location.endswith(f"/follow/{code}")


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_kept_at_the_house_is_never_told_as_the_office_has_it(
    visitor: Visitor, conn: sqlite3.Connection, clock: FakeClock, lang: str
) -> None:
    code, instance = dossiers.kept(conn, clock.read())
    kept = visitor.get(f"/follow/{code}?lang={lang}")
    assert ("Đang giữ tại nhà văn hóa" if lang == "vi" else "Kept at the House") in words(kept)
    assert ("Xã chưa nhận" if lang == "vi" else "does not have it yet") in words(kept)
    assert f"/follow/{code}/receipt" not in kept.text
    dossiers.at_office(conn, instance, clock.read())
    there = visitor.get(f"/follow/{code}")
    assert ("Xã đã nhận" if lang == "vi" else "The office has it") in words(there)
    assert f"/follow/{code}/receipt" in there.text


@pytest.mark.parametrize(
    ("state", "title", "todo"),
    (
        ("hasIssues", "Xã cần bổ sung", "người hướng dẫn giúp sửa"),
        ("rejected", "Xã không nhận hồ sơ này", "hỏi người hướng dẫn cách làm tiếp"),
        ("approved", "Xã đã đồng ý", "để nhận kết quả"),
    ),
)
def test_the_offices_words_are_shown_as_written_and_said_by_no_address(
    visitor: Visitor,
    house: House,
    conn: sqlite3.Connection,
    clock: FakeClock,
    state: str,
    title: str,
    todo: str,
) -> None:
    code, instance = dossiers.kept(conn, clock.read())
    dossiers.at_office(conn, instance, clock.read())
    key = inbox.words_key(house.keys)
    dossiers.says(conn, instance, state, "Chị Mẫu ơi <b>ảnh mờ</b>", clock.read(), key=key)
    page = visitor.get(f"/follow/{code}")
    assert title in words(page) and todo in words(page)
    assert "Chị Mẫu ơi &lt;b&gt;ảnh mờ&lt;/b&gt;" in page.text
    assert not [said for said in spoken(page) if "ảnh mờ" in said]
    assert page.headers["Cache-Control"] == "no-store" and "ETag" not in page.headers


def test_a_doubtful_time_is_told_as_doubtful(
    visitor: Visitor, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    clock.trusted = False
    code, _ = dossiers.kept(conn, clock.read())
    assert "21/11/2026 08:30 (giờ chưa chắc)" in words(visitor.get(f"/follow/{code}"))


def test_a_dossier_held_back_says_ask_a_guide(
    visitor: Visitor, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    code, instance = dossiers.kept(conn, clock.read())
    conn.execute(
        "UPDATE outbox SET state = 'held', reason_key = 'relay.refused' WHERE instance_id = ?", (instance,)
    )
    assert "Đang giữ lại, chưa gửi được" in words(visitor.get(f"/follow/{code}"))
    conn.execute("UPDATE outbox SET state = 'sending', reason_key = NULL WHERE instance_id = ?", (instance,))
    assert "Đang gửi đi" in words(visitor.get(f"/follow/{code}"))


def test_the_offices_receipt_is_printed_once_and_only_when_there_is_one(
    visitor: Visitor, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    code, instance = dossiers.kept(conn, clock.read())
    where = f"/follow/{code}/receipt"
    assert visitor.get(where).status_code == 422
    dossiers.at_office(conn, instance, clock.read())
    for _ in range(2):
        paper = visitor.press(where, where)
        assert "Đang in ra giấy" in words(paper)
    assert len(_office_papers(conn)) == 1
    assert instance not in paper.text


def test_a_wrong_code_is_said_and_the_box_is_there_again(visitor: Visitor) -> None:
    slipped = visitor.get("/follow?code=ABC")
    assert slipped.status_code == 422 and "Mã này chưa đúng" in words(slipped)
    unknown = visitor.get(f"/follow/{ids.new_follow_code()}")
    assert unknown.status_code == 404 and 'name="code"' in unknown.text
    assert visitor.get(f"/follow?code={'A' * 5000}").status_code == 422


def test_after_twenty_wrong_codes_nobody_guesses_on_until_minutes_have_passed(
    visitor: Visitor, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    code, _ = dossiers.kept(conn, clock.read())
    for _ in range(WRONG):
        assert visitor.get(f"/follow?code={ids.new_follow_code()}").status_code == 404
        clock.advance(1)
    stopped = visitor.get(f"/follow/{code}")
    assert stopped.status_code == 429 and "Đang giữ tại" not in words(stopped)
    wait = int(stopped.headers["Retry-After"])
    assert 0 < wait <= SPAN_S
    clock.advance(wait)
    assert visitor.get(f"/follow/{code}").status_code == 200


def test_right_codes_are_never_counted(visitor: Visitor, conn: sqlite3.Connection, clock: FakeClock) -> None:
    code, _ = dossiers.kept(conn, clock.read())
    for _ in range(WRONG + 5):
        assert visitor.get(f"/follow/{code}").status_code == 200


def test_one_address_does_not_stop_another_and_memory_stays_small() -> None:
    tries = Tries()
    for number in range(3_000):
        tries.wrong(f"10.0.{number // 250}.{number % 250}", 100.0)
    for _ in range(WRONG):
        tries.wrong("10.9.9.9", 100.0)
    assert tries.wait_s("10.9.9.9", 100.0) == SPAN_S
    assert tries.wait_s("10.9.9.8", 100.0) == 0
    assert len(tries._wrong) <= 1_000


def test_a_code_is_in_no_cookie(
    visitor: Visitor, conn: sqlite3.Connection, house: House, clock: FakeClock
) -> None:
    code, _ = dossiers.kept(conn, clock.read())
    visitor.get(f"/follow/{code}")
    assert not [one for one in visitor.client._cookies.values() if code in one.value]


@pytest.mark.parametrize(
    ("state", "heading"),
    [
        ("", "Việc này mất bao lâu"),
        ("approved", "Kết quả và lệ phí của việc này"),
        ("hasIssues", "Việc này hay phải làm lại vì"),
        ("rejected", "Việc này hay phải làm lại vì"),
    ],
)
def test_the_procedure_itself_tells_what_matters_now(
    visitor: Visitor, house: House, conn: sqlite3.Connection, clock: FakeClock, state: str, heading: str
) -> None:
    code, instance = dossiers.kept(conn, clock.read())
    dossiers.at_office(conn, instance, clock.read())
    if state:
        dossiers.says(conn, instance, state, "", clock.read(), key=inbox.words_key(house.keys))
    told = words(visitor.get(f"/follow/{code}"))
    assert heading in told
    assert told.count("hay phải làm lại vì") + told.count("mất bao lâu") + told.count("lệ phí của việc") == 1


def test_a_dossier_of_a_procedure_that_the_pack_lost_can_still_be_followed(
    visitor: Visitor, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    code, _ = dossiers.kept(conn, clock.read())
    conn.execute("UPDATE dossiers SET procedure = 'khong-con'")
    answer = visitor.get(f"/follow/{code}")
    assert answer.status_code == 200 and "mất bao lâu" not in words(answer)


@pytest.mark.parametrize("kind", ["central", "kobo", "ona", "openrosa"])
def test_news_is_promised_only_where_the_offices_server_tells_any(
    house: House, clock: FakeClock, kind: str
) -> None:
    upstream = msgspec.structs.replace(house.settings.upstream, kind=kind)
    told = dataclasses.replace(house, settings=msgspec.structs.replace(house.settings, upstream=upstream))
    with closing(told.connect()) as conn:
        code, instance = dossiers.kept(conn, clock.read())
        dossiers.at_office(conn, instance, clock.read())
        found = following.follow(conn, code)
    page = words(Visitor(create_app(told)).get(f"/follow/{code}?lang=en"))
    promised = "News will be shown here" in page
    asked = "please ask the office" in page
    assert (promised, asked) == (kind == "central", kind != "central")
    paper = str(slip.received(found, told.settings, lang="en"))
    assert ("News will be shown here" in paper, "please ask the office" in paper) == (promised, asked)
