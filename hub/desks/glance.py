"""Polled pages, answered again within a second without asking any room: in front of the whole application.

Keeps true: what is held is given only to who asks for the very same address in the same language, never longer
than a second, and never after any process has committed anything to the database meanwhile. It holds only what
``shell.polled`` has marked as the same for everyone: never a page of somebody signed in, never one that sets a
cookie; and who carries the mark of a sign-in is always led past it.
"""

from __future__ import annotations

import re
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from hub.base import db
from hub.base.errors import HubError
from hub.base.house import House

MARK = "hub.glance"
"""Set in the WSGI environment of a request whose answer may be held."""

STAFF_COOKIE = "on_duty"
"""A cookie that says nothing but that somebody has signed in here; it opens no door."""

HOLD_S = 1.0
_LANGUAGE = re.compile(r"(?:^|;\s*)lang=(\w{2})(?:;|$)")
_MOST = 256
_Headers = list[tuple[str, str]]
_Key = tuple[str, str, str, bool]


@dataclass(frozen=True, slots=True)
class _Held:
    """An answer; ``body`` is None when only its ETag was asked for."""

    tag: str
    headers: _Headers
    bare: _Headers
    body: bytes | None
    version: int
    until: float


class Glances:
    """A WSGI application that stands in front of another one."""

    def __init__(self, application: Callable[..., Iterable[bytes]], house: House) -> None:
        self._application = application
        self._house = house
        self._conn: sqlite3.Connection | None = None
        self._held: OrderedDict[_Key, _Held] = OrderedDict()
        self._lock = Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        cookies = environ.get("HTTP_COOKIE", "")
        if environ["REQUEST_METHOD"] != "GET" or STAFF_COOKIE in cookies:
            return self._application(environ, start_response)
        now = self._house.clock.read()
        told = _LANGUAGE.search(cookies)
        language = told[1] if told else ""
        key = (environ["PATH_INFO"], environ.get("QUERY_STRING", ""), language, now.trusted)
        held = self._held.get(key)
        if held is not None and now.mono < held.until and self._version() == held.version:
            asked = environ.get("HTTP_IF_NONE_MATCH", "")
            if held.tag in [one.strip().removeprefix("W/") for one in asked.split(",")]:
                start_response("304 NOT MODIFIED", list(held.bare))
                return []
            if held.body is not None:
                start_response("200 OK", list(held.headers))
                return [held.body]
        return self._ask(key, now.mono + HOLD_S, environ, start_response)

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            self._held.clear()
            if self._conn is not None:
                self._conn.close()
                self._conn = None

    def _ask(
        self, key: _Key, until: float, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        # Read before the page is: what is committed while it is drawn makes it old at once.
        version = self._version()
        told: list[Any] = []

        def note(status: str, headers: _Headers, *rest: Any) -> Any:
            told[:] = status, headers
            return start_response(status, headers, *rest)

        answer = self._application(environ, note)
        if version is None or not environ.get(MARK) or not told[0].startswith(("200", "304")):
            return answer
        names = {name.lower(): value for name, value in told[1]}
        if "set-cookie" in names or "etag" not in names:
            return answer
        try:
            body = b"".join(answer)
        finally:
            getattr(answer, "close", lambda: None)()
        fresh = told[0].startswith("200")
        bare = [pair for pair in told[1] if pair[0].lower() not in ("content-length", "content-type")]
        held = _Held(names["etag"], told[1], bare, body if fresh else None, version, until)
        with self._lock:
            self._held[key] = held
            self._held.move_to_end(key)
            while len(self._held) > _MOST:
                self._held.popitem(last=False)
        return [body]

    def _version(self) -> int | None:
        with self._lock:
            try:
                if self._conn is None:
                    self._conn = self._house.connect()
                return db.changed(self._conn)
            except (HubError, sqlite3.Error):
                return None
