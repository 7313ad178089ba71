"""Pages for what is carried by hand: a file for a telephone, an answer back, a key that is compared first."""

from __future__ import annotations

import io
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.base import identity
from hub.base.house import House
from hub.post import outbox, stick_ledger, stick_office_ledger
from hub.post.transports import stick as sticks
from hub.post.transports.stick import Medium
from tests.desks import dossiers
from tests.desks.test_technician import app, house, signed_in, token  # noqa: F401 - fixtures
from tests.post import carried, parcels
from tests.post.carried import Commune, Village


@pytest.fixture
def conn(house: House) -> Iterator[sqlite3.Connection]:  # noqa: F811
    with closing(house.connect()) as conn:
        yield conn


@pytest.fixture
def village(house: House, conn: sqlite3.Connection) -> Village:  # noqa: F811
    return Village(conn, identity.read_or_make(house.keys))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Commune]:
    with carried.commune(tmp_path / "commune") as made:
        yield made


def press(client: FlaskClient, desk: str, what: str, **fields: object) -> str:
    sent = fields | {"csrf_token": token(client.get(f"/{desk}/stick").text)}
    answer = client.post(
        f"/{desk}/stick/{what}", data=sent, follow_redirects=True, content_type="multipart/form-data"
    )
    assert answer.status_code == 200
    return str(answer.text)


def test_a_guide_takes_a_file_along_and_brings_the_answer(
    app: Flask, village: Village, office: Commune  # noqa: F811
) -> None:
    guide = signed_in(app, "guide")
    assert "b-take" not in guide.get("/guide/stick").text
    carried.introduce(village, office)
    sent = village.add(parcels.parcel())
    page = guide.get("/guide/stick").text
    assert "b-take" in page and ">1<" in page
    got = guide.post("/guide/stick/take", data={"csrf_token": token(page)})
    assert got.headers["Cache-Control"] == "no-store" and got.mimetype == "application/octet-stream"
    assert re.fullmatch(r'attachment; filename="[0-9A-Z]{8}\.HSB"', got.headers["Content-Disposition"])
    assert sent.instance_id.encode() not in got.data and sent.form_id.encode() not in got.data
    assert office.take(got.data).new == 1
    answer = office.answer(village)
    assert answer is not None
    page = press(guide, "guide", "answer", answer=(io.BytesIO(answer), "ABCDEFGH.HSA"))
    assert village.state(sent) == "queued"
    assert stick_ledger.hands(village.conn, [sent.instance_id])[sent.instance_id].word == "taken"
    assert "1 hồ sơ đã ở xã" in page and "Hệ thống của xã đã nhận 0 hồ sơ" in page
    again = press(guide, "guide", "answer", answer=(io.BytesIO(answer), "ABCDEFGH.HSA"))
    assert "đã đọc rồi" in again


def test_a_file_that_is_no_answer_changes_nothing_and_says_so(
    app: Flask, village: Village, office: Commune  # noqa: F811
) -> None:
    carried.introduce(village, office)
    village.add(parcels.parcel())
    before = carried.stick_ledger_rows(village.conn)
    guide = signed_in(app, "guide")
    for content in (b"", b"%PDF-1.4 something", b"DCHB\x01" + bytes(70_000)):
        page = press(guide, "guide", "answer", answer=(io.BytesIO(content), "x.HSA"))
        assert 'class="notice notice-care"' in page
    assert carried.stick_ledger_rows(village.conn) == before


def test_a_file_taken_along_is_on_record_before_it_has_left(
    app: Flask, village: Village, office: Commune  # noqa: F811
) -> None:
    carried.introduce(village, office)
    sent = village.add(parcels.parcel())
    guide = signed_in(app, "guide")
    mine = {"csrf_token": token(guide.get("/guide/stick").text)}
    answer = guide.post("/guide/stick/take", data=mine, buffered=False)
    answer.close()
    assert sent.instance_id in stick_ledger.hands(village.conn, [sent.instance_id])
    assert outbox.withdraw(village.conn, sent.instance_id, village.clock.read()) is False


def test_a_key_is_trusted_only_after_its_fingerprint_was_shown(
    app: Flask, village: Village, office: Commune  # noqa: F811
) -> None:
    technician, public = signed_in(app), office.mine.public
    page = press(technician, "technician", "office", line=public.line)
    assert public.fingerprint in page and stick_ledger.office(village.conn) is None
    page = press(technician, "technician", "confirm", line=public.line)
    found = stick_ledger.office(village.conn)
    assert found is not None and found.public == public and public.fingerprint in page
    other = identity.Identity("office", bytes(32)).public
    page = press(technician, "technician", "office", line=other.line)
    assert other.fingerprint in page and public.fingerprint in page
    for bad in ("", "dch-office-abc", village.mine.public.line, other.line[:-1] + "!"):
        page = press(technician, "technician", "confirm", line=bad)
        assert 'class="notice notice-care"' in page
    assert stick_ledger.office(village.conn) == found


def test_a_technician_writes_to_a_stick_and_reads_it(
    app: Flask,  # noqa: F811
    village: Village,
    office: Commune,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    carried.introduce(village, office)
    village.add(parcels.parcel())
    mounted = tmp_path / "media" / "STICK"
    mounted.mkdir(parents=True)
    # Which sticks are in is the kernel's own word; a folder stands for one.
    monkeypatch.setattr(sticks, "media", lambda: (Medium(mounted, 10**9),))
    technician = signed_in(app)
    page = press(technician, "technician", "write", folder=str(mounted))
    [written] = list(mounted.iterdir())
    assert "1 tệp" in page and written.suffix == ".HSB" and written.name in page
    office.take(written.read_bytes())
    answer = office.answer(village)
    assert answer is not None
    sticks.write(mounted, "ANSWERAA.HSA", [answer])
    assert "1 hồ sơ đã ở xã" in press(technician, "technician", "read", folder=str(mounted))


def test_nothing_is_written_to_a_folder_that_is_no_stick(
    app: Flask, village: Village, office: Commune, tmp_path: Path  # noqa: F811
) -> None:
    carried.introduce(village, office)
    village.add(parcels.parcel())
    page = press(signed_in(app), "technician", "write", folder=str(tmp_path))
    assert 'class="notice notice-care"' in page and stick_ledger.parts(village.conn, 5) == ()


def test_a_guide_sees_where_a_dossier_is_on_its_way_by_hand_and_never_more(
    app: Flask, village: Village, office: Commune  # noqa: F811
) -> None:
    guide = signed_in(app, "guide")
    carried.introduce(village, office)
    code, instance_id = dossiers.kept(village.conn, village.clock.read())
    assert "bằng tay" not in guide.get(f"/guide/sealed/{code}").text
    [part] = village.parts()
    assert "Đã mang đi bằng tay" in guide.get(f"/guide/sealed/{code}").text
    office.take(part)
    answer = office.answer(village)
    assert answer is not None
    press(guide, "guide", "answer", answer=(io.BytesIO(answer), "ABCDEFGH.HSA"))
    page = guide.get(f"/guide/sealed/{code}").text
    assert "Đã ở xã, trên đường gửi lên" in page and "Cơ quan đã nhận" not in page
    # A villager sees neither: nothing has changed for them.
    villager = app.test_client().get(f"/follow/{code}").text
    assert "Đã ở xã" not in villager and "Xã đã nhận" not in villager
    with office.conn:
        office.conn.execute("UPDATE outbox SET state = 'sent', sent_at = added_at")
        stick_office_ledger.say_arrived(office.conn, instance_id)
    answer = office.answer(village)
    assert answer is not None
    press(guide, "guide", "answer", answer=(io.BytesIO(answer), "ABCDEFGH.HSA"))
    page = guide.get(f"/guide/sealed/{code}").text
    assert "Cơ quan đã nhận" in page and "Đã ở xã" not in page
    assert "Xã đã nhận" in app.test_client().get(f"/follow/{code}").text
