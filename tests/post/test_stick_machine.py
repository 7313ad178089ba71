"""Wire and stick together, in any order: each dossier ends once, and nobody is told what is not so."""

from __future__ import annotations

import functools
import sqlite3
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.base import db, migrate
from hub.base.errors import Conflict, HubError, Refused
from hub.base.identity import Identity
from hub.base.settings import UpstreamSettings
from hub.post import courier, outbox, stick, stick_ledger
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
from tests.post import carried
from tests.post.carried import Commune, Village
from tests.post.parcels import parcel

SETTINGS = UpstreamSettings(url="http://127.0.0.1:1", backoff_first_s=0.001, backoff_most_s=0.01)
WEATHERS = ["fine", "fine", "fine", "lost answer", "cut", "busy", "portal", "conflict", "refused", "no form"]


# By number, the latest first: what is in a file is different in every run.
WHICH = st.integers(0, 9)
_T = TypeVar("_T")


def _one(found: list[_T], which: int) -> _T:
    return found[-1 - which % len(found)]


class Death(BaseException):
    """The process ends here."""


class Server:
    """The office's server, the same one for wire and stick, in whatever weather the test makes."""

    fingerprint = "office"
    traffic = Traffic()

    def __init__(self) -> None:
        self.shelf: dict[str, tuple[bytes, dict[str, bytes]]] = {}
        self.named: dict[str, list[str]] = {}
        self.coming: list[str] = []
        self.in_the_middle = lambda: None

    def probe(self) -> Probe:
        return Probe(True, most_bytes=100_000_000)

    def weight(self, shipment: Shipment) -> int:
        return sum(source.size for source in (shipment.envelope, *shipment.files))

    def send(self, shipment: Shipment) -> Answer:
        weather = self.coming.pop(0) if self.coming else "fine"
        if weather in {"fine", "lost answer", "die after"}:
            xml = b"".join(shipment.envelope.chunks())
            known, files = self.shelf.setdefault(shipment.instance_id, (xml, {}))
            assert known == xml, "other bytes under one id"
            for source in shipment.files:
                content = b"".join(source.chunks())
                assert files.setdefault(source.name, content) == content, "a photo was overwritten"
        self.in_the_middle()
        if weather.startswith("die"):
            raise Death
        return {
            "fine": Answer(Outcome.DONE),
            "lost answer": Answer(Outcome.CUT, "relay.cut"),
            "cut": Answer(Outcome.CUT, "relay.cut"),
            "busy": Answer(Outcome.AGAIN, "relay.office_busy"),
            "portal": Answer(Outcome.NO_UPLINK, "relay.portal"),
            "conflict": Answer(Outcome.CONFLICT, "relay.conflict"),
            "refused": Answer(Outcome.REFUSED, "relay.not_understood", "so sagt der Server"),
            "no form": Answer(Outcome.REFUSED, "relay.no_form"),
        }[weather]

    def holds(self, form_id: str, instance_id: str) -> Mapping[str, bool]:
        return {name: name in self.shelf[instance_id][1] for name in self.named[instance_id]}

    def states(self, form_id: str, etag: str) -> States | None:
        return States({}, "")

    def comments(self, form_id: str, instance_id: str, etag: str) -> Remarks | None:
        raise CarrierFault("relay.no_reading", denied=True)

    notes = comments

    def close(self) -> None:
        return None

    def has(self, made: outbox.Parcel) -> bool:
        return self.shelf.get(made.instance_id) == (made.envelope, dict(made.files))


@functools.cache
def _template() -> sqlite3.Connection:
    conn = sqlite3.connect(":memory:")
    migrate.migrate(conn)
    return conn


def _fresh(path: Path) -> sqlite3.Connection:
    conn = db.connect(path)
    conn.execute("PRAGMA synchronous=OFF")
    _template().backup(conn)
    return conn


class TwoWays(RuleBasedStateMachine):
    """Parts and answers are kept, lost, brought late, twice and damaged, while the wire works as well."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.server = Server()
        self.village = Village(_fresh(self._path("house")), Identity("house", b"h" * 32))
        self.commune = Commune(_fresh(self._path("commune")), Identity("office", b"o" * 32))
        self.put: dict[str, outbox.Parcel] = {}
        self.withdrawn: dict[str, bool] = {}
        self.parts: list[bytes] = []
        self.answers: list[bytes] = []
        carried.introduce(self.village, self.commune)

    def _path(self, name: str) -> Path:
        return Path(self.folder.name) / f"{name}.db"

    def teardown(self) -> None:
        try:
            self._in_the_end_everything_has_arrived_once()
        finally:
            self.village.conn.close()
            self.commune.conn.close()
            self.folder.cleanup()

    @initialize()
    def there_is_a_dossier(self) -> None:
        self.seal(1)

    @precondition(lambda self: len(self.put) < 5)
    @rule(photos=st.integers(0, 2))
    def seal(self, photos: int) -> None:
        made = self.village.add(parcel(photos=photos, photo_bytes=20))
        self.put[made.instance_id] = made
        self.server.named[made.instance_id] = [name for name, _ in made.files]

    @rule(coming=st.lists(st.sampled_from([*WEATHERS, "die before", "die after"]), max_size=4))
    def go_by_wire(self, coming: list[str]) -> None:
        self._wire(coming)

    def _wire(self, coming: list[str]) -> None:
        self.server.coming = list(coming)
        try:
            courier.round(
                self.village.conn,
                self.server,
                self.village.clock,
                settings=SETTINGS,
                on_received=lambda _conn, instance_id: self.village.received.append(instance_id),
                on_word=lambda *_: None,
                words_key=bytes(32),
                stop=lambda: False,
                force=True,
            )
        except Death:
            self.village.conn.close()
            self.village.conn = db.connect(self._path("house"))
            self.village.conn.execute("PRAGMA synchronous=OFF")

    @precondition(lambda self: self.answers)
    @rule(which=WHICH, weather=st.sampled_from(WEATHERS))
    def an_answer_comes_while_the_wire_carries(self, which: int, weather: str) -> None:
        answer = _one(self.answers, which)
        # The relay works on a connection of its own; here its sending stands still between two transactions.
        self.server.in_the_middle = lambda: self._hear(answer)
        try:
            self._wire([weather])
        finally:
            self.server.in_the_middle = lambda: None

    @rule(again=st.booleans())
    def write_a_stick(self, again: bool) -> None:
        self.parts += self.village.parts(again=again)

    @precondition(lambda self: self.parts)
    @rule(which=WHICH)
    def a_part_is_opened(self, which: int) -> None:
        self.commune.take(_one(self.parts, which))

    @precondition(lambda self: self.parts)
    @rule(which=WHICH, bit=st.integers(0, 65_000 * 8))
    def a_damaged_part_changes_nothing(self, which: int, bit: int) -> None:
        changed = bytearray(_one(self.parts, which))
        changed[bit // 8] ^= 1 << bit % 8
        before = carried.office_rows(self.commune.conn)
        try:
            self.commune.take(bytes(changed))
        except Refused:
            pass
        else:
            raise AssertionError("a damaged part was taken")
        assert carried.office_rows(self.commune.conn) == before

    @rule(coming=st.lists(st.sampled_from([*WEATHERS, "die before", "die after"]), max_size=4))
    def the_commune_forwards(self, coming: list[str]) -> None:
        self._forward(coming)

    def _forward(self, coming: list[str]) -> None:
        self.server.coming = list(coming)
        try:
            self.commune.forward(self.server, SETTINGS)
        except Death:
            self.commune.conn.close()
            self.commune.conn = db.connect(self._path("commune"))
            self.commune.conn.execute("PRAGMA synchronous=OFF")

    @rule()
    def the_commune_answers(self) -> None:
        answer = self.commune.answer(self.village)
        if answer is not None:
            self.answers.append(answer)

    @precondition(lambda self: self.answers)
    @rule(which=WHICH)
    def an_answer_comes(self, which: int) -> None:
        self._hear(_one(self.answers, which))

    def _hear(self, answer: bytes) -> None:
        try:
            self.village.hear(answer)
        except Conflict as bad:
            assert bad.key == "stick.answer_known"

    @precondition(lambda self: self.answers)
    @rule(which=WHICH, bit=st.integers(0, 65_000 * 8))
    def a_forged_answer_changes_nothing(self, which: int, bit: int) -> None:
        changed = bytearray(_one(self.answers, which))
        changed[bit // 8] ^= 1 << bit % 8
        before = carried.stick_ledger_rows(self.village.conn)
        try:
            self.village.hear(bytes(changed))
        except Refused:
            pass
        else:
            raise AssertionError("a forged answer was believed")
        assert carried.stick_ledger_rows(self.village.conn) == before

    @rule()
    def a_guide_lets_go_what_is_held(self) -> None:
        for one in outbox.listing(self.village.conn, (State.HELD,)):
            outbox.release(self.village.conn, one.instance_id)

    @precondition(lambda self: self.put)
    @rule(which=WHICH)
    def a_family_takes_its_dossier_back(self, which: int) -> None:
        name = _one(list(self.put), which)
        hand = stick_ledger.hands(self.village.conn, [name]).get(name)
        try:
            never_left = outbox.withdraw(self.village.conn, name, self.village.clock.read())
        except HubError as bad:
            assert bad.key in {"relay.too_late_to_withdraw", "relay.unknown_parcel"}
            return
        assert hand is None or hand.word in (None, "refused"), "the office has said that it has it"
        self.withdrawn[name] = never_left
        if never_left:
            assert name not in self.server.shelf and name not in self.commune.words()

    @invariant()
    def what_the_house_calls_sent_lies_whole_with_the_office_and_was_told_once(self) -> None:
        sent = [one.instance_id for one in outbox.listing(self.village.conn, (State.SENT,))]
        assert sorted(self.village.received) == sorted(sent)
        assert all(self.server.has(self.put[name]) for name in sent)

    @invariant()
    def the_commune_says_forwarded_only_of_what_lies_there_whole(self) -> None:
        for name, word in self.commune.words().items():
            assert word != "forwarded" or self.server.has(self.put[name])

    @invariant()
    def every_parcel_that_was_not_taken_back_is_there_with_its_bytes(self) -> None:
        rows = dict(self.village.conn.execute("SELECT instance_id, envelope FROM outbox").fetchall())
        assert rows == {name: made.envelope for name, made in self.put.items() if name not in self.withdrawn}

    def _in_the_end_everything_has_arrived_once(self) -> None:
        for _ in range(4):
            self.a_guide_lets_go_what_is_held()
            for part in self.village.parts(again=True):
                self.commune.take(part)
            self._forward([])
            self.the_commune_answers()
            if self.answers:
                self._hear(self.answers[-1])
        left = outbox.listing(self.village.conn, (State.QUEUED, State.HELD, State.SENDING))
        assert left == (), "the stick alone must bring everything"
        self.what_the_house_calls_sent_lies_whole_with_the_office_and_was_told_once()
        assert set(self.server.shelf) >= set(self.put) - set(self.withdrawn)
        assert all(not self.withdrawn[name] for name in set(self.server.shelf) & set(self.withdrawn))
        answer = self.commune.answer(self.village)
        if answer is not None:
            self._hear(answer)
        assert stick.Packing(self.village.conn, self.village.mine, self.village.clock).left == 0


TestTwoWays = TwoWays.TestCase
TestTwoWays.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
