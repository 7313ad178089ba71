"""Take from a photograph what the camera wrote beside it: place, time, device, a small second picture.

Keeps true: the picture itself is not touched by a bit; which way up it is stays said; colours stay as they
were meant. It never changes a PDF, and never guesses: what it cannot walk through to the end it hands back as
None.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

_UPRIGHT = 1
_ORIENTATION = 0x0112
# JPEG segments a decoder needs; of the application's own: JFIF's head, a colour profile, Adobe's transform.
_RESTART = range(0xD0, 0xD8)
_APPLICATION = range(0xE0, 0xF0)
_COMMENT = 0xFE
_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_PNG_KEEPS = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT"} | {
    b"bKGD",
    b"pHYs",
    b"cICP",
}
_WEBP_KEEPS = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04


def strip(content: bytes, media_type: str) -> bytes | None:
    """Return ``content`` without what is not the picture; None when it is not built as its type says.

    A type that is no JPEG, PNG or WebP comes back as it is.
    """
    walk = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp}.get(media_type)
    if walk is None:
        return content
    try:
        return walk(content)
    except (IndexError, ValueError, struct.error):
        return None


def _jpeg(content: bytes) -> bytes:
    kept = [content[:2]]
    turned = _UPRIGHT
    at = 2
    place = 1
    while True:
        start = at
        if content[at] != 0xFF:
            raise ValueError("no marker")
        while content[at] == 0xFF:
            at += 1
        marker = content[at]
        at += 1
        if marker == 0xD9:
            # Whatever hangs behind the end (a second picture, a short film) stays behind.
            kept.append(b"\xff\xd9")
            break
        length = struct.unpack_from(">H", content, at)[0]
        segment = content[at + 2 : at + length]
        if length < 2 or at + length > len(content):
            raise ValueError("cut off")
        at += length
        if marker == 0xE1 and segment.startswith(b"Exif\0\0"):
            turned = _orientation(segment[6:])
        elif marker == 0xE0 and segment.startswith(b"JFIF\0"):
            kept.append(_segment(marker, segment[:12] + b"\0\0"))
            place = len(kept)
        elif _needed(marker, segment):
            kept.append(b"\xff" + bytes((marker,)) + content[at - length : at])
        if marker == 0xDA:
            end = _end_of_scan(content, at)
            kept.append(content[at:end])
            at = end
        if at <= start:
            raise ValueError("no way on")
    if turned != _UPRIGHT:
        kept.insert(place, _segment(0xE1, b"Exif\0\0" + _exif(turned)))
    return b"".join(kept)


def _needed(marker: int, segment: bytes) -> bool:
    if marker == 0xE2:
        return segment.startswith(b"ICC_PROFILE\0")
    if marker == 0xEE:
        return segment.startswith(b"Adobe")
    return marker not in _APPLICATION and marker != _COMMENT


def _end_of_scan(content: bytes, at: int) -> int:
    while True:
        at = content.index(b"\xff", at)
        after = content[at + 1]
        if after == 0xFF:
            at += 1
        elif after == 0 or after in _RESTART:
            at += 2
        else:
            return at


def _segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + bytes((marker,)) + struct.pack(">H", len(content) + 2) + content


def _orientation(tiff: bytes) -> int:
    """Return which way up, 1 to 8; 1 where nothing readable says so."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return _UPRIGHT
    try:
        at = struct.unpack_from(f"{order}I", tiff, 4)[0]
        for place in range(struct.unpack_from(f"{order}H", tiff, at)[0]):
            tag, kind, _count, value = struct.unpack_from(f"{order}HHIH", tiff, at + 2 + 12 * place)
            if (tag, kind) == (_ORIENTATION, 3):
                return value if 1 <= value <= 8 else _UPRIGHT
    except struct.error:
        pass
    return _UPRIGHT


def _exif(turned: int) -> bytes:
    entry = struct.pack(">HHIHH", _ORIENTATION, 3, 1, turned, 0)
    return b"MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)


def _png(content: bytes) -> bytes:
    kept = [_PNG_HEAD]
    at = len(_PNG_HEAD)
    while True:
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise ValueError("cut off")
        if zlib.crc32(content[at + 4 : end - 4]) != struct.unpack_from(">I", content, end - 4)[0]:
            raise ValueError("a sum is wrong")
        if name in _PNG_KEEPS:
            kept.append(content[at:end])
        at = end
        if name == b"IEND":
            return b"".join(kept)


def _webp(content: bytes) -> bytes:
    found = list(_webp_chunks(content))
    turned = _UPRIGHT
    for name, body in found:
        if name == b"EXIF":
            turned = _orientation(body.removeprefix(b"Exif\0\0"))
    kept = []
    for name, body in found:
        if name not in _WEBP_KEEPS:
            continue
        if name == b"VP8X":
            flags = body[0] & ~(_WEBP_EXIF | _WEBP_XMP)
            body = bytes((flags | (_WEBP_EXIF if turned != _UPRIGHT else 0),)) + body[1:]
        kept.append((name, body))
    if turned != _UPRIGHT:
        kept.append((b"EXIF", _exif(turned)))
    whole = b"".join(
        name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2) for name, body in kept
    )
    return b"RIFF" + struct.pack("<I", len(whole) + 4) + b"WEBP" + whole


def _webp_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    size = struct.unpack_from("<I", content, 4)[0] + 8
    if size > len(content):
        raise ValueError("cut off")
    at = 12
    while at + 8 <= size:
        name, length = struct.unpack_from("<4sI", content, at)
        if at + 8 + length > size:
            raise ValueError("cut off")
        yield name, content[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
