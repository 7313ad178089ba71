"""All that goes to one office: a line for each who asks, the credential on every request, a challenge answered.

Keeps true: a challenge is answered on the line it came by, to the server of the settings and to no other; a large
body leaves only after a small question has proved who we are, so that no photo travels twice for a 401. What may
have been taken is never sent again here.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from hub.base.errors import NotReady
from hub.base.settings import UpstreamSettings
from hub.post.transports import connections, credentials, digest
from hub.post.transports.carrier import Traffic
from hub.post.transports.connections import Fault, Response, Route
from hub.post.transports.credentials import Credential, Manner
from hub.post.transports.digest import Session
from hub.post.transports.known import Acquaintance, Proof
from hub.post.transports.wire import Line, WireFault

_SMALL = 8 * 1024
# Unasked, with an answer, and with another where a nonce had just run out.
_MOST_ASKED = 3
_NO_BODY: Callable[[], Iterable[bytes]] = tuple


@dataclass(slots=True, eq=False)
class _Talk:
    line: Line
    proof: Proof
    before: Traffic


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``body`` gives a fresh stream of exactly ``length`` bytes a call, ``wait_s`` bounds the answer,
    ``most`` bytes of it are kept."""

    method: str
    path: str
    wait_s: float
    most: int
    headers: Mapping[str, str]
    body: Callable[[], Iterable[bytes]] = _NO_BODY
    length: int = 0


class Caller:
    """Asks the office of ``settings``, from any number of threads at once, each over a line of its own.

    ``stop`` is looked at ten times a second while anything travels; ``known`` is what earlier callers of this
    process learned. Raises ``NotReady`` for an address, a credential or a file of authorities that is none.
    """

    def __init__(
        self, settings: UpstreamSettings, stop: Callable[[], bool], known: Acquaintance | None = None
    ) -> None:
        self._settings, self._stop = settings, stop
        self._known, self._shared = known or Acquaintance(), known is not None
        self.credential: Credential = credentials.read(settings)
        self.route: Route = _route(settings, self._known)
        self._lock = threading.Lock()
        self._idle: list[_Talk] = []
        self._all: list[_Talk] = []
        self._gone = Traffic()
        self._proved = False

    @property
    def fingerprint(self) -> str:
        """What tells one office and credential from another, without telling the credential."""
        told, shown = self._settings, self.credential
        where = f"{told.kind}\n{told.url}\n{told.project}\n{shown.user}"
        if shown.user:
            return _slowly(where, shown.secret)
        return hashlib.sha256(f"{where}\n{shown.secret}".encode()).hexdigest()[:16]

    @property
    def traffic(self) -> Traffic:
        """What went out and came in until now."""
        with self._lock:
            return sum((_moved(one) for one in self._all), self._gone)

    @property
    def is_known(self) -> bool:
        """Whether a credential was shown that the door did not refuse, where a door refuses at all."""
        if self.credential.manner is Manner.ASKED:
            return self._proved
        return self.credential.manner is not Manner.NONE

    def ask(self, request: Request) -> Response:
        """Return the answer to ``request``, whatever its status. Raises ``WireFault``, and what its body raises."""
        talk = self._take()
        try:
            if request.length > _SMALL and self.credential.manner is Manner.ASKED and not talk.proof.is_sure:
                door = self._knock(talk, request)
                if door.status not in {204, 405, 501}:
                    return door
            return self._ask(talk, request)
        finally:
            with self._lock:
                self._idle.append(talk)

    def close(self) -> None:
        """Be done, and leave what was learned to the next caller. Only when nobody asks any more.

        Where ``known`` was given, a line that stands is left to it; otherwise it is hung up.
        """
        with self._lock:
            idle, self._idle = self._idle, []
            for talk in idle:
                self._all.remove(talk)
                self._gone += _moved(talk)
        for talk in idle:
            if talk.proof.session is not None or talk.proof.basic:
                self._known.leave(self.fingerprint, talk.proof)
            if self._shared and talk.line.is_open:
                self._known.leave_line(self._line_key, talk.line)
            else:
                talk.line.close()

    @property
    def _line_key(self) -> str:
        told = self._settings
        return f"{self.fingerprint} {told.proxy} {told.ca_file} {told.connect_s} {told.idle_s} {told.connection_bytes}"

    def _take(self) -> _Talk:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        line = self._known.take_line(self._line_key) if self._shared else None
        if line is None:
            line = Line(
                self.route,
                connect_s=self._settings.connect_s,
                idle_s=self._settings.idle_s,
                stop=self._stop,
                most_bytes=self._settings.connection_bytes,
            )
        line.stop = self._stop
        asked = self.credential.manner is Manner.ASKED
        talk = _Talk(line, self._known.take(self.fingerprint) if asked else Proof(), line.traffic)
        with self._lock:
            self._all.append(talk)
        return talk

    def _knock(self, talk: _Talk, request: Request) -> Response:
        try:
            return self._ask(talk, replace(request, method="HEAD", body=_NO_BODY, length=0))
        except WireFault as bad:
            # Of what was to be sent, nothing has left.
            raise WireFault(bad.fault, began=False) from bad

    def _ask(self, talk: _Talk, request: Request) -> Response:
        for _ in range(_MOST_ASKED):
            held_before = talk.proof.held_at > float("-inf")
            shown = self._shown(talk.proof, request)
            response = self._once(talk, request, shown)
            if self.credential.manner is not Manner.ASKED:
                break
            if response.status != 401:
                if shown is not None:
                    talk.proof.held()
                    self._proved = True
                break
            if not self._learn(talk.proof, response, again=shown is not None, held_before=held_before):
                self._proved = False
                break
        return response

    def _once(self, talk: _Talk, request: Request, shown: str | None) -> Response:
        headers = dict(request.headers)
        if shown is not None:
            headers["Authorization"] = shown
        response = talk.line.ask(
            request.method,
            request.path,
            headers=headers,
            body=request.body(),
            length=request.length,
            wait_s=request.wait_s,
            most=request.most,
        )
        if response.status == 407 and self.route.proxy is not None:
            # The proxy kept it: nothing has left for the office.
            raise WireFault(Fault.PROXY_REFUSED, began=False)
        return response

    def _shown(self, proof: Proof, request: Request) -> str | None:
        if self.credential.manner is not Manner.ASKED:
            return self.credential.header()
        if proof.session is not None:
            return proof.session.answer(request.method, request.path)
        return self.credential.basic() if proof.basic else None

    def _learn(self, proof: Proof, response: Response, *, again: bool, held_before: bool) -> bool:
        """Take up the challenge of a 401; return whether asking once more can help."""
        told = digest.offers(response.headers.get("www-authenticate", ""))
        challenge = digest.strongest(told)
        before = proof.session.challenge if proof.session else None
        proof.session, proof.basic, proof.held_at = None, False, float("-inf")
        if challenge is not None:
            proof.session = Session(challenge, self.credential.user, self.credential.secret)
            fresh = before is None or challenge.nonce != before.nonce
            # Not every server says "stale" of a nonce that held a while ago.
            return not again or (fresh and (challenge.stale or held_before))
        if any(one.scheme == "basic" for one in told):
            proof.basic = True
            return not again or before is not None
        return False


@functools.lru_cache(maxsize=4)
def _slowly(where: str, password: str) -> str:
    # It lies in the database and in each copy of it, where a password that somebody made up could be guessed.
    return hashlib.scrypt(password.encode(), salt=where.encode(), n=2**12, r=8, p=1, dklen=8).hex()


def _moved(talk: _Talk) -> Traffic:
    now = talk.line.traffic
    return Traffic(now.sent - talk.before.sent, now.received - talk.before.received)


def _route(settings: UpstreamSettings, known: Acquaintance) -> Route:
    found = connections.route(settings.url)
    if settings.proxy:
        near = connections.proxy(settings.proxy)
        if not found.secure and not connections.is_near(near[0]):
            raise NotReady("relay.needs_https", url=settings.url)
        found = replace(found, proxy=near, pass_=credentials.for_proxy(settings.proxy_file))
    if found.secure:
        tls = known.tls(f"{found.host}:{found.port or 443}", settings.ca_file)
        found = replace(found, tls=tls, own_authority=bool(settings.ca_file))
    return found
