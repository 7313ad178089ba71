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
COLLECT = "http://www.opendatakit.org/xforms/encrypted"
"""What ODK Collect itself writes in the place of the specification's ``SUBMISSION`` (its EncryptionUtils)."""

META = "http://openrosa.org/xforms"
_MOST_WORDS = 400


@dataclass(frozen=True, slots=True)
class Declared:
    """What an instance says of itself.

    Of a sealed one ``instance_file`` is the file of the sealed XML itself; of a plain one it is empty, and
    ``media`` holds every answer, because only the form knows which of them name files.
    """

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
    home = next((one for one in (SUBMISSION, COLLECT) if root.tag == f"{{{one}}}data"), None)
    if home is None or root.get("encrypted") != "yes":
        raise Refused("relay.not_sealed")
    instance = root.find(f"{{{META}}}meta/{{{META}}}instanceID")
    sealed = root.find(f"{{{home}}}encryptedXmlFile")
    return Declared(
        root.get("id", ""),
        root.get("version", ""),
        _own(instance),
        tuple(_own(found) for found in root.iter(f"{{{home}}}file")),
        _own(sealed),
    )


def plainly(body: bytes) -> Declared:
    """Return what the unsealed instance ``body`` says of itself.

    Raises ``Refused("relay.not_xml")`` when it is not well-formed, and ``Refused("relay.sealed")`` when it is an
    encrypted submission.
    """
    root = markup.plain(body)
    if root is None:
        raise Refused("relay.not_xml")
    if root.get("encrypted") == "yes":
        raise Refused("relay.sealed")
    meta = next((one for one in root.iterchildren("{*}meta")), None)
    instance = meta.find("{*}instanceID") if meta is not None else None
    answers = (_own(one) for one in root.iterdescendants("{*}*") if not len(one))
    return Declared(
        root.get("id", ""), root.get("version", ""), _own(instance), tuple(filter(None, answers)), ""
    )


def _own(element: markup.Element | None) -> str:
    return "" if element is None else (element.text or "").strip()
