"""After the office has spoken: done again as a new dossier, invited to come, and erased when it is over."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from devices import slip as slips
from hub.base import db
from hub.base.errors import Conflict, Missing, Refused
from hub.forms.unseal import unseal
from hub.post import inbox, jobs, leases, outbox
from hub.post.inbox import Case, Comment
from hub.trades.dossiers import (
    appointments,
    corrections,
    drafts,
    ending,
    follow,
    ledger,
    marks,
    redoing,
    sealing,
    service,
)
from hub.trades.dossiers.model import Appointment, Draft, Longer, Overrule, Sealed, State, What, Why
from tests.trades.dossiers.guide import CARD, Guide

KEY = bytes(range(32, 64))
_NAME = "/data/nguoi/ho_ten"
_DAY = 86_400


def _seal(guide: Guide) -> Sealed:
    draft = guide.start()
    guide.scan(draft.id, "chinh", CARD)
    return guide.seal(draft.id)


def _arrive(guide: Guide, sealed: Sealed) -> None:
    now = guide.clock.read()
    row = guide.conn.execute("SELECT id FROM outbox WHERE instance_id = ?", (sealed.instance_id,)).fetchone()
    assert leases.take(guide.conn, row["id"]) is not None
    with db.write(guide.conn):
        leases.sent(guide.conn, row["id"], now)
        inbox.expect(guide.conn, sealed.instance_id, "mau", now)
        service.office_has_it(guide.conn, sealed.instance_id, now)


def _say(guide: Guide, sealed: Sealed, state: str, words: str = "") -> None:
    now = guide.clock.read()
    with db.write(guide.conn):
        inbox.note_state(guide.conn, sealed.instance_id, state, now)
        told = [Comment(words, now.text, "Cán bộ Mẫu")] if words else []
        inbox.note_remarks(
            guide.conn, Case(sealed.instance_id, "", ""), comments=(told, ""), notes=None, key=KEY, now=now
        )
        word = inbox.word(guide.conn, sealed.instance_id)
        assert word is not None
        service.office_says(guide.conn, sealed.instance_id, word, now)


@pytest.fixture
def returned(guide: Guide) -> Sealed:
    """A dossier that the office sent back."""
    sealed = _seal(guide)
    _arrive(guide, sealed)
    _say(guide, sealed, "hasIssues", "Chị Mẫu ơi, ảnh mờ.")
    return sealed


def _begin_again(guide: Guide, old: Sealed) -> Draft:
    with db.write(guide.conn):
        draft = guide.start()
        redoing.link(guide.conn, draft.id, old.follow_code)
    return draft


def _again(guide: Guide, old: Sealed) -> Sealed:
    draft = _begin_again(guide, old)
    guide.scan(draft.id, "chinh", CARD)
    return guide.seal(draft.id)


def test_what_was_sent_back_is_done_again_as_a_new_dossier_that_names_the_old(
    guide: Guide, returned: Sealed, office: rsa.RSAPrivateKey
) -> None:
    before = outbox.state(guide.conn, returned.instance_id)
    again = _again(guide, returned)
    assert again.instance_id != returned.instance_id and again.follow_code != returned.follow_code
    assert outbox.state(guide.conn, returned.instance_id) == before, "what was sent is never edited"
    parcel = outbox.state(guide.conn, again.instance_id)
    assert returned.follow_code in parcel.label
    row = guide.conn.execute(
        "SELECT id, envelope FROM outbox WHERE instance_id = ?", (again.instance_id,)
    ).fetchone()
    files = guide.conn.execute("SELECT name, content FROM outbox_files WHERE outbox_id = ?", (row["id"],))
    opened = unseal(bytes(row["envelope"]), {one["name"]: bytes(one["content"]) for one in files}, office)
    assert opened.signature_ok and b"deprecatedID" not in opened.submission + bytes(row["envelope"])
    (receipt,) = jobs.for_subject(guide.conn, sealing.subject(again.instance_id))
    assert returned.follow_code in slips.as_text(jobs.slip(guide.conn, receipt.id))


def test_old_and_new_lead_to_each_other(guide: Guide, returned: Sealed) -> None:
    again = _again(guide, returned)
    old, new = (follow.follow(guide.conn, one.follow_code) for one in (returned, again))
    assert (old.state, old.redone_as, old.corrects) == (State.DONE_AGAIN, again.follow_code, None)
    assert (new.state, new.redone_as, new.corrects) == (State.KEPT, None, returned.follow_code)
    assert (old.events[-1].what, old.events[-1].detail) == (What.DONE_AGAIN, again.follow_code)


def test_the_same_person_done_again_is_no_second_dossier(guide: Guide, returned: Sealed) -> None:
    draft = _begin_again(guide, returned)
    guide.scan(draft.id, "chinh", CARD)
    assert marks.twins(guide.conn, draft.id) == ()
    guide.seal(draft.id)
    (told,) = ledger.events(guide.conn, draft.id, (What.OVERRULED,))
    assert told.detail == Overrule.CORRECTION
    third = guide.start()
    guide.scan(third.id, "chinh", CARD)
    assert {one.follow_code for one in marks.twins(guide.conn, third.id)} >= {returned.follow_code}


def test_a_dossier_may_be_done_again_and_again(guide: Guide, returned: Sealed) -> None:
    second = _again(guide, returned)
    _arrive(guide, second)
    _say(guide, second, "rejected")
    draft = _begin_again(guide, second)
    guide.scan(draft.id, "chinh", CARD)
    assert marks.twins(guide.conn, draft.id) == (), "neither the second nor the first is a stranger"
    third = guide.seal(draft.id)
    found = [follow.follow(guide.conn, one.follow_code) for one in (returned, second, third)]
    assert [one.redone_as for one in found] == [second.follow_code, third.follow_code, None]


def test_a_case_is_counted_once_however_often_it_was_sent(guide: Guide, returned: Sealed) -> None:
    assert follow.cases_at_office(guide.conn) == 1
    again = _again(guide, returned)
    assert follow.cases_at_office(guide.conn) == 1
    _arrive(guide, again)
    assert outbox.counts(guide.conn).sent == 2 and follow.cases_at_office(guide.conn) == 1


def test_two_guides_do_not_do_the_same_dossier_again(guide: Guide, returned: Sealed) -> None:
    draft = _begin_again(guide, returned)
    assert redoing.look(guide.conn, returned.follow_code).draft_id == draft.id
    before = len(drafts.listing(guide.conn, key=guide.key))
    with pytest.raises(Conflict, match="being_done_again"):
        _begin_again(guide, returned)
    assert len(drafts.listing(guide.conn, key=guide.key)) == before, "the second draft was not begun"


def test_an_erased_draft_stands_in_nobodys_place(guide: Guide, returned: Sealed) -> None:
    draft = _begin_again(guide, returned)
    drafts.erase(guide.conn, draft.id, staff=1, moment=guide.clock.read())
    assert redoing.look(guide.conn, returned.follow_code).draft_id is None
    assert follow.follow(guide.conn, returned.follow_code).state is State.NEEDS_CORRECTION
    assert _again(guide, returned).follow_code


def test_only_what_the_office_sent_back_is_done_again(guide: Guide) -> None:
    sealed = _seal(guide)
    for step in (lambda: None, lambda: _arrive(guide, sealed), lambda: _say(guide, sealed, "approved")):
        step()
        with pytest.raises(Refused, match="not_sent_back"):
            redoing.look(guide.conn, sealed.follow_code)


def test_what_was_done_again_leads_to_the_new_code(guide: Guide, returned: Sealed) -> None:
    again = _again(guide, returned)
    with pytest.raises(Refused, match="done_again") as told:
        redoing.look(guide.conn, returned.follow_code)
    assert told.value.values["code"] == again.follow_code


def test_another_procedure_does_not_stand_in_its_place(guide: Guide, returned: Sealed) -> None:
    draft = guide.start()
    guide.conn.execute("UPDATE drafts SET procedure = 'khac' WHERE id = ?", (draft.id,))
    with pytest.raises(Refused, match="other_procedure"):
        redoing.link(guide.conn, draft.id, returned.follow_code)
    assert corrections.open_draft(guide.conn, returned.instance_id) is None


# Invitations.


def _invite(guide: Guide, sealed: Sealed, **but: object) -> int:
    given: dict[str, object] = {
        "why": Why.CORRECTION,
        "meet_on": dt.date(2026, 12, 2),
        "hour": "08:30",
        "place": "Nhà văn hóa thôn Mẫu",
        "bring": "Căn cước bản gốc",
    } | but
    return appointments.make(
        guide.conn,
        sealed.follow_code,
        **given,  # type: ignore[arg-type]
        staff=guide.staff,
        moment=guide.clock.read(),
        settings=guide.settings,
        lang="vi",
    )


def test_an_invitation_is_printed_and_shown_to_who_has_the_code(guide: Guide, returned: Sealed) -> None:
    job = _invite(guide, returned)
    text = slips.as_text(jobs.slip(guide.conn, job))
    for words in ("02/12/2026", "08:30", "Nhà văn hóa thôn Mẫu", "Căn cước bản gốc", returned.follow_code):
        assert words in text
    found = follow.follow(guide.conn, returned.follow_code)
    assert found.appointment == Appointment(
        Why.CORRECTION, dt.date(2026, 12, 2), "08:30", "Nhà văn hóa thôn Mẫu", "Căn cước bản gốc"
    )
    assert (found.events[-1].what, found.events[-1].detail) == (What.INVITED, "2026-12-02")


def test_a_new_invitation_takes_the_place_of_the_old_and_of_its_paper(guide: Guide, returned: Sealed) -> None:
    first = _invite(guide, returned)
    second = _invite(guide, returned, meet_on=dt.date(2026, 12, 9), hour="")
    assert jobs.get(guide.conn, first).state is jobs.State.CANCELLED
    assert jobs.get(guide.conn, second).state is jobs.State.QUEUED
    found = follow.follow(guide.conn, returned.follow_code).appointment
    assert found is not None and (found.meet_on, found.hour) == (dt.date(2026, 12, 9), "")


def test_an_invitation_can_be_taken_back_once(guide: Guide, returned: Sealed) -> None:
    job = _invite(guide, returned)
    appointments.cancel(guide.conn, returned.follow_code, staff=1, moment=guide.clock.read())
    assert follow.follow(guide.conn, returned.follow_code).appointment is None
    assert jobs.get(guide.conn, job).state is jobs.State.CANCELLED
    with pytest.raises(Missing, match="no_invitation"):
        appointments.cancel(guide.conn, returned.follow_code, staff=1, moment=guide.clock.read())
    with pytest.raises(Missing, match="no_invitation"):
        appointments.print_again(
            guide.conn,
            returned.follow_code,
            moment=guide.clock.read(),
            settings=guide.settings,
            lang="vi",
        )


@pytest.mark.parametrize(
    ("but", "key"),
    [
        ({"meet_on": dt.date(2026, 11, 20)}, "meet_past"),
        ({"meet_on": dt.date(2028, 12, 2)}, "meet_far"),
        ({"hour": "8h"}, "meet_hour"),
        ({"hour": "24:00"}, "meet_hour"),
        ({"place": "  "}, "meet_place"),
        ({"place": "x" * 81}, "meet_long"),
        ({"bring": "x" * 201}, "meet_long"),
        ({"bring": "căn cước 001199000000"}, "meet_number"),
        ({"place": "gọi 0912 000.000"}, "meet_number"),
    ],
)
def test_an_invitation_that_would_mislead_or_tell_too_much_is_not_made(
    guide: Guide, returned: Sealed, but: dict[str, object], key: str
) -> None:
    with pytest.raises(Refused, match=key):
        _invite(guide, returned, **but)
    assert follow.follow(guide.conn, returned.follow_code).appointment is None
    assert jobs.for_subject(guide.conn, appointments.subject(returned.instance_id)) == ()


def test_a_doubtful_clock_does_not_call_a_day_past(guide: Guide, returned: Sealed) -> None:
    guide.clock.trusted = False
    assert _invite(guide, returned, meet_on=dt.date(2026, 11, 1))


# When it is over.


def _held(database: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(database.parent.glob("house.db*")))


def _left(conn: sqlite3.Connection, sealed: Sealed) -> tuple[int, int]:
    row = conn.execute(
        "SELECT sum(length(content)) FROM outbox_files JOIN outbox ON outbox.id = outbox_id"
        " WHERE instance_id = ?",
        (sealed.instance_id,),
    ).fetchone()
    return int(row[0]), len(inbox.comments(conn, sealed.instance_id, key=KEY))


@pytest.mark.parametrize("state", ["approved", "rejected"])
def test_a_closed_case_is_cleared_on_its_day_and_can_still_be_followed(
    guide: Guide, database: Path, state: str
) -> None:
    sealed = _seal(guide)
    _arrive(guide, sealed)
    _say(guide, sealed, state, "Chị Mẫu đến lấy nhé")
    _invite(guide, sealed, place="Bộ phận một cửa xã Mẫu")
    cipher = guide.conn.execute("SELECT content FROM outbox_files").fetchone()[0]
    guide.clock.advance(29 * _DAY)
    assert ending.close(guide.conn, guide.clock.read(), 30) == 0
    assert _left(guide.conn, sealed) != (0, 0)
    guide.clock.advance(2 * _DAY)
    assert ending.close(guide.conn, guide.clock.read(), 30) == 1
    assert _left(guide.conn, sealed) == (0, 0)
    assert bytes(cipher)[:200] not in _held(database), "not even sealed, not even in the log"
    places = guide.conn.execute("SELECT place || bring FROM dossier_appointments").fetchall()
    assert [row[0] for row in places] == [""]
    found = follow.follow(guide.conn, sealed.follow_code)
    assert found.state is {"approved": State.APPROVED, "rejected": State.REJECTED}[state]
    assert found.appointment is None
    assert ending.close(guide.conn, guide.clock.read(), 30) == 0


def test_an_open_case_is_never_cleared(guide: Guide, returned: Sealed) -> None:
    waiting = guide.start()
    guide.save(waiting.id, "nguoi", {_NAME: "Lý Thị Mẫu"})
    kept = guide.seal(waiting.id)
    guide.clock.advance(900 * _DAY)
    assert ending.close(guide.conn, guide.clock.read(), 30) == 0
    assert _left(guide.conn, returned)[0] > 0 and _left(guide.conn, kept)[0] > 0


def test_what_was_done_again_is_cleared_too(guide: Guide, returned: Sealed) -> None:
    again = _again(guide, returned)
    guide.clock.advance(31 * _DAY)
    assert ending.close(guide.conn, guide.clock.read(), 30) == 1
    assert _left(guide.conn, returned) == (0, 0) and _left(guide.conn, again)[0] > 0


def test_a_doubtful_clock_clears_nothing(guide: Guide) -> None:
    sealed = _seal(guide)
    _arrive(guide, sealed)
    _say(guide, sealed, "approved", "xong")
    guide.clock.advance(400 * _DAY)
    guide.clock.trusted = False
    assert ending.close(guide.conn, guide.clock.read(), 30) == 0
    assert _left(guide.conn, sealed)[1] == 1


# Drafts beyond their day.


@pytest.mark.parametrize("known_before", [False, True], ids=["doubtful", "known"])
def test_a_day_put_right_does_not_take_back_that_a_draft_is_kept_longer(
    guide: Guide, known_before: bool
) -> None:
    guide.clock.trusted = False
    draft = guide.start()
    guide.clock.advance(25 * _DAY)
    guide.clock.trusted = known_before
    drafts.extend(guide.conn, draft.id, Longer.WAITS_FOR_PAPER, staff=2, moment=guide.clock.read())
    day = guide.clock.read().on + dt.timedelta(days=guide.settings.dossiers.draft_days)
    guide.clock.trusted = True
    guide.clock.advance(10 * _DAY)
    assert service.expire(guide.conn, guide.clock.read()) == 0
    told = drafts.told(guide.conn, draft.id, key=guide.key)
    assert told.updated.trusted and told.erase_on == day


def test_a_draft_is_kept_longer_for_a_reason_and_only_so_often(guide: Guide) -> None:
    draft = guide.start()
    guide.clock.advance(25 * _DAY)
    for left in (1, 0):
        day = drafts.extend(guide.conn, draft.id, Longer.WAITS_FOR_PAPER, staff=2, moment=guide.clock.read())
        assert day == guide.clock.read().on + dt.timedelta(days=guide.settings.dossiers.draft_days)
        assert drafts.extensions_left(guide.conn, draft.id) == left
        guide.clock.advance(25 * _DAY)
        assert service.expire(guide.conn, guide.clock.read()) == 0
    with pytest.raises(Refused, match="kept_long_enough"):
        drafts.extend(guide.conn, draft.id, Longer.IS_AWAY, staff=2, moment=guide.clock.read())
    told = ledger.events(guide.conn, draft.id, (What.EXTENDED,))
    assert [(one.detail, one.staff_id) for one in told] == [("waits_for_paper", 2)] * 2
    guide.clock.advance(6 * _DAY)
    assert service.expire(guide.conn, guide.clock.read()) == 1
