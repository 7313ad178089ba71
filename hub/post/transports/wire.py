"""One HTTP exchange that always ends: by an answer, by our own deadline, or because we were told to stop.

Keeps true: no peer can hold the relay by trickling, neither while it takes our bytes nor while it gives its
own: a second thread watches the exchange and hangs up. Memory stays small whatever is sent or answered. It
sends no body twice, never follows a redirect, and never sends a request's first byte after it was given up.
"""

from __future__ import annotations

import contextlib
import enum
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from urllib3.exceptions import HTTPError

from hub.post.transports.carrier import Traffic
from hub.post.transports.connections import Fault, Plain, Response, Route, Secure, hang_up, traffic
from hub.post.transports.trust import Trust

_SLICE = 16 * 1024
_LOOK_S = 0.1
_LEAVE_S = 2.0
# Node closes an idle connection after five seconds; one that closes just as we speak looks like a cut. So only a
# question that changes nothing goes over an older one, and once more over a new one when that is gone.
_FRESH_S = 2.0
_IDLE_KEPT_S = 75.0
_GONE_S = 5.0
# Bytes a second below which a sending is given up however steadily it creeps (GPRS on a bad day still does
# twice that).
_SLOWEST = 512
# What a request weighs beside its body, at most.
_HEAD_BYTES = 1024


class WireFault(Exception):
    """The exchange ended without an answer; ``began`` is whether a byte of the request may have left."""

    def __init__(self, fault: Fault, *, began: bool) -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.began = began


class _Phase(enum.Enum):
    CONNECTING = 1
    SENDING = 2
    ANSWERING = 3


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    headers: Mapping[str, str]
    body: Iterable[bytes]
    length: int
    wait_s: float
    most: int


@dataclass(slots=True)
class _Exchange:
    began_at: float = field(default_factory=time.monotonic)
    phase: _Phase = _Phase.CONNECTING
    phase_at: float = field(default_factory=time.monotonic)
    moved_at: float = field(default_factory=time.monotonic)
    conn: Plain | Secure | None = None
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


class _OldLineGone(Exception):
    pass


class Line:
    """A line to one server: exchanges one after the other, over one connection while it lasts.

    ``connect_s`` bounds name, connection and TLS together; ``idle_s`` is how long nothing may move while a
    body travels; ``most_bytes`` is what one connection may carry out before the next is opened (0: any amount).
    One thread at a time; ``stop`` may be another's when the next one takes it over.
    """

    def __init__(
        self,
        route: Route,
        *,
        connect_s: float,
        idle_s: float,
        stop: Callable[[], bool],
        most_bytes: int = 0,
    ) -> None:
        self._route = route
        self._connect_s, self._idle_s, self._most_bytes = connect_s, idle_s, most_bytes
        self.stop = stop
        self._conn: Plain | Secure | None = None
        self._carried = 0
        self._idle_since = 0.0
        self._moved = Traffic()

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
        sent_headers = dict(headers)
        if method == "POST":
            sent_headers["Content-Length"] = str(length)
        call = _Call(method, path, sent_headers, body, length, wait_s, most)
        if self._conn is not None and not self._may_use(self._conn, call):
            self.close()
        if self._conn is not None and not self._is_fresh:
            with contextlib.suppress(_OldLineGone):
                return self._ask(replace(call, wait_s=min(wait_s, _GONE_S)), old=True)
        return self._ask(call)

    def _ask(self, call: _Call, *, old: bool = False) -> Response:
        exchange = _Exchange()
        worker = threading.Thread(target=self._work, args=(exchange, call), daemon=True)
        worker.start()
        left_at: float | None = None
        while not exchange.done.wait(_LOOK_S):
            if left_at is None:
                late = self._late(exchange, call.length, call.wait_s)
                if self.stop():
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
            if old and exchange.given_up is Fault.SLOW:
                raise _OldLineGone
            raise WireFault(exchange.given_up, began=began)
        if old and isinstance(exchange.problem, WireFault):
            raise _OldLineGone
        if exchange.problem is not None:
            raise exchange.problem
        assert exchange.response is not None
        return exchange.response

    @property
    def traffic(self) -> Traffic:
        """What went over this line until now, but for an exchange that is under way."""
        return self._moved

    @property
    def is_open(self) -> bool:
        """Whether a connection stands that the next question may use."""
        return self._conn is not None

    def close(self) -> None:
        """Hang up."""
        conn, self._conn = self._conn, None
        if conn is not None:
            hang_up(conn)

    def _late(self, exchange: _Exchange, length: int, wait_s: float) -> Fault | None:
        now = time.monotonic()
        if exchange.phase is _Phase.CONNECTING:
            return Fault.NO_ROUTE if now - exchange.began_at > self._connect_s else None
        if exchange.phase is _Phase.SENDING:
            crept = now - exchange.phase_at > self._idle_s + length / _SLOWEST
            return Fault.SLOW if crept or now - exchange.moved_at > self._idle_s else None
        return Fault.SLOW if now - exchange.phase_at > wait_s else None

    def _work(self, exchange: _Exchange, call: _Call) -> None:
        conn = self._idle_or_new()
        counted = traffic(conn)
        keep = False
        try:
            exchange.conn = conn
            if conn.sock is None:
                conn.connect()
            if exchange.given_up is not None:
                raise _GivenUp
            # From here on the watcher sets the pace; the socket's own limit only ends a thread that was left
            # behind.
            conn.timeout = max(call.wait_s, self._idle_s) + _LEAVE_S
            exchange.enter(_Phase.SENDING)
            self._carried += call.length + _HEAD_BYTES
            keep = self._converse(exchange, conn, call)
        except _GivenUp:
            pass
        except (OSError, http.client.HTTPException, HTTPError) as bad:
            began = exchange.phase is not _Phase.CONNECTING
            fault = Fault.CUT if began else self._route.fault(bad, conn)
            exchange.problem = WireFault(fault, began=began)
        except BaseException as bad:  # noqa: B902 - raised again in the caller's thread
            exchange.problem = bad
        finally:
            now = traffic(conn)
            self._moved += Traffic(max(0, now.sent - counted.sent), max(0, now.received - counted.received))
            if keep and exchange.given_up is None:
                self._conn, self._idle_since = conn, time.monotonic()
            else:
                hang_up(conn)
            exchange.done.set()

    def _converse(self, exchange: _Exchange, conn: Plain | Secure, call: _Call) -> bool:
        try:
            conn.request(
                call.method,
                self._route.target(call.path),
                body=_paced(exchange, call.body) if call.method == "POST" else None,
                headers={**call.headers, **self._route.more_headers()},
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
            fits = len(kept) <= call.most
        if isinstance(self._route.tls, Trust):
            self._route.tls.remember(conn.sock)
        exchange.response = Response(
            answer.status,
            {name.lower(): value for name, value in answer.headers.itermerged()},
            bytes(kept) if fits else b"",
            fits,
        )
        return (
            whole
            and fits
            and answer.headers.get("Connection", "").lower() != "close"
            and conn.sock is not None
        )

    @property
    def _is_fresh(self) -> bool:
        return time.monotonic() - self._idle_since < _FRESH_S

    def _may_use(self, conn: Plain | Secure, call: _Call) -> bool:
        if 0 < self._most_bytes < self._carried + call.length + _HEAD_BYTES:
            return False
        # What is to be read before we have asked is the other side's good-bye.
        if not conn.is_connected:
            return False
        rested = time.monotonic() - self._idle_since < _IDLE_KEPT_S
        return self._is_fresh or (call.method != "POST" and rested)

    def _idle_or_new(self) -> Plain | Secure:
        conn, self._conn = self._conn, None
        if conn is None:
            self._carried = 0
            conn = self._route.open(self._connect_s)
        return conn


def _paced(exchange: _Exchange, body: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in body:
        view = memoryview(chunk)
        for start in range(0, len(view), _SLICE):
            if exchange.given_up is not None:
                raise _GivenUp
            yield bytes(view[start : start + _SLICE])
            exchange.moved()
