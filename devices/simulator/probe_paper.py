"""What the probe slip looks like from a printer that understands some of its lines and not the others.

The practice printer knows two image commands and keeps its Vietnamese letters where many cheap printers do;
whatever else it is sent comes out as the wrong letters, as on a real one.
"""

from __future__ import annotations

from PIL import Image, ImageDraw

from devices import fonts, lettering, probe, raster
from devices.config import PrinterConfig

_UNDERSTOOD = {("tcvn", 27), ("image", "raster"), ("image", "column")}
_FIRST_PAGE = "cp437"
"""What a printer shows for a byte while it was told of a code page that it does not have."""


def draw(config: PrinterConfig) -> Image.Image:
    """Return the paper as a 1-bit image."""
    trials = probe.lines(config)
    size = 29 if config.width > 384 else 20
    step = size * 4 // 3
    height = -(-(len(trials) + 1) * step // raster.ROW) * raster.ROW
    sheet = Image.new("L", (config.width, height), 255)
    paper = ImageDraw.Draw(sheet)
    for trial in trials:
        if trial.ruler is not None:
            _rule(paper, trial, trial.number * step, config.width, size)
            continue
        said = f"{trial.number:2}  {_seen(trial)}"
        paper.text((8, trial.number * step), said, fill=0, font=fonts.face(size, False, said), anchor="ls")
    return sheet.point(lambda grey: 0 if grey < 150 else 255).convert("1", dither=Image.Dither.NONE)


def _rule(paper: ImageDraw.ImageDraw, trial: probe.Trial, y: int, width: int, size: int) -> None:
    said = f"{trial.number:2}"
    paper.text((8, y), said, fill=0, font=fonts.face(size, False, said), anchor="ls")
    end = (trial.ruler or 0) * probe.LETTER_DOTS
    paper.line((3 * size, y - 6, min(end, width) - 1, y - 6), fill=0, width=2)
    # What is longer than the paper is wide ends at the left of the next line.
    x, tick = (end - 2, y) if end <= width else (end - width, y + 16)
    paper.line((x, tick - 14, x, tick), fill=0, width=2)


def _seen(trial: probe.Trial) -> str:
    encoding = trial.changes["encoding"]
    if encoding == "image":
        known = ("image", trial.changes["mode"]) in _UNDERSTOOD
        return probe.IMAGE_SAMPLE if known else "(L" + "0p0" * 8
    if (encoding, trial.changes["code_page"]) in _UNDERSTOOD:
        return probe.SAMPLE
    sent = lettering.encode(probe.SAMPLE, encoding)  # type: ignore[arg-type]
    return (sent or b"").decode(_FIRST_PAGE)
