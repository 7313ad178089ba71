"""Codes found in pictures: a corpus of turned, blurred, noisy and broken ones, pages, hostile files."""

from __future__ import annotations

import io
import time
from collections import Counter

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from devices import codes, ident, insurance
from devices.codes import Code, Kind
from devices.ports import Malformed
from tests.devices.codes_corpus import CARD_2021, CARD_2024, OTHER, Case, corpus, draw

PATIENT_S = 60.0


def _of_a_card(text: str) -> bool:
    return text.count("|") > 4


def saved(image: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    held = io.BytesIO()
    image.save(held, kind, **more)
    return held.getvalue()


def page(dpi: int, *cases: tuple[Case, tuple[float, float]]) -> Image.Image:
    """An A4 page of lines with codes at places in inches."""
    sheet = Image.new("L", (round(8.27 * dpi), round(11.69 * dpi)), 245)
    pen = ImageDraw.Draw(sheet)
    for line in range(40):
        y = round((0.6 + line * 0.26) * dpi)
        for word in range(9):
            x = round((0.7 + word * 0.75) * dpi)
            pen.rectangle((x, y, x + round(0.6 * dpi), y + round(0.08 * dpi)), fill=40)
    for case, (left, top) in cases:
        sheet.paste(draw(case), (round(left * dpi), round(top * dpi)))
    return sheet


def test_the_corpus_is_read_and_no_field_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    count: Counter[str] = Counter()
    for case in corpus():
        count["cases"] += 1
        seen = zxingcpp.read_barcodes(draw(case.clean))
        if not any(bytes(one.bytes).decode() == case.text for one in seen):
            continue
        count["clean ones that plain zxing reads"] += 1
        picture = draw(case)
        count["spoilt ones that plain zxing reads"] += bool(zxingcpp.read_barcodes(picture))
        # How much is read must not hang on what else the machine does.
        found = codes.find(picture, timeout_s=PATIENT_S)
        for one in found:
            # Field by field: whatever is read is what the code says.
            assert one.text == case.text, "a wrong text"
            assert ident.parse(one.text) == ident.parse(case.text)
            assert insurance.parse(one.text) == insurance.parse(case.text)
        count["spoilt ones that we read"] += bool(found)
    with capsys.disabled():
        print(f"\n  {dict(count)}")
    assert count["clean ones that plain zxing reads"] >= 590
    assert count["spoilt ones that we read"] >= 0.99 * count["clean ones that plain zxing reads"]
    # The corpus must stay harder than what one plain look reads.
    assert count["spoilt ones that we read"] > count["spoilt ones that plain zxing reads"]


@pytest.mark.parametrize("dpi", [150, 200, 300])
@pytest.mark.parametrize("turn", [0, 3, 90, 181, 33])
def test_a_code_on_a_page_is_found_where_it_is(dpi: int, turn: int) -> None:
    case = Case(CARD_2021, 18, dpi, turn, blur=0.4, noise=5)
    (found,) = codes.find(page(dpi, (case, (5.0, 7.0))), timeout_s=PATIENT_S)
    assert (found.text, found.kind) == (CARD_2021, Kind.QR)
    half = draw(case).width / 2
    middle = [sum(axis) / 4 for axis in zip(*found.corners, strict=True)]
    assert middle == pytest.approx([5.0 * dpi + half, 7.0 * dpi + half], abs=dpi / 25)


def test_two_codes_on_a_page_are_both_told_and_a_wanted_one_is_looked_for() -> None:
    plain = Case(OTHER[0], 22, 200, 0)
    poor = Case(CARD_2024, 18, 200, 20, blur=1.0, noise=10, contrast=0.6)
    sheet = page(200, (plain, (1.0, 1.0)), (poor, (4.5, 8.0)))
    found = {one.text for one in codes.find(sheet, timeout_s=PATIENT_S, wanted=_of_a_card)}
    assert found == {OTHER[0], CARD_2024}


def test_a_dark_and_distant_code_on_a_page_is_found_by_looking_closer() -> None:
    case = Case(CARD_2021, 16, 150, 12, blur=0.9, noise=8, contrast=0.5, light=0.7)
    (found,) = codes.find(page(150, (case, (2.0, 5.0))), timeout_s=PATIENT_S)
    assert found.text == CARD_2021


def test_a_page_without_a_code_has_none_and_costs_bounded_time() -> None:
    begun = time.monotonic()
    assert codes.find(page(200), timeout_s=1.0) == ()
    assert time.monotonic() - begun < 4.0


def test_another_kind_of_code_is_told_as_such() -> None:
    made = zxingcpp.create_barcode("NVH-000123", zxingcpp.BarcodeFormat.Code128)
    bars = made.to_image(scale=3)
    image = Image.frombuffer("L", (bars.shape[1], bars.shape[0]), bytes(bars), "raw", "L", 0, 1)
    sheet = Image.new("L", (900, 500), 255)
    sheet.paste(image.resize((600, 160)), (100, 150))
    assert [(one.text, one.kind) for one in codes.find(sheet)] == [("NVH-000123", Kind.OTHER)]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "L"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"), ("PNG", "I;16"), ("JPEG", "CMYK")]
    + [("JPEG", "RGB"), ("WEBP", "RGB"), ("PPM", "L"), ("TIFF", "L"), ("BMP", "L"), ("PNG", "LA")],
)
def test_every_sort_of_picture_is_read(kind: str, mode: str) -> None:
    image = draw(Case(CARD_2021, 20, 200, 5))
    image = (
        image.point(lambda level: level * 256, "I").convert("I;16") if mode == "I;16" else image.convert(mode)
    )
    assert [one.text for one in codes.find(saved(image, kind))] == [CARD_2021]


def test_a_code_behind_glass_stands_on_white() -> None:
    code = draw(Case(CARD_2021, 20, 200, 0))
    clear = Image.new("RGBA", code.size, (0, 0, 0, 0))
    clear.putalpha(code.point(lambda level: 255 - level))
    assert [one.text for one in codes.find(saved(clear))] == [CARD_2021]


def test_a_photo_larger_than_needed_is_made_smaller_and_corners_stay_true() -> None:
    # As from a tablet of 48 million dots: the card fills a part of it.
    photo = Image.new("L", (8000, 6000), 200)
    photo.paste(draw(Case(CARD_2021, 20, 900, 8, blur=2)), (3000, 2000))
    begun = time.monotonic()
    (found,) = codes.find(photo)
    assert found.text == CARD_2021 and time.monotonic() - begun < 10
    assert all(3000 <= x <= 4500 and 2000 <= y <= 3500 for x, y in found.corners)


def _bomb() -> bytes:
    return saved(Image.new("1", (30_000, 30_000)), "PNG")


@pytest.mark.parametrize(
    "content",
    [b"", b"%PDF-1.7", b"GIF89a", b"\x89PNG\r\n\x1a\n", saved(draw(Case("x", 20, 100, 0)))[:300]],
)
def test_what_is_no_picture_is_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        codes.find(content)


def test_a_picture_that_unfolds_without_end_is_malformed_before_it_is_unfolded() -> None:
    bomb = _bomb()
    assert len(bomb) < 200_000
    with pytest.raises(Malformed):
        codes.find(bomb)
    with pytest.raises(Malformed):
        codes.find(Image.new("1", (9_000, 9_000)))


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_it(content: bytes) -> None:
    with pytest.raises(Malformed):
        codes.find(content)


def test_a_code_never_shows_itself_in_a_log() -> None:
    (found,) = codes.find(draw(Case(CARD_2021, 20, 200, 0)))
    assert isinstance(found, Code) and "Mẫu" not in f"{found!r} {found}"


def test_bytes_that_are_no_utf8_are_still_told() -> None:
    made = zxingcpp.create_barcode(b"\xe9\xe8\xff", zxingcpp.BarcodeFormat.QRCode)
    image = made.to_image(scale=8)
    picture = Image.frombuffer("L", (image.shape[1], image.shape[0]), bytes(image), "raw", "L", 0, 1)
    (found,) = codes.find(picture)
    assert found.text and "\ufffd" not in found.text
