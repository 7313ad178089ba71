"""Even out the light of a page: paper becomes white, ink stays dark.

Keeps true: each colour is moved by one curve for the whole page, so nothing that was there disappears; a page
whose paper is coloured stays so under a scanner's even light. It never brightens without bound: what is too
dark stays dark and is told by the judge.
"""

from __future__ import annotations

from PIL import Image

WHITE = 246
"""Where paper ends up: below full white, so that a stamp's faint edge is not burnt away."""

_MOST_GAIN = 2.0
_PAPER_SHARE = 0.8
_INK_SHARE = 0.005
_INK_MOST = 70
_INK_TAKEN = 0.6
_TINT_SCANNER, _TINT_CAMERA = 0.10, 0.45
"""How far apart the paper's colours may lie and still be the lamp's doing rather than the paper's own."""
_SMALL_PX = 800


def level(counts: list[int], share: float) -> int:
    """Return the value below which ``share`` of a histogram's dots lie."""
    wanted, seen = share * sum(counts), 0
    for value, count in enumerate(counts):
        seen += count
        if seen >= wanted:
            return value
    return len(counts) - 1


def balance(sheet: Image.Image, *, camera: bool) -> Image.Image:
    """Return the page in even light, RGB or grey as it came."""
    small = sheet.reduce(max(1, max(sheet.size) // _SMALL_PX))
    bands = [band.histogram() for band in small.split()]
    paper = [max(1, level(counts, _PAPER_SHARE)) for counts in bands]
    inks = [level(counts, _INK_SHARE) for counts in bands]
    black = _INK_TAKEN * min(min(inks), _INK_MOST)
    most = _TINT_CAMERA if camera else _TINT_SCANNER
    if max(paper) - min(paper) > most * max(paper):
        paper = [max(paper)] * len(paper)
    curve: list[int] = []
    for one in paper:
        gain = min(_MOST_GAIN, WHITE / max(1.0, one - black))
        curve += [max(0, min(255, round((value - black) * gain))) for value in range(256)]
    return sheet.point(curve)
