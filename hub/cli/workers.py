"""``hub web|bench|relay|nightly``: each worker as systemd starts it."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from hub.base import logs, memory, notify
from hub.base.errors import NotReady
from hub.cli.main import Context

if TYPE_CHECKING:
    from flask import Flask

    from hub.base.house import House


def stop_event() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stop


def serve(house: House, application: Flask, host: str, port: int, threads: int) -> None:
    """Serve ``application`` until a signal, then end the process."""
    from hub.cli import serving

    # Bodies are held in memory up to the largest form there is: a photo must not touch the card unencrypted.
    _temporary_in_memory()
    try:
        server = serving.server(
            application,
            host=host,
            port=port,
            threads=threads,
            inbuf_overflow=128 * 1024 * 1024,
            outbuf_overflow=64 * 1024 * 1024,
            max_request_body_size=128 * 1024 * 1024,
            channel_timeout=60,
            connection_limit=200,
            ident="house",
            **_behind_proxy(house),
            clear_untrusted_proxy_headers=True,
        )
    except OSError as bad:
        raise NotReady("run.no_port", host=host, port=port, why=bad.strerror or str(bad)) from bad
    _keep(server)


def serve_office(house: House) -> None:
    """Serve the practice office over its own front, which can be slow and break off, until a signal."""
    from hub.practice_office import line
    from hub.wiring import build

    host, port = "127.0.0.1", house.settings.office.port
    try:
        front = line.Front(build.office(house), house.data / "office", host, port)
    except OSError as bad:
        raise NotReady("run.no_port", host=host, port=port, why=bad.strerror or str(bad)) from bad
    _keep(front)


def _keep(server: Any) -> None:
    stop = stop_event()

    def work() -> None:
        try:
            server.run()
        except (OSError, ValueError, KeyError):
            # Closing the sockets under waitress's loop is how it is ended; the loop may notice at any line.
            if not stop.is_set():
                raise

    running = threading.Thread(target=work, daemon=True, name="server")
    running.start()
    notify.tell("READY=1")
    beat = notify.watchdog_seconds() or 5.0
    while not stop.wait(beat) and running.is_alive():
        notify.tell("WATCHDOG=1")
    notify.tell("STOPPING=1")
    server.close()
    running.join(2)
    os._exit(0 if stop.is_set() else 1)


def _behind_proxy(house: House) -> dict[str, object]:
    if not house.settings.web.https:
        return {}
    return {
        "trusted_proxy": "127.0.0.1",
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
    }


def _temporary_in_memory() -> None:
    if os.path.isdir("/dev/shm") and os.access("/dev/shm", os.W_OK):
        tempfile.tempdir = "/dev/shm"


@click.command()
@click.pass_obj
def web(ctx: Context) -> None:
    """Serve the pages.

    Example: hub web
    """
    from hub.wiring import build

    logs.start()
    memory.keep()
    house = ctx.house()
    logs.keep(house.data, "web")
    given = house.settings.web
    serve(house, build.web(house), given.host, given.port, given.threads)


@click.command()
@click.pass_obj
def bench(ctx: Context) -> None:
    """Own every device: print, sound, buttons.

    Example: hub bench
    """
    from hub.workers import bench as worker

    logs.start()
    memory.keep()
    house = ctx.house()
    logs.keep(house.data, "bench")
    stop = stop_event()
    worker.run(house, stop=stop)


@click.command()
@click.option(
    "--once", is_flag=True, help="Send what waits now, whatever the pause, say what happened, and end."
)
@click.pass_obj
def relay(ctx: Context, once: bool) -> None:
    """Send sealed dossiers to the office and fetch its answers.

    Example: hub relay --once
    """
    from hub.workers import relay as worker

    logs.start()
    memory.keep()
    house = ctx.house()
    logs.keep(house.data, "relay")
    stop = stop_event()
    done = worker.run(house, once=once, stop=stop)
    if once:
        way = "care.relay_up" if done.uplink else "care.relay_down"
        click.echo(ctx.say(way, sent=done.sent, held=done.held, retried=done.retried, words=done.words))
        if done.reason_key:
            click.echo(ctx.say(done.reason_key), err=True)
        sys.exit(0 if done.uplink and not (done.held or done.retried) else 1)


@click.command()
@click.pass_obj
def nightly(ctx: Context) -> None:
    """Back up, erase what is past its date, tidy the database.

    Example: hub nightly
    """
    from hub.workers import nightly as worker

    logs.start()
    memory.keep()
    house = ctx.house()
    logs.keep(house.data, "nightly")
    worker.run(house, tell=click.echo, lang=ctx.lang)
