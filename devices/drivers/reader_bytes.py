"""What a code reader sends over a serial line, put together again: bytes in, whole codes out.

Keeps true: a code ends with CR, LF, or a silence; NUL is no part of one; one too long is dropped whole. A
reader that was seen to end its codes is held to it: what then breaks off in silence is half a code, and
dropped. Bytes that are no UTF-8 show as U+FFFD and are never guessed.
"""

from __future__ import annotations

LONGEST = 4_000


class Line:
    """Turns bytes into codes."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._too_long = False
        self._ends = False

    @property
    def begun(self) -> bool:
        """Whether part of a code has come."""
        return bool(self._held) or self._too_long

    def feed(self, content: bytes) -> list[str]:
        """Take bytes as they come; return the codes that they end."""
        found = []
        for byte in content:
            if byte in b"\r\n":
                self._ends = self._ends or self.begun
                text = self._taken()
                if text:
                    found.append(text)
            elif byte and not self._too_long:
                self._held.append(byte)
                if len(self._held) > LONGEST:
                    self._held.clear()
                    self._too_long = True
        return found

    def silence(self) -> str | None:
        """Return what has come as a code when nothing more does; None for half a code and for nothing."""
        text = self._taken()
        return None if self._ends else text

    def drop(self) -> None:
        """Forget what has come: the cable was pulled."""
        self._taken()

    def _taken(self) -> str | None:
        held, too_long = bytes(self._held), self._too_long
        self._held.clear()
        self._too_long = False
        return None if too_long or not held.strip() else held.decode("utf-8", "replace")
