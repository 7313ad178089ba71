"""The outbox: frozen bytes, names that are one of a kind, waiting times that no clock can stretch."""

from __future__ import annotations

import dataclasses
import sqlite3

import pytest

from hub.base import db
from hub.base.errors import Conflict, Missing, Refused
from hub.post import leases, outbox
from hub.post.leases import Retry
from hub.post.outbox import Parcel, State
from tests.fakes import FakeClock
from tests.post.parcels import parcel


def put(conn: sqlite3.Connection, clock: FakeClock, made: Parcel) -> Parcel:
    outbox.add(conn, made, moment=clock.read())
    return made


def test_a_parcel_waits_with_its_bytes_and_hashes(conn: sqlite3.Connection, clock: FakeClock) -> None:
    made = put(conn, clock, parcel(photos=2))
    stands = outbox.state(conn, made.instance_id)
    assert (stands.state, stands.attempts, stands.reason_key, stands.sent_at) == (State.QUEUED, 0, None, None)
    assert stands.added_at == clock.at
    assert outbox.counts(conn) == outbox.Counts(1, 0, 0)
    (row_id,) = leases.due(conn, clock.read())
    with db.write(conn):
        load = leases.take(conn, row_id)
    assert load is not None
    assert b"".join(leases.chunks(conn, load.envelope)) == made.envelope
    assert [(one.name, b"".join(leases.chunks(conn, one))) for one in load.files] == list(made.files)
    assert all(leases.intact(conn, one) for one in (load.envelope, *load.files))


def test_the_same_parcel_again_changes_nothing(conn: sqlite3.Connection, clock: FakeClock) -> None:
    made = put(conn, clock, parcel())
    put(conn, clock, made)
    assert outbox.counts(conn).queued == 1


def test_the_same_instance_with_other_bytes_is_refused(conn: sqlite3.Connection, clock: FakeClock) -> None:
    made = put(conn, clock, parcel())
    other = parcel(instance_id=made.instance_id)
    with pytest.raises(Conflict, match="other_bytes"):
        put(conn, clock, other)
    only_photo = dataclasses.replace(made, files=((made.files[0][0], b"other"), *made.files[1:]))
    with pytest.raises(Conflict, match="other_bytes"):
        put(conn, clock, only_photo)


def test_a_photo_name_that_another_dossier_has_is_refused_and_leaves_nothing(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    first = put(conn, clock, parcel())
    second = parcel()
    name, taken = second.files[0][0], first.files[0][0]
    renamed = dataclasses.replace(
        second,
        envelope=second.envelope.replace(name.encode(), taken.encode()),
        files=((taken, second.files[0][1]), *second.files[1:]),
    )
    with pytest.raises(Conflict, match="name_taken"):
        put(conn, clock, renamed)
    assert outbox.counts(conn).queued == 1
    assert conn.execute("SELECT count(*) FROM outbox_files").fetchone()[0] == len(first.files)


def test_every_sealed_instance_may_have_the_same_name(conn: sqlite3.Connection, clock: FakeClock) -> None:
    names = {name for made in (parcel(), parcel()) for name, _ in put(conn, clock, made).files}
    assert "submission.xml.enc" in names and outbox.counts(conn).queued == 2


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda made: {"envelope": made.envelope[:-30]}, "not_xml"),
        (lambda made: {"envelope": made.envelope.replace(b'encrypted="yes"', b"")}, "not_sealed"),
        (lambda made: {"envelope": b'<data id="x" version="1"><a/></data>'}, "not_sealed"),
        (lambda made: {"envelope": b"<!DOCTYPE data>" + made.envelope.split(b"?>\n")[1]}, "not_xml"),
        (lambda made: {"instance_id": "uuid:other"}, "envelope_differs"),
        (lambda made: {"form_version": "2"}, "envelope_differs"),
        (lambda made: {"form_id": "other"}, "envelope_differs"),
        (lambda made: {"files": made.files[1:]}, "files_differ"),
        (lambda made: {"files": (*made.files, ("more.jpg.enc", b"x"))}, "files_differ"),
        (lambda made: {"files": (*made.files, made.files[0])}, "files_differ"),
        (lambda made: {"files": (("ảnh.jpg.enc", b"x"), *made.files)}, "name_bad"),
        (lambda made: {"files": (('a"\r\nb.enc', b"x"), *made.files)}, "name_bad"),
        (lambda made: {"files": (("../x.enc", b"x"), *made.files)}, "name_bad"),
        (lambda made: {"files": (("xml_submission_file", b"x"), *made.files)}, "name_bad"),
    ],
)
def test_what_a_server_would_take_and_then_lose_never_gets_in(
    conn: sqlite3.Connection, clock: FakeClock, change: object, key: str
) -> None:
    made = parcel()
    broken = dataclasses.replace(made, **change(made))  # type: ignore[operator]
    with pytest.raises(Refused, match=key):
        put(conn, clock, broken)
    assert outbox.counts(conn).queued == 0


def test_the_caller_s_transaction_takes_the_parcel_back_with_everything_else(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    with pytest.raises(ZeroDivisionError):
        with db.write(conn):
            put(conn, clock, parcel())
            raise ZeroDivisionError
    assert outbox.counts(conn).queued == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE outbox SET envelope = zeroblob(10)",
        "UPDATE outbox SET instance_id = 'uuid:other'",
        "UPDATE outbox_files SET content = zeroblob(10)",
        "UPDATE outbox_files SET name = 'other'",
    ],
)
def test_sealed_bytes_cannot_be_altered_even_by_sql(
    conn: sqlite3.Connection, clock: FakeClock, statement: str
) -> None:
    put(conn, clock, parcel())
    with pytest.raises(sqlite3.IntegrityError, match="frozen"):
        conn.execute(statement)


def test_urgent_go_first_then_small_ones_then_the_oldest(conn: sqlite3.Connection, clock: FakeClock) -> None:
    order = []
    for made in (
        parcel(photo_bytes=400_000),
        parcel(photo_bytes=1_000),
        parcel(photo_bytes=100_000),
        parcel(photo_bytes=300_000),
        parcel(photo_bytes=3_000_000, urgent=True),
        parcel(photo_bytes=10),
    ):
        order.append(put(conn, clock, made).instance_id)
        clock.advance(60)
    by_row = dict(conn.execute("SELECT id, instance_id FROM outbox").fetchall())
    due = [order.index(by_row[row_id]) for row_id in leases.due(conn, clock.read())]
    assert due == [4, 1, 2, 5, 0, 3]


def retried(conn: sqlite3.Connection, clock: FakeClock, delay_s: float) -> int:
    (row_id,) = leases.due(conn, clock.read(), force=True)
    with db.write(conn):
        assert leases.take(conn, row_id)
        leases.again(conn, row_id, Retry("relay.cut", delay_s=delay_s), clock.read())
    return row_id


def test_a_waiting_time_survives_a_restart_of_the_machine(conn: sqlite3.Connection, clock: FakeClock) -> None:
    made = put(conn, clock, parcel())
    retried(conn, clock, 600)
    clock.advance(300)
    clock.reboot()
    assert leases.due(conn, clock.read()) == ()
    stands = outbox.state(conn, made.instance_id)
    assert stands.reason_key == "relay.cut" and stands.next_try_at is not None
    assert (stands.next_try_at - clock.at).total_seconds() == 300
    clock.advance(301)
    assert len(leases.due(conn, clock.read())) == 1


@pytest.mark.parametrize("jump_s", [-86_400, -3_600 * 24 * 400, -601, 86_400 * 3650])
def test_a_clock_that_jumps_never_makes_a_parcel_wait_longer(
    conn: sqlite3.Connection, clock: FakeClock, jump_s: float
) -> None:
    put(conn, clock, parcel())
    retried(conn, clock, 600)
    clock.advance(jump_s)
    waited = 0
    while not leases.due(conn, clock.read()):
        clock.advance(60)
        waited += 60
        assert waited <= 600


def test_a_person_in_a_hurry_ends_all_waiting(conn: sqlite3.Connection, clock: FakeClock) -> None:
    put(conn, clock, parcel())
    retried(conn, clock, 600)
    first = outbox.hurry(conn)
    assert len(leases.due(conn, clock.read())) == 1
    assert outbox.answered(conn) < first
    outbox.answer(conn, first)
    assert outbox.answered(conn) == first < outbox.hurry(conn)


def test_a_parcel_in_hand_is_not_taken_twice(conn: sqlite3.Connection, clock: FakeClock) -> None:
    put(conn, clock, parcel())
    (row_id,) = leases.due(conn, clock.read())
    with db.write(conn):
        assert leases.take(conn, row_id) is not None
        assert leases.take(conn, row_id) is None
    assert leases.due(conn, clock.read(), force=True) == ()
    assert outbox.counts(conn).queued == 1


def test_only_what_is_held_can_be_released(conn: sqlite3.Connection, clock: FakeClock) -> None:
    made = put(conn, clock, parcel())
    with pytest.raises(Conflict, match="not_held"):
        outbox.release(conn, made.instance_id)
    with pytest.raises(Missing, match="unknown_parcel"):
        outbox.release(conn, "uuid:nobody")
    with pytest.raises(Missing, match="unknown_parcel"):
        outbox.state(conn, "uuid:nobody")


def test_a_card_that_changed_a_byte_is_noticed(conn: sqlite3.Connection, clock: FakeClock) -> None:
    put(conn, clock, parcel())
    (row_id,) = leases.due(conn, clock.read())
    with db.write(conn):
        load = leases.take(conn, row_id)
    assert load is not None
    # What a worn card does goes past SQL, as this handle does.
    with conn.blobopen("outbox_files", "content", load.files[0].row_id) as blob:
        blob[5] = (blob[5] + 1) % 256
    assert not leases.intact(conn, load.files[0]) and leases.intact(conn, load.files[1])
