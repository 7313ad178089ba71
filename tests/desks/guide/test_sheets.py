"""Papers of A4 at the guide's desk, and the checklist at the villager's."""

from __future__ import annotations

from contextlib import closing

import pytest
from flask import Flask

from hub.base.house import House
from hub.sheets import service
from hub.trades.dossiers import ledger
from hub.trades.dossiers.model import What
from tests.desks.guide.hand import BIRTH, Guide, where
from tests.desks.visitor import Visitor
from tests.sheets import reading


def test_a_draft_can_be_printed_as_it_stands_and_nobody_keeps_the_paper(guide: Guide, house: House) -> None:
    draft = guide.begin()
    draft.press("me", BIRTH["me"])
    page = guide.get(f"{draft.address}/review")
    for name in ("sheet", "cover"):
        address = f"{draft.address}/{name}.pdf"
        assert f'href="{address}"' in page.text
        answer = guide.get(address)
        assert answer.status_code == 200 and answer.mimetype == "application/pdf"
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Disposition"] == f'inline; filename="{name}.pdf"'
        assert "Nguyễn Thị Mẫu" in reading.text(answer.data) or name == "cover"
    sheet = reading.text(guide.get(f"{draft.address}/sheet.pdf").data)
    assert "001199000000" in sheet and "Nguyễn Thị Mẫu" in sheet and "02/09/1999" in sheet
    with closing(house.connect()) as conn:
        told = ledger.events(conn, draft.id, (What.SHEET,))
    assert [event.detail for event in told] == ["sheet", "cover", "sheet"]
    assert all("Mẫu" not in event.detail and event.staff_id for event in told)


def test_papers_of_a_draft_are_for_signed_in_guides_alone(guide: Guide, app: Flask) -> None:
    draft = guide.begin()
    stranger = Visitor(app)
    for address in (
        f"{draft.address}/sheet.pdf",
        f"{draft.address}/cover.pdf",
        "/guide/sealed/K7P2M9QX/cover.pdf",
    ):
        answer = stranger.client.get(address)
        assert answer.status_code == 303 and where(answer) == "/sign-in"


def test_a_draft_that_is_not_there_has_no_paper(guide: Guide) -> None:
    assert guide.get("/guide/dossiers/nobody/sheet.pdf").status_code == 404


def test_the_cover_of_a_sealed_dossier_names_nobody(guide: Guide) -> None:
    draft = guide.begin()
    draft.fill()
    code = where(draft.seal()).rsplit("/", 1)[1]
    assert f'href="/guide/sealed/{code}/cover.pdf"' in guide.get(f"/guide/sealed/{code}").text
    answer = guide.get(f"/guide/sealed/{code}/cover.pdf")
    said = reading.text(answer.data)
    assert answer.status_code == 200 and code in said
    for name in ("Nguyễn Thị Mẫu", "Lý Thị Mẫu", "Lý A Mẫu", "001199000000"):
        assert name not in said


def test_a_sheet_that_cannot_be_drawn_leaves_the_draft_and_says_so(
    guide: Guide, monkeypatch: pytest.MonkeyPatch, house: House
) -> None:
    draft = guide.begin()
    with monkeypatch.context() as broken:
        broken.setattr(service, "_DRAWER", ("/bin/false",))
        answer = guide.get(f"{draft.address}/sheet.pdf")
    assert answer.status_code == 503 and "Hồ sơ vẫn còn nguyên" in answer.text
    with closing(house.connect()) as conn:
        assert ledger.events(conn, draft.id, (What.SHEET,)) == ()
    assert guide.get(f"{draft.address}/sheet.pdf").status_code == 200


def test_anybody_may_take_a_checklist_as_a_page_to_print(app: Flask) -> None:
    visitor = Visitor(app)
    page = visitor.get("/procedures/lien-thong-khai-sinh")
    assert 'href="/procedures/lien-thong-khai-sinh/checklist.pdf"' in page.text
    vi = visitor.get("/procedures/lien-thong-khai-sinh/checklist.pdf?lang=vi")
    en = visitor.get("/procedures/lien-thong-khai-sinh/checklist.pdf?lang=en")
    assert vi.mimetype == en.mimetype == "application/pdf"
    assert "CẦN MANG THEO" in reading.text(vi.data) and "Page 1/" in reading.text(en.data)
    assert visitor.get("/procedures/khong-co/checklist.pdf").status_code == 404
