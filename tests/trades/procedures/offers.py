"""An office in memory that offers forms under keys, for tests of what the House makes of them."""

from __future__ import annotations

import base64
import functools

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hub.post.transports.blank_forms import Offered, OfferedFile, md5
from tests.trades.procedures.test_added import own

ADDRESS = "https://office.example"


@functools.cache
def key(number: int) -> str:
    """A public key as a form carries it; the same for the same number within a run."""
    secret = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    der = secret.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


@functools.cache
def _plain(form_id: str, version: str) -> bytes:
    return own(form_id, version)


def keyed(form_id: str, version: str, public_key: str) -> bytes:
    """A form that carries this key; an empty one: none."""
    xml = _plain(form_id, version)
    if not public_key:
        return xml
    asked = f'<submission method="post" base64RsaPublicKey="{public_key}"/></model>'
    made = xml.replace(b"</model>", asked.encode())
    assert made != xml
    return made


class InMemory:
    """What it offers by form id; counts the bodies that travelled."""

    def __init__(self) -> None:
        self.forms: dict[str, tuple[str, bytes]] = {}
        self.travelled = 0

    def offer(self, form_id: str, version: str, public_key: str = "") -> None:
        self.forms[form_id] = (version, keyed(form_id, version, public_key))

    def listing(self) -> tuple[Offered, ...]:
        return tuple(
            Offered(form_id, form_id, version, md5(xml), f"{ADDRESS}/{form_id}.xml", "")
            for form_id, (version, xml) in self.forms.items()
        )

    def manifest(self, offered: Offered) -> tuple[OfferedFile, ...]:
        return ()

    def xml(self, offered: Offered) -> bytes:
        self.travelled += 1
        return self.forms[offered.form_id][1]
