"""Digest (RFC 7616) on the House's side: what a server asks for, and the answer that proves a password unsaid.

Keeps true: only ``qop=auth`` with MD5 or SHA-256 is answered, the stronger first; a count is never used twice with
one nonce. It never raises for what a server writes, and never says the password.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_MOST = 8_192
_WORD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_SPACE = re.compile(r"[ \t]*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_HASHES: Mapping[str, Callable[[bytes], str]] = {
    "SHA-256": lambda words: hashlib.sha256(words).hexdigest(),
    "MD5": lambda words: hashlib.md5(words, usedforsecurity=False).hexdigest(),
}
# What would end a header or a quoted word of ours.
_UNSAFE = re.compile(r'[^ !#-\[\]-~]|"|\\')


@dataclass(frozen=True, slots=True)
class Offer:
    """One way in that a server names: a scheme in lower case and its fields."""

    scheme: str
    fields: Mapping[str, str]


def offers(header: str) -> tuple[Offer, ...]:
    """Return the ways in that a ``WWW-Authenticate`` names (several headers joined by commas), in its order."""
    found: list[tuple[str, dict[str, str]]] = []
    at, text = 0, header[:_MOST]
    while at < len(text):
        at = _skip(text, at)
        word = _WORD.match(text, at)
        if word is None:
            at += 1
            continue
        at = _SPACE.match(text, word.end()).end()  # type: ignore[union-attr]
        if found and text[at : at + 1] == "=" and text[at + 1 : at + 2] not in {"=", ""}:
            value, at = _value(text, at + 1)
            found[-1][1].setdefault(word[0].lower(), value)
        elif text[at : at + 1] != "=":
            found.append((word[0].lower(), {}))
        else:
            at += 1
    return tuple(Offer(scheme, fields) for scheme, fields in found)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t,":
        at += 1
    return at


def _value(text: str, at: int) -> tuple[str, int]:
    at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
    quoted = _QUOTED.match(text, at)
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted[1]), quoted.end()
    word = _WORD.match(text, at)
    return (word[0], word.end()) if word is not None else ("", at + 1)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server wants proved: its realm and nonce, the hash to use, and whether only the nonce was too old."""

    realm: str
    nonce: str
    opaque: str
    algorithm: str
    stale: bool


def strongest(told: tuple[Offer, ...]) -> Challenge | None:
    """Return the strongest Digest that ``told`` offers and that we can answer, or None."""
    able = [challenge for one in told if (challenge := _challenge(one)) is not None]
    return min(able, key=lambda one: list(_HASHES).index(one.algorithm), default=None)


def _challenge(one: Offer) -> Challenge | None:
    given = one.fields
    algorithm = given.get("algorithm", "MD5").upper()
    kinds = {kind.strip().lower() for kind in given.get("qop", "").split(",")}
    if one.scheme != "digest" or algorithm not in _HASHES or "auth" not in kinds:
        return None
    realm, nonce, opaque = given.get("realm", ""), given.get("nonce", ""), given.get("opaque", "")
    if not nonce or any(_UNSAFE.search(word) for word in (realm, nonce, opaque)):
        return None
    return Challenge(realm, nonce, opaque, algorithm, given.get("stale", "").lower() == "true")


@dataclass(slots=True)
class Session:
    """Answers to one challenge, each with the next count; any number of threads may ask."""

    challenge: Challenge
    user: str
    password: str = field(repr=False)
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def answer(self, method: str, target: str, *, client: str | None = None) -> str:
        """Return the value of ``Authorization`` for one request; ``client`` is our own random word."""
        with self._lock:
            self._count += 1
            count = f"{self._count:08x}"
        asked = self.challenge
        client = client or secrets.token_hex(8)
        hashed = _HASHES[asked.algorithm]
        who = hashed(f"{self.user}:{asked.realm}:{self.password}".encode())
        what = hashed(f"{method}:{target}".encode())
        proof = hashed(f"{who}:{asked.nonce}:{count}:{client}:auth:{what}".encode())
        opaque = f', opaque="{asked.opaque}"' if asked.opaque else ""
        return (
            f'Digest username="{self.user}", realm="{asked.realm}", uri="{target}",'
            f' algorithm={asked.algorithm}, nonce="{asked.nonce}", nc={count}, cnonce="{client}", qop=auth,'
            f' response="{proof}"{opaque}'
        )
