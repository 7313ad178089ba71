"""Whom to believe: the signed lists of a publisher, judged by python-tuf and by the House's own time.

Keeps true: nothing is offered that is not signed as the trusted root says, whole, of one publication, not
older than what was seen before and not past its day; what was seen is on the card before anything is made of
it. The time it judges by is the House's, not the machine's. Only a process of its own loads this room: it is
heavy.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuf.api import exceptions as tuf
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError
from tuf.ngclient import Updater
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from hub.base import clock as clocks
from hub.base.clock import Moment
from hub.base.errors import HubError, NotReady
from hub.packs import index as indexes
from hub.packs.fetch_wire import FetchFault, Pace, Source
from hub.packs.index import Index

MADE_AT = "x-made-at"
"""The field of a signed timestamp that tells when it was made; nobody signs in the future."""

METADATA = "metadata"
_ROLES = ("root", "timestamp", "snapshot", "targets")
_MOST_METADATA = 5_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """What a publisher offers now: the version of its root in force, until when the lists hold, the packs."""

    root_version: int
    expires_at: dt.datetime
    offers: tuple[Index, ...]


def read_root(data: bytes) -> int:
    """Return the version of a root file that may be trusted; ``NotReady("packs.bad_root")`` for anything else.

    It must be signed by as many of its own keys as it asks for.
    """
    try:
        root = Metadata[Root].from_bytes(data)
        if not isinstance(root.signed, Root):
            raise NotReady("packs.bad_root")
        root.signed.verify_delegate(Root.type, root.signed_bytes, root.signatures)
    except (tuf.RepositoryError, ValueError) as bad:
        raise NotReady("packs.bad_root") from bad
    return root.signed.version


def look(
    source: Source, home: Path, root: bytes, names: Sequence[str], *, moment: Moment, pace: Pace
) -> Found:
    """Ask ``source`` what it offers of ``names``; ``home`` keeps what was seen.

    Raises ``NotReady`` with a sentence for each refusal (``packs.expired``, ``packs.expired_clock``,
    ``packs.older``, ``packs.unsigned``, ``packs.mixed``, ``packs.wrong_hash``, ``packs.too_long``,
    ``packs.portal``, ``packs.bad_root``, ``packs.bad_index``) and ``FetchFault`` of the line.
    """
    fetcher = _Fetcher(source, pace)
    try:
        with _refusals(fetcher, source, moment):
            judge = _Judge(home / METADATA, fetcher, root, _reference(home / METADATA, moment))
            judge.refresh()
            (home / "indexes").mkdir(exist_ok=True, mode=0o700)
            offers = tuple(offer for name in names if (offer := _offer(judge, home, name)) is not None)
    except OSError as bad:
        raise NotReady("packs.not_written", folder=str(home), why=bad.strerror or str(bad)) from bad
    finally:
        fetcher.close()
    root_version, expires_at = _seen(home / METADATA)
    return Found(root_version, expires_at, offers)


def forget(home: Path) -> None:
    """Forget what was seen of a publisher, because a person trusts another root from now on."""
    folder = home / METADATA
    for place in (*folder.glob("*.json"), *(folder / "root_history").glob("*.json")):
        place.unlink(missing_ok=True)


class _Judge(Updater):
    """python-tuf's client, by the House's time, and flushing what it has seen."""

    def __init__(self, folder: Path, fetcher: FetcherInterface, root: bytes, at: dt.datetime) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        config = UpdaterConfig(targets_max_length=_MOST_METADATA)
        super().__init__(str(folder), "metadata/", None, "targets/", fetcher, config, bootstrap=root)
        # python-tuf asks the machine's clock once, here, and offers no other way to tell it the time; nothing
        # has been judged by it yet. A test holds that it still listens to this.
        self._trusted_set.reference_time = at

    def _persist_file(self, filename: str, data: bytes) -> None:
        # As the library does, and flushed: a list that a power cut empties would no longer protect from an
        # older one. The pinned root is handed in at every look; a card's life is its writes.
        with contextlib.suppress(OSError):
            if Path(filename).read_bytes() == data:
                return
        folder, half = os.path.dirname(filename), f"{filename}.half"
        try:
            with open(half, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(half, filename)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.remove(half)
            raise
        place = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)


class _Fetcher(FetcherInterface):
    """What python-tuf asks for, through our own line; remembers what it asked last."""

    def __init__(self, source: Source, pace: Pace) -> None:
        self._source, self._pace = source, pace
        self.asked = ""
        self._reading: Generator[bytes, None, None] | None = None

    def _fetch(self, url: str) -> Iterator[bytes]:
        self.close()
        self.asked, self._reading = url, self._read(url)
        return self._reading

    def close(self) -> None:
        """Read no further: python-tuf leaves where it is what it will not have."""
        if self._reading is not None:
            self._reading.close()

    def _read(self, url: str) -> Generator[bytes, None, None]:
        try:
            with self._source.open(url, most=_MOST_METADATA, pace=self._pace) as stream:
                yield from stream.chunks
        except FetchFault as bad:
            if bad.key == "packs.not_there":
                raise tuf.DownloadHTTPError(url, bad.status or 404) from bad
            raise

    @property
    def role(self) -> str:
        """Whose list was asked for last, or ``index``."""
        if not self.asked.startswith("metadata/"):
            return "index"
        name = self.asked.removeprefix("metadata/").removesuffix(".json").rpartition(".")[2]
        return name if name in _ROLES else "targets"


def _offer(judge: _Judge, home: Path, name: str) -> Index | None:
    target = judge.get_targetinfo(indexes.target(name))
    if target is None:
        return None
    if target.length > indexes.MOST_BYTES:
        raise NotReady("packs.too_long", file=indexes.target(name))
    place = str(home / "indexes" / f"{name}.json")
    if judge.find_cached_target(target, place) is None:
        judge.download_target(target, place)
    return indexes.read(Path(place).read_bytes(), name)


def _reference(folder: Path, moment: Moment) -> dt.datetime:
    if moment.trusted:
        return moment.at
    # A doubtful clock may be years behind; what was signed and seen before was not signed in the future.
    try:
        told = Metadata[Timestamp].from_file(str(folder / "timestamp.json")).signed
        made = told.unrecognized_fields.get(MADE_AT)
        return max(moment.at, clocks.parse(made)) if isinstance(made, str) else moment.at
    except (tuf.StorageError, tuf.RepositoryError, ValueError, TypeError):
        return moment.at


def _seen(folder: Path) -> tuple[int, dt.datetime]:
    timestamp = Metadata[Timestamp].from_file(str(folder / "timestamp.json")).signed
    snapshot = Metadata[Snapshot].from_file(str(folder / "snapshot.json")).signed
    targets = Metadata[Targets].from_file(str(folder / "targets.json")).signed
    root = Metadata[Root].from_file(str(folder / "root.json")).signed
    return root.version, min(one.expires for one in (timestamp, snapshot, targets, root))


@contextlib.contextmanager
def _refusals(fetcher: _Fetcher, source: Source, moment: Moment) -> Iterator[None]:
    def told(key: str, **more: str) -> NotReady:
        return NotReady(key, **{"role": fetcher.role, "address": source.name, "file": fetcher.asked, **more})

    try:
        yield
    except HubError:
        raise
    except tuf.ExpiredMetadataError as bad:
        role = next((one for one in _ROLES if one in str(bad)), fetcher.role)
        raise told("packs.expired" if moment.trusted else "packs.expired_clock", role=role) from bad
    except tuf.BadVersionNumberError as bad:
        raise told("packs.mixed" if fetcher.role == "targets" else "packs.older") from bad
    except tuf.UnsignedMetadataError as bad:
        raise told("packs.unsigned") from bad
    except tuf.DownloadLengthMismatchError as bad:
        raise told("packs.too_long") from bad
    except tuf.LengthOrHashMismatchError as bad:
        raise told("packs.wrong_hash" if fetcher.role == "index" else "packs.mixed") from bad
    except tuf.DownloadHTTPError as bad:
        raise FetchFault("packs.not_there", status=bad.status_code, file=fetcher.asked) from bad
    except tuf.DownloadError as bad:
        raise FetchFault("packs.cut", address=source.name) from bad
    except (DeserializationError, ValueError, RecursionError) as bad:
        raise told("packs.portal" if fetcher.asked else "packs.bad_root") from bad
    except tuf.RepositoryError as bad:
        raise told("packs.mixed" if fetcher.asked else "packs.bad_root") from bad
