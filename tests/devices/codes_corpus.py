"""Pictures of QR codes as a scanner or a tablet sees them: made-up cards, the same for the same seed.

Size on paper, resolution, turn, blur, noise, light and lean are chosen independently. A clean picture is the
same code, size, resolution and turn with nothing else wrong.
"""

from __future__ import annotations

import functools
import io
import random
from dataclasses import dataclass

import segno
from PIL import Image, ImageChops, ImageEnhance, ImageFilter

MM = 25.4
_FINE = 6


@dataclass(frozen=True, slots=True)
class Case:
    """One picture of the corpus; blur in dots (sigma), noise in grey levels (sigma), lean as a share."""

    text: str
    mm: float
    dpi: int
    turn: float
    error: str = "M"
    blur: float = 0.0
    noise: float = 0.0
    lean: float = 0.0
    light: float = 1.0
    contrast: float = 1.0
    seed: int = 0

    @property
    def clean(self) -> Case:
        """The same code with nothing wrong but its turn."""
        return Case(self.text, self.mm, self.dpi, self.turn, self.error)


@functools.lru_cache(maxsize=64)
def _code(text: str, error: str) -> Image.Image:
    made = segno.make(text.encode(), error=error, boost_error=False, micro=False)
    held = io.BytesIO()
    made.save(held, kind="png", scale=_FINE, border=4)
    held.seek(0)
    return Image.open(held).convert("L")


def draw(case: Case) -> Image.Image:
    """Return the picture of a case, grey, with some card around the code."""
    code = _code(case.text, case.error)
    chance = random.Random(case.seed)
    inner = code.width - 8 * _FINE
    shrink = case.mm / MM * case.dpi / inner
    side = round(code.width * 1.45)
    card = Image.new("L", (side, side), 236)
    card.paste(code, ((side - code.width) // 2, (side - code.width) // 2))
    if case.lean:
        most = case.lean * side
        quad = [value + chance.uniform(-most, most) for value in (0, 0, 0, side, side, side, side, 0)]
        card = card.transform(card.size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC, fillcolor=236)
    if case.turn:
        card = card.rotate(case.turn, Image.Resampling.BICUBIC, fillcolor=236)
    small = max(8, round(side * shrink))
    card = card.resize((small, small), Image.Resampling.BOX if not case.turn else Image.Resampling.LANCZOS)
    if case.contrast != 1.0:
        card = ImageEnhance.Contrast(card).enhance(case.contrast)
    if case.light != 1.0:
        card = ImageEnhance.Brightness(card).enhance(case.light)
    if case.blur:
        card = card.filter(ImageFilter.GaussianBlur(case.blur))
    return _noisy(card, case.noise, chance) if case.noise else card


def _noisy(card: Image.Image, sigma: float, chance: random.Random) -> Image.Image:
    # The mean of two even ones has a sigma of 52 grey levels; scaled it is the one asked for.
    size = card.width * card.height
    one, two = (Image.frombytes("L", card.size, chance.randbytes(size)) for _ in range(2))
    even = Image.blend(one, two, 0.5)
    soft = even.point([round(128 + (level - 127.5) * sigma / 52) for level in range(256)])
    return ImageChops.add(card, soft, 1, -128)


CARD_2021 = "015155000000||Nguyễn Thị Mẫu|01021955|Nữ|Thôn Mẫu, Lâm Giang, Văn Yên, Yên Bái|05082021"
CARD_2024 = "010202000000||Lý A Mẫu|15072002|Nam|Thôn Mẫu, Bảo Ái, Lào Cai|01082025||||"
OLD_NUMBER = CARD_2021.replace("||", "|060000000|", 1)
LONG = (
    "010068000000|010000000|Hoàng Thị Mẫu Phương Uyên|30121968|Nữ"
    "|Tổ dân phố số 12, Thôn Mẫu Thượng, Thị trấn Mù Cang Chải, Mù Cang Chải, Yên Bái|28022022"
)
WHOLE = (CARD_2021, CARD_2024, OLD_NUMBER, LONG)
BROKEN = (
    CARD_2021.rsplit("|", 1)[0],
    CARD_2021.rsplit("|", 3)[0],
    CARD_2021[:60],
    CARD_2024 + "\0\0",
    CARD_2021.replace("|Nữ|", "|Nữ\0\0|"),
    CARD_2021.replace("015155000000", "01515500000"),
    CARD_2021.replace("015155000000", "915955000000"),
    CARD_2021.replace("01021955", "31021955"),
    CARD_2021.replace("01021955", "00001955"),
    CARD_2021.replace("|Nữ|", "||"),
    CARD_2021.replace("Nguyễn Thị Mẫu", ""),
    CARD_2024 + "|||",
)
OTHER = (
    "https://example.org/follow/K7MX4QP9",
    "00020101021138570010A000000727012700069704360113000000000000005303704",
    "K7MX-4QP9",
    "WIFI:S:Nha van hoa;T:WPA;P:00000000;;",
    "0155000000|4cc3bd2041204de1baab75|15/07/2002|1|-|-|01/01/2026|-|01/01/2026|-|-|-|-|-|-|-",
)


def corpus(seed: int = 2026) -> list[Case]:
    """Return the corpus: one case for each whole degree, and as many again turned anyhow."""
    chance = random.Random(seed)
    turns = [float(turn) for turn in range(360)] + [chance.uniform(0, 360) for _ in range(240)]
    found = []
    for number, turn in enumerate(turns):
        texts = WHOLE if number % 3 else BROKEN + OTHER
        found.append(
            Case(
                text=chance.choice(texts),
                mm=chance.uniform(16, 22),
                dpi=(150, 200, 300)[number // 3 % 3],
                turn=turn,
                error=chance.choice("LM"),
                blur=chance.choice((0.0, 0.4, 0.7, 0.9)),
                noise=chance.choice((0.0, 5.0, 10.0, 12.0)),
                lean=chance.choice((0.0, 0.01, 0.02, 0.03)),
                light=chance.choice((0.7, 1.0, 1.1)),
                contrast=chance.choice((0.5, 0.75, 1.0)),
                seed=number,
            )
        )
    return found
