"""What lies in a draft's rows, under which key and in which context.

Keeps true: each piece opens only in its own place (table, row, column), so that rows exchanged by somebody
with the memory card are noticed; an ID number leaves only as a keyed mark. It never keeps a key longer than
the call.
"""

from __future__ import annotations

import hashlib
import hmac

from hub.base import crypto, text
from hub.base.errors import NotReady

_PART = 1024 * 1024
_MARKS = "dossier marks"


def close(key: bytes, plain: bytes, draft_id: str, column: str) -> bytes:
    """Return ``plain`` under the House key for one column of one draft."""
    return crypto.encrypt(key, plain, f"drafts:{draft_id}:{column}")


def open(key: bytes, sealed: bytes, draft_id: str, column: str) -> bytes:
    """Return what ``close`` was given; raises ``NotReady("dossiers.not_opened")`` otherwise."""
    try:
        return crypto.decrypt(key, sealed, f"drafts:{draft_id}:{column}")
    except crypto.WrongKey as bad:
        raise NotReady("dossiers.not_opened") from bad


def close_file(key: bytes, content: bytes, draft_id: str, name: str) -> tuple[bytes, ...]:
    """Return a file in encrypted parts of at most 1 MiB, each bound to its place and their number."""
    plain = [content[start : start + _PART] for start in range(0, len(content), _PART)]
    return tuple(
        crypto.encrypt(key, part, _context(draft_id, name, position, len(plain)))
        for position, part in enumerate(plain)
    )


def open_file(key: bytes, parts: tuple[bytes, ...], draft_id: str, name: str) -> bytes:
    """Return the file that ``close_file`` was given; raises ``NotReady("dossiers.not_opened")``."""
    try:
        return b"".join(
            crypto.decrypt(key, part, _context(draft_id, name, position, len(parts)))
            for position, part in enumerate(parts)
        )
    except crypto.WrongKey as bad:
        raise NotReady("dossiers.not_opened") from bad


def mark(key: bytes, procedure: str, number: str) -> bytes:
    """Return the mark of an ID number, always the same, which only the House key can make."""
    marks = crypto.key_from_token(key, _MARKS)
    told = f"{procedure}\0{text.fold(number).replace(' ', '')}"
    return hmac.new(marks, told.encode("utf-8"), hashlib.sha256).digest()


def _context(draft_id: str, name: str, position: int, count: int) -> str:
    return f"draft_files:{draft_id}:{name}:{position}/{count}"
