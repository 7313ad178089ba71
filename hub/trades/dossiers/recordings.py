"""What a handed-in recording is, by its content: sound or film in the kinds that telephones and tablets make.

Keeps true: a name is never believed, and a recording cut off before its end is refused where its kind says
how long it is. A container that may hold sound alone is a film until the question asks for sound. It never
changes a byte.
"""

from __future__ import annotations

import struct

from hub.base.errors import Refused

_FILM_TO_SOUND = {
    "video/mp4": ("audio/mp4", "m4a"),
    "video/webm": ("audio/webm", "weba"),
    "video/3gpp": ("audio/3gpp", "3ga"),
}
_BITRATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_BITRATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_QUICKTIME = b"qt  "


def kind(content: bytes) -> tuple[str, str] | None:
    """Return the media type and the suffix of a whole recording, None for what is none.

    Raises ``Refused("dossiers.file_broken")`` for one that was cut off.
    """
    if content.startswith(b"RIFF") and content[8:12] == b"WAVE":
        if int.from_bytes(content[4:8], "little") + 8 > len(content) + 1:
            raise Refused("dossiers.file_broken")
        return "audio/wav", "wav"
    if content.startswith(b"OggS"):
        return "audio/ogg", "ogg"
    if content.startswith(b"fLaC"):
        return "audio/flac", "flac"
    if content.startswith((b"#!AMR\n", b"#!AMR-WB\n")):
        return "audio/amr", "amr"
    if content.startswith(b"\x1aE\xdf\xa3") and b"webm" in content[:64]:
        return "video/webm", "webm"
    if content[4:8] == b"ftyp":
        return _boxed(content)
    return ("audio/mpeg", "mp3") if _is_mp3(content) else None


def as_sound(media_type: str, suffix: str) -> tuple[str, str]:
    """Return a container's type and suffix when it is known to hold sound alone."""
    return _FILM_TO_SOUND.get(media_type, (media_type, suffix))


def _boxed(content: bytes) -> tuple[str, str]:
    """An MP4 or one of its kin: its boxes must reach its end and say where the sound or the film is."""
    at, names = 0, set()
    while at + 8 <= len(content):
        size, name = struct.unpack_from(">I4s", content, at)
        if size == 1 and at + 16 <= len(content):
            size = struct.unpack_from(">Q", content, at + 8)[0]
        names.add(name)
        if size == 0:
            at = len(content)
            break
        if size < 8:
            raise Refused("dossiers.file_broken")
        at += size
    if at != len(content) or not names & {b"moov", b"moof"}:
        raise Refused("dossiers.file_broken")
    brand = content[8:12]
    if brand.startswith(b"M4A"):
        return "audio/mp4", "m4a"
    if brand.startswith(b"3g"):
        return "video/3gpp", "3gp"
    return ("video/quicktime", "mov") if brand == _QUICKTIME else ("video/mp4", "mp4")


def _is_mp3(content: bytes) -> bool:
    """Two frames, one right behind the other; a tag before them is stepped over."""
    at = 0
    if content.startswith(b"ID3") and len(content) > 10:
        size = 0
        for byte in content[6:10]:
            size = (size << 7) | (byte & 0x7F)
        at = 10 + size
    first = _frame(content, at)
    return first is not None and _frame(content, at + first) is not None


def _frame(content: bytes, at: int) -> int | None:
    """The length of the layer III frame at a place, None where there is none."""
    if at + 4 > len(content) or content[at] != 0xFF or content[at + 1] & 0xE6 != 0xE2:
        return None
    version, padding = content[at + 1] >> 3 & 3, content[at + 2] >> 1 & 1
    bits, rate = content[at + 2] >> 4, content[at + 2] >> 2 & 3
    if version not in _RATES or rate == 3 or not 0 < bits < 15:
        return None
    kilobits = (_BITRATES if version == 3 else _BITRATES_2)[bits]
    return (144 if version == 3 else 72) * kilobits * 1000 // _RATES[version][rate] + padding
