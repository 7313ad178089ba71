"""A multipart body whose length is known before its first byte, and which is never whole in memory."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from hub.post.transports.carrier import Source


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its bytes and its media type; part name and file name are both ``source.name``."""

    source: Source
    media_type: str
    file_name: str

    def head(self, boundary: str) -> bytes:
        """Return the lines before the bytes."""
        return (
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="{self.source.name}"; filename="{self.file_name}"\r\n'
            f"Content-Type: {self.media_type}\r\n\r\n"
        ).encode("ascii")


def boundary() -> str:
    """Return 40 characters that no sealed byte stream will contain."""
    return "house-" + secrets.token_hex(17)


def length(parts: tuple[Part, ...], mark: str) -> int:
    """Return the number of bytes that ``stream`` yields."""
    return sum(len(part.head(mark)) + part.source.size + 2 for part in parts) + len(mark) + 6


def stream(parts: tuple[Part, ...], mark: str) -> Iterator[bytes]:
    """Yield the body, chunk by chunk."""
    for part in parts:
        yield part.head(mark)
        yield from part.source.chunks()
        yield b"\r\n"
    yield f"--{mark}--\r\n".encode("ascii")
