"""Have a sheet drawn: a PDF in memory, made by a process of its own that lives for this one sheet.

Keeps true: what draws is never loaded here, so that a page stays light; no plaintext touches the disk; a
drawing that takes too long is ended; and not more are drawn at once than a small machine bears.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time

from hub.base.errors import NotReady, Refused
from hub.sheets import wire
from hub.sheets.model import Leaflet, Sheet
from hub.sheets.wire import Exit

TIMEOUT_S = 30.0
"""How long one sheet may take, its wait for others included."""

_log = logging.getLogger("hub.sheets")
_MOST_KEPT = 24
_kept: dict[Leaflet, bytes] = {}
_kept_lock = threading.Lock()
_AT_ONCE = threading.BoundedSemaphore(2)
# Isolated: neither the folder it is started in nor the surroundings choose what it runs.
_DRAWER = (sys.executable, "-I", "-B", "-m", "hub.sheets")


def render(sheet: Sheet, *, timeout_s: float = TIMEOUT_S) -> bytes:
    """Return a sheet as PDF.

    Raises ``Refused("sheets.too_long")`` for more than a sheet may hold, ``NotReady`` with ``sheets.busy``,
    ``sheets.slow``, ``sheets.no_fonts`` or ``sheets.failed``: the draft it was made of is as it was.
    """
    message = wire.pack(sheet)
    if len(message) > wire.MOST_SHEET:
        raise Refused("sheets.too_long")
    until = time.monotonic() + timeout_s
    if not _AT_ONCE.acquire(timeout=timeout_s):
        raise NotReady("sheets.busy")
    try:
        code, pdf = _drawn(message, until - time.monotonic())
    finally:
        _AT_ONCE.release()
    if code == Exit.TOO_LONG:
        raise Refused("sheets.too_long")
    if code == Exit.NO_FONTS:
        raise NotReady("sheets.no_fonts")
    if code != Exit.DRAWN or not pdf.startswith(b"%PDF-"):
        raise NotReady("sheets.failed")
    return pdf


def render_kept(sheet: Leaflet) -> bytes:
    """Return a sheet that is the same for everyone as PDF, drawn anew only when it has changed; raises as
    ``render``.

    Anybody may ask for one as often as they like: what is kept spares the machine a process each time.
    """
    with _kept_lock:
        held = _kept.get(sheet)
    if held is None:
        held = render(sheet)
        with _kept_lock:
            _kept[sheet] = held
            while len(_kept) > _MOST_KEPT:
                del _kept[next(iter(_kept))]
    return held


def _drawn(message: bytes, timeout_s: float) -> tuple[int, bytes]:
    with subprocess.Popen(
        _DRAWER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/"
    ) as drawer:
        try:
            pdf, told = drawer.communicate(message, timeout=max(0.1, timeout_s))
        except subprocess.TimeoutExpired as late:
            drawer.kill()
            drawer.communicate()
            raise NotReady("sheets.slow") from late
    if drawer.returncode not in set(Exit) - {Exit.FAILED}:
        # The drawer names the kind of its fault in one word; anything longer stays out of the log.
        word = told.decode("ascii", "replace").strip()
        _log.error(
            "drawing failed: code %s, %s", drawer.returncode, word if word.isidentifier() else "no word"
        )
    return drawer.returncode, pdf
