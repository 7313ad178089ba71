"""The practice office's forms: registering one, and the words of its questions.

Keeps true: a form is known by the id and version that its own XML states. It never evaluates anything: to
show a record the labels are enough.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from hub.base.errors import Refused
from hub.practice_office import incoming, records
from hub.practice_office.records import FormState

_X = "{http://www.w3.org/2002/xforms}"
_H = "{http://www.w3.org/1999/xhtml}"
_ITEXT = re.compile(r"^\s*jr:itext\(\s*'([^']+)'\s*\)\s*$")
_INSTANCE = re.compile(r"^\s*instance\(\s*'([^']+)'\s*\)/root/item")


def register_form(
    folder: Path,
    xml: bytes,
    media: Mapping[str, bytes] | None = None,
    *,
    state: FormState = FormState.OPEN,
    assigned: bool = True,
) -> tuple[str, str]:
    """Publish the XForm ``xml`` with its files at the office in ``folder``; return its form id and version.

    ``state`` closes it, ``assigned`` false keeps Houses out. Raises ``Refused("office.no_form")`` for XML
    that is no XForm.
    """
    identity = _identity(xml)
    if identity is None:
        raise Refused("office.no_form")
    with closing(records.connect(folder)) as conn:
        records.put_form(conn, *identity, xml, media or {})
        records.set_form(conn, identity[0], state=state, assigned=assigned)
    return identity


def _identity(xml: bytes) -> tuple[str, str] | None:
    root = incoming.parse(xml)
    if root is None:
        return None
    primary = root.find(f".//{_X}model/{_X}instance")
    if primary is None or not len(primary) or not primary[0].get("id"):
        return None
    return primary[0].get("id", ""), primary[0].get("version", "")


def binary_paths(xml: bytes | None) -> frozenset[str]:
    """Return the paths of a form's file questions."""
    root = incoming.parse(xml) if xml else None
    if root is None:
        return frozenset()
    return frozenset(
        bind.get("nodeset", "") for bind in root.iter(f"{_X}bind") if bind.get("type") == "binary"
    )


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one form in one language: title, labels by path, choice labels by path and value."""

    title: str
    labels: Mapping[str, str]
    choices: Mapping[tuple[str, str], str]


def words(xml: bytes | None, lang: str) -> Words:
    """Return the words of the form ``xml`` in ``lang`` ("vi", "en"), or none when there is no form."""
    root = incoming.parse(xml) if xml else None
    if root is None:
        return Words("", {}, {})
    texts = _texts(root, lang)
    lists = _lists(root, texts)
    labels: dict[str, str] = {}
    choices: dict[tuple[str, str], str] = {}
    for element in root.iter():
        path = element.get("ref") or element.get("nodeset")
        if not path or not path.startswith("/"):
            continue
        label = element.find(f"{_X}label")
        if label is not None:
            labels.setdefault(path, _say(label, texts))
        for item in element.iter(f"{_X}item"):
            value, shown = item.find(f"{_X}value"), item.find(f"{_X}label")
            if value is not None and shown is not None:
                choices[(path, value.text or "")] = _say(shown, texts)
        itemset = element.find(f"{_X}itemset")
        source = _INSTANCE.match(itemset.get("nodeset", "")) if itemset is not None else None
        if source:
            for name, shown_text in lists.get(source[1], {}).items():
                choices[(path, name)] = shown_text
    title = root.find(f".//{_H}title")
    return Words("" if title is None else _plain(title), labels, choices)


def _texts(root: etree._Element, lang: str) -> dict[str, str]:
    translations = list(root.iter(f"{_X}translation"))
    translations.sort(key=lambda one: f"({lang})" not in one.get("lang", "") and one.get("lang") != lang)
    found: dict[str, str] = {}
    for translation in translations:
        for entry in translation.iter(f"{_X}text"):
            value = next((one for one in entry.iter(f"{_X}value") if not one.get("form")), None)
            if value is not None:
                found.setdefault(entry.get("id", ""), _plain(value))
    return found


def _lists(root: etree._Element, texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for instance in root.iter(f"{_X}instance"):
        if not instance.get("id"):
            continue
        items: dict[str, str] = {}
        for item in instance.iter(f"{_X}item"):
            parts = {etree.QName(part).localname: part.text or "" for part in item}
            if "name" in parts:
                items[parts["name"]] = texts.get(parts.get("itextId", ""), parts.get("label", parts["name"]))
        found[instance.get("id", "")] = items
    return found


def _say(label: etree._Element, texts: Mapping[str, str]) -> str:
    link = _ITEXT.match(label.get("ref", ""))
    return texts.get(link[1], "") if link else _plain(label)


def _plain(element: etree._Element) -> str:
    return " ".join("".join(map(str, element.itertext())).split())
