"""A guide with an old address and an odd number: asked about, chosen by keyboard, never in the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.tablet import Tablet
from tests.browser.test_guide import BIRTH, answer, sign_in
from tests.browser.test_villager import New, both
from tests.cli.running import Run

OLD = "Thôn Mẫu, Phường Điện Biên, Ba Đình, Hà Nội"
NEW = "Thôn Mẫu, phường Ba Đình, thành phố Hà Nội (trước: Phường Điện Biên, Ba Đình, Hà Nội)"
HOME = "[name='/data/me/noi_cu_tru']"


def _picture(one: Tablet, name: str) -> None:
    # For a person who wants to see the pages: HOUSE_PICTURES names a folder.
    folder = os.environ.get("HOUSE_PICTURES")
    if folder:
        one.page.screenshot(path=Path(folder) / f"{name}-{one.lang}.png", full_page=True)


def _begin(one: Tablet) -> str:
    """Begin a birth dossier; return its address."""
    one.go(f"/guide/start/{BIRTH}")
    for name in ("read_aloud", "purpose"):
        for box in one.page.locator(f"input[name={name}]").all():
            one.page.locator(f"label[for={box.get_attribute('id')}]").click()
    for value in ("spoken", "self"):
        box = one.page.locator(f"input[value={value}]").first
        one.page.locator(f"label[for={box.get_attribute('id')}]").click()
    one.page.locator("main form .button-main").last.press("Enter")
    one.page.wait_for_url("**/page/**")
    return one.page.url.removeprefix(one.base).partition("/page/")[0]


@both
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_an_old_address_and_an_odd_number_are_looked_at_and_stop_nothing(
    run: Run, tablet: New, script: bool, lang: str
) -> None:
    guide = tablet(script=script)
    sign_in(guide)
    guide.lang = lang
    guide.go(f"/guide/dossiers?lang={lang}")
    draft = _begin(guide)
    guide.go(f"{draft}/page/me")
    answer(guide, ho_ten="NGUYEN THI MAU", so_dinh_danh="010299000000", noi_cu_tru=OLD)
    guide.page.locator("#b-go").click()
    # Some answers are still missing here, so the page stays and shows what it noticed.
    group = guide.page.locator(".place")
    expect(group.get_by_role("button")).to_have_count(5)
    expect(guide.page.locator(".look")).not_to_have_count(0)
    guide.look("fill with an old address")
    _picture(guide, "place")
    group.get_by_role("button").nth(0).press("Enter")
    expect(guide.page.locator(HOME)).to_have_value(NEW)
    expect(guide.page.locator(".place")).to_have_count(0)
    if script:
        expect(guide.page.locator(HOME)).to_be_focused()
    guide.page.locator(".contents summary").click()
    guide.page.locator(".contents button[name=to]").nth(3).click()
    expect(guide.page.locator(".notice-care a")).not_to_have_count(0)
    guide.look("page after one with something to look at")
    _picture(guide, "after")
    guide.go(f"{draft}/review")
    guide.look("review with something to look at")
    _picture(guide, "review")
    guide.go("/guide/places")
    guide.look("places")
    guide.page.locator("#f-q").fill("dien bien")
    guide.page.locator("#f-q").press("Enter")
    expect(guide.main.locator("section")).not_to_have_count(0)
    guide.look("places found")
    _picture(guide, "places")
