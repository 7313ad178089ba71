"""The practice office's two secrets: the key that opens practice dossiers, and the key Houses knock with.

Keeps true: both are made on first use, lie in files that only their owner reads, and are worth nothing
outside practice. It never makes a new one while an old one is there: what was sealed for it could not be
opened any more.
"""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hub.base.errors import NotReady

_BITS = 2048


def private_key(folder: Path) -> rsa.RSAPrivateKey:
    """Return the practice key of ``folder/practice_key.pem``, made on first use.

    Raises ``NotReady("base.secret_open")`` when others can read it, ``NotReady("office.key_broken")`` when it
    is no RSA key.
    """
    path = folder / "practice_key.pem"
    if not path.exists():
        fresh = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
        pem = fresh.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write_once(path, pem)
    try:
        key = serialization.load_pem_private_key(_read(path), password=None)
    except ValueError as bad:
        raise NotReady("office.key_broken", path=str(path)) from bad
    if not isinstance(key, rsa.RSAPrivateKey):
        raise NotReady("office.key_broken", path=str(path))
    return key


def public_key_base64(folder: Path) -> str:
    """Return the public half as a form carries it: base64 of the DER SubjectPublicKeyInfo."""
    der = (
        private_key(folder)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return base64.b64encode(der).decode("ascii")


def other_public_key_base64(folder: Path) -> str:
    """Return a second public key, as an office has after it changed its key; what is sealed to it opens nowhere."""
    place = folder / "other"
    place.mkdir(mode=0o700, exist_ok=True)
    return public_key_base64(place)


def token_path(folder: Path) -> Path:
    """Return the file of the key that Houses knock with, made on first use: what ``upstream.token_file``
    names."""
    path = folder / "token"
    if not path.exists():
        _write_once(path, secrets.token_hex(32).encode("ascii"))
    return path


def token(folder: Path) -> str:
    """Return the key that Houses knock with."""
    return _read(token_path(folder)).decode("ascii").strip()


def _read(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise NotReady("base.secret_open", path=str(path))
    return path.read_bytes()


def _write_once(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and linked: two processes at the first start agree on one key, and none reads half of it.
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
    finally:
        aside.unlink()
