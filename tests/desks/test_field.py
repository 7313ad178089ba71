"""A telephone with ODK Collect at the House: forms out, records in, and nothing that was answered for is lost."""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from lxml import etree

from hub.base import db
from hub.base.errors import NotReady
from hub.base.house import House
from hub.base.settings import FieldSettings, Settings, WebSettings
from hub.desks import shell
from hub.forms import handout
from hub.forms.unseal import unseal
from hub.overview import handouts
from hub.packs import shelf
from hub.post import outbox
from hub.trades.procedures import added
from hub.trades.procedures.form_shelf import Origin
from hub.trades.volunteers import credentials
from hub.trades.volunteers import service as volunteers
from hub.trades.volunteers import visits
from hub.trades.volunteers.model import Seal, Way
from hub.wiring import build, demo
from tests.fakes import FakeClock
from tests.field import walk
from tests.field.collect import Collect, LostAnswer, Record, multipart


@pytest.fixture(scope="module")
def prepared(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a House with an office to seal for; volunteers may take nothing yet."""
    data = tmp_path_factory.mktemp("prepared") / "data"
    shutil.copytree(filled, data, symlinks=True)
    made = build.build(Settings(), data)
    demo.office(made)
    with closing(made.connect()) as conn:
        assert volunteers.forms(conn) == {walk.BROUGHT: False}
        volunteers.unmark_form(conn, walk.BROUGHT)
    return data


@pytest.fixture
def house(prepared: Path, tmp_path: Path, clock: FakeClock) -> House:
    """A House of this test's own; it says that it takes very little at a time."""
    shutil.copytree(prepared, tmp_path / "data", symlinks=True)
    little = Settings(field=FieldSettings(post_bytes=100_000), web=WebSettings(upload_bytes=200_000))
    return dataclasses.replace(build.build(little, tmp_path / "data"), clock=clock)


@pytest.fixture(scope="module")
def built(prepared: Path) -> Iterator[Flask]:
    """One application for this module: building it takes longer than any test here."""
    app = build.web(build.build(Settings(), prepared))
    yield app
    shell.close_shell(app)


@pytest.fixture
def app(built: Flask, house: House) -> Iterator[Flask]:
    """The application in this test's own House."""
    built.extensions["house"] = house
    built.extensions["pool"] = type(built.extensions["pool"])(house)
    built.extensions["kept"].clear()
    yield built
    built.extensions["pool"].close()


@pytest.fixture
def base(app: Flask) -> Iterator[str]:
    with walk.listening(app) as url:
        yield url


@pytest.fixture
def phone(house: House, conn: sqlite3.Connection, base: str) -> Collect:
    """A telephone with a token; the form is one that leaves plain."""
    walk.put(house, conn, walk.survey(), plain=True)
    return walk.phone(base, walk.volunteer(house, conn))


def stored(conn: sqlite3.Connection, record: Record) -> tuple[bytes, dict[str, bytes]]:
    """The bytes that the outbox holds under a record's id."""
    row = conn.execute(
        "SELECT id, envelope FROM outbox WHERE instance_id = ?", (walk.id_of(record),)
    ).fetchone()
    files = conn.execute("SELECT name, content FROM outbox_files WHERE outbox_id = ?", (row["id"],))
    return bytes(row["envelope"]), {name: bytes(content) for name, content in files}


def everything(house: House) -> bytes:
    """Every byte of the database, its log included."""
    return b"".join(path.read_bytes() for path in house.data.glob("house.db*"))


# -- forms out --


def test_a_form_comes_out_and_a_record_comes_in_to_the_byte(
    house: House, conn: sqlite3.Connection, phone: Collect
) -> None:
    (offered,) = phone.forms()
    assert (offered["formID"], offered["version"], offered["name"]) == (walk.FORM, "1", "Thăm hộ mẫu")
    assert phone.take(offered) == (walk.survey(), {})
    record = walk.filled()
    answer = phone.send(record)
    assert answer.status == 201 and answer.message
    assert stored(conn, record) == (record.xml, dict(record.files))
    parcel = outbox.state(conn, walk.id_of(record))
    assert (parcel.kind, parcel.state) == (outbox.Kind.VISIT, outbox.State.QUEUED)
    (visit,) = visits.listing(conn, waiting=False)
    assert (visit.volunteer, visit.device_id, visit.seal) == ("Lý A Mẫu", phone.device, Seal.NONE)
    assert (visit.received_at, visit.trusted) == (house.clock.read().at, True)


def test_only_the_form_that_is_asked_for_is_listed_where_one_is(
    house: House, conn: sqlite3.Connection, phone: Collect
) -> None:
    walk.put(house, conn, walk.survey(form_id="khac"), plain=True)
    assert {one["formID"] for one in phone.forms()} == {walk.FORM, "khac"}
    told = phone.get(f"{phone.url}/formList?formID=khac").body
    assert b"khac" in told and b"<formID>tham_ho" not in told
    volunteers.unmark_form(conn, walk.FORM)
    assert [one["formID"] for one in phone.forms()] == ["khac"]
    assert phone.get(f"{phone.url}/forms/{walk.FORM}.xml").status == 404


def test_an_address_to_send_to_is_taken_out_of_a_form_and_nothing_else(
    house: House, conn: sqlite3.Connection, base: str
) -> None:
    away = walk.survey(action="https://elsewhere.example/submission", form_id="di_noi_khac")
    walk.put(house, conn, away, plain=True)
    phone = walk.phone(base, walk.volunteer(house, conn))
    (offered,) = phone.forms()
    xml, _ = phone.take(offered)
    assert b"elsewhere" not in xml
    assert xml == away.replace(b' action="https://elsewhere.example/submission"', b"")


def test_a_form_says_of_itself_what_a_reader_of_its_own_finds() -> None:
    told = handout.read(walk.survey("7", households=True))
    assert (told.form_id, told.version, told.title) == (walk.FORM, "7", "Thăm hộ mẫu")
    assert told.uploads == {"/data/anh/nha", "/data/anh/vuon"} and told.wants == {"households.csv"}
    record = etree.fromstring(walk.filled(("b.jpg", "a.jpg")).xml)
    assert handout.named(record, told.uploads) == ("b.jpg", "a.jpg")


def test_files_beside_a_form_come_with_their_hashes(
    house: House, conn: sqlite3.Connection, base: str
) -> None:
    media = {"cay.png": b"\x89PNG\r\n", "thon.csv": "name,label\na,Làng A\n".encode()}
    walk.put(house, conn, walk.survey(), media, plain=True)
    phone = walk.phone(base, walk.volunteer(house, conn))
    (offered,) = phone.forms()
    assert phone.take(offered)[1] == media
    assert phone.get(f"{phone.url}/forms/{walk.FORM}/media/la.png").status == 404


def test_what_was_begun_on_a_version_comes_in_after_the_form_has_changed(
    house: House, conn: sqlite3.Connection, phone: Collect
) -> None:
    phone.take(phone.forms()[0])
    walk.put(house, conn, walk.survey("2"), plain=True)
    assert [one["version"] for one in phone.forms()] == ["2"]
    assert phone.send(walk.filled(version="1")).status == 201
    volunteers.unmark_form(conn, walk.FORM)
    assert phone.send(walk.filled(version="2")).status == 201
    unknown = phone.send(walk.filled(version="3"))
    assert unknown.status == 404 and "3" in unknown.message


# -- who may come in --


def test_a_telephone_set_up_by_hand_answers_a_challenge(
    house: House, conn: sqlite3.Connection, base: str
) -> None:
    walk.put(house, conn, walk.survey(), plain=True)
    phone = walk.phone(base, walk.volunteer(house, conn, Way.HAND))
    (offered,) = phone.forms()
    assert phone.take(offered)[0] == walk.survey()
    assert phone.send(walk.filled()).status == 201
    told = Collect(phone.url).get(f"{phone.url}/formList")
    assert told.status == 401 and told.headers["www-authenticate"].startswith("Digest ")
    assert "Basic" not in told.headers["www-authenticate"] and told.headers["x-openrosa-version"] == "1.0"


def test_an_answer_to_a_challenge_is_good_once_and_for_its_own_address(
    house: House, conn: sqlite3.Connection, base: str
) -> None:
    phone = walk.phone(base, walk.volunteer(house, conn, Way.HAND))
    phone.forms()
    url = f"{phone.url}/formList"
    signed = {"Authorization": phone._signed("GET", url)}
    assert phone.raw(url, phone.request("GET", url, b"", signed)).status == 200
    again = phone.raw(url, phone.request("GET", url, b"", signed))
    assert again.status == 401 and "stale=true" in again.headers["www-authenticate"]
    other = f"{phone.url}/forms/{walk.FORM}.xml"
    fresh = {"Authorization": phone._signed("GET", url)}
    assert phone.raw(other, phone.request("GET", other, b"", fresh)).status == 401
    assert phone.forms() == []


def test_an_answer_that_is_not_right_to_the_letter_opens_nothing(
    house: House, conn: sqlite3.Connection, base: str, clock: FakeClock
) -> None:
    phone = walk.phone(base, walk.volunteer(house, conn, Way.HAND))
    phone.forms()
    url = f"{phone.url}/formList"
    for right, wrong in (
        ('realm="', 'realm="x'),
        ("qop=auth", "qop=auth-int"),
        ("MD5", "SHA-256"),
        ("nc=", "nc=zz"),
        ('cnonce="', 'cnonce="x'),
        ('response="', 'response="0'),
        ('username="', 'username="x'),
    ):
        signed = phone._signed("GET", url).replace(right, wrong)
        answer = phone.raw(url, phone.request("GET", url, b"", {"Authorization": signed}))
        assert answer.status == 401 and "stale" not in answer.headers["www-authenticate"], wrong
        assert phone.forms() == []


def test_wrong_passwords_wait_longer_and_longer(house: House, conn: sqlite3.Connection, base: str) -> None:
    opened = walk.volunteer(house, conn, Way.HAND)
    for _ in range(5):
        assert Collect(f"{base}/field", opened.username, "sai").get(f"{base}/field/formList").status == 401
    rest = walk.phone(base, opened).get(f"{base}/field/formList")
    assert rest.status == 429 and int(rest.headers["retry-after"]) > 0
    assert isinstance(house.clock, FakeClock)
    house.clock.advance(61)
    assert walk.phone(base, opened).get(f"{base}/field/formList").status == 200


def test_a_place_that_guesses_tokens_is_not_listened_to(
    house: House, conn: sqlite3.Connection, base: str
) -> None:
    for number in range(20):
        assert (
            Collect(f"{base}/field/key/{'x' * 42}{number}").get(f"{base}/field/key/{number}/formList").status
            == 403
        )
    assert walk.phone(base, walk.volunteer(house, conn)).get(f"{base}/field/key/a/formList").status == 429


def test_a_telephone_that_also_asks_with_a_dead_key_comes_in_with_its_new_one(
    house: House, conn: sqlite3.Connection, base: str
) -> None:
    first = walk.volunteer(house, conn)
    second = volunteers.open(conn, first.volunteer, Way.QR, keys=credentials.field_keys(house.keys))
    old, new = walk.phone(base, first), walk.phone(base, second)
    # The app keeps the old project beside the new one, and asks for its forms every quarter of an hour.
    answers = [old.get(f"{old.url}/formList").status for _ in range(6)]
    assert answers == [403] * 5 + [429] and new.forms() == []
    for number in range(20):
        old.get(f"{base}/field/key/{'x' * 42}{number}/formList")
    assert new.forms() == []


def test_a_new_key_kills_the_old_one_and_a_revoked_one_opens_nothing(
    house: House, conn: sqlite3.Connection, base: str
) -> None:
    first = walk.volunteer(house, conn)
    keys = credentials.field_keys(house.keys)
    second = volunteers.open(conn, first.volunteer, Way.QR, keys=keys)
    old, new = walk.phone(base, first), walk.phone(base, second)
    assert old.get(f"{old.url}/formList").status == 403 and new.forms() == []
    by_hand = volunteers.open(conn, first.volunteer, Way.HAND, keys=keys)
    assert new.get(f"{new.url}/formList").status == 403 and walk.phone(base, by_hand).forms() == []
    volunteers.revoke(conn, first.volunteer, moment=house.clock.read())
    hand = walk.phone(base, by_hand)
    assert hand.get(f"{base}/field/formList").status == 401


def test_after_the_last_day_nobody_comes_in_but_a_doubtful_clock_shuts_nobody_out(
    house: House, conn: sqlite3.Connection, base: str, clock: FakeClock
) -> None:
    phone = walk.phone(base, walk.volunteer(house, conn))
    clock.advance(30 * 86_400)
    assert phone.forms() == []
    clock.advance(86_400)
    told = phone.get(f"{phone.url}/formList")
    assert told.status == 403 and "21/12/2026" in told.message
    clock.trusted = False
    assert phone.forms() == []


def test_neither_token_nor_password_nor_name_lies_in_the_database(
    house: House, conn: sqlite3.Connection, base: str
) -> None:
    qr, hand = walk.volunteer(house, conn), walk.volunteer(house, conn, Way.HAND)
    walk.phone(base, qr).forms()
    walk.phone(base, hand).forms()
    told = everything(house)
    assert qr.token.encode() not in told and hand.password.encode() not in told
    assert credentials.ha1(hand.username, hand.password).encode() not in told
    assert hand.username.encode() in told


def test_the_guide_sees_when_a_telephone_last_came_in(
    house: House, conn: sqlite3.Connection, base: str, clock: FakeClock
) -> None:
    opened = walk.volunteer(house, conn)
    phone = walk.phone(base, opened)
    phone.get(f"{phone.url}/formList?deviceID=collect:mau")
    seen = volunteers.get(conn, opened.volunteer)
    assert (seen.seen_at, seen.device_id) == (clock.read().at, "collect:mau")
    clock.advance(60)
    phone.forms()
    assert volunteers.get(conn, opened.volunteer).seen_at == seen.seen_at
    clock.advance(300)
    phone.forms()
    assert volunteers.get(conn, opened.volunteer).seen_at == clock.read().at


# -- records in --


def test_it_is_said_beforehand_how_much_is_taken(phone: Collect) -> None:
    head = phone.ask("HEAD", f"{phone.url}/submission?deviceID=x")
    assert (head.status, head.body) == (204, b"")
    assert head.headers["x-openrosa-accept-content-length"] == "100000"
    assert phone.ask("GET", f"{phone.url}/submission").status == 405


def test_the_same_again_is_not_taken_twice_and_another_under_its_id_is_refused(
    conn: sqlite3.Connection, phone: Collect
) -> None:
    record = walk.filled()
    assert phone.send(record).status == 201
    assert phone.send(record).status == 202
    for other in (record.xml + b"\n", record.xml.replace("cũ".encode(), "mới".encode())):
        refused = phone.send(Record(other, record.files))
        assert refused.status == 409 and refused.message
    name = next(iter(record.files))
    assert phone.send(Record(record.xml, {name: b"\xff\xd8\xffkhac"})).status == 409
    assert stored(conn, record) == (record.xml, dict(record.files))
    assert len(visits.listing(conn, waiting=False)) == 1


def test_an_answer_that_was_lost_is_given_again(conn: sqlite3.Connection, phone: Collect) -> None:
    record = walk.filled()
    url = f"{phone.url}/submission"
    ((body, kind),) = phone.sendings(record)
    with pytest.raises(LostAnswer):
        phone.ask("POST", url, body, {"Content-Type": kind}, lose=True)
    assert phone.send(record).status in (201, 202)
    assert stored(conn, record) == (record.xml, dict(record.files))


def test_a_record_in_two_sendings_is_joined(house: House, conn: sqlite3.Connection, phone: Collect) -> None:
    record = walk.filled(("1.jpg", "2.jpg"), photo_bytes=60_000)
    url = f"{phone.url}/submission"
    phone.limit = 100_000
    first, second = phone.sendings(record)
    assert phone.ask("POST", url, first[0], {"Content-Type": first[1]}).status == 201
    (waiting,) = visits.listing(conn, waiting=True)
    assert (waiting.missing, waiting.parcel) == (1, None) and visits.listing(conn, waiting=False) == ()
    assert outbox.counts(conn).queued == 0
    assert record.xml not in everything(house) and record.files["1.jpg"] not in everything(house)
    assert phone.ask("POST", url, first[0], {"Content-Type": first[1]}).status == 202
    assert phone.ask("POST", url, second[0], {"Content-Type": second[1]}).status == 201
    assert stored(conn, record) == (record.xml, dict(record.files))
    assert visits.listing(conn, waiting=True) == ()
    assert phone.send(record).status == 202


def test_the_pieces_of_a_record_come_in_any_order_and_from_two_telephones(
    conn: sqlite3.Connection, phone: Collect
) -> None:
    record = walk.filled(("1.jpg", "2.jpg"))
    assert phone.send(Record(record.xml)).status == 201
    for name in ("2.jpg", "1.jpg"):
        assert phone.send(Record(record.xml, {name: record.files[name]})).status == 201
    assert stored(conn, record) == (record.xml, dict(record.files))
    (visit,) = visits.listing(conn, waiting=False)
    assert visit.size == len(record.xml) + sum(map(len, record.files.values()))


def test_a_file_with_other_bytes_does_not_replace_the_one_that_waits(
    conn: sqlite3.Connection, phone: Collect
) -> None:
    record = walk.filled(("1.jpg", "2.jpg"))
    assert phone.send(Record(record.xml, {"1.jpg": record.files["1.jpg"]})).status == 201
    assert phone.send(Record(record.xml, {"1.jpg": b"\xff\xd8\xffkhac"})).status == 409
    assert phone.send(record).status == 201
    assert stored(conn, record)[1] == dict(record.files)


def test_a_record_of_nothing_but_words_is_whole_at_once(conn: sqlite3.Connection, phone: Collect) -> None:
    record = walk.filled(())
    assert phone.send(record).status == 201
    assert stored(conn, record) == (record.xml, {})


def test_a_file_that_the_record_does_not_name_is_left_out_and_counted(
    conn: sqlite3.Connection, phone: Collect
) -> None:
    record = walk.filled()
    assert phone.send(Record(record.xml, {**record.files, "la.jpg": b"la"})).status == 201
    assert stored(conn, record) == (record.xml, dict(record.files))
    assert visits.listing(conn, waiting=False)[0].strays == 1


def test_the_name_of_a_file_may_stand_in_either_place(conn: sqlite3.Connection, phone: Collect) -> None:
    record = walk.filled()
    ((name, content),) = record.files.items()
    body, kind = multipart(
        [("xml_submission_file", "x", "text/xml", record.xml), ("file0", name, "image/jpeg", content)]
    )
    assert phone.ask("POST", f"{phone.url}/submission", body, {"Content-Type": kind}).status == 201
    assert stored(conn, record)[1] == {name: content}


def test_a_record_that_is_not_one_is_refused_with_a_sentence_and_nothing_is_kept(
    conn: sqlite3.Connection, phone: Collect
) -> None:
    whole = walk.filled().xml
    for spoilt, status in (
        (whole.replace(b"orx:instanceID>", b"orx:khac>"), 400),
        (whole[: len(whole) // 2], 400),
        (b"khong phai xml", 400),
        (whole.replace(b'<?xml version="1.0" ?>', b'<!DOCTYPE data [<!ENTITY a "b">]>'), 400),
        (whole.replace(b' id="tham_ho"', b""), 400),
        (whole.replace(b"tham_ho", b"khong_co"), 404),
        (whole.replace(b".jpg", b"/../x.jpg"), 400),
        (whole.replace(b"1732240000001.jpg", b"\xe1\xba\xa3nh.jpg"), 400),
    ):
        assert spoilt != whole
        answer = phone.send(Record(spoilt))
        assert answer.status == status and len(answer.message) > 20, spoilt
    assert conn.execute("SELECT count(*) FROM visits_received").fetchone()[0] == 0


def test_sendings_that_are_cut_odd_or_encoded_are_refused_whole(
    conn: sqlite3.Connection, phone: Collect
) -> None:
    phone.forms()
    record, url = walk.filled(), f"{phone.url}/submission"
    ((body, kind),) = phone.sendings(record)
    part = ("xml_submission_file", "x.xml", "text/xml", record.xml)
    twice, twice_kind = multipart([part, part])
    none, none_kind = multipart([("xml", "x.xml", "text/xml", record.xml)])
    for sent, headers in (
        (body[: len(body) // 2], {"Content-Type": kind}),
        (body[:-4], {"Content-Type": kind}),
        (body, {"Content-Type": "multipart/form-data"}),
        (body, {"Content-Type": "multipart/form-data; boundary=khac"}),
        (record.xml, {"Content-Type": "text/xml"}),
        (gzip.compress(body), {"Content-Type": kind, "Content-Encoding": "gzip"}),
        (twice, {"Content-Type": twice_kind}),
        (none, {"Content-Type": none_kind}),
        (b"", {"Content-Type": kind}),
    ):
        answer = phone.ask("POST", url, sent, headers)
        assert answer.status == 400 and answer.message, headers
    assert conn.execute("SELECT count(*) FROM visits_received").fetchone()[0] == 0
    assert phone.send(record).status == 201


def test_one_large_photograph_comes_though_more_is_not_promised_and_too_much_does_not(
    conn: sqlite3.Connection, phone: Collect
) -> None:
    large = walk.filled(photo_bytes=190_000)
    assert phone.send(large).status == 201
    assert stored(conn, large)[1] == dict(large.files)
    refused = phone.send(walk.filled(photo_bytes=1_400_000))
    assert refused.status == 413 and refused.headers["x-openrosa-accept-content-length"] == "100000"
    assert len(visits.listing(conn, waiting=False)) == 1


def test_odd_headers_are_read_as_they_are_meant(conn: sqlite3.Connection, phone: Collect) -> None:
    url = f"{phone.url}/submission"
    for odd in ("chunked", "lower", "expect"):
        record = walk.filled()
        ((body, kind),) = phone.sendings(record)
        request = phone.request(
            "POST", url, body, {"Content-Type": kind, "Date": "", "X-OpenRosa-Version": ""}
        )
        head, _, _ = request.partition(b"\r\n\r\n")
        if odd == "chunked":
            lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
            chunks = b"".join(
                f"{len(body[at : at + 999]):x}\r\n".encode() + body[at : at + 999] + b"\r\n"
                for at in range(0, len(body), 999)
            )
            head, sent = b"\r\n".join([*lines, b"Transfer-Encoding: chunked"]), chunks + b"0\r\n\r\n"
        elif odd == "lower":
            first, *rest = head.split(b"\r\n")
            lines = [
                name.lower() + b":" + value for name, _, value in (line.partition(b":") for line in rest)
            ]
            head, sent = b"\r\n".join([first, *lines]), body
        else:
            head, sent = head + b"\r\nExpect: 100-continue", body
        answer = phone.raw(url, head + b"\r\n\r\n" + sent, pieces=700)
        assert answer.status == 201, (odd, answer.body)
        assert stored(conn, record) == (record.xml, dict(record.files)), odd


def test_eight_telephones_at_once_lose_nothing_and_double_nothing(
    house: House, conn: sqlite3.Connection, phone: Collect
) -> None:
    phone.forms()
    records = [walk.filled(("1.jpg", "2.jpg")) for _ in range(4)]
    answers: list[int] = []

    def send(record: Record) -> None:
        # Whoever is sent away because the House is busy presses the button again.
        for _ in range(100):
            status = Collect(phone.url).send(record).status
            if status != 503:
                break
            time.sleep(0.05)
        answers.append(status)

    threads = [threading.Thread(target=send, args=(record,)) for record in records * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == [201] * 4 + [202] * 4
    for record in records:
        assert stored(conn, record) == (record.xml, dict(record.files))


# -- seals --


def test_what_the_telephone_sealed_is_passed_on_as_it_is(
    house: House, conn: sqlite3.Connection, base: str
) -> None:
    key = walk.office_key(house)
    walk.put(house, conn, walk.survey(key=walk.public(house)))
    phone = walk.phone(base, walk.volunteer(house, conn))
    plain = walk.filled(("1.jpg", "2.jpg"))
    sealed = walk.sealed(plain, key)
    assert phone.take(phone.forms()[0])[0] == walk.survey(key=walk.public(house))
    assert phone.send(sealed).status == 201
    assert stored(conn, sealed) == (sealed.xml, dict(sealed.files))
    assert visits.listing(conn, waiting=False)[0].seal is Seal.PHONE
    assert phone.send(sealed).status == 202


@pytest.mark.parametrize("own_key", [True, False])
def test_plain_words_that_should_be_sealed_are_sealed_at_once_and_nowhere_plain(
    house: House, conn: sqlite3.Connection, base: str, own_key: bool
) -> None:
    walk.put(house, conn, walk.survey(key=walk.public(house) if own_key else ""))
    phone = walk.phone(base, walk.volunteer(house, conn))
    phone.forms()
    record = walk.filled(("1.jpg", "2.jpg"), said="Mật khẩu là kín kẽ 7319")
    assert phone.send(Record(record.xml, {"1.jpg": record.files["1.jpg"]})).status == 201
    assert phone.send(record).status == 201
    assert phone.send(record).status == 202
    envelope, files = stored(conn, record)
    opened = unseal(envelope, files, walk.office_key(house))
    assert opened.signature_ok and opened.submission == record.xml
    assert dict(opened.files) == dict(record.files)
    assert "kín kẽ 7319".encode() not in everything(house)
    assert visits.listing(conn, waiting=False)[0].seal is Seal.HOUSE


@pytest.mark.parametrize("first", [True, False])
def test_a_form_marked_otherwise_between_two_pieces_is_sealed_all_the_same(
    house: House, conn: sqlite3.Connection, base: str, first: bool
) -> None:
    walk.put(house, conn, walk.survey(), plain=first)
    phone, record = walk.phone(base, walk.volunteer(house, conn)), walk.filled(("1.jpg", "2.jpg"))
    assert phone.send(Record(record.xml, {"1.jpg": record.files["1.jpg"]})).status == 201
    walk.put(house, conn, walk.survey(), plain=not first)
    assert phone.send(record).status == 201
    opened = unseal(*stored(conn, record), walk.office_key(house))
    assert opened.submission == record.xml and dict(opened.files) == dict(record.files)
    assert visits.listing(conn, waiting=False)[0].seal is Seal.HOUSE


def test_without_a_key_nothing_is_handed_out_and_nothing_is_taken(
    house: House, conn: sqlite3.Connection, base: str
) -> None:
    walk.put(house, conn, walk.survey())
    phone = walk.phone(base, walk.volunteer(house, conn))
    assert len(phone.forms()) == 1
    Path(house.settings.upstream.public_key_file).unlink()
    assert phone.forms() == []
    refused = phone.send(walk.filled())
    assert refused.status == 503 and refused.message
    assert conn.execute("SELECT count(*) FROM visits_received").fetchone()[0] == 0


def test_a_form_of_a_procedure_is_never_one_that_leaves_plain(
    house: House, conn: sqlite3.Connection, base: str
) -> None:
    form_id = next(one.form_id for one in walk.pack_forms(house, conn))
    # As if somebody had marked it so in the database itself.
    volunteers.mark_form(conn, form_id, plain=True, may_be_plain=True, staff=1, moment=house.clock.read())
    phone = walk.phone(base, walk.volunteer(house, conn))
    assert [one["formID"] for one in phone.forms()] == [form_id]
    assert conn.execute("SELECT plain FROM field_versions").fetchone()[0] == 0


# -- the form that comes with the pack --


def test_the_packs_form_for_home_visits_comes_out_and_its_records_are_sealed_here(
    house: House, conn: sqlite3.Connection, base: str
) -> None:
    now = house.clock.read()
    volunteers.mark_form(conn, walk.BROUGHT, plain=False, may_be_plain=False, staff=1, moment=now)
    phone = walk.phone(base, walk.volunteer(house, conn))
    (offered,) = phone.forms()
    xml, media = phone.take(offered)
    assert (offered["formID"], offered["name"]) == (walk.BROUGHT, "Phiếu thăm nhà")
    # The sample that lies beside it in the pack is nobody's list.
    assert media == {"households.csv": b"name,label,hamlet\n"}
    assert handout.read(xml).xml == xml
    record = walk.visited()
    assert phone.send(record).status == 201
    opened = unseal(*stored(conn, record), walk.office_key(house))
    assert opened.submission == record.xml and dict(opened.files) == dict(record.files)
    assert visits.listing(conn, waiting=False)[0].seal is Seal.HOUSE
    assert "xóm Mẫu 6604".encode() not in everything(house)


@pytest.mark.parametrize("origin", [Origin.FETCHED, Origin.ADDED])
def test_the_offices_own_version_of_it_goes_before_and_is_never_plain_nor_a_dossiers(
    house: House, conn: sqlite3.Connection, base: str, origin: Origin
) -> None:
    pack, now = shelf.current(house.packs), house.clock.read()
    newer = walk.survey("2999010100", key=walk.public(house), form_id=walk.BROUGHT, households=True)
    added.put(conn, pack, newer, {"households.csv": b"name,label\nmau,Mau\n"}, origin=origin, moment=now)
    volunteers.mark_form(conn, walk.BROUGHT, plain=False, may_be_plain=False, staff=1, moment=now)
    (offered,) = walk.phone(base, walk.volunteer(house, conn)).forms()
    assert offered["version"] == "2999010100"
    found = next(one for one in handouts.offers(conn, pack, house.settings.upstream) if one.marked)
    assert found.form.form_id == walk.BROUGHT and not found.may_be_plain
    assert walk.BROUGHT not in {one.form_id for one in added.all(conn, pack)}
    assert added.remove(conn, pack, walk.BROUGHT, now) == walk.brought_version()


# -- afterwards --


def test_what_the_office_has_had_for_long_goes_and_is_still_known_again(
    house: House, conn: sqlite3.Connection, phone: Collect, clock: FakeClock
) -> None:
    record = walk.filled(said="Còn một điều")
    assert phone.send(record).status == 201
    with db.write(conn):
        conn.execute("UPDATE outbox SET state = 'sent', sent_at = ?, sent_trusted = 1", (clock.read().text,))
    clock.advance(29 * 86_400)
    assert visits.close(conn, clock.read(), 30) == 0
    clock.advance(2 * 86_400)
    assert visits.close(conn, clock.read(), 30) == 1
    assert "Còn một điều".encode() not in everything(house)
    opened = walk.volunteer(house, conn)
    later = Collect(phone.url.rpartition("/")[0] + f"/{opened.token}")
    assert later.send(record).status == 202
    assert later.send(Record(record.xml + b" ", record.files)).status == 409


def test_a_record_that_misses_a_file_for_ever_can_be_sent_on_by_a_guide(
    house: House, conn: sqlite3.Connection, phone: Collect
) -> None:
    record = walk.filled(("1.jpg", "2.jpg"))
    phone.send(Record(record.xml, {"1.jpg": record.files["1.jpg"]}))
    (waiting,) = visits.listing(conn, waiting=True)
    visits.send_on(
        conn,
        waiting.id,
        keys=credentials.field_keys(house.keys),
        upstream=house.settings.upstream,
        moment=house.clock.read(),
    )
    assert stored(conn, record) == (record.xml, {"1.jpg": record.files["1.jpg"]})
    assert phone.send(Record(record.xml, {"1.jpg": record.files["1.jpg"]})).status == 202
    # The file was not lost after all: it is not said to be here.
    late = phone.send(record)
    assert late.status == 409 and "2.jpg" in late.message
    assert stored(conn, record) == (record.xml, {"1.jpg": record.files["1.jpg"]})


def test_a_record_of_more_than_can_be_sealed_at_once_is_refused_and_what_came_before_is_kept(
    conn: sqlite3.Connection, phone: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "MOST_BYTES", 70_000)
    record = walk.filled(("1.jpg", "2.jpg"), photo_bytes=40_000)
    assert phone.send(Record(record.xml, {"1.jpg": record.files["1.jpg"]})).status == 201
    refused = phone.send(Record(record.xml, {"2.jpg": record.files["2.jpg"]}))
    assert refused.status == 413 and refused.message
    (waiting,) = visits.listing(conn, waiting=True)
    assert waiting.missing == 1 and waiting.size == len(record.xml) + 40_005


def test_doubtful_times_of_visits_are_put_right_when_the_time_is_known(
    house: House, conn: sqlite3.Connection, phone: Collect, clock: FakeClock
) -> None:
    clock.trusted = False
    assert phone.send(walk.filled()).status == 201
    assert not visits.listing(conn, waiting=False)[0].trusted
    clock.advance(100)
    clock.at += dt.timedelta(days=4)
    clock.trusted = True
    visits.close(conn, clock.read(), 30)
    (visit,) = visits.listing(conn, waiting=False)
    assert visit.trusted and visit.received_at == clock.at - dt.timedelta(seconds=100)


def test_another_key_file_takes_nothing_for_granted(
    house: House, conn: sqlite3.Connection, phone: Collect, app: Flask
) -> None:
    record = walk.filled(("1.jpg", "2.jpg"))
    phone.send(Record(record.xml, {"1.jpg": record.files["1.jpg"]}))
    (house.keys / "field-key").unlink()
    other = credentials.field_keys(house.keys)
    (waiting,) = visits.listing(conn, waiting=True)
    with pytest.raises(NotReady):
        visits.send_on(
            conn, waiting.id, keys=other, upstream=house.settings.upstream, moment=house.clock.read()
        )
