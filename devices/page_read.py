"""Read the picture of a page, from a scanner or a camera, whoever made it.

Keeps true: what comes back is upright, eight bits a colour, RGB or grey, and small enough for a small
machine; what cannot be read to its end is Malformed. It never keeps what a camera wrote beside the picture,
never trusts a size before it is counted, and never opens anything but the kinds of picture named here.
"""

from __future__ import annotations

import io

from PIL import Image

from devices.ports import Malformed

KINDS = ("JPEG", "PNG", "WEBP", "PPM", "BMP", "TIFF")
"""What a camera, a phone and a scanner hand over."""

LONGEST_CAMERA_PX = 3_000
"""A page fills most of a photograph: this is enough for 200 dots an inch of A4."""

_MOST_BYTES = 120_000_000
_MOST_PIXELS = 36_000_000
"""A4 at 600 dpi."""
_MOST_JPEG_PIXELS = 120_000_000
"""A JPEG can be read at half or quarter size, so a phone's largest pictures pass."""
_LEAST_SIDE = 16
_LONGEST_TO_SHORTEST = 20
_PLAIN = ("L", "RGB")
_DEEP = ("I", "I;16", "I;16B", "I;16L")
_KNOWN = (*_PLAIN, *_DEEP, "1", "P", "LA", "PA", "La", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")


def read(image: bytes, *, shrink: bool) -> Image.Image:
    """Return the picture; ``shrink`` brings a camera's down to ``LONGEST_CAMERA_PX``.

    See-through parts lie on white. Raises Malformed for all that is no single whole picture.
    """
    if not 0 < len(image) <= _MOST_BYTES:
        raise Malformed("no picture, or too large a file")
    try:
        return _read(image, shrink)
    except Malformed:
        raise
    except Exception as bad:
        # Pillow's readers fail in a dozen ways on what was made to harm; none of them is another case for us.
        raise Malformed(f"no readable picture: {type(bad).__name__}") from None


def _read(image: bytes, shrink: bool) -> Image.Image:
    with Image.open(io.BytesIO(image), formats=KINDS) as opened:
        _refuse_odd(opened)
        if shrink or opened.width * opened.height > _MOST_PIXELS:
            opened.draft(None, (LONGEST_CAMERA_PX, LONGEST_CAMERA_PX))
            if opened.width * opened.height > _MOST_PIXELS:
                raise Malformed("more dots than a page can have")
        opened.load()
        shown = _plain(opened)
        turned = opened.getexif().get(0x0112, 1)
        if shrink and max(shown.size) > LONGEST_CAMERA_PX:
            shown.thumbnail(
                (LONGEST_CAMERA_PX, LONGEST_CAMERA_PX), Image.Resampling.BICUBIC, reducing_gap=2.0
            )
        # A core of pixels and nothing else: the file's words beside the picture end here.
        bare = Image.new(shown.mode, (0, 0))
        bare.im, bare._size = shown.im, shown.size
    return _upright(bare, turned)


def _refuse_odd(opened: Image.Image) -> None:
    # A telephone hangs a map of brightness behind its photograph, as a second picture: the first is the page.
    if getattr(opened, "n_frames", 1) != 1 and opened.format != "MPO":
        raise Malformed("more than one picture in a file: which one is meant is not known")
    most = (
        _MOST_JPEG_PIXELS
        if opened.format in ("JPEG", "MPO") and "progressive" not in opened.info
        else _MOST_PIXELS
    )
    if opened.width * opened.height > most:
        raise Malformed("more dots than a page can have")
    longer, shorter = max(opened.size), min(opened.size)
    if shorter < _LEAST_SIDE or longer > _LONGEST_TO_SHORTEST * shorter:
        raise Malformed("too small or too narrow for a page")
    if opened.mode not in _KNOWN:
        raise Malformed(f"colours of an unknown kind: {opened.mode}")


def _plain(opened: Image.Image) -> Image.Image:
    if opened.mode in _DEEP:
        return opened.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if opened.mode == "1":
        return opened.convert("L")
    if opened.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in opened.info:
        seen = opened.convert("RGBA")
        paper = Image.new("RGBA", seen.size, "white")
        paper.alpha_composite(seen)
        return paper.convert("L" if opened.mode in ("LA", "La") else "RGB")
    return opened if opened.mode in _PLAIN else opened.convert("RGB")


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _upright(shown: Image.Image, turned: object) -> Image.Image:
    how = _TURNS.get(turned) if isinstance(turned, int) else None
    return shown if how is None else shown.transpose(how)
