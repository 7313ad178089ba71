"""The guide's desk from outside: who comes in, what every page keeps to itself."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from hub.base import phrases
from hub.wiring import demo
from tests.desks.guide.hand import SLUG, Guide, token
from tests.desks.visitor import Visitor, words

PAGES = (
    "",
    "/desk",
    "/strip?at=queue",
    "/issue",
    "/papers",
    "/tickets/1",
    "/dossiers",
    "/start",
    f"/start/{SLUG}",
    "/people",
    "/people/new",
    "/places",
    "/places?q=lam+giang",
    "/prices",
    "/figures",
    "/figures/chung-thuc-ban-sao/fee_page_first",
    "/requests",
    "/requests/new",
    "/recording",
    "/recording/new",
    "/visits",
    "/volunteers",
    "/volunteers/new",
    "/volunteers/forms",
)
_ROOMS = (
    "guide|dossiers|tickets|shared|printing|prices|people|starting|readback|privacy|places|warnings|field"
)
_KEY = re.compile(rf"\b(?:{_ROOMS})\.[a-z_]+\b")


def addresses(app: Flask, method: str) -> list[str]:
    """Every address of this desk that takes ``method``."""
    filled = {"<int:ticket_id>": "1", "<int:job_id>": "1", "<int:report_id>": "1", "<int:aside_id>": "1"}
    filled |= {"<int:word_id>": "1", "<int:request_id>": "1", "<int:number>": "1", "<int:voice_id>": "1"}
    filled |= {"<int:visit_id>": "1", "<int:volunteer_id>": "1"}
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("guide.") and method in (rule.methods or ()):
            path = rule.rule
            for part, value in filled.items():
                path = path.replace(part, value)
            found.append(re.sub(r"<\w+>", "x", path))
    assert len(found) > 10
    return found


def test_who_has_not_signed_in_is_sent_to_sign_in(reading: Flask) -> None:
    visitor = Visitor(reading)
    for path in addresses(reading, "GET"):
        answer = visitor.get(path)
        assert answer.status_code == 303 and answer.location.startswith("/sign-in?next=/guide"), path


def test_who_has_not_signed_in_changes_nothing_by_a_press(reading: Flask) -> None:
    visitor = Visitor(reading)
    sent = {"csrf_token": token(visitor.get("/sign-in"))}
    for path in addresses(reading, "POST"):
        answer = visitor.send(path, sent)
        assert answer.status_code == 303 and answer.location == "/sign-in", path


def test_a_technician_may_not_come_in(reading: Flask) -> None:
    visitor = Visitor(reading)
    name, _, secret = demo.SIGN_INS[1]
    sent = {"csrf_token": token(visitor.get("/sign-in")), "name": name, "secret": secret}
    assert visitor.send("/sign-in", sent).status_code == 303
    for path in addresses(reading, "GET"):
        assert visitor.get(path).status_code == 403, path
    for path in addresses(reading, "POST"):
        assert visitor.send(path, {"csrf_token": sent["csrf_token"]}).status_code in (400, 403), path


def test_a_press_without_the_pages_token_is_refused(app: Flask, guide: Guide) -> None:
    guide.sits()
    for path in addresses(app, "POST"):
        answer = guide.client.post(path, data={})
        assert answer.status_code == 400, path
    assert "bàn 1: " not in words(guide.get("/guide/strip"))


@pytest.mark.parametrize("lang", phrases.LANGUAGES)
def test_every_page_speaks_the_readers_language_and_is_kept_by_no_browser(guide: Guide, lang: str) -> None:
    guide.sits()
    for page in PAGES:
        mark = "&" if "?" in page else "?"
        answer = guide.get(f"/guide{page}{mark}lang={lang}")
        assert answer.status_code == 200, page
        assert f'<html lang="{lang}">' in answer.text
        assert answer.headers["Cache-Control"] == "no-store", page
        assert not _KEY.search(words(answer)), page


def test_a_sealed_dossiers_page_nobody_has_says_what_was_kept_and_what_to_do(
    app: Flask, guide: Guide
) -> None:
    for path, status in (
        ("/guide/dossiers/nothing", 404),
        ("/guide/sealed/AAAA-AAAA", 422),
        ("/guide/tickets/99", 404),
    ):
        answer = guide.get(path)
        assert answer.status_code == status
        assert "Những gì đã được giữ lại" in words(answer) and "Bây giờ làm gì" in words(answer)


def test_the_strip_tells_the_queue_and_is_the_same_until_something_changes(app: Flask, guide: Guide) -> None:
    guide.sits()
    first = guide.get("/guide/strip?at=queue")
    assert "Hàng chờ 3" in words(first)
    assert guide.get("/guide/strip?at=queue", If_None_Match=first.headers["ETag"]).status_code == 304
    guide.post("/guide/call")
    changed = guide.get("/guide/strip?at=queue", If_None_Match=first.headers["ETag"])
    assert changed.status_code == 200 and "Hàng chờ 2" in words(changed) and "bàn 1: B2" in words(changed)
