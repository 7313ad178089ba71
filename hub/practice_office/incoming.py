"""What arrives at the practice office, read as leniently as Central reads it.

Keeps true: XML that is cut off or does not match is read as far as it goes, because the real office does the
same; entities, DTDs and the network stay closed all the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lxml import etree

from hub.base import markup


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record's own account: form, version ("" if absent), ids ("" if absent), and the files it names."""

    form_id: str
    version: str
    instance_id: str
    deprecated_id: str
    files: frozenset[str]
    encrypted: bool


def read(xml: bytes, binary_paths: Collection[str] = ()) -> Incoming | None:
    """Return what ``xml`` says of itself, or None when it is no XML or names no form.

    ``binary_paths`` are the form's file questions, for records that are not sealed.
    """
    root = parse(xml)
    if root is None or not root.get("id"):
        return None
    encrypted = root.get("encrypted") == "yes"
    found: dict[str, str] = {}
    files: set[str] = set()
    for element, path in walk(root):
        name, words = _local(element), (element.text or "").strip()
        parent = element.getparent()
        if parent is not None and _local(parent) == "meta" and name in {"instanceID", "deprecatedID"}:
            found.setdefault(name, words)
        if words and (path in binary_paths or (encrypted and name in {"file", "encryptedXmlFile"})):
            files.add(words)
    return Incoming(
        root.get("id", ""),
        root.get("version", ""),
        found.get("instanceID", ""),
        found.get("deprecatedID", ""),
        frozenset(files),
        encrypted,
    )


def parse(xml: bytes) -> markup.Element | None:
    """Return the root of ``xml``, read as far as it goes, or None."""
    return markup.plain(xml, recover=True)


def walk(root: markup.Element) -> list[tuple[markup.Element, str]]:
    """Return every element with its path by local names, in document order."""
    found, waiting = [], [(root, "/" + _local(root))]
    while waiting:
        element, path = waiting.pop()
        found.append((element, path))
        waiting.extend((child, f"{path}/{_local(child)}") for child in reversed(element))
    return found


def _local(element: markup.Element) -> str:
    return etree.QName(element).localname
