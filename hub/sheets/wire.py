"""How a sheet travels to the process that draws it, and its PDF back: one message each way, over pipes.

Keeps true: only the three kinds of sheet can travel; nothing is written to the disk on the way.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec

from hub.sheets.model import Ct01, Declaration, Leaflet, Sheet

MOST_SHEET = 1024 * 1024
MOST_PDF = 24 * 1024 * 1024


class Kind(StrEnum):
    """Which sheet follows."""

    CT01 = "ct01"
    DECLARATION = "declaration"
    LEAFLET = "leaflet"


class Exit(IntEnum):
    """What the drawing process ends with."""

    DRAWN = 0
    FAILED = 1
    NO_FONTS = 3
    TOO_LONG = 4


_KINDS: dict[type[Sheet], Kind] = {Ct01: Kind.CT01, Declaration: Kind.DECLARATION, Leaflet: Kind.LEAFLET}
_TYPES: dict[Kind, type[Sheet]] = {kind: of for of, kind in _KINDS.items()}


def pack(sheet: Sheet) -> bytes:
    """Return a sheet as one message."""
    return msgspec.msgpack.encode((_KINDS[type(sheet)], sheet))


def unpack(message: bytes) -> Sheet:
    """Return the sheet of a message; raises ``msgspec.DecodeError`` for anything else."""
    kind, rest = msgspec.msgpack.decode(message, type=tuple[Kind, msgspec.Raw])
    sheet: Sheet = msgspec.msgpack.decode(rest, type=_TYPES[kind])
    return sheet
