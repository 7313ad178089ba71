"""What a slip printer of the tests feels and answers, however it is attached."""

from __future__ import annotations

REALTIME = b"\x10\x04"
LAST = b"\x1dr\x01"


class Brain:
    """A printer's sensors, and its answers to real-time questions, by the command reference."""

    def __init__(self) -> None:
        self.paper_out = False
        self.paper_ends_midway = False
        self.cover_open = False
        self.cutter_stuck = False
        self.near_end = False
        self.hot = False
        self.slow = False
        """Whether the paper takes longer than anybody waits for it."""

    def mend(self) -> None:
        """Put everything right."""
        self.paper_out = self.paper_ends_midway = self.cover_open = self.cutter_stuck = False
        self.hot = self.slow = False

    def reply(self, data: bytes, job: bytes | bytearray) -> bytes:
        """Return what it says to bytes that just came; ``job`` is all of this connection so far."""
        if self.paper_ends_midway and len(job) > 2000:
            self.paper_out = True
        # Like a printer, it takes a real-time question anywhere, also among the dots of a picture.
        said = b"".join(bytes((self._status(n),)) for n in range(1, 5) if REALTIME + bytes((n,)) in data)
        return said + (b"\x00" if data.endswith(LAST) and not (self.paper_out or self.slow) else b"")

    def _status(self, about: int) -> int:
        stopped = self.paper_out or self.cover_open or self.cutter_stuck or self.hot
        told = 0b0001_0010
        if about == 1:
            told |= 0x08 * stopped
        elif about == 2:
            told |= 0x04 * self.cover_open | 0x20 * self.paper_out | 0x40 * (self.cutter_stuck or self.hot)
        elif about == 3:
            told |= 0x08 * self.cutter_stuck | 0x40 * self.hot
        else:
            told |= 0x60 * self.paper_out | 0x0C * (self.near_end or self.paper_out)
        return told
