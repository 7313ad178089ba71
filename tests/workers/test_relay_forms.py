"""The relay's own errands over the wire: forms down under trusted keys, drafts that keep theirs, reports up."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from hub.base.errors import NotReady
from hub.base.house import House
from hub.forms.unseal import unseal
from hub.packs import shelf
from hub.post import inbox, office_keys, outbox
from hub.post.courier_purse import Open
from hub.post.outbox import State
from hub.post.transports.carrier import CarrierFault
from hub.practice_office import keys, records
from hub.practice_office.forms import register_form
from hub.trades.dossiers import drafts, follow, sealing
from hub.trades.dossiers.model import Draft
from hub.trades.dossiers.model import State as Case
from hub.trades.procedures import added, offers, trusting
from hub.trades.reports import service as reports
from hub.trades.reports.model import Kind
from hub.workers import relay, relay_forms, relay_reports
from tests.fakes import FakeClock
from tests.post.servers import Office, practice_office, stranger, until
from tests.trades.dossiers.guide import CONSENT, KEY
from tests.trades.procedures.offers import key, keyed
from tests.trades.reports.conftest import made, packs

__all__ = ["packs"]
_DAY_S = 86_400.0


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One practice office for all: each test has forms of its own."""
    with practice_office(tmp_path_factory.mktemp("office"), register=False) as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, packs: Path, office: Office, clock: FakeClock) -> House:
    """A House whose settings name the practice office and its key."""
    made_one = made(tmp_path / "data", packs, clock, office.url, office.token_file)
    told = tmp_path / "office-key"
    told.write_text(office.public_key, encoding="ascii")
    upstream = msgspec.structs.replace(made_one.settings.upstream, public_key_file=str(told))
    return dataclasses.replace(
        made_one, settings=msgspec.structs.replace(made_one.settings, upstream=upstream)
    )


@pytest.fixture
def conn(house: House) -> Iterator[sqlite3.Connection]:
    with closing(house.connect()) as conn:
        yield conn


@contextlib.contextmanager
def at_work(house: House) -> Iterator[None]:
    """The relay as a House runs it, until the block ends."""
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=relay.run, args=(house,), kwargs={"stop": stop, "ready": ready.set}, daemon=True
    )
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def carry(house: House) -> None:
    """One round of the relay, now."""
    relay.run(house, stop=threading.Event(), once=True)


def fetch(house: House, conn: sqlite3.Connection) -> None:
    """What the relay's errand does when it is due."""
    relay_forms.Forms(house, conn, lambda: False).run()


def in_force(house: House, conn: sqlite3.Connection, form_id: str) -> str | None:
    used = added.in_force(conn, shelf.current(house.packs), form_id)
    return used.version if used else None


def begin(house: House, conn: sqlite3.Connection, form_id: str) -> Draft:
    """A draft on the form of this moment, with nothing that it asks for."""
    active = shelf.current(house.packs)
    procedure = added.get(conn, active, added.SLUG + form_id)
    blank = added.today(conn, active, procedure.slug)
    return drafts.start(
        conn,
        procedure,
        blank.xml,
        media=blank.media,
        consent=CONSENT,
        staff=1,
        key=KEY,
        moment=house.clock.read(),
        draft_days=30,
    )


def seal(house: House, conn: sqlite3.Connection, draft: Draft) -> str:
    view = drafts.look(conn, draft.id, key=KEY, moment=house.clock.read())
    done = sealing.seal(
        conn,
        draft.id,
        expected_version=view.draft.version,
        key=KEY,
        staff=1,
        moment=house.clock.read(),
        settings=house.settings,
        lang="vi",
    )
    assert done.instance_id == draft.instance_id
    return done.follow_code


def at_office(office: Office, instance_id: str) -> tuple[str, bytes, dict[str, bytes]] | None:
    """Version, XML and files of a record that the office has."""
    with closing(records.connect(office.folder)) as desk:
        for one in records.listing(desk):
            if one.instance_id == instance_id:
                return one.version, *records.content(desk, one.id)
    return None


def test_the_relay_fetches_by_itself_and_again_when_a_technician_asks(
    house: House, conn: sqlite3.Connection, office: Office
) -> None:
    register_form(office.folder, keyed("tu_lay", "1", office.public_key))
    with at_work(house):
        until(lambda: in_force(house, conn, "tu_lay") == "1", 30)
        until(lambda: offers.asked(conn) is not None)
        register_form(office.folder, keyed("tu_lay", "2", office.public_key))
        offers.ask(conn)
        until(lambda: in_force(house, conn, "tu_lay") == "2", 30)
        until(lambda: not offers.wished(conn))
    assert office_keys.in_use(conn, "tu_lay") is not None


def test_a_draft_that_is_open_while_a_new_version_comes_goes_with_the_version_it_was_begun_on(
    house: House, conn: sqlite3.Connection, office: Office
) -> None:
    register_form(office.folder, keyed("do_dang", "1", office.public_key))
    fetch(house, conn)
    draft = begin(house, conn, "do_dang")
    register_form(office.folder, keyed("do_dang", "1[encrypted:aBc&d]", office.public_key))
    fetch(house, conn)
    assert in_force(house, conn, "do_dang") == "1[encrypted:aBc&d]"
    code = seal(house, conn, draft)
    later = begin(house, conn, "do_dang")
    seal(house, conn, later)
    carry(house)
    for one, version in ((draft, "1"), (later, "1[encrypted:aBc&d]")):
        found = at_office(office, one.instance_id)
        assert found is not None and found[0] == version
        opened = unseal(found[1], found[2], keys.private_key(office.folder))
        assert opened.signature_ok and one.instance_id.encode() in opened.submission
    assert follow.follow(conn, code).state is Case.OFFICE_HAS_IT


def test_a_key_change_over_the_wire_stops_nothing_that_is_begun_and_seals_nothing_to_the_new_key(
    house: House, conn: sqlite3.Connection, office: Office
) -> None:
    register_form(office.folder, keyed("doi_khoa", "1", office.public_key))
    fetch(house, conn)
    register_form(office.folder, keyed("doi_khoa", "2", key(5)))
    fetch(house, conn)
    (asked,) = trusting.questions(conn, shelf.current(house.packs))
    assert (asked.form_id, asked.version, asked.in_force) == ("doi_khoa", "2", "1")
    assert asked.source == office.url.removeprefix("http://")
    draft = begin(house, conn, "doi_khoa")
    seal(house, conn, draft)
    carry(house)
    found = at_office(office, draft.instance_id)
    assert found is not None and found[0] == "1"
    assert unseal(found[1], found[2], keys.private_key(office.folder)).signature_ok
    moment = house.clock.read()
    trusting.trust(conn, shelf.current(house.packs), "doi_khoa", asked.after, staff=1, moment=moment)
    assert in_force(house, conn, "doi_khoa") == "2"
    # Rotated back: a word is needed again, and until then the newer one holds.
    register_form(office.folder, keyed("doi_khoa", "3", office.public_key))
    fetch(house, conn)
    assert in_force(house, conn, "doi_khoa") == "2"
    (back,) = trusting.questions(conn, shelf.current(house.packs))
    assert back.after == office_keys.fingerprint(office.public_key)
    # The office drops the key altogether: also not by itself.
    register_form(office.folder, keyed("doi_khoa", "4", ""))
    fetch(house, conn)
    (lost,) = trusting.questions(conn, shelf.current(house.packs))
    assert (lost.after, in_force(house, conn, "doi_khoa")) == ("", "2")


def test_the_word_of_the_office_is_filed_to_the_dossier_with_remarks_from_both_places(
    house: House, conn: sqlite3.Connection, office: Office
) -> None:
    register_form(office.folder, keyed("loi_nhan", "1", office.public_key))
    fetch(house, conn)
    draft = begin(house, conn, "loi_nhan")
    code = seal(house, conn, draft)
    carry(house)
    with closing(records.connect(office.folder)) as desk:
        number = next(one.id for one in records.listing(desk) if one.instance_id == draft.instance_id)
        # A comment changes neither the state nor the ETag of the list.
        records.comment(desk, number, "Xin thêm một bản chụp", "Cán bộ tập dượt")
    carry(house)
    words = inbox.words_key(house.keys)
    assert [one.text for one in inbox.comments(conn, draft.instance_id, key=words)] == [
        "Xin thêm một bản chụp"
    ]
    with closing(records.connect(office.folder)) as desk:
        records.review(desk, number, "hasIssues", "Thiếu trang hai", "Cán bộ tập dượt")
    carry(house)
    assert [one.text for one in inbox.comments(conn, draft.instance_id, key=words)] == [
        "Xin thêm một bản chụp",
        "Thiếu trang hai",
    ]
    assert follow.follow(conn, code).state is Case.NEEDS_CORRECTION


def test_an_allowance_that_is_used_up_leaves_the_list_and_each_form_where_they_are(
    house: House, conn: sqlite3.Connection, office: Office
) -> None:
    class Purse(Open):
        left = 1
        counted = 0

        def may(self, size: int, *, urgent: bool = False) -> str | None:
            self.left -= 1
            return None if self.left >= 0 else "uplink.budget_used"

        def spent(self, sent: int, received: int) -> None:
            self.counted += sent + received

    register_form(office.folder, keyed("tiet_kiem", "1", office.public_key))
    purse = Purse()
    with pytest.raises(NotReady, match="office_keys.some_failed"):
        relay_forms.Forms(house, conn, lambda: False, purse=purse).run()
    assert in_force(house, conn, "tiet_kiem") is None
    offer = offers.offered(conn, "tiet_kiem")
    assert offer is not None and (offer.came, offer.reason_key) == ("failed", "uplink.budget_used")
    assert purse.counted > 200
    # It is asked for again without waiting for hours.
    errand = relay_forms.Forms(house, conn, lambda: False, purse=purse)
    purse.left = 100
    assert errand.due()
    errand.run()
    assert in_force(house, conn, "tiet_kiem") == "1"
    assert not relay_forms.Forms(house, conn, lambda: False, purse=purse).due()


def test_no_list_of_files_is_asked_for_when_the_allowance_is_used_up(
    house: House, conn: sqlite3.Connection
) -> None:
    class Purse(Open):
        left = 1

        def may(self, size: int, *, urgent: bool = False) -> str | None:
            self.left -= 1
            return None if self.left >= 0 else "uplink.budget_used"

    with stranger() as office:
        one = (
            "<xform><formID>a</formID><version>1</version><hash>md5:{0}</hash><downloadUrl>{1}/a</downloadUrl>"
            "<manifestUrl>{1}/manifest</manifestUrl></xform>"
        ).format("0" * 32, office.url)
        told = f'<xforms xmlns="http://openrosa.org/xforms/xformsList">{one}</xforms>'.encode()
        office.gets = lambda request: request.reply(200, told, {"X-OpenRosa-Version": "1.0"})
        upstream = msgspec.structs.replace(house.settings.upstream, url=office.url)
        settings = msgspec.structs.replace(house.settings, upstream=upstream)
        errand = relay_forms.Forms(
            dataclasses.replace(house, settings=settings), conn, lambda: False, purse=Purse()
        )
        with pytest.raises(NotReady, match="office_keys.some_failed"):
            errand.run()
    assert [request.path.rpartition("/")[2] for request in office.seen] == ["formList"]


def test_a_list_that_does_not_come_is_asked_for_again_and_one_that_came_is_left_for_hours(
    house: House, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    with stranger() as portal:
        portal.gets = lambda request: request.reply(200, b"<html>please sign in</html>")
        upstream = msgspec.structs.replace(house.settings.upstream, url=portal.url)
        settings = msgspec.structs.replace(house.settings, upstream=upstream)
        lost = relay_forms.Forms(dataclasses.replace(house, settings=settings), conn, lambda: False)
        with pytest.raises(CarrierFault, match="relay.portal"):
            lost.run()
    asked = offers.asked(conn)
    assert asked is not None and asked.reason_key == "relay.portal"
    fetch(house, conn)
    assert not relay_forms.Forms(house, conn, lambda: False).due()
    clock.advance(house.settings.upstream.forms_every_s - 1)
    assert not relay_forms.Forms(house, conn, lambda: False).due()
    clock.advance(2)
    assert relay_forms.Forms(house, conn, lambda: False).due()
    # A clock that was put back keeps nothing away.
    fetch(house, conn)
    clock.advance(-10 * _DAY_S)
    assert relay_forms.Forms(house, conn, lambda: False).due()


def test_a_month_of_reports_with_gaps_arrives_as_it_was_written_and_no_day_is_made_up(
    house: House, conn: sqlite3.Connection, office: Office, clock: FakeClock
) -> None:
    off = {3, 4, 11, 20, 21, 22}
    sent: dict[str, bytes] = {}

    def day() -> None:
        relay_reports.Reports(house, conn, settle_s=0.0).run()
        rows = conn.execute("SELECT instance_id, envelope FROM outbox WHERE kind = 'report'").fetchall()
        sent.update((row[0], bytes(row[1])) for row in rows if row[1])

    # Nobody has given the form to the office yet: reports are held, and nothing else is.
    day()
    carry(house)
    (told,) = reports.listing(conn, Kind.DAILY, 9)
    assert (told.state, told.reason_key) == (State.HELD, "relay.no_form")
    assert outbox.counts(conn).held == 0 and inbox.uplink(conn).up is True
    active = shelf.current(house.packs)
    for kind in Kind:
        register_form(office.folder, reports.form_xml(active, kind))
    for number in range(1, 30):
        clock.advance(_DAY_S)
        clock.reboot()
        if number in off:
            continue
        day()
        if number % 4 == 0:
            carry(house)
    clock.advance(_DAY_S)
    day()
    carry(house)
    found = reports.listing(conn, Kind.DAILY, 99)
    assert len(found) == 31 - len(off)
    assert {one.state for one in found if one.sent_at} == {State.SENT}
    assert all(one.sent_at for one in found), [one for one in found if not one.sent_at]
    for instance_id, xml in sent.items():
        arrived = at_office(office, instance_id)
        assert arrived is not None and arrived[1] == xml
    with closing(records.connect(office.folder)) as desk:
        there = [one.instance_id for one in records.listing(desk, "house_daily")]
    assert len(there) == len(set(there)) == len(found)
    # Nobody asks the office what it thinks of a report.
    assert conn.execute("SELECT count(*) FROM inbox").fetchone()[0] == 0
    fetch(house, conn)
    assert {one.form_id: one.came for one in offers.listing(conn)}["house_daily"] == "ours"
    assert in_force(house, conn, "house_daily") is None


def test_the_relay_writes_and_sends_todays_report_once_however_often_it_starts(
    house: House, conn: sqlite3.Connection, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_reports, "SETTLE_S", 0.0)
    active = shelf.current(house.packs)
    for kind in Kind:
        register_form(office.folder, reports.form_xml(active, kind))
    for _ in range(2):
        with at_work(house):
            until(
                lambda: {one.state for one in reports.listing(conn, Kind.DAILY, 9)} == {State.SENT},
                30,
            )
    (told,) = reports.listing(conn, Kind.DAILY, 9)
    with closing(records.connect(office.folder)) as desk:
        found = records.find(desk, Kind.DAILY.form_id, told.instance_id)
    assert found is not None
    # The officer reads it beside its questions.
    page = urllib.request.urlopen(f"{office.url}/dossiers/{found.id}", timeout=20).read().decode()
    assert "Chỗ trống trên thẻ nhớ (MB)" in page and house.settings.house.name in page
