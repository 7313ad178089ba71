"""The body of a request, read from the wire: by length or in chunks, bounded in size and in time.

Keeps true: it is whole or it is not given on; who lets it creep is left after the time that Central was seen to
wait. It never keeps reading for who has gone.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from email.message import Message
from io import BufferedIOBase
from typing import Any

MOST_BYTES = 128 * 1024 * 1024
LONGEST_S = 330.0
SLICE = 16 * 1024
_MOST_LINE, _MOST_TRAILERS, _MOST_DIGITS = 1024, 100, 18


class Broken(Exception):
    """It ended too early, was cut on purpose, or is no body."""


class TooLong(Exception):
    """It is larger than anything that is taken."""


class TooLate(Exception):
    """It crept."""


class Wire(io.RawIOBase):
    """What comes in from a peer, each piece within ``idle_s``, and after ``until`` nothing more, however little it
    still says each minute."""

    def __init__(self, connection: socket.socket, idle_s: float) -> None:
        self._connection, self._idle_s = connection, idle_s
        self.until = time.monotonic() + idle_s

    def readable(self) -> bool:
        """Say that it is read from."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Take what comes; raises ``TimeoutError``."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(min(self._idle_s, left))
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(self._idle_s)


def read(
    stream: BufferedIOBase,
    headers: Message,
    *,
    cut_at: int | None = None,
    carry: Callable[[int], None] | None = None,
    slice_bytes: int = SLICE,
    longest_s: float = LONGEST_S,
) -> bytes:
    """Return the whole body, read in pieces of ``slice_bytes`` at most. ``cut_at`` breaks it off at a byte, ``carry``
    is called with each piece's length.

    Raises ``Broken``, ``TooLong``, ``TooLate`` after ``longest_s``.
    """
    reader = _Reader(stream, cut_at, carry, slice_bytes, time.monotonic() + longest_s)
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return reader.chunked()
    stated = headers.get("Content-Length", "0")
    if not (stated.isascii() and stated.isdigit()) or len(stated) > _MOST_DIGITS:
        raise Broken
    return reader.exactly(int(stated))


class _Reader:
    def __init__(
        self,
        stream: BufferedIOBase,
        cut_at: int | None,
        carry: Callable[[int], None] | None,
        slice_bytes: int,
        until: float,
    ) -> None:
        self._stream, self._cut_at, self._carry, self._until = stream, cut_at, carry, until
        self._slice = slice_bytes
        self._came = 0

    def exactly(self, count: int) -> bytes:
        if self._came + count > MOST_BYTES:
            raise TooLong
        got = bytearray()
        while len(got) < count:
            got += self._some(min(self._slice, count - len(got)))
        return bytes(got)

    def chunked(self) -> bytes:
        whole = bytearray()
        while True:
            line = self._line()
            try:
                size = int(line.partition(b";")[0].strip(), 16)
            except ValueError:
                raise Broken from None
            if size < 0:
                raise Broken
            if size == 0:
                # Trailers end with an empty line.
                for _ in range(_MOST_TRAILERS):
                    if not self._line().strip():
                        return bytes(whole)
                raise Broken
            whole += self.exactly(size)
            if self._line().strip():
                raise Broken

    def _line(self) -> bytes:
        self._in_time()
        try:
            return self._stream.readline(_MOST_LINE)
        except TimeoutError:
            raise TooLate from None

    def _in_time(self) -> None:
        if time.monotonic() > self._until:
            raise TooLate

    def _some(self, most: int) -> bytes:
        if self._cut_at is not None:
            most = min(most, self._cut_at - self._came)
            if most <= 0:
                raise Broken
        self._in_time()
        try:
            part = self._stream.read1(most)
        except TimeoutError:
            raise TooLate from None
        if not part:
            raise Broken
        self._came += len(part)
        if self._carry is not None:
            self._carry(len(part))
        return bytes(part)
