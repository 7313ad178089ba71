"""The project's drawings: the SVG subset, the path language, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from devices import picture, strokes
from devices.picture import PictureBook
from devices.ports import Malformed
from tests.devices.samples import PICTURES

PEN = 'fill="none" stroke="currentColor" stroke-width="2"'
HEAD = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" {PEN}>'


def drawn(inside: str, size: int = 96) -> Image.Image:
    return picture.draw(picture.read(f"{HEAD}{inside}</svg>".encode()), size)


def black(image: Image.Image, x: float, y: float) -> bool:
    scale = image.width / 24
    return image.getpixel((int(x * scale), int(y * scale))) == 0


@pytest.mark.parametrize(
    ("shape", "inked", "empty"),
    [
        ('<path d="M4 12H20"/>', (12, 12), (12, 8)),
        ('<path d="M4 4 L20 20"/>', (12, 12), (12, 4)),
        ('<path d="m4 4 l16 16"/>', (12, 12), (12, 4)),
        ('<path d="M12 4v16"/>', (12, 12), (8, 12)),
        ('<path d="M4 4h16v16h-16z"/>', (4, 12), (12, 12)),
        ('<path d="M4 20 C4 4 20 4 20 20"/>', (12, 8), (12, 12)),
        ('<path d="M4 20 Q12 -4 20 20"/>', (12, 8), (12, 12)),
        ('<path d="M4 12 A8 8 0 0 1 20 12"/>', (12, 4), (12, 20)),
        ('<path d="M4 12 A8 8 0 0 0 20 12"/>', (12, 20), (12, 4)),
        ('<path d="M4 12a8 8 0 1116 0"/>', (12, 4), (12, 20)),
        ('<circle cx="12" cy="12" r="8"/>', (20, 12), (12, 12)),
        ('<circle cx="12" cy="12" r="3" stroke="none" fill="currentColor"/>', (12, 12), (12, 16.5)),
        ('<ellipse cx="12" cy="12" rx="8" ry="4"/>', (12, 8), (12, 12)),
        ('<line x1="4" y1="12" x2="20" y2="12"/>', (12, 12), (12, 15)),
        ('<polyline points="4,20 12,4 20,20"/>', (12, 4), (12, 20)),
        ('<polygon points="4,20 12,4 20,20"/>', (12, 20), (12, 14)),
        ('<rect x="4" y="4" width="16" height="16" rx="3"/>', (12, 4), (3.6, 3.6)),
        ('<path d="M12 12h0.01"/>', (12, 12), (14.5, 12)),
    ],
)
def test_each_shape_puts_ink_where_it_belongs(
    shape: str, inked: tuple[float, float], empty: tuple[float, float]
) -> None:
    image = drawn(shape)
    assert image.mode == "1"
    assert black(image, *inked)
    assert not black(image, *empty)


@pytest.mark.parametrize("size", [24, 100, 168])
def test_a_picture_has_the_size_that_was_asked_for(size: int) -> None:
    image = PictureBook(PICTURES).picture("buffalo", size)
    assert image.size == (size, size)
    assert 0.03 < sum(grey == 0 for grey in image.convert("L").tobytes()) / size**2 < 0.6


@pytest.mark.parametrize(
    ("svg", "named"),
    [
        ("", "drawing"),
        ("<svg", "drawing"),
        ("<html/>", "html"),
        (f"{HEAD}<text>a</text></svg>", "text"),
        (f"{HEAD}<g><path d='M0 0'/></g></svg>", "<g>"),
        (f"{HEAD}<path d='M0 0' transform='scale(2)'/></svg>", "transform"),
        (f"{HEAD}<path d='M0 0' style='fill:red'/></svg>", "style"),
        (f"{HEAD}<path d='M0 0' fill='red'/></svg>", "fill"),
        (f"{HEAD}<path d='M0 0' stroke-width='2px'/></svg>", "stroke-width"),
        (f"{HEAD}<path d='M0 0'><title>a</title></path></svg>", "anything"),
        (f"{HEAD}<image href='file:///etc/hostname'/></svg>", "image"),
        (f"{HEAD}<circle cx='nan' cy='1' r='1'/></svg>", "cx"),
        (f"{HEAD}<polyline points='1 2 3'/></svg>", "points"),
        (HEAD.replace("0 0 24 24", "0 0 24 48") + "</svg>", "viewBox"),
        ('<!DOCTYPE svg [<!ENTITY a "b">]>' + HEAD + "</svg>", "document type"),
    ],
)
def test_what_is_outside_the_subset_is_refused_by_name(svg: str, named: str) -> None:
    with pytest.raises(Malformed, match=named):
        picture.read(svg.encode())


@pytest.mark.parametrize(
    "data",
    [
        "L1 1",
        "M1",
        "M1 1 S2 2 3 3",
        "M1 1 L2 2 rubbish",
        "M1 1 A2 2 0 2 0 5 5",
        "M1e99 1",
        "10 10",
        "M 1 1 L",
    ],
)
def test_path_data_is_never_drawn_half(data: str) -> None:
    with pytest.raises(Malformed):
        strokes.path(data)


@given(st.text("MLHVCQAZmlhvcqazST0123456789.,-+e ", max_size=60))
def test_no_path_data_breaks_the_reader(data: str) -> None:
    try:
        chains = strokes.path(data)
    except Malformed:
        return
    assert all(math.isfinite(x) and math.isfinite(y) for chain in chains for x, y in chain.points)


numbers = st.floats(-500, 500).map(lambda number: round(number, 3))


@settings(max_examples=60)
@given(
    numbers,
    numbers,
    st.floats(0.01, 300),
    st.floats(0.01, 300),
    st.floats(-360, 360),
    st.booleans(),
    st.booleans(),
)
def test_an_arc_lies_on_its_ellipse_and_ends_where_it_should(
    x: float, y: float, rx: float, ry: float, turn: float, large: bool, sweep: bool
) -> None:
    data = f"M0 0A{rx:.3f} {ry:.3f} {turn:.3f} {int(large)} {int(sweep)} {x} {y}"
    (chain,) = strokes.path(data)
    assert chain.points[0] == (0, 0)
    assert chain.points[-1] == (x, y)
    reach = 2 * max(rx, ry, math.hypot(x, y) / 2 * max(rx, ry) / min(rx, ry))
    assert all(math.hypot(*point) <= reach * 1.01 + 0.01 for point in chain.points)


def test_a_half_circle_keeps_its_distance_from_the_middle() -> None:
    (chain,) = strokes.path("M-5 0 A5 5 0 0 1 5 0")
    assert all(math.isclose(math.hypot(*point), 5, abs_tol=1e-9) for point in chain.points)
    assert min(y for _, y in chain.points) == pytest.approx(-5)


@pytest.mark.parametrize("name", ["unicorn", "../picture", "", "A B", "buffalo.svg", "x" * 200])
def test_a_name_that_is_not_in_the_book_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        PictureBook(PICTURES).picture(name, 48)


def test_the_book_lists_its_pictures_and_names_a_bad_one(tmp_path: Path) -> None:
    (tmp_path / "rice.svg").write_text(f"{HEAD}<path d='M2 2h9'/></svg>")
    (tmp_path / "bad.svg").write_text(f"{HEAD}<text/></svg>")
    book = PictureBook(tmp_path)
    assert book.names() == ("bad", "rice")
    with pytest.raises(Malformed, match="bad.svg"):
        book.picture("bad", 24)


def test_every_icon_of_the_house_is_drawn() -> None:
    folder = Path(__file__).parents[2] / "hub" / "desks" / "static" / "pictures"
    book = PictureBook(folder)
    assert len(book.names()) >= 8
    for name in book.names():
        share = sum(grey == 0 for grey in book.picture(name, 96).convert("L").tobytes()) / 96**2
        assert 0.02 < share < 0.7, name
