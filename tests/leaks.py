"""Look for what must not be there: marked words and marked bytes, in every dress in which data hides.

A word is looked for as UTF-8 in both normal forms, UTF-16 and UTF-32, without its marks, in capitals, escaped
as in addresses, JSON and XML, in hexadecimal and in base64 wherever it begins; all of these also inside
whatever is deflated. Files that a House had before are left out by the caller's ``known``.
"""

from __future__ import annotations

import base64
import json
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

from hub.base import text

_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_GZIP = b"\x1f\x8b\x08"
_MOST_INFLATED = 1 << 20
_SHORTEST = 6
Stamp = tuple[int, int]


class Finder:
    """Knows the marks by name, in all their dresses."""

    def __init__(self, words: Mapping[str, str], chunks: Mapping[str, bytes] | None = None) -> None:
        self._needles: dict[bytes, str] = {}
        for name, word in words.items():
            for plain in _plain(word):
                self._needles[plain] = name
            for codec in ("utf-8", "utf-16-le"):
                self._dress(name, word.encode(codec))
        for name, chunk in (chunks or {}).items():
            self._needles[chunk] = name
            self._dress(name, chunk)

    def _dress(self, name: str, plain: bytes) -> None:
        for dressed in (plain.hex().encode(), plain.hex().upper().encode(), *_in_base64(plain)):
            self._needles[dressed] = name

    def inside(self, content: bytes) -> set[str]:
        """Return the names of the marks in ``content``, also in what is deflated there."""
        found = {name for needle, name in self._needles.items() if needle in content}
        for inflated in _inflated(content):
            found |= {name for needle, name in self._needles.items() if needle in inflated}
        return found

    def below(
        self, folder: Path, known: Mapping[str, Stamp] | None = None, but: str = ""
    ) -> dict[str, set[str]]:
        """Return file to marks for every file under ``folder`` that is not, untouched, in ``known``.

        ``but`` names a folder in it that is left out.
        """
        found = {}
        for name, path in _files(folder):
            if (known and known.get(name) == _stamp(path)) or (but and name.startswith(f"{but}/")):
                continue
            marks = self.inside(name.encode()) | self.inside(path.read_bytes())
            if marks:
                found[name] = marks
        return found


def stamps(folder: Path) -> dict[str, Stamp]:
    """Return every file under ``folder`` with its size and time, which change when it is written."""
    return {name: _stamp(path) for name, path in _files(folder)}


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield str(path.relative_to(folder)), path


def _stamp(path: Path) -> Stamp:
    told = path.stat()
    return (told.st_size, told.st_mtime_ns)


def _plain(word: str) -> Iterator[bytes]:
    decomposed = unicodedata.normalize("NFD", word)
    for said in {word, decomposed, word.upper(), word.lower(), text.fold(word)}:
        yield said.encode("utf-8")
    for codec in ("utf-16-le", "utf-16-be", "utf-32-le"):
        yield word.encode(codec)
    yield quote(word).encode()
    yield quote_plus(word).encode()
    yield json.dumps(word)[1:-1].encode()
    yield "".join(mark if ord(mark) < 128 else f"&#{ord(mark)};" for mark in word).encode()
    yield "".join(mark if ord(mark) < 128 else f"&#x{ord(mark):X};" for mark in word).encode()


def _in_base64(plain: bytes) -> Iterable[bytes]:
    for before in range(3):
        # What stands before and behind changes the marks at both ends: they are left off.
        whole = base64.b64encode(bytes(before) + plain)
        first = (0, 2, 3)[before]
        last = len(whole) - (0 if (before + len(plain)) % 3 == 0 else 4)
        inner = whole[first:last]
        if len(inner) >= _SHORTEST:
            yield inner
            yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def _inflated(content: bytes) -> Iterator[bytes]:
    for heads, window in ((_ZLIB, 15), ((_GZIP,), 31)):
        for head in heads:
            at = content.find(head)
            while at >= 0:
                try:
                    plain = zlib.decompressobj(window).decompress(
                        content[at : at + _MOST_INFLATED], _MOST_INFLATED
                    )
                except zlib.error:
                    plain = b""
                if len(plain) >= _SHORTEST:
                    yield plain
                at = content.find(head, at + 1)
