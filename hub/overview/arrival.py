"""What a new pack changes beyond its own pages: what the search finds, which services the queue offers.

Keeps true: doing it again changes nothing unless the pack or the program changed.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from hub.overview import search
from hub.packs import shelf
from hub.trades.tickets import reader as services
from hub.trades.tickets import service as tickets


def take_over(packs: Path, conn: sqlite3.Connection, program: str) -> bool:
    """Bring search and queue up to the active core pack below ``packs``; return whether it had changed."""
    active = shelf.current(packs)
    changed = search.rebuild(conn, active, program)
    if changed:
        tickets.set_services(conn, services.read(active.root))
    return changed
