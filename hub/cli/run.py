"""``hub run``: the whole House on one desk, every worker a process of its own, kept alive and ended together."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click
import msgspec

from hub.base import locks, settings
from hub.base.errors import NotReady
from hub.cli.main import Context

_END_S = 4.0
# Loaded here, because between fork and exec nothing may be imported.
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
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
    try:
        # Making the folder is the one thing that must come before the lock that lies in it.
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as bad:
        raise NotReady("base.read_only", path=str(data)) from bad
    with locks.OwnerLock(data, "run"):
        changed = _changed(given, port, office_port, no_demo)
        environment = _environment(ctx, changed, data)
        _ports_are_free(changed)
        build.build(changed, data)
        stop = _stop_event()
        if _prepare(data, environment, stop):
            children = [_Child(name, _command(data, name)) for name in _workers(changed)]
            _keep(ctx, changed, data, children, environment, stop)


def _workers(given: settings.Settings) -> list[str]:
    return ["web", "bench", "relay"] + (["office"] if given.house.demo else [])


def _changed(
    given: settings.Settings, port: int | None, office_port: int | None, no_demo: bool
) -> settings.Settings:
    replace = msgspec.structs.replace
    changed = given
    if port is not None:
        changed = replace(changed, web=replace(changed.web, port=port))
    if office_port is not None:
        changed = replace(changed, office=replace(changed.office, port=office_port))
    if no_demo:
        changed = replace(changed, house=replace(changed.house, demo=False))
    return changed


def _environment(ctx: Context, changed: settings.Settings, data: Path) -> dict[str, str]:
    # The workers read settings the same way as under systemd, so what the options change is written down for them.
    path = data / "run.toml"
    try:
        path.write_text(settings.write(changed), encoding="utf-8")
    except OSError as bad:
        raise NotReady("base.read_only", path=str(data)) from bad
    ours = {"HUB_SETTINGS": str(path), "HUB_DATA": str(data), "HUB_LANG": ctx.lang, "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **ours}


def _ports_are_free(given: settings.Settings) -> None:
    # Whoever holds the port would answer in our place, and the House would look open.
    wanted = [(given.web.host, given.web.port)]
    if given.house.demo:
        wanted.append(("127.0.0.1", given.office.port))
    for host, port in wanted:
        try:
            family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as bad:
            raise NotReady("run.no_port", host=host, port=port, why=bad.strerror or str(bad)) from bad


def _stop_event() -> threading.Event:
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    return stop


def _prepare(data: Path, environment: dict[str, str], stop: threading.Event) -> bool:
    # In a process of its own: the form compiler and the speech renderer would stay in memory here for years.
    process = subprocess.Popen(
        _command(data, "prepare"),
        env=environment,
        stdin=subprocess.DEVNULL,
        process_group=0,
        preexec_fn=_end_with_parent,
    )
    while process.poll() is None:
        if stop.wait(0.05):
            _end_all([_Child("prepare", [], process)])
    if stop.is_set():
        return False
    if process.returncode:
        sys.exit(process.returncode if process.returncode > 0 else 1)
    return True


@click.command()
@click.pass_obj
def prepare(ctx: Context) -> None:
    """Put content, speech and, in a demo House, demo staff and a queue in place; what is there stays.

    Example: hub prepare
    """
    from hub.wiring import opening

    opening.prepare(ctx.house(), tell=click.echo, lang=ctx.lang)


def _keep(
    ctx: Context,
    given: settings.Settings,
    data: Path,
    children: list[_Child],
    environment: dict[str, str],
    stop: threading.Event,
) -> None:
    host = "127.0.0.1" if given.web.host in ("0.0.0.0", "::") else given.web.host
    address = f"http://{host}:{given.web.port}"
    told = False
    try:
        for child in children:
            _start(child, environment)
        while not stop.wait(0.2 if told else 0.05):
            if not told and _answers(address):
                told = True
                _tell(ctx, given, data, address)
                # Lessons are read ahead of time while the House is already open; a page that is quicker makes its own.
                voices = _Child("speech", ["nice", *_command(data, "speech", "build")])
                children.append(voices)
                _start(voices, environment)
            for child in children:
                _look_after(ctx, child, environment)
    finally:
        _end_all(children)


def _start(child: _Child, environment: dict[str, str]) -> None:
    child.process = subprocess.Popen(
        child.arguments,
        env=environment,
        stdin=subprocess.DEVNULL,
        # The terminal's Ctrl-C is for this process alone: it ends its workers itself, and in order.
        process_group=0,
        preexec_fn=_end_with_parent,
    )
    child.started = time.monotonic()


def _end_with_parent() -> None:
    # Runs in the child before its program: if this supervisor is killed, the kernel asks the child to end too.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


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


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    # To the whole group: a worker's own helpers (a voice that speaks, a player) end with it.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _end_all(children: list[_Child]) -> None:
    alive = [child.process for child in children if child.process is not None]
    for process in alive:
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + _END_S
    for process in alive:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait(1)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _tell(ctx: Context, given: settings.Settings, data: Path, address: str) -> None:
    from hub.wiring import opening

    for line in opening.welcome(given, data, address, ctx.lang):
        click.echo(line)
