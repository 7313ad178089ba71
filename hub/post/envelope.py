"""OpenRosa's two envelopes: the answer that alone means "done", and the sealed instance that we send.

Keeps true: only a well-formed document whose root is OpenRosa's own element counts as an answer; a sealed
instance is taken apart only to compare it with its parcel. It never loads an entity, a DTD or the network,
and never opens what is sealed.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from hub.base import markup, text
from hub.base.errors import Refused

RESPONSE = "http://openrosa.org/http/response"
SUBMISSION = "http://opendatakit.org/submissions"
META = "http://openrosa.org/xforms"
_MOST_WORDS = 400


@dataclass(frozen=True, slots=True)
class Declared:
    """What a sealed instance says of itself; ``instance_file`` is the file of the sealed XML itself."""

    form_id: str
    form_version: str
    instance_id: str
    media: tuple[str, ...]
    instance_file: str


def words(body: bytes) -> str | None:
    """Return the message of an OpenRosa answer ("" when it has none), or None when it is no OpenRosa
    answer."""
    root = markup.plain(body)
    if root is None or root.tag != f"{{{RESPONSE}}}OpenRosaResponse":
        return None
    message = root.find(f"{{{RESPONSE}}}message")
    return "" if message is None else text.clean("".join(map(str, message.itertext())))[:_MOST_WORDS]


def answer(message: str, *, nature: str = "") -> bytes:
    """Return an OpenRosa answer with ``message``, as a server writes it."""
    said, kind = escape(text.clean(message)), quoteattr(nature)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<OpenRosaResponse xmlns="{RESPONSE}">'
        f"<message nature={kind}>{said}</message></OpenRosaResponse>"
    ).encode()


def declared(body: bytes) -> Declared:
    """Return what the sealed instance ``body`` says of itself.

    Raises ``Refused("relay.not_xml")`` when it is not well-formed: a server would store a partial record; and
    ``Refused("relay.not_sealed")`` when it is not an encrypted submission: a server would take the plain
    words.
    """
    root = markup.plain(body)
    if root is None:
        raise Refused("relay.not_xml")
    if root.tag != f"{{{SUBMISSION}}}data" or root.get("encrypted") != "yes":
        raise Refused("relay.not_sealed")
    instance = root.find(f"{{{META}}}meta/{{{META}}}instanceID")
    sealed = root.find(f"{{{SUBMISSION}}}encryptedXmlFile")
    return Declared(
        root.get("id", ""),
        root.get("version", ""),
        _own(instance),
        tuple(_own(found) for found in root.iter(f"{{{SUBMISSION}}}file")),
        _own(sealed),
    )


def _own(element: markup.Element | None) -> str:
    return "" if element is None else (element.text or "").strip()
