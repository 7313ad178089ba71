"""The tablet of these tests itself: it must see what is wrong with a page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.tablet import Tablet

_PAGE = "<!doctype html><html lang='vi'><title>Trang</title><main><h1>Trang</h1>{}</main></html>"


@pytest.fixture
def one(browser: Browser) -> Iterator[Tablet]:
    """A tablet that needs no House."""
    found = Tablet(browser, "http://127.0.0.1:9")
    yield found
    found.faults.clear()
    found.close()


def test_a_good_page_passes(one: Tablet) -> None:
    one.page.set_content(_PAGE.format("<p>Chào bà con.</p>"))
    one.look("good")


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>", "image-alt"),
        ("<p style='color:#bbb;background:#fff'>Khó đọc</p>", "color-contrast"),
        ("<a href='/a' style='font-size:8px;display:inline-block'>a</a>" * 3, "target-size"),
        ("<input name='x'>", "label"),
        ("<p style='width:900px'>Rộng quá</p>", "scrolls sideways"),
        ("<h1>Hai</h1>", "not one heading"),
    ],
)
def test_what_keeps_people_out_is_seen(one: Tablet, bad: str, told: str) -> None:
    one.page.set_content(_PAGE.format(bad))
    with pytest.raises(AssertionError, match=told):
        one.look(told)


@pytest.mark.parametrize(
    "bad",
    [
        "<script>nothing.here()</script>",
        "<script>console.error('?')</script>",
        "<img alt='x' src='http://127.0.0.1:9/x'>",
    ],
)
def test_an_error_on_any_page_is_remembered(browser: Browser, bad: str) -> None:
    one = Tablet(browser, "http://127.0.0.1:9")
    one.page.set_content(_PAGE.format(bad))
    one.page.wait_for_timeout(50)
    with pytest.raises(AssertionError):
        one.close()
