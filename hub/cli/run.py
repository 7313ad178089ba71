"""``hub run``: the whole House on one desk, every worker a process of its own, kept alive and ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click
import msgspec

from hub.base import locks, settings
from hub.cli.main import Context

_END_S = 4.0
_FIRST_PAGE_S = 30.0
_REST_S = (0.2, 1.0, 3.0, 10.0)


@dataclass
class _Child:
    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    falls: int = 0
    due: float = 0.0
    started: float = 0.0


def _command(data: Path, name: str, *more: str) -> list[str]:
    return [sys.executable, "-m", "hub", "--data", str(data), name, *more]


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="The port of the web pages.")
@click.option("--office-port", type=click.IntRange(1, 65535), help="The port of the practice office.")
@click.option("--no-demo", is_flag=True, help="Open an empty House: no demo staff, prices or queue.")
@click.pass_obj
def run(ctx: Context, port: int | None, office_port: int | None, no_demo: bool) -> None:
    """Start web, bench, relay and practice office together, and keep them going until Ctrl-C.

    Example: hub run --port 8000
    """
    from hub.wiring import build

    given = ctx.settings()
    data = build.data_folder(given, ctx.data)
    environment = _environment(given, data, port, office_port, no_demo)
    changed = settings.load(Path(environment["HUB_SETTINGS"]))
    # Making the folder is the one thing that must come before the lock that lies in it.
    build.build(changed, data)
    with locks.OwnerLock(data, "run"):
        _prepare(data, environment)
        children = [_Child(name, _command(data, name)) for name in _workers(changed)]
        _keep(ctx, changed, data, children, environment)


def _workers(given: settings.Settings) -> list[str]:
    return ["web", "bench", "relay"] + (["office"] if given.house.demo else [])


def _environment(
    given: settings.Settings, data: Path, port: int | None, office_port: int | None, no_demo: bool
) -> dict[str, str]:
    # The workers read settings the same way as under systemd, so what the options change is written down for them.
    changed = given
    if port is not None:
        changed = msgspec.structs.replace(changed, web=msgspec.structs.replace(changed.web, port=port))
    if office_port is not None:
        changed = msgspec.structs.replace(changed, office=msgspec.structs.replace(changed.office, port=office_port))
    if no_demo:
        changed = msgspec.structs.replace(changed, house=msgspec.structs.replace(changed.house, demo=False))
    from hub.base.errors import NotReady

    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = data / "run.toml"
        path.write_text(settings.write(changed), encoding="utf-8")
    except OSError as bad:
        raise NotReady("base.read_only", path=str(data)) from bad
    return {**os.environ, "HUB_SETTINGS": str(path), "HUB_DATA": str(data), "PYTHONUNBUFFERED": "1"}


def _prepare(data: Path, environment: dict[str, str]) -> None:
    # In a process of its own: the form compiler and the speech renderer would stay in memory here for years.
    done = subprocess.run(_command(data, "prepare"), env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)


@click.command()
@click.pass_obj
def prepare(ctx: Context) -> None:
    """Put content, speech and, in a demo House, demo staff and a queue in place; what is there stays.

    Example: hub prepare
    """
    from hub.wiring import opening

    opening.prepare(ctx.house(), tell=click.echo)


def _keep(
    ctx: Context, given: settings.Settings, data: Path, children: list[_Child], environment: dict[str, str]
) -> None:
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    try:
        for child in children:
            _start(child, environment)
        _tell_when_open(ctx, given, data, stop)
        # Lessons are read ahead of time while the House is already open; a page that is quicker makes its own.
        voices = _Child("speech", ["nice", *_command(data, "speech", "build")])
        children.append(voices)
        _start(voices, environment)
        while not stop.wait(0.2):
            for child in children:
                _look_after(ctx, child, environment)
    finally:
        _end_all(children)


def _start(child: _Child, environment: dict[str, str]) -> None:
    child.process = subprocess.Popen(child.arguments, env=environment, stdin=subprocess.DEVNULL)
    child.started = time.monotonic()


def _look_after(ctx: Context, child: _Child, environment: dict[str, str]) -> None:
    if child.process is None:
        if time.monotonic() >= child.due:
            _start(child, environment)
        return
    code = child.process.poll()
    if code is None or child.name == "speech":
        return
    child.falls = 0 if time.monotonic() - child.started > 60 else child.falls + 1
    rest = _REST_S[min(child.falls, len(_REST_S) - 1)]
    click.echo(ctx.say("run.fell", name=child.name, code=code, seconds=rest), err=True)
    child.process, child.due = None, time.monotonic() + rest


def _end_all(children: list[_Child]) -> None:
    alive = [child.process for child in children if child.process is not None]
    for process in alive:
        process.terminate()
    deadline = time.monotonic() + _END_S
    for process in alive:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(1)


def _tell_when_open(ctx: Context, given: settings.Settings, data: Path, stop: threading.Event) -> None:
    address = f"http://{'127.0.0.1' if given.web.host in ('0.0.0.0', '::') else given.web.host}:{given.web.port}"
    deadline = time.monotonic() + _FIRST_PAGE_S
    while not stop.wait(0.05) and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2):
                break
        except (urllib.error.URLError, OSError):
            continue
    if stop.is_set():
        return
    from hub.wiring import opening

    for line in opening.welcome(given, data, address, ctx.lang):
        click.echo(line)
