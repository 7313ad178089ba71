"""What a walk needs: forms for home visits, records filled in on them, a House that listens."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence

from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from waitress import create_server, wasyncore

from hub.base.house import House
from hub.forms.seal import SealFile, seal
from hub.packs import shelf
from hub.post.envelope import COLLECT, SUBMISSION
from hub.practice_office import keys
from hub.trades.procedures import added
from hub.trades.procedures.added import Listed
from hub.trades.procedures.form_shelf import Origin
from hub.trades.volunteers import credentials
from hub.trades.volunteers import service as volunteers
from hub.trades.volunteers.model import Opened, Way
from tests.field.collect import Collect, Record
from tests.post import parcels
from tests.shelves import CORE

FORM = "tham_ho"
BROUGHT = "household_visit"
"""The form that comes with the pack; in a demo House it is marked from the start."""

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8


def survey(
    version: str = "1", *, key: str = "", action: str = "", form_id: str = FORM, households: bool = False
) -> bytes:
    """A form with a question for words, two for photographs in a group, and maybe a list of households."""
    told = f' base64RsaPublicKey="{key}"' if key else ""
    told += f' action="{action}" method="post"' if action else ""
    submission = f"<submission{told}/>" if told else ""
    homes = '<instance id="households" src="jr://file-csv/households.csv"/>' if households else ""
    asked = (
        '<select1 ref="/data/ho"><label>Hộ</label><itemset nodeset="instance(\'households\')/root/item">'
        '<value ref="name"/><label ref="label"/></itemset></select1>'
        if households
        else '<input ref="/data/ho"><label>Hộ</label></input>'
    )
    return f"""<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms">
 <h:head><h:title>Thăm hộ mẫu</h:title><model>
  <instance><data id="{form_id}" version="{version}"><ho/><ghi/><anh><nha/><vuon/></anh>
   <orx:meta><orx:instanceID/></orx:meta></data></instance>{homes}
  <bind nodeset="/data/ho" type="string"/><bind nodeset="/data/ghi" type="string"/>
  <bind nodeset="/data/anh/nha" type="binary"/><bind nodeset="/data/anh/vuon" type="binary"/>
  <bind nodeset="/data/orx:meta/orx:instanceID" type="string" jr:preload="uid"/>{submission}
 </model></h:head>
 <h:body>{asked}<input ref="/data/ghi"><label>Ghi</label></input>
  <group ref="/data/anh"><label>Ảnh</label>
   <upload ref="/data/anh/nha" mediatype="image/*"><label>Nhà</label></upload>
   <upload ref="/data/anh/vuon" mediatype="image/*"><label>Vườn</label></upload></group></h:body>
</h:html>""".encode()


def put(
    house: House,
    conn: sqlite3.Connection,
    xml: bytes,
    media: Mapping[str, bytes] | None = None,
    *,
    plain: bool = False,
) -> None:
    """Put a form on the shelf and mark it for home visits."""
    done = added.put(
        conn,
        shelf.current(house.packs),
        xml,
        media or {},
        origin=Origin.ADDED,
        moment=house.clock.read(),
    )
    volunteers.mark_form(
        conn, done.form_id, plain=plain, may_be_plain=True, staff=1, moment=house.clock.read()
    )


def volunteer(house: House, conn: sqlite3.Connection, way: Way = Way.QR, name: str = "Lý A Mẫu") -> Opened:
    """Somebody with a key for thirty days."""
    moment = house.clock.read()
    until = moment.on + dt.timedelta(days=30)
    who = volunteers.start(conn, name, "0912 000 000", until, staff=1, moment=moment)
    return volunteers.open(conn, who, way, keys=credentials.field_keys(house.keys))


def phone(base: str, opened: Opened) -> Collect:
    """A telephone that was set up with this key."""
    if opened.way is Way.QR:
        return Collect(f"{base}/field/key/{opened.token}")
    return Collect(f"{base}/field", opened.username, opened.password)


def filled(
    photos: Sequence[str] = ("1732240000001.jpg",),
    *,
    said: str = "Mái tôn cũ",
    version: str = "1",
    instance_id: str = "",
    photo_bytes: int = 2_048,
    form_id: str = FORM,
) -> Record:
    """A record as the app writes it, with up to two photographs."""
    names = [*photos, "", ""][:2]
    xml = (
        f'<?xml version="1.0" ?><data id="{form_id}" version="{version}" xmlns:orx="http://openrosa.org/xforms">'
        f"<ho>h1</ho><ghi>{said}</ghi><anh><nha>{names[0]}</nha><vuon>{names[1]}</vuon></anh>"
        f"<orx:meta><orx:instanceID>{instance_id or f'uuid:{uuid.uuid4()}'}</orx:instanceID></orx:meta></data>"
    ).encode()
    content = (PHOTO * (photo_bytes // len(PHOTO) + 1))[:photo_bytes]
    return Record(xml, {name: name.encode() + content for name in photos})


def brought_version() -> str:
    """The version of the form that comes with the pack."""
    told = (CORE / "visits" / BROUGHT / "form.md").read_text("utf-8")
    found = re.search(rf"\| {BROUGHT} \| (\d+) \|", told)
    assert found
    return found[1]


def visited(house: str = "", photo: str = "1732240000009.jpg") -> Record:
    """A record on the form that comes with the pack, of a house of the list or of another."""
    other = "" if house else "<nha_khac>Nhà đầu xóm Mẫu 6604</nha_khac>"
    xml = (
        f'<?xml version="1.0" ?><data id="{BROUGHT}" version="{brought_version()}">'
        f"<dong_y>co</dong_y><ngay>2026-11-22</ngay><ho>{house}</ho>{other}<viec>thu_tuc lua_dao</viec>"
        f"<anh>{photo}</anh><ghi_chu/><meta><instanceID>uuid:{uuid.uuid4()}</instanceID>"
        "<instanceName>Thăm nhà 2026-11-22</instanceName></meta></data>"
    ).encode()
    return Record(xml, {photo: PHOTO} if photo else {})


def id_of(record: Record) -> str:
    """The instanceID of a record."""
    return record.xml.decode().split("instanceID>")[1].split("<")[0]


def sealed(record: Record, key: rsa.RSAPrivateKey, *, version: str = "1", form_id: str = FORM) -> Record:
    """The record as the app seals it before it leaves the telephone, in the app's own namespace."""
    made = seal(
        form_id=form_id,
        version=version,
        instance_id=id_of(record),
        submission=record.xml,
        files=[SealFile(name, content) for name, content in record.files.items()],
        public_key_base64_der=parcels.public_half(key),
    )
    return Record(made.envelope.replace(SUBMISSION.encode(), COLLECT.encode()), dict(made.files))


def office_key(house: House) -> rsa.RSAPrivateKey:
    """The private key of the practice office that this House seals to."""
    return keys.private_key(house.data / "office")


def public(house: House) -> str:
    """The same key's public half as a form carries it."""
    return keys.public_key_base64(house.data / "office")


def pack_forms(house: House, conn: sqlite3.Connection) -> list[Listed]:
    """The forms of the pack's procedures."""
    return [one for one in added.listing(conn, shelf.current(house.packs)) if one.origin is Origin.PACK]


@contextlib.contextmanager
def listening(app: Flask) -> Iterator[str]:
    """The application behind waitress while the block runs; its address."""
    server = create_server(app, host="127.0.0.1", port=0, threads=4, map={}, inbuf_overflow=1 << 27)
    thread = threading.Thread(target=_serve, args=(server,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.task_dispatcher.shutdown()
        wasyncore.close_all(server._map)


def _serve(server: object) -> None:
    with contextlib.suppress(OSError, ValueError, KeyError):
        server.run()  # type: ignore[attr-defined]
