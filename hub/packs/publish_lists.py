"""The signed lists of a repository: read, changed, signed and laid down in an order in which readers may come.

Keeps true: a list that was laid down under its number is never changed; only ``timestamp.json`` is replaced,
last and in one step, so that a House reads the old publication or the new one whole. What a list must still
hold is held by python-tuf when a House reads it; this is the other side.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tuf.api import exceptions as tuf
from tuf.api.metadata import Key as PublicKey
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from hub.base import clock as clocks
from hub.base.errors import NotReady, Refused
from hub.packs.publish_keys import Key, Ring, Role
from hub.packs.trust import MADE_AT

METADATA = "metadata"
TARGETS = "targets"
_Signed = TypeVar("_Signed", Root, Targets, Snapshot, Timestamp)
_TIMESTAMP = "timestamp.json"


@dataclass(frozen=True, slots=True)
class Terms:
    """How many days each list holds before it must be signed anew."""

    root: int = 730
    targets: int = 365
    snapshot: int = 180
    timestamp: int = 30

    def until(self, role: Role, now: dt.datetime) -> dt.datetime:
        """Return when a list signed ``now`` runs out, in whole seconds."""
        days: int = getattr(self, role)
        return (now + dt.timedelta(days=days)).replace(microsecond=0)

    def tired(self, role: Role, expires: dt.datetime, now: dt.datetime) -> bool:
        """Return whether less than half of a list's time is left."""
        return expires - now < dt.timedelta(days=getattr(self, role)) / 2


@dataclass(slots=True)
class Lists:
    """The four lists of the repository in ``folder``, as they are, and as they are about to be."""

    folder: Path
    root: Metadata[Root]
    targets: Metadata[Targets]
    snapshot: Metadata[Snapshot]
    timestamp: Metadata[Timestamp]
    _fresh: list[Role] = field(default_factory=list)

    def sign(self, role: Role, ring: Ring, terms: Terms, now: dt.datetime) -> None:
        """Give ``role``'s list its next number and sign it; what names it must be signed after it.

        Raises ``Refused("publish.keys_missing")`` when fewer keys than asked for are at hand.
        """
        match role:
            case Role.SNAPSHOT:
                self.snapshot.signed.meta["targets.json"] = _described(self.targets)
            case Role.TIMESTAMP:
                self.timestamp.signed.snapshot_meta = _described(self.snapshot)
                self.timestamp.signed.unrecognized_fields[MADE_AT] = clocks.stamp(now)
        one = self._of(role)
        if role in self._fresh:
            raise ValueError(role)
        one.signed.version += 1
        one.signed.expires = terms.until(role, now)
        signed(one, needed_keys(self.root.signed, role, ring), role, self.root.signed)
        self._fresh.append(role)

    def lay(self) -> None:
        """Write what was signed: a reader finds every list that another names; the timestamp comes last."""
        for role in (Role.TARGETS, Role.SNAPSHOT, Role.TIMESTAMP):
            if role in self._fresh:
                one = self._of(role)
                name = _TIMESTAMP if role is Role.TIMESTAMP else f"{one.signed.version}.{role}.json"
                lay(self.folder / METADATA / name, one.to_bytes())
        self._fresh.clear()

    def holds(self, role: Role) -> bool:
        """Return whether the root in force accepts ``role``'s list as it is."""
        one = self._of(role)
        return bool(self.root.signed.get_verification_result(role, one.signed_bytes, one.signatures).verified)

    def _of(self, role: Role) -> Metadata[Any]:
        found: dict[Role, Metadata[Any]] = {
            Role.TARGETS: self.targets,
            Role.SNAPSHOT: self.snapshot,
            Role.TIMESTAMP: self.timestamp,
        }
        return found[role]


def is_repository(folder: Path) -> bool:
    """Return whether there is a repository in ``folder``."""
    return any((folder / METADATA).glob("*.root.json"))


def found(folder: Path, ring: Ring, thresholds: dict[Role, int], terms: Terms, now: dt.datetime) -> Lists:
    """Begin a repository in ``folder``: a first root with the public halves of ``ring``, nothing else yet.

    Raises ``Refused("publish.keys_missing")`` when a role has fewer keys than its threshold.
    """
    root = Metadata(Root(expires=terms.until(Role.ROOT, now), consistent_snapshot=True))
    for role in Role:
        keys = ring.get(role, ())
        if len(keys) < thresholds.get(role, 1):
            raise Refused("publish.keys_missing", role=role, have=len(keys), need=thresholds.get(role, 1))
        for key in keys:
            root.signed.add_key(key.signer.public_key, role)
        root.signed.roles[role].threshold = thresholds.get(role, 1)
    signed(root, list(ring[Role.ROOT]), Role.ROOT, root.signed)
    lay(folder / METADATA / "1.root.json", root.to_bytes())
    return _unborn(folder, root)


def _unborn(folder: Path, root: Metadata[Root]) -> Lists:
    # A version below the first, signed by nobody and written nowhere: the first signing makes it the first.
    lists = Lists(folder, root, Metadata(Targets()), Metadata(Snapshot()), Metadata(Timestamp()))
    for one in (lists.targets, lists.snapshot, lists.timestamp):
        one.signed.version = 0
    return lists


def read(folder: Path) -> Lists:
    """Return the lists of the repository in ``folder``; raises ``NotReady("publish.no_repository")``."""
    place = folder / METADATA
    try:
        root = _loaded(latest_root(folder), Root)
        later = {one.name for one in place.glob("*.targets.json")} - {"1.targets.json"}
        if not later and not (place / _TIMESTAMP).exists():
            # Its beginning was cut off: the root may be trusted by somebody already, and stays.
            return _unborn(folder, root)
        timestamp = _loaded(place / _TIMESTAMP, Timestamp)
        snapshot = _loaded(place / f"{timestamp.signed.snapshot_meta.version}.snapshot.json", Snapshot)
        targets = _loaded(place / f"{snapshot.signed.meta['targets.json'].version}.targets.json", Targets)
    except (tuf.StorageError, tuf.RepositoryError, ValueError, KeyError) as bad:
        raise NotReady("publish.no_repository", folder=str(folder)) from bad
    return Lists(folder, root, targets, snapshot, timestamp)


def latest_root(folder: Path) -> Path:
    """Return the root file in force; raises ``NotReady("publish.no_repository")``."""
    roots = sorted((folder / METADATA).glob("*.root.json"), key=lambda path: int(path.name.split(".")[0]))
    if not roots:
        raise NotReady("publish.no_repository", folder=str(folder))
    return roots[-1]


def targets_of(path: Path) -> tuple[TargetFile, ...]:
    """Return what the list of targets in the file ``path`` names."""
    return tuple(_loaded(path, Targets).signed.targets.values())


def needed_keys(root: Root, role: Role, ring: Ring) -> list[Key]:
    """Return the keys at hand that ``root`` accepts for ``role``; ``Refused("publish.keys_missing")``."""
    accepted = root.roles[role]
    keys = [key for key in ring.get(role, ()) if key.id in accepted.keyids]
    if len(keys) < accepted.threshold:
        raise Refused("publish.keys_missing", role=role, have=len(keys), need=accepted.threshold)
    return keys


def signed(one: Metadata[Any], keys: list[Key], role: Role, root: Root) -> None:
    """Sign a list with ``keys`` and with nothing else, and look whether ``root`` accepts it."""
    one.signatures.clear()
    for key in keys:
        one.sign(key.signer, append=True)
    root.verify_delegate(role, one.signed_bytes, one.signatures)


def lay(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` in one step, flushed; a file that is the same already is left alone."""
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.half")
    try:
        with half.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, path)
    except OSError as bad:
        raise NotReady("publish.not_written", file=str(path), why=bad.strerror or str(bad)) from bad


def public(key: Key) -> PublicKey:
    """Return the public half as the lists hold it."""
    return key.signer.public_key


def _described(one: Metadata[Targets] | Metadata[Snapshot]) -> MetaFile:
    return MetaFile.from_data(one.signed.version, one.to_bytes(), ["sha256"])


def _loaded(path: Path, kind: type[_Signed]) -> Metadata[_Signed]:
    one = Metadata[kind].from_file(str(path))  # type: ignore[valid-type]
    if not isinstance(one.signed, kind):
        raise ValueError(path.name)
    return one
