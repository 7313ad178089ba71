"""A sealed submission opened with the office's private key: for the practice office, rehearsals and tests.

Written from the published description apart from ``seal`` and sharing no step with it, so that opening what
was sealed means something. A House that only sends never holds the key this needs.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.hashes import MD5, SHA256, Hash

from hub.base.errors import Missing, Refused
from hub.forms.markup import Element, local, parse, text_of


@dataclass(frozen=True, slots=True)
class Opened:
    """What an office reads.

    The instance, its attachments by their own names, and whether the signature fits.
    """

    form_id: str
    version: str
    instance_id: str
    submission: bytes
    files: tuple[tuple[str, bytes], ...]
    signature_ok: bool


def unseal(envelope: bytes, files: Mapping[str, bytes], private_key: RSAPrivateKey) -> Opened:
    """Open an envelope with its encrypted files by name.

    Raises Missing("forms.unseal.file_missing", name=) while a file has not come,
    Refused("forms.unseal.other_key") where the key does not open it, and Refused("forms.unseal.broken",
    part=) for damage.
    """
    data = parse(envelope)
    wrapped_key = _one(data, "base64EncryptedKey")
    instance_id = _one(data, "instanceID")
    order = [text_of(node) for node in data.iter() if local(node) == "file"]
    order.append(_one(data, "encryptedXmlFile"))
    secret = _unwrap(wrapped_key, private_key, "base64EncryptedKey")
    if len(secret) != 32:
        raise Refused("forms.unseal.broken", part="base64EncryptedKey")
    seed = _md5(instance_id.encode("utf-8") + secret)
    plain: list[tuple[str, bytes]] = []
    for number, name in enumerate(order):
        if name not in files:
            raise Missing("forms.unseal.file_missing", name=name[:80])
        plain.append((name.removesuffix(".enc"), _decrypt(secret, _vector(seed, number), files[name], name)))
    form_id, version = data.get("id") or "", data.get("version") or ""
    told = form_id + "\n" + (version + "\n" if version else "") + wrapped_key + "\n" + instance_id + "\n"
    told += "".join(f"{name}::{_md5(content).hex()}\n" for name, content in plain)
    signature = _unwrap(_one(data, "base64EncryptedElementSignature"), private_key, "signature")
    return Opened(
        form_id=form_id,
        version=version,
        instance_id=instance_id,
        submission=plain[-1][1],
        files=tuple(plain[:-1]),
        signature_ok=signature == _md5(told.encode("utf-8")),
    )


def _one(data: Element, name: str) -> str:
    found = [text_of(node).strip() for node in data.iter() if local(node) == name]
    if len(found) != 1 or not found[0]:
        raise Refused("forms.unseal.broken", part=name)
    return found[0]


def _unwrap(text: str, private_key: RSAPrivateKey, part: str) -> bytes:
    try:
        wrapped = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as broken:
        raise Refused("forms.unseal.broken", part=part) from broken
    try:
        return private_key.decrypt(wrapped, OAEP(MGF1(SHA256()), SHA256(), None))
    except ValueError as other:
        raise Refused("forms.unseal.other_key") from other


def _vector(seed: bytes, number: int) -> bytes:
    # File n has seen n + 1 steps; step s touches byte s % 16: bytes up to n % 16 were touched once more.
    rounds, last = divmod(number, 16)
    return bytes((byte + rounds + (1 if at <= last else 0)) % 256 for at, byte in enumerate(seed))


def _decrypt(secret: bytes, vector: bytes, content: bytes, name: str) -> bytes:
    if not content or len(content) % 16:
        raise Refused("forms.unseal.broken", part=name[:80])
    reader = Cipher(AES(secret), CFB(vector)).decryptor()
    padded = reader.update(content) + reader.finalize()
    length = padded[-1]
    if not 1 <= length <= 16 or padded[-length:] != bytes([length]) * length:
        raise Refused("forms.unseal.broken", part=name[:80])
    return padded[:-length]


def _md5(content: bytes) -> bytes:
    digest = Hash(MD5())
    digest.update(content)
    return digest.finalize()
