"""Slips as ESC/POS bytes: dots by three image commands, letters where the probe slip chose them, cut.

Keeps true: every dot of the raster is carried by exactly one command, and no command is larger than the
settings allow. Empty rows cost next to nothing: a narrow image keeps them exact on every printer, while a
paper feed depends on what the printer takes for a unit. Nothing here opens or waits for a printer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from PIL import Image

from devices.config import PrinterConfig
from devices.drivers.escpos_text import Letters
from devices.raster import ROW
from devices.slip import Align, Size

_ESC, _GS, _FS = b"\x1b", b"\x1d", b"\x1c"
_INIT = _ESC + b"@"
_NOT_CHINESE = _FS + b"."
"""Many printers read two bytes of text as one Chinese character until they are told not to."""
_PULSE = _ESC + b"p\x00\x19\xfa"
"""50 ms on, 500 ms off, at the first drawer's pin."""
_TO_CUTTER = _ESC + b"d\x06"
_TO_TEAR = _ESC + b"d\x04"
_CUTS = {"part": _GS + b"V\x01", "full": _GS + b"V\x00"}

_LEAST_BLANK = 8
"""Fewer empty rows than these go along with the dots: a command of their own would hardly be shorter."""
_INVERTED = bytes(255 - byte for byte in range(256))


def start(config: PrinterConfig) -> bytes:
    """Return what every slip begins with: the printer as after switching on, the drawer if it is wanted."""
    return _INIT + (_PULSE if config.drawer else b"")


def end(config: PrinterConfig) -> bytes:
    """Return what brings the paper out, and cuts it off."""
    return _TO_TEAR if config.cut == "none" else _TO_CUTTER + _CUTS[config.cut]


def slip(pieces: Iterable[Image.Image | Letters], config: PrinterConfig) -> Iterator[bytes]:
    """Write a whole slip, chunk by chunk; between two chunks a printer may be given a rest.

    A chunk is one command that carries a fragment, or as many small ones as are no larger together.
    """
    most = config.fragment_rows * config.width // 8
    waiting = start(config)
    for piece in pieces:
        for chunk in letters(piece) if isinstance(piece, Letters) else image(piece, config):
            if len(waiting) + len(chunk) > most:
                yield waiting
                waiting = b""
            waiting += chunk
    yield waiting + end(config)


def letters(line: Letters) -> Iterator[bytes]:
    """Write one line in the printer's own letters."""
    align = (Align.LEFT, Align.CENTRE, Align.RIGHT).index(line.align)
    written = _NOT_CHINESE + _ESC + b"t" + bytes((line.code_page,)) + _ESC + b"a" + bytes((align,))
    written += _ESC + b"E" + bytes((line.bold,)) + _GS + b"!" + bytes((line.size is Size.LARGE,))
    yield written + line.data + b"\n" + _ESC + b"a\x00" + _ESC + b"E\x00" + _GS + b"!\x00"


def image(paper: Image.Image, config: PrinterConfig) -> Iterator[bytes]:
    """Write black and white dots by the command of the settings (``auto`` must be settled before)."""
    if config.mode == "column":
        yield from _columns(paper, config)
        return
    across = paper.width // 8
    data = paper.tobytes().translate(_INVERTED)
    rows = [data[at : at + across] for at in range(0, len(data), across)]
    write = _graphics if config.mode == "graphics" else _raster
    for blank, first, last in _runs(rows, sent=config.blank_rows == "sent"):
        if blank and config.blank_rows == "feed":
            yield from (_ESC + b"J" + bytes((min(255, last - at),)) for at in range(first, last, 255))
            continue
        # The right edge of most lines is white: it is left away by whole bytes.
        wide = 1 if blank else max(len(row.rstrip(b"\0")) for row in rows[first:last])
        wide = across if config.blank_rows == "sent" else max(1, wide)
        for top in range(first, last, config.fragment_rows):
            some = rows[top : min(top + config.fragment_rows, last)]
            yield write(b"".join(row[:wide] for row in some), wide, len(some))


def _runs(rows: list[bytes], *, sent: bool) -> Iterator[tuple[bool, int, int]]:
    """Yield (empty, first row, row after the last); short empty stretches count as dots."""
    if sent:
        yield False, 0, len(rows)
        return
    nothing = bytes(len(rows[0]))
    at = inked = 0
    for blank, group in groupby(rows, key=nothing.__eq__):
        count = sum(1 for _ in group)
        if blank and count >= _LEAST_BLANK:
            if inked < at:
                yield False, inked, at
            yield True, at, at + count
            inked = at + count
        at += count
    if inked < at:
        yield False, inked, at


def _raster(data: bytes, wide: int, high: int) -> bytes:
    return _GS + b"v0\x00" + wide.to_bytes(2, "little") + high.to_bytes(2, "little") + data


def _graphics(data: bytes, wide: int, high: int) -> bytes:
    size = (8 * wide).to_bytes(2, "little") + high.to_bytes(2, "little")
    body = b"0p0\x01\x011" + size + data
    return _GS + b"(L" + len(body).to_bytes(2, "little") + body + _GS + b"(L\x02\x0002"


def _columns(paper: Image.Image, config: PrinterConfig) -> Iterator[bytes]:
    high = -(-paper.height // ROW) * ROW
    sheet = Image.new("1", (paper.width, high), 1)
    sheet.paste(paper, (0, 0))
    # A line of dots is 24 high; without this the next would begin a line of letters further down.
    chunk, stripes = _ESC + b"3\x18", 0
    for top in range(0, high, ROW):
        stripe = sheet.crop((0, top, sheet.width, top + ROW)).transpose(Image.Transpose.TRANSPOSE)
        data = stripe.tobytes().translate(_INVERTED)
        if config.blank_rows != "sent":
            inked = data.rstrip(b"\0")
            if not inked and config.blank_rows == "feed":
                chunk, stripes = chunk + _ESC + b"J\x18", stripes + 1
                continue
            data = data[: 3 * max(1, -(-len(inked) // 3))]
        chunk += _ESC + b"*\x21" + (len(data) // 3).to_bytes(2, "little") + data + b"\n"
        stripes += 1
        if stripes * ROW >= config.fragment_rows:
            yield chunk
            chunk, stripes = b"", 0
    yield chunk + _ESC + b"2"
