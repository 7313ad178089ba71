"""A form together with the files it comes with: their one name, and the bounds they keep.

Knows bytes alone; never opens a file and never reads a form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from hub.base.errors import Refused

MOST_FILES = 200
MOST_FILE_BYTES = 16 * 1024 * 1024
MOST_BYTES = 48 * 1024 * 1024

_NAME = re.compile(r"[^/\\\x00-\x1f\x7f.][^/\\\x00-\x1f\x7f]{0,119}")


def digest(xml: bytes, media: Mapping[str, bytes] | None = None) -> str:
    """Return the SHA-256 a form is kept under; a form without files is named by its XML alone."""
    own = hashlib.sha256(xml).hexdigest()
    if not media:
        return own
    whole = hashlib.sha256(own.encode("ascii"))
    for name in sorted(media):
        whole.update(f"\n{hashlib.sha256(media[name]).hexdigest()} {name}".encode())
    return whole.hexdigest()


def check(media: Mapping[str, bytes]) -> None:
    """Refuse files that are too many, too large or strangely named.

    Raises Refused("forms.bad_media_name", name=), ("forms.file_too_big", name=, megabytes=) or
    ("forms.files_too_many", most=, megabytes=).
    """
    for name, content in media.items():
        if not _NAME.fullmatch(name):
            raise Refused("forms.bad_media_name", name=name[:120])
        if len(content) > MOST_FILE_BYTES:
            raise Refused("forms.file_too_big", name=name, megabytes=MOST_FILE_BYTES // (1024 * 1024))
    if len(media) > MOST_FILES or sum(map(len, media.values())) > MOST_BYTES:
        raise Refused("forms.files_too_many", most=MOST_FILES, megabytes=MOST_BYTES // (1024 * 1024))
