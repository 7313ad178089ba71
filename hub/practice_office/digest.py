"""Digest on the office's side (RFC 7616, ``qop=auth``, MD5 and SHA-256): challenges, and answers judged.

Keeps true: a nonce is the office's own, lives ``NONCE_S`` seconds and takes each count once; an answer that is
right but late is told ``stale``, so that nobody is asked for a password again. It keeps no list of nonces beyond
the counts of those that were used.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping

from hub.practice_office.dialects import USER, Scheme

REALM = "van phong tap duot"
NONCE_S = 300.0
_HASHES = {Scheme.MD5: hashlib.md5, Scheme.SHA256: hashlib.sha256}
_MOST_NONCES, _MOST_COUNTS = 200, 5_000
_COUNT = re.compile(r"[0-9a-fA-F]{8}")


class Nonces:
    """The nonces of one office; ``secret`` marks its own, ``life_s`` is how long one may be used."""

    def __init__(self, secret: bytes, life_s: float = NONCE_S) -> None:
        self._secret, self._life_s = secret, life_s
        self._used: OrderedDict[str, set[int]] = OrderedDict()
        self._lock = threading.Lock()

    def make(self) -> str:
        """Return a fresh nonce."""
        told = f"{time.time():.3f}-{secrets.token_hex(8)}"
        return f"{told}-{self._mark(told)}"

    def ours(self, nonce: str) -> bool:
        """Return whether this office gave the nonce out, however long ago."""
        told, _, mark = nonce.rpartition("-")
        return hmac.compare_digest(mark.encode(), self._mark(told).encode())

    def fresh(self, nonce: str) -> bool:
        """Return whether a nonce of ours is still young enough."""
        return -1.0 <= time.time() - float(nonce.partition("-")[0]) <= self._life_s

    def first_use(self, nonce: str, count: int) -> bool:
        """Note a count of a nonce; return whether it had not come before."""
        with self._lock:
            counts = self._used.setdefault(nonce, set())
            self._used.move_to_end(nonce)
            while len(self._used) > _MOST_NONCES:
                self._used.popitem(last=False)
            if count in counts or len(counts) >= _MOST_COUNTS:
                return False
            counts.add(count)
            return True

    def _mark(self, told: str) -> str:
        return hmac.new(self._secret, told.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def challenge(nonces: Nonces, scheme: Scheme, *, stale: bool) -> str:
    """Return the value of one ``WWW-Authenticate``."""
    late = ", stale=true" if stale else ""
    return (
        f'Digest realm="{REALM}", qop="auth", algorithm={scheme.value}, nonce="{nonces.make()}",'
        f' opaque="{secrets.token_hex(8)}"{late}'
    )


def judge(
    nonces: Nonces,
    given: Mapping[str, str | None],
    *,
    method: str,
    target: str,
    password: str,
    offers: tuple[Scheme, ...],
) -> bool | None:
    """Return whether the answer ``given`` (its fields) fits; None when it fits and its nonce is stale or used.

    ``target`` is the request's target as it stood in the first line.
    """
    said = {name: value or "" for name, value in given.items()}
    try:
        scheme = Scheme(said.get("algorithm", "").upper() or Scheme.MD5)
    except ValueError:
        return False
    nonce, count, client = said.get("nonce", ""), said.get("nc", ""), said.get("cnonce", "")
    if scheme not in offers or scheme not in _HASHES or not nonces.ours(nonce):
        return False
    if said.get("qop") != "auth" or not client or not _COUNT.fullmatch(count):
        return False
    if said.get("uri") != target or said.get("username") != USER or said.get("realm") != REALM:
        return False

    def hashed(words: str) -> str:
        return _HASHES[scheme](words.encode("utf-8")).hexdigest()

    wanted = hashed(
        f"{hashed(f'{USER}:{REALM}:{password}')}:{nonce}:{count}:{client}:auth:{hashed(f'{method}:{target}')}"
    )
    if not hmac.compare_digest(wanted, said.get("response", "").lower()):
        return False
    if not nonces.fresh(nonce) or not nonces.first_use(nonce, int(count, 16)):
        return None
    return True
