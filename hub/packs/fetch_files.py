"""The files of a pack that are not here yet: fetched once, half ones gone on with, whole ones checked.

Keeps true: a file counts as here only when its bytes have the hash that was signed, looked at again after
every start; half a file is kept for the next line, a wrong one for nobody. What lies in an installed pack is
taken from there and never fetched. Nothing here is flushed to the card: what a power cut tears is found by
its hash.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.base.errors import NotReady
from hub.packs import index as indexes
from hub.packs import install, manifest
from hub.packs.fetch_wire import FetchFault, Pace, Source
from hub.packs.index import Index, Part

_HALF = ".half"

Note = Callable[[int], None]


@dataclass(slots=True)
class Larder:
    """The folder of fetched files, by hash; ``here`` names files of installed packs by hash."""

    folder: Path
    here: Mapping[str, Path]
    _known: dict[str, Path] = field(default_factory=dict)

    def find(self, part: Part) -> Path | None:
        """Return where a file of exactly this content lies, or None."""
        known = self._known.get(part.sha256)
        if known is not None:
            return known
        for place in (self.folder / part.sha256, self.here.get(part.sha256)):
            if place is not None and _is(place, part):
                self._known[part.sha256] = place
                return place
        return None

    def half(self, part: Part) -> int:
        """Return how many bytes of a file are here already."""
        try:
            return min(part.size, self._half(part).stat().st_size)
        except OSError:
            return 0

    def fetch(self, part: Part, sources: Sequence[Source], pace: Pace, note: Note) -> None:
        """Fetch one file from the first source that gives it whole; ``note`` is told bytes as they come.

        Raises the last source's ``FetchFault``; ``packs.wrong_hash`` and ``packs.too_long`` tell of a source
        that gave something else. What came of it stays for the next time, unless it was something else.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        bad: FetchFault | None = None
        for source in sources:
            have = -1
            # A line that drops is taken up again at once, as long as each time brings something.
            while have < self.half(part):
                have = self.half(part)
                try:
                    self._from(source, part, pace, note)
                    return
                except FetchFault as fault:
                    bad = fault if bad is None or fault.status is None else bad
                    pace.ask()
        if bad is not None:
            raise bad

    def forget(self) -> None:
        """Remove every fetched file, whole and half."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._known.clear()

    def keep_only(self, parts: Sequence[Part]) -> None:
        """Remove what belongs to none of ``parts``: a version that nobody offers any more."""
        wanted = {part.sha256 for part in parts}
        for place in self.folder.iterdir() if self.folder.is_dir() else ():
            if place.name.removesuffix(_HALF) not in wanted:
                place.unlink(missing_ok=True)

    def _half(self, part: Part) -> Path:
        return self.folder / f"{part.sha256}{_HALF}"

    def _from(self, source: Source, part: Part, pace: Pace, note: Note) -> None:
        half, begun = self._half(part), self.half(part)
        if begun < part.size or not part.size:
            try:
                self._read(source, part, begun, pace, note)
            except FetchFault as bad:
                if bad.key == "packs.too_long" or bad.status == 416:
                    half.unlink(missing_ok=True)
                if bad.status != 416:
                    raise
        if _is(half, part):
            os.replace(half, self.folder / part.sha256)
            return
        if half.exists() and half.stat().st_size < part.size:
            raise FetchFault("packs.cut", address=source.name)
        half.unlink(missing_ok=True)
        if begun:
            # The half may have been torn by a power cut, which is no fault of this source.
            self._from(source, part, pace, note)
            return
        raise FetchFault("packs.wrong_hash", address=source.name, file=indexes.blob(part.sha256))

    def _read(self, source: Source, part: Part, begun: int, pace: Pace, note: Note) -> None:
        path = f"targets/{indexes.blob(part.sha256)}"
        with source.open(path, start=begun, most=part.size, pace=pace) as stream:
            # A server that does not know where to go on gives it all again: what is here is skipped.
            skip = begun - stream.start
            try:
                with self._half(part).open("ab") as file:
                    for chunk in stream.chunks:
                        fresh = chunk[skip:] if skip else chunk
                        skip = max(0, skip - len(chunk))
                        file.write(fresh)
                        note(len(fresh))
            except OSError as bad:
                raise _not_written(self.folder, bad) from bad


def installed(packs: Path, names: Sequence[str]) -> dict[str, Path]:
    """Return the files of the packs in place, and of those before them, by hash."""
    found: dict[str, Path] = {}
    for name in names:
        for link in (install.PREVIOUS, install.CURRENT):
            folder = packs / name / link
            with contextlib.suppress(NotReady):
                found |= {told: folder / path for path, told in manifest.listing(folder).items()}
    return found


def assemble(index: Index, larder: Larder, folder: Path) -> Path:
    """Lay the files of ``index`` together in ``folder``, sealed, without copying where it can be helped.

    Raises ``NotReady("packs.missing_file")`` for a file that is not here, ``packs.not_written``.
    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        for path, part in index.files.items():
            source = larder.find(part)
            if source is None:
                raise NotReady("packs.missing_file", file=path)
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, target)
            except OSError:
                shutil.copyfile(source, target)
        listed = {path: part.sha256 for path, part in index.files.items()}
        manifest.write_listing(folder / manifest.LISTING, listed)
    except OSError as bad:
        raise _not_written(folder, bad) from bad
    return folder


def _not_written(folder: Path, bad: OSError) -> NotReady:
    return NotReady("packs.not_written", folder=str(folder), why=bad.strerror or str(bad))


def _is(place: Path, part: Part) -> bool:
    try:
        return place.stat().st_size == part.size and manifest.file_hash(place) == part.sha256
    except OSError:
        return False
