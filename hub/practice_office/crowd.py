"""Sendings of one record that are in the office at the same moment, and which of them came first.

Keeps true: the record is placed by the first alone, the others are told that they were not it; an exercise can
gather several at the door and let them in together. A wait has an end. It never looks into a record.
"""

from __future__ import annotations

import contextlib
import enum
import threading
from collections.abc import Iterator
from dataclasses import dataclass

_GATHER_S = 20.0
Name = tuple[str, str]
Content = tuple[bytes, dict[str, bytes]]


class Rank(enum.Enum):
    """What a sending is among those that are in at the same moment."""

    FIRST = enum.auto()
    SAME_AGAIN = enum.auto()
    OTHER_FILES = enum.auto()


@dataclass(slots=True)
class _Inside:
    first: Content
    came: int = 0
    present: int = 0
    placed: bool = False
    working: bool = False


class Crowd:
    """Who is in; one for an office."""

    def __init__(self, gather_s: float = _GATHER_S) -> None:
        self._gather_s = gather_s
        self._inside: dict[Name, _Inside] = {}
        self._moved = threading.Condition()

    @contextlib.contextmanager
    def enter(self, name: Name, content: Content, *, gather: int = 0) -> Iterator[Rank]:
        """Run the block with the rank of this sending, one at a time for a ``name``.

        With ``gather`` above one the block waits until so many have come, or for ``gather_s``.
        """
        if not name[1]:
            # A record without an instanceID is a new one each time.
            yield Rank.FIRST
            return
        with self._moved:
            inside = self._inside.setdefault(name, _Inside(content))
            rank = Rank.FIRST
            if inside.came:
                rank = Rank.SAME_AGAIN if content == inside.first else Rank.OTHER_FILES
            inside.came += 1
            inside.present += 1
            self._moved.notify_all()
            if gather > 1:
                self._moved.wait_for(lambda: inside.came >= gather, self._gather_s)
            self._moved.wait_for(lambda: not inside.working and (rank is Rank.FIRST or inside.placed))
            inside.working = True
        try:
            yield rank
        finally:
            with self._moved:
                inside.working, inside.placed = False, True
                inside.present -= 1
                if not inside.present:
                    del self._inside[name]
                self._moved.notify_all()
