"""What may lie in memory alone: keys that a power cut must take with it.

Keeps true: a folder is given out only where its file system is memory (tmpfs, ramfs), belongs to this user
and is closed to others; two Houses on one machine never share one. It never falls back to a disk.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from hub.base import boxes
from hub.base.errors import NotReady

_MOUNTS = Path("/proc/self/mountinfo")
_IN_MEMORY = ("tmpfs", "ramfs")
_SHARED = Path("/dev/shm")


def folder(data: Path) -> Path:
    """Return the folder in memory of the House whose data lie in ``data``, made if need be (mode 0700).

    Under ``$RUNTIME_DIRECTORY`` (a unit's own), else ``$XDG_RUNTIME_DIR``, else ``/dev/shm``. Raises
    ``NotReady("base.no_volatile")`` where none of them is memory and this user's own.
    """
    own = f"house-{os.getuid()}-{hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:16]}"
    for place in _places():
        if not in_memory(place):
            continue
        found = place / own
        with suppress(OSError):
            found.mkdir(mode=0o700, exist_ok=True)
            told = found.lstat()
            if not found.is_symlink() and told.st_uid == os.getuid() and not told.st_mode & 0o077:
                return found
    raise NotReady("base.no_volatile")


def pair(data: Path, name: str) -> tuple[bytes, bytes]:
    """Return the (private, public) halves of ``name``, made at the first call after a boot.

    They outlive the process and not the boot. Raises as ``folder``.
    """
    place = folder(data) / f"{name}.pair"
    if not place.exists():
        # Whole under its name or not there, and the first one stays.
        half = place.with_name(f".{name}.{secrets.token_hex(4)}")
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(b"".join(boxes.pair()))
            with suppress(FileExistsError):
                os.link(half, place)
        finally:
            half.unlink()
    both = place.read_bytes()
    return both[: boxes.HALF_BYTES], both[boxes.HALF_BYTES :]


def in_memory(path: Path, mounts: Path = _MOUNTS) -> bool:
    """Return whether ``path`` exists and its file system is memory; False where nobody can tell."""
    try:
        real = path.resolve(strict=True)
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    best, kind = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, types = before.split(), after.split()
        if len(fields) < 5 or not types:
            continue
        mounted = Path(fields[4].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
        # Of several on one place the last one mounted is seen.
        if (mounted == real or mounted in real.parents) and len(mounted.parts) >= best:
            best, kind = len(mounted.parts), types[0]
    return kind in _IN_MEMORY


def _places() -> Iterator[Path]:
    given = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if given:
        yield Path(given)
    session = os.environ.get("XDG_RUNTIME_DIR", "")
    if session:
        yield Path(session)
    yield _SHARED
