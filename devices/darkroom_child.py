"""The process that works on one picture: wish and picture on stdin, what came of it on stdout.

Keeps true: it writes no file, not even a core image; it has a bounded share of time and memory; when it
fails it tells the kind of the fault and never a word of the picture.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from devices.darkroom import CARD, MALFORMED, TOO_BIG
from devices.ports import Malformed

_CPU_S = 60
_MEMORY = 1024 * 1024 * 1024
_MOST = 256 * 1024 * 1024
_CARD_PARTS = 5
# A card that lies on the glass is read at first sight; no page waits for a search.
_GLANCE_S = 0.5


class _Card(Exception):
    """What came in shows an ID card."""


def main() -> int:
    """Do what comes in; return how the process ends."""
    for what, most in (
        (resource.RLIMIT_CORE, 1),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_AS, _MEMORY),
        # Any file it would write is refused: what it knows of a person leaves by the pipe alone.
        (resource.RLIMIT_FSIZE, 0),
    ):
        with suppress(OSError, ValueError):
            resource.setrlimit(what, (most, most))
    try:
        wish = json.loads(sys.stdin.buffer.readline(65_536))
        content = sys.stdin.buffer.read(_MOST)
        told, out = {"page": _page, "codes": _codes, "bind": _bind}[wish["do"]](wish, content)
    except _Card:
        return CARD
    except Malformed as bad:
        return TOO_BIG if type(bad).__name__ == "TooBig" else MALFORMED
    except Exception as bad:
        # A trace would carry what somebody laid on the glass into the log of the House.
        print(type(bad).__name__, file=sys.stderr)
        return 1
    sys.stdout.buffer.write(json.dumps(told).encode("ascii") + b"\n" + out)
    sys.stdout.buffer.flush()
    return 0


def _page(wish: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    from devices import codes, ident, page

    made = page.prepare(content, dpi=wish["dpi"], colour=wish["colour"], budget=wish["budget"])
    for one in codes.find(made.jpeg, timeout_s=_GLANCE_S):
        if isinstance(ident.parse(one.text), ident.IdentityCard):
            raise _Card
    told = {
        "width": made.width,
        "height": made.height,
        "dpi": made.dpi,
        "findings": [one.value for one in made.findings],
    }
    return told, made.jpeg


def _codes(_wish: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    from devices import codes

    found = [one.text for one in codes.find(content, wanted=_of_a_card)]
    return {"texts": sorted(found, key=lambda text: not _of_a_card(text))}, b""


def _of_a_card(text: str) -> bool:
    return text.count("|") >= _CARD_PARTS


def _bind(wish: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    from devices import page, page_file

    def pages() -> Iterator[page.Prepared]:
        at = 0
        for one in wish["pages"]:
            jpeg = content[at : at + one["bytes"]]
            at += one["bytes"]
            size = (one["width"], one["height"])
            yield page.Prepared(jpeg, *size, one["dpi"], (), len(jpeg), len(jpeg))

    return {}, page_file.as_pdf(list(pages()), wish["budget"])


if __name__ == "__main__":
    sys.exit(main())
