"""One round to the office: every rule of the courier, against servers good, bad and strange."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hub.base import clock as clocks
from hub.base import db
from hub.base.errors import NotReady
from hub.base.settings import UpstreamSettings
from hub.forms.unseal import unseal
from hub.post import courier, courier_hand, inbox, outbox, readings
from hub.post.courier import Round
from hub.post.inbox import Word
from hub.post.outbox import Parcel, State
from hub.post.transports import openrosa
from hub.post.transports.carrier import CarrierFault, Remarks
from hub.post.transports.openrosa import OpenRosa
from hub.practice_office import faults, keys, records
from hub.practice_office.faults import Fault
from tests.fakes import FakeClock
from tests.post import parcels, servers
from tests.post.servers import ENVELOPE, Behaviour, Request, practice_office, says, stranger
from tests.post.test_parcel_kinds import plain

WORDS_KEY = bytes(32)


class Village:
    """A House's outbox and a courier that goes when told."""

    def __init__(self, conn: sqlite3.Connection, clock: FakeClock) -> None:
        self.conn, self.clock = conn, clock
        self.received: list[str] = []
        self.words: list[tuple[str, Word]] = []
        self.url = "http://127.0.0.1:9"
        self.token_file = ""

    def put(self, **how: object) -> Parcel:
        made = parcels.parcel(**how)  # type: ignore[arg-type]
        outbox.add(self.conn, made, moment=self.clock.read())
        return made

    def go(
        self, url: str = "", *, force: bool = False, stop: Callable[[], bool] = lambda: False, **more: object
    ) -> Round:
        given = {"connect_s": 2.0, "answer_s": 3.0, "idle_s": 2.0} | more
        settings = UpstreamSettings(
            url=url or self.url, token_file=self.token_file, **given  # type: ignore[arg-type]
        )
        carrier = OpenRosa(settings, stop)
        try:
            return courier.round(
                self.conn,
                carrier,
                self.clock,
                settings=settings,
                on_received=lambda conn, instance_id: self.received.append(instance_id),
                on_word=lambda conn, instance_id, word: self.words.append((instance_id, word)),
                words_key=WORDS_KEY,
                stop=stop,
                force=force,
            )
        finally:
            carrier.close()

    def stands(self, made: Parcel) -> outbox.ParcelState:
        return outbox.state(self.conn, made.instance_id)


@pytest.fixture
def village(conn: sqlite3.Connection, clock: FakeClock) -> Village:
    return Village(conn, clock)


@pytest.fixture
def with_office(village: Village, tmp_path: Path):  # type: ignore[no-untyped-def]
    with practice_office(tmp_path / "office") as office:
        village.url, village.token_file = office.url, office.token_file
        yield office


def test_the_office_opens_exactly_what_was_sealed(village: Village, with_office: servers.Office) -> None:
    made = village.put(photos=2, public_key=with_office.public_key)
    assert village.go() == Round(sent=1, uplink=True, words=1)
    assert village.received == [made.instance_id]
    stands = village.stands(made)
    assert (stands.state, stands.sent_at, stands.attempts) == (State.SENT, village.clock.at, 1)
    shelf = records.connect(with_office.folder)
    (record,) = records.listing(shelf)
    xml, files = records.content(shelf, record.id)
    shelf.close()
    assert xml == made.envelope and files == dict(made.files)
    opened = unseal(xml, files, keys.private_key(with_office.folder))
    assert opened.signature_ok and "Lý A Mẫu".encode() in opened.submission
    assert village.go() == Round(uplink=True)


def test_what_the_office_says_comes_back_with_its_words(
    village: Village, with_office: servers.Office
) -> None:
    made = village.put()
    village.go()
    assert [word.review_state for _, word in village.words] == ["received"]
    shelf = records.connect(with_office.folder)
    (record,) = records.listing(shelf)
    records.review(shelf, record.id, "hasIssues", "Thiếu giấy chứng sinh", "Cán bộ tập dượt")
    village.clock.advance(601)
    assert village.go().words == 1
    records.comment(shelf, record.id, "Mang bản gốc khi đến", "Cán bộ tập dượt")
    village.clock.advance(601)
    assert village.go().words == 1
    shelf.close()
    instance_id, word = village.words[-1]
    assert instance_id == made.instance_id and word == inbox.word(village.conn, instance_id)
    assert word.review_state == "hasIssues"
    assert [(one.text, one.by) for one in inbox.comments(village.conn, instance_id, key=WORDS_KEY)] == [
        ("Thiếu giấy chứng sinh", "Cán bộ tập dượt"),
        ("Mang bản gốc khi đến", "Cán bộ tập dượt"),
    ]
    assert [told.remarks for _, told in village.words] == [
        0,
        1,
        2,
    ], "a state and its words come together"
    village.clock.advance(601)
    assert village.go().words == 0


def test_where_all_houses_have_handed_in_too_many_to_list_our_own_open_cases_are_asked_about_one_by_one(
    village: Village, with_office: servers.Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openrosa, "_STATES_BYTES", 100)
    monkeypatch.setattr(readings, "_CASES", 2)
    made = [village.put() for _ in range(3)]
    assert village.go() == Round(sent=3, uplink=True, words=2)
    village.clock.advance(601)
    assert village.go().words == 1, "who was asked about longest ago comes first"
    assert {word.review_state for _, word in village.words} == {"received"}
    shelf = records.connect(with_office.folder)
    number = records.find(shelf, made[2].form_id, made[2].instance_id).id  # type: ignore[union-attr]
    records.review(shelf, number, "rejected", "Sai mẫu", "Cán bộ tập dượt")
    shelf.close()
    asked: list[str] = []
    monkeypatch.setattr(openrosa.OpenRosa, "states", lambda *_: asked.append("the whole list"))
    for _ in range(2):
        village.clock.advance(601)
        village.go()
    word = inbox.word(village.conn, made[2].instance_id)
    assert word is not None and (word.review_state, word.remarks, asked) == ("rejected", 1, [])


def test_a_record_that_the_office_deleted_keeps_no_other_dossiers_word_away(
    village: Village, with_office: servers.Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openrosa, "_STATES_BYTES", 100)
    monkeypatch.setattr(readings, "_CASES", 1)
    made = [village.put() for _ in range(2)]
    assert village.go().sent == 2
    shelf = records.connect(with_office.folder)
    numbers = [records.find(shelf, one.form_id, one.instance_id).id for one in made]  # type: ignore[union-attr]
    records.delete(shelf, numbers[0])
    records.review(shelf, numbers[1], "rejected", "Sai mẫu", "Cán bộ tập dượt")
    shelf.close()
    for _ in range(3):
        village.clock.advance(601)
        village.go()
        assert not inbox.listed(village.conn, made[0].form_id)
    word = inbox.word(village.conn, made[1].instance_id)
    assert word is not None and word.review_state == "rejected"


def test_a_case_whose_remarks_the_office_stumbles_over_keeps_no_others_away(
    village: Village, with_office: servers.Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "_CASES", 1)
    made = [village.put() for _ in range(2)]
    tell = openrosa.OpenRosa.comments

    def comments(self: OpenRosa, form_id: str, instance_id: str, etag: str) -> Remarks | None:
        if instance_id == made[0].instance_id:
            raise CarrierFault("relay.office_busy")
        return tell(self, form_id, instance_id, etag)

    monkeypatch.setattr(openrosa.OpenRosa, "comments", comments)
    assert village.go().sent == 2
    shelf = records.connect(with_office.folder)
    number = records.find(shelf, made[1].form_id, made[1].instance_id).id  # type: ignore[union-attr]
    records.comment(shelf, number, "Mang bản gốc khi đến", "Cán bộ tập dượt")
    shelf.close()
    for _ in range(3):
        village.clock.advance(601)
        village.go()
    word = inbox.word(village.conn, made[1].instance_id)
    assert word is not None and (word.review_state, word.remarks) == ("received", 1)


def test_a_list_that_was_too_long_is_not_asked_for_anew_after_the_line_was_cut(
    village: Village, with_office: servers.Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openrosa, "_STATES_BYTES", 100)
    made = village.put()
    village.go()

    def cut(*_: object) -> str:
        raise CarrierFault("relay.cut")

    with monkeypatch.context() as while_down:
        while_down.setattr(openrosa.OpenRosa, "state", cut)
        village.clock.advance(61)
        village.go()
    assert not inbox.listed(village.conn, made.form_id)


def test_a_case_rests_between_two_questions_and_longer_the_older_it_is(village: Village) -> None:
    conn, clock, hour = village.conn, village.clock, 3_600
    inbox.expect(conn, "uuid:a", parcels.FORM, clock.read())
    asked: list[int] = []
    for minute in range(4 * 24 * 60):
        for case in inbox.cases(conn, parcels.FORM, (), 10, clock.read(), 60.0):
            inbox.note_asked(conn, case, clock.read())
            asked.append(60 * minute)
        clock.advance(60)
    assert asked[:4] == [0, 300, 600, 900], "a young one every few minutes"
    rests = [later - earlier for earlier, later in zip(asked, asked[1:], strict=False)]
    assert rests == sorted(rests) and rests[-1] == 6 * hour
    assert len([at for at in asked if at >= 3 * 24 * hour]) == 4, "four times a day when it is old"
    assert len(asked) < 80


def test_neither_a_changed_case_nor_a_person_nor_a_clock_that_jumps_back_waits_for_a_rest(
    village: Village,
) -> None:
    conn, clock = village.conn, village.clock
    inbox.expect(conn, "uuid:a", parcels.FORM, clock.read())

    def told(first: tuple[str, ...] = (), every_s: float = 60.0) -> int:
        return len(inbox.cases(conn, parcels.FORM, first, 10, clock.read(), every_s))

    (case,) = inbox.cases(conn, parcels.FORM, (), 10, clock.read(), 60.0)
    inbox.note_asked(conn, case, clock.read())
    clock.advance(61)
    assert (told(), told(("uuid:a",)), told(every_s=0.0)) == (0, 1, 1)
    clock.advance(-30 * 86_400)
    assert told() == 1


def test_states_are_not_asked_for_before_their_time_unless_forced(
    village: Village, with_office: servers.Office
) -> None:
    village.put()
    village.go()
    shelf = records.connect(with_office.folder)
    (record,) = records.listing(shelf)
    records.review(shelf, record.id, "approved", "", "Cán bộ tập dượt")
    shelf.close()
    assert village.go().words == 0
    assert village.go(force=True).words == 1
    assert village.words[-1][1].review_state == "approved"


def test_a_case_that_was_approved_long_ago_is_not_asked_about(
    village: Village, with_office: servers.Office
) -> None:
    village.put()
    village.go()
    shelf = records.connect(with_office.folder)
    (record,) = records.listing(shelf)
    records.review(shelf, record.id, "approved", "", "Cán bộ tập dượt")
    shelf.close()
    village.go(force=True)
    village.clock.advance(13 * 86_400)
    assert inbox.forms_due(village.conn, village.clock.read(), 60)
    village.clock.advance(2 * 86_400)
    assert not inbox.forms_due(village.conn, village.clock.read(), 60)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (says(200, ENVELOPE), "relay.portal"),
        (says(201, b"<html>Sign in to the Wi-Fi</html>"), "relay.portal"),
        (says(302, headers={"Location": "http://127.0.0.1:9/"}), "relay.redirected"),
        (says(511, b"<html>"), "relay.portal"),
    ],
)
def test_a_captive_portal_is_no_uplink_and_is_not_held_against_the_dossier(
    village: Village, behaviour: Behaviour, reason: str
) -> None:
    made = village.put()
    with stranger(behaviour) as portal:
        done = village.go(portal.url)
    assert (done.sent, done.uplink, done.reason_key) == (0, False, reason)
    stands = village.stands(made)
    assert (stands.state, stands.attempts, stands.next_try_at) == (State.QUEUED, 0, None)
    known = inbox.uplink(village.conn)
    assert (known.up, known.reason_key) == (False, reason)
    assert village.received == []


def test_what_a_stranger_answered_to_is_not_said_to_have_never_left(village: Village) -> None:
    made, other = village.put(), village.put()
    with stranger(says(200, ENVELOPE)) as portal:
        village.go(portal.url)
        assert len(portal.posted) == 1
    answers = [outbox.withdraw(village.conn, one.instance_id, village.clock.read()) for one in (made, other)]
    assert sorted(answers) == [False, True], "the one that was tried may be anywhere"


@pytest.mark.parametrize("door", [says(200, b"<html>"), says(302), says(502)])
def test_a_stranger_at_the_door_gets_nothing(village: Village, door: Behaviour) -> None:
    village.put()
    with stranger(servers.done, door=door) as portal:
        assert village.go(portal.url).uplink is False
    assert portal.posted == []


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (says(423), "relay.office_busy"),
        (says(408), "relay.office_busy"),
        (says(500, b"{}"), "relay.office_sick"),
        (says(502, b"<html>"), "relay.office_sick"),
        (says(503), "relay.office_sick"),
    ],
)
def test_an_office_that_cannot_now_is_tried_again_later_and_later(
    village: Village, behaviour: Behaviour, reason: str
) -> None:
    made = village.put()
    waits = []
    with stranger(behaviour, behaviour, behaviour, servers.done) as office:
        for _ in range(3):
            assert village.go(office.url, backoff_first_s=10.0, backoff_most_s=30.0).retried == 1
            stands = village.stands(made)
            assert (stands.state, stands.reason_key) == (State.QUEUED, reason)
            assert stands.next_try_at is not None
            waits.append((stands.next_try_at - village.clock.at).total_seconds())
            assert village.go(office.url).retried == 0, "not before its time"
            village.clock.advance(waits[-1])
        assert village.go(office.url).sent == 1
    assert waits == [10, 20, 30]
    assert len({request.body.split(b"\r\n\r\n", 1)[1][:500] for request in office.posted}) == 1


def test_a_409_is_tried_once_more_and_then_held_and_never_discarded(village: Village) -> None:
    made = village.put()
    different = ENVELOPE.replace(b"full submission upload was successful!", b"exists with different XML")
    with stranger(says(409, different)) as office:
        assert village.go(office.url).retried == 1
        assert village.stands(made).reason_key == "relay.conflict_once"
        village.clock.advance(3_600)
        assert village.go(office.url).held == 1
        stands = village.stands(made)
        assert (stands.state, stands.reason_key) == (State.HELD, "relay.conflict")
        assert stands.detail == "exists with different XML"
        village.clock.advance(86_400)
        village.go(office.url, force=True)
        assert len(office.posted) == 2
    with stranger(servers.done) as office:
        outbox.release(village.conn, made.instance_id)
        assert village.go(office.url).sent == 1
    assert village.stands(made).state is State.SENT


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "relay.not_understood"),
        (401, "relay.token_refused"),
        (403, "relay.token_refused"),
        (404, "relay.no_form"),
        (405, "relay.form_inactive"),
        (410, "relay.refused"),
    ],
)
def test_what_the_office_will_always_refuse_is_held_with_a_reason(
    village: Village, status: int, reason: str
) -> None:
    made = village.put()
    with stranger(says(status, ENVELOPE)) as office:
        assert village.go(office.url).held == 1
        village.clock.advance(86_400)
        village.go(office.url, force=True)
    stands = village.stands(made)
    assert (stands.state, stands.reason_key, len(office.posted)) == (State.HELD, reason, 1)
    assert outbox.counts(village.conn) == outbox.Counts(0, 1, 0)


def test_a_413_is_first_tried_file_by_file_and_then_held(village: Village) -> None:
    made = village.put(photos=2)
    with stranger(says(413, b"<html>413</html>")) as office:
        assert village.go(office.url).retried == 1
        village.clock.advance(3_600)
        assert village.go(office.url).held == 1
    assert village.stands(made).reason_key == "relay.too_large"
    assert [_files(request) for request in office.posted] == [3, 1]


def _files(request: Request) -> int:
    return len(re.findall(rb'; name="[^"]+\.enc"', request.body))


def test_a_file_larger_than_the_office_takes_is_held_without_sending_a_byte(village: Village) -> None:
    made = village.put(photo_bytes=50_000)

    def small_door(request: Request) -> None:
        request.reply(204, headers={"X-OpenRosa-Accept-Content-Length": "20000"})

    with stranger(servers.done, door=small_door) as office:
        assert village.go(office.url).held == 1
    stands = village.stands(made)
    assert stands.reason_key == "relay.too_large" and office.posted == []
    # Which one and by how much is for the technician: the name says nothing about anybody.
    assert re.fullmatch(rf"{re.escape(made.files[0][0])}: 5\d+ > 20000", stands.detail)


def test_a_dossier_larger_than_one_request_goes_in_several_of_whole_files_with_the_xml_in_each(
    village: Village,
) -> None:
    made = village.put(photos=3, photo_bytes=50_000)

    def middle_door(request: Request) -> None:
        request.reply(204, headers={"X-OpenRosa-Accept-Content-Length": "60000"})

    with stranger(servers.done, door=middle_door) as office:
        assert village.go(office.url).sent == 1
    assert [_files(request) for request in office.posted] == [2, 1, 1]
    assert all(made.envelope in request.body and len(request.body) <= 60_000 for request in office.posted)


def test_after_a_cut_files_go_one_by_one_and_what_arrived_is_not_sent_again(village: Village) -> None:
    def cut(request: Request) -> None:
        request.read_body(1_000)

    made = village.put(photos=3)
    with stranger(cut, servers.done, servers.done, cut, servers.done) as office:
        assert village.go(office.url).retried == 1
        assert village.stands(made).reason_key == "relay.cut"
        village.clock.advance(60)
        assert village.go(office.url).retried == 1
        village.clock.advance(60)
        assert village.go(office.url).sent == 1
    whole = [request for place, request in enumerate(office.posted) if place not in (0, 3)]
    names = [re.findall(rb'; name="([^"]+\.enc)"', request.body) for request in whole]
    assert [len(one) for one in names] == [1, 1, 1, 1]
    assert sorted(one[0].decode() for one in names) == sorted(name for name, _ in made.files)
    assert village.received == [made.instance_id]


def test_a_cut_without_a_way_any_more_leaves_the_others_at_home_untouched(village: Village) -> None:
    first, second = village.put(), village.put()
    village.clock.advance(1)

    def cut(request: Request) -> None:
        doors.append(says(502))

    doors: list[Behaviour] = []
    with stranger(cut, door=lambda request: (doors or [servers.door_open])[0](request)) as office:
        done = village.go(office.url)
    assert (done.retried, done.uplink) == (1, False)
    assert sorted(village.stands(one).attempts for one in (first, second)) == [0, 1]


def test_a_key_refused_at_the_door_holds_what_is_due_and_lets_it_go_when_the_door_opens(
    village: Village,
) -> None:
    made = village.put()
    with stranger(servers.done, door=says(401)) as office:
        done = village.go(office.url)
        assert (done.held, done.reason_key) == (1, "relay.token_refused")
        assert office.posted == []
        stands = village.stands(made)
        assert (stands.state, stands.reason_key, stands.attempts) == (State.HELD, "relay.token_refused", 0)
        office.door = servers.door_open
        assert village.go(office.url).sent == 1


def test_a_new_key_lets_go_what_the_old_one_could_not_send(village: Village, tmp_path: Path) -> None:
    made = village.put()
    file = tmp_path / "token"

    def knows_new_key(request: Request) -> None:
        request.read_body()
        new = request.headers.get("authorization") == "Bearer " + "n" * 64
        request.reply(201 if new else 403, ENVELOPE)

    with stranger(knows_new_key) as office:
        for token, state in (("o" * 64, State.HELD), ("o" * 64, State.HELD), ("n" * 64, State.SENT)):
            file.write_text(token)
            file.chmod(0o600)
            village.token_file = str(file)
            village.go(office.url)
            assert village.stands(made).state is state
        assert len(office.posted) == 2


def test_an_acknowledged_file_that_is_not_there_is_sent_again(
    village: Village, with_office: servers.Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = village.put(photos=2)
    lost = made.files[0][0]
    take, losses = records.take, []

    def lose_one(conn, sent, xml, files, *more):  # type: ignore[no-untyped-def]
        if not losses:
            losses.append(lost)
            files = {name: content for name, content in files.items() if name != lost}
        return take(conn, sent, xml, files, *more)

    monkeypatch.setattr(records, "take", lose_one)
    assert village.go() == Round(retried=1, uplink=True)
    stands = village.stands(made)
    assert (stands.state, stands.reason_key) == (State.QUEUED, "relay.files_missing")
    assert village.received == []
    village.clock.advance(60)
    assert village.go().sent == 1
    shelf = records.connect(with_office.folder)
    (record,) = records.listing(shelf)
    assert records.content(shelf, record.id)[1] == dict(made.files)
    shelf.close()


def test_a_file_that_never_stays_is_held_for_a_person(village: Village) -> None:
    made = village.put()
    missing = f'[{{"name": "{made.files[0][0]}", "exists": false}}]'.encode()
    with stranger(servers.done, gets=says(200, missing)) as office:
        for _ in range(4):
            assert village.received == []
            village.go(office.url)
            village.clock.advance(3_600)
    stands = village.stands(made)
    assert (stands.state, stands.reason_key, len(office.posted)) == (State.HELD, "relay.files_missing", 4)


NOT_FOUND = says(
    404,
    b'{"message":"Could not find the resource you were looking for.","code":404.1}',
    {"Content-Type": "application/json; charset=utf-8"},
)


def test_a_record_that_is_not_there_after_all_goes_again_whole_and_is_then_held(village: Village) -> None:
    made = village.put(photos=2)
    with stranger(servers.done, gets=NOT_FOUND) as office:
        for tries in range(1, 4):
            assert village.go(office.url) == Round(retried=1, uplink=True)
            stands = village.stands(made)
            assert (stands.state, stands.reason_key) == (State.QUEUED, "relay.not_there")
            assert (len(office.posted), village.received) == (tries, [])
            village.clock.advance(3_600)
        assert village.go(office.url).held == 1
        village.clock.advance(86_400)
        village.go(office.url, force=True)
        assert [_files(request) for request in office.posted] == [3] * 4
    stands = village.stands(made)
    assert (stands.state, stands.reason_key) == (State.HELD, "relay.not_there")
    assert not outbox.withdraw(village.conn, _held_copy(village, NOT_FOUND), village.clock.read())
    with stranger(servers.done, gets=says(200, _there(made))) as office:
        outbox.release(village.conn, made.instance_id)
        assert village.go(office.url).sent == 1
        assert [_files(request) for request in office.posted] == [3]
    assert village.received == [made.instance_id]


def _held_copy(village: Village, gets: Behaviour) -> str:
    """Another dossier that was told done and is not there, for as long as that takes."""
    other = village.put()
    with stranger(servers.done, gets=gets) as office:
        while village.stands(other).state is not State.HELD:
            village.go(office.url)
            village.clock.advance(3_600)
    return other.instance_id


def _there(made: Parcel) -> bytes:
    return json.dumps([{"name": name, "exists": True} for name, _ in made.files]).encode()


def test_a_plain_record_without_files_that_is_not_there_goes_again_too(village: Village) -> None:
    made = plain()
    outbox.add(village.conn, made, moment=village.clock.read())
    with stranger(servers.done, gets=NOT_FOUND) as office:
        assert village.go(office.url).retried == 1
        office.gets = says(200, b"[]")
        village.clock.advance(3_600)
        assert village.go(office.url).sent == 1
        assert len(office.posted) == 2


def test_a_record_that_replaces_another_is_not_looked_for_under_its_own_name(village: Village) -> None:
    made = plain()
    name = b"<orx:instanceID>"
    edit = replace(
        made, envelope=made.envelope.replace(name, b"<orx:deprecatedID>uuid:0</orx:deprecatedID>" + name)
    )
    outbox.add(village.conn, edit, moment=village.clock.read())
    with stranger(servers.done, gets=NOT_FOUND) as office:
        assert village.go(office.url).sent == 1
        assert len(office.posted) == 1


@pytest.mark.parametrize(
    "body", [b"", b"404 page not found", b'{"message":"no Route matched"}', b'{"code":404.1', b"[404.1]"]
)
def test_a_404_of_a_machine_before_the_office_says_nothing_of_the_record(
    village: Village, body: bytes
) -> None:
    made = village.put()
    with stranger(servers.done, gets=says(404, body, {"Content-Type": "application/json"})) as office:
        assert village.go(office.url).sent == 1
    assert village.stands(made).state is State.SENT


def test_the_practice_office_s_lying_201_does_not_make_a_dossier_received(
    village: Village, with_office: servers.Office
) -> None:
    made = village.put(photos=2)
    with closing(records.connect(with_office.folder)) as shelf:
        faults.arm(shelf, Fault("liar_201", times=None))
        for _ in range(3):
            assert village.go() == Round(retried=1, uplink=True)
            village.clock.advance(3_600)
        assert village.go().held == 1
        assert village.stands(made).reason_key == "relay.not_there"
        assert records.listing(shelf) == () and village.received == []
        faults.disarm(shelf)
        faults.arm(shelf, Fault("liar_201"))
        outbox.release(village.conn, made.instance_id)
        assert village.go().retried == 1
        village.clock.advance(3_600)
        assert village.go().sent == 1
        (record,) = records.listing(shelf)
        assert records.content(shelf, record.id) == (made.envelope, dict(made.files))
    assert village.received == [made.instance_id]


def test_an_office_that_lets_nobody_look_is_believed(village: Village) -> None:
    made = village.put()
    with stranger(servers.done, gets=says(403)) as office:
        assert village.go(office.url).sent == 1
    assert village.stands(made).state is State.SENT
    assert inbox.word(village.conn, made.instance_id) is None


def test_a_look_that_is_cut_does_not_send_the_dossier_again(village: Village) -> None:
    made = village.put()
    with stranger(servers.done, gets=says(500)) as office:
        assert village.go(office.url).retried == 1
        office.gets = says(403)
        village.clock.advance(3_600)
        assert village.go(office.url).sent == 1
        assert len(office.posted) == 1
    assert village.received == [made.instance_id]


def test_no_way_at_all_touches_nothing(village: Village) -> None:
    made = village.put()
    done = village.go()
    assert (done.uplink, done.reason_key, done.retried) == (False, "relay.no_route", 0)
    assert village.stands(made).attempts == 0
    first = inbox.uplink(village.conn)
    village.clock.advance(5)
    village.go()
    assert inbox.uplink(village.conn) == first, "the same again is not written at once"
    village.clock.advance(3_600)
    village.go()
    later = inbox.uplink(village.conn)
    assert (later.up, later.since_at) == (False, first.since_at)
    assert (
        later.checked_at is not None and first.checked_at is not None and later.checked_at > first.checked_at
    )


def test_damaged_bytes_are_held_and_not_sent(village: Village) -> None:
    made, good = village.put(), village.put()
    row = village.conn.execute("SELECT id FROM outbox_files WHERE name = ?", (made.files[0][0],)).fetchone()
    with village.conn.blobopen("outbox_files", "content", row[0]) as blob:
        blob[0] = blob[0] ^ 1
    with stranger(servers.done) as office:
        done = village.go(office.url)
    assert (done.held, done.sent, len(office.posted)) == (1, 1, 1)
    assert village.stands(made).reason_key == "relay.bytes_damaged"
    assert village.stands(good).state is State.SENT


def test_a_fault_in_our_own_books_keeps_only_that_dossier_back_and_loses_nothing(
    village: Village, conn: sqlite3.Connection
) -> None:
    bad, good = village.put(), village.put()
    broken = [bad.instance_id]

    def listener(conn: sqlite3.Connection, instance_id: str) -> None:
        if instance_id in broken:
            raise NotReady("base.disk_full")
        village.received.append(instance_id)

    settings = UpstreamSettings(url="", connect_s=2.0, answer_s=3.0)

    def go(url: str) -> Round:
        carrier = OpenRosa(UpstreamSettings(url=url), lambda: False)
        done = courier.round(
            conn,
            carrier,
            village.clock,
            settings=settings,
            on_received=listener,
            on_word=lambda *_: None,
            words_key=WORDS_KEY,
            stop=lambda: False,
        )
        carrier.close()
        return done

    with stranger(servers.done) as office:
        assert go(office.url).sent == 1
        assert (village.received, village.stands(bad).state) == ([good.instance_id], State.QUEUED)
        assert village.stands(bad).reason_key == "relay.house_fault"
        broken.clear()
        village.clock.advance(3_600)
        assert go(office.url).sent == 1
        assert len(office.posted) == 2, "what the office has is not sent again"
    assert village.received == [good.instance_id, bad.instance_id]


def test_a_word_that_could_not_be_written_is_read_again(
    village: Village, with_office: servers.Office
) -> None:
    made = village.put()
    fail = [True]
    real = village.words

    class Stumbling(list[tuple[str, Word]]):
        def append(self, item: tuple[str, Word]) -> None:
            if fail:
                raise NotReady("base.disk_full")
            real.append(item)

    village.words = Stumbling()
    assert village.go().words == 0
    assert inbox.word(village.conn, made.instance_id) is None
    fail.clear()
    village.clock.advance(61)
    assert village.go().words == 1
    assert [word.review_state for _, word in real] == ["received"]


def test_a_courier_who_died_with_a_dossier_in_hand_is_followed_by_one_who_sends_the_same_bytes(
    village: Village, with_office: servers.Office
) -> None:
    made = village.put()

    class Death(BaseException):
        pass

    def die(_conn: sqlite3.Connection, _instance_id: str) -> None:
        raise Death

    real, village.received = village.received, type("Dying", (list,), {"append": lambda *_: die(*_)})()
    with pytest.raises(Death):
        village.go()
    assert village.stands(made).state is State.SENDING
    village.received = real
    assert village.go().sent == 1
    assert village.received == [made.instance_id]
    shelf = records.connect(with_office.folder)
    assert len(records.listing(shelf)) == 1
    shelf.close()


def test_being_told_to_stop_puts_the_dossier_back_due_at_once_and_as_tried(village: Village) -> None:
    made = village.put()
    told: list[bool] = []

    def hold(request: Request) -> None:
        told.append(True)
        office.linger(10)

    with stranger(hold) as office:
        village.go(office.url, stop=lambda: bool(told), answer_s=60.0, idle_s=60.0)
    stands = village.stands(made)
    assert (stands.state, stands.attempts, stands.next_try_at) == (State.QUEUED, 1, None)
    # The office may have had it all: nobody may be told that it never left.
    assert not outbox.withdraw(village.conn, made.instance_id, village.clock.read())


def test_only_one_request_is_in_flight_at_a_time(village: Village) -> None:
    for _ in range(4):
        village.put()
    inside, most = [0], [0]

    def count(request: Request) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        request.read_body()
        inside[0] -= 1
        request.reply(201, ENVELOPE)

    with stranger(count) as office:
        assert village.go(office.url).sent == 4
    assert most == [1]


def test_a_due_round_is_needed_and_an_idle_one_only_to_look_at_the_door(village: Village) -> None:
    settings = UpstreamSettings(states_every_s=60.0)
    assert courier.needed(village.conn, village.clock, settings)
    with db.write(village.conn):
        inbox.note_uplink(village.conn, True, None, village.clock.read(), 60.0)
    assert not courier.needed(village.conn, village.clock, settings)
    village.put()
    assert courier.needed(village.conn, village.clock, settings)


def test_backoff_doubles_and_never_passes_its_most() -> None:
    waits = [courier_hand.backoff(tries, 10, 3_600) for tries in (0, 1, 2, 3, 9, 10, 10_000)]
    assert waits == [10, 10, 20, 40, 2_560, 3_600, 3_600]


def test_times_of_words_are_the_office_s_own(village: Village, with_office: servers.Office) -> None:
    made = village.put()
    village.go()
    shelf = records.connect(with_office.folder)
    (record,) = records.listing(shelf)
    records.comment(shelf, record.id, "Đã xem", "Cán bộ tập dượt")
    written = records.remarks(shelf, record.id, "comment")[0].at
    shelf.close()
    village.go(force=True)
    (said,) = inbox.comments(village.conn, made.instance_id, key=WORDS_KEY)
    assert said.at == written.replace("Z", "000Z") and clocks.parse(said.at)
