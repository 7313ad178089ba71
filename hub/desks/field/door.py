"""Who knocks: a telephone with a token in its address, or one that answers a Digest challenge.

Keeps true: nobody comes in with a key that was revoked or is past its day; an answer to a challenge is good
once; wrong tries from one place, or for one name, wait longer and longer. A password is never asked for in
the clear: Basic is not offered, and ODK Collect speaks it over https alone.

Source: RFC 7616 with MD5, which is what ODK Collect's library answers.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from urllib.parse import unquote, urlsplit

from flask import Response, request
from werkzeug.datastructures import Authorization

from hub.base import db
from hub.desks import shell
from hub.desks.field import openrosa
from hub.desks.field.openrosa import Turned
from hub.trades.staff import throttle
from hub.trades.volunteers import credentials
from hub.trades.volunteers import service as volunteers
from hub.trades.volunteers.credentials import FieldKeys
from hub.trades.volunteers.model import Volunteer

_NONCE_S = 3_600.0
_MOST_USED = 256
_MOST_TIMES = 20_000


@dataclass(frozen=True, slots=True)
class Guest:
    """A volunteer at the door; ``token`` is empty for one who came with a password."""

    volunteer: Volunteer
    token: str = field(repr=False)


class Nonces:
    """The challenges of this process: nothing is kept of one until it was answered rightly."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._used: OrderedDict[str, set[int]] = OrderedDict()
        self._lock = Lock()

    def new(self, mono: float) -> str:
        """Return a fresh one."""
        body = f"{int(mono)}.{secrets.token_hex(8)}"
        return f"{body}.{self._sign(body)}"

    def fresh(self, nonce: str, mono: float) -> bool:
        """Return whether this process gave it out lately."""
        body, _, sign = nonce.rpartition(".")
        if not hmac.compare_digest(sign.encode("utf-8", "replace"), self._sign(body).encode()):
            return False
        age = mono - int(body.partition(".")[0])
        return 0 <= age + 1 and age < _NONCE_S

    def first(self, nonce: str, count: int) -> bool:
        """Return whether this is the first time that it is answered with this count."""
        with self._lock:
            times = self._used.setdefault(nonce, set())
            self._used.move_to_end(nonce)
            if count in times or len(times) >= _MOST_TIMES:
                return False
            times.add(count)
            while len(self._used) > _MOST_USED:
                self._used.popitem(last=False)
            return True

    def _sign(self, body: str) -> str:
        return hmac.new(self._secret, body.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def keys() -> FieldKeys:
    """Return the keys of the field, read once."""
    found = shell.kept("field-keys", lambda: credentials.field_keys(shell.house().keys))
    assert isinstance(found, FieldKeys)
    return found


def enter(token: str | None) -> Guest:
    """Return who knocks; raises ``Turned`` with the answer for who may not come in."""
    guest = _by_digest() if token is None else _by_token(token)
    volunteer = guest.volunteer
    if volunteer.over(shell.moment()):
        raise Turned(openrosa.said(403, shell.say("field.over", day=f"{volunteer.until_on:%d/%m/%Y}")))
    volunteers.note_seen(shell.conn(), volunteer, request.args.get("deviceID", ""), moment=shell.moment())
    return guest


def _by_token(token: str) -> Guest:
    found = volunteers.by_token(shell.conn(), token)
    if found is None:
        # A right one never waits: the same telephone may still ask with a dead one, every quarter of an hour.
        name = throttle.unknown_name(f"field {token}")
        _wait(name)
        _wrong(name)
        # As Central answers an unknown key in the path: a 401 would have the telephone ask for a password.
        raise Turned(openrosa.said(403, shell.say("field.no_key")))
    return Guest(found, token)


def _by_digest() -> Guest:
    given = request.authorization
    if given is None or given.type != "digest":
        raise Turned(_challenge())
    nonces, mono = _nonces(), shell.moment().mono
    username = (given.get("username") or "")[:80]
    found = volunteers.by_username(shell.conn(), username, keys())
    name = f"field:{username}" if found else throttle.unknown_name(f"field {username}")
    _wait(name)
    if not nonces.fresh(given.get("nonce") or "", mono):
        raise Turned(_challenge(stale=True))
    count = _count(given)
    if found is None or count is None or not _answers(given, found[1]):
        _wrong(name)
        raise Turned(_challenge())
    if not nonces.first(given.get("nonce") or "", count):
        raise Turned(_challenge(stale=True))
    throttle.forgive(shell.conn(), name)
    return Guest(found[0], "")


def _answers(given: Authorization, ha1: str) -> bool:
    if given.get("realm") != credentials.REALM or given.get("qop") != "auth" or not given.get("cnonce"):
        return False
    if (given.get("algorithm") or "MD5").upper() != "MD5":
        return False
    uri = given.get("uri") or ""
    asked = urlsplit(uri)
    if unquote(asked.path) != request.path or asked.query.encode() != request.query_string:
        return False
    ha2 = _md5(f"{request.method}:{uri}")
    parts = (ha1, given.get("nonce"), given.get("nc"), given.get("cnonce"), "auth", ha2)
    mine = _md5(":".join(map(str, parts)))
    return hmac.compare_digest(
        mine.encode(), (given.get("response") or "").lower().encode("utf-8", "replace")
    )


def _count(given: Authorization) -> int | None:
    try:
        return int(given.get("nc") or "", 16)
    except ValueError:
        return None


def _challenge(*, stale: bool = False) -> Response:
    response = openrosa.said(401, shell.say("field.sign_in"))
    response.headers["WWW-Authenticate"] = (
        f'Digest realm="{credentials.REALM}", qop="auth", algorithm=MD5,'
        f' nonce="{_nonces().new(shell.moment().mono)}"{", stale=true" if stale else ""}'
    )
    return response


def _nonces() -> Nonces:
    found = shell.kept("field-nonces", Nonces)
    assert isinstance(found, Nonces)
    return found


def _wait(name: str) -> None:
    rest = throttle.resting(shell.conn(), name, _place(), shell.moment())
    if rest:
        response = openrosa.said(429, shell.say("field.too_many", seconds=rest))
        response.headers["Retry-After"] = str(rest)
        raise Turned(response)


def _wrong(name: str) -> None:
    with db.write(shell.conn()):
        throttle.count(shell.conn(), name, _place(), shell.moment())


def _place() -> str:
    return f"field {request.remote_addr or '?'}"


def _md5(told: str) -> str:
    return hashlib.md5(told.encode(), usedforsecurity=False).hexdigest()
