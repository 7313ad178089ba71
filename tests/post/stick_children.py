"""Processes that die at a chosen moment: at a statement of the database, or at a byte of a file."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from hub.base import db, identity
from hub.base.errors import HubError
from hub.base.settings import UpstreamSettings
from hub.post import stick, stick_office
from hub.post.transports import stick as sticks
from hub.post.transports.openrosa import OpenRosa
from tests.fakes import FakeClock

# Forked from a process that has one thread only, however many the tests have.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])


def run(work: Callable[..., None], *given: object) -> int:
    """Run ``work`` in a process of its own; return its exit code, negative for the signal that ended it."""
    child = _context.Process(target=work, args=given)
    child.start()
    child.join(60)
    if child.exitcode is None:
        child.kill()
        child.join(10)
        raise AssertionError("it did not end")
    return child.exitcode


def write(data: Path, folder: Path, limit: int, statements: int, most_bytes: int) -> None:
    """Write a stick; die at the statement of that number, or when a file grows beyond so many bytes."""
    conn = db.connect(data / "house.db")
    _die_at(conn, statements)
    if most_bytes:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    stick.write(conn, identity.read_or_make(data / "keys"), FakeClock(), folder, limit=limit)


def take_and_forward(folder: Path, carried: Path, url: str, token_file: str, statements: int) -> None:
    """Do what ``hub office import`` does; die at the statement of that number."""
    conn, mine = stick_office.open_folder(folder)
    clock = FakeClock()
    _die_at(conn, statements)
    for path in sticks.files(carried, sticks.PARCELS):
        with sticks.open_file(path) as source:
            try:
                opened, _ = stick_office.whose(conn, source, mine)
                stick_office.take(conn, source, mine, opened, clock=clock)
            except HubError:
                os._exit(3)
    upstream = UpstreamSettings(url=url, token_file=token_file, backoff_first_s=0.01)
    carrier = OpenRosa(upstream, lambda: False)
    stop = threading.Event()
    stick_office.forward(conn, carrier, clock, settings=upstream, stop=stop, pause_s=0.01)
    for one in stick_office.answers(conn, mine, clock=clock):
        sticks.write(carried, sticks.new_name(sticks.ANSWER), one.chunks)
    stick_office.tidy(conn, clock)


def _die_at(conn: sqlite3.Connection, statements: int) -> None:
    if not statements:
        return
    left = statements

    def count(_statement: str) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    conn.set_trace_callback(count)
