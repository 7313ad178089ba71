"""May I ask for it, and how much will it be: at the tablet, with JavaScript and without; and the guide's
figures.
"""

from __future__ import annotations

import pytest

from hub.base import phrases
from hub.wiring import demo
from tests.browser.test_villager import New, both, papers, printed
from tests.cli.running import Run, until

PENSION = "/procedures/huu-tri-xa-hoi"
COPIES = "/procedures/chung-thuc-ban-sao"
languages = pytest.mark.parametrize("lang", phrases.LANGUAGES)


@both
@languages
def test_questions_lead_to_an_answer_and_to_the_papers_for_it(
    tablet: New, run: Run, script: bool, lang: str
) -> None:
    def say(key: str) -> str:
        return phrases.say(lang, f"procedures.{key}")

    one = tablet(script=script, lang=lang)
    one.go(f"/procedures?lang={lang}")
    one.look("procedures")
    one.main.locator(f"a[href='{PENSION}']").click()
    one.look("procedure with questions")
    one.main.locator(f"a[href='{PENSION}/check']").click()
    one.look("question of birth")
    one.page.fill("#f-said", "02/09/1935")
    one.press(say("next"), exact=True)
    one.look("question with choices")
    one.press(say("question_before"))
    assert one.page.locator("#f-said").count() == 1
    one.page.fill("#f-said", "1935")
    one.press(say("next"), exact=True)
    one.main.locator("button[name=said][value=khong]").click()
    one.look("question of yes and no")
    one.press(phrases.say(lang, "shared.no"), exact=True)
    one.look("answer yes")
    one.shows(say("verdict_yes"))
    assert "1935" not in one.page.url
    before = printed(run)
    one.press(say("checklist_for_answers"))
    until(lambda: printed(run) > before)
    assert say("slip_answers") in " ".join(papers(run)[-1].split())
    one.go(f"{PENSION}/check?lang={lang}")
    for _ in range(4):
        if one.main.get_by_role("button", name=say("not_sure")).count():
            one.press(say("not_sure"))
    one.look("answer ask")
    one.shows(say("verdict_ask"))


def test_the_keyboard_alone_answers_and_reckons(tablet: New) -> None:
    one = tablet()
    one.go(f"{PENSION}/check")
    one.page.focus("#f-said")
    one.page.keyboard.type("1990")
    one.page.keyboard.press("Enter")
    one.shows(phrases.say("vi", "procedures.verdict_no"))
    one.go(f"{COPIES}/calculator")
    one.page.locator("main input[inputmode=numeric]").first.focus()
    one.page.keyboard.type("3")
    one.page.keyboard.press("Enter")
    one.shows("5.000")


@both
@languages
def test_copies_are_reckoned_with_what_they_go_by(tablet: New, script: bool, lang: str) -> None:
    one = tablet(script=script, lang=lang)
    one.go(f"{COPIES}/calculator?lang={lang}")
    one.look("calculator")
    one.page.locator("main input[inputmode=numeric]").first.fill("0")
    one.press(phrases.say(lang, "procedures.reckon"), exact=True)
    one.look("calculator with a slip")
    one.page.locator("main input[inputmode=numeric]").first.fill("199")
    one.press(phrases.say(lang, "procedures.reckon"), exact=True)
    one.look("calculator with a sum")
    one.shows("200.000")
    one.shows(phrases.say(lang, "procedures.ask_office"))


@both
def test_a_guide_writes_down_what_an_officer_said_and_takes_it_back(tablet: New, script: bool) -> None:
    def say(key: str, **values: object) -> str:
        return phrases.say("vi", f"procedures.{key}", **values)

    one = tablet(script=script)
    name, _, secret = demo.SIGN_INS[0]
    one.go("/sign-in")
    one.page.fill("#f-name", name)
    one.page.fill("#f-secret", secret)
    one.press(phrases.say("vi", "entry.enter"))
    one.go("/guide/figures")
    one.look("figures")
    one.go("/guide/figures/trich-luc-ho-tich/fee_copy")
    one.look("figure")
    one.page.fill("#f-value", "90.000")
    one.page.fill("#f-told_by", "cán bộ một cửa")
    one.press(say("figure_save"))
    one.look("figure far from the one in use")
    one.page.fill("#f-value", "9.000")
    one.press(say("figure_save"))
    one.shows(say("figure_saved"))
    one.look("figure written down")
    one.main.locator("a[href*='/withdraw/']").first.click()
    one.look("figure taken back")
    one.page.fill("#f-reason", "Nghe nhầm")
    one.press(say("figure_withdraw"), exact=True)
    one.shows(say("figure_withdrawn"))
