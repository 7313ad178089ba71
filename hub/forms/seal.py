"""A finished instance sealed to an office's public key: ODK's published form encryption.

What goes in can afterwards be read only with the office's private key. The same instance sealed twice gives
other bytes, so a caller keeps what it got and sends that for ever. The signature proves no origin: it uses
the public key.

Source: getodk.github.io/xforms-spec/encryption; seen to open in ODK Central's own decrypting export.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from lxml import etree

from hub.base.errors import NotReady, Refused
from hub.forms import markup
from hub.forms.markup import OPENROSA, SUBMISSION

KEY_BYTES = 32
SMALLEST_KEY_BITS = 2048
SUBMISSION_NAME = "submission.xml"
SUFFIX = ".enc"


@dataclass(frozen=True, slots=True)
class SealFile:
    """An attachment: its name as the instance writes it, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is sent: the envelope (``xml_submission_file``) and the encrypted files, names ending in .enc."""

    envelope: bytes
    files: tuple[tuple[str, bytes], ...]


def seal(
    *,
    form_id: str,
    version: str,
    instance_id: str,
    submission: bytes,
    files: Sequence[SealFile],
    public_key_base64_der: str,
    random: Callable[[int], bytes] = os.urandom,
) -> Sealed:
    """Seal a submission and its attachments.

    Raises NotReady("forms.seal.bad_key") for a key that is no RSA public key of 2048 bits or more, and
    Refused("forms.seal.bad_name", name=) for attachment names that are empty, twice there, or not plain file
    names.
    """
    public_key = read_public_key(public_key_base64_der)
    _check_names(files)
    record_key = random(KEY_BYTES)
    if len(record_key) != KEY_BYTES:
        raise ValueError(f"the random source gave {len(record_key)} bytes instead of {KEY_BYTES}")
    encrypted_key = _to_office(public_key, record_key)
    vectors = _Vectors(instance_id, record_key)
    parts = [(one.name, one.content) for one in files] + [(SUBMISSION_NAME, submission)]
    sealed = tuple(
        (name + SUFFIX, _encrypt(record_key, vectors.following(), content)) for name, content in parts
    )
    # A form without a version has no line for it, not an empty one.
    lines = [form_id, *([version] if version else []), encrypted_key, instance_id]
    lines += [f"{name}::{hashlib.md5(content, usedforsecurity=False).hexdigest()}" for name, content in parts]
    source = "".join(line + "\n" for line in lines)
    signature = _to_office(public_key, hashlib.md5(source.encode(), usedforsecurity=False).digest())
    envelope = _envelope(
        form_id, version, instance_id, encrypted_key, [name for name, _ in sealed], signature
    )
    return Sealed(envelope, sealed)


def read_public_key(base64_der: str) -> rsa.RSAPublicKey:
    """Read a form's base64RsaPublicKey; raises NotReady("forms.seal.bad_key")."""
    try:
        key = serialization.load_der_public_key(base64.b64decode("".join(base64_der.split()), validate=True))
    except (ValueError, TypeError, UnsupportedAlgorithm) as broken:
        raise NotReady("forms.seal.bad_key") from broken
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < SMALLEST_KEY_BITS:
        raise NotReady("forms.seal.bad_key")
    return key


def _check_names(files: Sequence[SealFile]) -> None:
    seen = {SUBMISSION_NAME}
    for one in files:
        plain = one.name == markup.clean(one.name).strip() and not set(one.name) & set("/\\\n\t")
        if not one.name or one.name in seen or one.name in (".", "..") or not plain:
            raise Refused("forms.seal.bad_name", name=one.name[:80])
        seen.add(one.name)


def _to_office(public_key: rsa.RSAPublicKey, secret: bytes) -> str:
    oaep = rsa_padding.OAEP(mgf=rsa_padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    return base64.b64encode(public_key.encrypt(secret, oaep)).decode()


class _Vectors:
    """The running seed: one byte of it grows before each file, and it is never reset."""

    def __init__(self, instance_id: str, record_key: bytes) -> None:
        self.seed = bytearray(hashlib.md5(instance_id.encode() + record_key, usedforsecurity=False).digest())
        self.count = 0

    def following(self) -> bytes:
        at = self.count % len(self.seed)
        self.seed[at] = (self.seed[at] + 1) & 0xFF
        self.count += 1
        return bytes(self.seed)


def _encrypt(record_key: bytes, vector: bytes, content: bytes) -> bytes:
    padder = padding.PKCS7(algorithms.AES.block_size).padder()
    encryptor = Cipher(algorithms.AES(record_key), CFB(vector)).encryptor()
    return encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize()


def _envelope(
    form_id: str, version: str, instance_id: str, key: str, names: Sequence[str], signature: str
) -> bytes:
    def tag(name: str) -> str:
        return f"{{{SUBMISSION}}}{name}"

    nsmap: dict[str | None, str] = {None: SUBMISSION}
    root = etree.Element(tag("data"), nsmap=nsmap)  # type: ignore[arg-type]
    root.set("id", form_id)
    if version:
        root.set("version", version)
    root.set("encrypted", "yes")
    etree.SubElement(root, tag("base64EncryptedKey")).text = key
    inner: dict[str | None, str] = {None: OPENROSA}
    meta = etree.SubElement(root, f"{{{OPENROSA}}}meta", nsmap=inner)  # type: ignore[arg-type]
    etree.SubElement(meta, f"{{{OPENROSA}}}instanceID").text = instance_id
    for name in names[:-1]:
        etree.SubElement(etree.SubElement(root, tag("media")), tag("file")).text = name
    etree.SubElement(root, tag("encryptedXmlFile")).text = names[-1]
    etree.SubElement(root, tag("base64EncryptedElementSignature")).text = signature
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
