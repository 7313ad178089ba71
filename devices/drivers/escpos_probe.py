"""The probe slip as bytes: every line of ``devices.probe`` with its number, in letters any printer knows.

Keeps true: each line starts from a printer that was set back, so one that is not understood spoils itself
and not the next. The numbers are plain ASCII, readable whatever becomes of the line behind them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from PIL import Image, ImageDraw

from devices import fonts, lettering, probe
from devices.config import PrinterConfig
from devices.drivers import escpos_stream
from devices.drivers.escpos_text import Letters

_HIGH = 24
_ACROSS = 264


def stream(config: PrinterConfig) -> Iterator[bytes]:
    """Write the probe slip, one chunk a line and one for all rulers; raise Unsupported without a typeface."""
    trials = probe.lines(config)
    rulers = [trial for trial in trials if trial.ruler is not None]
    if rulers:
        yield escpos_stream.start(replace(config, drawer=False)) + b"".join(map(_ruler, rulers))
    for trial in trials[len(rulers) :]:
        tried = replace(config, **trial.changes)  # type: ignore[arg-type]
        number = f"{trial.number:2}  ".encode("ascii")
        line = escpos_stream.start(replace(tried, drawer=False))
        if tried.encoding == "image":
            line += number + b"\n"
            line += b"".join(escpos_stream.image(sample(), replace(tried, blank_rows="sent"))) + b"\n"
        else:
            said = lettering.encode(probe.SAMPLE, tried.encoding)
            assert said is not None
            line += b"".join(escpos_stream.letters(Letters(number + said, tried.code_page)))
        yield line
    yield escpos_stream.start(replace(config, drawer=False)) + escpos_stream.end(config)


def _ruler(trial: probe.Trial) -> bytes:
    # Just so many letters, the last an upright: on narrower paper it stands alone on the next line.
    number = f"{trial.number:2}  ".encode("ascii")
    return number + b"-" * ((trial.ruler or 0) - len(number) - 1) + b"|\n"


def sample() -> Image.Image:
    """Draw the words of the image lines, small: what is not understood comes out as junk."""
    paper = Image.new("L", (_ACROSS, _HIGH), 255)
    face = fonts.face(19, True, probe.IMAGE_SAMPLE)
    ImageDraw.Draw(paper).text((2, 19), probe.IMAGE_SAMPLE, fill=0, font=face, anchor="ls")
    return paper.point(lambda grey: 0 if grey < 150 else 255).convert("1", dither=Image.Dither.NONE)
