"""Drafts: consent first, under the House key, erased on a set day, all told in a log without content."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from hub.base import crypto, ids
from hub.base.errors import Missing, NotReady, Refused
from hub.trades.dossiers import attachments, blanks, drafts, ledger, moving, service
from hub.trades.dossiers.model import Consent, Purpose, What
from tests.trades.dossiers.guide import CONSENT, Guide, photo

_NAME = "Nguyễn Thị Mẫu"


def _whats(guide: Guide, draft_id: str) -> list[What]:
    return [event.what for event in ledger.events(guide.conn, draft_id, tuple(What))]


def _files(database: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(database.parent.glob("house.db*")))


def test_a_draft_begins_with_a_recorded_consent(guide: Guide) -> None:
    draft = guide.start()
    row = guide.conn.execute("SELECT * FROM dossier_consents WHERE draft_id = ?", (draft.id,)).fetchone()
    assert row["purposes"] == "prepare send" and row["read_aloud"] == 1 and row["staff_id"] == 1
    assert (row["how"], row["given_by"], row["notice_version"]) == (
        "spoken",
        "parent",
        CONSENT.notice_version,
    )
    assert row["given_at"] == guide.clock.read().text and row["boot_id"] == guide.clock.boot_id
    assert draft.version == 1 and draft.erase_on == dt.date(2026, 12, 21)


@pytest.mark.parametrize("purposes", [frozenset(), frozenset({Purpose.PREPARE}), frozenset({Purpose.SEND})])
def test_without_consent_to_every_purpose_nothing_is_begun_or_recorded(
    guide: Guide, purposes: frozenset[Purpose]
) -> None:
    refused = Consent(CONSENT.notice_version, "vi", True, CONSENT.how, CONSENT.given_by, purposes)
    with pytest.raises(Refused, match="consent_needed"):
        guide.start(refused)
    for table in ("dossier_consents", "drafts", "dossier_events"):
        assert guide.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0


def test_consent_to_an_older_notice_is_asked_for_again(guide: Guide) -> None:
    old = Consent("2025-01-01", "vi", True, CONSENT.how, CONSENT.given_by, CONSENT.purposes)
    with pytest.raises(Refused, match="consent_old_notice"):
        guide.start(old)


def test_another_procedures_form_is_not_begun_on(guide: Guide, birth_xml: bytes) -> None:
    guide.xml = birth_xml
    with pytest.raises(NotReady, match="wrong_form"):
        guide.start()
    assert guide.conn.execute("SELECT count(*) FROM drafts").fetchone()[0] == 0


def test_the_label_names_the_person_only_for_who_has_the_key(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {"/data/nguoi/ho_ten": _NAME})
    (listed,) = drafts.listing(guide.conn, key=guide.key)
    assert listed.label == f"Mẫu: {_NAME}" and _NAME not in repr(listed)
    with pytest.raises(NotReady, match="not_opened"):
        drafts.listing(guide.conn, key=crypto.new_key())


def test_the_mother_is_shown_while_the_child_has_no_name(midwife: Guide) -> None:
    draft = midwife.start()
    midwife.save(draft.id, "me", {"/data/me/ho_ten": "Giàng Thị Mẫu"})
    assert drafts.told(midwife.conn, draft.id, key=midwife.key).label == "Khai sinh · Giàng Thị Mẫu"


def test_nothing_typed_lies_readable_in_the_database(guide: Guide, database: Path) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {"/data/nguoi/ho_ten": _NAME, "/data/nguoi/so": "001199000000"})
    guide.save(draft.id, "giay", {"/data/giay/co_giay": "co"})
    picture = photo()
    guide.attach(draft.id, "/data/giay/anh", picture)
    held = _files(database)
    for secret in (_NAME.encode(), b"001199000000", picture[200:260]):
        assert secret not in held


def test_rows_exchanged_on_the_card_do_not_open(guide: Guide) -> None:
    one, other = guide.start(), guide.start()
    guide.save(one.id, "nguoi", {"/data/nguoi/ho_ten": _NAME})
    guide.conn.execute(
        "UPDATE drafts SET instance = (SELECT instance FROM drafts WHERE id = ?) WHERE id = ?",
        (one.id, other.id),
    )
    with pytest.raises(NotReady, match="not_opened"):
        guide.look(other.id)


def test_who_opened_what_is_told_once_a_visit(guide: Guide) -> None:
    draft = guide.start()

    def open_as(staff: int) -> None:
        drafts.take_up(guide.conn, draft.id, key=guide.key, staff=staff, moment=guide.clock.read())

    open_as(1)
    assert _whats(guide, draft.id) == [What.STARTED]
    open_as(2)
    open_as(2)
    guide.clock.advance(700)
    open_as(2)
    events = ledger.events(guide.conn, draft.id, (What.OPENED,))
    assert [(event.staff_id, event.detail) for event in events] == [(2, ""), (2, "")]


def test_events_only_grow(guide: Guide) -> None:
    draft = guide.start()
    with pytest.raises(sqlite3.IntegrityError):
        guide.conn.execute("DELETE FROM dossier_events")
    with pytest.raises(sqlite3.IntegrityError):
        guide.conn.execute("UPDATE dossier_events SET staff_id = 9 WHERE draft_id = ?", (draft.id,))


def test_a_draft_may_be_handed_to_another_guide(guide: Guide) -> None:
    draft = guide.start()
    drafts.hand_over(guide.conn, draft.id, 7, staff=1, moment=guide.clock.read())
    assert drafts.told(guide.conn, draft.id, key=guide.key).staff_id == 7
    assert _whats(guide, draft.id)[-1] is What.HANDED_OVER


def test_erasing_leaves_nothing_but_that_there_was_one(guide: Guide, database: Path) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {"/data/nguoi/ho_ten": _NAME, "/data/nguoi/so": "001199000000"})
    guide.save(draft.id, "giay", {"/data/giay/co_giay": "co"})
    guide.attach(draft.id, "/data/giay/anh", photo())
    ciphers = [row[0] for row in guide.conn.execute("SELECT content FROM draft_file_parts")]
    ciphers += [row[0] for row in guide.conn.execute("SELECT instance FROM drafts")]
    assert drafts.erase(guide.conn, draft.id, staff=1, moment=guide.clock.read())
    held = _files(database)
    assert ciphers and not any(cipher[20:60] in held for cipher in ciphers)
    for table in ("drafts", "draft_pages", "draft_files", "draft_file_parts", "dossier_marks"):
        assert guide.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0, table
    assert _whats(guide, draft.id)[-1] is What.ERASED
    with pytest.raises(Missing, match="no_draft"):
        guide.look(draft.id)


def test_a_draft_is_erased_days_after_its_last_change_and_not_a_day_before(guide: Guide) -> None:
    draft = guide.start()
    guide.clock.advance(5 * 86_400)
    guide.save(draft.id, "nguoi", {"/data/nguoi/ho_ten": _NAME})
    guide.clock.advance(29 * 86_400)
    assert service.expire(guide.conn, guide.clock.read()) == 0
    guide.clock.advance(86_400)
    assert service.expire(guide.conn, guide.clock.read()) == 1
    assert _whats(guide, draft.id)[-1] is What.EXPIRED
    assert guide.conn.execute("SELECT count(*) FROM dossier_forms").fetchone()[0] == 0


def test_a_doubtful_clock_erases_nothing(guide: Guide) -> None:
    guide.start()
    guide.clock.advance(400 * 86_400)
    guide.clock.trusted = False
    assert service.expire(guide.conn, guide.clock.read()) == 0
    assert len(drafts.listing(guide.conn, key=guide.key)) == 1


def test_a_doubtful_time_is_put_right_and_the_day_of_erasing_with_it(guide: Guide) -> None:
    guide.clock.trusted = False
    draft = guide.start()
    guide.clock.advance(60)
    # The network tells that a hundred days more have passed than the box knew.
    guide.clock.at += dt.timedelta(days=100)
    guide.clock.trusted = True
    assert service.expire(guide.conn, guide.clock.read()) == 0
    told = drafts.told(guide.conn, draft.id, key=guide.key)
    assert told.updated.trusted and told.updated.at == guide.clock.at - dt.timedelta(seconds=60)
    assert told.erase_on == told.updated.on + dt.timedelta(days=30)
    events = ledger.events(guide.conn, draft.id, tuple(What))
    assert all(event.trusted for event in events)


def test_a_draft_of_a_lagging_clock_is_not_erased_when_the_true_day_comes(guide: Guide) -> None:
    guide.clock.trusted = False
    draft = guide.start()
    guide.clock.reboot()
    guide.clock.advance(60 * 86_400)
    guide.clock.trusted = True
    assert service.expire(guide.conn, guide.clock.read()) == 0
    told = drafts.told(guide.conn, draft.id, key=guide.key)
    assert told.erase_on == guide.clock.read().on + dt.timedelta(days=30) and told.updated.trusted
    guide.clock.advance(29 * 86_400)
    assert service.expire(guide.conn, guide.clock.read()) == 0, "the days are counted anew once only"
    guide.clock.advance(2 * 86_400)
    assert service.expire(guide.conn, guide.clock.read()) == 1


def test_a_doubtful_time_of_an_earlier_boot_stays_doubtful(guide: Guide) -> None:
    guide.clock.trusted = False
    draft = guide.start()
    guide.clock.reboot(trusted=True)
    assert service.settle_doubts(guide.conn, guide.clock.read()) == 0
    assert not drafts.told(guide.conn, draft.id, key=guide.key).updated.trusted


def test_a_draft_stays_on_its_form_when_the_pack_moves_on(guide: Guide, newer_xml: bytes) -> None:
    draft = guide.start()
    assert not moving.newer_form(draft, blanks.digest(guide.xml))
    assert moving.newer_form(draft, blanks.digest(newer_xml))
    guide.xml = newer_xml
    guide.start()
    assert guide.look(draft.id).form.version == "1"


def test_a_new_process_reads_the_kept_form_from_the_database(guide: Guide) -> None:
    draft = guide.start()
    blanks._read.clear()
    assert guide.look(draft.id).form.form_id == "mau"


def test_moving_to_a_newer_form_tells_what_was_lost(guide: Guide, newer_xml: bytes) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {"/data/nguoi/ho_ten": _NAME, "/data/nguoi/noi_o": "Thôn Mẫu"})
    guide.save(draft.id, "giay", {"/data/giay/co_giay": "co"})
    name = guide.attach(draft.id, "/data/giay/anh", photo()).name
    before = guide.version(draft.id)
    moved = moving.move_to_form(
        guide.conn,
        draft.id,
        guide.procedure,
        newer_xml,
        expected_version=before,
        key=guide.key,
        staff=1,
        moment=guide.clock.read(),
    )
    assert {lost.value for lost in moved.lost} == {"Thôn Mẫu", name}
    view = guide.look(draft.id)
    assert view.form.version == "2" and view.draft.version == moved.version == before + 1
    assert view.instance.get("/data/nguoi/ho_ten") == _NAME
    assert attachments.files(guide.conn, draft.id) == ()
    with pytest.raises(Missing):
        view.instance.get("/data/nguoi/noi_o")


def test_all_that_is_held_is_given_to_who_it_belongs_to(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {"/data/nguoi/ho_ten": _NAME})
    guide.save(draft.id, "giay", {"/data/giay/co_giay": "co"})
    picture = photo()
    name = guide.attach(draft.id, "/data/giay/anh", picture).name
    given = attachments.export(guide.conn, draft.id, key=guide.key, staff=1, moment=guide.clock.read())
    assert _NAME.encode() in given.xml and given.files == {name: picture}
    assert _whats(guide, draft.id)[-1] is What.EXPORTED


def test_an_unknown_draft_is_missing_everywhere(guide: Guide) -> None:
    unknown = ids.new_id()
    with pytest.raises(Missing, match="no_draft"):
        guide.save(unknown, "nguoi", {}, expected=1, fields={})
    with pytest.raises(Missing, match="no_draft"):
        guide.attach(unknown, "/data/giay/anh", photo())
    with pytest.raises(Missing, match="no_draft"):
        guide.seal(unknown, expected=1)
    with pytest.raises(Missing, match="no_draft"):
        drafts.erase(guide.conn, unknown, staff=1, moment=guide.clock.read())
