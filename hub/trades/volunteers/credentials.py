"""What opens the door for a volunteer's telephone: a token in the address, or a name with a password.

Keeps true: a token is kept as its SHA-256 alone, and the pair that lists are sealed to is made of it, so that
nothing on the card opens a list; of a password only what Digest needs is kept, under ``keys/field-key``. What
tells one record from another is keyed too, for a plain digest of a few answers could be guessed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from hub.base import boxes, crypto, ids
from hub.base.errors import NotReady

REALM = "village-house"
"""The realm of Digest; it is part of what is kept of every password and never changes."""

_TOKEN_BYTES = 32
_PASSWORD_GROUPS, _GROUP = 4, 4


@dataclass(frozen=True, slots=True)
class FieldKeys:
    """The keys that ``keys/field-key`` gives, one for each purpose."""

    passwords: bytes = field(repr=False)
    held: bytes = field(repr=False)
    marks: bytes = field(repr=False)


def field_keys(keys: Path) -> FieldKeys:
    """Return the keys of the file in the folder ``keys``; raises as ``crypto.secret_file``."""
    secret = crypto.secret_file(keys / "field-key")
    return FieldKeys(
        *(crypto.key_from_token(secret, f"field {use}") for use in ("passwords", "held", "marks"))
    )


def new_token() -> str:
    """Return a token that goes into an address: 43 characters, 256 bits."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def token_sha(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def list_pair(token: str) -> tuple[bytes, bytes]:
    """Return the (private, public) pair that a token stands for: lists are sealed to the second half."""
    private = crypto.key_from_token(token.encode("utf-8", "surrogatepass"), "field list")
    return private, boxes.public_half(private)


def new_username() -> str:
    """Return a name to type on a telephone; it says nothing of who has it."""
    return "tn-" + "".join(secrets.choice(ids.ALPHABET) for _ in range(_GROUP)).lower()


def new_password() -> str:
    """Return a password that can be typed once and not be guessed: 16 characters, 79 bits."""
    groups = (
        "".join(secrets.choice(ids.ALPHABET) for _ in range(_GROUP)).lower() for _ in range(_PASSWORD_GROUPS)
    )
    return "-".join(groups)


def ha1(username: str, password: str) -> str:
    """Return what RFC 7616 calls A1, digested, in the one way that telephones speak: MD5."""
    told = f"{username}:{REALM}:{password}".encode()
    return hashlib.md5(told, usedforsecurity=False).hexdigest()


def lock(told: str, username: str, keys: FieldKeys) -> bytes:
    """Return ``ha1`` as it is kept."""
    return crypto.encrypt(keys.passwords, told.encode("ascii"), _place(username))


def unlock(kept: bytes, username: str, keys: FieldKeys) -> str:
    """Return what ``lock`` was given; raises ``NotReady("field.not_opened")`` under another key."""
    try:
        return crypto.decrypt(keys.passwords, kept, _place(username)).decode("ascii")
    except crypto.WrongKey as bad:
        raise NotReady("field.not_opened") from bad


def mark(keys: FieldKeys, name: str, content: bytes) -> bytes:
    """Return by what the content of a file (or of the record itself: no name) is known again."""
    told = hmac.new(keys.marks, name.encode("utf-8", "surrogatepass") + b"\x00", hashlib.sha256)
    told.update(content)
    return told.digest()


def settings_code(server_url: str, project: str, *, username: str = "", password: str = "") -> str:
    """Return the text of the code that ODK Collect takes its settings from.

    JSON, deflated by zlib, base64; ``form_update_mode`` "match_exactly" lets the telephone hold the very forms
    of this House and no others. Source: docs.getodk.org/collect-import-export.
    """
    general = {"server_url": server_url, "form_update_mode": "match_exactly"}
    if username:
        general |= {"username": username, "password": password}
    told = json.dumps({"general": general, "admin": {}, "project": {"name": project}}, ensure_ascii=False)
    return base64.b64encode(zlib.compress(told.encode("utf-8"), 9)).decode("ascii")


def _place(username: str) -> str:
    return f"volunteers:{username}:ha1"
