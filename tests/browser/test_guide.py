"""A guide at the desk: calls a number, and takes a birth registration from consent to the office's answer."""

from __future__ import annotations

import datetime as dt
import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from hub.wiring import demo
from tests.browser.tablet import Tablet
from tests.browser.test_villager import New, big, both, papers, printed, say
from tests.cli.running import Run, until

BIRTH = "lien-thong-khai-sinh"
GUIDE = ("/guide", "/guide/desk", "/guide/issue", "/guide/dossiers", f"/guide/start/{BIRTH}", "/guide/prices")
FAMILIES = (
    "/guide/start",
    "/guide/people",
    "/guide/people/new",
    "/guide/requests",
    "/guide/requests/new",
    "/guide/stick",
)
TECHNICIAN = (
    "/technician/devices",
    "/technician/devices/probe",
    "/technician/papers",
    "/technician/papers/1",
    "/technician/relay",
    "/technician/stick",
    "/technician/packs",
    "/technician/packs/core/rollback",
    "/technician/staff",
    "/technician/privacy",
    "/technician/breach",
    "/technician/backup",
    "/technician/support",
)


def sign_in(one: Tablet, who: int = 0) -> None:
    """Sign in as one of the demo's staff."""
    name, _role, secret = demo.SIGN_INS[who]
    one.go("/sign-in")
    one.look("sign-in")
    one.page.locator("input[name=name]").fill(name)
    one.page.locator("input[name=secret]").fill(secret)
    one.page.locator("input[name=secret]").press("Enter")
    expect(one.page).not_to_have_url(re.compile("sign-in"))


def sit_at(one: Tablet, desk: str) -> None:
    """Choose a desk."""
    one.go("/guide/desk")
    one.look("choose desk")
    one.main.get_by_role("button", name=say("guide.desk", desk=desk)).click()
    one.shows(say("guide.my_desk", desk=desk))


def answer(one: Tablet, **values: str) -> None:
    """Answer questions of the shown page of the birth form, by the last part of their names."""
    for name, value in values.items():
        field = one.page.locator(f"#questions [name$='/{name}']:not([type=hidden])")
        kind = field.first.evaluate("one => one.type")
        if kind == "radio":
            one.page.locator(f"#questions [name$='/{name}'][value='{value}']").check()
        elif kind.startswith("select"):
            field.select_option(value)
        elif kind == "checkbox":
            field.check()
        else:
            field.fill(value)


def onward(one: Tablet, page: str) -> None:
    """Save the page; questions that appear only now are passed by a second press at most."""
    one.look(f"fill {page}")
    one.page.locator("#b-go").click()


def photo(folder: Path) -> Path:
    """Write a photograph of a paper."""
    picture = Image.radial_gradient("L").resize((900, 1200)).convert("RGB")
    out = io.BytesIO()
    picture.save(out, "JPEG")
    path = folder / "giay.jpg"
    path.write_bytes(out.getvalue())
    return path


def wide_as_taken(one: Tablet) -> None:
    """Wait until the photograph on the page is drawn as it was taken."""
    until(lambda: one.main.locator("img").first.evaluate("one => one.naturalWidth") == 900)


@both
def test_a_number_is_called_shown_served_and_ended(tablet: New, run: Run, script: bool) -> None:
    villager, guide, board = tablet(script=script), tablet(script=script), tablet(script=script)
    villager.go("/ticket?service=vneid")
    villager.press(say("villager.priority_long_way"))
    number = villager.page.locator(".ticket-no").inner_text()
    board.page.set_viewport_size({"width": 1920, "height": 1080})
    board.go("/board")

    sign_in(guide)
    sit_at(guide, "2" if script else "3")
    desk = "2" if script else "3"
    guide.look("queue")
    for _ in range(12):
        guide.page.locator("#b-next").click()
        guide.page.wait_for_load_state()
        called = guide.page.locator(".present-no").inner_text()
        if called == number:
            break
    assert called == number, "everybody who waits is called in the end"
    guide.look("somebody at the desk")
    if not script:
        board.reload()
        villager.reload()
    expect(board.page.locator("#board")).to_contain_text(number)
    board.shows(say("display.desk", desk=desk))
    villager.shows(say("villager.ticket_called", desk=desk))
    villager.look("called")
    guide.page.locator("#b-recall").click()
    guide.main.locator("a[href^='/guide/tickets/']").first.click()
    guide.look("number")
    guide.go("/guide")
    guide.page.locator("#b-done").click()
    expect(guide.page.locator(".present-no")).to_have_count(0)
    if not script:
        villager.reload()
    villager.shows(say("villager.ticket_over"))
    guide.go("/guide/issue")
    guide.look("issue for somebody")
    guide.go("/guide/papers")
    guide.look("papers")
    guide.main.locator("a[href^='/guide/papers/']").first.click()
    guide.look("one paper")


@both
def test_a_birth_registration_goes_from_consent_to_the_offices_answer(
    tablet: New, run: Run, tmp_path: Path, script: bool
) -> None:
    guide = tablet(script=script)
    child = f"Nguyễn Thị Mẫu {'Mai' if script else 'Lan'}"
    mother = f"Lý Thị Mẫu {'Hoa' if script else 'Huệ'}"
    card = (
        f"00119900000{1 if script else 2}|000000000|{mother}|02091999|Nữ|Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu|01012022"
    )
    sign_in(guide)
    guide.go("/guide/dossiers")
    guide.look("dossiers")
    guide.main.locator(f"a[href='/guide/start/{BIRTH}']").click()
    guide.look("consent")
    guide.press(say("guide.consent_start"))
    guide.shows(say("dossiers.consent_needed"))
    guide.look("consent missing")
    for box in guide.main.locator("input[type=checkbox]").all():
        box.check()
    guide.page.locator("input[name=given_by][value=parent]").check()
    guide.page.locator("input[name=how]").first.check()
    guide.press(say("guide.consent_start"))

    guide.look("first page")
    guide.page.locator("#b-go").click()
    guide.shows(say("guide.kept_what_was_typed"))
    guide.look("problems")
    answer(guide, dien_thoai="0912000000", quan_he="me", vneid_muc_2="co")
    onward(guide, "asking")

    expect(guide.page.locator("#page-title")).to_have_text("Em bé")
    born = (dt.date.today() - dt.timedelta(days=20)).strftime("%d/%m/%Y")
    answer(
        guide,
        ho_ten=child,
        ngay_sinh=born,
        noi_sinh="Trạm y tế xã Mẫu",
        que_quan="Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu",
    )
    answer(guide, gioi_tinh="nu", dan_toc="kinh", quoc_tich="viet_nam", sinh_o="co_so_y_te")
    onward(guide, "child")

    expect(guide.page.locator("#page-title")).to_have_text("Người mẹ")
    # A scanner is a keyboard: with script a scan lands in its field wherever the guide stands; without, they choose it.
    if not script:
        guide.page.locator("input[name=scan]").focus()
    guide.page.keyboard.type(card)
    guide.page.keyboard.press("Enter")
    guide.shows(say("guide.card_filled", person="Mẹ"))
    guide.look("card")
    assert guide.page.locator("[name$='/ho_ten']:not([type=hidden])").input_value() == mother
    assert guide.page.locator("[name$='/me/ngay_sinh']:not([type=hidden])").input_value() == "02/09/1999"
    answer(guide, dan_toc="kinh", quoc_tich="viet_nam")
    onward(guide, "mother")

    expect(guide.page.locator("#page-title")).to_have_text("Người cha")
    answer(guide, tinh_trang="de_trong")
    if not script:
        guide.page.locator("#b-go").click()
    answer(guide, ly_do="chua_ket_hon")
    onward(guide, "father")

    expect(guide.page.locator("#page-title")).to_contain_text("Nơi ở")
    answer(
        guide,
        noi_thuong_tru="Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu",
        chu_ho_ho_ten=mother,
        quan_he_chu_ho="con",
        noi_kham="Trạm y tế xã Mẫu",
        so_ban_sao="0",
    )
    answer(guide, o_voi="me", chu_ho_dong_y="da_bam", lam_can_cuoc="khong")
    onward(guide, "residence")

    expect(guide.page.locator("#page-title")).to_have_text("Giấy tờ kèm theo")
    answer(guide, chung_sinh="giay")
    if not script:
        guide.page.locator("#b-go").click()
    upload = guide.page.locator("input[type=file]")
    upload.set_input_files(photo(tmp_path))
    if script:
        expect(guide.page.locator(".file-shown canvas")).to_be_visible()
    onward(guide, "papers")

    expect(guide.page.locator("#page-title")).to_have_text("Đọc lại và cam kết")
    answer(guide, dung_su_that="OK", hieu_le_phi="OK")
    guide.look("promise")
    guide.page.locator("#b-go").click()

    guide.shows(say("guide.review_whole"))
    guide.look("review")
    assert child in guide.words and mother in guide.words
    guide.main.locator("a[href*='/files/']").first.click()
    guide.look("photo")
    wide_as_taken(guide)
    guide.page.go_back()
    guide.page.locator("#b-seal").click()
    code = guide.page.locator(".follow-code").inner_text()
    guide.shows(say("guide.receipt_kept"))
    guide.look("sealed")
    assert child not in guide.words and mother not in guide.page.url
    until(lambda: any(code in paper for paper in papers(run)))

    villager = tablet(script=script)
    villager.go("/")
    villager.press(say("villager.home_follow"))
    villager.look("follow")
    villager.page.get_by_label(say("villager.follow_label")).fill(code.lower().replace("-", " "))
    villager.press(say("villager.follow_go"))
    assert code in villager.words
    villager.look("followed")

    def reread(one: Tablet, words: str) -> bool:
        one.reload()
        return words.lower() in one.words.lower()

    until(lambda: reread(villager, say("villager.follow_office_has_it")))
    _the_office_answers(tablet, run, child, mother, script)
    until(lambda: reread(villager, "Bà con mang bản chính đến xã vào thứ hai."))
    villager.look("answered")
    villager.press(say("villager.receipt_print"))
    villager.look("receipt two")
    before = printed(run)
    villager.press(say("villager.print_yes"))
    until(lambda: printed(run) > before)
    assert child not in papers(run)[-1] and code in papers(run)[-1]
    guide.reload()
    guide.shows("Bà con mang bản chính")


def _the_office_answers(tablet: New, run: Run, child: str, mother: str, script: bool) -> None:
    officer = tablet(script=script, base=f"http://127.0.0.1:{run.office_port}")
    officer.go("/")
    officer.look("office list")
    officer.main.locator("ul.dossiers a").first.click()
    officer.look("office dossier")
    assert child in officer.words and mother in officer.words
    assert say("office.signature_ok") in officer.words
    wide_as_taken(officer)
    officer.page.locator("input[name=state][value=approved]").check()
    officer.page.get_by_label(say("office.words")).fill("Bà con mang bản chính đến xã vào thứ hai.")
    officer.page.get_by_role("button", name=say("office.send_state")).click()
    officer.shows(say("office.state_approved"))
    officer.go("/exercise")
    officer.look("office exercise")


@both
def test_a_price_written_by_a_guide_is_what_villagers_read(tablet: New, script: bool) -> None:
    guide, villager = tablet(script=script), tablet(script=script)
    sign_in(guide)
    guide.go("/guide/prices")
    guide.look("prices to fill in")
    place, amount = ("Sân nhà văn hóa một", "10.700") if script else ("Sân nhà văn hóa hai", "10.800")
    guide.page.locator("input[name=place]").fill(place)
    field = guide.page.locator("input[name^='amount:']").first
    good = (field.get_attribute("name") or "").partition(":")[2]
    field.fill("mười nghìn rưỡi xyz")
    guide.page.locator("#b-prices").click()
    guide.look("price not understood")
    assert guide.page.locator("input[name=place]").input_value() == place, "what was typed stays"
    field.fill(amount)
    guide.page.locator("#b-prices").click()
    guide.shows(say("guide.prices_written", count=1))
    villager.go(f"/prices/{good}")
    villager.shows(amount)
    villager.shows(place)
    guide.main.locator("a[href$='/withdraw']").first.click()
    guide.look("withdraw a price")
    guide.page.locator("[name=reason]").fill("gõ nhầm")
    guide.main.get_by_role("button").first.click()
    guide.shows(say("guide.price_withdrawn"))
    villager.reload()
    assert place not in villager.words


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_technicians_pages_are_as_easy_to_use_on_a_tablet_and_on_a_telephone(
    tablet: New, lang: str
) -> None:
    one = tablet()
    sign_in(one, who=1)
    one.lang = lang
    if lang == "en":
        one.page.set_viewport_size({"width": 360, "height": 640})
    for path in TECHNICIAN:
        one.go(f"{path}?lang={lang}")
        one.look(path)


def test_a_guides_pages_are_as_easy_to_use_on_a_telephone_in_english(tablet: New) -> None:
    one = tablet()
    sign_in(one)
    sit_at(one, "1")
    one.lang = "en"
    one.page.set_viewport_size({"width": 360, "height": 640})
    for path in (*GUIDE, *FAMILIES):
        one.go(f"{path}?lang=en")
        one.look(path)


@both
def test_a_fault_is_rehearsed_the_guide_sees_it_and_nothing_is_lost(
    tablet: New, run: Run, script: bool
) -> None:
    technician, villager = tablet(script=script), tablet(script=script)
    sign_in(technician, who=1)
    technician.go("/technician/devices")
    technician.page.locator("#o-printer-fault-paper_out").click()
    card = say("technician.card_printer_no_paper_what")

    def told(one: Tablet, words: str) -> bool:
        if not script:
            one.reload()
        return words.lower() in one.words.lower()

    try:
        until(lambda: told(technician, card))
        technician.look("no paper")
        villager.go("/ticket?service=vneid")
        villager.press(say("villager.priority_none"))
        number = villager.page.locator(".ticket-no").inner_text()
        until(lambda: told(villager, say("villager.ticket_paper_no_paper", number=number)))
        villager.look("ticket without paper")
        assert not any(big(number) in paper for paper in papers(run))
    finally:
        # The House is every test's: it must not stay without paper.
        technician.go("/technician/devices")
        technician.page.locator("#o-printer-mend-").click()
    until(lambda: any(big(number) in paper for paper in papers(run)))
    until(lambda: told(villager, say("villager.ticket_paper_out", number=number)))


@pytest.mark.parametrize("path", ["/guide/dossiers", "/technician/support"])
def test_who_is_not_signed_in_is_asked_to_and_then_led_on(tablet: New, run: Run, path: str) -> None:
    one = tablet()
    one.go(path)
    assert "/sign-in" in one.page.url
    name, _role, secret = demo.SIGN_INS[1 if "technician" in path else 0]
    one.page.locator("input[name=name]").fill(name)
    one.page.locator("input[name=secret]").fill(secret)
    one.page.locator("main button").first.click()
    assert one.page.url.startswith(run.base + path), one.page.url
