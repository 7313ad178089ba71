"""What guide.js adds to filling in, in a real browser: pages grow as they are answered, nothing is lost."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect, sync_playwright
from werkzeug.serving import make_server

from tests.desks.guide.hand import BIRTH, Draft, Guide, said
from tests.trades.dossiers.guide import photo

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
FILL = re.compile(r"/page/\w+$")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Callable[[], Page]]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield lambda: browser.new_context(viewport={"width": 800, "height": 1280}).new_page()
        browser.close()


@pytest.fixture
def draft(guide: Guide) -> Draft:
    return guide.begin()


@pytest.fixture
def page(app: Flask, signed: tuple[Path, str], draft: Draft, chromium: Callable[[], Page]) -> Iterator[Page]:
    """The same guide's browser, which stands before nothing yet."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    page = chromium()
    address = f"http://127.0.0.1:{server.server_port}"
    page.context.add_cookies([{"name": "house", "value": signed[1], "url": address}])
    page.goto(address + draft.page("nguoi_yeu_cau"))
    page.set_default_timeout(8000)
    yield page
    page.context.close()
    server.shutdown()
    serving.join(5)
    server.server_close()


def field(page: Page, name: str) -> str:
    return f'[id="f-/data/{name}"]'


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f'[name="/data/{name}"][value="{value}"]').check(force=True)


def held_back(page: Page) -> list[Route]:
    """Keep the next save of a page on its way until the test lets it go."""
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST" and not waiting and route.request.resource_type == "fetch":
            waiting.append(route)
        else:
            route.continue_()

    page.route(FILL, hold)
    return waiting


def test_an_answer_brings_its_questions_and_saves_the_page(page: Page, draft: Draft) -> None:
    page.fill(field(page, "nguoi_yeu_cau/dien_thoai"), "0912000000")
    choose(page, "nguoi_yeu_cau/quan_he", "khac")
    expect(page.locator(field(page, "nguoi_yeu_cau/quan_he_khac"))).to_be_visible()
    assert page.input_value(field(page, "nguoi_yeu_cau/dien_thoai")) == "0912000000"
    assert draft.answers("nguoi_yeu_cau")["/data/nguoi_yeu_cau/dien_thoai"] == "0912000000"


def test_what_is_typed_while_the_answer_is_on_its_way_stays(page: Page) -> None:
    waiting = held_back(page)
    choose(page, "nguoi_yeu_cau/quan_he", "khac")
    page.wait_for_timeout(100)
    page.locator(field(page, "nguoi_yeu_cau/dien_thoai")).press_sequentially("09120")
    waiting[0].continue_()
    expect(page.locator(field(page, "nguoi_yeu_cau/quan_he_khac"))).to_be_visible()
    page.keyboard.type("00000")
    assert page.input_value(field(page, "nguoi_yeu_cau/dien_thoai")) == "0912000000"


def test_a_press_while_the_answer_is_on_its_way_is_no_quarrel_with_oneself(page: Page, draft: Draft) -> None:
    page.fill(field(page, "nguoi_yeu_cau/dien_thoai"), "0912000000")
    choose(page, "nguoi_yeu_cau/vneid_muc_2", "co")
    page.wait_for_timeout(400)
    waiting = held_back(page)
    choose(page, "nguoi_yeu_cau/quan_he", "me")
    page.fill(field(page, "nguoi_yeu_cau/dien_thoai"), "0913000000")
    page.click("#b-go")
    page.wait_for_timeout(200)
    assert "nguoi_yeu_cau" in page.url, "the press waits for the answer"
    waiting[0].continue_()
    page.wait_for_url(re.compile(r"/page/tre$"))
    assert draft.answers("nguoi_yeu_cau")["/data/nguoi_yeu_cau/dien_thoai"] == "0913000000"
    assert "hai người điền" not in said(draft.open("tre"))


def test_going_to_the_queue_by_its_link_saves_what_was_typed(page: Page, draft: Draft) -> None:
    page.fill(field(page, "nguoi_yeu_cau/dien_thoai"), "0912000000")
    page.click("nav.rooms a >> nth=0")
    page.wait_for_url(re.compile(r"/guide(/desk)?$"))
    for _ in range(40):
        if draft.answers("nguoi_yeu_cau")["/data/nguoi_yeu_cau/dien_thoai"]:
            break
        page.wait_for_timeout(50)
    assert draft.answers("nguoi_yeu_cau")["/data/nguoi_yeu_cau/dien_thoai"] == "0912000000"


def test_a_chosen_photo_stays_chosen_when_the_page_grows(page: Page, draft: Draft, tmp_path: Path) -> None:
    picture = tmp_path / "giay.jpg"
    picture.write_bytes(photo())
    draft.press("cha", BIRTH["cha"], go="skip")
    draft.press("giay_to", {"chung_sinh": "giay"}, go="skip")
    page.goto(page.url.replace("nguoi_yeu_cau", "giay_to"))
    page.set_input_files(field(page, "giay_to/anh_chung_sinh"), str(picture))
    waiting = page.expect_response(lambda answer: answer.request.method == "POST")
    with waiting:
        choose(page, "giay_to/chung_sinh", "giay")
        page.dispatch_event('[name="/data/giay_to/chung_sinh"][value="giay"]', "change")
    page.click("#b-go")
    page.wait_for_url(re.compile(r"/page/cam_ket$"))
    assert "ảnh đã chụp" in said(draft.open("giay_to"))


def test_a_scan_ends_with_enter_and_fills_the_answers(page: Page, draft: Draft) -> None:
    page.goto(page.url.replace("nguoi_yeu_cau", "me"))
    page.keyboard.type("001199000000||NGUYEN THI MAU|02091999|Nữ|Thôn Mẫu|01072025")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Đã điền từ thẻ: Mẹ")
    assert draft.answers("me")["/data/me/ho_ten"] == "NGUYEN THI MAU"
