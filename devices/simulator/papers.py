"""Papers to rehearse with, drawn: what may lie on the practice scanner's glass.

Keeps true: every name and number on them is made up and says so (``Mẫu``, tails of zeros); they look enough
like a letter on a dark lid that finding, straightening and judging a page has real work to do.
"""

from __future__ import annotations

import functools
import io
from enum import StrEnum

import segno
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from devices import fonts

A4_INCHES = (8.27, 11.69)
_LID = (58, 58, 62)
_PAPER = (244, 242, 236)
_INK = (38, 38, 52)
_STAMP = (196, 40, 44)
_CARD_MM = (85.6, 54.0)
_QR_MM = 18
CARD_TEXT = "001085000000|100000000|Nguyễn Thị Mẫu|15051985|Nữ|Thôn Mẫu, xã Mẫu, tỉnh Hà Giang|01072021"
"""What the practice card's QR says: seven fields, nobody's."""

_LETTER = (
    "Kính gửi: Ủy ban nhân dân xã Mẫu",
    "Tên tôi là: Nguyễn Thị Mẫu",
    "Sinh ngày: 15/05/1985. Số định danh: 001085000000",
    "Nơi ở hiện nay: Thôn Mẫu, xã Mẫu",
    "",
    "Tôi làm đơn này đề nghị xác nhận diện tích ruộng bậc thang",
    "của gia đình tôi ở chân đồi phía đông nhà văn hóa thôn, đã",
    "canh tác từ năm 2004 đến nay, không có tranh chấp với ai.",
    "Gia đình có bốn nhân khẩu, nguồn sống chính là lúa nương,",
    "ngô và hai con trâu. Mùa mưa năm nay bờ ruộng bị sạt một",
    "đoạn dài chừng mười mét, cần được hỗ trợ để kè lại.",
    "",
    "Tôi xin gửi kèm bản sao giấy tờ của thửa đất và ảnh chụp",
    "chỗ bị sạt. Những lời trên là đúng sự thật, tôi xin chịu",
    "trách nhiệm trước pháp luật về lời khai của mình.",
    "",
    "Tôi xin chân thành cảm ơn.",
)


class Laid(StrEnum):
    """What can be laid on the practice scanner's glass."""

    LETTER = "letter"
    """A letter, a little askew: what lies there unless something else is laid."""
    CARD = "card"
    """The back of a made-up ID card, with its QR."""
    DARK = "dark"
    TILTED = "tilted"
    BLURRED = "blurred"
    CUT = "cut"
    BLANK = "blank"


def lay(what: Laid, dpi: int) -> Image.Image:
    """Return what the glass shows, A4 in colour, at ``dpi``."""
    match what:
        case Laid.LETTER:
            return on_lid(letter(dpi), dpi, tilt=2.5)
        case Laid.CARD:
            return on_lid(card(dpi), dpi, tilt=-4.0, at=(0.3, 0.25))
        case Laid.DARK:
            return ImageEnhance.Brightness(on_lid(letter(dpi), dpi, tilt=2.5)).enhance(0.28)
        case Laid.TILTED:
            return on_lid(letter(dpi), dpi, tilt=19.0)
        case Laid.BLURRED:
            return on_lid(letter(dpi), dpi, tilt=2.5).filter(ImageFilter.GaussianBlur(dpi / 45))
        case Laid.CUT:
            return on_lid(letter(dpi), dpi, tilt=4.0, at=(0.72, 0.5))
        case Laid.BLANK:
            return on_lid(Image.new("RGB", _a5(dpi), _PAPER), dpi, tilt=1.5)


def on_lid(paper: Image.Image, dpi: int, *, tilt: float, at: tuple[float, float] = (0.5, 0.5)) -> Image.Image:
    """Return ``paper`` on a dark lid, turned clockwise by ``tilt`` degrees, its middle at this share of the
    glass.
    """
    glass = Image.new("RGB", (round(A4_INCHES[0] * dpi), round(A4_INCHES[1] * dpi)), _LID)
    mask = Image.new("L", paper.size, 255)
    turned = paper.rotate(-tilt, Image.Resampling.BICUBIC, expand=True, fillcolor=_LID)
    shape = mask.rotate(-tilt, Image.Resampling.BICUBIC, expand=True)
    place = (round(glass.width * at[0] - turned.width / 2), round(glass.height * at[1] - turned.height / 2))
    glass.paste(turned, place, shape)
    return glass


def letter(dpi: int) -> Image.Image:
    """Return a letter of A5 with heading, text, stamp and signature."""
    width, height = _a5(dpi)
    paper = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(paper)
    left, line = round(0.09 * width), round(0.031 * height)
    draw.text((width / 2, 2.2 * line), "ĐƠN ĐỀ NGHỊ (MẪU)", _INK, _font(round(0.2 * dpi), True), anchor="mm")
    text = _font(round(0.125 * dpi), False)
    for number, words in enumerate(_LETTER):
        draw.text((left, (4.4 + 1.25 * number) * line), words, _INK, text)
    draw.text((0.72 * width, 27.2 * line), "Người làm đơn", _INK, text, anchor="mm")
    draw.arc((0.6 * width, 28 * line, 0.84 * width, 30 * line), 160, 380, (30, 50, 140), max(2, dpi // 70))
    box = (0.14 * width, 25.6 * line, 0.14 * width + 0.24 * width, 25.6 * line + 0.24 * width)
    draw.ellipse(box, outline=_STAMP, width=max(2, dpi // 60))
    draw.text(
        ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), "MẪU", _STAMP, _font(dpi // 6, True), anchor="mm"
    )
    return paper


def card(dpi: int) -> Image.Image:
    """Return the back of a made-up card with its QR, of a card's size."""
    width, height = round(_CARD_MM[0] / 25.4 * dpi), round(_CARD_MM[1] / 25.4 * dpi)
    paper = Image.new("RGB", (width, height), (206, 226, 232))
    draw = ImageDraw.Draw(paper)
    draw.text((0.06 * width, 0.1 * height), "THẺ TẬP DƯỢT (MẪU)", _INK, _font(round(0.14 * dpi), True))
    for number in range(3):
        words = ("Nguyễn Thị Mẫu", "001085000000", "Không phải giấy tờ thật")[number]
        draw.text(
            (0.06 * width, (0.34 + 0.16 * number) * height), words, _INK, _font(round(0.1 * dpi), False)
        )
    code = _qr(CARD_TEXT, round(_QR_MM / 25.4 * dpi))
    paper.paste(code, (width - code.width - round(0.05 * width), height - code.height - round(0.08 * height)))
    return paper


def _a5(dpi: int) -> tuple[int, int]:
    return round(5.83 * dpi), round(8.27 * dpi)


@functools.lru_cache(maxsize=16)
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    regular, heavy = fonts.find()
    return ImageFont.truetype(str(heavy if bold else regular), max(6, size))


def _qr(text: str, side: int) -> Image.Image:
    memory = io.BytesIO()
    segno.make_qr(text, error="m", encoding="utf-8").save(memory, kind="png", scale=8, border=3)
    with Image.open(memory) as drawn:
        return drawn.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
