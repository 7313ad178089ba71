"""A household's record: only with consent, under the House key, gone when it should be."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.base import crypto, db
from hub.base.errors import Conflict, Missing, NotReady, Refused
from hub.trades.people import facts, members, service, store, visits
from hub.trades.people.model import (
    NOTICE_VERSION,
    AlreadyKept,
    Consent,
    GivenBy,
    HouseholdId,
    How,
    MemberId,
    Purpose,
    What,
)
from tests.fakes import FakeClock

KEY = bytes(range(32))
CONSENT = Consent(NOTICE_VERSION, "vi", How.SPOKEN, GivenBy.HEAD, frozenset({Purpose.KEEP_FACTS}))
EVERYTHING = dataclasses.replace(CONSENT, purposes=frozenset(Purpose))
MOTHER = {
    "full_name": "Nguyễn Thị Mẫu",
    "number": "001199000000",
    "old_number": "011900000",
    "born_on": "1999-09-02",
    "residence": "Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu",
}
SON = {"full_name": "Lý A Mẫu", "born_year": "2019"}


class Family:
    """A guide's calls on one database."""

    def __init__(self, conn: sqlite3.Connection, clock: FakeClock) -> None:
        self.conn, self.clock = conn, clock

    def _now(self) -> dict[str, Any]:
        return {"key": KEY, "staff": 1, "moment": self.clock.read()}

    def start(self, consent: Consent = CONSENT, label: str = "Nhà số 12, xóm Trên") -> HouseholdId:
        return service.start(self.conn, label, "0912 000 000", consent=consent, **self._now(), keep_days=365)

    def add(self, household: str, told: Mapping[str, str] = MOTHER) -> MemberId:
        return members.add(self.conn, household, told, **self._now())

    def remember(self, household: str, told: Mapping[str, str]) -> MemberId:
        return members.remember(self.conn, household, told, **self._now())

    def look(self, household: str) -> service.Household:
        return service.look(self.conn, household, key=KEY)

    def whats(self, household: str) -> list[What]:
        return [event.what for event in service.events(self.conn, household)]


@pytest.fixture
def family(conn: sqlite3.Connection, clock: FakeClock) -> Family:
    return Family(conn, clock)


def test_without_consent_there_is_no_record(family: Family) -> None:
    with pytest.raises(Refused, match="consent_needed"):
        family.start(dataclasses.replace(CONSENT, purposes=frozenset({Purpose.KEEP_ETHNICITY})))
    with pytest.raises(Refused, match="consent_old_notice"):
        family.start(dataclasses.replace(CONSENT, notice_version="2025-01-01"))
    for table in ("households", "household_consents", "household_events"):
        assert family.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0


def test_a_record_gives_back_what_was_told(family: Family) -> None:
    home = family.start()
    family.add(home)
    family.add(home, SON)
    found = family.look(home)
    assert (found.label, found.phone) == ("Nhà số 12, xóm Trên", "0912 000 000")
    assert [dict(one.facts) for one in found.members] == [MOTHER, SON]
    assert family.whats(home) == [What.CONSENTED, What.MEMBER_ADDED, What.MEMBER_ADDED]
    assert service.agreed(family.conn, home).consent == CONSENT


def test_nothing_of_a_family_lies_in_clear(family: Family, database: Path) -> None:
    home = family.start(EVERYTHING)
    family.add(home, {**MOTHER, "ethnicity": "Mông", "bank_account": "1903000000"})
    held = b"".join(path.read_bytes() for path in database.parent.glob("house.db*"))
    for word in (
        "Nguyễn Thị Mẫu",
        "001199000000",
        "1999-09-02",
        "xóm Trên",
        "0912 000 000",
        "Mông",
        "1903000",
    ):
        assert word.encode() not in held, word
    assert "Mẫu" not in repr(family.look(home)) + repr(family.look(home).members)


def test_what_is_delicate_is_kept_only_when_agreed_to_by_itself(family: Family) -> None:
    told = {**MOTHER, "ethnicity": "Mông", "bank_account": "1903000000"}
    home = family.start()
    family.add(home, told)
    assert set(family.look(home).members[0].facts) == set(MOTHER)


def test_a_narrower_consent_erases_what_it_no_longer_covers(family: Family) -> None:
    home = family.start(EVERYTHING)
    family.add(home, {**MOTHER, "ethnicity": "Mông", "bank_account": "1903000000"})
    narrower = dataclasses.replace(
        CONSENT, purposes=frozenset({Purpose.KEEP_FACTS, Purpose.KEEP_BANK_ACCOUNT})
    )
    service.consent_again(family.conn, home, narrower, **family._now())
    assert set(family.look(home).members[0].facts) == {*MOTHER, "bank_account"}
    assert service.agreed(family.conn, home).consent.purposes == narrower.purposes


def test_less_may_be_agreed_to_under_the_notice_of_then_and_more_only_under_todays(family: Family) -> None:
    home = family.start(EVERYTHING)
    then = dataclasses.replace(EVERYTHING, notice_version="2025-01-01")
    with db.write(family.conn):
        store.add_consent(family.conn, home, then, 1, family.clock.read())
    less = dataclasses.replace(then, purposes=frozenset({Purpose.KEEP_FACTS}))
    service.consent_again(family.conn, home, less, **family._now())
    assert service.agreed(family.conn, home).consent == less
    for refused, key in (
        (then, "consent_old_notice"),
        (less, "consent_old_notice"),
        (dataclasses.replace(less, purposes=frozenset()), "consent_needed"),
    ):
        with pytest.raises(Refused, match=key):
            service.consent_again(family.conn, home, refused, **family._now())


def test_withdrawing_consent_erases_at_once_to_the_last_page(family: Family, database: Path) -> None:
    home = family.start()
    family.add(home)
    sealed = bytes(family.conn.execute("SELECT facts FROM household_members").fetchone()[0])
    assert service.withdraw(family.conn, home, staff=1, moment=family.clock.read())
    with pytest.raises(Missing):
        family.look(home)
    held = b"".join(path.read_bytes() for path in database.parent.glob("house.db*"))
    assert sealed[:40] not in held
    for table in ("households", "household_members", "household_marks"):
        assert family.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0
    assert family.whats(home)[-1] is What.WITHDRAWN


def test_nobody_is_kept_twice(family: Family) -> None:
    home, other = family.start(), family.start()
    mother = family.add(home)
    with pytest.raises(AlreadyKept) as told:
        family.add(other, {"full_name": "Ai đó", "number": "001199000000"})
    assert (told.value.household_id, told.value.member_id) == (home, mother)
    with pytest.raises(AlreadyKept):
        # The old number of the same person.
        family.add(other, {"full_name": "Ai đó", "number": "011900000"})
    assert family.look(other).members == ()


def test_an_old_number_of_zeros_is_nobodys(family: Family) -> None:
    home = family.start()
    family.add(home, {**MOTHER, "old_number": "000000000"})
    family.add(home, {"full_name": "Ai đó", "number": "010082000000", "old_number": "000000000"})
    assert len(family.look(home).members) == 2


def test_a_dossier_lays_news_over_what_is_known(family: Family) -> None:
    home = family.start()
    mother = family.add(home)
    again = family.remember(
        home, {"full_name": "Nguyễn Thị Mẫu", "number": "001199000000", "phone": "0912000000"}
    )
    assert again == mother
    assert family.look(home).members[0].facts == {**MOTHER, "phone": "0912000000"}


def test_a_child_without_a_number_is_known_by_name_and_birth(family: Family) -> None:
    home = family.start()
    son = family.add(home, SON)
    assert family.remember(home, {**SON, "number": "010219000000"}) == son
    twin = family.remember(home, {"full_name": "Lý A Mẫu", "born_year": "2021"})
    assert twin != son and len(family.look(home).members) == 2


def test_somebody_of_another_household_is_not_taken_over(family: Family) -> None:
    home, other = family.start(), family.start()
    family.add(home)
    with pytest.raises(AlreadyKept):
        family.remember(other, MOTHER)


def test_a_correction_over_an_old_page_changes_nothing(family: Family) -> None:
    home = family.start()
    mother = family.add(home)

    def correct(told: Mapping[str, str], version: int) -> None:
        members.correct(family.conn, home, mother, told, expected_version=version, **family._now())

    correct({**MOTHER, "phone": "0912000000"}, 1)
    with pytest.raises(Conflict, match="changed_meanwhile"):
        correct(MOTHER, 1)
    with pytest.raises(Refused, match="name_needed"):
        correct({**MOTHER, "full_name": "  "}, 2)
    assert family.look(home).members[0].facts["phone"] == "0912000000"


def test_a_removed_person_can_be_kept_elsewhere(family: Family) -> None:
    home, other = family.start(), family.start()
    mother = family.add(home)
    members.remove(family.conn, home, mother, **family._now())
    assert family.look(home).members == ()
    family.add(other)


def test_a_record_opens_only_with_its_key_and_in_its_place(family: Family) -> None:
    home, other = family.start(), family.start()
    family.add(home)
    family.add(other, SON)
    with pytest.raises(NotReady, match="not_opened"):
        service.look(family.conn, home, key=crypto.new_key())
    with db.write(family.conn):
        family.conn.execute(
            "UPDATE household_members SET facts = (SELECT facts FROM household_members WHERE household_id = ?)"
            " WHERE household_id = ?",
            (home, other),
        )
    with pytest.raises(NotReady, match="not_opened"):
        family.look(other)


def test_search_finds_with_and_without_accents_and_lists_by_given_name(family: Family) -> None:
    first = family.start(label="Nhà bà Then")
    family.add(first, {"full_name": "Giàng Thị Súa"})
    second = family.start(label="Nhà số 3")
    family.add(second, {"full_name": "Lý Văn Bảo", "phone": "0987 000 000"})
    third = family.start(label="Nhà A'Mẫu")
    family.add(third, {"full_name": "A'Mẫu"})

    def found(query: str) -> list[str]:
        return [one.id for one in service.search(family.conn, query, key=KEY)]

    assert found("") == [third, second, first]
    assert found("sua") == found("Súa") == [first]
    assert found("bao") == [second] and found("nha so 3") == [second]
    assert found("a'mau") == found("A’Mẫu") == [third]
    assert found("0987000000") == [second] and found("0987") == []
    assert found("ua") == []


def test_opening_is_written_down_once_a_visit_and_keeps_the_record(family: Family) -> None:
    home = family.start()
    family.clock.advance(700)
    for _ in range(3):
        service.take_up(family.conn, home, **family._now())
    assert family.whats(home) == [What.CONSENTED, What.OPENED]
    family.clock.advance(86_400 * 30)
    found = service.take_up(family.conn, home, **family._now())
    assert found.erase_on == dt.date(2027, 12, 21)


def test_an_unused_record_goes_on_its_day_and_not_before(family: Family) -> None:
    home = family.start()
    family.add(home)
    family.clock.advance(86_400 * 364)
    assert service.expire(family.conn, family.clock.read()) == 0
    family.clock.advance(86_400)
    assert service.expire(family.conn, dataclasses.replace(family.clock.read(), trusted=False)) == 0
    assert service.expire(family.conn, family.clock.read()) == 1
    with pytest.raises(Missing):
        family.look(home)
    assert family.whats(home)[-1] is What.EXPIRED


def test_a_record_of_a_lagging_clock_of_an_earlier_boot_is_not_erased_at_once(family: Family) -> None:
    family.clock.reboot(at="2026-01-01T01:30:00.000000Z", trusted=False)
    home = family.start()
    family.clock.reboot(at="2027-06-01T01:30:00.000000Z", trusted=True)
    assert service.expire(family.conn, family.clock.read()) == 0
    assert family.look(home).erase_on == dt.date(2028, 5, 31)


def test_a_record_begun_by_a_wrong_clock_gets_its_whole_time(family: Family) -> None:
    family.clock.reboot(at="2026-01-01T01:30:00.000000Z", trusted=False)
    home = family.start()
    family.clock.at = dt.datetime(2027, 6, 1, tzinfo=dt.UTC)
    family.clock.trusted = True
    family.clock.mono += 60
    assert service.expire(family.conn, family.clock.read()) == 0
    assert family.look(home).erase_on == dt.date(2028, 5, 31)


def test_events_only_grow(family: Family) -> None:
    home = family.start()
    for statement in ("DELETE FROM household_events", "UPDATE household_events SET what = 'erased'"):
        with pytest.raises(sqlite3.IntegrityError), db.write(family.conn):
            family.conn.execute(statement)
    assert family.whats(home) == [What.CONSENTED]


def test_help_on_paper_is_counted_by_day_without_a_name(family: Family) -> None:
    now = family.clock.read()
    for _ in range(2):
        visits.count(family.conn, visits.Help.ON_PAPER, "tam-tru", moment=now)
    family.clock.advance(86_400)
    visits.count(family.conn, visits.Help.ON_PAPER, "tam-tru", moment=family.clock.read())
    day = dt.date(2026, 11, 21)
    assert visits.counted(family.conn, visits.Help.ON_PAPER, day, day) == 2
    assert visits.counted(family.conn, visits.Help.ON_PAPER, day, dt.date(2026, 11, 30)) == 3


def test_no_copy_of_the_database_holds_a_record(family: Family) -> None:
    left_out = {row[0] for row in family.conn.execute("SELECT name FROM left_out_of_copies")}
    assert "households" in left_out
    home = family.start()
    family.add(home)
    with db.write(family.conn):
        family.conn.execute("DELETE FROM households")
    assert store.all_members(family.conn) == []


_name = st.text(min_size=1, max_size=40).filter(lambda text: bool(facts.clean({"full_name": text})))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    told=st.dictionaries(st.sampled_from(sorted(MOTHER)), st.text(max_size=60)),
    name=_name,
    purposes=st.sets(st.sampled_from(Purpose)),
)
def test_whatever_is_told_comes_back_tidied_and_never_more_than_agreed(
    family: Family, told: dict[str, str], name: str, purposes: set[Purpose]
) -> None:
    consent = dataclasses.replace(CONSENT, purposes=frozenset({Purpose.KEEP_FACTS, *purposes}))
    whole = {**told, "number": "", "old_number": "", "full_name": name, "ethnicity": "Mông"}
    home = family.start(consent)
    family.add(home, whole)
    kept = dict(family.look(home).members[0].facts)
    assert ("ethnicity" in kept) == (Purpose.KEEP_ETHNICITY in purposes)
    expected = facts.clean(whole)
    assert kept == {name: value for name, value in expected.items() if name != "ethnicity" or name in kept}
