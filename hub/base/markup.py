"""XML of unknown origin, read the one safe way.

Keeps true: no entity is expanded, nothing is loaded from network or disk, no tree of any size is grown; comments
and processing instructions are dropped. It knows nothing of what the XML means.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

Element = etree._Element
Broken = (etree.XMLSyntaxError, ValueError, LookupError)


def read(xml: bytes, *, recover: bool = False) -> Element | None:
    """Return the root of ``xml``; with ``recover``, as far as it can be read.

    Raises one of ``Broken`` for what is not well-formed. None where a lenient reading found nothing.
    """
    parser = etree.XMLParser(
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    root: Element | None = etree.fromstring(xml, parser)
    return root


def has_doctype(root: Element) -> bool:
    """Return whether a document type came with ``root``: honest senders have none."""
    # The published types of lxml do not know this attribute.
    docinfo: Any = root.getroottree().docinfo
    return bool(docinfo.doctype)


def plain(xml: bytes, *, recover: bool = False) -> Element | None:
    """Return the root of ``xml``, or None for anything broken or with a document type."""
    try:
        root = read(xml, recover=recover)
    except Broken:
        return None
    return None if root is None or has_doctype(root) else root
