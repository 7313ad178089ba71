"""The House: the one plain record that the composition root hands down.

It holds what a room needs and nothing that a room can change. Below the desks nobody looks it up: it is passed in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devices.desk_ports import CodeReader, Scanner, SheetPrinter
from devices.ports import Panel, SlipPrinter, Speaker
from hub.base import db
from hub.base.clock import Clock
from hub.base.settings import Settings


@dataclass(frozen=True, slots=True)
class Ports:
    """How to open each device; only the bench calls these, once each and again after a fault."""

    printer: Callable[[], SlipPrinter]
    panel: Callable[[], Panel]
    speaker: Callable[[], Speaker]
    sheets: Callable[[], SheetPrinter]
    scanner: Callable[[], Scanner]
    reader: Callable[[], CodeReader]
    anew: Callable[[Settings], Ports]
    """The ports as other settings name them, for a device that was chosen at the page."""


@dataclass(frozen=True, slots=True)
class House:
    """One House at work: settings, data folder, content folder, clock, and how to open its devices."""

    settings: Settings
    data: Path
    content: Path
    clock: Clock
    ports: Ports

    @property
    def database(self) -> Path:
        """The file of the database."""
        return self.data / "house.db"

    @property
    def packs(self) -> Path:
        """Where installed content packs lie."""
        return self.data / "packs"

    @property
    def speech(self) -> Path:
        """Where rendered speech is kept."""
        return self.data / "speech"

    @property
    def simulated(self) -> Path:
        """Where simulated devices leave what came out of them."""
        return self.data / "simulated"

    @property
    def keys(self) -> Path:
        """Where secrets lie, one file each, mode 0600."""
        return self.data / "keys"

    def connect(self) -> sqlite3.Connection:
        """Open the database."""
        return db.connect(self.database)
