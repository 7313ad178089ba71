"""The server under the pages: a screen that polls keeps its one connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from waitress import wasyncore

from hub.cli import serving


def _app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    status = environ["PATH_INFO"].strip("/")
    if status.startswith("field"):
        raise RuntimeError("it broke off")
    if status == "200":
        start_response("200 OK", [("Content-Length", "4")])
        return [b"page"]
    start_response(f"{status} SAYS", [("ETag", '"one"')])
    return []


@contextmanager
def listening() -> Iterator[int]:
    server = serving.server(_app, host="127.0.0.1", port=0, threads=2, map={})
    thread = threading.Thread(target=_serve, args=(server,), daemon=True)
    thread.start()
    try:
        yield server.effective_port
    finally:
        server.task_dispatcher.shutdown()
        wasyncore.close_all(server._map)
        thread.join(5)


def _serve(server: Any) -> None:
    try:
        server.run()
    except (OSError, ValueError, KeyError):
        # Closing the map under waitress's loop is how its own tests end it.
        pass


def _asked(port: int, *requests: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
        got = b""
        for request in requests:
            wire.sendall(request)
            try:
                got += _one(wire)
            except ConnectionError:
                return got + b"CLOSED"
        return got


def _one(wire: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got or (got.startswith(b"HTTP/1.1 200") and not got.endswith(b"page")):
        data = wire.recv(4096)
        if not data:
            raise ConnectionError
        got += data
    return got


def _get(status: int, *headers: bytes, version: bytes = b"1.1") -> bytes:
    return b"\r\n".join([b"GET /%d HTTP/%s" % (status, version), b"Host: x", *headers, b"", b""])


def test_after_a_304_the_same_connection_is_asked_again() -> None:
    with listening() as port:
        got = _asked(port, _get(304), _get(304), _get(200), _get(304))
    assert got.count(b"HTTP/1.1 304") == 3 and got.count(b"page") == 1 and b"CLOSED" not in got
    assert b"Connection: close" not in got


@pytest.mark.parametrize(
    "first",
    [_get(304, b"Connection: close"), _get(204), _get(304, version=b"1.0")],
    ids=["asked", "204", "1.0"],
)
def test_everything_else_is_closed_as_waitress_does(first: bytes) -> None:
    with listening() as port:
        assert _asked(port, first, _get(200)).endswith(b"CLOSED")


def test_a_telephones_key_stands_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with listening() as port, socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
        wire.sendall(
            b"GET /field/key/rat-bi-mat_4471/formList HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        while wire.recv(4096):
            pass
    assert "/field/key/-/formList" in caplog.text and "rat-bi-mat" not in caplog.text
