"""Read from a pack which communes there are and which there were.

Keeps true: codes stay text with their zeros; a line that names an unknown successor stops the reading with
its file and number. The lists are read when first asked for, once a pack: most visitors never need them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from threading import Lock

from hub.base.errors import NotReady
from hub.packs.shelf import Shelf
from hub.trades.places.gazetteer import Gazetteer
from hub.trades.places.model import Commune, Former

_COMMUNES = "places/communes.csv"
_FORMER = "places/former.csv"


_lock = Lock()
_held: dict[tuple[str, str], Gazetteer] = {}


def gazetteer(shelf: Shelf) -> Gazetteer:
    """Return the pack's places, ready to be looked up.

    Raises ``Missing("packs.no_page")`` for a pack without places, ``NotReady("packs.bad_file")``.
    """
    # One at a time: two readers at once would hold the lists twice.
    with _lock:
        found = _held.get((shelf.name, shelf.id))
        if found is None:
            found = _read(shelf)
            _held.clear()
            _held[shelf.name, shelf.id] = found
        return found


def _read(shelf: Shelf) -> Gazetteer:
    communes = tuple(Commune(*row) for _, row in _rows(shelf, _COMMUNES, 4))
    codes = {one.code for one in communes}
    former = []
    for line, (code, name, district, province, now) in _rows(shelf, _FORMER, 5):
        followers = tuple(now.split())
        if not followers or not codes.issuperset(followers):
            raise NotReady("packs.bad_file", file=f"{_FORMER}:{line}", why="now")
        former.append(Former(code, name, district, province, followers))
    return Gazetteer(communes, tuple(former))


def _rows(shelf: Shelf, name: str, columns: int) -> Iterator[tuple[int, list[str]]]:
    with shelf.path(name).open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines, None)
        for row in lines:
            if len(row) != columns or not all(row):
                raise NotReady("packs.bad_file", file=f"{name}:{lines.line_num}", why=f"{columns}")
            yield lines.line_num, row
