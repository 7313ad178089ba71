"""The parts of a ``multipart/form-data`` body that lies whole in memory, taken out to the byte.

Keeps true: a body that ends too early, or is not what it says, is refused whole; content is neither decoded
nor tidied. Flask's own reading forgives a body that is cut off, which would let half a photograph through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MOST_PARTS = 250
_MOST_HEAD = 8_192
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_PARAM = re.compile(r';\s*(name|filename)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))', re.IGNORECASE)
# Browsers write %22, OkHttp too, and both keep a backslash as it is; others escape with one.
_ESCAPES = (("%22", '"'), ("%0D", "\r"), ("%0A", "\n"), ('\\"', '"'))


class Broken(ValueError):
    """The body is cut off or is no multipart body."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One part; ``file_name`` is None for a plain field."""

    name: str
    file_name: str | None
    content: bytes = field(repr=False)


def read(body: bytes, boundary: str) -> tuple[Piece, ...]:
    """Return the parts of ``body`` in their order; raises ``Broken``."""
    mark = boundary.encode("latin-1", "replace")
    if not _BOUNDARY.fullmatch(mark):
        raise Broken("no boundary")
    first, line = b"--" + mark, b"\r\n--" + mark
    # The first line of the body, or the first after a preamble that nobody reads.
    at = 0 if body.startswith(first) else body.find(line) + 2
    if at == 1:
        raise Broken("no part begins")
    at += len(first)
    found: list[Piece] = []
    while not body.startswith(b"--", at):
        end = _end_of_line(body, at)
        blank = body.find(b"\r\n\r\n", end - 2)
        if blank < 0 or blank - end > _MOST_HEAD or len(found) >= MOST_PARTS:
            raise Broken("no end of a part's head")
        following = _next(body, line, blank + 2)
        name, file_name = _names(body[end : max(end, blank)])
        found.append(Piece(name, file_name, body[blank + 4 : max(following, blank + 4)]))
        at = following + len(line)
    return tuple(found)


def _end_of_line(body: bytes, at: int) -> int:
    # White space may stand behind a boundary, as a mail gateway of old would pad it.
    end = body.find(b"\r\n", at)
    if end < 0 or body[at:end].strip(b" \t"):
        raise Broken("no line end behind a boundary")
    return end + 2


def _next(body: bytes, line: bytes, at: int) -> int:
    """Where the next boundary line begins; content may hold something that only looks like one."""
    while True:
        at = body.find(line, at)
        if at < 0:
            raise Broken("the body ends inside a part")
        rest = at + len(line)
        end = body.find(b"\r\n", rest)
        if body.startswith(b"--", rest) or (end >= 0 and not body[rest:end].strip(b" \t")):
            return at
        at = rest


def _names(head: bytes) -> tuple[str, str | None]:
    fields: dict[str, str] = {}
    for line in re.sub(rb"\r\n[ \t]+", b" ", head).split(b"\r\n"):
        name, _, value = line.partition(b":")
        fields[name.strip().lower().decode("latin-1")] = value.strip().decode("utf-8", "replace")
    if fields.get("content-transfer-encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
        raise Broken("an encoded part")
    said = fields.get("content-disposition", "")
    given = {
        found[1].lower(): _plain(found[2] if found[2] is not None else found[3])
        for found in _PARAM.finditer(said)
    }
    if not said.lower().startswith("form-data") or "name" not in given:
        raise Broken("a part without a name")
    return given["name"], given.get("filename")


def _plain(told: str) -> str:
    for written, meant in _ESCAPES:
        told = told.replace(written, meant)
    return told
