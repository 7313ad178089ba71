"""Have pages made ready, looked through for codes, or bound to a PDF, each by a process of its own.

Keeps true: a picture goes in and comes out through pipes and lies nowhere else; what reads foreign
pictures is not loaded here and has bounded memory and time; nothing of a picture is in an error or a log.
It never decides what a finding means.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from devices.ports import Busy, DeviceError, Malformed

TIMEOUT_S = 60.0
"""How long one picture may take, its wait for others included."""

MALFORMED, TOO_BIG, CARD = 3, 4, 5
"""How the child ends when what came in is no picture, cannot be made as small as was asked, or shows an ID
card."""

_LOOK_S = 0.2
_AT_ONCE = threading.BoundedSemaphore(2)
# Isolated: neither the folder it is started in nor the surroundings choose what it runs.
_CHILD = (sys.executable, "-I", "-B", "-m", "devices.darkroom_child")


class TooBig(DeviceError):
    """The pages cannot be as small as was asked and stay readable."""


class ShowsCard(DeviceError):
    """An ID card lies in the picture: its code may be read, its picture is not given back."""


class Stopped(Exception):
    """Whoever asked does not want it any more; no fault of anything."""


@dataclass(frozen=True, slots=True, repr=False)
class Developed:
    """A page as ``devices.page.Prepared`` has it, its findings by name."""

    jpeg: bytes
    width: int
    height: int
    dpi: int
    findings: tuple[str, ...]
    before_bytes: int


def _never() -> bool:
    return False


def page(
    image: bytes,
    *,
    dpi: int | None,
    colour: bool,
    budget: int,
    stopped: Callable[[], bool] = _never,
    timeout_s: float = TIMEOUT_S,
) -> Developed:
    """Return the page in a picture, as ``devices.page.prepare`` makes it.

    ``stopped`` is asked five times a second. Raises Malformed for what is no picture, ShowsCard for one on
    which the code of an ID card can be read at first sight, Busy when too many are under way, Stopped, and
    DeviceError when it takes too long or too much memory.
    """
    wish: dict[str, object] = {"do": "page", "dpi": dpi, "colour": colour, "budget": budget}
    told, jpeg = _done(wish, image, stopped, timeout_s)
    size = (int(told["width"]), int(told["height"]))
    return Developed(jpeg, *size, int(told["dpi"]), tuple(map(str, told["findings"])), len(image))


def codes(
    image: bytes, *, stopped: Callable[[], bool] = _never, timeout_s: float = TIMEOUT_S
) -> tuple[str, ...]:
    """Return the texts of the codes in a picture, those that look like a card's first; raises as ``page``."""
    told, _ = _done({"do": "codes"}, image, stopped, timeout_s)
    return tuple(map(str, told["texts"]))


def bind(pages: Sequence[Developed], budget: int, *, timeout_s: float = TIMEOUT_S) -> bytes:
    """Return pages as one PDF of ``budget`` bytes, as ``devices.page_file.as_pdf``.

    Raises as ``page``, and TooBig.
    """
    told = [
        {"bytes": len(one.jpeg), "width": one.width, "height": one.height, "dpi": one.dpi} for one in pages
    ]
    wish = {"do": "bind", "budget": budget, "pages": told}
    return _done(wish, b"".join(one.jpeg for one in pages), _never, timeout_s)[1]


def _done(
    wish: dict[str, object], content: bytes, stopped: Callable[[], bool], timeout_s: float
) -> tuple[dict[str, Any], bytes]:
    until = time.monotonic() + timeout_s
    while not _AT_ONCE.acquire(timeout=_LOOK_S):
        if stopped():
            raise Stopped()
        if time.monotonic() >= until:
            raise Busy("too many pictures at once")
    try:
        code, out, word = _run((json.dumps(wish).encode("ascii") + b"\n", content), stopped, until)
    finally:
        _AT_ONCE.release()
    if code == MALFORMED:
        raise Malformed("no picture that can be read")
    if code == CARD:
        raise ShowsCard("an ID card is no page")
    if code == TOO_BIG:
        raise TooBig("the pages do not fit and stay readable")
    head, line, rest = out.partition(b"\n")
    if code != 0 or not line:
        raise DeviceError(f"the picture could not be worked on: code {code}, {word}")
    told: dict[str, Any] = json.loads(head)
    return told, rest


def _run(message: tuple[bytes, ...], stopped: Callable[[], bool], until: float) -> tuple[int, bytes, str]:
    with subprocess.Popen(
        _CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/"
    ) as child:
        # Fed by a thread: ``communicate`` forgets what it had not yet sent when its time was up once.
        pipe, child.stdin = child.stdin, None
        feeder = threading.Thread(target=_feed, args=(pipe, message), daemon=True)
        feeder.start()
        try:
            while True:
                try:
                    out, told = child.communicate(timeout=_LOOK_S)
                    break
                except subprocess.TimeoutExpired:
                    if stopped():
                        raise Stopped() from None
                    if time.monotonic() >= until:
                        raise DeviceError("the picture took too long") from None
        finally:
            if child.poll() is None:
                child.kill()
                child.communicate()
            feeder.join()
    # The child names the kind of its fault in one word; anything longer stays out of every log.
    word = told.decode("ascii", "replace").strip()
    return child.returncode, out, word if word.isidentifier() else "no word"


def _feed(pipe: IO[bytes] | None, message: tuple[bytes, ...]) -> None:
    # A child that ends early takes no more: why it did is told by how it ended.
    with suppress(OSError):
        if pipe is not None:
            with pipe:
                for part in message:
                    pipe.write(part)
