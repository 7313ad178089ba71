"""From a walk through the hamlet to the office: telephones, the House, the relay, the office, all of them real.

The web process is killed in the middle of it; what it had answered for is there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from hub.base.house import House
from hub.base.settings import Settings
from hub.forms.unseal import unseal
from hub.practice_office import records
from hub.practice_office.forms import register_form
from hub.trades.procedures import form_shelf, offers
from hub.trades.volunteers import visits
from hub.trades.volunteers.model import Opened, Way
from hub.wiring import build
from tests.field import walk
from tests.field.collect import LostAnswer, Record
from tests.journeys.village import Village, until

SEALED, KEYED = "tham_ho_kin", "tham_ho_khoa"


@pytest.fixture
def village(house: Village) -> Iterator[Village]:
    """A House with three forms for home visits that its office knows too."""
    made = at_hand(house)
    with closing(made.connect()) as conn:
        for xml, plain in (
            (walk.survey(), True),
            (walk.survey(form_id=SEALED), False),
            (walk.survey(key=walk.public(made), form_id=KEYED), False),
        ):
            walk.put(made, conn, xml, plain=plain)
            register_form(made.data / "office", xml)
    yield house


def at_hand(village: Village) -> House:
    """The same House as this process sees it."""
    return build.build(Settings(), village.data)


def volunteer(village: Village, way: Way = Way.QR) -> Opened:
    """Somebody with a key."""
    made = at_hand(village)
    with closing(made.connect()) as conn:
        return walk.volunteer(made, conn, way)


def at_office(village: Village, form_id: str, record: Record) -> tuple[bytes, dict[str, bytes]] | None:
    """What the office has under a record's id: its XML and its files; None while something is missing."""
    with closing(records.connect(village.data / "office")) as conn:
        found = records.find(conn, form_id, walk.id_of(record))
        if found is None:
            return None
        return records.content(conn, found.id)


def in_outbox(conn: sqlite3.Connection, record: Record) -> bytes | None:
    row = conn.execute("SELECT envelope FROM outbox WHERE instance_id = ?", (walk.id_of(record),)).fetchone()
    return bytes(row[0]) if row else None


def test_records_of_a_walk_arrive_at_the_office_to_the_byte(village: Village) -> None:
    qr, hand = volunteer(village), volunteer(village, Way.HAND)
    village.start("office", "web", "relay")
    by_qr, by_hand = walk.phone(village.url, qr), walk.phone(village.url, hand)
    assert {one["formID"] for one in by_hand.forms()} == {walk.FORM, SEALED, KEYED, walk.BROUGHT}
    for one in by_qr.forms():
        by_qr.take(one)
    key = walk.office_key(at_hand(village))
    plain = [walk.filled(("1.jpg", "2.jpg"), photo_bytes=300_000), walk.filled(())]
    here, brought = walk.filled(form_id=SEALED, said="Chỉ cơ quan đọc"), walk.visited()
    inside = walk.filled(("1.jpg", "2.jpg"), form_id=KEYED)
    there = walk.sealed(inside, key, form_id=KEYED)
    phones = (by_qr, by_hand, by_qr, by_hand, by_qr)
    for phone, record in zip(phones, (*plain, here, there, brought), strict=True):
        assert phone.send(record).status == 201
        # An answer that was lost on the way: the same once more.
        assert phone.send(record).status == 202

    for record in plain:
        until(lambda: at_office(village, walk.FORM, record) == (record.xml, dict(record.files)), 30)
    until(lambda: at_office(village, KEYED, there) == (there.xml, dict(there.files)), 30)
    opened = unseal(there.xml, there.files, key)
    assert opened.submission == inside.xml and dict(opened.files) == dict(inside.files)
    for form_id, record in ((SEALED, here), (walk.BROUGHT, brought)):
        until(lambda: len((at_office(village, form_id, record) or (b"", {}))[1]) == 2, 30)
        found = at_office(village, form_id, record)
        assert found is not None
        opened = unseal(found[0], found[1], key)
        assert opened.submission == record.xml and dict(opened.files) == dict(record.files)

    def received() -> bool:
        with village.database() as conn:
            listed = visits.listing(conn, waiting=False)
            return len(listed) == 5 and all(one.parcel == "sent" for one in listed)

    until(received, 30)

    def fetched() -> str:
        with village.database() as conn:
            found = offers.offered(conn, walk.BROUGHT)
            return found.came if found else ""

    # The office has the pack's form as the House has it: none travels, and it never becomes one for dossiers.
    assert until(fetched, 60) == offers.Came.SAME
    with village.database() as conn:
        assert form_shelf.find(conn, walk.BROUGHT) is None


def test_what_was_answered_for_survives_power_cuts_right_after_it_and_between_two_pieces(
    village: Village,
) -> None:
    phone = walk.phone(village.url, volunteer(village))
    whole = walk.filled(("1.jpg", "2.jpg"), photo_bytes=200_000)
    split = walk.filled(("3.jpg", "4.jpg"), form_id=SEALED, said="Kín kẽ 4471", photo_bytes=60_000)
    url = f"{phone.url}/submission"
    village.start("web")
    assert phone.send(whole).status == 201
    phone.limit = 70_000
    first, second = phone.sendings(split)
    assert phone.ask("POST", url, first[0], {"Content-Type": first[1]}).status == 201
    village.kill("web")
    with village.database() as conn:
        assert in_outbox(conn, whole) == whole.xml and in_outbox(conn, split) is None
        assert visits.listing(conn, waiting=True)[0].missing == 1
    told = b"".join(path.read_bytes() for path in village.data.glob("house.db*"))
    assert "Kín kẽ 4471".encode() not in told and split.files["3.jpg"] not in told

    village.start("web")
    assert phone.send(whole).status == 202
    # The second piece is on the wire when the power goes again: its answer is never read.
    with pytest.raises(LostAnswer):
        phone.ask("POST", url, second[0], {"Content-Type": second[1]}, lose=True)
    village.kill("web")

    village.start("office", "web", "relay")
    assert phone.send(split).status in (201, 202)
    until(lambda: len((at_office(village, SEALED, split) or (b"", {}))[1]) == 3, 30)
    found = at_office(village, SEALED, split)
    assert found is not None
    opened = unseal(found[0], found[1], walk.office_key(at_hand(village)))
    assert opened.submission == split.xml and dict(opened.files) == dict(split.files)
    until(lambda: at_office(village, walk.FORM, whole) == (whole.xml, dict(whole.files)), 30)
    with village.database() as conn:
        assert conn.execute("SELECT count(*) FROM visit_held").fetchone()[0] == 0
