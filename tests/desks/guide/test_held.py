"""A held dossier on a guide's page: what holds it, and one thing to do for each reason."""

from __future__ import annotations

import sqlite3

import pytest

from hub.base import phrases
from hub.post import leases
from hub.post.transports import answers
from tests.desks import dossiers as sealed_ones
from tests.desks.guide.hand import Guide, said
from tests.fakes import FakeClock

# What the courier itself finds, beside what an office answers.
_OWN = (
    "relay.bytes_damaged",
    "relay.files_missing",
    "relay.too_large",
    "relay.conflict",
    "relay.form_not_given",
)


def _all() -> list[str]:
    return sorted(
        {
            *_OWN,
            *leases.ACCESS,
            *(
                answers.judge(status, b"").reason_key
                for status in range(400, 500)
                if answers.judge(status, b"").outcome.value in ("refused", "conflict", "too large")
            ),
        }
        - {None}
    )


@pytest.mark.parametrize("reason", _all())
def test_for_each_reason_there_is_one_thing_to_do_in_both_languages(reason: str) -> None:
    stem = reason.removeprefix("relay.")
    for lang in phrases.LANGUAGES:
        words = phrases.say(lang, f"held.{stem}")
        # One thing, and at most when to press.
        assert 1 <= words.count(".") <= 3 and len(words) < 160


def test_a_guide_reads_what_holds_it_and_the_one_thing_to_do(
    guide: Guide, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    code, instance_id = sealed_ones.kept(conn, clock.read())
    for reason, what in (
        ("relay.form_inactive", "Gọi cơ quan hỏi bao giờ"),
        ("relay.some_day", "xem điều gì đang chặn"),
    ):
        conn.execute(
            "UPDATE outbox SET state = 'held', reason_key = ? WHERE instance_id = ?", (reason, instance_id)
        )
        page = said(guide.get(f"/guide/sealed/{code}"))
        assert what in page and "Việc cần làm" in page and "Gửi lại" in page
    conn.execute("UPDATE outbox SET state = 'queued', reason_key = 'relay.cut'")
    assert "Việc cần làm" not in said(guide.get(f"/guide/sealed/{code}"))
