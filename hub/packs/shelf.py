"""Read the active pack: files as they were prepared, cheap enough for every request.

Keeps true: one shelf is one version of a pack from its first read to its last, even when a new one is
installed meanwhile; what it hands out is never changed, so it may be kept. It never writes and never renders.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from hub.base.errors import Missing, NotReady
from hub.packs import install, manifest
from hub.packs.pages import Page


@dataclass(frozen=True, slots=True)
class Shelf:
    """One version of one pack; ``id`` differs whenever any of its files does, so it serves in an ETag."""

    name: str
    id: str
    root: Path

    @property
    def version(self) -> str:
        """The version that its manifest tells."""
        return self.id.rsplit("-", 1)[0]

    def path(self, name: str) -> Path:
        """Return where the file ``name`` lies; raises ``Missing("packs.no_page")`` when it is not there."""
        pure = PurePosixPath(name)
        path = self.root / pure
        if pure.is_absolute() or ".." in pure.parts or "\0" in name or not path.is_file():
            raise Missing("packs.no_page", file=name[:120])
        return path

    def has(self, name: str) -> bool:
        """Return whether the pack has the file ``name``."""
        try:
            self.path(name)
        except Missing:
            return False
        return True

    def names(self, pattern: str) -> tuple[str, ...]:
        """Return the names of the files that match the glob ``pattern``, sorted."""
        return _names(self.root, pattern)

    def table(self, name: str) -> dict[str, Any]:
        """Return the TOML file ``name``, not to be changed; raises ``Missing`` or ``NotReady``."""
        return _table(self.path(name), name)

    def page(self, name: str) -> Page:
        """Return the prepared page of the Markdown file ``name``; raises ``Missing("packs.no_page")``."""
        return _page(self.path(f"{name.removesuffix('.md')}.json"))


def current(packs: Path, name: str = "core") -> Shelf:
    """Return the active version of the pack ``name``; raises ``NotReady("packs.none")`` if there is none."""
    found = install.active(packs, name)
    if found is None:
        raise NotReady("packs.none", name=name)
    return Shelf(name, found, packs / name / found)


@functools.lru_cache(maxsize=64)
def _names(root: Path, pattern: str) -> tuple[str, ...]:
    return tuple(sorted(path.relative_to(root).as_posix() for path in root.glob(pattern) if path.is_file()))


@functools.lru_cache(maxsize=64)
def _table(path: Path, name: str) -> dict[str, Any]:
    return manifest.read_toml(path, name)


@functools.lru_cache(maxsize=256)
def _page(path: Path) -> Page:
    return msgspec.json.decode(path.read_bytes(), type=Page)
