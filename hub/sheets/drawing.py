"""Which drawer draws which sheet.

Only the drawing process imports it: what it stands on is too heavy for the web.
"""

from __future__ import annotations

from hub.sheets import ct01, declaration, leaflet
from hub.sheets.model import Ct01, Declaration, Sheet


def draw(sheet: Sheet) -> bytes:
    """Return a sheet as PDF; ``NotReady("sheets.no_fonts")`` where the faces are not installed."""
    if isinstance(sheet, Ct01):
        return ct01.draw(sheet)
    if isinstance(sheet, Declaration):
        return declaration.draw(sheet)
    return leaflet.draw(sheet)
