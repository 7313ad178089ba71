"""Sealed parcels for tests: really sealed, to a key that the tests hold."""

from __future__ import annotations

import base64
import functools
import uuid

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hub.forms.seal import SealFile, seal
from hub.post.outbox import Parcel

FORM, VERSION = "khai_sinh_mau", "1"


@functools.cache
def practice_key() -> rsa.RSAPrivateKey:
    """A key pair for the whole test run."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_half(key: rsa.RSAPrivateKey) -> str:
    """The public key as a form carries it."""
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode("ascii")


def instance_xml(instance_id: str, name: str = "Lý A Mẫu", photo: str = "") -> bytes:
    """The instance that is sealed."""
    return (
        f'<data id="{FORM}" version="{VERSION}"><ho_ten>{name}</ho_ten><anh>{photo}</anh>'
        f"<meta><instanceID>{instance_id}</instanceID></meta></data>"
    ).encode()


def parcel(
    *,
    instance_id: str | None = None,
    photos: int = 1,
    photo_bytes: int = 2_000,
    urgent: bool = False,
    public_key: str | None = None,
    form_id: str = FORM,
    version: str = VERSION,
) -> Parcel:
    """A freshly sealed dossier with photographs whose names nobody else has."""
    instance_id = instance_id or f"uuid:{uuid.uuid4()}"
    names = [f"{uuid.uuid4().hex[:12]}-anh.jpg" for _ in range(photos)]
    files = [SealFile(name, b"\xff\xd8\xff" + bytes(photo_bytes)) for name in names]
    sealed = seal(
        form_id=form_id,
        version=version,
        instance_id=instance_id,
        submission=instance_xml(instance_id, photo=names[0] if names else ""),
        files=files,
        public_key_base64_der=public_key or public_half(practice_key()),
    )
    return Parcel(
        instance_id, form_id, version, "K7MX-4QP9", "Khai sinh", sealed.envelope, sealed.files, urgent
    )


def form_xml(form_id: str = FORM, version: str = VERSION) -> bytes:
    """A small XForm with words in both languages, a choice and a file question."""
    return f"""<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>Mẫu</h:title><model>
<itext>
<translation lang="Tiếng Việt (vi)" default="true()">
<text id="/data/ho_ten:label"><value>Họ và tên</value></text>
<text id="gioi-0"><value>Nữ</value></text></translation>
<translation lang="English (en)"><text id="/data/ho_ten:label"><value>Full name</value></text>
<text id="gioi-0"><value>Female</value></text></translation>
</itext>
<instance><data id="{form_id}" version="{version}"><ho_ten/><gioi/><anh/><meta><instanceID/></meta>
</data></instance>
<instance id="gioi"><root><item><itextId>gioi-0</itextId><name>nu</name></item></root></instance>
<bind nodeset="/data/ho_ten" type="string"/><bind nodeset="/data/anh" type="binary"/></model></h:head>
<h:body><input ref="/data/ho_ten"><label ref="jr:itext('/data/ho_ten:label')"/></input>
<select1 ref="/data/gioi"><label>Giới tính</label>
<itemset nodeset="instance('gioi')/root/item"><value ref="name"/>
<label ref="jr:itext(itextId)"/></itemset></select1>
<upload ref="/data/anh" mediatype="image/*"><label>Ảnh</label></upload></h:body></h:html>""".encode()
