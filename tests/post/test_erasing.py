"""When a case is over: bytes go once, hashes and state stay, nothing that is still to be sent is touched."""

from __future__ import annotations

import sqlite3

import pytest

from hub.base import db, scrub
from hub.base.errors import Conflict
from hub.post import inbox, leases, outbox
from hub.post.inbox import Case, Comment
from hub.post.outbox import Parcel
from tests.fakes import FakeClock
from tests.post import parcels

KEY = bytes(range(32))


def _put(conn: sqlite3.Connection, clock: FakeClock) -> Parcel:
    made = parcels.parcel(photos=1)
    outbox.add(conn, made, moment=clock.read())
    return made


def _send(conn: sqlite3.Connection, clock: FakeClock, made: Parcel) -> int:
    row = conn.execute("SELECT id FROM outbox WHERE instance_id = ?", (made.instance_id,)).fetchone()
    assert leases.take(conn, row["id"]) is not None
    with db.write(conn):
        leases.sent(conn, row["id"], clock.read())
        inbox.expect(conn, made.instance_id, made.form_id, clock.read())
    return int(row["id"])


def _erase(conn: sqlite3.Connection, clock: FakeClock, *made: Parcel) -> int:
    with db.write(conn):
        return outbox.erase(conn, [one.instance_id for one in made], moment=clock.read())


def test_sealed_bytes_go_and_what_they_were_stays_known(conn: sqlite3.Connection, clock: FakeClock) -> None:
    made, other = _put(conn, clock), _put(conn, clock)
    _send(conn, clock, made)
    before = outbox.state(conn, made.instance_id)
    assert _erase(conn, clock, made, other) == 1
    assert _erase(conn, clock, made) == 0
    assert outbox.state(conn, made.instance_id) == before
    sums = conn.execute(
        "SELECT outbox_id, name, sha256, size, length(content) AS left FROM outbox_files"
    ).fetchall()
    left = {(row["outbox_id"], row["name"]): row["left"] for row in sums}
    assert {left[1, name] for name, _ in made.files} == {0}
    assert [left[2, name] for name, _ in other.files] == [len(content) for _, content in other.files]
    assert all(row["sha256"] and row["size"] for row in sums)
    # The very same parcel again is still known as the same, another one is still refused.
    outbox.add(conn, made, moment=clock.read())
    assert leases.due(conn, clock.read(), force=True) == (2,)
    assert scrub.due(conn)


def test_only_what_the_office_has_may_be_erased(conn: sqlite3.Connection, clock: FakeClock) -> None:
    made = _put(conn, clock)
    assert _erase(conn, clock, made) == 0
    (row_id,) = leases.due(conn, clock.read())
    leases.take(conn, row_id)
    leases.hold(conn, row_id, "relay.conflict", "", "")
    assert _erase(conn, clock, made) == 0
    outbox.release(conn, made.instance_id)
    _send(conn, clock, made)
    assert _erase(conn, clock, made) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE outbox SET envelope = x'00'",
        "UPDATE outbox SET envelope = x''",
        "UPDATE outbox SET sha256 = 'other'",
        "UPDATE outbox SET erased_at = '2026', envelope = x'', sha256 = 'other'",
        "UPDATE outbox_files SET content = x''",
        "UPDATE outbox_files SET content = x'00'",
        "UPDATE outbox_files SET name = 'other.jpg'",
    ],
)
def test_sealed_bytes_are_frozen_also_once_they_are_with_the_office(
    conn: sqlite3.Connection, clock: FakeClock, statement: str
) -> None:
    made = _put(conn, clock)
    _send(conn, clock, made)
    with pytest.raises(sqlite3.IntegrityError, match="frozen"):
        conn.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE outbox SET state = 'queued', sent_at = NULL",
        "UPDATE outbox SET erased_at = NULL",
        "UPDATE outbox_files SET content = x'00'",
        "UPDATE outbox SET envelope = x'00'",
    ],
)
def test_what_was_erased_is_never_sent_again(
    conn: sqlite3.Connection, clock: FakeClock, statement: str
) -> None:
    made = _put(conn, clock)
    _send(conn, clock, made)
    _erase(conn, clock, made)
    with pytest.raises(sqlite3.IntegrityError):
        conn.execute(statement)
    with pytest.raises(Conflict, match="not_held"):
        outbox.release(conn, made.instance_id)


def _say(conn: sqlite3.Connection, clock: FakeClock, made: Parcel, *words: str) -> bool:
    told = tuple(Comment(one, clock.read().text, "Cán bộ Mẫu") for one in words)
    case = Case(made.instance_id, "", "")
    with db.write(conn):
        return inbox.note_remarks(conn, case, comments=(told, "etag"), notes=None, key=KEY, now=clock.read())


def test_what_an_officer_wrote_opens_with_its_key_and_lies_nowhere_in_clear(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    made = _put(conn, clock)
    _send(conn, clock, made)
    assert _say(conn, clock, made, "Chị Nguyễn Thị Mẫu thiếu giấy")
    assert not _say(conn, clock, made, "Chị Nguyễn Thị Mẫu thiếu giấy"), "the same words are no news"
    (said,) = inbox.comments(conn, made.instance_id, key=KEY)
    assert said.text == "Chị Nguyễn Thị Mẫu thiếu giấy"
    assert inbox.comments(conn, made.instance_id, key=bytes(32)) == ()
    word = inbox.word(conn, made.instance_id)
    assert word is not None and word.remarks == 1
    held = [value for row in conn.execute("SELECT * FROM inbox") for value in tuple(row)]
    assert held and not any("Nguy" in str(value) for value in held)


def test_words_of_one_dossier_do_not_open_as_those_of_another(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    one, other = _put(conn, clock), _put(conn, clock)
    for made in (one, other):
        _send(conn, clock, made)
    _say(conn, clock, one, "của hồ sơ một")
    conn.execute(
        "UPDATE inbox SET comments = (SELECT comments FROM inbox WHERE instance_id = ?) WHERE instance_id = ?",
        (one.instance_id, other.instance_id),
    )
    assert inbox.comments(conn, other.instance_id, key=KEY) == ()


def test_words_that_do_not_open_are_asked_for_again(conn: sqlite3.Connection, clock: FakeClock) -> None:
    made = _put(conn, clock)
    _send(conn, clock, made)
    _say(conn, clock, made, "mang bản gốc")
    assert inbox.ask_again(conn, key=KEY) == 0
    assert inbox.ask_again(conn, key=bytes(32)) == 1
    (case,) = inbox.cases(conn, made.form_id, (), 10, clock.read())
    assert case.comments_etag == ""
    assert inbox.comments(conn, made.instance_id, key=KEY) == ()


def test_forgotten_words_are_gone_and_how_many_there_were_stays(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    made, other = _put(conn, clock), _put(conn, clock)
    for one in (made, other):
        _send(conn, clock, one)
        _say(conn, clock, one, "mang bản gốc")
    with db.write(conn):
        assert inbox.forget(conn, [made.instance_id, "uuid:unknown"]) == 1
        assert inbox.forget(conn, [made.instance_id]) == 0
    assert inbox.comments(conn, made.instance_id, key=KEY) == ()
    word = inbox.word(conn, made.instance_id)
    assert word is not None and word.remarks == 1
    assert len(inbox.comments(conn, other.instance_id, key=KEY)) == 1
