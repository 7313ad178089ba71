"""One search over the whole shelf."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from flask import Flask

from tests.desks.visitor import Visitor, words


@pytest.fixture
def app(reading: Flask) -> Flask:
    return reading


@pytest.mark.parametrize(
    ("query", "title"),
    (
        ("khai sinh", "Làm giấy khai sinh cho bé"),
        ("vo que", "Vỏ quế tươi"),
        ("mật khẩu", "Giữ mã OTP và mật khẩu"),
        ("dien luc", "Điện lực"),
    ),
)
def test_one_search_finds_every_kind_with_and_without_accents(
    visitor: Visitor, query: str, title: str
) -> None:
    found = visitor.get(f"/search?q={quote(query)}")
    assert title in words(found)
    for way in re.findall(r'class="row-go" href="([^"]+)"', found.text):
        assert visitor.get(way).status_code == 200, way


@pytest.mark.parametrize(
    "query",
    (
        "%3Cscript%3Ealert(1)%3C/script%3E",
        "%00",
        "%FF%FE",
        '"*"(',
        "a" * 200,
        "%E1%BB%87" * 60,
        "-",
        "%27%27 OR 1=1",
    ),
)
def test_anything_may_be_searched_for(visitor: Visitor, query: str) -> None:
    answer = visitor.get(f"/search?q={query}")
    assert answer.status_code == 200 and "<script>alert" not in answer.text


def test_a_search_that_is_a_letter_is_refused_kindly(visitor: Visitor) -> None:
    answer = visitor.get(f"/search?q={'a ' * 150}")
    assert answer.status_code == 422 and "không quá 200 chữ cái" in words(answer)
