"""A process that is forked from a warm one, does what it is told, and may be killed at any moment."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any


class Actor:
    """A forked process that does what it is told, until it is killed."""

    def __init__(self, name: str, work: Callable[[Actor], None], others: list[Actor]) -> None:
        self.name = name
        mine, theirs = socket.socketpair()
        self.pid = os.fork()
        self._socket, self._heard, self._code = mine, b"", None
        if self.pid == 0:
            code = 1
            try:
                mine.close()
                for other in others:
                    other._socket.close()
                self._socket = theirs
                work(self)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        theirs.close()

    def tell(self, order: dict[str, Any]) -> None:
        """Give an order."""
        with contextlib.suppress(OSError):
            self._socket.sendall(json.dumps(order).encode() + b"\n")

    def hear(self, seconds: float) -> str | None:
        """Return what it says next, or None when it was killed; fails after ``seconds``."""
        self._socket.settimeout(seconds)
        while b"\n" not in self._heard:
            try:
                part = self._socket.recv(4096)
            except ConnectionResetError:
                part = b""
            if not part:
                self._reap(os.waitpid(self.pid, 0)[1])
                return None
            self._heard += part
        said, _, self._heard = self._heard.partition(b"\n")
        return said.decode()

    def is_dead(self) -> bool:
        """Return whether it was killed; fails when it ended by itself."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._reap(status)
        return self._code is not None

    def _reap(self, status: int) -> None:
        self._code = status
        self._socket.close()
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, f"{self.name} fell: {status}"

    def end(self) -> None:
        """Kill it, if it is alive."""
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)
            self._reap(os.waitpid(self.pid, 0)[1])

    def order(self) -> dict[str, Any]:
        """In the child: wait for the next order; ends the process with its parent."""
        while b"\n" not in self._heard:
            part = self._socket.recv(65536)
            if not part:
                os._exit(0)
            self._heard += part
        line_, _, self._heard = self._heard.partition(b"\n")
        told: dict[str, Any] = json.loads(line_)
        return told

    def say(self, words: str) -> None:
        """In the child: answer."""
        self._socket.sendall(words.encode() + b"\n")
