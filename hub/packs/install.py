"""Put a pack in its place: whole and checked, or not at all.

Keeps true: readers see the old pack until the new one lies complete on the disk, and then the new one at
once; the pack before stays beside it for a step back; a folder that is in use is never written to. It never
changes the source.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.base import phrases
from hub.base.errors import HubError, Missing, NotReady
from hub.base.locks import OwnerLock
from hub.packs import manifest

Preparer = Callable[[Path, Path], None]

CURRENT = "current"
PREVIOUS = "previous"
PREPARED = "prepared.toml"
_HALF = ".tmp"
_FOLDER = re.compile(r"^[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,4}-[0-9a-f]{8}$")


@dataclass(frozen=True, slots=True)
class Installed:
    """A pack in place: ``id`` names its folder; ``fresh`` is false when it was already the current one."""

    name: str
    version: str
    id: str
    fresh: bool


def install(
    source: Path, packs: Path, prepare: Mapping[str, Preparer], *, program: str = "", unsealed: bool = False
) -> Installed:
    """Check the pack in ``source``, copy it below ``packs``, prepare its files and make it the current one.

    ``prepare`` maps a glob to a function that is called as ``f(file, target)`` for each file that matches,
    where ``target`` is the file's path without its last suffix; it writes ``target`` plus a suffix of its
    own. ``program`` is the version of the House that prepares, so that a new one prepares anew. Only with
    ``unsealed`` may ``files.toml`` be absent: the authors' folder beside the program, never a stick.

    Raises ``NotReady("packs.…")`` with file and reason, ``Conflict`` when someone else is installing; the
    pack that was current stays so.
    """
    told = manifest.read(source)
    sealed = (source / manifest.LISTING).is_file()
    if not sealed and not unsealed:
        raise NotReady("packs.not_sealed", file=manifest.LISTING)
    listed = manifest.listing(source) if sealed else manifest.hashes(source)
    ident = f"{told.version}-{manifest.digest(listed, program, *sorted(prepare))[:8]}"
    with _ground(packs, told.name) as home:
        if (home / ident).is_dir():
            fresh = _target(home, CURRENT) != ident
            if fresh:
                _switch(home, ident)
            return Installed(told.name, told.version, ident, fresh)
        _sweep(home)
        half = home / f"{ident}{_HALF}"
        try:
            _copy(source, half, listed)
            # The copy is what is checked: a stick may answer differently the second time it is read.
            manifest.verify(half, listed)
            manifest.write_listing(half / manifest.LISTING, listed)
            _prepare(half, prepare, listed)
            flush(half)
            os.rename(half, home / ident)
        except OSError as bad:
            raise NotReady("packs.not_written", folder=str(packs), why=bad.strerror or str(bad)) from bad
        finally:
            shutil.rmtree(half, ignore_errors=True)
        _switch(home, ident)
        _sweep(home)
    return Installed(told.name, told.version, ident, True)


def check(packs: Path, name: str) -> Installed:
    """Compare the current pack, prepared files too, with its lists; raises as ``install`` does."""
    home = packs / name
    ident = _target(home, CURRENT)
    if ident is None:
        raise NotReady("packs.none", name=name)
    folder = home / ident
    listed = manifest.listing(folder) | manifest.listing(folder, PREPARED)
    manifest.verify(folder, listed, ignore=frozenset({PREPARED}))
    return Installed(name, manifest.read(folder).version, ident, False)


def rollback(packs: Path, name: str) -> Installed:
    """Change places between the current pack and the one before; ``Missing`` when there is none."""
    if not (packs / name).is_dir():
        raise NotReady("packs.none", name=name)
    with _ground(packs, name) as home:
        before = _target(home, PREVIOUS)
        if before is None:
            raise Missing("packs.nothing_before", name=name)
        told = manifest.read(home / before)
        _switch(home, before)
    return Installed(name, told.version, before, True)


def installed(packs: Path) -> tuple[Installed, ...]:
    """Return the current pack of every name, by name."""
    found = []
    for home in sorted(packs.iterdir()) if packs.is_dir() else ():
        ident = _target(home, CURRENT) if home.is_dir() else None
        if ident is not None:
            found.append(Installed(home.name, ident.rsplit("-", 1)[0], ident, False))
    return tuple(found)


def active(packs: Path, name: str) -> str | None:
    """Return the ``id`` of the current pack ``name``, or None; one read of a link."""
    return _target(packs / name, CURRENT)


def previous(packs: Path, name: str) -> str | None:
    """Return the ``id`` of the pack before the current one, or None."""
    return _target(packs / name, PREVIOUS)


@contextmanager
def _ground(packs: Path, name: str) -> Iterator[Path]:
    try:
        (packs / name).mkdir(parents=True, exist_ok=True)
    except OSError as bad:
        raise NotReady("packs.not_written", folder=str(packs), why=bad.strerror or str(bad)) from bad
    with OwnerLock(packs, f"{name}-install"):
        yield packs / name


def _copy(source: Path, half: Path, listed: Mapping[str, str]) -> None:
    for name in listed:
        target = half / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with (source / name).open("rb") as good, target.open("xb") as copy:
                shutil.copyfileobj(good, copy)
        except FileNotFoundError as bad:
            raise NotReady("packs.missing_file", file=name) from bad


def _prepare(half: Path, prepare: Mapping[str, Preparer], listed: Mapping[str, str]) -> None:
    for pattern, work in prepare.items():
        for path in sorted(half.glob(pattern)):
            shown = path.relative_to(half).as_posix()
            try:
                work(path, path.with_suffix(""))
            except HubError as bad:
                if bad.key == "packs.bad_page":
                    raise NotReady(bad.key, **{**bad.values, "file": shown}) from bad
                why = (
                    phrases.say(phrases.DEFAULT, bad.key, **bad.values) if phrases.has(bad.key) else str(bad)
                )
                raise NotReady("packs.not_prepared", file=shown, why=why) from bad
    # A preparer that writes over an author's file would make the pack unlike its list.
    manifest.verify(half, listed, ignore=frozenset(manifest.hashes(half)))
    made = {name: told for name, told in manifest.hashes(half).items() if name not in listed}
    manifest.write_listing(half / PREPARED, made)


def flush(folder: Path, *, deep: bool = True) -> None:
    """Put ``folder`` on the card, with everything below it when ``deep``; raises ``OSError``."""
    for here, _folders, files in os.walk(folder, topdown=False) if deep else ():
        for name in files:
            _sync(Path(here, name))
        _sync(Path(here))
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _target(home: Path, link: str) -> str | None:
    try:
        ident = os.readlink(home / link)
    except OSError:
        return None
    return ident if _FOLDER.match(ident) and (home / ident).is_dir() else None


def _switch(home: Path, ident: str) -> None:
    now = _target(home, CURRENT)
    if now is not None and now != ident:
        _point(home, PREVIOUS, now)
    _point(home, CURRENT, ident)


def _point(home: Path, link: str, ident: str) -> None:
    fresh = home / f"{link}{_HALF}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(ident)
    os.replace(fresh, home / link)
    _sync(home)


def _sweep(home: Path) -> None:
    kept = {_target(home, CURRENT), _target(home, PREVIOUS)}
    for path in home.iterdir():
        if path.is_dir() and not path.is_symlink() and path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)
