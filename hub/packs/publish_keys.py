"""A publisher's keys: one file a key, named by its role, opened only while something is signed.

Keeps true: a key file is for its owner alone (0600) and may have a passphrase; nothing here is ever written
into a repository but the public half. The root key belongs on a stick in a drawer, the timestamp key on the
machine that signs every night.
"""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner

from hub.base.errors import NotReady, Refused

_FILE = re.compile(r"^(?P<role>root|targets|snapshot|timestamp)-(?P<count>[0-9]{1,4})\.pem$")
_RETIRED = "retired"


class Role(enum.StrEnum):
    """Who signs what."""

    ROOT = "root"
    """Says which keys the other three have; signs rarely, offline."""
    TARGETS = "targets"
    """Says which packs there are; signs when content is published."""
    SNAPSHOT = "snapshot"
    """Says which lists belong together; signs with it."""
    TIMESTAMP = "timestamp"
    """Says that this is today's publication; signs every night by itself."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key that can sign: where its file lies, what it is for."""

    role: Role
    path: Path
    signer: CryptoSigner

    @property
    def id(self) -> str:
        """What the signed lists call it."""
        return str(self.signer.public_key.keyid)


Ring = Mapping[Role, Sequence[Key]]


def new(folder: Path, role: Role, count: int = 1, *, passphrase: bytes = b"") -> tuple[Key, ...]:
    """Make ``count`` Ed25519 keys for ``role`` in ``folder``; raises ``NotReady("publish.keys_unwritable")``."""
    made = []
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for _ in range(count):
            path = folder / f"{role}-{_next(folder, role)}.pem"
            signer = CryptoSigner.generate_ed25519()
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(_locked(signer.private_bytes, passphrase))
                file.flush()
                os.fsync(file.fileno())
            made.append(Key(role, path, signer))
    except OSError as bad:
        raise NotReady("publish.keys_unwritable", folder=str(folder), why=bad.strerror or str(bad)) from bad
    return tuple(made)


def load(folders: Sequence[Path], *, passphrase: bytes = b"") -> dict[Role, tuple[Key, ...]]:
    """Return the keys in ``folders`` by role.

    Raises ``NotReady("base.secret_open")`` for a file that others may read, ``Refused("publish.bad_key")``
    for one that is no key or does not open with ``passphrase``.
    """
    found: dict[Role, list[Key]] = {role: [] for role in Role}
    for folder in folders:
        for path in sorted(folder.glob("*.pem")):
            if match := _FILE.match(path.name):
                role = Role(match["role"])
                found[role].append(Key(role, path, _read(path, passphrase)))
    return {role: tuple(keys) for role, keys in found.items()}


def retire(keys: Sequence[Key]) -> None:
    """Lay key files aside that sign nothing any more; they are not destroyed: that is a person's act."""
    for key in keys:
        aside = key.path.parent / _RETIRED
        aside.mkdir(exist_ok=True, mode=0o700)
        os.replace(key.path, aside / f"{key.path.stem}-{key.id[:8]}.pem")


def _next(folder: Path, role: Role) -> int:
    taken = [0]
    for path in (*folder.glob("*.pem"), *(folder / _RETIRED).glob("*.pem")):
        if match := re.match(rf"^{role}-([0-9]{{1,4}})", path.name):
            taken.append(int(match[1]))
    return max(taken) + 1


def _locked(plain: bytes, passphrase: bytes) -> bytes:
    if not passphrase:
        return plain
    key = serialization.load_pem_private_key(plain, None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )


def _read(path: Path, passphrase: bytes) -> CryptoSigner:
    try:
        mode, written = path.stat().st_mode, path.read_bytes()
    except OSError as bad:
        raise Refused("publish.bad_key", file=str(path)) from bad
    if mode & 0o077:
        raise NotReady("base.secret_open", path=str(path))
    try:
        # An unlocked key says so; a passphrase given for the others is not used on it.
        key = serialization.load_pem_private_key(
            written, passphrase or None if b"ENCRYPTED" in written else None
        )
    except (ValueError, TypeError) as bad:
        raise Refused("publish.bad_key", file=str(path)) from bad
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused("publish.bad_key", file=str(path))
    return CryptoSigner(key)
