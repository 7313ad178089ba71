"""Fields in the browser: signing, ranking, looking up, by keyboard alone, with and without script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from hub.base.settings import Settings
from hub.desks import shell
from hub.wiring import build
from tests.browser.tablet import Tablet
from tests.browser.test_guide import sign_in
from tests.cli.running import Run
from tests.desks.guide import gallery
from tests.desks.guide.hand import Guide

New = Callable[..., Tablet]


@pytest.fixture(scope="module")
def draft(run: Run) -> str:
    """The address of a draft of the gallery in the House that is open."""
    house = build.build(Settings(), run.data)
    app = build.web(house)
    try:
        return gallery.begin(Guide(app), house, gallery.xml()).address
    finally:
        shell.close_shell(app)


def opened(one: Tablet, draft: str, page: str) -> None:
    one.go(f"{draft}/page/{page}")
    one.page.wait_for_load_state("load")


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_page_of_fields_is_fit_for_everyone(tablet: New, draft: str, lang: str) -> None:
    one = tablet(lang=lang)
    one.go(f"/?lang={lang}")
    sign_in(one)
    for page in gallery.PAGES[1:]:
        opened(one, draft, page)
        one.look(f"fields {page}")
    one.go(f"{draft}/review")
    one.look("review of every field")


def test_a_signature_is_drawn_with_a_finger_and_kept(tablet: New, draft: str) -> None:
    one = tablet()
    sign_in(one)
    opened(one, draft, "files")
    box = one.page.locator("canvas.ink").first
    box.scroll_into_view_if_needed()
    place = box.bounding_box()
    assert place is not None
    one.page.mouse.move(place["x"] + 40, place["y"] + 60)
    one.page.mouse.down()
    one.page.mouse.move(place["x"] + 200, place["y"] + 100, steps=5)
    one.page.mouse.up()
    field = one.page.locator("input[name='/data/files/sign']")
    one.page.wait_for_function(
        "() => document.querySelector(\"input[name='/data/files/sign']\").files.length === 1"
    )
    assert field.evaluate("one => one.files[0].type") == "image/png"
    one.page.locator("#b-go").click()
    expect(one.page).to_have_url(re.compile("/page/house"))
    opened(one, draft, "files")
    one.page.locator("a[href*='-sign.png/see']").click()
    picture = one.page.locator("img.photo")
    expect(picture).to_be_visible()
    assert picture.evaluate("one => one.complete && one.naturalWidth") == 1000


@pytest.mark.parametrize("script", [True, False])
def test_a_rank_is_put_in_order_by_the_keyboard_alone(tablet: New, draft: str, script: bool) -> None:
    one = tablet(script=script)
    sign_in(one)
    opened(one, draft, "choices")
    ranked = one.page.locator("[id='f-/data/choices/order']")
    clear = ranked.locator("button[value=none]")
    if clear.count():
        clear.press("Enter")
        expect(ranked.locator("ol.rank")).to_have_count(0)
    ranked.locator("button[value='up:pear']").press("Enter")
    expect(ranked.locator("ol.rank li").nth(2)).to_contain_text("Lê")
    if script:
        focused = "() => document.activeElement.value"
        one.page.wait_for_function(f"() => ({focused})() === 'up:pear'")
        one.page.keyboard.press("Enter")
    else:
        ranked.locator("button[value='up:pear']").press("Enter")
    expect(ranked.locator("ol.rank li").nth(1)).to_contain_text("Lê")


def test_a_range_is_chosen_and_a_name_looked_up_by_the_keyboard(tablet: New, draft: str) -> None:
    one = tablet()
    sign_in(one)
    opened(one, draft, "numbers")
    one.page.locator("[id='f-/data/numbers/few-1']").focus()
    one.page.keyboard.press("ArrowRight")
    expect(one.page.locator("[id='f-/data/numbers/few-2']")).to_be_checked()
    opened(one, draft, "choices")
    box = one.page.locator("[id='f-/data/choices/looked']")
    box.fill("le")
    box.press("Tab")
    expect(box).to_have_value("Lê")


def test_an_inner_item_is_added_in_place_and_has_the_focus(tablet: New, draft: str) -> None:
    one = tablet()
    sign_in(one)
    opened(one, draft, "house")
    one.page.locator("button[name='add:/data/house[1]/member']").press("Enter")
    added = one.page.locator("[id='i-/data/house[1]/member[2]']")
    expect(added).to_be_focused()
    one.page.keyboard.press("Tab")
    one.page.keyboard.press("Tab")
    one.page.keyboard.type("Lý A Mẫu")
    expect(one.page.locator("input[name='/data/house[1]/member[2]/name']")).to_have_value("Lý A Mẫu")


def test_a_scanner_that_ends_with_enter_does_not_leave_the_page(tablet: New, draft: str) -> None:
    one = tablet()
    sign_in(one)
    opened(one, draft, "words")
    one.page.locator("input[name='/data/words/code']").press_sequentially("8930001")
    one.page.keyboard.press("Enter")
    expect(one.page.locator("input[name='/data/words/code_hidden']")).to_be_focused()


def test_a_quick_question_takes_a_finger_onward_and_leaves_arrow_keys_alone(tablet: New, draft: str) -> None:
    one = tablet()
    sign_in(one)
    opened(one, draft, "last")
    one.page.locator("[id='f-/data/last/done-1']").focus()
    with one.page.expect_response(lambda answer: answer.request.method == "POST"):
        one.page.keyboard.press("ArrowDown")
    expect(one.page.locator("[id='f-/data/last/done-2']")).to_be_checked()
    expect(one.page).to_have_url(re.compile("/page/last"))
    one.page.locator("label[for='f-/data/last/done-1']").click()
    expect(one.page).to_have_url(re.compile("/review"))


def test_a_place_is_taken_from_the_tablet_only_when_asked(tablet: New, draft: str) -> None:
    one = tablet()
    sign_in(one)
    one.page.context.grant_permissions(["geolocation"])
    one.page.context.set_geolocation({"latitude": 22.3364, "longitude": 103.8438, "accuracy": 6})
    opened(one, draft, "places")
    box = one.page.locator("[id='f-/data/places/point']")
    expect(box).to_have_value("")
    one.page.locator("[id='f-/data/places/point'] + button").click()
    expect(box).to_have_value("22.3364000 103.8438000 0.0 6.0")
    one.page.locator("#b-go").click()
    opened(one, draft, "places")
    expect(box).to_have_value("22.3364 103.8438 0 6")
