"""The outbox and its courier under any weather: nothing is lost, doubled, altered or forgotten."""

from __future__ import annotations

import functools
import sqlite3
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.base import db, migrate
from hub.base.settings import UpstreamSettings
from hub.post import courier, leases, outbox
from hub.post.outbox import State
from hub.post.transports.carrier import (
    Answer,
    CarrierFault,
    Outcome,
    Probe,
    Remarks,
    Shipment,
    States,
    Traffic,
)
from tests.fakes import FakeClock
from tests.post.parcels import parcel

MOST_WAIT_S = 600.0


class Death(BaseException):
    """The relay's process ends here, whatever it was doing."""


class Weather:
    """A carrier to an office that keeps what it takes, in whatever weather the test makes."""

    def __init__(self) -> None:
        self.shelf: dict[str, tuple[bytes, dict[str, bytes]]] = {}
        self.coming: list[str] = []
        self.door = "open"
        self.in_flight: set[str] = set()

    fingerprint = "office"
    traffic = Traffic()

    def probe(self) -> Probe:
        if self.door == "open":
            return Probe(True, most_bytes=100_000_000)
        return (
            Probe(True, refusal="relay.token_refused")
            if self.door == "shut"
            else Probe(False, "relay.portal")
        )

    def weight(self, shipment: Shipment) -> int:
        return sum(source.size for source in (shipment.envelope, *shipment.files))

    def send(self, shipment: Shipment) -> Answer:
        assert shipment.instance_id not in self.in_flight
        weather = self.coming.pop(0) if self.coming else "fine"
        if weather == "die before":
            raise Death
        if weather in {"fine", "lost answer", "die after", "lost file"}:
            self._take(shipment, weather)
        if weather == "die after":
            raise Death
        return {
            "fine": Answer(Outcome.DONE),
            "lost file": Answer(Outcome.DONE),
            "lost answer": Answer(Outcome.CUT, "relay.cut"),
            "cut": Answer(Outcome.CUT, "relay.cut"),
            "busy": Answer(Outcome.AGAIN, "relay.office_busy"),
            "portal": Answer(Outcome.NO_UPLINK, "relay.portal"),
            "conflict": Answer(Outcome.CONFLICT, "relay.conflict"),
            "refused": Answer(Outcome.REFUSED, "relay.no_form"),
        }[weather]

    def _take(self, shipment: Shipment, weather: str) -> None:
        xml = b"".join(shipment.envelope.chunks())
        known, files = self.shelf.setdefault(shipment.instance_id, (xml, {}))
        assert known == xml, "other bytes under one id: the office would answer 409 for ever"
        for place, source in enumerate(shipment.files):
            if weather == "lost file" and place == 0:
                continue
            content = b"".join(source.chunks())
            assert files.setdefault(source.name, content) == content, "a photo was overwritten"

    def holds(self, form_id: str, instance_id: str) -> Mapping[str, bool]:
        names = self.named[instance_id]
        there = self.shelf[instance_id][1]
        return {name: name in there for name in names}

    named: dict[str, list[str]] = {}

    def states(self, form_id: str, etag: str) -> States | None:
        return States(dict.fromkeys(self.shelf, "received"), "")

    def state(self, form_id: str, instance_id: str) -> str | None:
        return None

    def comments(self, form_id: str, instance_id: str, etag: str) -> Remarks | None:
        raise CarrierFault("relay.no_reading", denied=True)

    notes = comments

    def close(self) -> None:
        return None


WEATHERS = [
    "fine",
    "lost answer",
    "lost file",
    "cut",
    "busy",
    "portal",
    "conflict",
    "refused",
    "die before",
    "die after",
]


@functools.cache
def _template() -> sqlite3.Connection:
    conn = sqlite3.connect(":memory:")
    migrate.migrate(conn)
    return conn


def _fresh(conn: sqlite3.Connection) -> None:
    _template().backup(conn)


class Relay(RuleBasedStateMachine):
    """Parcels come, rounds are made in all weathers, clocks jump, processes die."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FakeClock()
        self.conn = db.connect(Path(self.folder.name) / "house.db")
        self.conn.execute("PRAGMA synchronous=OFF")
        _fresh(self.conn)
        self.weather = Weather()
        self.weather.named = {}
        self.put: dict[str, outbox.Parcel] = {}
        self.heard: list[str] = []

    def teardown(self) -> None:
        try:
            self._in_fine_weather_everything_arrives()
        finally:
            self.conn.close()
            self.folder.cleanup()

    @initialize()
    def there_is_a_dossier(self) -> None:
        self.seal(1, False)

    @precondition(lambda self: len(self.put) < 4)
    @rule(photos=st.integers(0, 2), urgent=st.booleans())
    def seal(self, photos: int, urgent: bool) -> None:
        made = parcel(photos=photos, photo_bytes=20, urgent=urgent)
        outbox.add(self.conn, made, moment=self.clock.read())
        self.put[made.instance_id] = made
        self.weather.named[made.instance_id] = [name for name, _ in made.files]

    @rule(
        coming=st.lists(st.sampled_from(WEATHERS), min_size=1, max_size=4),
        door=st.sampled_from(["open", "open", "open", "shut", "portal"]),
        force=st.booleans(),
    )
    def go(self, coming: list[str], door: str, force: bool) -> None:
        self.weather.coming, self.weather.door = list(coming), door
        self._round(force)

    def _round(self, force: bool) -> None:
        told: list[str] = []

        def listen(conn: sqlite3.Connection, instance_id: str) -> None:
            told.append(instance_id)

        try:
            courier.round(
                self.conn,
                self.weather,
                self.clock,
                settings=UpstreamSettings(backoff_first_s=10.0, backoff_most_s=MOST_WAIT_S),
                on_received=listen,
                on_word=lambda *_: None,
                words_key=bytes(32),
                stop=lambda: False,
                force=force,
            )
        except Death:
            # The process is gone and with it its connection; the next one opens the file anew.
            self.conn.close()
            self.conn = db.connect(Path(self.folder.name) / "house.db")
            self.conn.execute("PRAGMA synchronous=OFF")
        self.heard += told

    @rule(seconds=st.sampled_from([1, 30, 700, 86_400, -700, -86_400 * 30]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule()
    def a_person_releases_what_is_held(self) -> None:
        for one in outbox.listing(self.conn, (State.HELD,)):
            outbox.release(self.conn, one.instance_id)

    @invariant()
    def every_parcel_is_there_with_its_bytes(self) -> None:
        rows = dict(self.conn.execute("SELECT instance_id, envelope FROM outbox").fetchall())
        assert rows == {name: made.envelope for name, made in self.put.items()}
        for made in self.put.values():
            files = self.conn.execute(
                "SELECT name, content FROM outbox_files JOIN outbox ON outbox.id = outbox_id"
                " WHERE instance_id = ? ORDER BY position",
                (made.instance_id,),
            )
            assert tuple((row["name"], row["content"]) for row in files) == made.files

    @invariant()
    def sent_means_that_the_office_has_all_of_it_and_that_we_were_told_once(self) -> None:
        sent = {one.instance_id for one in outbox.listing(self.conn, (State.SENT,))}
        assert sorted(self.heard) == sorted(sent)
        for name in sent:
            assert self.weather.shelf[name] == (self.put[name].envelope, dict(self.put[name].files))

    @invariant()
    def nobody_waits_longer_than_the_longest_backoff(self) -> None:
        queued = {one.instance_id for one in outbox.listing(self.conn, (State.QUEUED,))}
        later = FakeClock(self.clock.read().text)
        later.advance(MOST_WAIT_S)
        assert len(leases.due(self.conn, later.read())) == len(queued)
        assert all(one.reason_key for one in outbox.listing(self.conn, (State.HELD,)))

    def _in_fine_weather_everything_arrives(self) -> None:
        self.a_person_releases_what_is_held()
        self.weather.coming, self.weather.door = [], "open"
        for _ in range(2):
            self._round(True)
        counts = outbox.counts(self.conn)
        assert (counts.queued, counts.held, counts.sent) == (0, 0, len(self.put))
        self.sent_means_that_the_office_has_all_of_it_and_that_we_were_told_once()


Relay.TestCase.settings = settings(
    max_examples=60, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
TestRelay = Relay.TestCase
