"""A picture made no larger than its question asks for.

Keeps true: which way up it is stays as it was seen; a picture that is small enough is not touched by a bit.
"""

from __future__ import annotations

import io

from hub.base.errors import Refused

_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_QUALITY = 88


def scaled(content: bytes, media_type: str, longest: int | None) -> bytes:
    """Return a picture whose longer side has ``longest`` dots at most; other files come back as they are.

    Raises ``Refused("dossiers.file_broken")`` where the picture cannot be drawn to its end.
    """
    form = _FORMATS.get(media_type)
    if form is None or longest is None:
        return content
    # A process that never takes a picture in must not carry Pillow.
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(content), formats=[form]) as picture:
            if max(picture.size) <= longest:
                return content
            # The decoder leaves out what would be thrown away: a Pi has little room.
            picture.draft(picture.mode, (longest, longest))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((longest, longest))
            out = io.BytesIO()
            upright.save(out, form, quality=_QUALITY)
            return out.getvalue()
    except (OSError, SyntaxError, ValueError, MemoryError) as bad:
        # Pillow's decoders fail in ways of their own.
        raise Refused("dossiers.file_broken") from bad
