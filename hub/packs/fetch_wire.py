"""Where packs come from: a web server, one of its mirrors, or a folder on a stick; read byte by byte.

Keeps true: every reading ends - by its end, by our own deadline in name, head or body, at the length that was
asked for, or because something more important travels. A server that does not know ``Range`` is as good as
one that does. It believes nothing it reads: who signed it is checked elsewhere.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from hub.base.errors import NotReady

_CHUNK = 16 * 1024
# A phone's line on a bad day still does this; below it, it is cheaper to try again another day.
_SLOWEST = 256
# What idled longer may lead nowhere, and a line that was dropped on the way does not say so.
_FRESH_S = 5.0
_PERSON = re.compile(r"//[^/]*@")
_USER_AGENT = "digital-cultural-house"


class FetchFault(NotReady):
    """A source did not give what was asked; ``status`` is its HTTP status where it gave one."""

    def __init__(self, key: str, /, *, status: int | None = None, **values: object) -> None:
        super().__init__(key, **values)
        self.status = status


class Leave(Protocol):
    """Who may say that now is not the time: dossiers that travel, a line that costs money."""

    def why_not(self) -> str | None:
        """Return a phrase key when nothing more may be fetched now, else None; asked often."""

    def took(self, count: int) -> None:
        """Count ``count`` bytes that came."""


class Always:
    """The leave of whoever pays for nothing: a folder on a stick, a test."""

    def why_not(self) -> str | None:
        """Return None."""
        return None

    def took(self, count: int) -> None:
        """Count nothing."""


@dataclass(slots=True)
class Pace:
    """How fast and by whose leave bytes come; ``bytes_per_s`` 0 is as fast as they come."""

    leave: Leave = field(default_factory=Always)
    bytes_per_s: int = 0
    took: int = 0
    _free_at: float = 0.0

    def spend(self, count: int) -> None:
        """Count bytes that came, and wait as long as the cap asks; raises as ``ask``."""
        self.took += count
        self.leave.took(count)
        if self.bytes_per_s:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + count / self.bytes_per_s
            time.sleep(max(0.0, self._free_at - now))
        self.ask()

    def ask(self) -> None:
        """Raise ``FetchFault`` with the reason when nothing more may be fetched now."""
        why = self.leave.why_not()
        if why is not None:
            raise FetchFault(why)

    @property
    def chunk(self) -> int:
        """How many bytes to take at once, so that a cap never makes a wait longer than half a second."""
        return max(512, min(_CHUNK, self.bytes_per_s // 2)) if self.bytes_per_s else _CHUNK


@dataclass(frozen=True, slots=True)
class Stream:
    """A file being read: from which byte on, and its bytes."""

    start: int
    chunks: Iterator[bytes]


class Source(Protocol):
    """One place that holds the repository."""

    @property
    def name(self) -> str:
        """What a technician calls it."""

    def open(
        self, path: str, *, start: int = 0, most: int, pace: Pace
    ) -> contextlib.AbstractContextManager[Stream]:
        """Read ``path`` from byte ``start`` on, or from an earlier one; ``most`` bytes is the longest file.

        Opening or reading raises ``FetchFault``: ``packs.not_there`` with 404, ``packs.portal``,
        ``packs.no_route``, ``packs.certificate``, ``packs.cut``, ``packs.slow``, ``packs.too_long``,
        ``packs.server_sick``, or what ``Pace.ask`` says.
        """


class Folder:
    """A repository in a folder: a stick, a share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        """Its path."""
        return str(self._folder)

    @contextlib.contextmanager
    def open(self, path: str, *, start: int = 0, most: int, pace: Pace) -> Iterator[Stream]:
        """Read as ``Source.open`` says."""
        place = self._folder / path
        with self._told():
            if not place.is_file():
                raise FetchFault("packs.not_there", status=404, file=path)
            if place.stat().st_size > most:
                raise FetchFault("packs.too_long", file=path)
            file = place.open("rb")
            file.seek(start)
        with file:
            yield Stream(start, self._read(file, pace))

    def _read(self, file: BinaryIO, pace: Pace) -> Iterator[bytes]:
        while True:
            pace.ask()
            with self._told():
                chunk = file.read(_CHUNK)
            if not chunk:
                return
            yield chunk

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as bad:
            raise FetchFault("packs.cut", address=self.name) from bad


class Web:
    """A repository below an http or https address; one connection while it lasts, never a redirect.

    ``connect_s`` bounds connection and TLS together, ``idle_s`` the head of an answer and every silence in
    it; ``proxy`` is the host and port that it goes through, ``pass_`` what that is shown; ``tls`` judges
    certificates, the system's own way without it. Raises ``NotReady("packs.bad_address")`` for an address
    that is none.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_s: float,
        idle_s: float,
        proxy: tuple[str, int] | None = None,
        pass_: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts, bare = urlsplit(url), _PERSON.sub("//", url)
        try:
            port = parts.port
        except ValueError:
            raise NotReady("packs.bad_address", address=bare) from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise NotReady("packs.bad_address", address=bare)
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, port or (443 if self._secure else 80)
        self._prefix = parts.path.rstrip("/")
        self._shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{self._prefix}"
        self._connect_s, self._idle_s = connect_s, idle_s
        self._proxy = proxy
        self._pass = {"Proxy-Authorization": pass_} if pass_ and proxy else {}
        self._tls = tls
        self._conn: http.client.HTTPConnection | None = None
        self._sock: socket.socket | None = None
        self._rests_since = 0.0

    @property
    def name(self) -> str:
        """Its address, without anybody's password."""
        return self._shown

    def close(self) -> None:
        """Hang up."""
        conn, self._conn, self._sock = self._conn, None, None
        if conn is not None:
            conn.close()

    @contextlib.contextmanager
    def open(self, path: str, *, start: int = 0, most: int, pace: Pace) -> Iterator[Stream]:
        """Read as ``Source.open`` says."""
        pace.ask()
        with self._told():
            answer = self._asked(path, start)
        try:
            begins = self._judged(answer, path, start, most)
            yield Stream(begins, self._body(answer, begins, most, pace, path))
        finally:
            self._rests_since = time.monotonic()
            # What was not read to its end cannot be followed by another question.
            if answer.length == 0 and not answer.chunked:
                answer.close()
            if not answer.isclosed() or answer.will_close:
                answer.close()
                self.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLCertVerificationError as bad:
            raise self._fault("packs.certificate") from bad
        except TimeoutError as bad:
            raise self._fault("packs.slow") from bad
        except (OSError, http.client.HTTPException, ValueError) as bad:
            raise self._fault("packs.cut") from bad

    def _asked(self, path: str, start: int) -> http.client.HTTPResponse:
        headers = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"}
        if self._proxy and not self._secure:
            headers |= self._pass
        if start:
            headers["Range"] = f"bytes={start}-"
        if time.monotonic() - self._rests_since > _FRESH_S:
            self.close()
        kept = self._conn is not None
        try:
            return self._answer(path, headers)
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException):
            if not kept:
                raise
            # A server may close an idle connection just as we speak; a fresh one tells whether it is there.
            return self._answer(path, headers)

    def _answer(self, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        conn = self._conn or self._connected()
        self._conn = None
        assert conn.sock is not None
        self._sock = conn.sock
        answer: http.client.HTTPResponse | None = None
        try:
            with _watched(conn.sock, self._idle_s):
                conn.request("GET", f"{self._before}{self._prefix}/{path}", headers=headers)
                answer = conn.getresponse()
        except BaseException:
            conn.close()
            if answer is not None:
                answer.close()
            raise
        self._conn = conn
        return answer

    @property
    def _before(self) -> str:
        # A proxy without a tunnel is told the whole address.
        return f"http://{self._at}" if self._proxy and not self._secure else ""

    @property
    def _at(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    def _tunnelled(self, sock: socket.socket) -> None:
        told = "".join(f"{name}: {value}\r\n" for name, value in self._pass.items())
        sock.sendall(f"CONNECT {self._at} HTTP/1.1\r\nHost: {self._at}\r\n{told}\r\n".encode("ascii"))
        answer = http.client.HTTPResponse(sock, method="CONNECT")
        try:
            answer.begin()
            if answer.status != 200:
                raise self._fault("packs.portal", status=answer.status)
        finally:
            answer.close()

    def _connected(self) -> http.client.HTTPConnection:
        try:
            sock = socket.create_connection(self._proxy or (self._host, self._port), timeout=self._connect_s)
        except OSError as bad:
            raise self._fault("packs.no_route") from bad
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._secure:
                with _watched(sock, self._connect_s):
                    if self._proxy:
                        self._tunnelled(sock)
                    tls = self._tls or ssl.create_default_context()
                    sock = tls.wrap_socket(sock, server_hostname=self._host)
            sock.settimeout(self._idle_s)
        except BaseException:
            sock.close()
            raise
        conn = http.client.HTTPConnection(self._host, self._port)
        conn.sock = sock
        return conn

    def _judged(self, answer: http.client.HTTPResponse, path: str, start: int, most: int) -> int:
        status, begins = answer.status, 0
        if status == 206:
            told = answer.headers.get("Content-Range", "")
            if not start or not told.startswith(f"bytes {start}-"):
                raise self._fault("packs.server_sick", status=status)
            begins = start
        elif status == 416 and start:
            raise FetchFault("packs.not_there", status=416, file=path)
        elif status != 200:
            if 300 <= status < 400 or status in {407, 511}:
                raise self._fault("packs.portal", status=status)
            if status in {408, 425, 429} or status >= 500:
                raise self._fault("packs.server_sick", status=status)
            raise FetchFault("packs.not_there", status=status, file=path)
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise self._fault("packs.portal", status=status)
        if answer.length is not None and begins + answer.length > most:
            raise FetchFault("packs.too_long", file=path)
        return begins

    def _body(
        self, answer: http.client.HTTPResponse, begins: int, most: int, pace: Pace, path: str
    ) -> Iterator[bytes]:
        got, spent = 0, 0.0
        while True:
            since = time.monotonic()
            with self._told(), self._bounded(answer):
                chunk = answer.read1(pace.chunk)
            spent += time.monotonic() - since
            if not chunk:
                break
            got += len(chunk)
            if begins + got > most:
                raise FetchFault("packs.too_long", file=path)
            if spent > self._idle_s and got < spent * _SLOWEST:
                raise self._fault("packs.slow")
            pace.spend(len(chunk))
            yield chunk
        if answer.length:
            raise self._fault("packs.cut")

    def _bounded(self, answer: http.client.HTTPResponse) -> contextlib.AbstractContextManager[None]:
        # One reading is one arrival of bytes, which the socket's own limit bounds; but what stands between and
        # after the chunks is read to its end, and may have none.
        if answer.chunked and self._sock is not None:
            return _watched(self._sock, self._idle_s)
        return contextlib.nullcontext()

    def _fault(self, key: str, status: int | None = None) -> FetchFault:
        return FetchFault(key, status=status, address=self.name)


@contextlib.contextmanager
def _watched(sock: socket.socket, seconds: float) -> Iterator[None]:
    # What trickles byte by byte never lets a socket's own limit run out: a second thread hangs up.
    # A secure socket cannot be duplicated by its own method.
    late, handle = threading.Event(), socket.socket(fileno=os.dup(sock.fileno()))

    def hang_up() -> None:
        late.set()
        with contextlib.suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    watch = threading.Timer(seconds, hang_up)
    watch.daemon = True
    watch.start()
    try:
        yield
        # A head that was cut off here looks like one that ended.
        if late.is_set():
            raise TimeoutError
    except BaseException as bad:
        if late.is_set():
            raise TimeoutError from bad
        raise
    finally:
        watch.cancel()
        watch.join()
        handle.close()
