"""The process that draws one sheet: a message on stdin, a PDF on stdout, then it is gone.

Keeps true: it writes no file, not even a core image; it has a bounded share of time and memory; when it fails
it tells the kind of the fault and never a word of the sheet.
"""

from __future__ import annotations

import resource
import sys
from contextlib import suppress

from hub.base import memory
from hub.sheets.wire import MOST_PDF, MOST_SHEET, Exit

_CPU_S = 30
_MEMORY = 768 * 1024 * 1024


def main() -> int:
    """Draw what comes in; return how the process ends, an ``Exit``."""
    memory.keep()
    for what, most in (
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_AS, _MEMORY),
        # Any file it would write is refused: what it knows of a person leaves by the pipe alone.
        (resource.RLIMIT_FSIZE, 0),
    ):
        with suppress(OSError, ValueError):
            resource.setrlimit(what, (most, most))
    message = sys.stdin.buffer.read(MOST_SHEET + 1)
    if len(message) > MOST_SHEET:
        return Exit.TOO_LONG
    from hub.base.errors import NotReady
    from hub.sheets import drawing, wire

    try:
        pdf = drawing.draw(wire.unpack(message))
    except NotReady:
        return Exit.NO_FONTS
    except Exception as bad:
        # A trace would carry what somebody typed into the log of the House.
        print(type(bad).__name__, file=sys.stderr)
        return Exit.FAILED
    if len(pdf) > MOST_PDF:
        return Exit.TOO_LONG
    sys.stdout.buffer.write(pdf)
    sys.stdout.buffer.flush()
    return Exit.DRAWN


if __name__ == "__main__":
    sys.exit(main())
