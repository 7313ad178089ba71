"""Take from a recording what the telephone wrote beside it: place, time zone, maker, names.

Keeps true: sound and film are not touched by a bit and everything stays at its place in the file, because an
MP4 tells its parts by their distance from the beginning; what is taken out is overwritten with zeros. It
never guesses: what it cannot walk through to the end it hands back as None. Marks that lie in the stream
itself (a camera's own track of places) it does not know.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_BOXED = {"video/mp4", "video/3gpp", "video/quicktime", "audio/mp4", "audio/3gpp"}
# What only holds other boxes; all else is left alone, whatever its bytes look like.
_HOLDERS = {b"moov", b"trak", b"mdia", b"minf", b"dinf", b"moof", b"traf", b"edts"}
# Of the person's telephone and not of the film: tags (©xyz and loci are places), Apple's and Android's own.
_SAID = {b"udta", b"meta", b"uuid", b"free", b"skip"}
_RIFF_SAID = {b"LIST", b"id3 ", b"ID3 ", b"bext", b"iXML", b"_PMX", b"axml"}
_DEEPEST = 8


def silence(content: bytes, media_type: str) -> bytes | None:
    """Return ``content`` without what is not sound or film; None when it is not built as its type says.

    A type that carries no such words comes back as it is.
    """
    try:
        if media_type in _BOXED:
            kept = bytearray(content)
            for name, at, begin, end in _boxes(content, 0, len(content), 0):
                if name in _SAID:
                    kept[at + 4 : at + 8] = b"free"
                    kept[begin:end] = bytes(end - begin)
            return bytes(kept)
        if media_type == "audio/wav":
            return _wave(content)
        if media_type == "audio/mpeg":
            return _mp3(content)
    except (ValueError, struct.error):
        return None
    return content


def _boxes(content: bytes, at: int, end: int, depth: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield name, place, begin and end of content of every box, those inside others included."""
    while at < end:
        if at + 8 > end:
            if depth and not any(content[at:end]):
                # A list of tags of QuickTime may end in four zeros.
                return
            raise ValueError("cut off")
        size, name = struct.unpack_from(">I4s", content, at)
        begin = at + 8
        if size == 1:
            size = struct.unpack_from(">Q", content, begin)[0]
            begin += 8
        elif size == 0:
            size = end - at
        if at + size > end or begin > at + size:
            raise ValueError("cut off")
        yield name, at, begin, at + size
        if name in _HOLDERS:
            if depth == _DEEPEST:
                raise ValueError("too deep")
            yield from _boxes(content, begin, at + size, depth + 1)
        at += size


def _wave(content: bytes) -> bytes:
    kept, at = bytearray(content), 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        end = min(at + 8 + size, len(content))
        if name in _RIFF_SAID:
            # A chunk that programs step over, as long as the one it replaces.
            kept[at : at + 4] = b"JUNK"
            kept[at + 8 : end] = bytes(end - at - 8)
        at += 8 + size + size % 2
    return bytes(kept)


def _mp3(content: bytes) -> bytes:
    # Tags stand before and behind the frames, which know nothing of their place: here they may go altogether.
    while content.startswith(b"ID3") and len(content) > 10:
        size = 0
        for byte in content[6:10]:
            size = (size << 7) | (byte & 0x7F)
        footer = 10 if content[5] & 0x10 else 0
        if 10 + size + footer >= len(content):
            raise ValueError("nothing but a tag")
        content = content[10 + size + footer :]
    return content[:-128] if content[-128:-125] == b"TAG" else content
