"""A record as an officer reads it: opened with the practice key, every answer beside its question.

Keeps true: what is shown is what was typed, in the form's order; a record that does not open says why. It
writes nothing down: opened words live as long as the page that shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from lxml import etree

from hub.base.errors import HubError
from hub.forms import unseal
from hub.practice_office import incoming
from hub.practice_office.forms import Words

_KINDS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page: a heading (``value`` None) or an answer; ``photo`` is its number among the
    files."""

    label: str
    depth: int
    value: str | None = None
    photo: int | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """A file that came along, with its media type by content (``application/octet-stream`` if unknown)."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Sight:
    """What the officer sees; ``trouble`` is why the record could not be opened."""

    lines: tuple[Line, ...]
    photos: tuple[Photo, ...]
    signature_ok: bool | None
    trouble: HubError | None


def look(xml: bytes, files: Mapping[str, bytes], key: RSAPrivateKey, words: Words) -> Sight:
    """Open a record if it is sealed and return what it says; never raises for what the record is."""
    said = incoming.read(xml)
    if said is None or not said.encrypted:
        photos = tuple(Photo(name, content, _kind(content)) for name, content in sorted(files.items()))
        return Sight(_lines(xml, photos, words), photos, None, None)
    try:
        found = unseal.unseal(xml, files, key)
    except HubError as bad:
        return Sight((), (), None, bad)
    photos = tuple(Photo(name, content, _kind(content)) for name, content in found.files)
    return Sight(_lines(found.submission, photos, words), photos, found.signature_ok, None)


def _lines(xml: bytes, photos: tuple[Photo, ...], words: Words) -> tuple[Line, ...]:
    root = incoming.parse(xml)
    if root is None:
        return ()
    numbers = {photo.name: number for number, photo in enumerate(photos)}
    lines = []
    for element, path in incoming.walk(root):
        depth = path.count("/") - 2
        if depth < 0 or "/meta" in path:
            continue
        name = etree.QName(element).localname
        label = words.labels.get(path) or name
        if len(element):
            lines.append(Line(label, depth))
            continue
        value = (element.text or "").strip()
        if value:
            lines.append(Line(label, depth, _shown(path, value, words), numbers.get(value)))
    return tuple(lines)


def _shown(path: str, value: str, words: Words) -> str:
    if (path, value) in words.choices:
        return words.choices[path, value]
    several = value.split(" ")
    if all((path, one) in words.choices for one in several):
        return "; ".join(words.choices[path, one] for one in several)
    return value


def _kind(content: bytes) -> str:
    for start, media_type in _KINDS:
        if content.startswith(start):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "application/octet-stream"
