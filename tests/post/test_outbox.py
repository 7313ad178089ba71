"""The outbox: frozen bytes, names that are one of a kind, waiting times that no clock can stretch."""

from __future__ import annotations

import dataclasses
import sqlite3

import pytest

from hub.base import db, migrate
from hub.base.errors import Conflict, Missing, Refused
from hub.post import held, leases, outbox
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
    whole = [(one.name, b"".join(leases.chunks(conn, one))) for one in load.files]
    assert whole[0] == made.files[-1] and sorted(whole) == sorted(made.files), "what was filled in goes first"
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


def _counted(conn: sqlite3.Connection) -> dict[tuple[str, str], tuple[int, int]]:
    rows = conn.execute("SELECT kind, state, count(*), sum(size) FROM outbox GROUP BY kind, state")
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def _kept(conn: sqlite3.Connection) -> dict[tuple[str, str], tuple[int, int]]:
    rows = conn.execute(
        "SELECT kind, state, parcels, bytes FROM outbox_counts WHERE parcels <> 0 OR bytes <> 0"
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def test_counts_are_kept_as_parcels_move_come_and_go(conn: sqlite3.Connection, clock: FakeClock) -> None:
    made = [put(conn, clock, parcel(photo_bytes=100 * n)) for n in range(1, 7)]
    assert _kept(conn) == _counted(conn)
    rows = leases.due(conn, clock.read())
    with db.write(conn):
        for row_id in rows[:4]:
            assert leases.take(conn, row_id)
        leases.sent(conn, rows[0], clock.read())
        leases.hold(conn, rows[1], "relay.no_form", "", "office")
        leases.again(conn, rows[2], Retry("relay.cut", delay_s=9), clock.read())
    assert _kept(conn) == _counted(conn) and outbox.counts(conn) == outbox.Counts(4, 1, 1)
    with pytest.raises(ZeroDivisionError), db.write(conn):
        leases.recover(conn)
        raise ZeroDivisionError
    assert outbox.withdraw(conn, made[5].instance_id, clock.read())
    leases.recover(conn)
    assert _kept(conn) == _counted(conn) and outbox.counts(conn) == outbox.Counts(3, 1, 1)
    assert outbox.standing(conn, (State.HELD, State.SENT, State.SENDING)) == (1, 1, 0)


def test_what_waits_is_told_with_its_bytes_and_since_when(conn: sqlite3.Connection, clock: FakeClock) -> None:
    assert outbox.waiting(conn) == outbox.Waiting(0, 0, None)
    first = clock.at
    made = [put(conn, clock, parcel())]
    clock.advance(60)
    made.append(put(conn, clock, parcel()))
    size = sum(outbox.state(conn, one.instance_id).size for one in made)
    assert outbox.waiting(conn) == outbox.Waiting(2, size, first)
    row_id = conn.execute("SELECT id FROM outbox ORDER BY id").fetchone()[0]
    leases.take(conn, row_id)
    assert outbox.waiting(conn) == outbox.Waiting(2, size, first), "what is on the wire has not arrived"
    leases.hold(conn, row_id, "relay.no_form", "", "office")
    assert outbox.waiting(conn).oldest_at == clock.at


def test_a_list_is_drawn_a_page_at_a_time(conn: sqlite3.Connection, clock: FakeClock) -> None:
    made = []
    for _ in range(7):
        made.append(put(conn, clock, parcel()).instance_id)
        clock.advance(1)
    conn.execute("UPDATE outbox SET state = 'held', reason_key = 'relay.no_form' WHERE id % 2")
    states = (State.HELD, State.QUEUED)

    def names(**how: object) -> list[str]:
        return [one.instance_id for one in outbox.listing(conn, states, **how)]  # type: ignore[arg-type]

    assert names() == made
    assert names(most=3) + names(most=3, skip=3) + names(most=3, skip=6) == made
    assert names(most=2, newest_first=True) == made[:-3:-1]


def test_all_that_one_reason_holds_go_again_together(conn: sqlite3.Connection, clock: FakeClock) -> None:
    for _ in range(5):
        put(conn, clock, parcel())
    conn.execute("UPDATE outbox SET state = 'held', reason_key = 'relay.no_form', conflicts = 1 WHERE id > 2")
    conn.execute("UPDATE outbox SET state = 'held', reason_key = 'relay.conflict' WHERE id = 1")
    assert held.reasons(conn) == (("relay.no_form", 3), ("relay.conflict", 1))
    calls = db.version(conn, outbox.WAKE)
    assert held.release_all(conn, "relay.no_form") == 3
    assert held.reasons(conn) == (("relay.conflict", 1),) and outbox.counts(conn).queued == 4
    assert db.version(conn, outbox.WAKE) > calls
    assert held.release_all(conn, "relay.no_form") == 0


def test_what_a_reason_holds_is_let_go_once_however_quickly_it_is_held_again(
    conn: sqlite3.Connection, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "_MANY", 2)
    for _ in range(3):
        put(conn, clock, parcel())
    conn.execute("UPDATE outbox SET state = 'held', reason_key = 'relay.no_form'")
    # As a relay would that is at work at this moment, for an office that has not changed its mind.
    conn.execute(
        "CREATE TEMP TRIGGER again AFTER UPDATE OF state ON main.outbox WHEN NEW.state = 'queued'"
        " BEGIN UPDATE outbox SET state = 'held' WHERE id = NEW.id; END"
    )
    assert held.release_all(conn, "relay.no_form") == 4


def test_a_card_from_before_lets_all_that_waited_go_and_is_counted() -> None:
    conn = sqlite3.connect(":memory:", isolation_level=None)
    conn.row_factory = sqlite3.Row
    for number, path in migrate.steps():
        if number == 23:
            conn.execute(
                "INSERT INTO outbox(instance_id, form_id, form_version, follow_code, label, urgent, envelope,"
                " sha256, size, backoff_s, next_try_at, added_at, added_trusted, added_boot_id, added_mono)"
                " VALUES ('uuid:a', 'f', '1', '', 'x', 0, x'00', '', 7, 9, '2099-01-01T00:00:00.000000Z', '', 1, '', 0)"
            )
        if number <= 23:
            for statement in migrate._statements(path.read_text(encoding="utf-8")):
                conn.execute(statement)
    assert _kept(conn) == {("dossier", "queued"): (1, 7)}
    assert conn.execute("SELECT next_try_at FROM outbox").fetchone()[0] is None
    conn.close()
