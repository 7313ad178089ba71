"""Good papers are never called bad, spoilt ones are, and nothing written is ever cropped away."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from devices import page, page_edges
from devices.page import Finding, Prepared
from devices.page_edges import Outline
from tests.devices import pages_drawn as drawn

DPI = 120
WIDE = (232.0, 322.0)
"""Millimetres of glass on which an A4 page may lie askew and whole."""


def scanned(shown: Image.Image, dpi: int = DPI, *, colour: bool = True, budget: int = 1_500_000) -> Prepared:
    return page.prepare(drawn.pnm(shown), dpi=dpi, colour=colour, budget=budget)


def taken(shown: Image.Image) -> Prepared:
    return page.prepare(drawn.jpeg(shown), dpi=None, colour=True, budget=1_500_000)


def lost(ink: Image.Image, outline: Outline) -> int:
    """Count the dots of ink that do not come into the result."""
    if outline.corners is None:
        return 0
    kept = Image.new("L", ink.size, 0)
    ImageDraw.Draw(kept).polygon(list(outline.corners), fill=255)
    return sum(ImageChops.subtract(ink, kept).histogram()[128:])


GOOD_SCANS = {
    "form": ("dark", drawn.folded(0.35)),
    "hand": ("dark", drawn.noisy(8)),
    "stamped": ("dark", drawn.shaded(0.5)),
    "yellowed": ("dark", drawn.squeezed(50)),
    "pink": ("white", drawn.none),
    "pencil": ("white", drawn.noisy(6)),
    "dense": ("white", drawn.soft(0.8)),
    "one_line": ("white", drawn.shaded(0.6)),
    "card": ("dark", drawn.lit(0.6)),
    "a5": ("grey", drawn.moved(2)),
    "birth": ("white", drawn.folded(0.4)),
}
GOOD_PHOTOS = {
    "form": ("wood", drawn.hand_shadow(0.6)),
    "stamped": ("wood", drawn.squeezed(45)),
    "birth": ("cloth", drawn.shaded(0.6)),
    "one_line": ("cloth", drawn.noisy(8)),
}


@pytest.mark.parametrize("name", GOOD_SCANS)
def test_a_good_scan_has_no_finding_and_keeps_every_dot_of_ink(name: str) -> None:
    lid, spoil = GOOD_SCANS[name]
    laid = drawn.on_glass(drawn.paper(name, DPI), lid, tilt=2, glass=WIDE)
    shown = spoil(laid.shown)
    assert scanned(shown).findings == ()
    assert lost(laid.ink, page_edges.find(shown, camera=False)) == 0


@pytest.mark.parametrize("name", GOOD_PHOTOS)
def test_a_good_photo_has_no_finding_and_keeps_every_dot_of_ink(name: str) -> None:
    ground, spoil = GOOD_PHOTOS[name]
    laid = drawn.photographed(drawn.paper(name, DPI), ground, size=(1200, 1600), tilt=-3, lean=0.07)
    shown = spoil(laid.shown)
    assert taken(shown).findings == ()
    assert lost(laid.ink, page_edges.find(shown, camera=True)) == 0


@pytest.mark.parametrize(
    ("name", "spoil", "finding"),
    [
        ("form", drawn.soft(2.5), Finding.BLURRED),
        ("stamped", drawn.moved(9), Finding.BLURRED),
        ("birth", drawn.moved(9, down=True), Finding.BLURRED),
        ("hand", drawn.soft(3), Finding.BLURRED),
        ("dense", drawn.lit(0.26), Finding.TOO_DARK),
        ("stamped", drawn.lit(0.3, 205), Finding.TOO_BRIGHT),
    ],
)
def test_a_spoilt_scan_is_called_so(name: str, spoil: drawn.Spoil, finding: Finding) -> None:
    laid = drawn.on_glass(drawn.paper(name, DPI), "dark", tilt=1, glass=WIDE)
    assert scanned(spoil(laid.shown)).findings == (finding,)


@pytest.mark.parametrize("at", [(0.5, 0.22), (0.5, 0.78), (0.22, 0.5), (0.78, 0.5)])
def test_a_paper_over_any_edge_is_cut_off_for_the_scanner_and_for_the_camera(at: tuple[float, float]) -> None:
    paper = drawn.paper("a5", DPI)
    over = tuple(0.5 + (share - 0.5) * 1.6 for share in at)
    glass = drawn.on_glass(paper, tilt=3, at=(over[0], over[1]), glass=drawn.A4)
    assert scanned(glass.shown).findings == (Finding.CUT_OFF,)
    photo = drawn.photographed(paper, size=(840, 1120), tilt=1, at=at)
    assert taken(photo.shown).findings == (Finding.CUT_OFF,)


def test_a_corner_that_has_lost_only_its_empty_margin_is_not_cut_off() -> None:
    laid = drawn.on_glass(drawn.paper("stamped", DPI), tilt=2)
    assert scanned(laid.shown).findings == ()
    assert lost(laid.ink, page_edges.find(laid.shown, camera=False)) == 0


def test_writing_that_runs_over_the_rim_is_cut_off_even_where_no_ground_is_seen() -> None:
    laid = drawn.on_glass(drawn.paper("dense", DPI), "white", at=(0.4, 0.5), glass=(205, 297))
    assert Finding.CUT_OFF in scanned(laid.shown).findings


_SMALL = {name: drawn.paper(name, 72) for name in ("a5", "card")}


@settings(max_examples=16, deadline=None)
@given(
    st.sampled_from(sorted(_SMALL)),
    st.floats(-10, 10),
    st.floats(0.36, 0.64),
    st.sampled_from(["dark", "grey", "white"]),
    st.sampled_from([drawn.none, drawn.shaded(0.5), drawn.folded(0.3), drawn.hand_shadow(0.5)]),
)
def test_nothing_written_is_ever_cropped_away(
    name: str, tilt: float, at: float, lid: str, spoil: drawn.Spoil
) -> None:
    laid = drawn.on_glass(_SMALL[name], lid, tilt=tilt, at=(0.5, at))
    assert lost(laid.ink, page_edges.find(spoil(laid.shown), camera=False)) == 0


@settings(max_examples=8, deadline=None)
@given(st.floats(-8, 8), st.floats(0, 0.12), st.sampled_from(["dark", "wood", "cloth", "white"]))
def test_nothing_written_on_a_leaning_photo_is_cropped_away(tilt: float, lean: float, ground: str) -> None:
    laid = drawn.photographed(_SMALL["a5"], ground, size=(480, 640), tilt=tilt, lean=lean, fill=0.8)
    assert lost(laid.ink, page_edges.find(laid.shown, camera=True)) == 0


def test_a_dark_heading_at_the_papers_end_is_not_taken_for_ground() -> None:
    sheet = drawn.Sheet(drawn.A5, 100)
    sheet.line([(3, 12), (145, 12)], 16, (150, 40, 40))
    sheet.lines(30, 190)
    laid = drawn.on_glass(sheet.paper(), tilt=2)
    assert lost(laid.ink, page_edges.find(laid.shown, camera=False)) == 0


def test_a_page_straightened_by_its_lines_keeps_its_corners() -> None:
    shown = Image.new("RGB", (800, 1000), "white")
    turned = page_edges.flatten(shown, Outline(None, 8.0, False, page_edges.SIDES), longest=None)
    assert turned.width > 800 and turned.height > 1000


def _opened(made: Prepared) -> Image.Image:
    with Image.open(io.BytesIO(made.jpeg)) as shown:
        return shown.copy()


@pytest.mark.parametrize("light", [drawn.none, drawn.lit(0.7), drawn.lit(1.1), drawn.shaded(0.6)])
def test_evening_out_burns_away_neither_a_red_stamp_nor_a_faint_signature(light: drawn.Spoil) -> None:
    sheet = drawn.Sheet(drawn.A5, 100, (238, 236, 230))
    sheet.lines(20, 120)
    sheet.ring(50, 165, 12, (226, 130, 132), 2.0)
    sheet.ring(110, 165, 12, (198, 200, 212), 2.0)
    shown = _opened(scanned(light(drawn.on_glass(sheet.paper(), glass=(170, 230)).shown), 100))
    scale = shown.width / 148
    for x, least in ((50, 45), (110, 18)):
        box = tuple(round(value * scale) for value in (x - 14, 151, x + 14, 179))
        part = shown.crop((box[0], box[1], box[2], box[3])).split()[1]
        counts = part.histogram()
        paper = counts.index(max(counts))
        # A ring two millimetres wide covers some 150 of 784 square millimetres.
        assert sum(counts[: paper - least]) > 0.1 * sum(counts)
    red, _, blue = shown.crop(
        tuple(round(value * scale) for value in (37, 152, 63, 178))  # type: ignore[arg-type]
    ).split()
    assert max(ImageChops.subtract(red, blue).getextrema()) > 40
