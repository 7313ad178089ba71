"""A villager at the tablet: a number, a lesson, a message, a price, a search; with JavaScript and without."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import expect

from hub.base import db, phrases
from tests.browser.tablet import Tablet
from tests.cli.running import Run, until

New = Callable[..., Tablet]
ENGLISH = (
    "/",
    "/ticket",
    "/ticket?service=vneid",
    "/procedures",
    "/procedures/lien-thong-khai-sinh",
    "/lessons",
    "/lessons/an-toan/giu-ma-otp-va-mat-khau",
    "/fraud",
    "/fraud/check",
    "/privacy",
    "/prices",
    "/prices/vo-que-tuoi",
    "/search?q=birth",
    "/follow",
    "/sign-in",
)
both = pytest.mark.parametrize("script", [True, False], ids=["js", "nojs"])


def big(number: str) -> str:
    """How a ticket's number stands on its paper; other figures hold the same digits by chance."""
    return f"[[ {number} ]]"


def papers(run: Run) -> list[str]:
    """Return the text of every paper that came out of the simulated printer."""
    told = json.loads((run.data / "simulated" / "printer.json").read_text(encoding="utf-8"))
    return [paper["text"] for paper in told["papers"]]


def printed(run: Run) -> int:
    """Return how many papers came out so far: of old ones the simulated printer keeps only their count."""
    told = json.loads((run.data / "simulated" / "printer.json").read_text(encoding="utf-8"))
    return max((paper["number"] for paper in told["papers"]), default=0)


def say(key: str, **values: object) -> str:
    """Return a phrase in Vietnamese."""
    return phrases.say("vi", key, **values)


@both
def test_a_number_is_taken_in_three_touches_and_the_slip_comes_out(
    tablet: New, run: Run, script: bool
) -> None:
    one = tablet(script=script)
    one.go("/")
    one.look("home")
    one.press(say("villager.home_ticket"))
    one.look("services")
    one.press("Bảo hiểm y tế")
    one.look("priority")
    one.press(say("villager.priority_elderly"))
    number = one.page.locator(".ticket-no").inner_text()
    assert re.fullmatch(r"[A-Z]\d+", number)
    one.look("ticket")
    until(lambda: any(big(number) in paper and "Bảo hiểm y tế" in paper for paper in papers(run)))
    if script:
        one.shows(say("villager.ticket_paper_out", number=number))
    else:
        assert (
            one.page.locator("noscript meta[http-equiv=refresh]").count()
            or one.page.locator("meta[http-equiv=refresh]").count()
        )
        one.reload()
        one.shows(say("villager.ticket_paper_out", number=number))
    code = re.search(r"\b[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}\b", one.words)
    assert code, "the number can be followed from elsewhere"
    # Within three seconds it would be the same press.
    one.page.wait_for_timeout(3_200)
    one.press(say("villager.ticket_again"))
    one.look("ticket again")
    one.press(say("villager.print_yes"))
    until(lambda: sum(big(number) in paper for paper in papers(run)) == 2)
    one.go(f"/ticket/{code[0]}")
    one.shows(number)


@both
def test_a_double_tap_gives_one_number(tablet: New, run: Run, script: bool) -> None:
    def numbers() -> int:
        with closing(db.connect(run.data / "house.db", read_only=True)) as conn:
            return int(conn.execute("SELECT count(*) FROM tickets").fetchone()[0])

    one = tablet(script=script)
    one.go("/ticket?service=vneid")
    before = numbers()
    one.main.get_by_role("button", name=say("villager.priority_none")).first.dblclick(no_wait_after=True)
    expect(one.page.locator(".ticket-no")).to_be_visible()
    assert numbers() == before + 1


def test_the_keyboard_alone_is_enough_for_a_number(tablet: New) -> None:
    one = tablet()
    one.go("/")

    def reach(words: str) -> None:
        for _ in range(40):
            one.page.keyboard.press("Tab")
            held = one.page.evaluate(
                "() => { const at = document.activeElement; const look = getComputedStyle(at);"
                " return [at.innerText, look.outlineStyle !== 'none' || look.boxShadow !== 'none']; }"
            )
            if words in (held[0] or ""):
                assert held[1], f"{words}: nobody sees where the keyboard is"
                one.page.keyboard.press("Enter")
                return
        raise AssertionError(f"{words} cannot be reached")

    one.page.keyboard.press("Tab")
    assert one.page.evaluate("document.activeElement.className") == "skip"
    reach(say("villager.home_ticket"))
    one.shows(say("villager.services_ask"))
    reach("VNeID")
    one.shows(say("villager.priority_ask"))
    reach(say("villager.priority_none"))
    expect(one.page.locator(".ticket-no")).to_be_visible()


@both
def test_a_lesson_is_read_heard_and_its_quiz_passed(tablet: New, run: Run, script: bool) -> None:
    one = tablet(script=script)
    one.go("/")
    one.press(say("villager.home_lessons"))
    one.look("lessons")
    one.main.locator("a[href^='/lessons/an-toan/']").first.click()
    one.look("lesson")
    speak = one.page.locator("article a[data-speak], article a.speak").first.get_attribute("href")
    assert speak
    heard = one.page.request.get(run.base + speak)
    assert heard.status == 200 and heard.headers["content-type"].startswith("audio/")
    assert len(heard.body()) > 10_000
    one.main.locator("a[href$='/quiz']").click()
    right = 0
    for _ in range(12):
        one.look("question")
        one.main.locator("button[name=choice]").first.click()
        one.look("answer")
        right += say("villager.quiz_right") in one.words
        going_on = one.main.locator("a[href*='/quiz?a=']")
        if not going_on.count():
            break
        going_on.click()
    one.press(say("villager.quiz_finish"))
    one.look("result")
    score = re.search(r"(\d+)/(\d+)", one.page.locator(".score").inner_text())
    assert score and int(score[1]) == right and int(score[2]) >= 3


@both
def test_who_answers_right_gets_a_certificate_on_paper(tablet: New, run: Run, script: bool) -> None:
    one = tablet(script=script)
    one.go("/lessons/an-toan/giu-ma-otp-va-mat-khau/quiz")
    for _ in range(12):
        # The first try tells what is right; a villager goes back and says it.
        where = one.page.url
        for choice in range(4):
            one.go(where)
            one.main.locator("button[name=choice]").nth(choice).click()
            if say("villager.quiz_right") in one.words:
                break
        going_on = one.main.locator("a[href*='/quiz?a=']")
        if not going_on.count():
            break
        going_on.click()
    one.press(say("villager.quiz_finish"))
    one.look("passed")
    name = f"Nguyễn Thị Mẫu {'một' if script else 'hai'}"
    one.page.get_by_label(say("villager.certificate_name")).fill(name)
    one.press(say("villager.certificate_print"))
    until(lambda: any(name in paper for paper in papers(run)))
    one.look("certificate paper")


@both
def test_a_suspicious_message_is_judged_and_left_nowhere(tablet: New, run: Run, script: bool) -> None:
    one = tablet(script=script)
    one.go("/")
    one.press(say("villager.home_fraud"))
    one.look("fraud")
    one.go("/fraud/check")
    one.look("check")
    message = "Công an đây, bác đọc mã OTP và chuyển tiền ngay vào tài khoản an toàn 000000 kẻo bị bắt"
    one.page.get_by_label(say("villager.check_label")).fill(message)
    one.press(say("villager.check_go"))
    one.look("verdict")
    assert one.page.locator(".verdict-danger").count() == 1
    one.shows(say("villager.verdict_dangerous"))
    assert "tài khoản an toàn" not in one.page.url
    for path in [*run.data.glob("house.db*"), run.log]:
        assert "kẻo bị bắt".encode() not in path.read_bytes(), path.name
    one.go("/fraud/check")
    one.page.get_by_label(say("villager.check_label")).fill("Mẹ ơi chiều con về ăn cơm nhé")
    one.press(say("villager.check_go"))
    one.shows(say("villager.verdict_cannot_know"))
    one.go("/fraud/chuyen-nham-tien")
    one.look("scam")
    one.go("/fraud/quiz")
    one.look("scam quiz")


@both
def test_a_price_is_looked_up_and_what_is_left_is_worked_out(tablet: New, script: bool) -> None:
    one = tablet(script=script)
    one.go("/")
    one.press(say("villager.home_prices"))
    one.look("prices")
    one.main.locator("a[href^='/prices/']").first.click()
    one.look("commodity")
    assert one.main.locator("svg[role=img]").count() >= 1, "the history is drawn"
    assert "tập dượt" in one.words
    one.main.locator("input[name=price]").fill("20k")
    one.main.locator("input[name=weight]").fill("50")
    one.main.locator("input[name=transport]").fill("100000")
    one.press(say("villager.sum_go"))
    one.shows("900.000")
    one.look("commodity sum")
    one.main.locator("input[name=weight]").fill("năm mươi")
    one.press(say("villager.sum_go"))
    one.look("commodity problem")


@both
@pytest.mark.parametrize(
    ("asked", "found"), [("khai sinh", "Khai sinh"), ("lua dao", "lừa"), ("lừa đảo", "lừa")]
)
def test_search_finds_with_accents_and_without(tablet: New, script: bool, asked: str, found: str) -> None:
    one = tablet(script=script)
    one.go("/search")
    one.look("search")
    one.page.get_by_label(say("villager.search_label")).fill(asked)
    one.page.keyboard.press("Enter")
    expect(one.main.locator("ul.rows a").first).to_be_visible()
    one.shows(found)
    one.look("search hits")


@both
def test_what_a_procedure_needs_is_read_and_taken_along_on_paper(tablet: New, run: Run, script: bool) -> None:
    one = tablet(script=script)
    one.go("/")
    one.press(say("villager.home_procedures"))
    one.look("procedures")
    one.main.locator("a[href='/procedures/lien-thong-khai-sinh']").first.click()
    one.look("procedure")
    before = printed(run)
    one.main.locator("a[href$='/checklist']").first.click()
    one.look("checklist")
    one.press(say("villager.print_yes"))
    until(lambda: printed(run) == before + 1)


@pytest.mark.parametrize("path", ["/nope", "/lessons/x/y", "/prices/vang", "/ticket/AAA-AAA-AAA"])
def test_what_is_not_there_is_a_page_of_the_house(tablet: New, path: str) -> None:
    one = tablet()
    answer = one.page.goto(one.base + path)
    assert answer is not None and answer.status == 404
    one.faults.clear()
    one.look(f"missing {path}")
    assert one.main.locator("a[href='/']").count() >= 1


def test_english_on_a_telephone_is_whole_and_as_easy_to_use(tablet: New) -> None:
    one = tablet(lang="en")
    one.page.set_viewport_size({"width": 360, "height": 640})
    for path in ENGLISH:
        one.go(f"{path}{'&' if '?' in path else '?'}lang=en")
        one.look(path)
    one.go("/")
    assert one.page.locator("html").get_attribute("lang") == "en", "the tablet remembers"


def test_an_untouched_tablet_is_clean_again(tablet: New) -> None:
    one = tablet()
    one.page.clock.install()
    one.go("/fraud/check")
    one.page.get_by_label(say("villager.check_label")).fill("chuyện riêng")
    one.page.clock.run_for(125_000)
    expect(one.page.locator("#idle")).to_be_visible()
    one.look("idle")
    with one.page.expect_navigation():
        one.page.clock.run_for(25_000)
    assert one.page.url.rstrip("/") == one.base
    one.page.go_back()
    assert "chuyện riêng" not in one.page.content()
    assert one.page.get_by_label(say("villager.check_label")).count() == 0 or (
        one.page.get_by_label(say("villager.check_label")).input_value() == ""
    )
