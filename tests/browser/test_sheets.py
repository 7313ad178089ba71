"""A guide at the A4 printer: prints a checklist, watches it come out, sees what is wrong, takes one back."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from hub.base import db
from hub.base.clock import SystemClock
from hub.post import health, orders, sheet_jobs
from tests.browser.tablet import Tablet
from tests.browser.test_guide import sign_in
from tests.browser.test_villager import New, both
from tests.cli.running import Run, until


def _order(run: Run, action: orders.Action, value: str = "") -> None:
    clock = SystemClock(None, trust="always")
    with closing(db.connect(run.data / "house.db")) as conn:
        until(lambda: health.one(conn, "sheets", clock.read()))
        order = orders.order(conn, "sheets", action, value, moment=clock.read())
        until(lambda: orders.get(conn, order).state is orders.State.DONE)


def _stands(run: Run, state: sheet_jobs.State) -> bool:
    with closing(db.connect(run.data / "house.db")) as conn:
        return sheet_jobs.latest(conn, 1)[0].state is state


def _picture(one: Tablet, name: str) -> None:
    # For a person who wants to see the pages: HOUSE_PICTURES names a folder.
    folder = os.environ.get("HOUSE_PICTURES")
    if folder:
        one.page.screenshot(path=Path(folder) / f"{name}-{one.lang}.png", full_page=True)


@both
def test_a_checklist_comes_out_and_a_held_sheet_says_why_and_is_taken_back(
    run: Run, tablet: New, script: bool
) -> None:
    guide = tablet(script=script)
    sign_in(guide)
    guide.go("/guide/sheets")
    guide.look("guide-sheets")
    _picture(guide, "sheets")
    # By the keyboard alone.
    guide.page.locator("#b-checklist").focus()
    guide.page.keyboard.press("Enter")
    guide.shows("Giấy dặn A4")
    until(lambda: _stands(run, sheet_jobs.State.DONE))
    if not script:
        guide.page.reload()
    guide.shows("Đã in xong")
    guide.look("guide-sheet-done")
    _picture(guide, "sheet-done")
    _order(run, orders.Action.FAULT, "paper_out")
    try:
        guide.go("/guide/sheets")
        guide.page.locator("#b-month").click()
        until(lambda: _stands(run, sheet_jobs.State.HELD))
        if not script:
            guide.page.reload()
        guide.shows("Máy in A4 hết giấy")
        guide.look("guide-sheet-held")
        _picture(guide, "sheet-held")
        guide.go("/guide/desk")
        guide.press("Bàn 1")
        guide.shows("Máy in A4 hết giấy")
        guide.look("guide-queue-sheet-held")
        _picture(guide, "queue-held")
        guide.page.get_by_role("link", name="Xem tờ này").click()
        guide.press("Lấy lại, không in nữa")
        until(lambda: _stands(run, sheet_jobs.State.CANCELLED))
    finally:
        _order(run, orders.Action.MEND)
