"""A form that belongs to no procedure: found by a guide, begun, filled, sealed; and drawn for its author."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from hub.base.house import House
from hub.desks.guide import preview
from hub.forms import author
from hub.packs import shelf as packs
from hub.trades.procedures import added
from hub.trades.procedures.form_shelf import Origin
from hub.wiring import demo
from tests.desks.guide.hand import CONSENT, Draft, Guide, said, value, where
from tests.forms import cases

FORM = """| survey | | | | |
| | type | name | label | media::image |
| | begin_group | ho | Hộ | |
| | text | ten | Tên chủ hộ | cay.png |
| | select_one_from_file thon.csv | thon | Thôn | |
| | end_group | | | |
| settings | | |
| | form_id | version | form_title |
| | khao_sat | {version} | Khảo sát hộ mẫu |
"""
MEDIA = {"thon.csv": "name,label\na,Làng A\nb,Làng B\n".encode(), "cay.png": b"\x89PNG\r\n"}


def put(house: House, version: str = "1", media: dict[str, bytes] = MEDIA) -> None:
    """Put the form in as the command does."""
    xml = author.convert(FORM.format(version=version).encode(), "md", "khao_sat", media).xml
    conn = house.connect()
    try:
        shelf = packs.current(house.packs)
        added.put(conn, shelf, xml, media, origin=Origin.ADDED, moment=house.clock.read())
    finally:
        conn.close()
    demo.publish(house, xml, media)


def begin(guide: Guide) -> Draft:
    start = "/guide/start/form-khao_sat"
    answer = guide.post(start, {**CONSENT, "notice": value(guide.get(start), "notice")}, follow=False)
    assert answer.status_code == 303, answer.text
    return Draft(guide, answer.location.rsplit("/", 1)[1])


def test_an_own_form_stands_last_among_what_can_be_begun_and_visitors_do_not_see_it(
    guide: Guide, house: House
) -> None:
    assert "Các mẫu đơn khác" not in said(guide.get("/guide/start"))
    put(house)
    told = said(guide.get("/guide/start"))
    assert told.index("Các mẫu đơn khác") < told.index("Khảo sát hộ mẫu")
    assert told.index("Đất đai, vay vốn") < told.index("Các mẫu đơn khác")
    assert "Khảo sát hộ mẫu" in said(guide.get("/guide/start?q=khao+sat"))
    assert "Khảo sát hộ mẫu" not in guide.get("/procedures").text
    assert guide.get("/procedures/form-khao_sat").status_code == 404
    assert guide.get("/guide/start/form-nobody").status_code == 404


def test_an_own_form_goes_the_way_of_every_dossier(guide: Guide, house: House) -> None:
    put(house)
    draft = begin(guide)
    page = draft.open("ho")
    assert "Làng B" in said(page) and f"{draft.address}/media/cay.png" in page.text
    assert guide.get(f"{draft.address}/media/cay.png").data == MEDIA["cay.png"]
    assert guide.get(f"{draft.address}/media/thon.csv").status_code == 404
    answer = draft.press("ho", {"ten": "Lý A Mẫu", "thon": "b"})
    assert where(answer) == f"{draft.address}/review", answer.text
    sealed = draft.seal()
    assert sealed.status_code == 303 and "/guide/sealed/" in where(sealed), sealed.text
    shown = guide.get(where(sealed))
    assert shown.status_code == 200 and "Khảo sát hộ mẫu" in said(shown)
    assert "Khảo sát hộ mẫu" in said(guide.get("/guide/dossiers"))


def test_who_does_not_agree_gets_a_paper_of_an_own_form_too(guide: Guide, house: House) -> None:
    put(house)
    answer = guide.post("/guide/start/form-khao_sat/refused", {"mark": "0" * 16}, follow=False)
    assert answer.status_code == 303, answer.text


def test_a_draft_stays_on_its_version_and_its_files_until_a_guide_moves_it(
    guide: Guide, house: House
) -> None:
    put(house)
    draft = begin(guide)
    draft.press("ho", {"ten": "Lý A Mẫu", "thon": "b"}, go="stay")
    put(house, "2", {**MEDIA, "thon.csv": "name,label\na,Làng A mới\n".encode()})
    page = draft.open("ho")
    assert "Làng B" in said(page) and f"{draft.address}/newer-form" in page.text
    asked = guide.get(f"{draft.address}/newer-form")
    guide.post(f"{draft.address}/newer-form", {"version": value(asked, "version")})
    page = draft.open("ho")
    assert "Làng A mới" in said(page) and "Làng B" not in said(page)
    assert draft.answers("ho")["/data/ho/ten"] == "Lý A Mẫu"
    assert f"{draft.address}/newer-form" not in page.text


def test_a_draft_of_a_form_that_was_taken_out_is_finished_all_the_same(guide: Guide, house: House) -> None:
    put(house)
    draft = begin(guide)
    conn = house.connect()
    added.remove(conn, packs.current(house.packs), "khao_sat", house.clock.read())
    conn.close()
    assert "Khảo sát hộ mẫu" not in said(guide.get("/guide/start"))
    assert where(draft.press("ho", {"ten": "Lý A Mẫu", "thon": "a"})) == f"{draft.address}/review"
    assert draft.seal().status_code == 303
    assert guide.get("/guide/dossiers").status_code == 200


def test_every_form_of_the_corpus_is_drawn_for_its_author(app: Flask, tmp_path: Path) -> None:
    for case in cases.all():
        page = preview.write(app, cases.converted(case.name).xml, case.media, tmp_path / case.name)
        for lang in ("vi", "en"):
            drawn = page.with_name(f"{lang}.html").read_text(encoding="utf-8")
            assert drawn.count('name="asked"') >= 1 and "<script" not in drawn, case.name
            assert 'href="/' not in drawn and 'src="/' not in drawn, case.name
        for name, content in case.media.items():
            assert (page.parent / "media" / name).read_bytes() == content
