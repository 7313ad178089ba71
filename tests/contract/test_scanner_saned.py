"""A real ``saned`` on the loopback, killed in the middle of a page: what once left ``scanimage`` spinning."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.config import ScannerConfig
from devices.desk_ports import ScannedPage, ScanWish
from devices.drivers.scan_sane import SaneScanner
from devices.ports import Offline, State

SANED = shutil.which("saned", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_PORT = 6566
"""SANE's net backend knows no other; so each run of the tests has a loopback address of its own."""


@pytest.fixture
def saned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """Run ``saned`` with SANE's test backend, as whoever runs the tests; yields its address and process group."""
    if SANED is None:
        pytest.skip("saned is not installed: sane-utils")
    host = f"127.{random.randint(64, 250)}.{random.randint(1, 250)}.{random.randint(2, 250)}"
    its, ours = tmp_path / "its", tmp_path / "ours"
    its.mkdir()
    ours.mkdir()
    (its / "dll.conf").write_text("test\n")
    (its / "saned.conf").write_text("127.0.0.0/8\n")
    (ours / "dll.conf").write_text("net\n")
    (ours / "net.conf").write_text(f"connect_timeout = 5\n{host}\n")
    process = subprocess.Popen(
        [SANED, "-l", "-b", host, "-p", str(_PORT), "-e"],
        env={**os.environ, "SANE_CONFIG_DIR": str(its)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    monkeypatch.setenv("SANE_CONFIG_DIR", str(ours))
    try:
        end = time.monotonic() + 8
        while True:
            try:
                socket.create_connection((host, _PORT), 0.2).close()
                break
            except OSError:
                assert time.monotonic() < end and process.poll() is None, "saned does not listen"
                time.sleep(0.05)
        yield host, process.pid
    finally:
        _kill(process.pid)
        process.wait(8)


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass


def test_a_scan_through_saned_comes_whole(saned: tuple[str, int]) -> None:
    got: list[ScannedPage] = []
    scanner = SaneScanner(ScannerConfig(kind="sane", device=f"net:{saned[0]}:test:0"))
    wish = ScanWish(dpi=75, colour=False)
    assert scanner.scan(wish, on_page=got.append, on_progress=lambda *_: None, stopped=lambda: False) == 1


def test_saned_killed_in_mid_page_ends_the_scan_and_leaves_nothing_spinning(
    saned: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    host, group = saned
    slow = {
        "read-delay": "yes",
        "read-delay-duration": "20000",
        "read-limit": "yes",
        "read-limit-size": "8192",
    }
    config = ScannerConfig(kind="sane", device=f"net:{host}:test:0", options=slow)
    object.__setattr__(config, "page_s", 4.0)
    scanner = SaneScanner(config)
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def noted(*arguments: object, **named: object) -> subprocess.Popen[bytes]:
        started.append(popen(*arguments, **named))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", noted)
    shares: list[float] = []
    got: list[ScannedPage] = []

    def progress(_: int, share: float) -> None:
        if not shares:
            _kill(group)
        shares.append(share)

    began = time.monotonic()
    with pytest.raises(Offline):
        scanner.scan(ScanWish(dpi=200), on_page=got.append, on_progress=progress, stopped=lambda: False)
    assert got == [] and 0 < shares[0] < 1
    assert time.monotonic() - began < 10
    assert started and all(one.returncode is not None for one in started)
    assert scanner.status().state is State.OFFLINE
