"""Sealing: what goes in comes out with the office's key, and with nothing else."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hub.base.errors import Missing, NotReady, Refused
from hub.forms import seal, unseal
from hub.forms.seal import Sealed, SealFile
from tests.forms import samples
from tests.forms.samples import NOW

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FILES = (
    SealFile("giấy chứng sinh.jpg", bytes(range(256)) * 40),
    SealFile("empty.pdf", b""),
    SealFile("16.bin", b"x" * 16),
)
SUBMISSION = "<data id='f' version='1'><name>Lý A Mẫu</name></data>".encode()
NAMES = {"s": "http://opendatakit.org/submissions", "o": "http://openrosa.org/xforms"}


def public(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


def sealed(files: tuple[SealFile, ...] = FILES, submission: bytes = SUBMISSION, version: str = "1") -> Sealed:
    return seal.seal(
        form_id="f",
        version=version,
        instance_id="uuid:1",
        submission=submission,
        files=files,
        public_key_base64_der=public(KEY),
    )


def opened(one: Sealed) -> unseal.Opened:
    return unseal.unseal(one.envelope, dict(one.files), KEY)


def test_what_was_sealed_is_opened_byte_for_byte() -> None:
    found = opened(sealed())
    assert found.submission == SUBMISSION
    assert found.files == tuple((one.name, one.content) for one in FILES)
    assert (found.form_id, found.version, found.instance_id) == ("f", "1", "uuid:1")
    assert found.signature_ok


def test_the_envelope_is_laid_out_as_published() -> None:
    root = etree.fromstring(sealed().envelope)
    assert (root.tag, dict(root.attrib)) == (
        "{http://opendatakit.org/submissions}data",
        {"id": "f", "version": "1", "encrypted": "yes"},
    )
    assert root.findtext("o:meta/o:instanceID", namespaces=NAMES) == "uuid:1"
    assert [node.text for node in root.findall("s:media/s:file", NAMES)] == [
        one.name + ".enc" for one in FILES
    ]
    assert root.findtext("s:encryptedXmlFile", namespaces=NAMES) == "submission.xml.enc"
    assert len(base64.b64decode(root.findtext("s:base64EncryptedKey", "", NAMES))) == 256
    assert len(base64.b64decode(root.findtext("s:base64EncryptedElementSignature", "", NAMES))) == 256
    assert [name for name, _ in sealed().files][-1] == "submission.xml.enc"


def openssl(*arguments: str, given: bytes) -> bytes:
    run = subprocess.run(["openssl", *arguments], input=given, capture_output=True, timeout=30, check=True)
    return run.stdout


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is not installed")
def test_openssl_opens_eighteen_files_with_vectors_counted_from_the_published_text(tmp_path: Path) -> None:
    """A third reading of the description: RSA and AES by openssl, the vectors written out here step by step.

    A wrong vector garbles only the first 16 bytes, and 18 files take the counter once round the seed.
    """
    files = tuple(SealFile(f"{n}.bin", bytes([n]) * (40 + n)) for n in range(17))
    one = sealed(files)
    (tmp_path / "key.pem").write_bytes(
        KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    oaep = ["pkeyutl", "-decrypt", "-inkey", str(tmp_path / "key.pem"), "-pkeyopt", "rsa_padding_mode:oaep"]
    oaep += ["-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt", "rsa_mgf1_md:sha256"]
    root = etree.fromstring(one.envelope)
    wrapped = root.findtext("s:base64EncryptedKey", "", NAMES)
    key = openssl(*oaep, given=base64.b64decode(wrapped))
    seed = list(hashlib.md5(b"uuid:1" + key).digest())
    plain = []
    for n, (name, content) in enumerate(one.files):
        seed[n % 16] = (seed[n % 16] + 1) & 255
        vector = bytes(seed).hex()
        text = openssl("enc", "-d", "-aes-256-cfb", "-K", key.hex(), "-iv", vector, given=content)
        plain.append((name.removesuffix(".enc"), text[: -text[-1]]))
    assert plain == [(each.name, each.content) for each in files] + [("submission.xml", SUBMISSION)]
    source = "f\n1\n" + wrapped + "\nuuid:1\n"
    source += "".join(f"{name}::{hashlib.md5(content).hexdigest()}\n" for name, content in plain)
    signature = base64.b64decode(root.findtext("s:base64EncryptedElementSignature", "", NAMES))
    assert openssl(*oaep, given=signature) == hashlib.md5(source.encode()).digest()


def test_sealing_again_gives_other_bytes_so_a_caller_must_keep_them() -> None:
    first, second = sealed(), sealed()
    assert first.envelope != second.envelope
    assert not set(first.files) & set(second.files)


def test_the_random_source_can_be_given_and_must_give_enough() -> None:
    given: list[int] = []

    def random(count: int) -> bytes:
        given.append(count)
        return b"k" * (count - 1)

    with pytest.raises(ValueError, match="31 bytes"):
        seal.seal(
            form_id="f",
            version="1",
            instance_id="uuid:1",
            submission=b"",
            files=(),
            public_key_base64_der=public(KEY),
            random=random,
        )
    assert given == [32]


def test_a_form_without_a_version_is_sealed_and_opened() -> None:
    one = sealed(version="")
    assert b"version=" not in one.envelope.split(b"?>", 1)[1]
    assert opened(one).signature_ok


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=50), st.lists(st.binary(max_size=70), max_size=20))
def test_any_answer_and_any_files_survive_sealing(text: str, contents: list[bytes]) -> None:
    instance = samples.fresh("household")
    instance.set("/data/head/name", text)
    instance.recalculate(NOW)
    files = tuple(SealFile(f"ảnh {n}.jpg", content) for n, content in enumerate(contents))
    submission = instance.submission_xml()
    found = opened(sealed(files, submission))
    assert (found.submission, found.signature_ok) == (submission, True)
    assert found.files == tuple((one.name, one.content) for one in files)


@pytest.mark.parametrize(
    "name", ["", "a/b.jpg", "..\\b", "a\nb", "submission.xml", ".", "x\x00.jpg", " a.jpg"]
)
def test_a_file_name_that_is_no_plain_name_is_refused(name: str) -> None:
    with pytest.raises(Refused) as caught:
        sealed((SealFile(name, b"x"),))
    assert caught.value.key == "forms.seal.bad_name"


def test_two_files_of_one_name_are_refused() -> None:
    with pytest.raises(Refused):
        sealed((SealFile("a.jpg", b"1"), SealFile("a.jpg", b"2")))


WEAK = public(rsa.generate_private_key(public_exponent=65537, key_size=1024))


@pytest.mark.parametrize("key", ["", "no key", "AAAA", public(ec.generate_private_key(ec.SECP256R1())), WEAK])
def test_a_key_that_is_none_stops_the_sealing_before_anything_is_made(key: str) -> None:
    with pytest.raises(NotReady) as caught:
        seal.read_public_key(key)
    assert caught.value.key == "forms.seal.bad_key"


def test_a_key_broken_into_lines_is_read() -> None:
    text = public(KEY)
    assert seal.read_public_key(text[:60] + "\n  " + text[60:]).key_size == 2048


def test_another_office_cannot_open_it() -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    one = sealed()
    with pytest.raises(Refused) as caught:
        unseal.unseal(one.envelope, dict(one.files), other)
    assert caught.value.key == "forms.unseal.other_key"


def test_a_file_that_has_not_come_yet_is_named() -> None:
    one = sealed()
    files = dict(one.files)
    del files["empty.pdf.enc"]
    with pytest.raises(Missing) as caught:
        unseal.unseal(one.envelope, files, KEY)
    assert caught.value.values == {"name": "empty.pdf.enc"}


def test_a_changed_file_is_noticed() -> None:
    one = sealed()
    files = dict(one.files)
    name = FILES[0].name + ".enc"
    files[name] = bytes([files[name][0] ^ 1]) + files[name][1:]
    assert not unseal.unseal(one.envelope, files, KEY).signature_ok


def test_files_in_another_order_are_noticed() -> None:
    two = (SealFile("a.jpg", b"a" * 32), SealFile("b.jpg", b"b" * 32))
    one = sealed(two)
    swapped = one.envelope.replace(b"a.jpg", b"?").replace(b"b.jpg", b"a.jpg").replace(b"?", b"b.jpg")
    # The XML declaration's own question marks were swapped too; only its body matters here.
    swapped = swapped[swapped.index(b"<data") :]
    assert not unseal.unseal(swapped, dict(one.files), KEY).signature_ok


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml.replace(b"<base64EncryptedKey>", b"<base64EncryptedKey>!!"),
        lambda xml: xml.replace(b"encryptedXmlFile", b"somethingElse"),
        lambda xml: xml[:-10],
        lambda xml: b"",
    ],
)
def test_a_damaged_envelope_is_refused(change: object) -> None:
    one = sealed()
    with pytest.raises(Refused):
        unseal.unseal(change(one.envelope), dict(one.files), KEY)  # type: ignore[operator]


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_as_a_file_are_refused_or_fail_the_signature(content: bytes) -> None:
    one = sealed()
    try:
        found = unseal.unseal(one.envelope, {**dict(one.files), "submission.xml.enc": content}, KEY)
    except Refused as refused:
        assert refused.key == "forms.unseal.broken"
    else:
        assert not found.signature_ok
