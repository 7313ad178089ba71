"""A stick, or any folder that is carried: finding it, writing whole files to it, reading what came back.

Keeps true: a file has its name only when it is whole and flushed; names are short, upper case and say nothing,
for a stick formatted as FAT knows no others; a stick that is full, write-protected or pulled is said in one
sentence, and what was written before stays. It never follows a link and never trusts a file's time or length.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hub.base import ids
from hub.base.errors import HubError, NotReady, Refused

PARCELS, ANSWER, HALF = ".HSB", ".HSA", ".PRT"
# FAT ends at 4 GiB, and some old programs at two.
MOST_FILE = 2 * 1024**3 - 1
_SPARE = 256 * 1024
_MOUNTS = Path("/proc/mounts")
_WHERE = ("/media/", "/run/media/", "/mnt/")
_AUTOMOUNT = "autofs"
_NAME = re.compile(r"^[0-9A-Z]{8}\.(HSB|HSA)$")
_GONE = {errno.EIO, errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.EBADF, errno.ESTALE}


@dataclass(frozen=True, slots=True)
class Medium:
    """A stick that is in: where it is mounted and how many bytes are free."""

    folder: Path
    free: int


def media(mounts: Path = _MOUNTS) -> tuple[Medium, ...]:
    """Return the sticks that are in, by their folder; what is mounted when it is looked at is looked at."""
    asleep = [place for place, kind in _mounted(mounts) if kind == _AUTOMOUNT]
    for place in asleep:
        with contextlib.suppress(OSError):
            os.listdir(place)
    found = []
    for place, kind in _mounted(mounts):
        if kind != _AUTOMOUNT:
            with contextlib.suppress(OSError):
                found.append(Medium(Path(place), shutil.disk_usage(place).free))
    return tuple(sorted(set(found), key=lambda one: str(one.folder)))


def _mounted(mounts: Path) -> list[tuple[str, str]]:
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        fields = line.split()
        if len(fields) < 3:
            continue
        # The kernel writes a blank in a name as \040.
        place = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[1])
        if place.startswith(_WHERE):
            found.append((place, fields[2]))
    return found


def new_name(suffix: str) -> str:
    """Return a file name that says nothing."""
    return "".join(secrets.choice(ids.ALPHABET) for _ in range(8)) + suffix


def room(folder: Path) -> int:
    """Return how many bytes a new file in ``folder`` may have. Raises as ``write``."""
    with _told(folder):
        if not folder.is_dir():
            raise Refused("stick.no_folder", folder=folder)
        return max(0, min(MOST_FILE, shutil.disk_usage(folder).free - _SPARE))


def write(folder: Path, name: str, chunks: Iterable[bytes]) -> int:
    """Write ``chunks`` as the file ``name``, whole or not at all; return its length.

    Raises ``Refused("stick.no_folder")``, ``Refused("stick.full")``, ``Refused("stick.read_only")``,
    ``Refused("stick.gone")`` for one that was pulled or is broken, and whatever ``chunks`` raises.
    """
    half, whole = folder / f"{name[:8]}{HALF}", folder / name
    with _told(folder):
        if not folder.is_dir():
            raise Refused("stick.no_folder", folder=folder)
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        size = 0
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                    size += len(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.rename(half, whole)
            _flush(folder)
        except BaseException:
            with contextlib.suppress(OSError):
                half.unlink()
            raise
        return size


def files(folder: Path, suffix: str) -> tuple[Path, ...]:
    """Return the whole files of ours in ``folder``, by name. Raises as ``write``."""
    with _told(folder):
        if not folder.is_dir():
            raise Refused("stick.no_folder", folder=folder)
        return tuple(
            sorted(
                Path(found.path)
                for found in os.scandir(folder)
                if found.name.upper().endswith(suffix)
                and _NAME.match(found.name.upper())
                and found.is_file(follow_symlinks=False)
            )
        )


def halves(folder: Path) -> tuple[Path, ...]:
    """Return what a writing that was cut has left in ``folder``. Raises as ``write``."""
    with _told(folder):
        return tuple(one for one in folder.glob(f"????????{HALF}") if not one.is_symlink())


def open_file(path: Path) -> BinaryIO:
    """Open a file that came by hand. Raises as ``write``, and ``Refused("stick.no_bundle")`` for no file."""
    with _told(path.parent):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            raise Refused("stick.no_file", name=path.name) from None
        except OSError as bad:
            if bad.errno == errno.ELOOP:
                raise Refused("stick.no_bundle", name=path.name) from bad
            raise
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise Refused("stick.no_bundle", name=path.name)
        return os.fdopen(handle, "rb")


def remove(path: Path) -> bool:
    """Take a file off the stick; return whether it is gone."""
    with contextlib.suppress(OSError):
        path.unlink()
        return True
    return False


class _told:
    """Say what a stick's errors mean; those of the House pass."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, bad: BaseException | None, _trace: object) -> None:
        if isinstance(bad, OSError) and not isinstance(bad, HubError):
            raise told(bad, self._folder) from bad


def told(bad: OSError, folder: Path) -> HubError:
    """Return what the system said of a stick as an error of the House."""
    if bad.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Refused("stick.full", folder=folder)
    if bad.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return Refused("stick.read_only", folder=folder)
    if bad.errno in _GONE:
        return Refused("stick.gone", folder=folder)
    return NotReady("stick.broken", folder=folder, why=bad.strerror or type(bad).__name__)


def _flush(folder: Path) -> None:
    # Some systems for sticks cannot flush a folder by itself; the file's own flush has been done.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
