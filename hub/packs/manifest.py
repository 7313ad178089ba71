"""What a content pack says of itself, and the list of its files by which a damaged one is known.

Keeps true: a pack whose manifest, list or any file is not exactly as listed is refused, naming the file and
the reason. A path in a list never leads out of the pack, and a pack never holds a link. It does not say who
made a pack: signatures are the courier's business; this list tells only that nothing changed on the way.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import msgspec

from hub.base.errors import NotReady

MANIFEST = "manifest.toml"
LISTING = "files.toml"
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_CHUNK = 1 << 20

_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
_Version = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,4}$")]
_Lang = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}$")]
_Words = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same words for both kinds of reader."""

    vi: _Words
    en: _Words


class SourceTag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the letter before a source means, and the status it allows at most."""

    status: Literal["verified", "reported", "unverified", "advice"]
    vi: _Words
    en: _Words


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``manifest.toml``: which pack, which version (year.month.count), whose words, as of which day."""

    name: _Name
    version: _Version
    title: Words
    licence: _Words
    as_of: dt.date
    languages: Annotated[tuple[_Lang, ...], msgspec.Meta(min_length=1)]
    default_language: _Lang = "vi"
    summary: Words | None = None
    source_tags: dict[str, SourceTag] = {}


def read(folder: Path) -> Manifest:
    """Return the manifest of the pack in ``folder``.

    Raises ``NotReady("packs.no_manifest" | "packs.bad_file")`` with the file and what is wrong.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise NotReady("packs.no_manifest", folder=str(folder))
    try:
        return msgspec.convert(read_toml(path, MANIFEST), Manifest)
    except msgspec.ValidationError as bad:
        raise NotReady("packs.bad_file", file=MANIFEST, why=str(bad)) from bad


def read_toml(path: Path, name: str) -> dict[str, object]:
    """Return a TOML file's table; raises ``NotReady("packs.bad_file")`` with ``name`` as the file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as bad:
        raise NotReady("packs.missing_file", file=name) from bad
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as bad:
        raise NotReady("packs.bad_file", file=name, why=str(bad)) from bad


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below ``folder`` by its path with ``/``, sorted, without the list
    itself.

    Raises ``NotReady("packs.link")`` for anything that is neither a plain file nor a folder.
    """
    return {name: file_hash(folder / name) for name in sorted(_names(folder)) if name != LISTING}


def file_hash(path: Path) -> str:
    """Return the SHA-256 of one file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def digest(listed: Mapping[str, str], *more: str) -> str:
    """Return one hexadecimal SHA-256 that changes with any listed file, and with any of ``more``."""
    lines = [f"{listed[name]}  {name}" for name in sorted(listed)]
    return hashlib.sha256("\n".join((*lines, *more)).encode("utf-8")).hexdigest()


def seal(folder: Path) -> str:
    """Write ``files.toml`` for the pack in ``folder``; return the pack's digest. Raises as ``read`` does."""
    read(folder)
    listed = hashes(folder)
    write_listing(folder / LISTING, listed)
    return digest(listed)


def write_listing(path: Path, listed: Mapping[str, str]) -> None:
    """Write ``listed`` as TOML to ``path`` in one step."""
    lines = [f'"{_quoted(name)}" = "{listed[name]}"' for name in sorted(listed)]
    half = path.with_name(f"{path.name}.half")
    half.write_text("[files]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    os.replace(half, path)


def listing(folder: Path, name: str = LISTING) -> dict[str, str]:
    """Return the list in ``folder/name``, path → SHA-256; raises ``NotReady`` if absent or no list."""
    tree = read_toml(folder / name, name)
    files = tree.get("files")
    if set(tree) != {"files"} or not isinstance(files, dict):
        raise NotReady("packs.bad_file", file=name, why="one table [files]")
    for path, told in files.items():
        pure = PurePosixPath(path)
        plain = str(pure) == path and not pure.is_absolute() and ".." not in pure.parts and "\\" not in path
        if not plain or not isinstance(told, str) or not _SHA256.match(told):
            raise NotReady("packs.bad_file", file=name, why=path[:120])
    return files


def verify(folder: Path, listed: Mapping[str, str], *, ignore: frozenset[str] = frozenset()) -> None:
    """Compare the files below ``folder`` with ``listed``.

    Raises ``NotReady("packs.missing_file" | "packs.changed_file" | "packs.unlisted_file")`` with the first
    file that is not as listed. ``ignore`` names files that may be there unlisted.
    """
    have = set(_names(folder))
    for name, told in listed.items():
        if name not in have:
            raise NotReady("packs.missing_file", file=name)
        if file_hash(folder / name) != told:
            raise NotReady("packs.changed_file", file=name)
    for name in sorted(have - set(listed) - ignore - {LISTING}):
        raise NotReady("packs.unlisted_file", file=name)


def _names(folder: Path) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(here, name)
            shown = path.relative_to(folder).as_posix()
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise NotReady("packs.link", file=shown)
            if path.is_file():
                yield shown


def _quoted(name: str) -> str:
    if any(ord(mark) < 32 or mark == "\x7f" for mark in name) or "\\" in name:
        raise NotReady("packs.bad_file", file=name.encode("unicode_escape").decode("ascii"), why="name")
    return name.replace('"', '\\"')
