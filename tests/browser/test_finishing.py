"""A guide after the office has spoken: invites somebody, does a dossier again, keeps a draft longer."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from hub.base import db
from hub.base.clock import SystemClock
from hub.post import inbox
from tests.browser.tablet import Tablet
from tests.browser.test_guide import BIRTH, sign_in
from tests.browser.test_villager import New, both, printed
from tests.cli.running import Run, until
from tests.desks import dossiers as sealed_ones


def _returned(run: Run) -> str:
    """A dossier that the office sent back, there at once so that no courier takes it in hand."""
    now = SystemClock(None, trust="always").read()
    with closing(db.connect(run.data / "house.db")) as conn, db.write(conn):
        code, instance_id = sealed_ones.kept(conn, now)
        sealed_ones.at_office(conn, instance_id, now)
        key = inbox.words_key(run.data / "keys")
        sealed_ones.says(conn, instance_id, "hasIssues", "Ảnh mờ, xin chụp lại.", now, key=key)
    return code


def _picture(one: Tablet, name: str) -> None:
    # For a person who wants to see the pages: HOUSE_PICTURES names a folder.
    folder = os.environ.get("HOUSE_PICTURES")
    if folder:
        one.page.screenshot(path=Path(folder) / f"{name}-{one.lang}.png", full_page=True)


@both
def test_what_the_office_sent_back_is_invited_for_and_done_again(run: Run, tablet: New, script: bool) -> None:
    code = _returned(run)
    guide = tablet(script=script)
    sign_in(guide)
    guide.go(f"/guide/sealed/{code}")
    guide.look("guide-sealed-returned")
    _picture(guide, "sealed")
    guide.press("Mời bà con đến")
    guide.look("guide-invite")
    guide.page.locator("input[name=day]").fill("31/02/2027")
    guide.page.locator("input[name=hour]").fill("08:30")
    guide.press("Lưu và in giấy mời")
    guide.shows("Chưa đọc được ngày")
    guide.look("guide-invite-corrected")
    _picture(guide, "invite")
    before = printed(run)
    guide.page.locator("input[name=day]").fill("02/12/2026")
    guide.page.locator("input[name=bring]").fill("Giấy hẹn này")
    # By the keyboard alone.
    guide.page.locator("input[name=bring]").press("Enter")
    guide.shows("02/12/2026, lúc 08:30")
    until(lambda: printed(run) > before)
    guide.look("guide-sealed-invited")
    mother = tablet(script=script)
    mother.go(f"/follow/{code}")
    mother.shows("Mời bà con đến bổ sung hồ sơ")
    mother.look("follow-invited")
    _picture(mother, "follow")
    guide.press("Làm lại hồ sơ này")
    guide.shows(code)
    assert BIRTH in guide.page.url and f"corrects={code}" in guide.page.url
    guide.look("guide-start-again")
    _picture(guide, "again")


@both
def test_the_recovery_code_and_the_keeping_of_drafts(run: Run, tablet: New, script: bool) -> None:
    guide = tablet(script=script)
    sign_in(guide)
    guide.go("/guide/recovery")
    guide.look("guide-recovery")
    guide.press("Làm mã mới")
    guide.shows("Mã chỉ hiện một lần này")
    guide.look("guide-recovery-code")
    _picture(guide, "recovery")
    guide.press("Đã chép và đọc lại")
    guide.go(f"/guide/start/{BIRTH}")
    for name in ("read_aloud", "purpose"):
        for box in guide.page.locator(f"input[name={name}]").all():
            guide.page.locator(f"label[for={box.get_attribute('id')}]").click()
    for value in ("spoken", "self"):
        box = guide.page.locator(f"input[value={value}]").first
        guide.page.locator(f"label[for={box.get_attribute('id')}]").click()
    guide.press("Bà con đồng ý, bắt đầu")
    guide.page.wait_for_url("**/page/**")
    with closing(db.connect(run.data / "house.db")) as conn, db.write(conn):
        conn.execute("UPDATE drafts SET erase_on = date('now', '+2 days')")
    guide.go("/guide/dossiers")
    guide.look("guide-dossiers-soon")
    _picture(guide, "dossiers")
    guide.press("Giữ lâu hơn")
    guide.look("guide-longer")
    _picture(guide, "longer")
    guide.page.locator("label", has_text="đi xa chưa về").click()
    guide.press("Giữ lâu hơn")
    guide.shows("Đã giữ đến ngày")
