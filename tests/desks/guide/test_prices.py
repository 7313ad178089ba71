"""The price board as a guide fills it in at the market."""

from __future__ import annotations

import sqlite3

import pytest
from werkzeug.test import TestResponse

from hub.trades.prices import service
from tests.desks.guide.hand import Guide, said
from tests.fakes import FakeClock

PLACE = {"place": "Chợ phiên xã Mẫu", "seen_on": "20/11/2026"}


def latest(conn: sqlite3.Connection) -> list[tuple[str, int, str, str, str]]:
    """The reports beyond the practice ones, newest first."""
    return [
        (one.commodity_id, one.amount, one.place_kind, one.place, one.seen_on.isoformat())
        for one in service.ledger(conn)
        if "tập dượt" not in one.place
    ]


def write(guide: Guide, kind: str = "cho", **typed: str) -> TestResponse:
    amounts = {name: given for name, given in typed.items() if name in ("place", "seen_on")}
    amounts |= {
        name.replace("__", ":").replace("_", "-"): given for name, given in typed.items() if "__" in name
    }
    return guide.post(f"/guide/prices?kind={kind}", {**PLACE, **amounts})


def test_several_prices_of_one_place_are_written_with_one_press(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    page = write(guide, amount__vo_que_kho="55 nghìn", amount__che_shan_kho="300.000đ")
    assert "Đã ghi 2 giá" in said(page)
    assert latest(conn) == [
        ("che-shan-kho", 300_000, "cho", PLACE["place"], "2026-11-20"),
        ("vo-que-kho", 55_000, "cho", PLACE["place"], "2026-11-20"),
    ]
    assert 'value="Chợ phiên xã Mẫu"' in page.text, "the place is there for the next time"


def test_a_second_press_writes_nothing_twice(guide: Guide, conn: sqlite3.Connection) -> None:
    for _ in range(2):
        write(guide, amount__vo_que_kho="55000")
    assert len(latest(conn)) == 1


def test_what_cannot_be_read_is_asked_again_and_the_rest_is_written(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    answer = write(guide, amount__vo_que_kho="năm lăm", amount__che_shan_kho="300k")
    assert answer.status_code == 422
    assert "Không đọc được số tiền" in said(answer) and "Những giá khác đã được ghi" in said(answer)
    assert 'value="năm lăm"' in answer.text and 'value="300k"' not in answer.text
    assert [one[0] for one in latest(conn)] == ["che-shan-kho"]


def test_a_price_that_looks_like_a_slip_needs_a_second_yes_for_that_very_number(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    write(guide, amount__vo_que_kho="55000")
    answer = write(guide, amount__vo_que_kho="5500000")
    assert answer.status_code == 422 and "Đúng, tôi thấy giá 5500000" in said(answer)
    other = {**PLACE, "amount:vo-que-kho": "9900000", "sure:vo-que-kho": "5500000"}
    assert guide.post("/guide/prices?kind=cho", other).status_code == 422
    assert len(latest(conn)) == 1
    guide.post("/guide/prices?kind=cho", {**other, "sure:vo-que-kho": "9900000"})
    assert latest(conn)[0][1] == 9_900_000


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"place": ""}, "Ghi giúp tên nơi bán"),
        ({"seen_on": "21/12/2026"}, "chưa tới"),
        ({"seen_on": "mai"}, "chưa phải là ngày"),
        ({"seen_on": ""}, "Xin ghi ngày thấy giá"),
        ({"amount__vo_que_kho": ""}, "Chưa ghi giá nào"),
        ({"amount__vo_que_kho": "0"}, "lớn hơn 0"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(
    guide: Guide, conn: sqlite3.Connection, typed: dict[str, str], words: str
) -> None:
    answer = write(guide, **{"amount__vo_que_kho": "55 nghìn", **typed})
    assert answer.status_code == 422 and words in said(answer)
    if "amount__vo_que_kho" not in typed:
        assert 'value="55 nghìn"' in answer.text
    assert latest(conn) == []


def test_a_price_is_taken_back_with_a_reason(guide: Guide, conn: sqlite3.Connection) -> None:
    write(guide, amount__vo_que_kho="55000")
    number = service.ledger(conn)[0].id
    address = f"/guide/prices/{number}/withdraw"
    assert "55.000" in said(guide.get(address))
    assert guide.post(address, {"reason": " "}).status_code == 422
    assert "đã bỏ: Gõ nhầm" in said(guide.post(address, {"reason": "Gõ nhầm"}))
    assert service.ledger(conn)[0].withdrawn is not None
    assert guide.post(address, {"reason": "Nữa"}).status_code == 409
    assert guide.get("/guide/prices/9999/withdraw").status_code == 404


def test_the_page_opens_at_the_kind_of_place_used_last(guide: Guide, clock: FakeClock) -> None:
    write(guide, amount__vo_que_kho="55000")
    page = guide.get("/guide/prices")
    assert 'kind=cho" aria-current="true"' in page.text
    assert guide.get("/guide/prices?kind=nowhere").status_code == 200
