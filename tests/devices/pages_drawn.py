"""Papers and mishaps for the page tests: drawn apart from the practice scanner's, so that neither flatters
the other.

Every name and number is made up. A paper comes with the mask of what is written on it; laying turns both in
the same way, so that a test can say where each dot of ink has to be.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from devices import fonts, page_lines
from devices.page_lines import Point

A4, A5, CARD = (210.0, 297.0), (148.0, 210.0), (85.6, 54.0)
Colour = tuple[int, int, int]

_WORDS = (
    "Tờ khai đăng ký khai sinh Họ chữ đệm tên người yêu cầu Nguyễn Thị Mẫu nơi cư trú thôn Mẫu giấy tờ tùy"
    " thân quan hệ với người được khai sinh ngày tháng năm dân tộc quốc tịch quê quán cam đoan nội dung đề"
    " nghị trên đây là đúng sự thật được sự thỏa thuận nhất trí của các bên liên quan theo quy định"
).split()


@dataclass(frozen=True)
class Paper:
    """A paper and, in ``ink``, 255 where something is written."""

    shown: Image.Image
    ink: Image.Image
    dpi: int


class Sheet:
    """An empty paper to draw on; lengths in millimetres."""

    def __init__(self, size: tuple[float, float], dpi: int, colour: Colour = (246, 244, 240)) -> None:
        self.dpi, self.size = dpi, size
        dots = (self.px(size[0]), self.px(size[1]))
        self.shown, self.ink = Image.new("RGB", dots, colour), Image.new("L", dots, 0)
        self._pens = ((ImageDraw.Draw(self.shown), False), (ImageDraw.Draw(self.ink), True))

    def px(self, mm: float) -> int:
        return round(mm / 25.4 * self.dpi)

    def text(self, x: float, y: float, words: str, mm: float = 3.2, colour: Colour = (35, 35, 40)) -> None:
        for pen, mask in self._pens:
            pen.text((self.px(x), self.px(y)), words, fill=255 if mask else colour, font=_font(self.px(mm)))

    def line(self, points: Sequence[Point], mm: float = 0.4, colour: Colour = (35, 35, 40)) -> None:
        dots = [(self.px(x), self.px(y)) for x, y in points]
        for pen, mask in self._pens:
            pen.line(dots, fill=255 if mask else colour, width=max(1, self.px(mm)), joint="curve")

    def box(self, x: float, y: float, wide: float, tall: float, mm: float = 0.35) -> None:
        corners = ((x, y), (x + wide, y), (x + wide, y + tall), (x, y + tall), (x, y))
        self.line(corners, mm, (60, 60, 60))

    def ring(self, x: float, y: float, radius: float, colour: Colour, mm: float = 0.8) -> None:
        around = [(x + radius * math.cos(turn / 30), y + radius * math.sin(turn / 30)) for turn in range(190)]
        self.line(around, mm, colour)

    def lines(
        self, first: float, last: float, *, mm: float = 3.2, step: float = 7.5, colour: Colour = (35, 35, 40)
    ) -> None:
        count, y, at = int((self.size[0] - 36) / (mm * 2.4)), first, 0
        while y < last:
            words = [_WORDS[(at + number * 7) % len(_WORDS)] for number in range(count)]
            self.text(18, y, " ".join(words)[: int((self.size[0] - 36) / (mm * 0.62))], mm, colour)
            y, at = y + step, at + 11

    def paper(self) -> Paper:
        return Paper(self.shown, self.ink, self.dpi)


def form(dpi: int) -> Paper:
    """Tables, boxes for letters, and a few words."""
    sheet = Sheet(A4, dpi)
    sheet.text(62, 15, "TỜ KHAI ĐĂNG KÝ (MẪU)", 5)
    for row in range(9):
        sheet.text(16, 34 + 9 * row, f"{row + 1}. {_WORDS[row]} {_WORDS[row + 9]}:")
        for box in range(16):
            sheet.box(70 + 7 * box, 32 + 9 * row, 6.4, 6.4, 0.2)
    for row in range(14):
        for column in range(5):
            sheet.box(16 + 35.5 * column, 122 + 11 * row, 35.5, 11)
            if (row + column) % 3:
                sheet.text(18 + 35.5 * column, 125 + 11 * row, _WORDS[(5 * row + column) % len(_WORDS)], 3)
    return sheet.paper()


def hand(dpi: int) -> Paper:
    """Writing by hand, blue, over the whole paper."""
    sheet, chance = Sheet(A4, dpi), random.Random(4)
    for row in range(20):
        x, y = 20.0, 24.0 + 12 * row
        while x < 180:
            stroke, long = [], chance.uniform(7, 20)
            for step in range(int(long * 3)):
                high = chance.choice((1.3, 1.3, 3.0)) if step % 3 == 0 else 0.4
                stroke.append((x + step / 3, y - high * math.sin(step * 1.4)))
            sheet.line(stroke, 0.45, (40, 45, 130))
            x += long + 4
    return sheet.paper()


def stamped(dpi: int) -> Paper:
    """A letter with a red stamp over a thin blue signature."""
    sheet = Sheet(A4, dpi)
    sheet.lines(20, 190)
    sheet.text(130, 205, "Trưởng thôn")
    sheet.line([(125 + step, 235 + 6 * math.sin(step / 3)) for step in range(45)], 0.4, (50, 60, 150))
    for radius in (17.0, 15.5):
        sheet.ring(118, 238, radius, (205, 60, 62), 0.7)
    sheet.text(109, 235, "THÔN MẪU", 3.4, (205, 60, 62))
    return sheet.paper()


def yellowed(dpi: int) -> Paper:
    """An old paper, brown ink."""
    sheet = Sheet(A4, dpi, (222, 200, 150))
    sheet.lines(25, 260, mm=3.6, step=9, colour=(80, 55, 40))
    return sheet.paper()


def pink(dpi: int) -> Paper:
    """A copy on coloured paper."""
    sheet = Sheet(A4, dpi, (240, 190, 200))
    sheet.lines(25, 270)
    return sheet.paper()


def pencil(dpi: int) -> Paper:
    """A faint pencil, thin."""
    sheet = Sheet(A4, dpi)
    sheet.lines(25, 200, mm=4, step=10, colour=(176, 176, 178))
    return sheet.paper()


def dense(dpi: int) -> Paper:
    """Small print to the margins."""
    sheet = Sheet(A4, dpi)
    sheet.lines(12, 283, mm=2.3, step=3.4)
    return sheet.paper()


def one_line(dpi: int) -> Paper:
    """Almost empty: a single line."""
    sheet = Sheet(A4, dpi)
    sheet.text(25, 60, "Đã nhận đủ 2 bao giống.", 4)
    return sheet.paper()


def card(dpi: int) -> Paper:
    """Of an identity card's size, tinted, with a picture's dark square."""
    sheet = Sheet(CARD, dpi, (205, 226, 224))
    sheet.text(24, 5, "THẺ MẪU KHÔNG CÓ THẬT", 3)
    for row in range(6):
        sheet.text(30, 13 + 6 * row, f"{_WORDS[row * 3]} {_WORDS[row * 3 + 1]} {_WORDS[row * 3 + 2]}", 2.6)
    sheet.line([(6, 28), (24, 28)], 24, (120, 105, 96))
    return sheet.paper()


def a5(dpi: int) -> Paper:
    """A receipt on A5."""
    sheet = Sheet(A5, dpi)
    sheet.text(48, 10, "BIÊN NHẬN (MẪU)", 4.5)
    sheet.lines(28, 190, mm=3, step=8)
    return sheet.paper()


def birth(dpi: int) -> Paper:
    """A certificate: a pattern of fine curves all over, a frame, a red emblem."""
    sheet = Sheet(A4, dpi, (250, 240, 238))
    draw = ImageDraw.Draw(sheet.shown)
    for row in range(0, 320, 3):
        wave = [(sheet.px(x), sheet.px(row + 5 * math.sin(x / 9 + row / 14))) for x in range(0, 214, 3)]
        draw.line(wave, fill=(238, 205, 200), width=max(1, sheet.px(0.3)))
    sheet.box(9, 9, 192, 279, 1.2)
    sheet.ring(105, 32, 10, (200, 50, 40), 2.5)
    sheet.text(66, 50, "GIẤY KHAI SINH (MẪU)", 6.5, (190, 40, 40))
    sheet.lines(75, 235, mm=3.6, step=12)
    sheet.ring(150, 255, 16, (205, 60, 62))
    return sheet.paper()


PAPERS: dict[str, Callable[[int], Paper]] = {
    one.__name__: one
    for one in (form, hand, stamped, yellowed, pink, pencil, dense, one_line, card, a5, birth)
}


@lru_cache(maxsize=24)
def paper(name: str, dpi: int) -> Paper:
    """Return one of ``PAPERS``; treat it as read only."""
    return PAPERS[name](dpi)


@lru_cache(maxsize=40)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(fonts.find()[0]), max(5, size))


def ground(name: str, size: tuple[int, int]) -> Image.Image:
    """Return what a paper lies on: a scanner's dark, grey or white lid, a dark cloth, or wood."""
    flat = {"dark": (46, 46, 50), "grey": (120, 122, 124), "white": (236, 236, 234), "cloth": (60, 70, 92)}
    if name in flat:
        return Image.new("RGB", size, flat[name])
    wood = Image.new("RGB", size, (142, 96, 58))
    draw, chance = ImageDraw.Draw(wood), random.Random(8)
    for _ in range(170):
        y, dark = chance.uniform(0, size[1]), chance.randrange(-34, 30)
        grain = [(x, y + 0.006 * size[1] * math.sin(x / size[0] * 5 + y)) for x in range(0, size[0] + 40, 40)]
        draw.line(grain, fill=(142 + dark, 96 + dark, 58 + dark), width=chance.randrange(2, 12))
    for board in range(1, 4):
        draw.line([(0, size[1] * board // 4), (size[0], size[1] * board // 4)], fill=(52, 34, 22), width=4)
    return wood


@dataclass(frozen=True)
class Laid:
    """A picture and, in ``ink``, where what is written has come to lie in it."""

    shown: Image.Image
    ink: Image.Image


def on_glass(
    one: Paper,
    lid: str = "dark",
    *,
    tilt: float = 0.0,
    at: tuple[float, float] = (0.5, 0.5),
    glass: tuple[float, float] = (216.0, 310.0),
) -> Laid:
    """Return a paper on a scanner's glass, turned clockwise by degrees, its middle at a share of it."""
    size = (round(glass[0] / 25.4 * one.dpi), round(glass[1] / 25.4 * one.dpi))
    middle = (size[0] * at[0], size[1] * at[1])
    cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    half = (one.shown.width / 2, one.shown.height / 2)
    corners = [
        (middle[0] + x * half[0] * cos - y * half[1] * sin, middle[1] + x * half[0] * sin + y * half[1] * cos)
        for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    return _laid(one, ground(lid, size), corners)


def photographed(
    one: Paper,
    lid: str = "wood",
    *,
    size: tuple[int, int] = (1500, 2000),
    fill: float = 0.84,
    tilt: float = 0.0,
    lean: float = 0.0,
    at: tuple[float, float] = (0.5, 0.5),
) -> Laid:
    """Return a paper as a telephone sees it; ``lean`` makes its far side so much shorter."""
    share = fill * min(size[0] / one.shown.width, size[1] / one.shown.height)
    half = (one.shown.width * share / 2, one.shown.height * share / 2)
    cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    corners = []
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        near = 1 - lean if y < 0 else 1
        across, down = x * half[0] * near, y * half[1] * (1 - lean / 2)
        corners.append(
            (size[0] * at[0] + across * cos - down * sin, size[1] * at[1] + across * sin + down * cos)
        )
    return _laid(one, ground(lid, size), corners)


def _laid(one: Paper, under: Image.Image, corners: Sequence[Point]) -> Laid:
    # The way back: where a dot of the picture lies on the paper.
    wide, tall = one.shown.size
    how = _between(corners, ((0, 0), (wide, 0), (wide, tall), (0, tall)))
    small = math.dist(corners[0], corners[1]) / wide
    shown, written = one.shown, one.ink
    if small < 0.6:
        by = int(1 / small)
        how = tuple(value / by if at < 6 else value for at, value in enumerate(how))
        shown, written = shown.reduce(by), written.reduce(by)
    there = Image.new("L", shown.size, 255)

    def turned(image: Image.Image) -> Image.Image:
        return image.transform(under.size, Image.Transform.PERSPECTIVE, how, Image.Resampling.BICUBIC)

    under.paste(turned(shown), (0, 0), turned(there))
    return Laid(under, turned(written).point([0] * 128 + [255] * 128))


def _between(seen: Sequence[Point], flat: Sequence[Point]) -> tuple[float, ...]:
    rows: list[list[float]] = []
    for (x, y), (to_x, to_y) in zip(seen, flat, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -to_x * x, -to_x * y, to_x])
        rows.append([0, 0, 0, x, y, 1, -to_y * x, -to_y * y, to_y])
    return page_lines._solved(rows)


Spoil = Callable[[Image.Image], Image.Image]


def none(shown: Image.Image) -> Image.Image:
    """Leave it as it is."""
    return shown


def shaded(least: float) -> Spoil:
    """A lamp from one side: the far side has ``least`` of the light."""

    def spoil(shown: Image.Image) -> Image.Image:
        slope = (
            Image.linear_gradient("L")
            .rotate(90)
            .resize(shown.size)
            .point([round(255 * (least + (1 - least) * value / 255)) for value in range(256)])
        )
        return ImageChops.multiply(shown, Image.merge("RGB", (slope, slope, slope)))

    return spoil


def folded(least: float, wide: float = 0.16) -> Spoil:
    """A book's fold along the left: soft, down to ``least`` of the light at the rim."""

    def spoil(shown: Image.Image) -> Image.Image:
        column = Image.new("L", (shown.width, 1))
        column.putdata(
            [
                round(255 * (1 - (1 - least) * math.exp(-((x / shown.width / wide) ** 2))))
                for x in range(shown.width)
            ]
        )
        slope = column.resize(shown.size)
        return ImageChops.multiply(shown, Image.merge("RGB", (slope, slope, slope)))

    return spoil


def hand_shadow(light: float) -> Spoil:
    """The shadow of whoever holds the telephone, over the lower half."""

    def spoil(shown: Image.Image) -> Image.Image:
        small = Image.new("L", (100, 140), 255)
        ImageDraw.Draw(small).ellipse((-10, 70, 70, 180), fill=round(255 * light))
        soft = small.filter(ImageFilter.GaussianBlur(4)).resize(shown.size, Image.Resampling.BICUBIC)
        return ImageChops.multiply(shown, Image.merge("RGB", (soft, soft, soft)))

    return spoil


def noisy(strength: float) -> Spoil:
    """Grain in every colour."""

    def spoil(shown: Image.Image) -> Image.Image:
        grains = [Image.effect_noise(shown.size, strength) for _ in range(3)]
        return ImageChops.add(shown, Image.merge("RGB", grains), 1.0, -128)

    return spoil


def squeezed(quality: int) -> Spoil:
    """Saved by a telephone that spares its memory."""

    def spoil(shown: Image.Image) -> Image.Image:
        with Image.open(io.BytesIO(jpeg(shown, quality))) as again:
            return again.convert("RGB")

    return spoil


def soft(dots: float) -> Spoil:
    """Out of focus."""
    return lambda shown: shown.filter(ImageFilter.GaussianBlur(dots))


def moved(dots: int, *, down: bool = False) -> Spoil:
    """Shaken in one direction by so many dots."""

    def spoil(shown: Image.Image) -> Image.Image:
        return shown.filter(ImageFilter.BoxBlur((0, dots / 2) if down else (dots / 2, 0)))

    return spoil


def lit(times: float, plus: int = 0) -> Spoil:
    """Exposed otherwise."""
    curve = [max(0, min(255, round(value * times + plus))) for value in range(256)] * 3
    return lambda shown: shown.point(curve)


def pnm(shown: Image.Image) -> bytes:
    """A page as a scanner hands it over."""
    out = io.BytesIO()
    shown.save(out, "PPM")
    return out.getvalue()


def jpeg(shown: Image.Image, quality: int = 88) -> bytes:
    """A photograph as a telephone hands it over."""
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=quality)
    return out.getvalue()
