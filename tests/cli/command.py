"""The command as people call it: a process of its own, with nothing of this machine's own House."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

_OURS = ("HUB_DATA", "HUB_SETTINGS", "HUB_LANG", "NOTIFY_SOCKET", "WATCHDOG_USEC")


@dataclass(frozen=True)
class Told:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line on stderr, and nothing else anywhere."""
        assert self.out == "" and len(self.err.splitlines()) == 1 and "Traceback" not in self.err, self
        return self.err.strip()


def environment(settings: Path | None = None, **more: str) -> dict[str, str]:
    """Return the environment of a command: this one's, without what names another House."""
    clean = {name: value for name, value in os.environ.items() if name not in _OURS}
    if settings is not None:
        clean["HUB_SETTINGS"] = str(settings)
    return {**clean, "PYTHONUNBUFFERED": "1", **more}


def line(data: Path | None, *arguments: str) -> list[str]:
    """Return the command line."""
    return [sys.executable, "-m", "hub", *(("--data", str(data)) if data else ()), *arguments]


def hub(
    data: Path | None, *arguments: str, settings: Path | None = None, typed: str = "", **more: str
) -> Told:
    """Run ``hub`` to its end, a minute at most."""
    done = subprocess.run(
        line(data, *arguments),
        env=environment(settings, **more),
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Told(done.returncode, done.stdout, done.stderr)


def written(folder: Path, text: str) -> Path:
    """Write a settings file and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "hub.toml"
    path.write_text(text, encoding="utf-8")
    return path


def prepared(factory: pytest.TempPathFactory) -> Path:
    """Return a demo House that was prepared once for this session; copy it before writing to it."""
    home = factory.getbasetemp() / "prepared-house"
    if not home.exists():
        half = factory.mktemp("preparing") / "data"
        settings = written(half.parent, "")
        done = hub(half, "prepare", settings=settings)
        assert done.code == 0, done
        half.rename(home)
    return home


def copied(factory: pytest.TempPathFactory, target: Path) -> Path:
    """Return a copy of the prepared House in ``target``."""
    shutil.copytree(prepared(factory), target, symlinks=True)
    return target


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
