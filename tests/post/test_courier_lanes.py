"""Several at once where the line is good, one at a time where it is thin, never two of one dossier; and what
the line costs."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hub.base import db
from hub.base.settings import UpstreamSettings
from hub.post import courier, courier_trip, leases, outbox
from hub.post.courier import Round
from hub.post.leases import Retry
from hub.post.outbox import Parcel, State
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
from tests.post import parcels, servers

DAY = 86_400


class Office:
    """A carrier that keeps what it takes, counts who is inside at once, and lets a test decide each answer."""

    fingerprint = "office"

    def __init__(self, answer: Callable[[Shipment], Answer] | None = None) -> None:
        self.probed = Probe(True)
        self.shelf: dict[str, dict[str, bytes]] = {}
        self.order: list[str] = []
        self.inside: list[str] = []
        self.most_inside = 0
        self.threads: set[int] = set()
        self.weights: list[int] = []
        self._answer = answer or (lambda shipment: Answer(Outcome.DONE))
        self._lock = threading.Lock()
        self._sent = 0

    @property
    def traffic(self) -> Traffic:
        return Traffic(self._sent, self._sent // 100)

    def probe(self) -> Probe:
        self._sent += 300
        return self.probed

    def weight(self, shipment: Shipment) -> int:
        return sum(source.size + 100 for source in (shipment.envelope, *shipment.files))

    def send(self, shipment: Shipment) -> Answer:
        with self._lock:
            assert shipment.instance_id not in self.inside, "two at once for one dossier"
            self.inside.append(shipment.instance_id)
            self.most_inside = max(self.most_inside, len(self.inside))
            self.order.append(shipment.instance_id)
            self.threads.add(threading.get_ident())
            self.weights.append(self.weight(shipment))
            self._sent += self.weights[-1]
        try:
            content = {one.name: b"".join(one.chunks()) for one in (shipment.envelope, *shipment.files)}
            answer = self._answer(shipment)
            if answer.outcome is Outcome.DONE:
                with self._lock:
                    self.shelf.setdefault(shipment.instance_id, {}).update(content)
            return answer
        finally:
            with self._lock:
                self.inside.remove(shipment.instance_id)

    def holds(self, form_id: str, instance_id: str) -> Mapping[str, bool]:
        return {}

    def states(self, form_id: str, etag: str) -> States | None:
        raise CarrierFault("relay.no_reading", denied=True)

    def state(self, form_id: str, instance_id: str) -> str | None:
        return None

    def comments(self, form_id: str, instance_id: str, etag: str) -> Remarks | None:
        raise CarrierFault("relay.no_reading", denied=True)

    notes = comments

    def close(self) -> None:
        return None


class Village:
    """An outbox and a courier with as many lanes as a test gives it."""

    def __init__(self, conn: sqlite3.Connection, clock: FakeClock, database: Path) -> None:
        self.conn, self.clock, self._database = conn, clock, database
        self.received: list[str] = []
        self.opened = 0

    def put(self, **how: object) -> Parcel:
        made = parcels.parcel(**how)  # type: ignore[arg-type]
        outbox.add(self.conn, made, moment=self.clock.read())
        return made

    def connect(self) -> sqlite3.Connection:
        self.opened += 1
        return db.connect(self._database)

    def go(
        self, office: Office, *, lanes: int = 3, stop: Callable[[], bool] = lambda: False, **more: object
    ) -> Round:
        how = {name: more.pop(name) for name in ("purse", "rate", "force", "connect") if name in more}
        how.setdefault("connect", self.connect)
        return courier.round(
            self.conn,
            office,
            self.clock,
            settings=UpstreamSettings(lanes=lanes, **more),  # type: ignore[arg-type]
            on_received=lambda conn, instance_id: self.received.append(instance_id),
            on_word=lambda *_: None,
            words_key=bytes(32),
            stop=stop,
            **how,  # type: ignore[arg-type]
        )

    def stands(self, made: Parcel) -> outbox.ParcelState:
        return outbox.state(self.conn, made.instance_id)


@pytest.fixture
def village(conn: sqlite3.Connection, clock: FakeClock, database: Path) -> Village:
    return Village(conn, clock, database)


def meeting(most: int) -> Callable[[Shipment], Answer]:
    """Answer the first alone; after that wait until ``most`` are inside together, and say so by going on."""
    gate, lock, count = threading.Barrier(most), threading.Lock(), [0]

    def answer(shipment: Shipment) -> Answer:
        with lock:
            count[0] += 1
            first = count[0] == 1
        if not first:
            gate.wait(20)
        return Answer(Outcome.DONE)

    return answer


def test_on_a_good_line_several_dossiers_travel_at_once_each_whole_and_once(village: Village) -> None:
    made = [village.put(photos=2) for _ in range(7)]
    office = Office(meeting(3))
    assert village.go(office) == Round(sent=7, uplink=True)
    assert office.most_inside == 3 and len(office.threads) == 3 and village.opened == 2
    assert sorted(office.order) == sorted(village.received) == sorted(one.instance_id for one in made)
    for one in made:
        assert office.shelf[one.instance_id] == {outbox.ENVELOPE_PART: one.envelope, **dict(one.files)}


def test_the_first_of_a_round_goes_alone_until_the_line_has_shown_itself(village: Village) -> None:
    for _ in range(3):
        village.put()
    office = Office(lambda shipment: Answer(Outcome.AGAIN, "relay.office_busy"))
    assert village.go(office).retried == 3
    assert office.most_inside == 1 and village.opened == 0


@pytest.mark.parametrize(("rate", "inside"), [(8_000.0, 1), (200_000.0, 2)])
def test_what_is_known_of_the_line_decides_how_many_set_out(
    village: Village, rate: float, inside: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        village.put()
    # A sending is over at once here; on a thin line it lasts, and only what lasts says that it is thin.
    monkeypatch.setattr(courier_trip.Trip, "thin", property(lambda trip: rate < courier_trip.THIN))
    monkeypatch.setattr(courier_trip.Trip, "known_good", property(lambda trip: rate >= courier_trip.THIN))
    office = Office(meeting(2)) if inside == 2 else Office()
    if inside == 2:
        village.put()
    assert village.go(office, lanes=2).sent == len(office.order) == 4 + (inside == 2)
    assert office.most_inside == inside


def test_without_further_connections_there_is_one_lane(village: Village) -> None:
    for _ in range(4):
        village.put()
    office = Office()
    assert village.go(office, connect=None).sent == 4
    assert office.most_inside == 1 and len(office.threads) == 1


def test_a_lane_that_cannot_open_its_books_costs_nobody_anything(village: Village) -> None:
    for _ in range(5):
        village.put()

    def broken() -> sqlite3.Connection:
        raise sqlite3.OperationalError("no more")

    assert village.go(Office(), connect=broken).sent == 5


def test_a_way_that_is_gone_for_one_lane_is_gone_for_all(village: Village) -> None:
    made = [village.put() for _ in range(8)]
    gate = threading.Barrier(2)
    seen: list[str] = []

    def answer(shipment: Shipment) -> Answer:
        seen.append(shipment.instance_id)
        if len(seen) == 1:
            return Answer(Outcome.DONE)
        gate.wait(20)
        return Answer(Outcome.NO_UPLINK, "relay.portal")

    done = village.go(Office(answer), lanes=2)
    assert (done.sent, done.retried, done.uplink, done.reason_key) == (1, 2, False, "relay.portal")
    assert sorted(village.stands(one).attempts for one in made) == [0] * 7 + [1]
    assert outbox.counts(village.conn) == outbox.Counts(7, 0, 1)


def test_a_round_that_is_told_to_stop_is_over_when_all_lanes_are_home(village: Village) -> None:
    made = [village.put() for _ in range(6)]
    told = threading.Event()
    count = [0]

    def answer(shipment: Shipment) -> Answer:
        count[0] += 1
        if count[0] == 1:
            return Answer(Outcome.DONE)
        told.set()
        return Answer(Outcome.STOPPED, "relay.stopped")

    office = Office(answer)
    done = village.go(office, lanes=2, stop=told.is_set)
    assert done.sent == 1 and 1 <= done.retried <= 2 and not office.inside
    assert not village.conn.execute("SELECT 1 FROM outbox WHERE state = 'sending'").fetchone()
    assert {village.stands(one).state for one in made} == {State.QUEUED, State.SENT}


def test_against_a_real_server_lanes_carry_everything_once(village: Village, tmp_path: Path) -> None:
    from hub.post.transports.openrosa import OpenRosa

    made = [village.put(photo_bytes=20_000) for _ in range(12)]
    with servers.stranger(servers.done, gets=servers.says(403)) as office:
        settings = UpstreamSettings(url=office.url, lanes=3)
        carrier = OpenRosa(settings, lambda: False)
        try:
            done = courier.round(
                village.conn,
                carrier,
                village.clock,
                settings=settings,
                on_received=lambda conn, instance_id: village.received.append(instance_id),
                on_word=lambda *_: None,
                words_key=bytes(32),
                stop=lambda: False,
                connect=village.connect,
            )
        finally:
            carrier.close()
    assert done.sent == 12 and len(office.posted) == 12
    bodies = b"".join(one.body for one in office.posted)
    assert all(len(re.findall(re.escape(one.files[0][1]), bodies)) == 1 for one in made)


class Purse:
    """Pays up to a limit; what is urgent always goes."""

    def __init__(self, limit: int) -> None:
        self.left, self.asked, self.told = limit, 0, 0

    def may(self, size: int, *, urgent: bool = False) -> str | None:
        self.asked += 1
        return None if urgent or size <= self.left else "relay.cut"

    def spent(self, sent: int, received: int) -> None:
        self.left -= sent + received
        self.told += sent + received


def test_what_the_purse_does_not_pay_for_stays_as_it_was_and_smaller_ones_go(village: Village) -> None:
    large = village.put(photo_bytes=80_000)
    small = [village.put(photo_bytes=1_000) for _ in range(3)]
    urgent = village.put(photo_bytes=90_000, urgent=True)
    purse, office = Purse(60_000), Office()
    done = village.go(office, purse=purse)
    assert (done.sent, done.reason_key) == (1, "relay.cut"), "the urgent one had what there was"
    assert office.order == [urgent.instance_id]
    purse.left = 30_000
    done = village.go(office, purse=purse)
    assert (done.sent, done.reason_key, done.uplink) == (3, "relay.cut", True)
    stands = village.stands(large)
    assert (stands.state, stands.attempts, stands.reason_key, stands.next_try_at) == (
        State.QUEUED,
        0,
        None,
        None,
    )
    assert {village.stands(one).state for one in small} == {State.SENT}
    assert purse.told == office.traffic.sent + office.traffic.received, "every byte is told once"


def test_a_purse_that_runs_dry_between_two_requests_keeps_the_rest_for_later(village: Village) -> None:
    made = village.put(photos=3, photo_bytes=50_000)

    class Once(Purse):
        def may(self, size: int, *, urgent: bool = False) -> str | None:
            self.asked += 1
            return None if self.asked <= 2 else "relay.cut"

    office = Office()
    assert village.go(office, purse=Once(0), connection_bytes=60_000).sent == 0
    assert len(office.weights) == 1
    stands = village.stands(made)
    assert (stands.state, stands.attempts) == (State.QUEUED, 0)
    assert village.go(office, connection_bytes=60_000).sent == 1
    assert len(office.weights) == 3 and max(office.weights) <= 60_000
    assert office.shelf[made.instance_id] == {outbox.ENVELOPE_PART: made.envelope, **dict(made.files)}


def test_nothing_that_the_purse_refuses_makes_a_round_needed(village: Village) -> None:
    settings = UpstreamSettings(states_every_s=60.0)
    village.go(Office())
    village.put()
    assert courier.needed(village.conn, village.clock, settings, Purse(100_000))
    assert not courier.needed(village.conn, village.clock, settings, Purse(0))


@pytest.mark.parametrize(("photo_bytes", "taken"), [(300_000, 3), (60_000, 0)])
def test_however_many_are_too_dear_a_small_one_is_found_behind_them(
    village: Village, photo_bytes: int, taken: int
) -> None:
    for _ in range(20):
        village.put(photo_bytes=photo_bytes)
    village.clock.advance(DAY + 1)
    small = village.put(photo_bytes=1_000)
    # At the turn of the one that has waited longest, and at any other.
    village.conn.execute("INSERT INTO outbox_turns(id, taken) VALUES (1, ?)", (taken,))
    settings = UpstreamSettings(states_every_s=60.0)
    village.go(Office(), purse=Purse(0))
    assert courier.needed(village.conn, village.clock, settings, Purse(40_000))
    office = Office()
    assert village.go(office, purse=Purse(40_000)).sent == 1
    assert office.order == [small.instance_id]
    assert not courier.needed(village.conn, village.clock, settings, Purse(40_000))


def test_an_urgent_one_whose_waiting_is_over_goes_though_the_others_are_too_dear(village: Village) -> None:
    late = village.put(photo_bytes=50_000, urgent=True)
    village.go(Office(lambda shipment: Answer(Outcome.AGAIN, "relay.office_sick")), backoff_first_s=20.0)
    village.put(photo_bytes=50_000)
    settings, dry = UpstreamSettings(states_every_s=60.0), Purse(0)
    assert not courier.needed(village.conn, village.clock, settings, dry)
    village.clock.advance(21)
    assert courier.needed(village.conn, village.clock, settings, dry)
    assert village.go(Office(), purse=dry).sent == 1 and village.received == [late.instance_id]


def test_of_a_dossier_only_what_is_still_to_go_is_asked_for(village: Village) -> None:
    village.put(photos=3, photo_bytes=50_000)
    room = iter([None, None, None, "relay.cut"])

    class Some(Purse):
        def may(self, size: int, *, urgent: bool = False) -> str | None:
            return next(room, "relay.cut")

    office = Office()
    assert village.go(office, purse=Some(0), connection_bytes=60_000).sent == 0 and len(office.weights) == 2
    # Two of three photos are there; the day's rest is enough for the third.
    assert village.go(office, purse=Purse(65_000), connection_bytes=60_000).sent == 1


def test_on_a_line_that_drops_larger_ones_a_request_keeps_within_its_bytes(village: Village) -> None:
    made = village.put(photos=2, photo_bytes=50_000)
    office = Office()
    assert village.go(office, connection_bytes=60_000).sent == 1
    assert len(office.weights) == 2 and max(office.weights) <= 60_000
    alone = village.put(photo_bytes=90_000)
    assert village.go(office, connection_bytes=60_000).sent == 1, "nobody can cut a photo in two: it is tried"
    assert {made.instance_id, alone.instance_id} == set(village.received)


def test_on_a_thin_line_a_dossier_goes_in_parts_that_half_a_minute_carries(village: Village) -> None:
    made, good = village.put(photos=2, photo_bytes=200_000), Office()
    assert village.go(good, rate=8_000.0).sent == 1
    assert len(good.weights) == 2 and max(good.weights) < 64_000 / 8 * 33
    assert good.shelf[made.instance_id] == {outbox.ENVELOPE_PART: made.envelope, **dict(made.files)}
    village.put(photos=2, photo_bytes=200_000)
    assert village.go(good).sent == 1
    assert len(good.weights) == 3, "nothing is known of the line, so it goes whole"


def test_a_sending_that_lasts_says_how_thin_the_line_is_and_the_next_go_alone(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_trip, "_LASTS_S", 0.05)
    for _ in range(4):
        village.put(photo_bytes=1_000)

    def slowly(shipment: Shipment) -> Answer:
        # A few kilobytes in a fifth of a second: under 32 kB a second on any machine.
        time.sleep(0.2)
        return Answer(Outcome.DONE)

    office = Office(slowly)
    assert village.go(office).sent == 4
    assert office.most_inside == 1 and village.opened == 0


def test_a_small_one_does_not_make_a_thin_line_look_wide(village: Village) -> None:
    for photo_bytes in (1_000, 1_000, 400_000):
        village.put(photos=2, photo_bytes=photo_bytes)

    def slowly(shipment: Shipment) -> Answer:
        time.sleep(0.25)
        return Answer(Outcome.DONE)

    office = Office(slowly)
    assert village.go(office, rate=8_000.0).sent == 3
    assert office.most_inside == 1 and village.opened == 0
    assert max(office.weights) < 500_000, "the large one goes in parts: the line is as thin as it was"


def test_one_in_four_goes_because_it_has_waited_longest(village: Village) -> None:
    large = village.put(photo_bytes=300_000)
    village.clock.advance(DAY + 1)
    for _ in range(6):
        village.put(photo_bytes=1_000)
    office = Office()
    assert village.go(office, connect=None).sent == 7
    assert office.order.index(large.instance_id) == 3, "small ones come every day; it had waited a day"


def test_what_has_not_waited_a_day_lets_the_small_ones_by(village: Village) -> None:
    large = village.put(photo_bytes=300_000)
    for _ in range(6):
        village.put(photo_bytes=1_000)
    office = Office()
    village.go(office, connect=None)
    assert office.order[-1] == large.instance_id


def test_an_urgent_one_that_is_sealed_during_a_round_goes_next(village: Village) -> None:
    for _ in range(3):
        village.put()
    late: list[Parcel] = []

    def answer(shipment: Shipment) -> Answer:
        if not late:
            late.append(village.put(photo_bytes=300_000, urgent=True))
        return Answer(Outcome.DONE)

    office = Office(answer)
    assert village.go(office, connect=None).sent == 4
    assert office.order[1] == late[0].instance_id


@pytest.mark.parametrize("outcome", [Outcome.AGAIN, Outcome.CUT])
def test_an_office_that_cannot_take_three_in_a_row_is_spared_the_rest_for_this_round(
    village: Village, outcome: Outcome
) -> None:
    for _ in range(7):
        village.put()
    office = Office(lambda shipment: Answer(outcome, "relay.office_sick"))
    done = village.go(office)
    assert (done.retried, done.uplink, done.reason_key) == (3, True, "relay.office_sick")
    assert village.go(office).retried == 3, "the next three; the first wait for their time"
    assert len(set(office.order)) == 6


def test_one_that_the_office_cannot_take_does_not_end_the_round_for_the_others(village: Village) -> None:
    made = [village.put() for _ in range(9)]
    bad = {one.instance_id for one in made[::2]}

    def answer(shipment: Shipment) -> Answer:
        known = shipment.instance_id in bad
        return Answer(Outcome.AGAIN, "relay.office_sick") if known else Answer(Outcome.DONE)

    assert village.go(Office(answer), connect=None) == Round(sent=4, retried=5, uplink=True)


@pytest.mark.parametrize("force", [False, True])
def test_a_round_tries_each_once_however_long_it_lasts(village: Village, force: bool) -> None:
    for _ in range(3):
        village.put()

    def answer(shipment: Shipment) -> Answer:
        village.clock.advance(3_600)
        return Answer(Outcome.AGAIN, "relay.office_busy")

    office = Office(answer)
    for turn in (1, 2):
        village.clock.advance(10)
        assert (
            village.go(office, connect=None, force=force, backoff_first_s=1.0, backoff_most_s=2.0).retried
            == 3
        )
        assert len(office.order) == 3 * turn and len(set(office.order)) == 3


def test_a_clock_that_jumps_back_in_a_round_makes_no_endless_one(village: Village) -> None:
    for _ in range(2):
        village.put()

    def answer(shipment: Shipment) -> Answer:
        village.clock.advance(-30 * DAY)
        return Answer(Outcome.AGAIN, "relay.office_busy")

    office = Office(answer)
    assert village.go(office, connect=None).retried == 2
    assert village.go(office, connect=None).retried == 1, "what was to wait until another month is due now"


def test_an_office_that_asks_to_be_left_alone_is_left_alone_within_reason(village: Village) -> None:
    made = village.put()
    office = Office(lambda shipment: Answer(Outcome.AGAIN, "relay.office_busy", rest_s=10**9))
    village.go(office, backoff_first_s=10.0, backoff_most_s=900.0)
    stands = village.stands(made)
    assert stands.next_try_at is not None and (stands.next_try_at - village.clock.at).total_seconds() == 900


def test_more_than_a_few_hundred_that_wait_or_are_held_all_go_in_one_round(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_MANY", 2)
    made = [village.put() for _ in range(9)]
    with db.write(village.conn):
        for place, row_id in enumerate(leases.due(village.conn, village.clock.read(), most=99)):
            assert leases.take(village.conn, row_id)
            if place % 3 == 0:
                leases.hold(village.conn, row_id, "relay.token_refused", "", "another key")
            else:
                leases.again(village.conn, row_id, Retry("relay.cut", delay_s=60), village.clock.read())
    village.clock.advance(61)
    shut = Office()
    shut.probed = Probe(True, refusal="relay.token_refused")
    assert village.go(shut).held == 6
    assert outbox.counts(village.conn) == outbox.Counts(0, 9, 0)
    assert village.go(Office()).sent == 9
    assert sorted(village.received) == sorted(one.instance_id for one in made)
