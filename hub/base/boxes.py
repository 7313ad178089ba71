"""Sealed boxes: anyone who has the public half puts something in, only the private half takes it out.

For what must pass from a process that may not know the House key (the bench) to a guide who does. Keeps
true: each box has a key of its own (X25519 with a throw-away pair, HKDF-SHA-256, AES-256-GCM), is bound to
its context, and shows every changed byte; who sealed it can open it no more. It never stores or logs a
key.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.base import crypto
from hub.base.crypto import WrongKey

HALF_BYTES = 32
"""How long either half of a pair is."""

_FORMAT = b"\x01"
_PURPOSE = b"house box 1"


def pair() -> tuple[bytes, bytes]:
    """Return a new (private, public) pair, 32 bytes each."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_half(private: bytes) -> bytes:
    """Return the public half that belongs to a private one of 32 random bytes."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def seal(public: bytes, content: bytes, context: str) -> bytes:
    """Return ``content`` in a box for ``public``: 62 bytes longer.

    ``context`` is bound in and not stored: name the table and row. Raises ``ValueError`` for what is no
    public half.
    """
    once = X25519PrivateKey.generate()
    ours = once.public_key().public_bytes_raw()
    key = _key(once.exchange(X25519PublicKey.from_public_bytes(public)), ours, public)
    return _FORMAT + ours + crypto.encrypt(key, content, context)


def open(private: bytes, box: bytes, context: str) -> bytes:
    """Return what ``seal`` was given; raises ``WrongKey`` when key, context or bytes differ."""
    theirs, inner = box[1 : 1 + HALF_BYTES], box[1 + HALF_BYTES :]
    if box[:1] != _FORMAT:
        raise WrongKey("unknown format")
    try:
        mine = X25519PrivateKey.from_private_bytes(private)
        key = _key(
            mine.exchange(X25519PublicKey.from_public_bytes(theirs)),
            theirs,
            mine.public_key().public_bytes_raw(),
        )
    except ValueError as bad:
        raise WrongKey("not a pair, or not a box") from bad
    return crypto.decrypt(key, inner, context)


def _key(shared: bytes, once: bytes, public: bytes) -> bytes:
    # Both public halves are part of the key: a box cannot be passed on as if made for another pair.
    return HKDF(SHA256(), crypto.KEY_BYTES, salt=once + public, info=_PURPOSE).derive(shared)
