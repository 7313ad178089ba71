"""Servers for tests, all on loopback: the practice office as it is served, a stranger who misbehaves to order."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hub.practice_office import keys
from hub.practice_office.app import create_office
from hub.practice_office.forms import register_form
from hub.practice_office.line import Front
from tests.post import parcels

ENVELOPE = (
    b'<OpenRosaResponse xmlns="http://openrosa.org/http/response"><message>'
    b"full submission upload was successful!</message></OpenRosaResponse>"
)


@dataclass(frozen=True)
class Office:
    """A practice office that listens."""

    url: str
    folder: Path
    token_file: str

    @property
    def public_key(self) -> str:
        return keys.public_key_base64(self.folder)


@contextlib.contextmanager
def practice_office(folder: Path, *, port: int = 0, register: bool = True) -> Iterator[Office]:
    """Run the practice office while the block runs."""
    app = create_office(folder, secret=b"only for this test" * 2)
    if register:
        register_form(folder, parcels.form_xml())
    front = Front(app, folder, "127.0.0.1", port)
    thread = threading.Thread(target=front.run, daemon=True)
    thread.start()
    try:
        yield Office(f"http://127.0.0.1:{front.port}", folder, str(keys.token_path(folder)))
    finally:
        front.close()
        thread.join(5)


@dataclass
class Request:
    """A request as a stranger saw it; ``body`` is empty until ``read_body``."""

    method: str
    path: str
    headers: dict[str, str]
    sock: socket.socket
    early: bytes
    body: bytes = b""

    def read_body(self, most: int | None = None) -> bytes:
        """Read the body, or its first ``most`` bytes."""
        length = int(self.headers.get("content-length", "0"))
        wanted = length if most is None else min(most, length)
        got = bytearray(self.early)
        while len(got) < wanted:
            part = self.sock.recv(65536)
            if not part:
                break
            got += part
        self.body = bytes(got)
        return self.body

    def reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Send a whole answer."""
        self.sock.sendall(head(status, len(body), headers) + (b"" if self.method == "HEAD" else body))


def head(status: int, length: int, headers: dict[str, str] | None = None) -> bytes:
    """The lines before an answer's body."""
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return f"HTTP/1.1 {status} So\r\nContent-Length: {length}\r\n{more}Connection: close\r\n\r\n".encode()


Behaviour = Callable[[Request], None]


def door_open(request: Request) -> None:
    """A HEAD that an OpenRosa server would give."""
    request.reply(204, headers={"X-OpenRosa-Accept-Content-Length": "100000000"})


@dataclass
class Stranger:
    """Answers HEAD with ``door``, POST with the next of ``posts`` (the last for ever), GET with ``gets``."""

    posts: list[Behaviour] = field(default_factory=list)
    door: Behaviour = door_open
    gets: Behaviour = lambda request: request.reply(404)
    seen: list[Request] = field(default_factory=list)
    url: str = ""
    ending: threading.Event = field(default_factory=threading.Event)

    @property
    def posted(self) -> list[Request]:
        return [request for request in self.seen if request.method == "POST"]

    def answer(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            sock.settimeout(20)
            got = b""
            while b"\r\n\r\n" not in got:
                part = sock.recv(65536)
                if not part:
                    return
                got += part
            lines, _, early = got.partition(b"\r\n\r\n")
            first, *rest = lines.decode("latin-1").split("\r\n")
            method, path, _ = first.split(" ", 2)
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)
            }
            request = Request(method, path, headers, sock, early)
            self.seen.append(request)
            if method == "HEAD":
                self.door(request)
            elif method == "GET":
                self.gets(request)
            else:
                number = len(self.posted) - 1
                self.posts[min(number, len(self.posts) - 1)](request)

    def linger(self, seconds: float) -> None:
        """Hold a connection open without a word, at most this long."""
        self.ending.wait(seconds)


@contextlib.contextmanager
def stranger(
    *posts: Behaviour, door: Behaviour = door_open, gets: Behaviour | None = None
) -> Iterator[Stranger]:
    """Run a stranger on loopback while the block runs."""
    who = Stranger(list(posts), door)
    if gets is not None:
        who.gets = gets
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        who.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def accept() -> None:
            while not who.ending.is_set():
                with contextlib.suppress(TimeoutError):
                    sock, _ = listener.accept()
                    threading.Thread(target=who.answer, args=(sock,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield who
        finally:
            who.ending.set()
            thread.join(5)


def done(request: Request) -> None:
    """Take the body and say that it is there."""
    request.read_body()
    request.reply(201, ENVELOPE, {"Content-Type": "text/xml"})


def says(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Behaviour:
    """Take the body and answer so."""

    def behave(request: Request) -> None:
        request.read_body()
        request.reply(status, body, headers)

    return behave


def until(what: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something; fail after ``seconds``."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)
