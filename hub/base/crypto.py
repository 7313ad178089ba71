"""Keys and data at rest: what a stolen memory card must not tell.

Keeps true: what ``encrypt`` made opens only with the same key and the same context (table and row), and a
changed byte is noticed. A key made from a PIN goes through Argon2id. It never stores a key, and never logs one.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
from contextlib import suppress
from pathlib import Path

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.base.errors import NotReady

KEY_BYTES = 32
SALT_BYTES = 16
_NONCE = 12
_FORMAT = b"\x01"
# OWASP's second Argon2id profile: 19 MiB, two passes, one lane: about 25 ms on a desk machine.
_MEMORY_KIB, _PASSES, _LANES = 19_456, 2, 1
# Two at a time: twenty tablets signing in at once must not ask a Pi for 400 MB.
_ARGON_SEATS = threading.BoundedSemaphore(2)


class WrongKey(Exception):
    """The key, the context or the bytes are not the ones that were sealed together."""


def new_key() -> bytes:
    """Return 32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def new_salt() -> bytes:
    """Return 16 random bytes for ``key_from_secret``."""
    return secrets.token_bytes(SALT_BYTES)


def key_from_secret(secret: str, salt: bytes) -> bytes:
    """Return a 32-byte key from a PIN or password by Argon2id (19 MiB, t=2, p=1)."""
    with _ARGON_SEATS:
        return hash_secret_raw(
            secret.encode("utf-8"), salt, _PASSES, _MEMORY_KIB, _LANES, hash_len=KEY_BYTES, type=Type.ID
        )


def key_from_token(token: bytes, purpose: str) -> bytes:
    """Return a 32-byte key from 32 bytes that are already random, one for each purpose (HMAC-SHA-256)."""
    return hmac.new(token, purpose.encode("utf-8"), hashlib.sha256).digest()


def encrypt(key: bytes, plain: bytes, context: str) -> bytes:
    """Return ``plain`` under AES-256-GCM: a format byte, 12 random bytes, ciphertext with tag.

    ``context`` is bound in and not stored: name the table and row.
    """
    nonce = os.urandom(_NONCE)
    return _FORMAT + nonce + AESGCM(key).encrypt(nonce, plain, context.encode("utf-8"))


def decrypt(key: bytes, sealed: bytes, context: str) -> bytes:
    """Return what ``encrypt`` was given; raises ``WrongKey`` when key, context or bytes differ."""
    if sealed[:1] != _FORMAT:
        raise WrongKey("unknown format")
    try:
        return AESGCM(key).decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], context.encode("utf-8"))
    except (InvalidTag, ValueError) as bad:
        raise WrongKey("does not open") from bad


def secret_file(path: Path, *, length: int = KEY_BYTES) -> bytes:
    """Return the secret in ``path``, making it (mode 0600) on first use.

    Raises ``NotReady("base.secret_open")`` when others can read it.
    """
    if not path.exists():
        # Whole under its name or not there: two processes may want it at the same moment.
        half = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(length))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(half, path)
            _flush(path.parent)
        finally:
            half.unlink()
    if path.stat().st_mode & 0o077:
        raise NotReady("base.secret_open", path=str(path))
    return path.read_bytes()


def _flush(folder: Path) -> None:
    # What was sealed or told to others under a new key must not outlive the key's name on the card.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
