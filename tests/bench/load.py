"""A small load generator in a process of its own: keep-alive connections, one request in flight on each.

``python -m tests.bench.load PORT PATH SECONDS CONNECTIONS STATUS [ETAG [anew]]`` prints one line of JSON. It
reads whole answers by their length, counts them, and fails on any status but the one expected; a page that
has changed meanwhile is asked for by its new ETag, as a browser would.
"""

from __future__ import annotations

import contextlib
import json
import re
import selectors
import socket
import sys
import time

_TAG = re.compile(rb'\r\netag: *("[^"]+")', re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def request(path: str, etag: str, visitor: int = 0) -> bytes:
    """Return the request; each ``visitor`` but 0 sends a cookie of its own."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Accept-Encoding: gzip"]
    lines += [f"If-None-Match: {etag}"] if etag else []
    lines += [f"Cookie: seen={visitor}"] if visitor else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def run(
    port: int,
    path: str,
    seconds: float,
    connections: int,
    status: int,
    etag: str = "",
    anew: str = "",
) -> dict[str, float]:
    """Ask for ``seconds`` and return how many answers came, in how long, and how many bytes each had.

    With ``anew`` every request comes from another visitor, so that nothing in front of the pages can answer.
    """
    sent, expected = request(path, etag), b"HTTP/1.1 %d " % status
    told = {"answers": 0, "bytes": 0}
    with contextlib.ExitStack() as open_ones:
        chooser = open_ones.enter_context(selectors.DefaultSelector())
        waiting: dict[socket.socket, bytearray] = {}
        for _ in range(connections):
            sock = open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            waiting[sock] = bytearray()
            chooser.register(sock, selectors.EVENT_READ)
        began = time.perf_counter()
        until = began + seconds
        for sock in waiting:
            sock.sendall(sent)
        while time.perf_counter() < until:
            for key, _ in chooser.select(1.0):
                sock = key.fileobj  # type: ignore[assignment]
                data, got = sock.recv(65536), waiting[sock]
                if not data:
                    raise SystemExit("the server closed a connection")
                got += data
                size = _whole(got, (expected, b"HTTP/1.1 200 ") if etag else (expected,))
                if size:
                    if etag and not got.startswith(expected):
                        etag = _tag(got)
                        sent = request(path, etag)
                    told["answers"] += 1
                    if anew:
                        sent = request(path, etag, told["answers"])
                    told["bytes"] = size
                    got.clear()
                    sock.sendall(sent)
        took = time.perf_counter() - began
    return {"answers": told["answers"], "seconds": took, "bytes": told["bytes"]}


def _tag(got: bytearray) -> str:
    found = _TAG.search(got)
    if found is None:
        raise SystemExit("a page has no ETag")
    return found[1].decode("ascii")


def _whole(got: bytearray, expected: tuple[bytes, ...]) -> int:
    head = got.find(b"\r\n\r\n")
    if head < 0:
        return 0
    if not got.startswith(expected):
        raise SystemExit(f"an answer begins with {bytes(got[:60])!r}")
    length = _LENGTH.search(got, 0, head + 2)
    bare = got.startswith((b"HTTP/1.1 304", b"HTTP/1.1 204"))
    if length is None and not bare:
        raise SystemExit("an answer has no length")
    size = head + 4 + (int(length[1]) if length and not bare else 0)
    return size if len(got) >= size else 0


def main() -> None:
    port, path, seconds, connections, status, *etag = sys.argv[1:]
    found = run(int(port), path, float(seconds), int(connections), int(status), *etag)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
