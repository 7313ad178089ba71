"""One connection to a server, straight or through a proxy: opened, named when it fails, its bytes counted.

Keeps true: a key travels over TLS or to a near address only; a proxy is the one in the settings and never one that
the surroundings name. Why there is no way is told apart as far as a technician could act on it.
"""

from __future__ import annotations

import enum
import ipaddress
import re
import socket
import ssl
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection

from hub.base.errors import NotReady
from hub.post.transports import trust as trusting
from hub.post.transports.carrier import Traffic
from hub.post.transports.trust import Distrust

# With the kernel's own buffer of megabytes, "sent" would mean nothing on a thin line.
_SEND_BUFFER = 64 * 1024
_OPTIONS: list[tuple[int, int, int | bytes]] = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER),
]
# linux/tcp.h, struct tcp_info: bytes received, segments out and in, bytes sent with those sent again (since
# Linux 4.19).
_INFO = struct.Struct("=128xQII56xQ")
_HEADERS_V4, _HEADERS_V6 = 52, 72
_NOT_TLS = {"WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"}
# What a request's first lines can carry; a name in another script has a spelling of this kind (xn--…).
_PLAIN = re.compile(r"[!-~]+")
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")


class Fault(enum.StrEnum):
    """Why there is no answer, as phrase keys."""

    NO_ROUTE = "relay.no_route"
    PORTAL = "relay.portal"
    CERTIFICATE = "relay.certificate"
    CERTIFICATE_EARLY = "relay.certificate_early"
    CERTIFICATE_LATE = "relay.certificate_late"
    CERTIFICATE_NAME = "relay.certificate_name"
    CERTIFICATE_UNKNOWN = "relay.certificate_unknown"
    PROXY = "relay.proxy"
    PROXY_REFUSED = "relay.proxy_refused"
    CUT = "relay.cut"
    SLOW = "relay.slow"
    STOPPED = "relay.stopped"


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, headers by lower-case name, and the body, empty when it was longer than allowed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool


class Plain(HTTPConnection):
    """A connection whose second handle can end it from another thread."""

    handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        self.handle = sock.dup()
        return sock


class Secure(HTTPSConnection):
    """The same over TLS."""

    handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        self.handle = sock.dup()
        return sock


@dataclass(frozen=True, slots=True)
class Route:
    """How to come to one server; ``proxy`` is host and port, ``pass_`` what the proxy is shown.

    Without ``tls`` a secure server cannot be asked.
    """

    secure: bool
    host: str
    port: int | None
    tls: ssl.SSLContext | None = None
    own_authority: bool = False
    proxy: tuple[str, int] | None = None
    pass_: str = ""

    def open(self, connect_s: float) -> Plain | Secure:
        """Return a connection that is not yet made."""
        host, port = self.proxy or (self.host, self.port)
        if not self.secure:
            return Plain(host, port, timeout=connect_s, socket_options=_OPTIONS)
        conn = Secure(host, port, timeout=connect_s, socket_options=_OPTIONS, ssl_context=self.tls)
        if self.proxy:
            conn.set_tunnel(self.host, self.port or 443, headers=self._pass())
        return conn

    def target(self, path: str) -> str:
        """Return what stands in the request's first line: a proxy without a tunnel is told the whole address."""
        if self.secure or not self.proxy:
            return path
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}{f':{self.port}' if self.port else ''}{path}"

    def more_headers(self) -> dict[str, str]:
        """Return what goes with each request beside its own headers."""
        return {} if self.secure else self._pass()

    def _pass(self) -> dict[str, str]:
        return {"Proxy-Authorization": self.pass_} if self.pass_ and self.proxy else {}

    def fault(self, bad: BaseException, conn: Plain | Secure) -> Fault:
        """Return why ``conn`` could not be made."""
        if isinstance(bad, ssl.SSLCertVerificationError):
            why = trusting.why(bad)
            return Fault.PORTAL if self._is_trap(why, conn) else Fault(why.value)
        if isinstance(bad, ssl.SSLError):
            return Fault.PORTAL if bad.reason in _NOT_TLS else Fault.NO_ROUTE
        if self.proxy is None:
            return Fault.NO_ROUTE
        refused = _TUNNEL.search(str(bad))
        if refused is None:
            return Fault.NO_ROUTE if conn.handle is not None else Fault.PROXY
        return Fault.PROXY_REFUSED if refused[1] in {"401", "403", "407"} else Fault.NO_ROUTE

    def _is_trap(self, why: Distrust, conn: Plain | Secure) -> bool:
        # A sign-in network answers every name with an address of its own, and has no certificate for ours.
        if why not in {Distrust.NAME, Distrust.UNKNOWN} or self.own_authority or self.proxy is not None:
            return False
        if is_near(self.host) or _address(self.host) is not None or conn.handle is None:
            return False
        try:
            return is_near(str(conn.handle.getpeername()[0]))
        except OSError:
            return False


def route(url: str) -> Route:
    """Return the way to ``url``, straight and without TLS yet.

    Raises ``NotReady("relay.bad_address")`` for a URL that is none, ``NotReady("relay.needs_https")`` for plain
    HTTP to a public address: the key would be readable on the way.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise NotReady("relay.bad_address", url=url) from None
    if not _is_usable(parts):
        raise NotReady("relay.bad_address", url=url)
    host = parts.hostname or ""
    if parts.scheme == "http" and not is_near(host):
        raise NotReady("relay.needs_https", url=url)
    return Route(parts.scheme == "https", host, port)


def _is_usable(parts: SplitResult) -> bool:
    return bool(
        _PLAIN.fullmatch(parts.netloc + parts.path)
        and parts.scheme in {"http", "https"}
        and parts.hostname
        and not parts.query
        and not parts.fragment
        and parts.username is None
    )


def is_near(host: str) -> bool:
    """Return whether ``host`` is this machine or an address of a private network."""
    found = _address(host)
    return host == "localhost" if found is None else found.is_private


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    # Written as IPv6, a public IPv4 address counts as private before Python 3.13.
    return getattr(found, "ipv4_mapped", None) or found


def traffic(conn: Plain | Secure) -> Traffic:
    """Return what went over ``conn`` until now, with TLS, what was sent again, and the packets' own headers."""
    handle = conn.handle
    if handle is None:
        return Traffic()
    try:
        told = handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    except OSError:
        return Traffic()
    if len(told) < _INFO.size:
        return Traffic()
    received, segments_out, segments_in, sent = _INFO.unpack_from(told)
    header = _HEADERS_V6 if handle.family == socket.AF_INET6 else _HEADERS_V4
    return Traffic(sent + segments_out * header, received + segments_in * header)


def hang_up(conn: Plain | Secure) -> None:
    """End ``conn``."""
    conn.close()
    if conn.handle is not None:
        conn.handle.close()


def proxy(url: str) -> tuple[str, int]:
    """Return host and port of the proxy ``url``. Raises ``NotReady("relay.bad_proxy")`` when it is none."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme != "http" or not parts.hostname or port is None:
        raise NotReady("relay.bad_proxy", url=url)
    return parts.hostname, port
