"""A page is found, straightened, judged and made small; what is no picture is Malformed."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from devices import page, page_edges, page_file
from devices.page import Finding
from devices.ports import Malformed
from devices.simulator import papers
from devices.simulator.papers import Laid


def pnm(shown: Image.Image, kind: str = "PPM") -> bytes:
    memory = io.BytesIO()
    shown.save(memory, kind)
    return memory.getvalue()


@pytest.mark.parametrize("dpi", [150, 200, 300])
@pytest.mark.parametrize(
    ("laid", "findings"),
    [
        (Laid.LETTER, ()),
        (Laid.CARD, ()),
        (Laid.DARK, (Finding.TOO_DARK,)),
        (Laid.BLURRED, (Finding.BLURRED,)),
        (Laid.CUT, (Finding.CUT_OFF,)),
        (Laid.TILTED, (Finding.SKEWED,)),
        (Laid.BLANK, (Finding.BLANK,)),
    ],
)
def test_each_paper_gets_its_findings_and_no_other(
    laid: Laid, findings: tuple[Finding, ...], dpi: int
) -> None:
    made = page.prepare(pnm(papers.lay(laid, dpi)), dpi=dpi, colour=True, budget=2_000_000)
    assert made.findings == findings


LETTER = papers.letter(150)


@settings(max_examples=12, deadline=None)
@given(st.floats(-9.5, 9.5))
def test_any_tilt_to_ten_degrees_is_seen_and_put_right(tilt: float) -> None:
    laid = papers.on_lid(LETTER, 150, tilt=tilt)
    assert page_edges.find(laid, camera=False).tilt == pytest.approx(tilt, abs=0.3)
    made = page.prepare(pnm(laid), dpi=150, colour=True, budget=2_000_000)
    assert Finding.SKEWED not in made.findings
    assert made.width == pytest.approx(LETTER.width, rel=0.02)
    assert made.height == pytest.approx(LETTER.height, rel=0.02)
    with Image.open(io.BytesIO(made.jpeg)) as shown:
        assert abs(page_edges.find(shown, camera=False).tilt) < 0.4


def test_a_page_without_a_ground_is_straightened_by_its_lines() -> None:
    turned = LETTER.rotate(-4, Image.Resampling.BICUBIC, fillcolor=(244, 242, 236))
    assert page_edges.find(turned, camera=False).tilt == pytest.approx(4, abs=0.3)


@pytest.mark.parametrize("budget", [60_000, 120_000, 400_000])
def test_a_page_stays_within_its_budget_or_says_that_it_is_unreadable(budget: int) -> None:
    made = page.prepare(pnm(papers.lay(Laid.LETTER, 300)), dpi=300, colour=True, budget=budget)
    assert made.after_bytes == len(made.jpeg)
    assert (made.after_bytes <= budget) is (Finding.UNREADABLE not in made.findings)


def test_what_cannot_be_made_small_enough_is_told_and_not_made_worse() -> None:
    noise = Image.effect_noise((1654, 2339), 90)
    made = page.prepare(pnm(noise), dpi=200, colour=False, budget=page.LEAST_BUDGET)
    assert Finding.UNREADABLE in made.findings and made.dpi == 100


def test_a_photo_is_turned_upright_and_loses_what_the_camera_wrote() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "CAMERA-MARKER"
    memory = io.BytesIO()
    papers.lay(Laid.LETTER, 150).transpose(Image.Transpose.ROTATE_90).save(memory, "JPEG", exif=exif)
    made = page.prepare(memory.getvalue(), dpi=None, colour=True, budget=400_000)
    assert made.height > made.width and b"CAMERA-MARKER" not in made.jpeg and b"Exif" not in made.jpeg


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA", "I;16", "CMYK"])
def test_every_kind_of_colour_is_read(mode: str) -> None:
    seen = Image.new("L", (300, 400), 200)
    shown = (
        seen.convert("I").point(lambda v: v * 257).convert("I;16") if mode == "I;16" else seen.convert(mode)
    )
    made = page.prepare(
        pnm(shown, "TIFF" if mode == "CMYK" else "PNG"), dpi=None, colour=True, budget=200_000
    )
    assert made.width > 100 and made.jpeg.startswith(b"\xff\xd8")


def _animated() -> bytes:
    memory = io.BytesIO()
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    frames[0].save(memory, "PNG", save_all=True, append_images=frames[1:])
    return memory.getvalue()


WHOLE = pnm(Image.new("RGB", (200, 300), "white"), "PNG")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        b"P6\n99999 99999\n255\n",
        WHOLE[:-30],
        pnm(LETTER, "JPEG")[:3000],
        _animated(),
        pnm(Image.new("1", (20000, 20000)), "PNG"),
        pnm(Image.new("L", (4, 4)), "PNG"),
        pnm(Image.new("RGB", (50, 50)), "GIF"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
    ],
    ids=["empty", "text", "bomb", "cut png", "cut jpeg", "animated", "huge", "tiny", "gif", "postscript"],
)
def test_what_is_no_single_whole_picture_is_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        page.prepare(content, dpi=None, colour=True, budget=200_000)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=6))
def test_a_damaged_file_is_a_page_or_malformed_and_nothing_else(at: int, junk: bytes) -> None:
    try:
        page.prepare(WHOLE[:at] + junk + WHOLE[at + len(junk) :], dpi=None, colour=True, budget=200_000)
    except Malformed:
        pass


def test_a_pdf_carries_the_very_pictures_and_no_word_beside_them() -> None:
    pages = [
        page.prepare(pnm(papers.lay(one, 150)), dpi=150, colour=one is Laid.LETTER, budget=200_000)
        for one in (Laid.LETTER, Laid.CARD)
    ]
    made = page_file.as_pdf(pages, 500_000)
    assert made.startswith(b"%PDF-1.4") and all(one.jpeg in made for one in pages)
    assert made == page_file.as_pdf(pages, 500_000)
    assert (
        b"/DeviceGray" in made and b"/DeviceRGB" in made and b"Date" not in made and b"Producer" not in made
    )


def test_pages_are_made_smaller_for_a_budget_or_refused() -> None:
    pages = [page.prepare(pnm(papers.lay(Laid.LETTER, 200)), dpi=200, colour=True, budget=400_000)] * 2
    whole = sum(one.after_bytes for one in pages)
    assert len(page_file.as_pdf(pages, whole * 3 // 4)) <= whole * 3 // 4
    with pytest.raises(page_file.TooBig):
        page_file.as_pdf(pages, 20_000)
    with pytest.raises(Malformed):
        page_file.as_pdf([], 100_000)
