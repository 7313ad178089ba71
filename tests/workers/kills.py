"""Benches that die: how each life ends, and what they may leave behind, for the tests that kill them.

A life is a process forked from a small server that has everything loaded, so that a start costs milliseconds and
no thread is copied. Whatever kind of work a bench does is a ``Work``: something arrives, a person answers what is
asked, it is over at some time, and then all that came out is judged.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

from devices import raster
from devices.config import PrinterConfig, ReaderConfig, ScannerConfig, SheetsConfig, SpeakerConfig
from devices.slip import Big, Size, Slip, Text
from hub.base import db
from hub.base.settings import ClockSettings, HouseSettings, Settings
from hub.wiring import build
from hub.workers import bench

WIDTH = 384
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(
    ["tests.workers.kills", "devices.drivers.slip_escpos", "devices.simulator.slip_printer", "devices.choose"]
)
# The typeface too is loaded before a life begins.
raster.render(Slip((Big("0"), *(Text("a", size) for size in Size), Text("a", bold=True))), WIDTH)


class Work(Protocol):
    """One kind of work of the bench."""

    def arrive(self, chance: random.Random) -> None:
        """Let something new arrive, or nothing."""

    def answer(self) -> None:
        """Answer what the bench wants to know of a person."""

    def begun(self) -> int:
        """How often the bench has begun to do such work."""

    def over(self) -> bool:
        """Whether nothing is left to do."""

    def judge(self) -> str:
        """Assert that nothing was lost or doubled; return a sentence on what was seen."""


@dataclass(frozen=True, slots=True)
class Life:
    """What a bench is given and how it ends.

    ``port``: 0 for the practice printer. ``steps``: it kills itself after so many steps of the database's
    machine, in the midst of a statement; 0 for never. ``full``: (from, until) in seconds, no file can grow.
    ``scanner``: it has the practice scanner too.
    """

    port: int = 0
    steps: int = 0
    full: tuple[float, float] | None = None
    scanner: bool = False


def settings(port: int, *, scanner: bool = False) -> Settings:
    """Return a House of papers, whose printer is the practice one or listens on ``port``; ``scanner``: that too."""
    network = PrinterConfig(kind="network", host="127.0.0.1", port=port or 9100, width=WIDTH, timeout_s=5)
    return Settings(
        house=HouseSettings(demo=False),
        clock=ClockSettings(trust="always"),
        printer=network if port else PrinterConfig(width=WIDTH, keep=1000),
        speaker=SpeakerConfig(kind="silent"),
        sheets=SheetsConfig(keep=1000),
        scanner=ScannerConfig(kind="simulator" if scanner else "none"),
        reader=ReaderConfig(kind="none"),
    )


def begin(data: Path, life: Life) -> BaseProcess:
    """Start a bench in a process of its own."""
    process = _processes.Process(target=_live, args=(str(data), life))
    process.start()
    return process


def end(process: BaseProcess, how: signal.Signals) -> int:
    """Send the signal and return the exit code."""
    if how is signal.SIGKILL:
        process.kill()
    else:
        process.terminate()
    process.join(10)
    assert process.exitcode is not None
    return process.exitcode


def _live(data: str, life: Life) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if life.steps:
        _die_in_the_database(life.steps)
    house = build.build(settings(life.port, scanner=life.scanner), Path(data))
    if life.full is not None:
        threading.Thread(target=_fill_the_card, args=life.full, daemon=True).start()
    bench.run(house, stop=stop)


def _die_in_the_database(steps: int) -> None:
    left, connect = [steps], db.connect
    every = 10

    def step() -> int:
        left[0] -= every
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    def watched(path: Path, *, read_only: bool = False) -> db.Connection:
        conn = connect(path, read_only=read_only)
        conn.set_progress_handler(step, every)
        return conn

    db.connect = watched


def _fill_the_card(begins: float, ends: float) -> None:
    # The kernel refuses every write beyond this size, as a full card does; the hard limit stays.
    time.sleep(begins)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    time.sleep(ends - begins)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def soon(what: Callable[[], bool], process: BaseProcess, seconds: float) -> None:
    """Wait until ``what`` is true, the process is gone or the time is over, whichever is first."""
    ends = time.monotonic() + seconds
    while not what() and process.is_alive() and time.monotonic() < ends:
        time.sleep(0.003)


def until(what: Callable[[], bool], seconds: float) -> None:
    """Wait until ``what`` is true; fail after ``seconds``."""
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "it did not come about in time"
        time.sleep(0.02)
