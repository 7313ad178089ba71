from __future__ import annotations

import dataclasses

import segno
from PIL import Image

from hub.sheets import leaflet
from hub.sheets.model import Block, Item, Leaflet, Line, Mark
from tests.sheets import reading

SHEET = Leaflet(
    house="Nhà văn hóa số",
    place="Thôn Mẫu, Xã Mẫu",
    title="Đăng ký thường trú",
    under="Bìa hồ sơ",
    code="K7P2M9QX",
    code_label="Mã hồ sơ",
    qr="http://nha.example/follow/K7P2M9QX",
    qr_label="Quét để biết hồ sơ đang ở đâu",
    facts=(Line("Nơi giải quyết", "Công an xã"), Line("Niêm phong lúc", "21/11/2026 08:30")),
    blocks=(
        Block("Giấy tờ", (Item("Thẻ căn cước", "Đưa ra xem", Mark.BOX), Item("Hợp đồng", "", Mark.TICKED))),
    ),
    foot="Bìa này không ghi tên ai.",
)


def test_all_that_was_said_is_on_the_sheet() -> None:
    said = reading.text(leaflet.draw(SHEET))
    for told in (
        SHEET.house,
        SHEET.place,
        SHEET.title,
        SHEET.under,
        SHEET.code,
        "Công an xã",
        "21/11/2026 08:30",
    ):
        assert told in said
    for told in ("Giấy tờ", "Thẻ căn cước", "Đưa ra xem", "Hợp đồng", SHEET.foot, "Trang 1/1"):
        assert told in said


def _corner(page: Image.Image) -> Image.Image:
    return page.crop((page.width * 70 // 100, page.height * 122 // 1000, page.width, page.height * 26 // 100))


def _scanned(page: Image.Image, count: int) -> list[list[bool]]:
    """The dark and light dots of the square code in the corner of a page, each looked at in its middle."""
    ink = _corner(page).point(lambda grey: 255 if grey < 128 else 0)
    found = ink.getbbox()
    assert found is not None
    left, top, right, _ = found
    dot = (right - left) / count
    spots = [[(left + (x + 0.5) * dot, top + (y + 0.5) * dot) for x in range(count)] for y in range(count)]
    return [[ink.getpixel((int(x), int(y))) == 255 for x, y in row] for row in spots]


def test_the_printed_code_is_the_address_dot_for_dot() -> None:
    wanted = [[bool(dot) for dot in row] for row in segno.make(SHEET.qr, error="m", micro=False).matrix]
    page = reading.picture(leaflet.draw(dataclasses.replace(SHEET, qr_label="")), dots=200)
    assert _scanned(page, len(wanted)) == wanted


def test_without_an_address_there_is_no_code_to_scan() -> None:
    page = reading.picture(leaflet.draw(dataclasses.replace(SHEET, qr="", qr_label="")), dots=200)
    assert _corner(page).getextrema() == (255, 255)


def test_a_few_lines_too_many_are_set_smaller_rather_than_on_another_page() -> None:
    def sheet(count: int) -> Leaflet:
        return dataclasses.replace(SHEET, blocks=(Block("Các bước", (Item("Một dòng"),) * count),))

    def high(pdf: bytes) -> float:
        line = next(one for one in reading.words(pdf) if one.text == "Một")
        return line.bottom - line.top

    drawn = [leaflet.draw(sheet(count)) for count in (20, 26, 27, 28, 29, 30, 60)]
    pages = [reading.pages(pdf) for pdf in drawn]
    assert pages == sorted(pages) and pages[0] == 1 and pages[-1] == 2
    last = drawn[pages.index(2) - 1]
    assert high(last) < high(drawn[0]) == high(drawn[-1])


def test_an_english_sheet_counts_its_pages_in_english() -> None:
    assert "Page 1/1" in reading.text(leaflet.draw(dataclasses.replace(SHEET, lang="en")))
