"""An instance written out: as a draft that keeps everything, or as the submission an office reads.

Neither changes the instance. What is written is parsed again before it is handed out: some servers take
broken XML and store a part of it.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from lxml import etree

from hub.base.errors import HubError, Refused
from hub.forms import markup, tree
from hub.forms.markup import Element, local
from hub.forms.model import Form


def draft(
    form: Form,
    root: Element,
    kept: Mapping[Element, str],
    spare: Sequence[tuple[Element, Element]],
    now: datetime | None,
) -> bytes:
    """Write a draft.

    ``kept`` texts of irrelevant nodes and ``spare`` repeats (parent, node) are put back in place. Raises
    Refused("forms.draft_too_big", megabytes=).
    """
    copied, twins = _copy(root)
    for node, text in kept.items():
        twins[node].text = text or None
    waiting = list(spare)
    while placed := [one for one in waiting if one[0] in twins]:
        for parent, node in placed:
            twin = copy.deepcopy(node)
            twin.set(tree.SPARE, "1")
            tree.put_repeat(form, twins[parent], twin)
            twins.update(zip(node.iter(), twin.iter(), strict=True))
        # A spare repeat may itself hold spare ones.
        waiting = [one for one in waiting if one not in placed]
    if now is not None:
        copied.set(tree.AT, now.isoformat())
    # Declared once at the top, so that a draft taken up and saved again is the same to the byte.
    etree.cleanup_namespaces(copied, top_nsmap={"house": tree.DRAFT})
    xml = etree.tostring(copied, encoding="UTF-8", xml_declaration=True)
    if len(xml) > markup.MAX_BYTES:
        # It could never be taken up again; what was saved before it can.
        raise Refused("forms.draft_too_big", megabytes=markup.MAX_BYTES // (1024 * 1024))
    return xml


def submission(form: Form, root: Element, irrelevant: Collection[Element]) -> bytes:
    """Write what is sent, without ``irrelevant`` nodes.

    Raises Refused("forms.unreadable_left", path=) while a typed text has not been understood.
    """
    copied, twins = _copy(root)
    for node, twin in twins.items():
        parent = twin.getparent()
        if node in irrelevant:
            if parent is not None:
                parent.remove(twin)
        elif node.get(tree.TYPED) is not None:
            raise Refused("forms.unreadable_left", path=tree.path_of(form, node))
    if form.instance_namespace:
        copied = _moved(copied, form.instance_namespace)
    etree.cleanup_namespaces(copied)
    xml = etree.tostring(copied, encoding="UTF-8", xml_declaration=True)
    try:
        again = markup.parse(xml)
    except HubError as broken:
        raise Refused("forms.not_submittable", reason=broken.key) from broken
    if [(node.tag, node.text) for node in again.iter()] != [(node.tag, node.text) for node in copied.iter()]:
        raise Refused("forms.not_submittable", reason="text")
    return xml


def _copy(root: Element) -> tuple[Element, dict[Element, Element]]:
    copied = copy.deepcopy(root)
    return copied, dict(zip(root.iter(), copied.iter(), strict=True))


def _moved(root: Element, home: str) -> Element:
    # Typed loosely: the stubs know no default namespace.
    nsmap: Any = dict(root.nsmap.items())
    nsmap[None] = home
    moved = etree.Element(f"{{{home}}}{local(root)}", nsmap=nsmap)
    for name, value in root.attrib.items():
        moved.set(name, value)
    moved.text = root.text
    for child in root:
        moved.append(child)
    for node in moved.iter():
        if markup.namespace(node) is None:
            node.tag = f"{{{home}}}{local(node)}"
    return moved
