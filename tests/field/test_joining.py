"""Records in pieces: in whatever order they come, twice, from whom, with what is wrong between them."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.base.errors import Conflict
from hub.base.settings import UpstreamSettings
from hub.post import outbox
from hub.trades.volunteers import credentials, service, store, visits
from hub.trades.volunteers.credentials import FieldKeys
from hub.trades.volunteers.model import Part, Sent, Taken, Version, Volunteer
from tests.fakes import FakeClock
from tests.field import walk

NAMES = ("1.jpg", "2.jpg")
UPLOADS = frozenset({"/data/anh/nha", "/data/anh/vuon"})
# Which files a sending carries, and what is wrong with it.
SENDINGS = st.lists(
    st.tuples(st.sets(st.sampled_from(NAMES)), st.sampled_from(["", "", "", "record", "file", "stray"])),
    max_size=8,
)


@pytest.fixture
def keys(tmp_path: Path) -> FieldKeys:
    return credentials.field_keys(tmp_path)


@pytest.fixture
def somebody(conn: sqlite3.Connection, clock: FakeClock) -> Volunteer:
    moment = clock.read()
    store.put_version(conn, Version(walk.FORM, "1", "x", "Thăm hộ", "", UPLOADS, True))
    until = moment.on + dt.timedelta(days=9)
    return service.get(conn, service.start(conn, "Lý A Mẫu", "", until, staff=1, moment=moment))


@given(SENDINGS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_parcel_is_there_exactly_when_every_file_has_come_and_has_the_bytes_that_came_first(
    conn: sqlite3.Connection,
    clock: FakeClock,
    keys: FieldKeys,
    somebody: Volunteer,
    sendings: list[tuple[set[str], str]],
) -> None:
    record = walk.filled(NAMES, photo_bytes=300)
    came: set[str] = set()
    for names, wrong in sendings:
        told = {name: record.files[name] for name in names}
        if wrong == "file" and names:
            told[min(names)] += b"!"
        if wrong == "stray":
            told["la.jpg"] = b"la"
        parts = tuple(Part(name, name, content) for name, content in told.items())
        xml = record.xml + b"\n" if wrong == "record" and came else record.xml
        refused = xml != record.xml or (wrong == "file" and names and min(names) in came)
        before = bool(came), set(came)
        try:
            taken = visits.take(
                conn,
                Sent(xml, parts, "d"),
                volunteer=somebody,
                keys=keys,
                upstream=UpstreamSettings(),
                moment=clock.read(),
            )
        except Conflict:
            assert refused
            continue
        assert not refused
        if wrong == "file" and names:
            # Nobody knows a better one: the first bytes under a name are its bytes.
            record = type(record)(record.xml, {**record.files, min(names): told[min(names)]})
        came |= names | {""}
        expected = Taken.NEW if not before[0] else Taken.MORE if came - before[1] else Taken.SAME
        assert taken is expected
    whole = came == {"", *NAMES}
    row = conn.execute(
        "SELECT id, envelope FROM outbox WHERE instance_id = ?", (walk.id_of(record),)
    ).fetchone()
    assert (row is not None) == whole
    if row is not None:
        files = conn.execute("SELECT name, content FROM outbox_files WHERE outbox_id = ?", (row["id"],))
        assert bytes(row["envelope"]) == record.xml
        assert {name: bytes(content) for name, content in files} == dict(record.files)
        assert outbox.state(conn, walk.id_of(record)).kind is outbox.Kind.VISIT
    waiting = [one for one in visits.listing(conn, waiting=True) if one.instance_id == walk.id_of(record)]
    assert bool(waiting) == (bool(came) and not whole)
    assert not waiting or waiting[0].missing == len(NAMES) + 1 - len(came)
