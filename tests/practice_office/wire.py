"""A phone that says exactly what a test wants, byte by byte, and reads whatever comes back."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from hub.practice_office import keys
from tests.post.servers import Office


@dataclass
class Phone:
    """One connection to an office."""

    sock: socket.socket

    def say(self, words: bytes) -> None:
        """Send bytes."""
        self.sock.sendall(words)

    def hear(self) -> bytes:
        """Return all that comes until the office hangs up; a reset is an end too."""
        heard = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while part := self.sock.recv(65536):
                heard += part
        return bytes(heard)

    def hear_one(self) -> tuple[int, dict[str, str], bytes]:
        """Return one whole answer: status, headers by lower-case name, body."""
        heard = b""
        while b"\r\n\r\n" not in heard:
            part = self.sock.recv(65536)
            assert part, heard
            heard += part
        head, _, body = heard.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
        while len(body) < int(headers.get("content-length", "0")):
            part = self.sock.recv(65536)
            assert part, "the answer ends too early"
            body += part
        return int(first.split(" ")[1]), headers, body


@contextlib.contextmanager
def phone(office: Office) -> Iterator[Phone]:
    """Ring the office up."""
    parts = urlsplit(office.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as sock:
        yield Phone(sock)


def request(
    office: Office,
    body: bytes,
    content_type: str,
    *,
    path: str = "/v1/projects/1/submission",
    length: int | None = None,
    headers: tuple[str, ...] = (),
) -> bytes:
    """Return a POST as it goes over the wire."""
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: office",
        f"Authorization: Bearer {keys.token(office.folder)}",
        "X-OpenRosa-Version: 1.0",
        f"Content-Type: {content_type}",
        *headers,
        f"Content-Length: {len(body) if length is None else length}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
