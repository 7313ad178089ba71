"""Who dies at which moment of an exchange: the office's own end of the wire, with somebody in it who kills."""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.practice_office import line
from hub.practice_office.faults import Fault, Manner
from tests.relay.cells import Killed

# What the moment of a death can be, by what happens in the exchange; the answer's own columns only know those in which
# a byte of it leaves.
MOMENTS = {
    Manner.WHOLE: ("head", "body", "taken", "answer", "answered"),
    Manner.EARLY: ("head", "answer", "answered"),
    Manner.BEFORE: ("head", "cut"),
    Manner.BODY: ("head", "body", "cut"),
    Manner.AFTER: ("head", "body", "taken", "cut"),
    Manner.ANSWER: ("answer", "cut"),
}


@dataclass
class Death:
    """Who dies at which moment of which sending; ``share`` is how far into body or answer, ``delay_s`` after it."""

    who: Killed
    moment: str
    sending: int
    share: float
    delay_s: float


class Shared:
    """Two numbers that all processes see: whether the death has happened, and how many sendings came."""

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, 8)

    def clear(self) -> None:
        """Begin a run."""
        self._map[:8] = struct.pack("ii", 0, 0)

    @property
    def dead(self) -> bool:
        """Whether it has happened."""
        return bool(struct.unpack("ii", self._map[:8])[0])

    def die(self) -> None:
        """Note that it happens now."""
        self._map[:4] = struct.pack("i", 1)

    def came(self) -> int:
        """Count a sending and return its number."""
        count = int(struct.unpack("ii", self._map[:8])[1]) + 1
        self._map[4:8] = struct.pack("i", count)
        return count


class Watched(line.Exchange):
    """The office's exchange, with somebody who kills at a moment."""

    death: Death | None = None
    victim: int = -1
    shared: Shared
    busy: set[int] = set()
    _number = 0
    _body_read = 0

    def setup(self) -> None:
        super().setup()
        self.rfile = _Reading(self.rfile, self._read_some)  # type: ignore[assignment]

    def serve(self) -> None:
        self.busy.add(threading.get_ident())
        try:
            super().serve()
        finally:
            self.busy.discard(threading.get_ident())

    do_GET = do_HEAD = do_POST = serve

    def take_in(self, fault: Fault, noted: Any) -> Any:
        self._number = self._body_read = 0
        if self.command == "POST":
            self._number = self.shared.came()
            self._at("head")
        reply = super().take_in(fault, noted)
        self._at("taken")
        return reply

    def _read_some(self, count: int) -> None:
        self._body_read += count
        whole = int(self.headers.get("Content-Length", "0") if hasattr(self, "headers") else "0")
        if self.death is not None and self._number and self._body_read >= self.death.share * whole:
            self._at("body")

    def _send(self, fault: Fault, whole: bytes, paced: bool) -> None:
        if self._due("answer"):
            assert self.death is not None
            place = max(1, int(self.death.share * (len(whole) - 1)))
            if fault.manner is Manner.ANSWER:
                place = min(place, fault.byte)
            self.connection.sendall(whole[:place])
            self._at("answer")
            whole = whole[place:]
            fault = Fault(manner=Manner.ANSWER, byte=0) if fault.manner is Manner.ANSWER else fault
        super()._send(fault, whole, paced)
        self._at("answered")

    def hang_up(self) -> None:
        super().hang_up()
        self._at("cut")

    def _due(self, moment: str) -> bool:
        death = self.death
        return bool(
            death and self._number >= death.sending and death.moment == moment and not self.shared.dead
        )

    def _at(self, moment: str) -> None:
        if not self._number or not self._due(moment):
            return
        assert self.death is not None
        if moment in ("answered", "cut"):
            time.sleep(self.death.delay_s)
        self.shared.die()
        if self.death.who is Killed.OFFICE:
            os.kill(os.getpid(), signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.victim, signal.SIGKILL)


class _Reading:
    """A stream that tells how much was read from it as a body."""

    def __init__(self, stream: Any, told: Callable[[int], None]) -> None:
        self._stream, self._told = stream, told

    def read1(self, most: int = -1) -> bytes:
        found: bytes = self._stream.read1(most)
        self._told(len(found))
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
