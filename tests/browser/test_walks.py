"""Every procedure from its checklist to the receipt: in Vietnamese by the keyboard alone, in English by touch."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from hub.base import phrases
from tests.browser.tablet import Tablet
from tests.browser.test_guide import photo, sign_in
from tests.browser.test_villager import New, papers, printed
from tests.cli.running import Run, until
from tests.content import walker
from tests.content.walker import Step, Typed, Walk

# A page's contents and card reader stand before its questions: no question is further than this many presses.
_MOST_TABS = 220
_HERE = "one => one === document.activeElement"
_GROUP = "one => document.activeElement.type === 'radio' && document.activeElement.name === one.name"


class Hand:
    """Types, ticks and chooses as a finger does."""

    def __init__(self, one: Tablet) -> None:
        self.one = one

    def write(self, field: Locator, text: str) -> None:
        """Write a text in place of what is there."""
        field.fill(text)

    def tick(self, field: Locator) -> None:
        """Tick a box or choose a radio button."""
        field.check()

    def choose(self, field: Locator, value: str) -> None:
        """Choose from a list that unfolds."""
        field.select_option(value)

    def press(self, button: Locator) -> None:
        """Press a button and wait for the page it leads to."""
        with self.one.page.expect_navigation(wait_until="load"):
            self.touch(button)

    def grow(self, button: Locator) -> None:
        """Press a button that adds to the page or takes away from it, and wait until it has."""
        asked = self.one.page.locator("#questions [name=asked]")
        before = asked.count()
        self.touch(button)
        until(lambda: asked.count() != before)

    def touch(self, button: Locator) -> None:
        """Press a button, whatever it does."""
        button.click()


class Keys(Hand):
    """Does the same with Tab, the arrows, Space and Enter only."""

    def reach(self, field: Locator, here: str = _HERE) -> None:
        """Tab until the field has the focus."""
        for _ in range(_MOST_TABS):
            if field.evaluate(here):
                return
            self.one.page.keyboard.press("Tab")
        said = field.evaluate("one => one.outerHTML.slice(0, 200)")
        raise AssertionError(f"the keyboard never comes to {said}")

    def write(self, field: Locator, text: str) -> None:
        self.reach(field)
        self.one.page.keyboard.press("Control+a")
        self.one.page.keyboard.insert_text(text)

    def tick(self, field: Locator) -> None:
        if field.is_checked():
            return
        if field.get_attribute("type") != "radio":
            self.reach(field)
            self.one.page.keyboard.press("Space")
            return
        # Tab comes to a group of radio buttons once; within it the arrows lead from one to the next.
        self.reach(field, _GROUP)
        self.one.page.keyboard.press("Space")
        for _ in range(80):
            if field.is_checked():
                return
            self.one.page.keyboard.press("ArrowDown")
        raise AssertionError("the arrows never come to the choice")

    def choose(self, field: Locator, value: str) -> None:
        self.reach(field)
        places = field.evaluate("one => [...one.options].map(option => option.value)")
        here = field.evaluate("one => one.selectedIndex")
        step = "ArrowDown" if places.index(value) > here else "ArrowUp"
        for _ in range(abs(places.index(value) - here)):
            self.one.page.keyboard.press(step)
        assert field.input_value() == value

    def press(self, button: Locator) -> None:
        self.reach(button)
        # A key press returns at once: without this the next question is looked for on the page that goes.
        with self.one.page.expect_navigation(wait_until="load"):
            self.one.page.keyboard.press("Enter")

    def touch(self, button: Locator) -> None:
        self.reach(button)
        self.one.page.keyboard.press("Enter")


def _say(one: Tablet, key: str, **values: object) -> str:
    return phrases.say(one.lang, key, **values)


def _named(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")


def _answer(hand: Hand, told: Typed, picture: Path) -> None:
    page = hand.one.page
    fields = page.locator(f"#questions [name='{_named(told.name)}']:not([type=hidden])")
    if told.type.is_file:
        if page.locator(f"[name='clear:{_named(told.name)}']").count() == 0:
            fields.first.set_input_files(picture)
        return
    kind = fields.first.evaluate("one => one.localName === 'select' ? 'select' : one.type")
    for value in told.values:
        if kind in ("radio", "checkbox"):
            hand.tick(page.locator(f"#questions [name='{_named(told.name)}'][value='{value}']"))
        elif kind == "select":
            hand.choose(fields.first, value)
        elif fields.first.input_value() != value:
            hand.write(fields.first, value)


def _page_id(one: Tablet) -> str:
    found = re.search(r"/page/([^/?#]+)", one.page.url)
    return found[1] if found else ""


def _fill(hand: Hand, slug: str, steps: tuple[Step, ...], picture: Path) -> None:
    one = hand.one
    for step in steps:
        if _page_id(one) != step.page_id:
            # With JavaScript a page has grown while it was answered, and needed fewer presses.
            continue
        for told in step.typed:
            _answer(hand, told, picture)
        one.look(f"{slug} {step.page_id} {'+' if step.pressed else ''}")
        if step.pressed is None:
            hand.press(one.page.locator("#b-go"))
        else:
            hand.grow(one.page.locator(f"button[name='{_named(step.pressed)}']"))


def _checklist(one: Tablet, hand: Hand, run: Run, slug: str) -> None:
    one.go(f"/procedures/{slug}?lang={one.lang}")
    one.look(f"{slug} procedure")
    one.go(f"/procedures/{slug}/checklist")
    one.look("checklist")
    before = printed(run)
    hand.press(one.main.locator("form button").first)
    until(lambda: printed(run) > before)


def _begin(one: Tablet, hand: Hand, slug: str) -> None:
    one.go(f"/guide/start/{slug}?lang={one.lang}")
    one.look("consent")
    for box in one.main.locator("input[type=checkbox]").all():
        hand.tick(box)
    hand.tick(one.main.locator("input[name=given_by]").first)
    hand.tick(one.main.locator("input[name=how]").first)
    hand.press(one.main.get_by_role("button", name=_say(one, "guide.consent_start")))
    expect(one.page).to_have_url(re.compile("/page/"))


def _walked(one: Tablet, hand: Hand, run: Run, walk: Walk, picture: Path) -> None:
    _checklist(one, hand, run, walk.slug)
    _begin(one, hand, walk.slug)
    _fill(hand, walk.slug, walker.walk(walk, one.lang).steps, picture)
    one.shows(_say(one, "guide.review_whole"))
    one.look(f"{walk.slug} review")
    if one.page.locator("input[name=overrule]").count():
        # Walks of one procedure may speak of the same synthetic person: a guide says why that is right.
        hand.tick(one.page.locator("input[name=overrule]").first)
    hand.press(one.page.locator("#b-seal"))
    code = one.page.locator(".follow-code").inner_text()
    one.look(f"{walk.slug} sealed")
    until(lambda: any(code in paper for paper in papers(run)))
    told = [value for value in walk.answers.values() if len(value) > 12 and " " in value]
    assert not [value for value in told if value in one.words], "a sealed dossier tells nothing of the person"


@pytest.mark.parametrize("slug", walker.SLUGS)
def test_a_procedure_goes_from_checklist_to_receipt_by_the_keyboard_alone(
    tablet: New, run: Run, tmp_path: Path, slug: str
) -> None:
    one = tablet()
    sign_in(one)
    _walked(one, Keys(one), run, walker.walks(slug)[0], photo(tmp_path))


@pytest.mark.parametrize("slug", walker.SLUGS)
def test_a_procedure_goes_from_checklist_to_receipt_in_english(
    tablet: New, run: Run, tmp_path: Path, slug: str
) -> None:
    one = tablet()
    sign_in(one)
    one.lang = "en"
    _walked(one, Hand(one), run, walker.walks(slug)[-1], photo(tmp_path))


def test_the_keyboard_is_tried_against_what_it_cannot_reach(tablet: New) -> None:
    one = tablet()
    one.go("/")
    one.page.evaluate(
        "() => { const b = document.createElement('button'); b.tabIndex = -1; b.id = 'out-of-reach';"
        " document.querySelector('main').append(b); }"
    )
    with pytest.raises(AssertionError, match="never comes"):
        Keys(one).reach(one.page.locator("#out-of-reach"))
