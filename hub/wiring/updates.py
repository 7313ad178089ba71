"""Bring packs up to what their publisher offers: joins the rooms that look, pay and put in place.

Keeps true: it runs in a process of its own, because judging signatures and compiling forms is far heavier than
anything that stays; it may be killed at any moment.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from hub.base.errors import HubError, NotReady, Refused
from hub.base.house import House
from hub.packs import fetch, index, offers, trust
from hub.packs.fetch_wire import Folder, Leave, Pace, Source, Web
from hub.post import allowance, network, outbox
from hub.post.transports import connections, credentials, known
from hub.post.transports.trust import Trust
from hub.wiring import content

_LOOK_S = 1.0
_WAIT_S = 60.0


def update(house: House, *, folder: Path | None = None, look_only: bool = False) -> tuple[offers.Offer, ...]:
    """Ask the addresses of the settings, or ``folder``, and bring what they offer here; raises as ``fetch.update``.

    ``NotReady("packs.no_address")`` when the settings name none.
    """
    given, home = house.settings.packs, house.data / offers.HOME
    if folder is None and not given.urls:
        raise NotReady("packs.no_address")
    with closing(house.connect()) as conn:
        try:
            _, root = fetch.trusted(home, given.root_file)
            sources, spent, pace = _sources(house, conn, folder)
        except HubError as bad:
            offers.refused(conn, bad, house.clock.read())
            raise
        try:
            content.settle(house)
            return fetch.update(
                fetch.Place(home, house.packs, content.version()),
                sources,
                root,
                given.names,
                put=lambda whole: content.put(house, whole, unsealed=False),
                pace=pace,
                book=fetch.Book(conn, house.clock.read),
                look_only=look_only,
            )
        finally:
            if spent is not None:
                spent.count()
            for source in sources:
                if isinstance(source, Web):
                    source.close()


def _sources(
    house: House, conn: sqlite3.Connection, folder: Path | None
) -> tuple[list[Source], allowance.Allowance | None, Pace]:
    if folder is not None:
        return [Folder(folder)], None, Pace()
    given, way = house.settings.packs, house.settings.upstream
    # The village's way out is one: what the office is reached through leads to the publisher as well.
    proxy = connections.proxy(way.proxy) if way.proxy else None
    pass_ = credentials.for_proxy(way.proxy_file) if way.proxy else ""
    tls = Trust("", known.house_time(house.clock))
    found: list[Source] = [
        Web(url, connect_s=given.connect_s, idle_s=given.idle_s, proxy=proxy, pass_=pass_, tls=tls)
        for url in given.urls
    ]

    def line() -> network.Network:
        return network.last(conn).network

    spent = allowance.Allowance(house.connect, house.settings.uplink, house.clock, line)
    leave = _Line(conn, allowance.Packs(spent, house.settings.uplink, line))
    return found, spent, Pace(leave, given.bytes_per_s)


def believe(house: House, data: bytes) -> str:
    """Trust the publisher's root ``data`` from now on; return its fingerprint.

    What was seen of another publisher is forgotten. Raises ``NotReady("packs.bad_root")``,
    ``Refused("packs.root_by_setting")`` when the settings name another file.
    """
    if house.settings.packs.root_file:
        raise Refused("packs.root_by_setting", file=house.settings.packs.root_file)
    trust.read_root(data)
    fetch.believe(house.data / offers.HOME, data)
    return index.fingerprint(data)


class _Line:
    """The leave of a line that others share: a dossier on the wire goes first, and what the line costs counts."""

    def __init__(self, conn: sqlite3.Connection, costs: Leave) -> None:
        self._conn, self._costs = conn, costs
        self._looked, self._why = float("-inf"), ""

    def why_not(self) -> str | None:
        """Return why nothing more may be fetched now; waits a minute at most for dossiers on the wire."""
        if time.monotonic() - self._looked < _LOOK_S:
            return self._why or None
        until = time.monotonic() + _WAIT_S
        while travels := bool(outbox.listing(self._conn, (outbox.State.SENDING,))):
            if time.monotonic() >= until:
                break
            time.sleep(_LOOK_S / 2)
        self._why = "packs.dossiers_first" if travels else self._costs.why_not() or ""
        self._looked = time.monotonic()
        return self._why or None

    def took(self, count: int) -> None:
        """Count bytes that came."""
        self._costs.took(count)
