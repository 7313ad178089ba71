"""The content: which pack is active, whether it is whole, a step back; who publishes it and what is on offer."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Response

from hub.base.errors import Missing
from hub.desks import shell
from hub.desks.technician import common
from hub.overview import arrival
from hub.packs import index, install, manifest, offers
from hub.packs.index import Kind
from hub.packs.install import Installed
from hub.packs.offers import State

_MOODS = {State.HERE: "good", State.READY: "good", State.FAILED: "bad"}


@dataclass(frozen=True, slots=True)
class Pack:
    """An active pack as the page shows it."""

    name: str
    version: str
    id: str
    title: str
    as_of: dt.date


@dataclass(frozen=True, slots=True)
class Offered:
    """A pack on offer as the page shows it: its version here and there, how far it has come, what is in its way."""

    name: str
    here: str
    there: str
    size: str
    state: State
    mood: str
    fetched: str
    to_fetch: str
    trouble: str


def add_to(desk: Blueprint) -> None:
    """Put the packs' pages on ``desk``."""
    common.put(desk, "/packs", packs)
    common.put(desk, "/packs/look", look, post=True)
    common.put(desk, "/packs/<name>/verify", verify, post=True)
    common.put(desk, "/packs/<name>/rollback", ask_rollback)
    common.put(desk, "/packs/<name>/rollback", rollback, post=True)


def packs() -> Response:
    """List the active packs, and what their publisher offers."""
    given, conn = shell.house().settings.packs, shell.conn()
    known, here = offers.check(conn), tuple(_pack(one) for one in _installed())
    offered = tuple(_offered(one, here) for one in offers.offers(conn))
    root = _root()

    def render() -> str:
        return shell.page(
            "technician/packs.html",
            packs=here,
            offered=offered,
            addresses=tuple(_bare(url) for url in given.urls),
            root=root,
            known=known,
            trouble=_told(known.reason_key, known.reason),
            ended=common.when(known.ended_at),
            good=common.when(known.good_at),
            holds=common.when(known.expires_at),
        )

    return common.polled(
        (known.begun_at, known.ended_at, known.wanted, str(known), offered, here, root), render
    )


def look() -> Any:
    """Have the publisher asked now."""
    return common.tried(lambda: offers.ask(shell.conn()), lambda _: shell.say("packs.page_asked"), "packs")


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


def _offered(one: offers.Offer, here: tuple[Pack, ...]) -> Offered:
    if one.kind is Kind.PROGRAM:
        mine = importlib.metadata.version("digital-cultural-house")
    else:
        mine = next((pack.version for pack in here if pack.name == one.name), "–")
    return Offered(
        one.name,
        mine,
        one.version,
        common.size(one.size),
        one.state,
        _MOODS.get(one.state, "wait"),
        common.size(one.fetched),
        common.size(one.to_fetch),
        _told(one.reason_key, one.reason),
    )


def _told(key: str | None, values: Mapping[str, object]) -> str:
    return shell.say(key, **values) if key else ""


def _root() -> str:
    chosen = shell.house().settings.packs.root_file
    place = Path(chosen) if chosen else shell.house().data / offers.HOME / offers.ROOT
    try:
        return index.fingerprint(place.read_bytes())
    except OSError:
        return ""


def _bare(url: str) -> str:
    scheme, sep, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{sep}{place.rpartition('@')[2]}{slash}{path}"
