"""A whole House as real processes: ``python -m hub web|bench|relay|office``, and what is around it.

The printer is a socket that keeps every byte, the office is reached over a ``Line``. Processes are ended by
their own id; every wait has an end.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import tomli_w
import urllib3

from hub.base import db
from tests.contract.escpos_reader import NotEscpos, Reader
from tests.contract.sink import Sink
from tests.journeys.line import Line
from tests.journeys.visitor import Visitor

ROOT = Path(__file__).parents[2]
WIDTH = 384
WORKERS = ("office", "web", "bench", "relay")
Rows = tuple[tuple[bool, ...], ...]
T = TypeVar("T")


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(what: Callable[[], T], seconds: float = 15.0, why: str = "") -> T:
    """Return what ``what`` returns once that is true; fail after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(why or "it did not come about in time")


def prepare(data: Path, settings: Path) -> None:
    """Open a demo House in ``data`` once."""
    done = hub(data, settings, "prepare")
    assert done.returncode == 0, done.stderr


def hub(data: Path, settings: Path, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a command of the House to its end."""
    return subprocess.run(
        [sys.executable, "-m", "hub", *words],
        cwd=ROOT,
        env=environment(data, settings),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def environment(data: Path, settings: Path) -> dict[str, str]:
    """Return what a worker of the House in ``data`` finds around itself."""
    return {**os.environ, "HUB_DATA": str(data), "HUB_SETTINGS": str(settings), "PYTHONUNBUFFERED": "1"}


def write_settings(path: Path, **tables: dict[str, Any]) -> None:
    """Write a settings file: a demo House with a trusted clock and whatever ``tables`` say."""
    whole: dict[str, dict[str, Any]] = {"clock": {"trust": "always"}}
    for name, values in tables.items():
        whole[name] = whole.get(name, {}) | values
    path.write_text(tomli_w.dumps(whole), encoding="utf-8")


class Village:
    """The processes, the printer, the line; use as a context."""

    def __init__(self, data: Path, folder: Path, *, printer: str = "network") -> None:
        self.data = data
        self.folder = folder
        # Where the workers would put what they do not want to hold in memory.
        self.temporary = folder / "temporary"
        self._printer = printer
        self._folder = folder
        self._settings = folder / "hub.toml"
        self._alive: dict[str, subprocess.Popen[bytes]] = {}
        # A worker that is started with a device of the test's own, by the module that does it.
        self.modules: dict[str, str] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Village:
        self.sink = self._stack.enter_context(Sink())
        self.web_port, self.office_port = free_port(), free_port()
        self.line = self._stack.enter_context(Line(self.office_port))
        self.url = f"http://127.0.0.1:{self.web_port}"
        self.office_url = f"http://127.0.0.1:{self.office_port}"
        self.temporary.mkdir()
        office = self.data / "office"
        paper = {"kind": self._printer, "width": WIDTH}
        if self._printer == "network":
            paper |= {"host": "127.0.0.1", "port": self.sink.port}
        write_settings(
            self._settings,
            web={"port": self.web_port, "threads": 4, "address": self.url},
            office={"port": self.office_port},
            printer=paper,
            panel={"desk_buttons": {"1": 5}},
            upstream={
                "url": f"http://127.0.0.1:{self.line.port}",
                "token_file": str(office / "token"),
                "public_key_file": str(office / "public_key.b64"),
                "connect_s": 2.0,
                "answer_s": 20.0,
                "idle_s": 5.0,
                "every_s": 0.2,
                "backoff_first_s": 0.2,
                "backoff_most_s": 0.5,
                "states_every_s": 0.3,
            },
        )
        self._stack.callback(self._end_all)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, bad: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start(self, *names: str) -> None:
        """Start workers and wait until they work."""
        for name in names:
            assert name not in self._alive
            with (self._folder / f"{name}.log").open("ab") as log:
                self._alive[name] = subprocess.Popen(
                    [
                        sys.executable,
                        "-m",
                        *([self.modules[name]] if name in self.modules else ["hub", name]),
                    ],
                    cwd=ROOT,
                    env=environment(self.data, self._settings) | {"TMPDIR": str(self.temporary)},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
        for name in names:
            until(lambda: self._works(name), 30, f"{name} did not come up: {self.log(name)[-2000:]}")

    def kill(self, name: str) -> None:
        """End a worker at once, as a power cut would."""
        process = self._alive.pop(name)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(5) == -signal.SIGKILL

    def end(self, name: str) -> tuple[int, float]:
        """Ask a worker to end; return its exit code and how many seconds it took."""
        process = self._alive.pop(name)
        began = time.monotonic()
        process.terminate()
        return process.wait(8), time.monotonic() - began

    def log(self, name: str) -> str:
        """Return what a worker said."""
        path = self._folder / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside the workers."""
        return hub(self.data, self._settings, *words)

    @contextlib.contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """Look into the database beside the workers."""
        conn = db.connect(self.data / "house.db")
        try:
            yield conn
        finally:
            conn.close()

    def visitor(self) -> Visitor:
        """Return a fresh tablet."""
        return self._stack.enter_context(contextlib.closing(Visitor(self.url)))

    def officer(self) -> Visitor:
        """Return a browser at the practice office."""
        return self._stack.enter_context(contextlib.closing(Visitor(self.office_url)))

    def papers(self) -> list[Rows]:
        """Return every paper that was cut off at the printer, as rows of dots."""
        found: list[Rows] = []
        for stream in self.sink.printed():
            with contextlib.suppress(NotEscpos):
                # A stream that was broken off is a paper that was never cut.
                found += [trimmed(paper.rows) for paper in Reader(WIDTH).read(stream).papers]
        return found

    def noted(self, device: str, what: str) -> list[dict[str, Any]]:
        """Return what a simulated device noted: ``buzzes`` of the panel, ``played`` of the speaker."""
        path = self.data / "simulated" / f"{device}.json"
        try:
            told: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")).get(what, [])
        except (FileNotFoundError, ValueError):
            return []
        return told

    def pid(self, name: str) -> int:
        """Return the process id of a worker."""
        return self._alive[name].pid

    def _works(self, name: str) -> bool:
        process = self._alive[name]
        assert process.poll() is None, f"{name} ended with {process.returncode}: {self.log(name)[-2000:]}"
        if name in ("web", "office"):
            where = f"{self.url}/health" if name == "web" else self.office_url
            try:
                return urllib3.request("GET", where, retries=False, timeout=3).status == 200
            except urllib3.exceptions.HTTPError:
                return False
        # The lock names its holder, and it is taken when the worker begins to work.
        lock = self.data / f"{name}.lock"
        return lock.exists() and lock.read_text(encoding="ascii").strip() == str(process.pid)

    def _end_all(self) -> None:
        for process in self._alive.values():
            process.terminate()
        for name, process in list(self._alive.items()):
            try:
                process.wait(8)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
                raise AssertionError(f"{name} did not end") from None
        self._alive.clear()


def trimmed(rows: Rows) -> Rows:
    """Drop the empty rows at the end."""
    last = len(rows)
    while last and not any(rows[last - 1]):
        last -= 1
    return rows[:last]
