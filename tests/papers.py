"""Slips as the villager sees them: drawn with the House's own pictures and held against golden ones.

After a change that was looked at and approved, ``HOUSE_DRAW=1 scripts/test tests/trades`` draws the golden ones anew.
"""

from __future__ import annotations

import os
from pathlib import Path

from PIL import Image

from devices import raster
from devices.picture import PictureBook
from devices.slip import Slip
from tests.devices import golden

_PICTURES = Path(__file__).parents[1] / "hub" / "desks" / "static" / "pictures"


def drawn(slip: Slip, width: int = 576) -> Image.Image:
    """Return ``slip`` as it is printed at ``width`` dots."""
    return raster.render(slip, width, PictureBook(_PICTURES))


def looks_as_agreed(slip: Slip, path: Path, width: int = 576) -> bool:
    """Return whether ``slip``, drawn at ``width`` dots, looks like the picture at ``path``."""
    paper = drawn(slip, width)
    if os.environ.get("HOUSE_DRAW"):
        paper.save(path, optimize=True)
    return golden.difference(paper, path) == 0
