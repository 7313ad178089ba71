"""Whose key a form may carry: nothing new is sealed to before somebody has compared it with the office."""

from __future__ import annotations

import dataclasses
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.base import db, migrate
from hub.base.errors import Conflict, NotReady, Refused
from hub.base.settings import UpstreamSettings
from hub.packs.shelf import Shelf
from hub.post import office_keys
from hub.post.office_keys import Act
from hub.post.transports.blank_forms import Offered
from hub.trades.procedures import added, asides, fetching, form_shelf, offers, reader, trusting
from hub.trades.procedures.fetching import Asking
from hub.trades.procedures.form_shelf import Origin
from tests.fakes import FakeClock
from tests.trades.procedures.offers import InMemory, key, keyed
from tests.trades.procedures.test_added import shelf

__all__ = ["shelf"]
GUIDE = 7


@dataclasses.dataclass
class Desk:
    """A House, an office, and the key that the settings name."""

    conn: sqlite3.Connection
    shelf: Shelf
    clock: FakeClock
    upstream: UpstreamSettings
    office: InMemory = dataclasses.field(default_factory=InMemory)

    def fetch(self) -> dict[str, str]:
        asking = Asking(self.office, self.upstream)  # type: ignore[arg-type]
        return {
            one.form_id: str(one.came) for one in fetching.fetch(self.conn, self.shelf, asking, self.clock)
        }

    def came(self, form_id: str, version: str, public_key: str = "") -> str:
        self.office.offer(form_id, version, public_key)
        return self.fetch()[form_id]

    def in_force(self, form_id: str) -> str | None:
        used = added.in_force(self.conn, self.shelf, form_id)
        return used.version if used else None

    def settle(self, form_id: str, public_key: str, *, trust: bool = True) -> None:
        work = trusting.trust if trust else trusting.refuse
        mark = office_keys.fingerprint(public_key)
        work(self.conn, self.shelf, form_id, mark, staff=GUIDE, moment=self.clock.read())

    def sealing_key(self, form_id: str) -> str:
        carried = added.key_today(self.conn, self.shelf, added.SLUG + form_id)
        return office_keys.to_seal(self.conn, form_id, carried, self.upstream)


@pytest.fixture
def desk(conn: sqlite3.Connection, shelf: Shelf, clock: FakeClock, tmp_path: Path) -> Desk:
    told = tmp_path / "office-key"
    told.write_text(key(1), encoding="ascii")
    return Desk(conn, shelf, clock, UpstreamSettings(public_key_file=str(told)))


def test_a_new_form_comes_in_by_itself_only_under_a_key_that_is_trusted_already(desk: Desk) -> None:
    assert desk.came("a", "1", key(1)) == "taken"
    assert desk.came("b", "1", key(2)) == "waiting"
    assert desk.in_force("a") == "1" and desk.in_force("b") is None
    assert "form-b" not in {one.slug for one in added.all(desk.conn, desk.shelf)}
    desk.settle("b", key(2))
    assert desk.in_force("b") == "1"
    # What was trusted for one form is known to be an office's when another form is seen for the first time.
    assert desk.came("c", "1", key(2)) == "taken"
    assert desk.sealing_key("c") == key(2)


def test_a_swapped_key_waits_aside_and_the_form_before_stays_in_force(desk: Desk) -> None:
    desk.came("a", "1", key(1))
    travelled = desk.office.travelled
    assert desk.came("a", "2", key(2)) == "waiting"
    assert desk.office.travelled == travelled + 1
    assert desk.in_force("a") == "1" and desk.sealing_key("a") == key(1)
    assert not office_keys.trusted_key(desk.conn, "a", key(2))
    (asked,) = trusting.questions(desk.conn, desk.shelf)
    assert (asked.before, asked.after) == (
        office_keys.fingerprint(key(1)),
        office_keys.fingerprint(key(2)),
    )
    assert (asked.in_force, asked.version, asked.source) == ("1", "2", "office.example")
    assert asked.since == desk.clock.read().at and asked.trusted and not asked.refused
    # Asked again, nothing travels and nothing changes.
    assert desk.fetch() == {"a": "waiting"} and desk.office.travelled == travelled + 1
    desk.settle("a", key(2))
    assert desk.in_force("a") == "2" and desk.sealing_key("a") == key(2)
    assert trusting.questions(desk.conn, desk.shelf) == ()
    assert desk.fetch() == {"a": "same"} and desk.office.travelled == travelled + 1


def test_who_trusted_a_key_and_when_is_written_down_for_ever(desk: Desk) -> None:
    desk.came("a", "1", key(1))
    desk.came("a", "2", key(2))
    desk.clock.advance(60)
    desk.settle("a", key(2))
    latest = office_keys.acts(desk.conn, 9)
    assert [(one.act, one.staff_id) for one in latest] == [(Act.TRUSTED, GUIDE), (Act.KNOWN, None)]
    assert latest[0].at == desk.clock.read().text and latest[0].trusted
    for change in ("DELETE FROM office_key_acts", "UPDATE office_key_acts SET staff_id = 1"):
        with pytest.raises(sqlite3.IntegrityError, match="only grow"):
            desk.conn.execute(change)


def test_the_key_before_still_seals_what_was_begun_on_it_but_brings_no_new_version(desk: Desk) -> None:
    desk.came("a", "1", key(1))
    desk.came("a", "2", key(2))
    desk.settle("a", key(2))
    # A draft on version 1 carries its own form, and that names the first key.
    assert office_keys.to_seal(desk.conn, "a", key(1), desk.upstream) == key(1)
    # Rotated back, even to a key of before: somebody must say so.
    assert desk.came("a", "3", key(1)) == "waiting"
    assert desk.in_force("a") == "2"
    desk.settle("a", key(1))
    assert desk.in_force("a") == "3" and desk.sealing_key("a") == key(1)
    assert office_keys.trusted_key(desk.conn, "a", key(2))


def test_a_form_that_suddenly_carries_no_key_is_not_taken_for_an_open_one(desk: Desk) -> None:
    desk.came("a", "1", key(2))
    desk.settle("a", key(2))
    assert desk.came("a", "2") == "waiting"
    assert desk.in_force("a") == "1" and desk.sealing_key("a") == key(2)
    # Whoever asks with a form that lost its key is told no.
    assert not office_keys.trusted_key(desk.conn, "a", "")
    with pytest.raises(NotReady, match="office_keys.not_trusted"):
        office_keys.to_seal(desk.conn, "a", None, desk.upstream)
    desk.settle("a", "")
    assert desk.in_force("a") == "2" and desk.sealing_key("a") == key(1), "the settings' key seals it"


def test_a_refused_key_stays_refused_until_the_office_offers_another(desk: Desk) -> None:
    desk.came("a", "1", key(1))
    desk.came("a", "2", key(2))
    desk.settle("a", key(2), trust=False)
    travelled = desk.office.travelled
    assert desk.fetch() == {"a": "untrusted"} and desk.office.travelled == travelled
    assert desk.came("a", "3", key(2)) == "untrusted", "another version, the same key"
    assert desk.in_force("a") == "1"
    held = desk.conn.execute("SELECT sum(length(xml)) FROM form_asides").fetchone()[0]
    assert held == 0, "nothing of a refused form is kept but its name"
    assert [one.refused for one in trusting.questions(desk.conn, desk.shelf)] == [True]
    assert desk.came("a", "4", key(3)) == "waiting"
    assert desk.came("a", "5", key(1)) == "taken"
    assert desk.in_force("a") == "5" and asides.listing(desk.conn) == ()


def test_a_word_that_is_said_while_the_next_version_travels_holds_for_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk.came("a", "1", key(1)) == "taken"
    assert desk.came("a", "2", key(2)) == "waiting"
    travels = desk.office.xml

    def meanwhile(trust: bool) -> None:
        def xml(offered: Offered) -> bytes:
            desk.settle("a", key(2), trust=trust)
            return travels(offered)

        monkeypatch.setattr(desk.office, "xml", xml)

    meanwhile(trust=False)
    assert desk.came("a", "3", key(2)) == "untrusted"
    monkeypatch.setattr(desk.office, "xml", travels)
    trusting.reconsider(desk.conn, desk.shelf, "a", office_keys.fingerprint(key(2)))
    assert desk.fetch() == {"a": "waiting"}
    meanwhile(trust=True)
    # The key of before goes on travelling for a while; by now it is one of before.
    assert desk.came("a", "4", key(1)) == "waiting"
    assert desk.in_force("a") == "3" and desk.sealing_key("a") == key(2)


def test_a_refusal_can_be_thought_over_and_the_form_travels_again(desk: Desk) -> None:
    desk.came("a", "1", key(1))
    desk.came("a", "2", key(2))
    desk.settle("a", key(2), trust=False)
    with pytest.raises(Conflict, match="office_keys.not_waiting"):
        desk.settle("a", key(2))
    mark = office_keys.fingerprint(key(2))
    trusting.reconsider(desk.conn, desk.shelf, "a", mark)
    assert desk.in_force("a") == "1" and desk.sealing_key("a") == key(1)
    assert desk.fetch() == {"a": "waiting"}
    with pytest.raises(Conflict, match="office_keys.not_waiting"):
        trusting.reconsider(desk.conn, desk.shelf, "a", mark)
    desk.settle("a", key(2))
    assert desk.in_force("a") == "2" and desk.sealing_key("a") == key(2)


def test_a_word_on_a_key_that_changed_meanwhile_changes_nothing(desk: Desk) -> None:
    desk.came("a", "1", key(1))
    desk.came("a", "2", key(2))
    desk.came("a", "3", key(3))
    for trust in (True, False):
        with pytest.raises(Conflict, match="office_keys.not_waiting"):
            desk.settle("a", key(2), trust=trust)
    assert desk.in_force("a") == "1"
    desk.settle("a", key(3))
    with pytest.raises(Conflict, match="office_keys.not_waiting"):
        desk.settle("a", key(3))
    assert desk.in_force("a") == "3"


def test_what_the_office_withdraws_needs_nobodys_word_any_more(desk: Desk) -> None:
    desk.came("a", "1", key(1))
    desk.came("b", "1", key(2))
    del desk.office.forms["b"]
    desk.fetch()
    assert trusting.questions(desk.conn, desk.shelf) == ()


def test_a_keyless_form_takes_the_key_of_the_settings_and_no_other_by_itself(desk: Desk) -> None:
    assert desk.came("a", "1") == "taken" and desk.sealing_key("a") == key(1)
    assert desk.came("a", "2", key(1)) == "taken"
    assert desk.came("b", "1") == "taken"
    assert desk.came("b", "2", key(2)) == "waiting"
    desk.settle("b", key(2))
    # The draft of before had no key in its form and goes as it would have gone.
    assert office_keys.to_seal(desk.conn, "b", None, desk.upstream) == key(1)
    # A key that is trusted for another form is still another key for this one.
    assert desk.came("c", "1") == "taken" and desk.came("c", "2", key(2)) == "waiting"


def test_a_form_put_in_by_hand_brings_its_key_and_the_office_may_not_change_it_unseen(desk: Desk) -> None:
    added.put(
        desk.conn,
        desk.shelf,
        keyed("a", "1", key(2)),
        {},
        origin=Origin.ADDED,
        moment=desk.clock.read(),
    )
    assert desk.sealing_key("a") == key(2)
    assert desk.came("a", "2", key(1)) == "waiting", "not even the settings' key"
    assert added.remove(desk.conn, desk.shelf, "a", desk.clock.read()) is None
    assert office_keys.trusted_key(desk.conn, "a", key(2))


def test_a_key_that_is_none_keeps_the_form_out(desk: Desk) -> None:
    assert desk.came("a", "1", "AAAA") == "refused"
    (one,) = offers.listing(desk.conn)
    assert (one.reason_key, one.values) == ("adding.bad_key", {"form_id": "a"})
    travelled = desk.office.travelled
    assert desk.fetch() == {"a": "refused"} and desk.office.travelled == travelled
    (again,) = offers.listing(desk.conn)
    assert (again.reason_key, again.values) == (one.reason_key, one.values)
    assert desk.came("a", "2", key(1)) == "taken"
    with pytest.raises(Refused, match="office_keys.no_key"):
        office_keys.fingerprint("this is no base64!")


def test_the_packs_first_key_is_trusted_and_a_later_pack_with_another_must_be_compared(desk: Desk) -> None:
    form_id, path = reader.get(desk.shelf, "mau").form_id, desk.shelf.root / "procedures" / "mau" / "form.xml"
    path.write_bytes(keyed(form_id, "5", key(2)))
    with pytest.raises(NotReady, match="office_keys.not_trusted"):
        office_keys.to_seal(desk.conn, form_id, key(2), desk.upstream)
    assert trusting.adopt(desk.conn, desk.shelf, desk.clock.read()) == 1
    assert trusting.adopt(desk.conn, desk.shelf, desk.clock.read()) == 0
    assert office_keys.to_seal(desk.conn, form_id, key(2), desk.upstream) == key(2)
    path.write_bytes(keyed(form_id, "6", key(3)))
    assert trusting.adopt(desk.conn, desk.shelf, desk.clock.read()) == 0
    with pytest.raises(NotReady, match="office_keys.not_trusted"):
        office_keys.to_seal(desk.conn, form_id, key(3), desk.upstream)
    (asked,) = trusting.questions(desk.conn, desk.shelf)
    assert (asked.form_id, asked.since) == (form_id, None)
    desk.settle(form_id, key(3))
    assert office_keys.to_seal(desk.conn, form_id, key(3), desk.upstream) == key(3)
    assert trusting.questions(desk.conn, desk.shelf) == ()


def test_a_pack_that_brings_a_key_where_there_was_none_must_be_compared_and_breaks_no_draft(
    desk: Desk,
) -> None:
    form_id, path = reader.get(desk.shelf, "mau").form_id, desk.shelf.root / "procedures" / "mau" / "form.xml"
    assert trusting.adopt(desk.conn, desk.shelf, desk.clock.read()) == 0
    assert office_keys.listing(desk.conn) == () and office_keys.acts(desk.conn, 9) == ()
    path.write_bytes(keyed(form_id, "6", key(2)))
    for _ in range(2):
        assert trusting.adopt(desk.conn, desk.shelf, desk.clock.read()) == 0
        with pytest.raises(NotReady, match="office_keys.not_trusted"):
            office_keys.to_seal(desk.conn, form_id, key(2), desk.upstream)
    (asked,) = trusting.questions(desk.conn, desk.shelf)
    assert (asked.before, asked.after) == ("", office_keys.fingerprint(key(2)))
    desk.settle(form_id, key(2))
    assert office_keys.to_seal(desk.conn, form_id, key(2), desk.upstream) == key(2)
    # What was begun before goes as it would have gone.
    assert office_keys.to_seal(desk.conn, form_id, None, desk.upstream) == key(1)


def test_a_keyless_form_of_the_pack_may_name_the_settings_key_in_the_offices_version(desk: Desk) -> None:
    form_id = reader.get(desk.shelf, "mau").form_id
    trusting.adopt(desk.conn, desk.shelf, desk.clock.read())
    assert desk.came(form_id, "6", key(1)) == "taken"
    assert desk.came(form_id, "7", key(2)) == "waiting"
    assert office_keys.to_seal(desk.conn, form_id, None, desk.upstream) == key(1)


def test_refusing_the_packs_key_says_nothing_about_the_key_that_the_office_offers(desk: Desk) -> None:
    form_id, path = reader.get(desk.shelf, "mau").form_id, desk.shelf.root / "procedures" / "mau" / "form.xml"
    path.write_bytes(keyed(form_id, "5", key(2)))
    trusting.adopt(desk.conn, desk.shelf, desk.clock.read())
    path.write_bytes(keyed(form_id, "6", key(3)))
    assert desk.came(form_id, "7", key(4)) == "waiting"
    desk.settle(form_id, key(3), trust=False)
    waits = asides.find(desk.conn, form_id)
    assert waits is not None and not waits.refused
    desk.settle(form_id, key(4))
    assert desk.in_force(form_id) == "7"


def test_taking_the_offices_form_out_brings_back_the_pack_with_its_own_key(desk: Desk) -> None:
    form_id = reader.get(desk.shelf, "mau").form_id
    assert desk.came(form_id, "6", key(1)) == "taken"
    assert added.remove(desk.conn, desk.shelf, form_id, desk.clock.read()) == "5"
    assert office_keys.to_seal(desk.conn, form_id, None, desk.upstream) == key(1)
    assert trusting.questions(desk.conn, desk.shelf) == ()


@given(st.binary(min_size=1, max_size=64).map(lambda some: some.hex()))
def test_a_fingerprint_is_read_out_as_six_groups_of_five_digits(seed: str) -> None:
    told = office_keys.spoken(seed)
    groups = told.split(" ")
    assert len(groups) == 6 and all(len(one) == 5 and one.isdigit() for one in groups)
    assert office_keys.spoken(seed[:-1] + ("0" if seed[-1] != "0" else "1")) != told


class Offering(RuleBasedStateMachine):
    """An office that offers anything, and a technician who says yes or no to what is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm")
        root = Path(self.folder.name)
        (root / "pack" / "procedures").mkdir(parents=True)
        (root / "office-key").write_text(key(1), encoding="ascii")
        conn = db.connect(root / "house.db")
        migrate.migrate(conn)
        clock = FakeClock()
        upstream = UpstreamSettings(public_key_file=str(root / "office-key"))
        self.desk = Desk(conn, Shelf("mau", f"none-{root.name}", root / "pack"), clock, upstream)
        self.version = 0
        # What may ever be sealed to: the settings' key, and what somebody said yes to.
        self.allowed: dict[str, set[str]] = {one: {"", key(1)} for one in "ab"}

    def teardown(self) -> None:
        self.desk.conn.close()
        self.folder.cleanup()

    @rule(form_id=st.sampled_from("ab"), number=st.sampled_from((0, 1, 2, 3)))
    def offer(self, form_id: str, number: int) -> None:
        self.version += 1
        public_key = key(number) if number else ""
        came = self.desk.came(form_id, str(self.version), public_key)
        assert came in ("taken", "waiting", "untrusted")
        if came == "taken" and public_key not in self.allowed[form_id]:
            # New to this form, and taken unasked: then it is in use for the other one.
            assert form_shelf.find(self.desk.conn, form_id) is not None
            assert public_key in self.allowed["b" if form_id == "a" else "a"]
            self.allowed[form_id].add(public_key)

    @precondition(lambda self: trusting.questions(self.desk.conn, self.desk.shelf))
    @rule(yes=st.booleans(), data=st.data())
    def settle(self, yes: bool, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(trusting.questions(self.desk.conn, self.desk.shelf)))
        waits = asides.find(self.desk.conn, one.form_id)
        assert waits is not None
        if one.refused:
            trusting.reconsider(self.desk.conn, self.desk.shelf, one.form_id, one.after)
            return
        self.desk.settle(one.form_id, waits.public_key, trust=yes)
        if yes:
            self.allowed[one.form_id].add(waits.public_key)

    @invariant()
    def nothing_is_sealed_to_a_key_that_nobody_trusts(self) -> None:
        for form_id in "ab":
            if form_shelf.find(self.desk.conn, form_id) is not None:
                assert self.desk.sealing_key(form_id) in self.allowed[form_id]
        for one in office_keys.listing(self.desk.conn):
            assert one.public_key in self.allowed[one.form_id]


TestOffering = Offering.TestCase
TestOffering.settings = settings(max_examples=10, stateful_step_count=12, deadline=None)
