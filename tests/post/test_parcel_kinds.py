"""Beside dossiers: records from home visits and the House's own reports, sealed or as their form has it."""

from __future__ import annotations

import dataclasses
import sqlite3

import pytest

from hub.base.errors import Conflict, Refused
from hub.post import outbox
from hub.post.outbox import Kind, Parcel
from tests.fakes import FakeClock
from tests.post.parcels import parcel

ID = "uuid:00000000-0000-4000-8000-000000000001"


def plain(
    *, files: tuple[tuple[str, bytes], ...] = (), kind: Kind = Kind.VISIT, photo: str = "1700000000000.jpg"
) -> Parcel:
    """A record as ODK Collect writes it."""
    xml = (
        '<?xml version=\'1.0\' ?><data id="tham_ho" version="3" xmlns:orx="http://openrosa.org/xforms">'
        f"<anh>{photo}</anh><ghi/><orx:meta><orx:instanceID>{ID}</orx:instanceID></orx:meta></data>"
    ).encode()
    return Parcel(ID, "tham_ho", "3", "", "Thăm hộ", xml, files, kind=kind, plain=True)


@pytest.mark.parametrize("kind", [Kind.VISIT, Kind.REPORT])
def test_a_plain_record_is_kept_byte_for_byte(conn: sqlite3.Connection, clock: FakeClock, kind: Kind) -> None:
    made = plain(files=(("1700000000000.jpg", b"\xff\xd8\xff1"),), kind=kind)
    outbox.add(conn, made, moment=clock.read())
    row = conn.execute("SELECT envelope, kind, plain FROM outbox").fetchone()
    assert tuple(row) == (made.envelope, kind.value, 1)
    assert outbox.kind(conn, ID) is kind
    assert outbox.state(conn, ID).kind is kind


def test_a_dossier_is_never_plain(conn: sqlite3.Connection, clock: FakeClock) -> None:
    with pytest.raises(Refused) as bad:
        outbox.add(conn, plain(kind=Kind.DOSSIER), moment=clock.read())
    assert bad.value.key == "relay.not_sealed"


def test_a_sealed_record_is_not_taken_for_a_plain_one(conn: sqlite3.Connection, clock: FakeClock) -> None:
    with pytest.raises(Refused) as bad:
        outbox.add(
            conn, dataclasses.replace(parcel(photos=0), kind=Kind.VISIT, plain=True), moment=clock.read()
        )
    assert bad.value.key == "relay.sealed"


def test_a_file_that_no_answer_names_is_refused(conn: sqlite3.Connection, clock: FakeClock) -> None:
    with pytest.raises(Refused) as bad:
        outbox.add(conn, plain(files=(("other.jpg", b"1"),)), moment=clock.read())
    assert bad.value.key == "relay.files_differ"


def test_a_record_that_calls_itself_otherwise_is_refused(conn: sqlite3.Connection, clock: FakeClock) -> None:
    with pytest.raises(Refused) as bad:
        outbox.add(conn, dataclasses.replace(plain(), form_version="4"), moment=clock.read())
    assert bad.value.key == "relay.envelope_differs"


def test_two_telephones_may_name_their_pictures_alike_and_the_house_may_not(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    first, second = parcel(photos=1), parcel(photos=0)
    outbox.add(conn, dataclasses.replace(first, kind=Kind.VISIT), moment=clock.read())
    outbox.add(conn, plain(files=(("1700000000000.jpg", b"1"),)), moment=clock.read())
    other = dataclasses.replace(
        plain(files=(("1700000000000.jpg", b"2"),)),
        instance_id=ID[:-1] + "2",
        envelope=plain().envelope.replace(ID.encode(), ID[:-1].encode() + b"2"),
    )
    outbox.add(conn, other, moment=clock.read())
    outbox.add(conn, second, moment=clock.read())
    mine = parcel(photos=1)
    outbox.add(conn, mine, moment=clock.read())
    with pytest.raises((Conflict, Refused, sqlite3.IntegrityError)):
        conn.execute("UPDATE outbox_files SET named_elsewhere = 0")


def test_what_a_parcel_is_stays_as_it_was(conn: sqlite3.Connection, clock: FakeClock) -> None:
    outbox.add(conn, plain(), moment=clock.read())
    for change in ("kind = 'report'", "plain = 0"):
        with pytest.raises(sqlite3.IntegrityError, match="frozen"):
            conn.execute(f"UPDATE outbox SET {change}")


def test_reports_are_not_counted_among_what_people_wait_for(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    outbox.add(conn, plain(kind=Kind.REPORT), moment=clock.read())
    assert outbox.counts(conn) == outbox.Counts(0, 0, 0)
    outbox.add(conn, parcel(), moment=clock.read())
    assert outbox.counts(conn).queued == 1
