"""The line to the office as a wire in a test's hand: it can be cut, also in the middle of a sending."""

from __future__ import annotations

import socket
import threading
from types import TracebackType


class Line:
    """Forwards TCP from ``port`` on 127.0.0.1 to ``office``; waits are bounded, threads end with the block."""

    def __init__(self, office: int) -> None:
        self._office = office
        self._up = True
        self._cut_after: int | None = None
        self.carried = 0
        """Bytes that went towards the office."""
        self.cuts = 0
        """How often a sending was cut in its middle."""
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._wires: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.05)
        self.port: int = self._server.getsockname()[1]
        self._start(self._listen)

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, bad: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._server.close()
        self._drop()
        for thread in self._threads:
            thread.join(3)
            assert not thread.is_alive()

    def cut(self) -> None:
        """Take the line away: what is open breaks, what comes is refused."""
        self._up = False
        self._drop()

    def restore(self) -> None:
        """Give the line back."""
        with self._lock:
            self._cut_after = None
        self._up = True

    def cut_in_a_sending(self, after: int) -> None:
        """Give the line back, and take it away once more than ``after`` bytes of one connection went out."""
        with self._lock:
            self._cut_after = after
        self._up = True

    def _start(self, work: object, *values: object) -> None:
        thread = threading.Thread(target=work, args=values, daemon=True)  # type: ignore[arg-type]
        thread.start()
        self._threads.append(thread)

    def _listen(self) -> None:
        while not self._ending.is_set():
            try:
                near, _ = self._server.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            far = self._reach() if self._up else None
            if far is None:
                near.close()
                continue
            self._wires |= {near, far}
            self._start(self._carry, near, far, True)
            self._start(self._carry, far, near, False)

    def _reach(self) -> socket.socket | None:
        try:
            return socket.create_connection(("127.0.0.1", self._office), timeout=2)
        except OSError:
            return None

    def _carry(self, here: socket.socket, there: socket.socket, out: bool) -> None:
        sent = 0
        try:
            here.settimeout(0.1)
            while not self._ending.is_set():
                try:
                    data = here.recv(4096)
                except TimeoutError:
                    continue
                if not data:
                    break
                if out:
                    sent += len(data)
                    self.carried += len(data)
                    if self._snaps(sent):
                        break
                there.sendall(data)
        except OSError:
            pass
        finally:
            self._wires -= {here, there}
            for wire in (here, there):
                wire.close()

    def _snaps(self, sent: int) -> bool:
        with self._lock:
            if self._cut_after is None or sent <= self._cut_after:
                return False
            self._cut_after = None
            self.cuts += 1
        self._up = False
        return True

    def _drop(self) -> None:
        for wire in list(self._wires):
            try:
                wire.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
