"""One HTTP exchange that always ends: by an answer, by our own deadline, or because we were told to stop.

Keeps true: no peer can hold the relay by trickling, neither while it takes our bytes nor while it gives its
own: a second thread watches the exchange and hangs up. Memory stays small whatever is sent or answered. It
never retries, never follows a redirect, and never sends a request's first byte after it was given up.
"""

from __future__ import annotations

import contextlib
import enum
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from hub.base.errors import NotReady

_SLICE = 16 * 1024
_LOOK_S = 0.1
_LEAVE_S = 2.0
# Node closes an idle connection after five seconds; one that closes just as we speak looks like a cut.
_IDLE_KEPT_S = 2.0
# Bytes a second below which a sending is given up however steadily it creeps (GPRS on a bad day still does
# twice that).
_SLOWEST = 512
# With the kernel's own buffer of megabytes, "sent" would mean nothing on a thin line.
_SEND_BUFFER = 64 * 1024
_OPTIONS: list[tuple[int, int, int | bytes]] = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER),
]


class Fault(enum.StrEnum):
    """Why there is no answer, as phrase keys."""

    NO_ROUTE = "relay.no_route"
    CERTIFICATE = "relay.certificate"
    CUT = "relay.cut"
    SLOW = "relay.slow"
    STOPPED = "relay.stopped"


class WireFault(Exception):
    """The exchange ended without an answer; ``began`` is whether a byte of the request may have left."""

    def __init__(self, fault: Fault, *, began: bool) -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.began = began


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, headers by lower-case name, and the body, empty when it was longer than allowed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool


class _Phase(enum.Enum):
    CONNECTING = 1
    SENDING = 2
    ANSWERING = 3


@dataclass(slots=True)
class _Exchange:
    began_at: float = field(default_factory=time.monotonic)
    phase: _Phase = _Phase.CONNECTING
    phase_at: float = field(default_factory=time.monotonic)
    moved_at: float = field(default_factory=time.monotonic)
    conn: _Plain | _Secure | None = None
    given_up: Fault | None = None
    response: Response | None = None
    problem: BaseException | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def enter(self, phase: _Phase) -> None:
        self.phase = phase
        self.phase_at = self.moved_at = time.monotonic()

    def moved(self) -> None:
        self.moved_at = time.monotonic()

    def give_up(self, fault: Fault) -> None:
        self.given_up = self.given_up or fault
        handle = self.conn.handle if self.conn else None
        if handle is not None:
            # The duplicate's shutdown ends the connection itself, and so wakes the thread that waits on it.
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)


class _GivenUp(Exception):
    pass


class _Plain(HTTPConnection):
    handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        self.handle = sock.dup()
        return sock


class _Secure(HTTPSConnection):
    handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        self.handle = sock.dup()
        return sock


class Line:
    """A line to one server: exchanges one after the other, over one connection while it lasts.

    ``connect_s`` bounds name, connection and TLS together; ``idle_s`` is how long nothing may move while a
    body travels. Raises ``NotReady("relay.bad_address")`` for a URL that is none,
    ``NotReady("relay.needs_https")`` for plain HTTP to a public address: the key would be readable on the
    way.
    """

    def __init__(self, url: str, *, connect_s: float, idle_s: float, stop: Callable[[], bool]) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            raise NotReady("relay.bad_address", url=url) from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise NotReady("relay.bad_address", url=url)
        if parts.scheme == "http" and not _is_near(parts.hostname):
            raise NotReady("relay.needs_https", url=url)
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, port
        self._prefix = parts.path.rstrip("/")
        self._connect_s, self._idle_s = connect_s, idle_s
        self._stop = stop
        self._conn: _Plain | _Secure | None = None
        self._idle_since = 0.0

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: Iterable[bytes] = (),
        length: int = 0,
        wait_s: float,
        most: int,
    ) -> Response:
        """Send one request and return the answer, whatever its status.

        ``body`` yields exactly ``length`` bytes; ``wait_s`` bounds the answer, head and body, from the last
        byte sent; ``most`` bytes of body are kept. Raises ``WireFault``, and whatever ``body`` raises.
        """
        exchange = _Exchange()
        sent_headers = dict(headers)
        if method == "POST":
            sent_headers["Content-Length"] = str(length)
        worker = threading.Thread(
            target=self._work, args=(exchange, method, path, sent_headers, body, wait_s, most), daemon=True
        )
        worker.start()
        left_at: float | None = None
        while not exchange.done.wait(_LOOK_S):
            if left_at is None:
                late = self._late(exchange, length, wait_s)
                if self._stop():
                    late = Fault.STOPPED
                if late is not None:
                    exchange.give_up(late)
                    left_at = time.monotonic()
            elif time.monotonic() - left_at > _LEAVE_S:
                # Only a name lookup cannot be woken; the thread ends by itself and will send nothing.
                self._conn = None
                break
        began = exchange.phase is not _Phase.CONNECTING
        if exchange.given_up is not None:
            raise WireFault(exchange.given_up, began=began)
        if exchange.problem is not None:
            raise exchange.problem
        assert exchange.response is not None
        return exchange.response

    def close(self) -> None:
        """Hang up."""
        conn, self._conn = self._conn, None
        if conn is not None:
            _hang_up(conn)

    def _late(self, exchange: _Exchange, length: int, wait_s: float) -> Fault | None:
        now = time.monotonic()
        if exchange.phase is _Phase.CONNECTING:
            return Fault.NO_ROUTE if now - exchange.began_at > self._connect_s else None
        if exchange.phase is _Phase.SENDING:
            crept = now - exchange.phase_at > self._idle_s + length / _SLOWEST
            return Fault.SLOW if crept or now - exchange.moved_at > self._idle_s else None
        return Fault.SLOW if now - exchange.phase_at > wait_s else None

    def _work(
        self,
        exchange: _Exchange,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Iterable[bytes],
        wait_s: float,
        most: int,
    ) -> None:
        conn = self._idle_or_new()
        keep = False
        try:
            exchange.conn = conn
            if conn.sock is None:
                conn.connect()
            if exchange.given_up is not None:
                raise _GivenUp
            # From here on the watcher sets the pace; the socket's own limit only ends a thread that was left
            # behind.
            conn.timeout = max(wait_s, self._idle_s) + _LEAVE_S
            exchange.enter(_Phase.SENDING)
            keep = self._converse(exchange, conn, method, path, headers, body, most)
        except _GivenUp:
            pass
        except ssl.SSLCertVerificationError:
            exchange.problem = WireFault(Fault.CERTIFICATE, began=False)
        except (OSError, http.client.HTTPException, HTTPError):
            began = exchange.phase is not _Phase.CONNECTING
            exchange.problem = WireFault(Fault.CUT if began else Fault.NO_ROUTE, began=began)
        except BaseException as bad:  # noqa: B902 - raised again in the caller's thread
            exchange.problem = bad
        finally:
            if keep and exchange.given_up is None:
                self._conn, self._idle_since = conn, time.monotonic()
            else:
                _hang_up(conn)
            exchange.done.set()

    def _converse(
        self,
        exchange: _Exchange,
        conn: _Plain | _Secure,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Iterable[bytes],
        most: int,
    ) -> bool:
        try:
            conn.request(
                method,
                self._prefix + path,
                body=_paced(exchange, body) if method == "POST" else None,
                headers=headers,
                preload_content=False,
                decode_content=False,
            )
            whole = True
        except (BrokenPipeError, ConnectionResetError):
            # A server that will not take the body may have said why before it hung up.
            if exchange.given_up is not None:
                raise
            whole = False
        exchange.enter(_Phase.ANSWERING)
        answer = conn.getresponse()
        kept, fits = bytearray(), True
        while fits:
            part = answer.read1(_SLICE)
            if not part:
                break
            kept += part
            fits = len(kept) <= most
        exchange.response = Response(
            answer.status,
            {name.lower(): value for name, value in answer.headers.items()},
            bytes(kept) if fits else b"",
            fits,
        )
        return (
            whole
            and fits
            and answer.headers.get("Connection", "").lower() != "close"
            and conn.sock is not None
        )

    def _idle_or_new(self) -> _Plain | _Secure:
        conn, self._conn = self._conn, None
        if conn is not None and time.monotonic() - self._idle_since < _IDLE_KEPT_S:
            return conn
        if conn is not None:
            _hang_up(conn)
        return self._open()

    def _open(self) -> _Plain | _Secure:
        if self._secure:
            return _Secure(
                self._host,
                self._port,
                timeout=self._connect_s,
                socket_options=_OPTIONS,
                ssl_context=ssl.create_default_context(),
            )
        return _Plain(self._host, self._port, timeout=self._connect_s, socket_options=_OPTIONS)


def _paced(exchange: _Exchange, body: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in body:
        view = memoryview(chunk)
        for start in range(0, len(view), _SLICE):
            if exchange.given_up is not None:
                raise _GivenUp
            yield bytes(view[start : start + _SLICE])
            exchange.moved()


def _hang_up(conn: _Plain | _Secure) -> None:
    conn.close()
    if conn.handle is not None:
        conn.handle.close()


def _is_near(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
