"""Find QR codes in a picture: a scanned page, a photo of a card, in memory only.

Keeps true: what is told was read whole and checked by the code's own error correction; the time is bounded;
a picture that is none, or is far too large, is Malformed. It keeps no picture, writes nothing, and neither
text nor picture is in a ``repr`` or an error.
"""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import zxingcpp
from PIL import Image, ImageFilter

from devices.ports import Malformed

TIMEOUT_S = 3.0
MOST_PIXELS = 64_000_000
"""An A4 page at 600 dpi has 35 million."""

_ENOUGH = 12_000_000
_SMALL = 1_500_000
_ENLARGED = 20_000_000
_MOST_PLACES = 4
_LEAST_CONTRAST = 24
_QR = zxingcpp.BarcodeFormat.QRCode
_SQUARES = zxingcpp.BarcodeFormats([_QR])
_LOCAL, _WHOLE = zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram
_PICTURES = ("PNG", "JPEG", "WEBP", "PPM", "TIFF", "BMP")

Box = tuple[int, int, int, int]
_Try = tuple[int, Sequence[ImageFilter.Filter], zxingcpp.Binarizer]

# Ordered by what each read of blurred, noisy and dim pictures that those before it had not.
_FIRST: tuple[_Try, ...] = (
    (1, (), _LOCAL),
    (1, (ImageFilter.GaussianBlur(0.7),), _LOCAL),
    (1, (), _WHOLE),
)
_CLOSER: tuple[_Try, ...] = (
    (4, (), _LOCAL),
    (4, (ImageFilter.GaussianBlur(3), ImageFilter.UnsharpMask(10, 400, 0)), _WHOLE),
    (3, (ImageFilter.GaussianBlur(2),), _LOCAL),
    (2, (ImageFilter.UnsharpMask(4, 200, 0),), _LOCAL),
    (3, (ImageFilter.GaussianBlur(1.5), ImageFilter.UnsharpMask(6, 300, 0)), _WHOLE),
    (3, (ImageFilter.GaussianBlur(2.5), ImageFilter.UnsharpMask(9, 400, 0)), _WHOLE),
)


class Kind(StrEnum):
    """What sort of code it is."""

    QR = "qr"
    OTHER = "other"
    """A barcode or another square: no card carries one."""


@dataclass(frozen=True, slots=True, repr=False)
class Code:
    """One code: what it says, and its four corners (x, y) in dots of the picture as it was handed in."""

    text: str
    kind: Kind
    corners: tuple[tuple[int, int], ...]

    def __repr__(self) -> str:
        return f"Code({self.kind}, {len(self.text)} characters)"


def _any(_text: str) -> bool:
    return True


def find(
    picture: bytes | Image.Image,
    *,
    timeout_s: float = TIMEOUT_S,
    wanted: Callable[[str], bool] = _any,
) -> tuple[Code, ...]:
    """Return the codes of a picture, each text once; empty when there is none that can be read.

    ``picture`` is an open Pillow image or the bytes of a PNG, JPEG, WebP, PNM, TIFF or BMP; which way it is
    turned does not matter. It looks closer and closer until a text is ``wanted``, for at most ``timeout_s``
    seconds and the look that is then on its way. Raises Malformed for what is no picture, or one of more
    than ``MOST_PIXELS``.
    """
    until = time.monotonic() + timeout_s
    grey, scale = _grey(picture)
    found: dict[str, Code] = {}
    places: list[Box] = []
    for kind, one, box, factor in _looks(grey, places, until):
        corners = _corners(one.position, box, factor)
        if not one.valid:
            # Seen, and too poor to be read from here: that is where to look closer.
            _note(places, corners, grey.size)
            continue
        text = _text(one)
        told = tuple((round(x * scale), round(y * scale)) for x, y in corners)
        found.setdefault(text, Code(text, kind, told))
        if wanted(text):
            break
    return tuple(found.values())


_Seen = tuple[Kind, zxingcpp.Barcode, Box, float]


def _looks(grey: Image.Image, places: Sequence[Box], until: float) -> Iterator[_Seen]:
    whole = (0, 0, *grey.size)
    for each in _FIRST:
        yield from _look(grey, whole, each, until)
    for box in _boxes(grey.size, places):
        for each in _CLOSER:
            yield from _look(grey, box, each, until)
    if time.monotonic() < until:
        for one in zxingcpp.read_barcodes(grey, text_mode=zxingcpp.TextMode.Plain):
            yield Kind.QR if one.format == _QR else Kind.OTHER, one, whole, 1.0


def _look(grey: Image.Image, box: Box, how: _Try, until: float) -> Iterable[_Seen]:
    if time.monotonic() >= until:
        return
    factor, filters, binarizer = how
    width, height = box[2] - box[0], box[3] - box[1]
    while factor > 1 and factor * factor * width * height > _ENLARGED:
        factor -= 1
    image = grey if box == (0, 0, *grey.size) else grey.crop(box)
    if image is not grey and _plain(image):
        return
    if factor > 1:
        image = image.resize((factor * width, factor * height), Image.Resampling.BICUBIC)
    for each in filters:
        image = image.filter(each)
    for one in zxingcpp.read_barcodes(
        image,
        formats=_SQUARES,
        binarizer=binarizer,
        text_mode=zxingcpp.TextMode.Plain,
        try_invert=False,
        return_errors=True,
    ):
        yield Kind.QR, one, box, float(factor)


def _plain(image: Image.Image) -> bool:
    levels = image.histogram()
    seen = [level for level, count in enumerate(levels) if count]
    return seen[-1] - seen[0] < _LEAST_CONTRAST


def _boxes(size: tuple[int, int], places: Sequence[Box]) -> Iterator[Box]:
    yield from places[:_MOST_PLACES]
    width, height = size
    if width * height <= _SMALL:
        yield (0, 0, width, height)
        return
    # Nothing seen on a large page: pieces of it, each overlapping the next by more than a code is wide.
    side, step = 1200, 700
    for top in range(0, max(1, height - side + step), step):
        for left in range(0, max(1, width - side + step), step):
            yield (left, top, min(width, left + side), min(height, top + side))


def _note(places: list[Box], corners: Sequence[tuple[float, float]], size: tuple[int, int]) -> None:
    across, down = [x for x, _ in corners], [y for _, y in corners]
    margin = 0.35 * max(max(across) - min(across), max(down) - min(down)) + 8
    left, top = max(0, int(min(across) - margin)), max(0, int(min(down) - margin))
    right, bottom = min(size[0], int(max(across) + margin)), min(size[1], int(max(down) + margin))
    middle = (sum(across) / len(across), sum(down) / len(down))
    known = any(box[0] <= middle[0] <= box[2] and box[1] <= middle[1] <= box[3] for box in places)
    if right > left and bottom > top and not known:
        places.append((left, top, right, bottom))


def _corners(position: zxingcpp.Position, box: Box, factor: float) -> tuple[tuple[float, float], ...]:
    four = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    return tuple((box[0] + point.x / factor, box[1] + point.y / factor) for point in four)


def _text(one: zxingcpp.Barcode) -> str:
    # Cards hold UTF-8 and do not say so; only what is no UTF-8 is left to the library's guess.
    try:
        return bytes(one.bytes).decode()
    except UnicodeDecodeError:
        return str(one.text)


def _grey(picture: bytes | Image.Image) -> tuple[Image.Image, float]:
    """Return the picture in grey, at most ``_ENOUGH`` dots, and how much smaller it was made."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = picture if isinstance(picture, Image.Image) else _opened(picture)
            width, height = image.size
            if not 0 < width * height <= MOST_PIXELS:
                raise Malformed("the picture is too large")
            # The code may stand on glass: nothing behind it is white.
            grey = _on_white(image).convert("L")
    except Malformed:
        raise
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError) as bad:
        raise Malformed(f"no picture: {type(bad).__name__}") from None
    except Warning:
        raise Malformed("the picture is too large") from None
    if width * height <= _ENOUGH:
        return grey, 1.0
    share = (_ENOUGH / (width * height)) ** 0.5
    size = (max(1, int(width * share)), max(1, int(height * share)))
    return grey.resize(size, Image.Resampling.BOX), width / size[0]


def _opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content), formats=_PICTURES)
    if image.width * image.height > MOST_PIXELS:
        raise Malformed("the picture is too large")
    # A camera's JPEG is decoded at half or a quarter of its size where that is still enough.
    if image.format in ("JPEG", "MPO") and image.width * image.height > 4 * _ENOUGH:
        image.draft("L", (image.width // 2, image.height // 2))
    image.load()
    return image


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen)
    return image.convert("RGB") if image.mode in ("P", "CMYK", "YCbCr", "LAB", "HSV") else image
