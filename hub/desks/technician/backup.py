"""Copies of the database: which there are, and one more now."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, cast

from flask import Blueprint

from hub.base import backups
from hub.desks import shell
from hub.desks.technician import common


def add_to(desk: Blueprint) -> None:
    """Put the backup page on ``desk``."""
    common.put(desk, "/backup", backup)
    common.put(desk, "/backup", make, post=True)


def backup() -> str:
    """List the copies."""
    house = shell.house()
    copies = [(one.name, common.when(one.at), common.size(one.size)) for one in backups.listing(house)]
    return shell.page(
        "technician/backup.html",
        copies=copies,
        keep=house.settings.backup.keep,
        folder=str(backups.folder(house)),
        free=common.size(shutil.disk_usage(house.data).free),
    )


def make() -> Any:
    """Copy the database now."""
    return common.tried(
        lambda: backups.make(shell.house()),
        lambda path: shell.say("technician.backup_made", name=cast(Path, path).name),
        "backup",
    )
