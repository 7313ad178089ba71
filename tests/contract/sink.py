"""A printer on a TCP port of this machine: it answers, stays silent or closes, as it is told.

Every wait is bounded and its threads end with ``close``.
"""

from __future__ import annotations

import socket
import threading
import time
from enum import StrEnum
from types import TracebackType

from tests.contract.brain import Brain


class Manner(StrEnum):
    """How the sink treats a connection."""

    ANSWERS = "answers"
    SILENT = "silent"
    CLOSES = "closes"
    STOPS_READING = "stops_reading"
    CLOSES_WHEN_ASKED = "closes_when_asked"
    CLOSES_MIDWAY = "closes_midway"
    HALF_CLOSES_MIDWAY = "half_closes_midway"
    SLOW = "slow"
    LIES = "lies"
    BABBLES = "babbles"


class Sink(Brain):
    """Listens on 127.0.0.1; ``jobs`` holds the bytes of each connection, in order."""

    def __init__(self, manner: Manner = Manner.ANSWERS) -> None:
        super().__init__()
        self.manner = manner
        self.jobs: list[bytearray] = []
        self.first_byte_at: float | None = None
        self._ending = threading.Event()
        self._open: set[socket.socket] = set()
        self._server: socket.socket | None = None
        self._threads: list[threading.Thread] = []
        self.port = 0
        self.plug_in()

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def plug_in(self) -> None:
        """Listen (again) on the same port."""
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A small buffer, as printers have one: a sink that stops reading is noticed.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.bind(("127.0.0.1", self.port))
        server.listen(4)
        server.settimeout(0.05)
        self.port = server.getsockname()[1]
        self._server = server
        thread = threading.Thread(target=self._listen, args=(server,))
        thread.start()
        self._threads.append(thread)

    def pull_cable(self) -> None:
        """Stop listening: connections are refused."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def close(self) -> None:
        """End everything."""
        self._ending.set()
        self.pull_cable()
        for connection in list(self._open):
            connection.close()
        for thread in self._threads:
            thread.join(timeout=3)
            assert not thread.is_alive()

    def printed(self) -> list[bytes]:
        """Return the bytes of the connections that carried more than questions, once they have arrived."""
        until = time.monotonic() + 3
        while self._open and time.monotonic() < until:
            time.sleep(0.005)
        return [bytes(job) for job in self.jobs if b"\x1b@" in job]

    def _listen(self, server: socket.socket) -> None:
        while not self._ending.is_set() and self._server is server:
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self._open.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            thread.start()
            self._threads.append(thread)

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.manner is Manner.CLOSES:
                return
            job, closed = bytearray(), False
            self.jobs.append(job)
            connection.settimeout(0.05)
            while not self._ending.is_set():
                if self.manner is Manner.STOPS_READING and b"\x1b@" in job:
                    self._ending.wait(0.05)
                    continue
                try:
                    data = connection.recv(512)
                except TimeoutError:
                    continue
                except OSError:
                    return
                if not data:
                    return
                self.first_byte_at = self.first_byte_at or time.monotonic()
                job += data
                if self.manner is Manner.CLOSES_WHEN_ASKED:
                    return
                if self.manner is Manner.CLOSES_MIDWAY and b"\x1b@" in job:
                    # Closing on unread bytes makes the kernel send a reset, as a printer switched off does.
                    time.sleep(0.05)
                    return
                if self.manner is Manner.HALF_CLOSES_MIDWAY and b"\x1b@" in job and not closed:
                    # It still takes what comes, but will never say anything again.
                    connection.shutdown(socket.SHUT_WR)
                    closed = True
                if self.manner is Manner.SLOW:
                    time.sleep(0.004)
                if self.manner is Manner.LIES:
                    # Whatever it is asked, whatever lies in it: the paper is out.
                    connection.sendall(b"\x72" * data.count(b"\x10\x04"))
                elif self.manner is Manner.BABBLES:
                    connection.sendall(b"\xff\x00\x80")
                elif self.manner in (Manner.ANSWERS, Manner.SLOW, Manner.HALF_CLOSES_MIDWAY) and not closed:
                    self._answer(connection, data, job)
        finally:
            self._open.discard(connection)
            connection.close()

    def _answer(self, connection: socket.socket, data: bytes, job: bytearray) -> None:
        connection.sendall(self.reply(data, job))
