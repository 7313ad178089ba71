"""A guide scans and photographs papers for a dossier: live, and without script by a page that draws itself
anew.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.tablet import Tablet
from tests.browser.test_guide import BIRTH, sign_in
from tests.browser.test_villager import New, say
from tests.workers.scanners import letter

QUESTION = "/data/giay_to/anh_chung_sinh"


def _papers(one: Tablet) -> None:
    sign_in(one)
    one.go(f"/guide/start/{BIRTH}")
    for box in one.main.locator("input[type=checkbox]").all():
        box.check()
    one.page.locator("input[name=given_by][value=parent]").check()
    one.page.locator("input[name=how]").first.check()
    one.press(say("guide.consent_start"))
    expect(one.page.locator("#questions")).to_be_visible()
    one.page.goto(one.page.url.replace("/page/nguoi_yeu_cau", "/page/giay_to"))
    one.page.locator("[name='/data/giay_to/chung_sinh'][value=giay]").check()
    if not one.script:
        one.page.locator("#b-go").click()
    one.page.locator(f"[id='b-sheaf-{QUESTION}']").click()
    one.shows(say("scanning.none_yet"))


@pytest.mark.parametrize("script", [True, False])
def test_papers_are_scanned_seen_and_used(tablet: New, script: bool, tmp_path: Path) -> None:
    one = tablet(script=script)
    _papers(one)
    one.look("papers: none yet")
    one.page.locator("#b-scan").click()
    # The one that has no script is drawn anew by itself until the page is there.
    expect(one.page.locator("ol.sheaf img")).to_have_count(1, timeout=30_000)
    photo = io.BytesIO()
    letter(dpi=110, lines=0).save(photo, "JPEG")
    path = tmp_path / "giay.jpg"
    path.write_bytes(photo.getvalue())
    one.page.locator("#f-photo").set_input_files(path)
    one.page.locator("#b-photo").click()
    expect(one.page.locator("ol.sheaf img")).to_have_count(2, timeout=30_000)
    one.shows(say("scanning.finding_blank"))
    one.look("papers: two pages")
    one.page.locator("li.sheet-wrong button", has_text=say("scanning.remove")).last.click()
    expect(one.page.locator("ol.sheaf img")).to_have_count(1)
    one.page.locator("#b-use").click()
    expect(one.page.locator("#questions")).to_be_visible()
    one.shows(say("shared.file_kept", name=say("guide.a_photo")))
