"""A printer at the other end of a serial line: a pseudo-terminal of this machine.

Its thread ends with ``close``; every wait is bounded.
"""

from __future__ import annotations

import os
import threading
import time
import tty

from tests.contract.brain import Brain
from tests.contract.escpos_reader import Reader
from tests.contract.paper import trimmed


class Line(Brain):
    """Keeps all it was sent in ``received``; ``name`` is its device file."""

    def __init__(self, answers: bool = True) -> None:
        super().__init__()
        self.received = bytearray()
        self._answers = answers
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.name = os.ttyname(self._theirs)
        os.set_blocking(self._ours, False)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def papers(self, width: int, count: int = 1) -> list[list[tuple[bool, ...]]]:
        """Return the rows of each paper that was cut, once ``count`` of them have arrived."""
        until = time.monotonic() + 3
        while self.received.count(b"\x1dV\x01") < count and time.monotonic() < until:
            time.sleep(0.005)
        return [trimmed(list(paper.rows)) for paper in Reader(width).read(bytes(self.received)).papers]

    def settle(self) -> None:
        """Wait until nothing has come for a tenth of a second."""
        until, seen, since = time.monotonic() + 3, -1, 0.0
        while (now := time.monotonic()) < until and now - since < 0.1:
            if len(self.received) != seen:
                seen, since = len(self.received), now
            time.sleep(0.01)

    def close(self) -> None:
        """End its thread and the line."""
        self._ending.set()
        self._thread.join(timeout=3)
        assert not self._thread.is_alive()
        os.close(self._ours)
        os.close(self._theirs)

    def _serve(self) -> None:
        while not self._ending.is_set():
            try:
                data = os.read(self._ours, 65536)
            except OSError:
                time.sleep(0.002)
                continue
            self.received += data
            if self._answers and (said := self.reply(data, self.received)):
                os.write(self._ours, said)
