"""The content: which pack is active, whether it is whole, and a step back to the one before."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
from dataclasses import dataclass
from typing import Any

from flask import Blueprint

from hub.base.errors import Missing
from hub.desks import shell
from hub.desks.technician import common
from hub.overview import arrival
from hub.packs import install, manifest
from hub.packs.install import Installed


@dataclass(frozen=True, slots=True)
class Pack:
    """An active pack as the page shows it."""

    name: str
    version: str
    id: str
    title: str
    as_of: dt.date


def add_to(desk: Blueprint) -> None:
    """Put the packs' pages on ``desk``."""
    common.put(desk, "/packs", packs)
    common.put(desk, "/packs/<name>/verify", verify, post=True)
    common.put(desk, "/packs/<name>/rollback", ask_rollback)
    common.put(desk, "/packs/<name>/rollback", rollback, post=True)


def packs() -> str:
    """List the active packs."""
    return shell.page("technician/packs.html", packs=[_pack(one) for one in _installed()])


def verify(name: str) -> Any:
    """Compare every file of a pack with its list of hashes."""
    return common.tried(
        lambda: install.check(shell.house().packs, _named(name).name),
        lambda _: shell.say("technician.pack_whole", name=name),
        "packs",
    )


def ask_rollback(name: str) -> str:
    """Ask before going back."""
    return shell.page("technician/rollback.html", pack=_pack(_named(name)))


def rollback(name: str) -> Any:
    """Go back to the pack that was active before."""
    return common.tried(
        lambda: _back(_named(name).name),
        lambda version: shell.say("technician.pack_back", name=name, version=version),
        "packs",
    )


def _back(name: str) -> str:
    program = importlib.metadata.version("digital-cultural-house")
    return arrival.back(shell.house().packs, shell.conn(), name, program).version


def _named(name: str) -> Installed:
    for one in _installed():
        if one.name == name:
            return one
    raise Missing("packs.nothing_before", name=name)


def _installed() -> tuple[Installed, ...]:
    return install.installed(shell.house().packs)


def _pack(one: Installed) -> Pack:
    told = manifest.read(shell.house().packs / one.name / one.id)
    title = told.title.en if shell.lang() == "en" else told.title.vi
    return Pack(one.name, one.version, one.id, title, told.as_of)
