"""The office's own end of the wire: an HTTP server that can be slow, break off, or say what another would.

Keeps true: what the pages of the trainer ask for is never disturbed; a request is answered by the office itself
unless an order of the exercise says otherwise; whatever a peer does, a wait has an end. It never takes in a record
whose body did not arrive whole.
"""

from __future__ import annotations

import datetime as dt
import io
import logging
import socket
import socketserver
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes

from hub.base.errors import HubError
from hub.post import envelope
from hub.practice_office import answers, body, dialects, exercise, faults, orders, records, shelf
from hub.practice_office.body import Broken, TooLate, TooLong
from hub.practice_office.faults import Fault, Kind, Manner
from hub.practice_office.orders import Noted, Order
from hub.practice_office.pace import Pace

log = logging.getLogger(__name__)

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_IDLE_S = 60.0
_MOST_AT_ONCE = 24
# So long a web server goes on listening to who has been answered in the middle of its own words.
_LINGER_S = 5.0
# A slow line must be felt by who sends: with the kernel's own buffer a whole photo would leave at once.
_SMALL_BUFFER = 16 * 1024
_MOST_TRICKLE_S = 330.0
_NO_BODY = {204, 304}
_QUIET = Fault()


class Front(socketserver.ThreadingTCPServer):
    """The office of ``folder`` at an address; ``app`` answers. Raises ``OSError`` where it cannot listen."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, app: WSGI, folder: Path, host: str, port: int) -> None:
        self.app, self.folder = app, folder
        self.ending = threading.Event()
        self.pace = Pace(self.ending)
        self._seats = threading.BoundedSemaphore(_MOST_AT_ONCE)
        super().__init__((host, port), Exchange)

    @property
    def port(self) -> int:
        """Where it listens."""
        found: int = self.server_address[1]
        return found

    def run(self) -> None:
        """Answer until ``close``."""
        self.serve_forever(poll_interval=0.1)

    def close(self) -> None:
        """Stop answering; what is under way ends by itself."""
        self.ending.set()
        self.shutdown()
        self.server_close()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer on one connection, if there is a seat for it."""
        if not self._seats.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._seats.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note what went wrong on one connection; a peer that is gone is nothing wrong."""
        log.exception("an exchange broke inside the practice office")


@dataclass(slots=True)
class _Reply:
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


class _Cut(Exception):
    pass


class _Unread(Exception):
    """The body was left unread, and ``answer`` of the catalogue is what is said to that."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.answer = answer


class Exchange(BaseHTTPRequestHandler):
    """One connection: requests one after the other, each in the manner that the exercise wants."""

    server: Front
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "practice-office", ""
    timeout = _IDLE_S
    disable_nagle_algorithm = True
    wbufsize = 0
    _shelf: sqlite3.Connection | None = None

    def setup(self) -> None:
        """Take the connection in hand."""
        super().setup()
        self.rfile.close()
        self._wire = body.Wire(self.connection, _IDLE_S)
        self.rfile = io.BufferedReader(self._wire)

    def handle_one_request(self) -> None:
        """Answer one request, of one who says within a minute what it wants."""
        self._wire.until = time.monotonic() + _IDLE_S
        super().handle_one_request()

    def handle(self) -> None:
        """Answer until the connection ends, from whichever side."""
        with suppress(ConnectionError, TimeoutError):
            super().handle()

    def finish(self) -> None:
        """Let go of the connection."""
        with suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: an address may hold a key."""

    def serve(self) -> None:
        """Answer one request."""
        self._shelf = None
        kind = faults.kind_of(self.command, self.path)
        if kind is None:
            self._as_ever()
            return
        try:
            shelf_of_now = records.connect(self.server.folder)
        except HubError as bad:
            log.error("no shelf: %s", bad)
            self.close_connection = True
            self.give(_QUIET, self._canned(answers.CATALOGUE["database_500"]))
            return
        with closing(shelf_of_now) as conn:
            self.server.pace.set(faults.line(conn))
            fault = faults.take(conn, kind)
            self._shelf = conn
            self._exchange(conn, kind, fault, Noted(device=device_of(self.path)))

    def _exchange(self, conn: sqlite3.Connection, kind: Kind, fault: Fault | None, noted: Noted) -> None:
        written, reply = None, None
        try:
            with suppress(_Cut):
                reply = self.take_in(fault or _QUIET, noted)
        finally:
            # Before the answer leaves: who has heard it finds it in the log.
            if kind is Kind.POST or fault is not None:
                written = self._write_down(conn, kind, fault or _QUIET, noted, reply)
        if reply is None:
            self.hang_up()
            return
        try:
            self.give(fault or _QUIET, reply)
            if noted.unread:
                self._linger()
        except (_Cut, OSError):
            if written is not None:
                with suppress(HubError):
                    exercise.unanswered(conn, written)
            self.hang_up()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve

    def _as_ever(self) -> None:
        try:
            came = self._body(_QUIET, paced=False)
            reply = self.ask(came, Noted(), Order())
        except _Cut:
            self.hang_up()
            return
        except _Unread as bad:
            reply = self._left(bad.answer)
        self.give(_QUIET, reply, paced=False)

    def take_in(self, fault: Fault, noted: Noted) -> _Reply:
        """Read the request as far as the fault lets it, and return what is to be answered."""
        canned = answers.CATALOGUE.get(fault.answer)
        self.server.pace.delay()
        if fault.manner is Manner.BEFORE:
            raise _Cut
        if fault.manner is Manner.EARLY and canned is not None:
            noted.unread = True
            return self._left(fault.answer)
        try:
            came = self._body(fault, paced=True)
        except _Unread as bad:
            noted.unread = True
            return self._left(bad.answer)
        order = Order(
            stores=canned is None or canned.stores,
            loses=faults.LOSES.get(fault.answer, 0),
            gather=max(2, fault.number) if fault.answer == faults.TOGETHER else 0,
            other_key=fault.answer == faults.OTHER_KEY,
        )
        reply = self.ask(came, noted, order)
        if canned is not None and (reply.status < 400 or not canned.stores):
            reply = self._canned(canned)
        if fault.answer == faults.OTHER_DAY:
            there = dt.datetime.now(dt.UTC) + dt.timedelta(days=fault.number or -3650)
            reply.headers.append(("Date", format_datetime(there, usegmt=True)))
        if fault.manner is Manner.AFTER:
            raise _Cut
        return reply

    def ask(self, came: bytes, noted: Noted, order: Order) -> _Reply:
        """Return the office's own answer."""
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": self.path,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(came)),
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(came),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            orders.ORDER: order,
            orders.NOTED: noted,
            shelf.LENT: self._shelf,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            if key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"):
                environ[key] = value
        told: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _bad: object = None) -> None:
            told[:] = [status, headers]

        found = self.server.app(environ, start)
        try:
            content = b"".join(found)
        finally:
            if hasattr(found, "close"):
                found.close()
        number, _, reason = told[0].partition(" ")
        return _Reply(int(number), reason, list(told[1]), content)

    def give(self, fault: Fault, reply: _Reply, *, paced: bool = True) -> None:
        """Send the answer."""
        bare = self.command == "HEAD" or reply.status in _NO_BODY
        content = b"" if bare else reply.body
        given = {name.lower() for name, _ in reply.headers}
        headers = [pair for pair in reply.headers if pair[0].lower() != "content-length"]
        if reply.status not in _NO_BODY:
            headers.append(("Content-Length", str(len(reply.body))))
        if "date" not in given:
            headers.append(("Date", format_datetime(dt.datetime.now(dt.UTC), usegmt=True)))
        if self.close_connection:
            headers.append(("Connection", "close"))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        first = f"HTTP/1.1 {reply.status} {reply.reason}\r\n{head}\r\n".encode("latin-1")
        if paced:
            self.server.pace.delay()
        self._send(fault, first + content, paced)

    def _send(self, fault: Fault, whole: bytes, paced: bool) -> None:
        if fault.manner is Manner.ANSWER:
            self.connection.sendall(whole[: min(fault.byte, len(whole) - 1)])
            raise _Cut
        pace = self.server.pace
        creeps = fault.manner is Manner.TRICKLE
        step = 1 if creeps else pace.slice_bytes if paced else body.SLICE
        until = time.monotonic() + _MOST_TRICKLE_S + (pace.lasts(len(whole)) if paced else 0.0)
        for start in range(0, len(whole), step):
            part = whole[start : start + step]
            if paced:
                pace.carry(len(part))
            self.connection.sendall(part)
            if (creeps and self.server.ending.wait(1.0)) or time.monotonic() > until:
                raise _Cut

    def _body(self, fault: Fault, *, paced: bool) -> bytes:
        """Read the whole body; raises ``_Unread`` when it crept for too long or is larger than anything."""
        self._wire.until = time.monotonic() + body.LONGEST_S
        slow = paced and self.server.pace.is_slow
        if slow:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
        cut_at = fault.byte if fault.manner is Manner.BODY else None
        carry = self.server.pace.carry if slow else None
        try:
            came = body.read(
                self.rfile,
                self.headers,
                cut_at=cut_at,
                carry=carry,
                slice_bytes=self.server.pace.slice_bytes if slow else body.SLICE,
            )
        except TooLate:
            raise _Unread("slow_408") from None
        except TooLong:
            raise _Unread("large_413") from None
        except Broken:
            raise _Cut from None
        if cut_at is not None:
            # The body was shorter than the place to cut at: it breaks at its end.
            raise _Cut
        return came

    def _left(self, answer: str) -> _Reply:
        self.close_connection = True
        return self._canned(answers.CATALOGUE[answer])

    def _linger(self) -> None:
        # To a peer that is still sending, an end at once would tear up the answer that is on its way.
        until = time.monotonic() + _LINGER_S
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1.0)
            while time.monotonic() < until and self.connection.recv(body.SLICE):
                pass

    def _canned(self, canned: answers.Canned) -> _Reply:
        headers = [("Content-Type", canned.media_type), *canned.headers.items()]
        return _Reply(canned.status, HTTPStatus(canned.status).phrase, headers, canned.body)

    def hang_up(self) -> None:
        """End the connection at once."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _write_down(
        self, conn: sqlite3.Connection, kind: Kind, fault: Fault, noted: Noted, reply: _Reply | None
    ) -> int | None:
        entry = exercise.Entry(
            at=records.now(),
            kind=kind.value,
            dialect=dialects.dialect_of(self.path),
            device=noted.device,
            form_id=noted.form_id,
            instance_id=noted.instance_id,
            body_bytes=sum(noted.parts.values()),
            parts=len(noted.parts),
            answer=fault.answer,
            manner=fault.manner.value,
            status=reply.status if reply else 0,
            done=reply is not None and kind is Kind.POST and _is_done(reply),
            whole=exercise.is_whole(conn, noted.form_id, noted.instance_id, noted.xml),
        )
        try:
            return exercise.write(conn, entry)
        except HubError as bad:
            log.error("the exercise's log could not be written: %s", bad)
            return None


def device_of(path: str) -> str:
    """Return which House or phone says at a path that it asks, or ""."""
    return parse_qs(path.partition("?")[2]).get("deviceID", [""])[0][:200]


def _is_done(reply: _Reply) -> bool:
    return reply.status in (201, 202) and envelope.words(reply.body) is not None
