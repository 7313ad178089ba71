"""Sound files that were made once: by digest, written whole or not at all, the longest unused go first.

Keeps true: a name that exists is a complete file; the folder stays under its limit. It never knows what a
file says: names are digests, so the folder tells nothing to who finds it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from hub.base.errors import NotReady

MOST_BYTES = 200 * 1024 * 1024
_LEFT_BEHIND_S = 3600.0
_SUFFIXES = (".wav", ".ogg")


def find(path: Path) -> Path | None:
    """Return ``path`` if it is there, marked as used now; else None."""
    try:
        # A power cut can leave a name without a content.
        if path.stat().st_size == 0:
            return None
        os.utime(path)
    except FileNotFoundError:
        return None
    except OSError:
        # A card that became read-only still speaks what it has.
        return path
    return path


def make(path: Path, write: Callable[[Path], None], *, most_bytes: int = MOST_BYTES) -> Path:
    """Have ``write`` fill a temporary file, move it to ``path`` and return that; prune the folder.

    Raises what ``write`` raises, and ``NotReady("speech.no_room")`` when the folder cannot be written.
    """
    folder = path.parent
    draft = folder / f".{secrets.token_hex(8)}{path.suffix}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Before the file it makes room for, so that what was just made is never the one to go.
        prune(folder, most_bytes)
        write(draft)
        os.replace(draft, path)
    except OSError as bad:
        raise NotReady("speech.no_room", path=str(folder)) from bad
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return path


def prune(folder: Path, most_bytes: int) -> int:
    """Delete the longest unused files until the folder is within its limit; return how many."""
    kept: list[tuple[float, int, Path]] = []
    gone = 0
    for path in folder.iterdir():
        if path.suffix not in _SUFFIXES:
            continue
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        if path.name.startswith("."):
            if time.time() - stat.st_mtime > _LEFT_BEHIND_S:
                path.unlink(missing_ok=True)
            continue
        kept.append((stat.st_mtime, stat.st_size, path))
    total = sum(size for _, size, _ in kept)
    for _, size, path in sorted(kept):
        if total <= most_bytes:
            break
        path.unlink(missing_ok=True)
        total -= size
        gone += 1
    return gone
