"""What a new pack changes beyond its own pages: what the search finds, which services the queue offers.

Keeps true: doing it again changes nothing unless the pack or the program changed; a pack that is whole but
cannot be used gives way to the one before it.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from hub.base.errors import HubError, Missing, NotReady
from hub.overview import search
from hub.packs import install, shelf
from hub.packs.install import Installed
from hub.trades.tickets import reader as services
from hub.trades.tickets import service as tickets


def take_over(packs: Path, conn: sqlite3.Connection, program: str) -> bool:
    """Bring search and queue up to the active core pack below ``packs``; return whether it had changed."""
    active = shelf.current(packs)
    changed = search.rebuild(conn, active, program)
    if changed:
        tickets.set_services(conn, services.read(active.root))
    return changed


def use(packs: Path, conn: sqlite3.Connection, done: Installed, program: str) -> None:
    """Take over what ``done`` brings, or go back to the pack before when that cannot be done.

    Raises ``NotReady("packs.missing_file")`` when a page that others name is not in it, and as the readers do.
    """
    try:
        take_over(packs, conn, program)
    except HubError as bad:
        if done.fresh:
            with suppress(Missing):
                install.rollback(packs, done.name)
        if isinstance(bad, Missing):
            raise NotReady("packs.missing_file", **bad.values) from bad
        raise


def back(packs: Path, conn: sqlite3.Connection, name: str, program: str) -> Installed:
    """Make the pack before the current one; raises as ``packs.install.rollback`` and ``use`` do."""
    done = install.rollback(packs, name)
    use(packs, conn, done, program)
    return done
