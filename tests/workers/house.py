"""A House for the bench's tests, and a bench that runs in it for the length of a ``with``."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devices.config import PanelConfig, PrinterConfig, SpeakerConfig
from hub.base.errors import HubError
from hub.base.house import House
from hub.base.settings import ClockSettings, HouseSettings, QueueSettings, Settings, SoundSettings
from hub.trades.tickets import service as tickets
from hub.trades.tickets.model import Service, Source, Ticket
from hub.wiring import build
from hub.workers import bench

SERVICE = Service("papers", "Thủ tục hành chính", "Papers", "indigo", "buffalo")


def made(
    data: Path,
    *,
    printer: PrinterConfig | None = None,
    desk_buttons: dict[str, int] | None = None,
    fold_s: float = 3.0,
    sound: SoundSettings | None = None,
    speaker: SpeakerConfig | None = None,
    services: tuple[Service, ...] = (SERVICE,),
) -> House:
    """Return a House in ``data``: one service, practice devices unless told otherwise, a trusted clock."""
    settings = Settings(
        house=HouseSettings(demo=False),
        clock=ClockSettings(trust="always"),
        queue=QueueSettings(fold_s=fold_s),
        sound=sound or SoundSettings(),
        printer=printer or PrinterConfig(width=384),
        panel=PanelConfig(desk_buttons=desk_buttons or {}),
        speaker=speaker or SpeakerConfig(),
    )
    house = build.build(settings, data)
    conn = house.connect()
    tickets.set_services(conn, services)
    conn.close()
    return house


@contextmanager
def running(house: House, *, ends_within_s: float = 2.0, grace_s: float = 15.0) -> Iterator[threading.Thread]:
    """Run a bench in a thread until the block ends; it must end in time."""
    stop, ready = threading.Event(), threading.Event()
    failed: list[HubError] = []

    def work() -> None:
        try:
            bench.run(house, stop=stop, ready=ready.set, grace_s=grace_s)
        except HubError as bad:
            failed.append(bad)
            ready.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(5)
    if failed:
        raise failed[0]
    try:
        yield thread
    finally:
        began = time.monotonic()
        stop.set()
        thread.join(5)
        assert not thread.is_alive() and time.monotonic() - began < ends_within_s


def until(what: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Return what ``what`` returns once that is true; fail after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it did not come about in time")


def issue(conn: sqlite3.Connection, house: House, client: str = "") -> Ticket:
    """Take a number at a tablet."""
    return tickets.issue(
        conn,
        SERVICE.id,
        source=Source.TABLET,
        moment=house.clock.read(),
        lang="vi",
        settings=house.settings,
        client=client,
    ).ticket


def noted(house: House, file: str, what: str) -> list[dict[str, Any]]:
    """Return what a simulator noted in its file: ``papers``, ``buzzes`` or ``played``."""
    try:
        found: list[dict[str, Any]] = json.loads((house.simulated / file).read_text(encoding="utf-8"))[what]
    except (FileNotFoundError, KeyError):
        return []
    return found


def papers(house: House) -> list[str]:
    """Return the text of every whole paper that the practice printer printed."""
    return [entry["text"] for entry in noted(house, "printer.json", "papers") if entry["whole"]]
