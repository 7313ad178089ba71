"""Put the content in its place: packs, forms, what the search finds, what the queue offers.

Keeps true: doing it again changes nothing unless the content or the program changed. It runs in a process of
its own at a start or an update, because the form compiler is far heavier than anything that stays.
"""

from __future__ import annotations

import importlib.metadata
from contextlib import closing
from pathlib import Path

from hub.base.errors import NotReady
from hub.base.house import House
from hub.packs import install, render, shelf
from hub.packs.install import Installed

CORE = "core"
FORMS = "procedures/*/form.md"


def version() -> str:
    """Return the version of this program."""
    return importlib.metadata.version("digital-cultural-house")


def put(house: House, source: Path, *, unsealed: bool) -> Installed:
    """Install the pack in ``source`` and take over what it brings; raises as ``packs.install.install`` does.

    A pack that is whole but cannot be used (a page that others name is not in it) gives way to the one before.
    """
    from hub.overview import arrival

    done = install.install(source, house.packs, preparers(), program=version(), unsealed=unsealed)
    with closing(house.connect()) as conn:
        arrival.use(house.packs, conn, done, version())
    return done


def back(house: House, name: str) -> Installed:
    """Make the pack before the current one; raises as ``overview.arrival.back`` does."""
    from hub.overview import arrival

    with closing(house.connect()) as conn:
        return arrival.back(house.packs, conn, name, version())


def preparers() -> dict[str, install.Preparer]:
    """Return what is made of a pack's files when it is installed: pages from Markdown, forms from tables."""
    found: dict[str, install.Preparer] = {pattern: render.prepare for pattern in render.PAGES}
    found[FORMS] = _form
    return found


def forms(house: House) -> tuple[tuple[str, bytes], ...]:
    """Return the forms of the active pack as (procedure slug, XML)."""
    active = shelf.current(house.packs, CORE)
    found = []
    for name in active.names("procedures/*/form.xml"):
        path = active.path(name)
        found.append((path.parent.name, path.read_bytes()))
    return tuple(found)


def _form(source: Path, target: Path) -> None:
    from hub.forms import author

    made = author.convert(source, "md", source.parent.name)
    Path(f"{target}.xml").write_bytes(made.xml)


def packs_beside(house: House) -> tuple[Path, ...]:
    """Return the pack folders that come with the program; raises ``NotReady("packs.none")`` if there is none."""
    found = tuple(sorted(path.parent for path in house.content.glob("*/manifest.toml")))
    if not found:
        raise NotReady("packs.none", name=str(house.content))
    return found
