"""Put the content in its place: packs, forms, what the search finds, what the queue offers.

Keeps true: doing it again changes nothing unless the content or the program changed. It runs in a process of
its own at a start or an update, because the form compiler is far heavier than anything that stays.
"""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from hub.base.errors import HubError, NotReady
from hub.base.house import House
from hub.packs import index, install, manifest, render, shelf
from hub.packs.install import Installed

_log = logging.getLogger(__name__)

CORE = "core"
FORMS = "procedures/*/form.md"
REPORTS = "reports/*/form.md"
VISITS = "visits/*/form.md"


def version() -> str:
    """Return the version of this program."""
    return importlib.metadata.version("digital-cultural-house")


def put(house: House, source: Path, *, unsealed: bool) -> Installed:
    """Install the pack in ``source`` and take over what it brings; raises as ``packs.install.install`` does.

    A pack that is whole but cannot be used (a page that others name is not in it) gives way to the one before.
    """
    from hub.overview import arrival
    from hub.trades.procedures import trusting

    done = install.install(source, house.packs, preparers(), program=version(), unsealed=unsealed)
    with closing(house.connect()) as conn:
        arrival.use(house.packs, conn, done, version())
        trusting.adopt(conn, shelf.current(house.packs, CORE), house.clock.read())
    return done


def settle(house: House) -> None:
    """Take over what the core pack in place brings, where a kill between two steps left that undone."""
    from hub.overview import arrival
    from hub.trades.procedures import trusting

    if install.active(house.packs, CORE) is None:
        return
    with closing(house.connect()) as conn:
        try:
            if arrival.take_over(house.packs, conn, version()):
                trusting.adopt(conn, shelf.current(house.packs, CORE), house.clock.read())
        except HubError as bad:
            # What is in the way may be gone with the next version.
            _log.error("what the pack %s brings could not be taken over: %s", CORE, bad)


def back(house: House, name: str) -> Installed:
    """Make the pack before the current one; raises as ``overview.arrival.back`` does."""
    from hub.overview import arrival

    with closing(house.connect()) as conn:
        return arrival.back(house.packs, conn, name, version())


def again(house: House) -> tuple[Installed, ...]:
    """Bring every pack to what belongs in place at a start, and return those that changed.

    The packs beside the program are put in; but a newer one that was fetched stays, and so does what a
    technician went back to: both are only prepared anew where the program is another. Raises as ``put`` does.
    """
    beside = {manifest.read(folder).name: folder for folder in packs_beside(house)}
    names = {*beside, *(one.name for one in install.installed(house.packs))}
    done = []
    # Whatever else is put in asks what the core offers.
    for name in sorted(names, key=lambda name: (name != CORE, name)):
        folder = beside.get(name)
        if folder is None or _stays(house, name, manifest.read(folder).version):
            try:
                done.append(put(house, house.packs / name / install.CURRENT, unsealed=False))
                continue
            except HubError as bad:
                # It may be rotten on the card: the House opens all the same, with what came with the program.
                _log.error("pack %s could not be prepared anew: %s", name, bad)
        if folder is not None:
            done.append(put(house, folder, unsealed=True))
    return tuple(one for one in done if one.fresh)


def _stays(house: House, name: str, offered: str) -> bool:
    current, before = install.active(house.packs, name), install.previous(house.packs, name)
    if current is None or _order(current) == index.order(offered):
        return False
    newest = max(_order(current), _order(before) if before else ())
    return newest >= index.order(offered)


def _order(ident: str) -> tuple[int, ...]:
    return index.order(ident.rsplit("-", 1)[0])


def preparers() -> dict[str, install.Preparer]:
    """Return what is made of a pack's files when it is installed: pages from Markdown, forms from tables."""
    found: dict[str, install.Preparer] = {pattern: render.prepare for pattern in render.PAGES}
    found[FORMS] = found[REPORTS] = found[VISITS] = _form
    return found


def forms(house: House) -> tuple[tuple[str, bytes], ...]:
    """Return the forms of the active pack as (procedure slug, XML)."""
    active = shelf.current(house.packs, CORE)
    found = []
    for name in active.names("procedures/*/form.xml"):
        path = active.path(name)
        found.append((path.parent.name, path.read_bytes()))
    return tuple(found)


def reports(house: House) -> tuple[bytes, ...]:
    """Return the forms of the House's own reports, as the active pack brings them."""
    active = shelf.current(house.packs, CORE)
    return tuple(active.path(name).read_bytes() for name in active.names("reports/*/form.xml"))


def visits(house: House) -> tuple[tuple[bytes, Mapping[str, bytes]], ...]:
    """Return the forms for home visits of the active pack as (XML, the files beside it)."""
    from hub.trades.procedures import visit_forms

    found = visit_forms.all(shelf.current(house.packs, CORE))
    return tuple((one.xml, one.media) for one in found.values())


def _form(source: Path, target: Path) -> None:
    from hub.forms import author

    # A sample of each list that the form chooses from lies beside it.
    media = {path.name: path.read_bytes() for path in source.parent.glob("*.csv")}
    made = author.convert(source, "md", source.parent.name, media)
    Path(f"{target}.xml").write_bytes(made.xml)


def packs_beside(house: House) -> tuple[Path, ...]:
    """Return the pack folders that come with the program; raises ``NotReady("packs.none")`` if there is none."""
    found = tuple(sorted(path.parent for path in house.content.glob("*/manifest.toml")))
    if not found:
        raise NotReady("packs.none", name=str(house.content))
    return found
