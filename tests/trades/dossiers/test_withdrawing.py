"""A sealed dossier taken back before the office has it: nothing of it stays but events without content."""

from __future__ import annotations

import sqlite3

import pytest

from devices.slip import Slip, Text
from hub.base import boxes, db
from hub.base.errors import Conflict, Missing
from hub.post import jobs, outbox, sheet_jobs, sheet_printing
from hub.trades.dossiers import appointments, drafts, follow, ledger, sealing, withdrawing
from hub.trades.dossiers.model import DraftId, What
from tests.desks import dossiers
from tests.fakes import FakeClock


def test_what_never_left_is_gone_with_its_code_and_marks(conn: sqlite3.Connection, clock: FakeClock) -> None:
    code, instance_id = dossiers.kept(conn, clock.read())
    draft_id = withdrawing.draft_of(conn, code)
    with db.write(conn):
        ledger.set_marks(conn, draft_id, [("me", b"mark")])
    gone = withdrawing.withdraw(conn, code, staff=1, moment=clock.read())
    assert gone.draft_id == draft_id and gone.never_left and gone.scrubbed
    for table in ("outbox", "outbox_files", "dossiers", "dossier_marks"):
        assert conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0, table
    with pytest.raises(Missing):
        follow.follow(conn, code)
    with pytest.raises(Missing):
        outbox.state(conn, instance_id)
    kinds = [one.what for one in ledger.events(conn, draft_id, (What.SEALED, What.WITHDRAWN))]
    assert kinds == [What.SEALED, What.WITHDRAWN]
    assert not follow.listing(conn)


def test_its_papers_are_not_printed_any_more_and_say_nothing(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    code, instance_id = dossiers.kept(conn, clock.read())
    other, other_instance = dossiers.kept(conn, clock.read())
    subjects = [sealing.subject(instance_id), appointments.subject(instance_id)]
    for subject in (*subjects, sealing.subject(instance_id), sealing.subject(other_instance)):
        jobs.add(conn, jobs.Kind.RECEIPT, Slip((Text(f"mã {code}"),)), moment=clock.read(), subject=subject)
    jobs.cancel(conn, jobs.for_subject(conn, subjects[0])[0].id, moment=clock.read())
    withdrawing.withdraw(conn, code, staff=1, moment=clock.read())
    assert [job.subject for job in jobs.waiting(conn)] == [sealing.subject(other_instance)]
    told = conn.execute("SELECT subject FROM jobs WHERE slip IS NOT NULL").fetchall()
    assert [row["subject"] for row in told] == [sealing.subject(other_instance)]


def test_its_sheets_of_a4_are_wanted_back_too(conn: sqlite3.Connection, clock: FakeClock) -> None:
    code, _ = dossiers.kept(conn, clock.read())
    draft_id = withdrawing.draft_of(conn, code)
    sheet_printing.offer(conn, boxes.pair()[1], moment=clock.read())
    ids = [
        sheet_jobs.add(conn, kind, b"%PDF-1.4", moment=clock.read(), subject=subject)
        for kind, subject in (
            (sheet_jobs.Kind.FORM, f"draft:{draft_id}"),
            (sheet_jobs.Kind.SEALED_COVER, f"sealed:{code}"),
        )
    ]
    withdrawing.withdraw(conn, code, staff=1, moment=clock.read())
    assert all(sheet_jobs.get(conn, one).state is sheet_jobs.State.CANCELLED for one in ids)


def test_after_a_try_nobody_is_told_that_it_never_left(conn: sqlite3.Connection, clock: FakeClock) -> None:
    code, _ = dossiers.kept(conn, clock.read())
    with db.write(conn):
        conn.execute("UPDATE outbox SET attempts = 2")
    assert not withdrawing.withdraw(conn, code, staff=1, moment=clock.read()).never_left


@pytest.mark.parametrize(
    "stands",
    [
        "UPDATE outbox SET state = 'sending'",
        "UPDATE outbox SET accepted_at = '2026-11-21T01:00:00.000000Z'",
        "UPDATE outbox_files SET delivered_at = '2026-11-21T01:00:00.000000Z'",
    ],
)
def test_what_the_office_is_taking_is_not_taken_back(
    conn: sqlite3.Connection, clock: FakeClock, stands: str
) -> None:
    code, _ = dossiers.kept(conn, clock.read())
    with db.write(conn):
        conn.execute(stands)
    with pytest.raises(Conflict, match="too_late_to_withdraw"):
        withdrawing.withdraw(conn, code, staff=1, moment=clock.read())
    assert follow.follow(conn, code).code == code


def test_what_the_office_has_is_not_taken_back(conn: sqlite3.Connection, clock: FakeClock) -> None:
    code, instance_id = dossiers.kept(conn, clock.read())
    dossiers.at_office(conn, instance_id, clock.read())
    with pytest.raises(Conflict, match="too_late_to_withdraw"):
        withdrawing.withdraw(conn, code, staff=1, moment=clock.read())
    assert follow.follow(conn, code).state.at_office


def test_what_it_did_again_may_be_done_again_anew(conn: sqlite3.Connection, clock: FakeClock) -> None:
    code, _ = dossiers.kept(conn, clock.read())
    old, old_instance = dossiers.kept(conn, clock.read())
    with db.write(conn):
        conn.execute(
            "INSERT INTO dossier_corrections VALUES (?, ?)", (withdrawing.draft_of(conn, code), old_instance)
        )
        drafts.tell(conn, withdrawing.draft_of(conn, old), What.DONE_AGAIN, code, 1, clock.read())
    assert follow.follow(conn, old).redone_as == code
    assert follow.follow(conn, old).events[-1].detail == code
    withdrawing.withdraw(conn, code, staff=1, moment=clock.read())
    assert follow.follow(conn, old).redone_as is None
    assert [one.what for one in follow.follow(conn, old).events] == [What.SEALED]


def test_a_draft_without_a_consent_on_record_says_so(conn: sqlite3.Connection) -> None:
    assert withdrawing.agreed(conn, DraftId("nobody")) is None
