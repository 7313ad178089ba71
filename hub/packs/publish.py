"""The publisher's side: a folder of plain files that any web server or CDN hands out to ten thousand Houses.

Keeps true: a file is named by what is in it and laid down once, so that a new version costs what changed in
it; a House that reads meanwhile finds the old publication or the new one whole; publishing the same again
changes only what has to be signed anew. It never needs the root key but to begin, and to change keys.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuf.api.metadata import TargetFile

from hub.base.errors import Conflict, Missing, NotReady, Refused
from hub.packs import index as indexes
from hub.packs import manifest, publish_keys, publish_lists
from hub.packs.index import Index, Kind, Part
from hub.packs.publish_keys import Key, Ring, Role
from hub.packs.publish_lists import Lists, Terms

_ORDER = (Role.TARGETS, Role.SNAPSHOT, Role.TIMESTAMP)
_KEEP_VERSIONS = 4


@dataclass(frozen=True, slots=True)
class Published:
    """What was done: packs that are new, bytes of files laid down, lists signed anew, files taken away."""

    packs: tuple[str, ...]
    new_bytes: int
    signed: tuple[Role, ...]
    removed: int


def publish(
    folder: Path,
    packs: Sequence[Path],
    ring: Ring,
    *,
    now: dt.datetime,
    terms: Terms | None = None,
    thresholds: dict[Role, int] | None = None,
) -> Published:
    """Put the packs in ``packs`` into the repository in ``folder``, beginning one where there is none.

    Raises ``Refused("publish.version_older" | "publish.version_same")`` for a pack whose version does not
    count up although its content changed, ``Refused("publish.keys_missing")``, ``NotReady`` as
    ``manifest.read`` and ``manifest.verify`` do.
    """
    found = [(pack, content(pack)) for pack in packs]
    with _alone(folder):
        return _published(folder, found, ring, now, terms, thresholds)


def publish_program(
    folder: Path,
    files: Path,
    version: str,
    ring: Ring,
    *,
    now: dt.datetime,
    terms: Terms | None = None,
    name: str = "program",
) -> Published:
    """Put an update of the program, all files in ``files``, into the repository; raises as ``publish``."""
    found = Index(1, Kind.PROGRAM, name, version, _parts(files, manifest.hashes(files)))
    read = indexes.read(indexes.write(found), name)
    with _alone(folder):
        return _published(folder, [(files, read)], ring, now, terms, None)


def withdraw(folder: Path, name: str, ring: Ring, *, now: dt.datetime, terms: Terms | None = None) -> None:
    """Offer the pack ``name`` no more: Houses keep what they have. Raises ``Missing("publish.no_pack")``."""
    with _alone(folder):
        lists = publish_lists.read(folder)
        if lists.targets.signed.targets.pop(indexes.target(name), None) is None:
            raise Missing("publish.no_pack", name=name)
        _sign(lists, _ORDER, ring, terms or Terms(), now)


def freshen(folder: Path, ring: Ring, *, now: dt.datetime, terms: Terms | None = None) -> tuple[Role, ...]:
    """Sign the timestamp anew, and what else has less than half of its time left and a key at hand; return
    what was signed. For every night, by itself."""
    with _alone(folder):
        lists, terms = publish_lists.read(folder), terms or Terms()
        due = [role for role in _tired(lists, terms, now) if _can(lists, role, ring)]
        return _sign(lists, _after(due) | {Role.TIMESTAMP}, ring, terms, now)


def rotate(
    folder: Path,
    role: Role,
    ring: Ring,
    keys: Path,
    *,
    now: dt.datetime,
    terms: Terms | None = None,
    passphrase: bytes = b"",
    count: int | None = None,
    threshold: int | None = None,
) -> tuple[Key, ...]:
    """Give ``role`` new keys, made in ``keys``, and lay the old files aside; return them.

    There are ``count`` of them, of which ``threshold`` must sign: as many as before unless told otherwise.

    A new root is signed by the old root keys (and, where they change, by the new ones): Houses that sleep
    through several changes take them one after the other. Raises ``Refused("publish.keys_missing")``.
    """
    with _alone(folder):
        return _rotated(folder, role, ring, keys, now, terms, passphrase, count, threshold)


def renew(folder: Path, ring: Ring, *, now: dt.datetime, terms: Terms | None = None) -> None:
    """Sign the root anew with the same keys, before it runs out; raises ``Refused("publish.keys_missing")``."""
    with _alone(folder):
        lists = publish_lists.read(folder)
        signers = publish_lists.needed_keys(lists.root.signed, Role.ROOT, ring)
        renew_root(lists, signers, terms or Terms(), now)


def _rotated(
    folder: Path,
    role: Role,
    ring: Ring,
    keys: Path,
    now: dt.datetime,
    terms: Terms | None,
    passphrase: bytes,
    count: int | None,
    threshold: int | None,
) -> tuple[Key, ...]:
    lists, terms = publish_lists.read(folder), terms or Terms()
    root, old_root = lists.root.signed, publish_lists.needed_keys(lists.root.signed, Role.ROOT, ring)
    for needed in _after([role]) if role is not Role.ROOT else ():
        if needed is not role:
            publish_lists.needed_keys(root, needed, ring)
    old = [key for key in ring.get(role, ()) if key.id in root.roles[role].keyids]
    count, needed_now = count or len(root.roles[role].keyids), threshold or root.roles[role].threshold
    if count < needed_now:
        raise Refused("publish.keys_missing", role=role, have=count, need=needed_now)
    fresh = publish_keys.new(keys, role, count, passphrase=passphrase)
    for keyid in list(root.roles[role].keyids):
        root.revoke_key(keyid, role)
    for key in fresh:
        root.add_key(publish_lists.public(key), role)
    root.roles[role].threshold = needed_now
    renew_root(lists, [*old_root, *(fresh if role is Role.ROOT else ())], terms, now)
    if role is not Role.ROOT:
        _sign(lists, _after([role]), {**ring, role: fresh}, terms, now)
    publish_keys.retire(old)
    return fresh


def renew_root(lists: Lists, keys: Sequence[Key], terms: Terms, now: dt.datetime) -> None:
    """Sign the root anew as it is, one number higher, and lay it down: before it runs out, or after a change."""
    root = lists.root.signed
    root.version += 1
    root.expires = terms.until(Role.ROOT, now)
    publish_lists.signed(lists.root, list(keys), Role.ROOT, root)
    path = lists.folder / publish_lists.METADATA / f"{root.version}.root.json"
    publish_lists.lay(path, lists.root.to_bytes())


def prune(folder: Path, keep: int = _KEEP_VERSIONS) -> int:
    """Remove lists and files that only publications before the last ``keep`` name; return how many went.

    Roots stay for ever: a House that slept for years walks through all of them.
    """
    place, lists = folder / publish_lists.METADATA, publish_lists.read(folder)
    oldest = lists.targets.signed.version - keep + 1
    removed, wanted = 0, set[str]()
    for path in place.glob("*.targets.json"):
        if int(path.name.split(".")[0]) < oldest:
            path.unlink()
            removed += 1
        else:
            wanted |= _names(folder, path)
    first = lists.snapshot.signed.version - keep + 1
    for path in place.glob("*.snapshot.json"):
        if int(path.name.split(".")[0]) < first:
            path.unlink()
            removed += 1
    targets = folder / publish_lists.TARGETS
    for path in [one for one in targets.rglob("*") if one.is_file()]:
        if path.relative_to(targets).as_posix() not in wanted:
            path.unlink()
            removed += 1
    return removed


def content(pack: Path) -> Index:
    """Return the index of the content pack in ``pack``, each file looked at; raises as ``publish``."""
    told = manifest.read(pack)
    if (pack / manifest.LISTING).is_file():
        listed = manifest.listing(pack)
        manifest.verify(pack, listed)
    else:
        listed = manifest.hashes(pack)
    found = Index(
        1, Kind.CONTENT, told.name, told.version, _parts(pack, listed), title=told.title, as_of=told.as_of
    )
    return indexes.read(indexes.write(found), told.name)


def _published(
    folder: Path,
    packs: Sequence[tuple[Path, Index]],
    ring: Ring,
    now: dt.datetime,
    terms: Terms | None,
    thresholds: dict[Role, int] | None,
) -> Published:
    terms = terms or Terms()
    if publish_lists.is_repository(folder):
        lists = publish_lists.read(folder)
        roles = lists.root.signed.roles
        if any(roles[role].threshold != count for role, count in (thresholds or {}).items()):
            raise Refused("publish.begun_already", folder=str(folder))
    else:
        lists = publish_lists.found(folder, ring, thresholds or {}, terms, now)
    changed, laid = [], 0
    for pack, found in packs:
        written, target = indexes.write(found), indexes.target(found.name)
        described = TargetFile.from_data(target, written, ["sha256"])
        before = lists.targets.signed.targets.get(target)
        same = before is not None and before.hashes == described.hashes
        if before is not None and not same:
            _counts_up(folder, before, found)
        # Of what is published already, a file that was lost is laid down again.
        laid += _lay_files(folder, pack, found)
        place = folder / publish_lists.TARGETS / described.get_prefixed_paths()[0]
        publish_lists.lay(place, written)
        if same:
            continue
        lists.targets.signed.targets[target] = described
        changed.append(f"{found.name} {found.version}")
    first = lists.timestamp.signed.version == 0
    due = {Role.TARGETS} if changed or first else set()
    signed = _sign(lists, _after([*due, *_tired(lists, terms, now)]), ring, terms, now)
    return Published(tuple(changed), laid, signed, prune(folder))


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    # The nightly job and a person at noon would both count on from the same list, and one would be lost.
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as bad:
        raise NotReady("publish.not_written", file=str(folder), why=bad.strerror or str(bad)) from bad
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as bad:
        raise Conflict("publish.busy", folder=str(folder)) from bad
    finally:
        os.close(handle)


def _counts_up(folder: Path, before: TargetFile, found: Index) -> None:
    place = folder / publish_lists.TARGETS / before.get_prefixed_paths()[0]
    try:
        was = indexes.read(place.read_bytes(), found.name).version
    except OSError as bad:
        raise NotReady("publish.no_repository", folder=str(folder)) from bad
    if indexes.order(found.version) == indexes.order(was):
        raise Refused("publish.version_same", name=found.name, version=was)
    if indexes.order(found.version) < indexes.order(was):
        raise Refused("publish.version_older", name=found.name, version=found.version, was=was)


def _lay_files(folder: Path, pack: Path, found: Index) -> int:
    laid = 0
    for path, part in found.files.items():
        place = folder / publish_lists.TARGETS / indexes.blob(part.sha256)
        if place.is_file() and place.stat().st_size == part.size:
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        half = place.with_name(f".{place.name}.half")
        try:
            shutil.copyfile(pack / path, half)
            if manifest.file_hash(half) != part.sha256:
                raise NotReady("packs.changed_file", file=path)
            with half.open("rb") as file:
                # No list may outlive a power cut that the files it names do not.
                os.fsync(file.fileno())
            os.replace(half, place)
        except OSError as bad:
            raise NotReady("publish.not_written", file=str(place), why=bad.strerror or str(bad)) from bad
        finally:
            half.unlink(missing_ok=True)
        laid += part.size
    return laid


def _parts(folder: Path, listed: dict[str, str]) -> dict[str, Part]:
    return {path: Part(told, (folder / path).stat().st_size) for path, told in sorted(listed.items())}


def _names(folder: Path, path: Path) -> set[str]:
    found = set()
    for target in publish_lists.targets_of(path):
        place = target.get_prefixed_paths()[0]
        found.add(place)
        index = folder / publish_lists.TARGETS / place
        if index.is_file():
            name = target.path.removeprefix("packs/").removesuffix(".json")
            named = indexes.read(index.read_bytes(), name)
            found |= {indexes.blob(part.sha256) for part in named.files.values()}
    return found


def _tired(lists: Lists, terms: Terms, now: dt.datetime) -> list[Role]:
    expires = {
        Role.TARGETS: lists.targets.signed.expires,
        Role.SNAPSHOT: lists.snapshot.signed.expires,
        Role.TIMESTAMP: lists.timestamp.signed.expires,
    }
    # A list that the root accepts no more is left of a change of keys that was cut off.
    return [role for role in _ORDER if terms.tired(role, expires[role], now) or not lists.holds(role)]


def _after(roles: Sequence[Role]) -> set[Role]:
    # Whoever names a list that changed must be signed after it.
    found = set(roles)
    if Role.TARGETS in found:
        found.add(Role.SNAPSHOT)
    if Role.SNAPSHOT in found:
        found.add(Role.TIMESTAMP)
    return found


def _can(lists: Lists, role: Role, ring: Ring) -> bool:
    try:
        for one in _after([role]):
            publish_lists.needed_keys(lists.root.signed, one, ring)
    except Refused:
        return False
    return True


def _sign(
    lists: Lists, roles: Sequence[Role] | set[Role], ring: Ring, terms: Terms, now: dt.datetime
) -> tuple[Role, ...]:
    done = tuple(role for role in _ORDER if role in roles)
    for role in done:
        lists.sign(role, ring, terms, now)
    lists.lay()
    return done
