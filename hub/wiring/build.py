"""Build the House: folders, database, clock, devices, and what joins them.

Keeps true: whoever builds the House gets the same one from the same settings. Heavy rooms (web, devices, forms)
are imported inside the functions that need them, so that each process carries only its own weight.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from devices.desk_ports import CodeReader, Scanner, SheetPrinter
from devices.ports import Panel, SlipPrinter, Speaker
from hub.base import clock, db, migrate
from hub.base.errors import HubError, NotReady
from hub.base.house import House, Ports
from hub.base.settings import Settings

if TYPE_CHECKING:
    from flask import Flask

# One hand drew the pictures, so screens and paper show the same ones.
_PICTURES = Path(__file__).parents[1] / "desks" / "static" / "pictures"
_DESK_DATA = Path.home() / ".local" / "share" / "digital-house"


def data_folder(settings: Settings, given: Path | None = None) -> Path:
    """Return where the data lies: as given, else ``$HUB_DATA``, else the setting, else a folder of this user."""
    named = given or os.environ.get("HUB_DATA") or settings.data_dir or _DESK_DATA
    return Path(named).expanduser().absolute()


def content_folder(settings: Settings) -> Path:
    """Return where the packs come from: the setting, else ``content`` beside the program."""
    if settings.content_dir:
        return Path(settings.content_dir).expanduser().absolute()
    return Path(__file__).parents[2] / "content"


def build(settings: Settings, data: Path | None = None) -> House:
    """Return the House, with its folders made and its database brought to the present shape.

    Raises ``NotReady`` when the folder cannot be written or the database is newer or broken.
    """
    folder = data_folder(settings, data)
    try:
        for place in (folder, folder / "keys", folder / "packs", folder / "speech", folder / "simulated"):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(folder, os.W_OK):
            raise PermissionError(folder)
    except OSError as bad:
        raise NotReady("base.read_only", path=str(folder)) from bad
    conn = db.connect(folder / "house.db")
    try:
        migrate.migrate(conn)
        latest = clock.latest_seen(conn)
    finally:
        conn.close()
    settings = with_practice_office(settings, folder)
    return House(
        settings=settings,
        data=folder,
        content=content_folder(settings),
        clock=clock.SystemClock(latest, trust=settings.clock.trust, ask=_person(folder / "house.db")),
        ports=_ports(settings, folder),
    )


def _person(database: Path) -> Callable[[], clock.Moment | None]:
    def ask() -> clock.Moment | None:
        try:
            with closing(db.connect(database, read_only=True)) as conn:
                return clock.confirmed(conn)
        except (HubError, sqlite3.Error):
            # Without the database nobody has said anything; who needs it will say what is wrong with it.
            return None

    return ask


def with_practice_office(settings: Settings, folder: Path) -> Settings:
    """Return ``settings`` with the practice office as upstream and reports to it, for a demo House
    that names no other.

    Its slips carry a QR too, which leads to this machine.
    """
    if not settings.house.demo:
        return settings
    if not settings.web.address:
        here = f"http://{settings.web.host}:{settings.web.port}"
        settings = msgspec.structs.replace(settings, web=msgspec.structs.replace(settings.web, address=here))
    if settings.upstream.url:
        return settings
    office = folder / "office"
    upstream = msgspec.structs.replace(
        settings.upstream,
        url=f"http://127.0.0.1:{settings.office.port}",
        token_file=str(office / "token"),
        public_key_file=str(office / "public_key.b64"),
        states_every_s=5.0,
    )
    # The practice office shows them; a House of its own tells nobody anything until a technician says so.
    reports = msgspec.structs.replace(settings.reports, daily=True, monthly=True)
    return msgspec.structs.replace(settings, upstream=upstream, reports=reports)


def _ports(settings: Settings, folder: Path) -> Ports:
    simulated = folder / "simulated"

    def printer() -> SlipPrinter:
        from devices import choose
        from devices.picture import PictureBook

        return choose.slip_printer(settings.printer, simulated, PictureBook(_PICTURES))

    def panel() -> Panel:
        from devices import choose

        return choose.panel(settings.panel, simulated)

    def speaker() -> Speaker:
        from devices import choose

        return choose.speaker(settings.speaker, simulated)

    def sheets() -> SheetPrinter:
        from devices import choose

        return choose.sheet_printer(settings.sheets, simulated)

    def scanner() -> Scanner:
        from devices import choose

        return choose.scanner(settings.scanner, simulated)

    def reader() -> CodeReader:
        from devices import choose

        return choose.code_reader(settings.reader, simulated)

    def anew(other: Settings) -> Ports:
        return _ports(other, folder)

    return Ports(
        printer=printer,
        panel=panel,
        speaker=speaker,
        sheets=sheets,
        scanner=scanner,
        reader=reader,
        anew=anew,
    )


def web(house: House) -> Flask:
    """Return the web application of ``house``."""
    from hub import app

    return app.create_app(house)


def office(house: House) -> Flask:
    """Return the practice office of ``house``, which keeps its own folder and key."""
    from hub.base import crypto
    from hub.practice_office import app

    folder = house.data / "office"
    folder.mkdir(mode=0o700, exist_ok=True)
    return app.create_office(folder, secret=crypto.secret_file(house.keys / "office-key"))
