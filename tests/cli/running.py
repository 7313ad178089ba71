"""A whole House by ``hub run`` for the length of a ``with``, and a look at its processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli import command

WORKERS = ("web", "bench", "relay", "office")


def until(what: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Return what ``what`` returns once that is true; fail after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come about in time")


def alive(pid: int) -> bool:
    """Return whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(") ", 1)[1][0] != "Z"
    except (OSError, IndexError):
        return False


def children(pid: int) -> tuple[int, ...]:
    """Return the processes that ``pid`` started and that still run."""
    try:
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return ()
    return tuple(int(one) for one in told.split() if alive(int(one)))


def descendants(pid: int) -> tuple[int, ...]:
    """Return all processes below ``pid``."""
    found = children(pid)
    return found + tuple(more for one in found for more in descendants(one))


def worker(pid: int) -> str:
    """Return which part of the House a process is: the last word of its command line."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return words[-2].decode("utf-8", "replace") if len(words) > 1 else ""


@dataclass
class Run:
    """One ``hub run``: its process, where its pages are, what it said so far."""

    process: subprocess.Popen[bytes]
    data: Path
    port: int
    office_port: int
    log: Path
    seen: set[int] = field(default_factory=set)

    @property
    def base(self) -> str:
        """The address of the pages."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        """Everything on its stdout and stderr."""
        return self.log.read_text(encoding="utf-8")

    def workers(self) -> dict[str, int]:
        """Return the running workers by name."""
        found = {worker(pid): pid for pid in children(self.process.pid)}
        self.seen.update(descendants(self.process.pid))
        return {name: pid for name, pid in found.items() if name in WORKERS}

    def health(self) -> dict[str, Any] | None:
        """Return what ``/health`` says, or None while nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.base}/health", timeout=5) as answer:
                told: dict[str, Any] = json.load(answer)
                return told
        except (urllib.error.URLError, OSError):
            return None

    def well(self) -> bool:
        """Return whether pages and all devices are ready."""
        told = self.health()
        return bool(told and told["devices"] and set(told["devices"].values()) == {"ready"})

    def end(self, number: int = signal.SIGTERM, *, group: bool = False) -> float:
        """Tell it to end and return after how many seconds it had; nothing that it started may be left."""
        self.workers()
        began = time.monotonic()
        if group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        self.process.wait(15)
        took = time.monotonic() - began
        left = [pid for pid in self.seen if alive(pid)]
        assert not left, f"left behind: {[worker(pid) for pid in left]}"
        return took


@contextmanager
def started(
    data: Path, *options: str, settings: Path, lang: str = "vi", port: int = 0, office_port: int = 0
) -> Iterator[Run]:
    """Start ``hub run`` on free ports; whatever happens, nothing of it is left after the block."""
    port, office_port = port or command.free_port(), office_port or command.free_port()
    log = settings.with_name(f"run-{port}.log")
    arguments = ("--lang", lang, "run", "--port", str(port), "--office-port", str(office_port), *options)
    with log.open("wb") as out:
        process = subprocess.Popen(
            command.line(data, *arguments),
            env=command.environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    run = Run(process, data, port, office_port, log)
    try:
        yield run
    finally:
        pids = descendants(process.pid)
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        for pid in {*pids, *run.seen}:
            if alive(pid) and worker(pid):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def opened(data: Path, *options: str, settings: Path, lang: str = "vi") -> Iterator[Run]:
    """Start ``hub run`` and wait until its pages answer."""
    with started(data, *options, settings=settings, lang=lang) as run:
        until(lambda: run.health() or run.process.poll() is not None, 40)
        assert run.process.poll() is None, run.said
        yield run
