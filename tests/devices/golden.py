"""Compare a drawn slip with its golden picture, as an eye would.

Drawing libraries differ by a dot between Debian releases, so both are compared as squares of four dots:
a word, a picture or a rule that is missing, moved or different shows; a hair's breadth does not. After
a change that was looked at and approved, ``python -m tests.devices.golden`` draws the golden files anew.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageChops

from devices import raster, slip
from devices.picture import PictureBook
from tests.devices import samples

FOLDER = Path(__file__).parent / "golden"
_SQUARE = 4


def difference(image: Image.Image, golden: Path) -> float:
    """Count the squares that differ in two fifths of their dots or more; infinite for another size."""
    with Image.open(golden) as opened:
        kept = opened.convert("L")
    if kept.size != image.size:
        return float("inf")
    apart = ImageChops.difference(kept.reduce(_SQUARE), image.convert("L").reduce(_SQUARE)).tobytes()
    return sum(grey > 100 for grey in apart)


def main() -> None:
    """Draw every golden file anew."""
    copy = slip.marked_copy(samples.ticket(), "BẢN SAO")
    (FOLDER / "ticket.txt").write_text(slip.as_text(copy), "utf-8")
    for width in raster.WIDTHS:
        raster.render(copy, width, PictureBook(samples.PICTURES)).save(FOLDER / f"ticket-{width}.png")
        raster.render(samples.scripts(), width).save(FOLDER / f"scripts-{width}.png")


if __name__ == "__main__":
    main()
