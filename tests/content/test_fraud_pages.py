"""Kinds of scam: always the same five parts, and always the House's own promise."""

from __future__ import annotations

import pytest

from tests.content import pack
from tests.content.oracle_checker import Oracle

PAGES = pack.pages("fraud")
RULES = pack.toml("fraud/rules.toml")
HEADINGS = {
    "vi": ["Chuyện thường gặp", "Dấu hiệu", "Làm gì", "Gọi ai", "Nhớ kỹ"],
    "en": ["How it goes", "The signs", "What to do", "Whom to call", "Remember"],
}
PROMISE = {
    "vi": "Nhà văn hoá số không bao giờ gọi điện xin OTP, passcode, đòi chuyển tiền hay gửi đường link.",
    "en": "The House never calls to ask for an OTP, a passcode, a transfer or a tap on a link.",
}


def ids(page: pack.Page) -> str:
    return f"{page.slug}.{page.lang}"


def test_there_are_at_least_eight_kinds_in_their_order() -> None:
    orders = sorted(p.front["order"] for p in PAGES if p.lang == "vi")
    assert len(orders) >= 8
    assert orders == list(range(1, len(orders) + 1))


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_page_has_the_same_five_parts(page: pack.Page) -> None:
    assert [h for h, _ in page.sections] == HEADINGS[page.lang]


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_page_says_that_the_house_never_calls_for_codes(page: pack.Page) -> None:
    assert PROMISE[page.lang] in page.sections[-1][1]
    assert page.sections[-1][1].strip().startswith("**")


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_page_says_whom_to_call(page: pack.Page) -> None:
    text = dict(page.sections)[HEADINGS[page.lang][3]]
    assert "156" in text and "5656" in text and "113" in text


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_no_page_ever_calls_a_message_safe(page: pack.Page) -> None:
    words = " ".join([page.body, *(q["why"] for q in page.front["quiz"])]).lower()
    assert "tin này an toàn" not in words and "là tin an toàn" not in words
    assert "message is safe" not in words and "it is safe" not in words


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_rules_named_by_a_page_exist(page: pack.Page) -> None:
    assert set(page.front["rules"]) <= {r["id"] for r in RULES["rule"]}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_the_quiz_message_and_the_checker_agree(page: pack.Page) -> None:
    oracle = Oracle(RULES)
    assert any(q["is_scam"] for q in page.front["quiz"])
    for item in page.front["quiz"]:
        assert set(item) == {"message", "is_scam", "clues", "why"}
        assert 2 <= len(item["clues"]) <= 4
        verdict, fired = oracle.check(item["message"])
        if item["is_scam"]:
            assert verdict in ("dangerous", "suspicious")
            assert fired & set(page.front["rules"]), fired
        else:
            assert verdict == "cannot_know", fired
