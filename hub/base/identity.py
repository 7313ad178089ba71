"""Who this House is: the pairs of keys that prove it, its short name, and what others may know of them.

Keeps true: the secret lies in one file of mode 0600 outside the database, and every half is made from it, so
that a House is the same one after any restart; what is written down for others is checked as a whole when it
is read. It never stores, logs or shows a secret half.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from hub.base import crypto
from hub.base.errors import NotReady, Refused

FILE = "identity"
_HALF = 32
_SUM = 4
_KINDS = ("house", "office")
_MARK = "dch"
_GROUPS, _GROUP_DIGITS = 6, 5


@dataclass(frozen=True, slots=True)
class Public:
    """The public halves of one House or one office: to check what it signed, to put things in boxes for it."""

    kind: str
    sign: bytes
    box: bytes

    @property
    def id(self) -> str:
        """A short name, 16 hexadecimal digits, that nobody else can take without the secret half."""
        return _digest(self)[:8].hex()

    @property
    def fingerprint(self) -> str:
        """Six groups of five digits, for two people to compare by telephone."""
        number = int.from_bytes(_digest(self), "big") % 10 ** (_GROUPS * _GROUP_DIGITS)
        digits = f"{number:0{_GROUPS * _GROUP_DIGITS}d}"
        return " ".join(
            digits[start : start + _GROUP_DIGITS] for start in range(0, len(digits), _GROUP_DIGITS)
        )

    @property
    def line(self) -> str:
        """One line of text that ``read`` takes back: what a file or a screen carries to the other side."""
        halves = self.sign + self.box
        whole = halves + hashlib.sha256(self.kind.encode("ascii") + halves).digest()[:_SUM]
        return f"{_MARK}-{self.kind}-{base64.b32encode(whole).decode('ascii').rstrip('=').lower()}"

    def signed(self, signature: bytes, message: bytes) -> bool:
        """Return whether ``signature`` is this one's own under ``message``."""
        try:
            Ed25519PublicKey.from_public_bytes(self.sign).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Identity:
    """Both halves of one House or one office; it stays in the process that read it."""

    kind: str
    secret: bytes

    @property
    def public(self) -> Public:
        """What others may know."""
        return Public(
            self.kind,
            self._signing().public_key().public_bytes_raw(),
            X25519PrivateKey.from_private_bytes(self.box).public_key().public_bytes_raw(),
        )

    @property
    def box(self) -> bytes:
        """The secret half that opens what was put into a box for this one."""
        return crypto.key_from_token(self.secret, f"{self.kind} identity box 1")

    def sign(self, message: bytes) -> bytes:
        """Return 64 bytes that only this one can make of ``message`` (Ed25519)."""
        return self._signing().sign(message)

    def _signing(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(
            crypto.key_from_token(self.secret, f"{self.kind} identity signing 1")
        )

    def __repr__(self) -> str:
        return f"Identity({self.kind!r})"


def read_or_make(keys: Path, kind: str = "house") -> Identity:
    """Return the identity that lies in the folder ``keys``, making it on first use.

    Raises ``NotReady("base.secret_open")`` when others can read the file, and
    ``NotReady("stick.identity_broken")`` when it is not whole: anybody could make the keys of an empty one.
    """
    assert kind in _KINDS
    secret = crypto.secret_file(keys / FILE)
    if len(secret) != crypto.KEY_BYTES:
        raise NotReady("stick.identity_broken", path=str(keys / FILE))
    return Identity(kind, secret)


def house_id(keys: Path) -> str:
    """Return this House's short name, 16 hexadecimal digits: the same for ever while ``keys`` is the same.

    It signs nothing, so a broken file does not stand in the way of who only wants a name.
    """
    return Identity("house", crypto.secret_file(keys / FILE)).public.id


def read(line: str, kind: str) -> Public:
    """Return the public halves written as ``Public.line``.

    Raises ``Refused("stick.key_bad")`` for anything else, ``Refused("stick.key_other_kind")`` for those of a
    House where an office's are wanted, or the other way round.
    """
    mark, _, rest = line.strip().lower().partition("-")
    told, _, body = rest.partition("-")
    try:
        whole = base64.b32decode(body.upper() + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError):
        raise Refused("stick.key_bad") from None
    halves, check = whole[: 2 * _HALF], whole[2 * _HALF :]
    right = hashlib.sha256(told.encode("utf-8", "replace") + halves).digest()[:_SUM]
    if mark != _MARK or told not in _KINDS or len(halves) != 2 * _HALF or check != right:
        raise Refused("stick.key_bad")
    if told != kind:
        raise Refused("stick.key_other_kind")
    public = Public(told, halves[:_HALF], halves[_HALF:])
    # The last letter has a bit to spare: one key has one line.
    if public.line != f"{mark}-{told}-{body}":
        raise Refused("stick.key_bad")
    return public


def _digest(public: Public) -> bytes:
    return hashlib.sha256(b"identity 1\n" + public.kind.encode("ascii") + public.sign + public.box).digest()
