"""A code reader without a beam: a text is held before it by a method call, or one of a few made-up cards.

It notes how it is in ``reader.json`` and never what it read: a card is personal.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from devices import journal
from devices.config import ReaderConfig
from devices.desk_ports import CodeReader
from devices.ports import State, Status, Unsupported

INDEX = "reader.json"


CARDS = {
    "card_2021": "015155000000||Nguyễn Thị Mẫu|01021955|Nữ|Thôn Mẫu, Lâm Giang, Văn Yên, Yên Bái|05082021",
    "card_2024": "010202000000||Lý A Mẫu|15072002|Nam|Thôn Mẫu, Bảo Ái, Lào Cai|01082025||||",
    "insurance": "0155000000|4cc3bd2041204de1baab75|15/07/2002|1|-|-|01/01/2026|-|01/01/2026|-|-|-|-|-|-|-",
    "payment": "00020101021138000000",
}
"""What can be held before the reader to rehearse: nobody's cards, their numbers end in zeros."""


class Fault(StrEnum):
    """What can be wrong with the practice reader."""

    CABLE_PULLED = "cable_pulled"


class SimulatedCodeReader(CodeReader):
    """The practice code reader."""

    def __init__(self, config: ReaderConfig, folder: Path) -> None:
        self._path = folder / INDEX
        self._callback: Callable[[str], None] | None = None
        self._fault: Fault | None = None
        self._closed = False
        self._read = 0
        self._note()

    def on_code(self, callback: Callable[[str], None]) -> None:
        self._callback = callback

    def hold(self, text: str) -> None:
        """Hold a code before the reader; with the cable out nothing happens."""
        if self._callback is not None and self.status().state.usable:
            self._read += 1
            self._callback(text)
            self._note()

    def press(self, button: str) -> None:
        """Hold one of ``CARDS`` before the reader, as a finger on a page says; raises Unsupported."""
        if button not in CARDS:
            raise Unsupported(f"no made-up card {button!r}")
        self.hold(CARDS[button])

    def inject(self, fault: Fault) -> None:
        """Make the reader fail this way until ``mend``."""
        self._fault = fault
        self._note()

    def mend(self) -> None:
        """Put everything right again."""
        self._fault = None
        self._note()

    def status(self) -> Status:
        if self._closed:
            return Status(State.OFFLINE, "closed")
        return Status(State.OFFLINE, self._fault) if self._fault else Status(State.READY)

    def close(self) -> None:
        self._closed = True
        self._note()

    def _note(self) -> None:
        told = {"state": self.status().state, "fault": self._fault, "codes": self._read}
        journal.write(self._path, told | {"buttons": list(CARDS)})
