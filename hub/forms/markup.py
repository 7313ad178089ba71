"""XML taken in and text made safe: the one door through which foreign markup enters the forms room.

Every parse refuses a DTD, loads nothing from network or disk, and expands no entity. Text that people type is
NFC-normalised and freed of what XML cannot carry. Nothing here knows what a form is.
"""

from __future__ import annotations

import re
import unicodedata

from hub.base import markup
from hub.base.errors import Refused

Element = markup.Element

XFORMS = "http://www.w3.org/2002/xforms"
XHTML = "http://www.w3.org/1999/xhtml"
JAVAROSA = "http://openrosa.org/javarosa"
OPENROSA = "http://openrosa.org/xforms"
ODK = "http://www.opendatakit.org/xforms"
ENTITIES = "http://www.opendatakit.org/xforms/entities"
SUBMISSION = "http://opendatakit.org/submissions"

MAX_BYTES = 16 * 1024 * 1024

# XML 1.0 cannot carry these at all; C1 controls it can, but nobody types them on purpose.
_UNWANTED = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parse(xml: bytes) -> Element:
    """Parse XML of unknown origin into its root element, comments and processing instructions dropped.

    Raises Refused("forms.broken_xml", line=) for what is not well-formed, Refused("forms.hostile_xml") for a
    DTD and Refused("forms.too_big") above 16 MiB.
    """
    if len(xml) > MAX_BYTES:
        raise Refused("forms.too_big", megabytes=MAX_BYTES // (1024 * 1024))
    try:
        root = markup.read(xml)
    except markup.Broken as broken:
        raise Refused("forms.broken_xml", line=getattr(broken, "lineno", None) or 1) from None
    if root is None:
        raise Refused("forms.broken_xml", line=1)
    if markup.has_doctype(root):
        raise Refused("forms.hostile_xml")
    return root


def clean(text: str) -> str:
    """Give text as the House keeps it: line ends as \\n, no control characters or NUL, NFC."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNWANTED.sub("", text))


def local(element: Element) -> str:
    """Name of an element without its namespace."""
    tag = str(element.tag)
    return tag.rpartition("}")[2]


def namespace(element: Element) -> str | None:
    """Namespace of an element, None where it has none."""
    tag = str(element.tag)
    return tag[1:].partition("}")[0] if tag.startswith("{") else None


def text_of(element: Element) -> str:
    """All text inside an element, as XPath's string value."""
    if len(element) == 0:
        return element.text or ""
    return "".join(str(part) for part in element.itertext())
