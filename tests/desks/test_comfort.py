"""What house.js adds, in a real browser under the strict content policy."""

from __future__ import annotations

import io
import re
import shutil
import threading
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import flask
import jinja2
import pytest
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

from hub.base import phrases
from tests.desks.test_look import DESKS, STATIC, TEMPLATES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

LIVE = """
{% extends "shared/base.html" %}
{% block main %}
<div id="queue" data-live="0.3"><p id="now">{{ now }}</p><button type="button" id="held">K</button></div>
{{ m.live_stale() }}{{ m.speak('Xin chào') }}
{% call m.form('/posted', files=True) %}
{{ m.text_field('name', 'Tên') }}{{ m.file_field('photo', 'Ảnh') }}{{ m.scan_field() }}
{{ m.button('Gửi', name='send', id='send') }}
{% endcall %}
{% endblock %}
"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@dataclass
class Village:
    """A page that changes, a House that can fall silent, and what was asked of it."""

    address: str = ""
    now: int = 1
    silent: bool = False
    answers: list[int] = field(default_factory=list)
    posted: list[dict[str, str]] = field(default_factory=list)


def clip() -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * 8000 * 5))
    return held.getvalue()


def application(village: Village) -> flask.Flask:
    app = flask.Flask(__name__, root_path=str(DESKS), static_folder=str(STATIC), static_url_path="/static")
    app.jinja_env.loader = jinja2.ChoiceLoader(
        [jinja2.DictLoader({"live.html": LIVE}), jinja2.FileSystemLoader(TEMPLATES)]
    )

    @app.context_processor
    def told() -> dict[str, object]:
        return {
            "lang": "vi",
            "t": lambda key, **values: phrases.say("vi", key, **values),
            "csrf_token": lambda: "token",
            "speak_url": lambda text: "/speech.wav",
            "house_name": "Nhà văn hóa số thôn Mẫu",
            "clock_trusted": True,
            "signed_in": None,
            "shared_tablet": True,
            "wipe_url": "/clean",
            "idle_s": 120,
        }

    @app.get("/live")
    def live() -> flask.Response:
        tag = f'"{village.now}"'
        if village.silent:
            answer = flask.Response("", 503)
        elif flask.request.headers.get("If-None-Match") == tag:
            answer = flask.Response("", 304)
        else:
            answer = flask.Response(flask.render_template("live.html", now=village.now))
        answer.headers["ETag"] = tag
        village.answers.append(answer.status_code)
        return answer

    @app.post("/posted")
    def posted() -> str:
        village.posted.append(dict(flask.request.form))
        return "đã nhận"

    @app.get("/clean")
    def clean() -> str:
        return "sạch"

    @app.get("/speech.wav")
    def speech() -> flask.Response:
        return flask.Response(clip(), mimetype="audio/wav")

    @app.after_request
    def strict(answer: flask.Response) -> flask.Response:
        answer.headers["Content-Security-Policy"] = POLICY
        return answer

    return app


@pytest.fixture
def village() -> Iterator[Village]:
    village = Village()
    server = make_server("127.0.0.1", 0, application(village), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    village.address = f"http://127.0.0.1:{server.server_port}"
    yield village
    server.shutdown()
    thread.join(timeout=5)
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, village: Village) -> Iterator[Page]:  # type: ignore[no-untyped-def]
    page = browser.new_page(viewport={"width": 360, "height": 640})
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda told: wrong.append(told.text) if "Content Security" in told.text else None)
    yield page
    page.close()
    assert wrong == []


def test_a_live_region_is_renewed_and_then_asks_with_its_tag(page: Page, village: Village) -> None:
    page.goto(village.address + "/live")
    page.focus("#held")
    village.now = 2
    expect(page.locator("#now")).to_have_text("2")
    expect(page.locator("#held")).to_be_focused()
    with page.expect_response(lambda answer: answer.status == 304, timeout=5000):
        pass
    assert village.answers[-1] == 304


def test_a_silent_house_is_told_and_its_return_too(page: Page, village: Village) -> None:
    page.goto(village.address + "/live")
    told = page.locator("[data-live-stale]")
    expect(told).to_be_hidden()
    village.silent = True
    expect(told).to_be_visible(timeout=15_000)
    village.silent = False
    expect(told).to_be_hidden(timeout=15_000)


def test_the_loudspeaker_plays_in_place_and_a_second_press_hushes_it(page: Page, village: Village) -> None:
    page.goto(village.address + "/live")
    speaker = page.locator("[data-speak]").first
    speaker.click()
    expect(speaker).to_have_attribute("aria-pressed", "true")
    speaker.click()
    expect(speaker).to_have_attribute("aria-pressed", "false")
    assert page.url.endswith("/live")


def test_two_idle_minutes_then_a_countdown_then_a_clean_page(page: Page, village: Village) -> None:
    page.clock.install()
    page.goto(village.address + "/live")
    page.fill("#f-name", "Lý A Mẫu")
    page.clock.run_for(119_000)
    expect(page.locator("#idle")).to_be_hidden()
    page.clock.run_for(3_000)
    expect(page.locator("#idle")).to_be_visible()
    assert re.fullmatch(r"1\d|20", page.inner_text("[data-idle-left]"))
    page.clock.run_for(20_000)
    page.wait_for_url("**/clean")
    page.go_back()
    assert page.url == "about:blank" or page.input_value("#f-name") == ""


def test_a_touch_during_the_countdown_keeps_everything(page: Page, village: Village) -> None:
    page.clock.install()
    page.goto(village.address + "/live")
    page.fill("#f-name", "Lý A Mẫu")
    page.clock.run_for(125_000)
    page.click("#idle button")
    expect(page.locator("#idle")).to_be_hidden()
    page.clock.run_for(60_000)
    assert page.url.endswith("/live") and page.input_value("#f-name") == "Lý A Mẫu"


def test_a_scan_lands_in_its_field_and_presses_only_its_own_button(page: Page, village: Village) -> None:
    page.goto(village.address + "/live")
    page.keyboard.type("000000000000||Ly A Mau", delay=2)
    page.keyboard.press("Enter")
    page.wait_for_url("**/posted")
    assert village.posted[0]["scan"] == "000000000000||Ly A Mau"
    assert "take_scan" in village.posted[0] and "send" not in village.posted[0]


def test_a_photo_is_shown_and_one_too_big_is_refused_before_it_travels(
    page: Page, village: Village, tmp_path: Path
) -> None:
    Image.new("RGB", (900, 500), "red").save(tmp_path / "small.jpg")
    (tmp_path / "big.jpg").write_bytes(bytes(26 * 1024 * 1024 + 1))
    page.goto(village.address + "/live")
    page.set_input_files("#f-photo", tmp_path / "small.jpg")
    expect(page.locator(".file-shown canvas")).to_have_attribute("width", "640")
    page.set_input_files("#f-photo", tmp_path / "big.jpg")
    expect(page.locator(".file-shown .problem")).to_contain_text("lớn quá")
    expect(page.locator(".file-shown canvas")).to_have_count(0)


def test_one_form_is_sent_once_however_often_it_is_pressed(page: Page, village: Village) -> None:
    page.goto(village.address + "/live")
    page.evaluate(
        "() => { const f = document.querySelector('form'); const b = document.getElementById('send');"
        " f.requestSubmit(b); f.requestSubmit(b); }"
    )
    page.wait_for_url("**/posted")
    assert len(village.posted) == 1
