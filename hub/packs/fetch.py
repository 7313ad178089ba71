"""Bring the House's packs up to what their publisher offers: look, fetch what is missing, put in place whole.

Keeps true: what is in use stays in use until the new version lies whole and checked beside it; nothing older
than what is here, or than what a technician went back from, is ever put in; a cut at any byte costs at most
that byte. It decides what to do; whom to believe is ``trust``'s word, how bytes come is ``fetch_wire``'s.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.base.clock import Moment
from hub.base.errors import HubError, NotReady
from hub.base.locks import OwnerLock
from hub.packs import fetch_files, index, install, manifest, offers, trust
from hub.packs.fetch_files import Larder
from hub.packs.fetch_wire import FetchFault, Pace, Source
from hub.packs.index import Index, Kind
from hub.packs.offers import State

LOCK = "packs-update"
PROGRAMS = "program"
_PARTS, _WHOLE = "parts", "whole"
# What else lives on the card needs room as well: the database, its log, tonight's copy.
_SPARE_BYTES = 32 * 1024 * 1024
_NOTE_S = 3.0
_PROGRAMS_KEPT = 2
_VERSION = re.compile(r"^[0-9]{1,6}(\.[0-9]{1,6}){1,3}$")

Put = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are: ``home`` what this room keeps, ``packs`` the packs in place, ``program`` what runs."""

    home: Path
    packs: Path
    program: str


@dataclass(frozen=True, slots=True)
class Book:
    """Where progress is written, for a technician's eyes."""

    conn: sqlite3.Connection
    read: Callable[[], Moment]


def trusted(home: Path, chosen: str) -> tuple[Path, bytes]:
    """Return the root file that is trusted and its bytes: the chosen one, else the one ``hub packs trust`` left.

    Raises ``NotReady("packs.no_root")`` when there is none.
    """
    place = Path(chosen) if chosen else home / offers.ROOT
    try:
        return place, place.read_bytes()
    except OSError as bad:
        raise NotReady("packs.no_root", file=str(place)) from bad


def believe(home: Path, root: bytes) -> None:
    """Trust ``root`` from now on, and forget what was seen of whoever was trusted before.

    Raises ``Conflict`` while an update is at work, ``NotReady("packs.not_written")``.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with OwnerLock(home, LOCK):
            place, half = home / offers.ROOT, home / f"{offers.ROOT}.half"
            if place.is_file() and place.read_bytes() == root:
                return
            trust.forget(home)
            with half.open("wb") as file:
                file.write(root)
                file.flush()
                os.fsync(file.fileno())
            os.replace(half, place)
            install.flush(home, deep=False)
    except OSError as bad:
        raise NotReady("packs.not_written", folder=str(home), why=bad.strerror or str(bad)) from bad


def update(
    place: Place,
    sources: Sequence[Source],
    root: bytes,
    names: Sequence[str],
    *,
    put: Put,
    pace: Pace,
    book: Book,
    look_only: bool = False,
) -> tuple[offers.Offer, ...]:
    """Ask the first source that answers rightly, and bring what it offers of ``names`` here.

    ``put`` installs a folder that lies whole and sealed. Returns how every offered pack stands. Raises
    ``Conflict`` when another update is at work, and what ``trust.look`` raises of the last source when none
    answered rightly; a pack that could not be fetched or put in place does not stop the others, and is raised
    after them.
    """
    place.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with OwnerLock(place.home, LOCK):
        offers.begin(book.conn, book.read())
        # Whatever ends it otherwise cut it off.
        failed: HubError | None = NotReady("packs.interrupted")
        try:
            failed = _all(place, sources, root, names, put, pace, book, look_only)
        except HubError as bad:
            failed = bad
            raise
        finally:
            offers.end(book.conn, failed, book.read())
    if failed is not None:
        raise failed
    return offers.offers(book.conn)


def programs(home: Path) -> tuple[tuple[str, Path], ...]:
    """Return the updates of the program that lie here whole, (version, folder), the newest first."""
    folder = home / PROGRAMS
    found = [
        one
        for one in (folder.iterdir() if folder.is_dir() else ())
        if _VERSION.match(one.name) and one.is_dir()
    ]
    found.sort(key=lambda one: index.order(one.name), reverse=True)
    return tuple((one.name, one) for one in found)


def _all(
    place: Place,
    sources: Sequence[Source],
    root: bytes,
    names: Sequence[str],
    put: Put,
    pace: Pace,
    book: Book,
    look_only: bool,
) -> HubError | None:
    found, answered = _look(place, sources, root, names, pace, book)
    larder = Larder(place.home / _PARTS, fetch_files.installed(place.packs, names))
    offers.keep_only(book.conn, (one.name for one in found.offers))
    wanted = []
    for one in found.offers:
        state = _stands(place, one)
        missing = _missing(one, larder) if state is State.WAITING else {}
        to_fetch = sum(missing.values())
        offers.offer(book.conn, one, state, to_fetch=to_fetch)
        if state is State.WAITING:
            wanted.append((one, to_fetch))
    if look_only:
        return None
    # What a kill left half laid together, of a pack that may be offered no more.
    shutil.rmtree(place.home / _WHOLE, ignore_errors=True)
    larder.keep_only([part for one, _ in wanted for part in one.files.values()])
    # The mirror that answered rightly is asked first for the files as well.
    order = [answered, *(source for source in sources if source is not answered)]
    failed: HubError | None = None
    for one, to_fetch in wanted:
        try:
            _bring(place, one, to_fetch, order, larder, put, pace, book)
        except HubError as bad:
            failed = bad
            offers.move(book.conn, one.name, State.FAILED, bad=bad)
    if failed is None:
        larder.forget()
    return failed


def _look(
    place: Place, sources: Sequence[Source], root: bytes, names: Sequence[str], pace: Pace, book: Book
) -> tuple[trust.Found, Source]:
    refused: HubError | None = None
    for source in sources:
        try:
            found = trust.look(source, place.home, root, names, moment=book.read(), pace=pace)
        except HubError as bad:
            # A mirror that lies is worth more words than one that does not answer.
            if refused is None or isinstance(refused, FetchFault):
                refused = bad
            pace.ask()
            continue
        offers.good(book.conn, source.name, found.root_version, found.expires_at, book.read())
        return found, source
    raise refused or NotReady("packs.no_address")


def _stands(place: Place, one: Index) -> State:
    if one.kind is Kind.PROGRAM:
        kept = [version for version, _ in programs(place.home)]
        if one.version in kept:
            return State.READY
        here = [place.program] if _VERSION.match(place.program) else []
        return _against(one.version, here, [*here, *kept])
    current = install.active(place.packs, one.name)
    before = install.previous(place.packs, one.name)
    have = [ident.rsplit("-", 1)[0] for ident in (current, before) if ident is not None]
    return _against(one.version, have[:1] if current else [], have)


def _against(version: str, current: list[str], have: list[str]) -> State:
    if version in current:
        return State.HERE
    if version in have:
        # It was here and a technician went back from it: the next version may come, this one not again.
        return State.LEFT
    newest = max((index.order(one) for one in have), default=())
    return State.WAITING if index.order(version) > newest else State.OLDER


def _missing(one: Index, larder: Larder) -> dict[str, int]:
    return {
        part.sha256: part.size - larder.half(part) for part in one.files.values() if larder.find(part) is None
    }


def _bring(
    place: Place,
    one: Index,
    to_fetch: int,
    sources: Sequence[Source],
    larder: Larder,
    put: Put,
    pace: Pace,
    book: Book,
) -> None:
    # Installing copies once more, so that what is in use is never shared with what is being laid together.
    need = to_fetch + one.size + _SPARE_BYTES
    free = shutil.disk_usage(place.home).free
    if free < need:
        raise NotReady("packs.no_space", name=one.name, need=_mb(need), free=_mb(free))
    offers.move(book.conn, one.name, State.FETCHING)
    progress = _Progress(book, one.name)
    for part in sorted(one.files.values(), key=lambda part: (part.size, part.sha256)):
        if larder.find(part) is None:
            larder.fetch(part, sources, pace, progress.came)
    progress.tell()
    whole = fetch_files.assemble(one, larder, place.home / _WHOLE / one.name)
    try:
        if one.kind is Kind.CONTENT:
            _agrees(one, whole)
            put(whole)
            offers.move(book.conn, one.name, State.HERE)
        else:
            _keep(place.home / PROGRAMS, one, whole)
            offers.move(book.conn, one.name, State.READY)
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def _agrees(one: Index, whole: Path) -> None:
    # What is put in is what the pack says of itself; whether it may be was judged by what the index says.
    told = manifest.read(whole)
    if (told.name, told.version) != (one.name, one.version):
        raise NotReady("packs.bad_index", name=one.name, why=f"{told.name} {told.version}")


def _keep(folder: Path, one: Index, whole: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        manifest.verify(whole, manifest.listing(whole))
        install.flush(whole)
        os.rename(whole, folder / one.version)
        install.flush(folder, deep=False)
    except OSError as bad:
        raise NotReady("packs.not_written", folder=str(folder), why=bad.strerror or str(bad)) from bad
    for _, old in programs(folder.parent)[_PROGRAMS_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


class _Progress:
    def __init__(self, book: Book, name: str) -> None:
        self._book, self._name, self._fetched, self._told_at = book, name, 0, time.monotonic()

    def came(self, count: int) -> None:
        self._fetched += count
        if time.monotonic() - self._told_at >= _NOTE_S:
            self.tell()

    def tell(self) -> None:
        self._told_at = time.monotonic()
        # A House whose database is busy still gets its pack.
        with contextlib.suppress(HubError):
            offers.move(self._book.conn, self._name, State.FETCHING, fetched=self._fetched)


def _mb(count: int) -> int:
    return -(-count // 1_000_000)
