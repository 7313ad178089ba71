"""A publisher, a web server that can be made to lie, and a village that fetches from it."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import sqlite3
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from hub.base import db, migrate
from hub.packs import fetch, install, manifest, offers, publish, publish_keys, shelf
from hub.packs.fetch_wire import Folder, Leave, Pace, Source, Web
from hub.packs.publish_keys import Key, Role
from hub.packs.publish_lists import Terms
from tests.fakes import FakeClock
from tests.shelves import PAGES

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
"""When things are signed; the village's clock stands at the same morning."""


def pack(folder: Path, version: str = "2026.11.1", **files: bytes) -> Path:
    """Write a sealed pack "small" of one page and ``files`` (by name, dots for underscores)."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "lessons" / "thu").mkdir(parents=True)
    (folder / "manifest.toml").write_text(
        f'name = "small"\nversion = "{version}"\nas_of = "2026-11-21"\nlicence = "CC0-1.0"\nlanguages = ["vi"]\n'
        '[title]\nvi = "Gói nhỏ"\nen = "A small pack"\n',
        encoding="utf-8",
    )
    (folder / "lessons" / "thu" / "mot.vi.md").write_text(
        f'+++\ntitle = "Một"\nas_of = 2026-11-21\n+++\n\n## Phần một\n\nBản {version}.\n', encoding="utf-8"
    )
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    manifest.seal(folder)
    return folder


class Publisher:
    """A province with its keys and its repository."""

    def __init__(self, home: Path, *, roots: int = 1, root_threshold: int = 1) -> None:
        self.home, self.repo, self.keys = home, home / "repo", home / "keys"
        self.now, self.terms = NOW, Terms()
        self._count = 0
        for role in Role:
            publish_keys.new(self.keys, role, roots if role is Role.ROOT else 1)
        self._thresholds = {Role.ROOT: root_threshold}

    @property
    def ring(self) -> dict[Role, tuple[Key, ...]]:
        return publish_keys.load([self.keys])

    @property
    def root(self) -> bytes:
        return (self.repo / "metadata" / "1.root.json").read_bytes()

    def publish(self, version: str | None = None, **files: bytes) -> publish.Published:
        """Publish the next version of "small"."""
        self._count += 1
        folder = pack(self.home / "packs" / str(self._count), version or f"2026.11.{self._count}", **files)
        return publish.publish(
            self.repo, [folder], self.ring, now=self.now, terms=self.terms, thresholds=self._thresholds
        )

    def rotate(self, role: Role) -> None:
        publish.rotate(self.repo, role, self.ring, self.keys, now=self.now, terms=self.terms)

    def freshen(self) -> tuple[Role, ...]:
        return publish.freshen(self.repo, self.ring, now=self.now, terms=self.terms)

    def copy(self, name: str) -> Path:
        """Return the repository as it is now, kept for later."""
        shutil.copytree(self.repo, self.home / name)
        return self.home / name

    def metadata(self, name: str) -> Path:
        return self.repo / "metadata" / name


Answer = tuple[int, dict[str, str], Iterable[bytes]]


@dataclass
class Server:
    """A plain web server for ``folder``; ``lie`` may answer in its place.

    After ``cut_after`` bytes of bodies it hangs up, and then after each of ``cuts`` more.
    """

    folder: Path
    lie: Callable[[str, int], Answer | None] = lambda path, start: None
    ranges: bool = True
    cut_after: int | None = None
    cuts: list[int] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    asked: list[str] = field(default_factory=list)
    sent: int = 0
    lines: int = 0
    url: str = ""

    @contextlib.contextmanager
    def running(self) -> Iterator[Server]:
        outer, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 0

            def setup(self) -> None:
                with lock:
                    outer.lines += 1
                super().setup()

            def do_GET(self) -> None:
                told = self.headers.get("Range", "")
                start = int(told[6:-1]) if outer.ranges and told else 0
                with lock:
                    outer.asked.append(self.path)
                with contextlib.suppress(OSError):
                    self._give(*(outer.lie(self.path, start) or outer.file(self.path, start)))

            def _give(self, status: int, headers: dict[str, str], body: Iterable[bytes]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Connection", "close")
                    self.close_connection = True
                self.end_headers()
                for chunk in body:
                    left = len(chunk) if outer.cut_after is None else min(len(chunk), outer.cut_after)
                    self.wfile.write(chunk[:left])
                    with lock:
                        outer.sent += left
                        if outer.cut_after is not None:
                            outer.cut_after -= left
                            if left < len(chunk):
                                outer.cut_after = outer.cuts.pop() if outer.cuts else None
                                self.close_connection = True
                                return

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        if self.tls is not None:
            server.socket = self.tls.wrap_socket(server.socket, server_side=True)
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join(5)

    def file(self, path: str, start: int) -> Answer:
        place = self.folder / path.lstrip("/")
        if not place.is_file():
            return 404, {"Content-Length": "0"}, ()
        data = place.read_bytes()
        headers = {"Content-Length": str(len(data) - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return 206 if start else 200, headers, [data[at : at + 4096] for at in range(start, len(data), 4096)]


class Village:
    """A House that trusts one root."""

    def __init__(self, home: Path, root: bytes) -> None:
        self.home, self.packs, self.root = home / "updates", home / "packs", root
        home.mkdir(parents=True, exist_ok=True)
        self.clock = FakeClock("2026-11-21T01:30:00.000000Z")
        self.database = home / "house.db"
        with self.conn() as conn:
            migrate.migrate(conn)

    @contextlib.contextmanager
    def conn(self) -> Iterator[sqlite3.Connection]:
        conn = db.connect(self.database)
        try:
            yield conn
        finally:
            conn.close()

    def update(
        self,
        *places: Path | str,
        idle_s: float = 5.0,
        leave: Leave | None = None,
        bytes_per_s: int = 0,
        look_only: bool = False,
        names: tuple[str, ...] = ("small", "program"),
    ) -> dict[str, offers.Offer]:
        """Update from repositories in folders or at addresses."""
        sources: list[Source] = [
            Folder(one) if isinstance(one, Path) else Web(one, connect_s=2.0, idle_s=idle_s) for one in places
        ]
        pace = Pace(leave, bytes_per_s) if leave else Pace(bytes_per_s=bytes_per_s)
        try:
            with self.conn() as conn:
                found = fetch.update(
                    fetch.Place(self.home, self.packs, "0.1.0"),
                    sources,
                    self.root,
                    names,
                    put=lambda folder: install.install(folder, self.packs, PAGES),
                    pace=pace,
                    book=fetch.Book(conn, self.clock.read),
                    look_only=look_only,
                )
        finally:
            for source in sources:
                if isinstance(source, Web):
                    source.close()
        return {one.name: one for one in found}

    @property
    def check(self) -> offers.Check:
        with self.conn() as conn:
            return offers.check(conn)

    @property
    def version(self) -> str | None:
        """The version in place, every file of it looked at; None before the first."""
        if install.active(self.packs, "small") is None:
            return None
        return install.check(self.packs, "small").version

    @property
    def text(self) -> str:
        return shelf.current(self.packs, "small").page("lessons/thu/mot.vi.md").sections[0].plain


class Reader:
    """Somebody who reads all the time, and would see a pack that is not whole."""

    def __init__(self, village: Village) -> None:
        self._village, self._stop = village, threading.Event()
        self.looks, self.broken = 0, list[str]()
        self.seen = list[str]()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _read(self) -> None:
        while not self._stop.wait(0.004):
            before = install.active(self._village.packs, "small")
            try:
                version = self._village.version or ""
            except Exception as bad:
                # What was swept because two newer ones came while it was read was not the pack in use.
                if install.active(self._village.packs, "small") == before:
                    self.broken.append(f"{before}: {bad!r}")
                continue
            self.looks += 1
            if not self.seen or self.seen[-1] != version:
                self.seen.append(version)


def endless(first: bytes = b"") -> Iterator[bytes]:
    """Bytes without end, within the bounds of a test."""
    yield first
    until = time.monotonic() + 20
    while time.monotonic() < until:
        yield b"x" * 65536


def trickle(data: bytes, pause_s: float) -> Iterator[bytes]:
    """One byte after the other."""
    for at in range(len(data)):
        yield data[at : at + 1]
        time.sleep(pause_s)
