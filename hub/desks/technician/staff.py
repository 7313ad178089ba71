"""Who works here, and who came and went: names, roles and times; no secret is in reach of any page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint

from hub.base import clock as clocks
from hub.desks import shell
from hub.desks.technician import common
from hub.trades.staff import service

_LINES = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal as the page shows it."""

    what_key: str
    name: str | None
    place: str
    at: str
    trusted: bool


def add_to(desk: Blueprint) -> None:
    """Put the staff page on ``desk``."""
    common.put(desk, "/staff", staff)


def staff() -> str:
    """List the staff and the latest lines of the journal."""
    conn = shell.conn()
    lines = [
        Entry(
            f"staff.log_{line.what}", line.name, line.place, common.when(clocks.parse(line.at)), line.trusted
        )
        for line in service.journal(conn, _LINES)
    ]
    return shell.page("technician/staff.html", people=service.listing(conn), lines=lines)
