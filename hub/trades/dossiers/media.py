"""What a handed-in file is, by its content: a whole JPEG, PNG or WebP picture, a whole PDF, a recording.

Keeps true: a name is never believed; a picture cut off in the middle, a locked PDF, and anything else is
refused with what to do instead. What the camera wrote beside a picture (where it was taken, when, with what,
a small second picture) and beside a recording is left behind; the picture itself, the sound and a PDF are not
changed by a bit.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass

from hub.base.errors import Refused
from hub.forms.model import QuestionType
from hub.trades.dossiers import recordings, silencing, stripping

_PICTURES = {"image/jpeg": ("JPEG", "jpg"), "image/png": ("PNG", "png"), "image/webp": ("WEBP", "webp")}
_PHONE_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif"}
_MOST_PIXELS = 120_000_000
_LOOK = 4096
_LOCKED = re.compile(rb"/Encrypt\s+\d+\s+\d+\s+R")


@dataclass(frozen=True, slots=True)
class Kind:
    """A media type and the suffix its files get."""

    media_type: str
    suffix: str


def kind(content: bytes, most_bytes: int) -> Kind:
    """Return what ``content`` is.

    Raises ``Refused``: "dossiers.file_empty", "dossiers.file_too_big" (limit in megabytes),
    "dossiers.file_heic", "dossiers.file_unknown", "dossiers.file_broken", "dossiers.file_locked".
    """
    if not content:
        raise Refused("dossiers.file_empty")
    if len(content) > most_bytes:
        raise Refused("dossiers.file_too_big", megabytes=most_bytes // (1024 * 1024))
    if content.startswith(b"%PDF-"):
        return _pdf(content)
    if content[4:8] == b"ftyp" and content[8:12] in _PHONE_BRANDS:
        raise Refused("dossiers.file_heic")
    if content.startswith(b"\xff\xd8\xff"):
        found = "image/jpeg"
    elif content.startswith(b"\x89PNG\r\n\x1a\n"):
        found = "image/png"
    elif content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        found = "image/webp"
    elif recording := recordings.kind(content):
        return Kind(*recording)
    else:
        raise Refused("dossiers.file_unknown")
    _whole_picture(content, _PICTURES[found][0])
    return Kind(found, _PICTURES[found][1])


def fitting(kind: Kind, asked: QuestionType) -> Kind:
    """Return ``kind`` as the answer to a question that asks for ``asked``.

    Raises ``Refused``: "dossiers.file_no_picture", "dossiers.file_no_sound", "dossiers.file_no_film".
    """
    sort = kind.media_type.partition("/")[0]
    if asked is QuestionType.AUDIO:
        made = Kind(*recordings.as_sound(kind.media_type, kind.suffix))
        if not made.media_type.startswith("audio/"):
            raise Refused("dossiers.file_no_sound")
        return made
    if asked is QuestionType.VIDEO and sort != "video":
        raise Refused("dossiers.file_no_film")
    if asked is QuestionType.IMAGE and sort in ("audio", "video"):
        raise Refused("dossiers.file_no_picture")
    return kind


def stripped(content: bytes, kind: Kind) -> bytes:
    """Return a file of ``kind`` without what is neither picture nor sound.

    Raises ``Refused("dossiers.file_broken")``.
    """
    take = stripping.strip if kind.media_type.startswith("image/") else silencing.silence
    kept = take(content, kind.media_type)
    if kept is None:
        raise Refused("dossiers.file_broken")
    return kept


def _pdf(content: bytes) -> Kind:
    tail = content[-_LOOK:]
    if b"%%EOF" not in tail or b"startxref" not in tail:
        raise Refused("dossiers.file_broken")
    if _LOCKED.search(content):
        raise Refused("dossiers.file_locked")
    return Kind("application/pdf", "pdf")


def _whole_picture(content: bytes, form: str) -> None:
    # A process that never takes a picture in must not carry Pillow.
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=[form]) as picture:
                if picture.width * picture.height > _MOST_PIXELS:
                    raise Refused("dossiers.file_broken")
                if form == "PNG":
                    # Checks every chunk's sum and needs no room for the dots.
                    picture.verify()
                else:
                    # The decoder reads to the end but keeps an eighth of the dots each way: a Pi has little
                    # room.
                    picture.draft("L", (picture.width // 8 or 1, picture.height // 8 or 1))
                    picture.load()
    except Refused:
        raise
    except Exception as bad:
        # Pillow's decoders fail in ways of their own: OSError, SyntaxError, ValueError, struct.error, bombs.
        raise Refused("dossiers.file_broken") from bad
