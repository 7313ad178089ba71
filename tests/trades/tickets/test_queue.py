"""Giving, calling, missing, moving and finishing numbers."""

from __future__ import annotations

import sqlite3

import msgspec
import pytest

from hub.base import db, phrases
from hub.base.errors import Conflict, HubError, Missing, Refused
from hub.base.settings import Settings
from hub.post import jobs, signals
from hub.post.signals import Announced
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views
from hub.trades.tickets.model import Outcome, Priority, Source, State, What
from tests.trades.tickets.conftest import PAPERS, PHONE, Hand, with_queue


def test_numbers_of_a_day_run_from_one_over_all_services(hand: Hand) -> None:
    given = [hand.give("giay-to"), hand.give("gia-ca"), hand.give("dien-thoai")]
    assert [ticket.number for ticket in given] == [1, 2, 3]
    assert [ticket.label for ticket in given] == ["1", "G2", "3"]


def test_a_number_comes_with_one_slip_and_one_chirp(conn: sqlite3.Connection, hand: Hand) -> None:
    ticket = hand.give()
    (job,) = jobs.for_subject(conn, f"ticket:{ticket.id}")
    assert job.kind is jobs.Kind.TICKET and not job.copy
    assert [chirp.pattern for chirp in signals.chirps(conn, hand.clock.read())] == [signals.PATTERNS["press"]]
    hand.clock.advance(10)
    assert signals.chirps(conn, hand.clock.read()) == ()


def test_second_press_within_three_seconds_is_ignored(conn: sqlite3.Connection, hand: Hand) -> None:
    first = hand.issue(source=Source.BUTTON)
    hand.clock.advance(2.9)
    second = hand.issue(source=Source.BUTTON)
    assert second.folded and second.ticket.id == first.ticket.id
    assert len(jobs.waiting(conn)) == 1
    hand.clock.advance(0.2)
    third = hand.issue(source=Source.BUTTON)
    assert not third.folded and third.ticket.number == 2


def test_a_press_that_reaches_the_database_late_is_still_the_same_press(hand: Hand) -> None:
    hand.clock.advance(1)
    later = hand.issue(source=Source.BUTTON)
    hand.clock.advance(-0.5)
    assert hand.issue(source=Source.BUTTON).ticket.id == later.ticket.id


def test_presses_before_and_after_a_reboot_are_two_people(hand: Hand) -> None:
    first = hand.issue(source=Source.BUTTON)
    hand.clock.reboot()
    hand.clock.mono = first.ticket.issued.mono
    assert not hand.issue(source=Source.BUTTON).folded


@pytest.mark.parametrize(
    "other",
    [
        {"client": "tablet-b"},
        {"service": "dien-thoai"},
        {"priority": Priority.ELDERLY},
        {"source": Source.GUIDE},
    ],
)
def test_the_same_tablet_folds_and_a_different_wish_does_not(hand: Hand, other: dict[str, object]) -> None:
    wish: dict[str, object] = {"source": Source.TABLET, "client": "tablet-a"}
    first = hand.issue(**wish)
    assert hand.issue(**wish).ticket.id == first.ticket.id
    assert not hand.issue(**{**wish, **other}).folded


def test_guides_without_a_client_key_never_fold(hand: Hand) -> None:
    assert [hand.issue().ticket.number for _ in range(3)] == [1, 2, 3]


def test_a_service_that_is_unknown_or_closed_gives_no_number(conn: sqlite3.Connection, hand: Hand) -> None:
    with pytest.raises(Missing, match="tickets.no_service"):
        hand.issue("khong-co")
    tickets.open_service(conn, "giay-to", False)
    with pytest.raises(Refused, match="tickets.service_closed"):
        hand.issue("giay-to")
    assert views.first_open(conn).id == "dien-thoai"
    assert conn.execute("SELECT count(*) FROM tickets").fetchone()[0] == 0


def test_services_of_a_new_pack_replace_the_old_and_stay_closed_if_they_were(
    conn: sqlite3.Connection, hand: Hand
) -> None:
    waiting = hand.give("gia-ca")
    tickets.open_service(conn, "dien-thoai", False)
    version = db.version(conn, views.TOPIC)
    tickets.set_services(conn, [PHONE, PAPERS])
    assert [(one.id, one.open) for one in views.services(conn)] == [("giay-to", True), ("dien-thoai", False)]
    assert db.version(conn, views.TOPIC) == version + 1
    tickets.set_services(conn, [PHONE, PAPERS])
    assert db.version(conn, views.TOPIC) == version + 1
    with pytest.raises(Missing, match="tickets.no_service"):
        hand.give("gia-ca")
    assert hand.called() == waiting.number


def test_a_call_takes_the_next_sounds_and_tells_the_board(conn: sqlite3.Connection, hand: Hand) -> None:
    hand.give()
    version = views.board(conn).version
    hand.clock.advance(60)
    ticket = hand.call("2")
    assert ticket is not None and (ticket.state, ticket.desk, ticket.staff_id) == (State.SERVING, "2", 7)
    board = views.board(conn)
    assert board.version > version and [(one.label, one.desk) for one in board.serving] == [("1", "2")]
    call = signals.next_call(conn, hand.clock.read())
    assert (
        call is not None and call.announced == Announced("1", "2", ticket.service_id, ("vi",)) and call.chime
    )


def test_an_english_ticket_is_called_in_both_languages(conn: sqlite3.Connection, hand: Hand) -> None:
    for _ in range(11):
        hand.give()
    hand.give("gia-ca", lang="en")
    hand.call("1", {"gia-ca"})
    call = signals.next_call(conn, hand.clock.read())
    assert call is not None
    assert call.announced == Announced("G12", "1", "gia-ca", ("vi", "en"))


def test_without_speech_the_chime_still_sounds(conn: sqlite3.Connection, hand: Hand) -> None:
    sound = msgspec.structs.replace(hand.settings.sound, speech=False)
    hand.settings = msgspec.structs.replace(hand.settings, sound=sound)
    hand.give()
    hand.call()
    call = signals.next_call(conn, hand.clock.read())
    assert call is not None and call.announced is None and call.texts == () and call.chime


def test_an_empty_queue_calls_nobody_and_makes_no_sound(conn: sqlite3.Connection, hand: Hand) -> None:
    assert hand.call() is None
    assert signals.next_call(conn, hand.clock.read()) is None


def test_a_desk_that_still_serves_somebody_must_finish_first(hand: Hand) -> None:
    first, second = hand.give(), hand.give()
    hand.call()
    with pytest.raises(Refused, match="tickets.desk_busy"):
        hand.call(finish=None)
    called = hand.call(finish=Outcome.TO_CONTINUE)
    assert called is not None and called.id == second.id
    done = views.get(hand.conn, first.id)
    assert (done.state, done.outcome) == (State.DONE, Outcome.TO_CONTINUE)


def test_the_last_one_is_finished_even_when_nobody_waits(hand: Hand) -> None:
    only = hand.give()
    hand.call()
    assert hand.call(finish=Outcome.REFERRED) is None
    assert views.get(hand.conn, only.id).outcome is Outcome.REFERRED


def test_a_desk_calls_only_the_services_it_offers(hand: Hand) -> None:
    hand.give("giay-to")
    hand.give("dien-thoai")
    assert hand.called("2", {"dien-thoai"}) == 2
    assert hand.call("3", {"gia-ca"}) is None
    assert hand.called("1") == 1


def test_a_desk_that_does_not_exist_is_refused(hand: Hand) -> None:
    ticket = hand.give()
    for act in (
        lambda: hand.call("9"),
        lambda: tickets.recall(hand.conn, "9", moment=hand.clock.read(), settings=hand.settings),
        lambda: hand.move(ticket, to_desk="9"),
    ):
        with pytest.raises(Refused, match="tickets.no_desk"):
            act()


def test_after_two_priority_calls_an_ordinary_number_has_its_turn(hand: Hand) -> None:
    for _ in range(3):
        hand.give()
    for reason in (
        Priority.ELDERLY,
        Priority.PREGNANT,
        Priority.DISABLED,
        Priority.LONG_WAY,
        Priority.ELDERLY,
    ):
        hand.give(priority=reason)
    assert [ticket.number for ticket in views.queue(hand.conn).waiting] == [4, 5, 1, 6, 7, 2, 8, 3]
    assert [hand.called() for _ in range(8)] == [4, 5, 1, 6, 7, 2, 8, 3]


def test_the_fair_rule_holds_over_desks_and_for_late_comers(hand: Hand) -> None:
    hand.give()
    for _ in range(4):
        hand.give(priority=Priority.ELDERLY)
    assert [hand.called("1"), hand.called("2"), hand.called("3")] == [2, 3, 1]
    hand.give()
    assert [hand.called("1"), hand.called("2"), hand.called("3")] == [4, 5, 6]


def test_recalls_sound_again_and_end(conn: sqlite3.Connection, hand: Hand) -> None:
    def again() -> int:
        return tickets.recall(conn, "1", moment=hand.clock.read(), settings=hand.settings).recalls

    with pytest.raises(Refused, match="tickets.desk_empty"):
        again()
    hand.give()
    hand.call()
    assert [again(), again()] == [1, 2]
    assert conn.execute("SELECT count(*) FROM signals WHERE kind = 'say'").fetchone()[0] == 3
    with pytest.raises(Refused, match="tickets.recalled_enough"):
        again()


def test_a_recalled_number_stands_first_on_the_board(hand: Hand) -> None:
    for desk in ("1", "2"):
        hand.give()
        hand.call(desk)
    assert [ticket.desk for ticket in views.board(hand.conn).serving] == ["2", "1"]
    tickets.recall(hand.conn, "1", moment=hand.clock.read(), settings=hand.settings)
    assert [ticket.desk for ticket in views.board(hand.conn).serving] == ["1", "2"]


def test_who_waits_can_only_have_given_up(hand: Hand) -> None:
    ticket = hand.give()
    with pytest.raises(Refused, match="tickets.outcome_not_served"):
        hand.finish(ticket, Outcome.DONE)
    assert hand.finish(ticket, Outcome.GAVE_UP).outcome is Outcome.GAVE_UP
    with pytest.raises(Conflict, match="tickets.already_over"):
        hand.finish(ticket, Outcome.GAVE_UP)


def test_everything_that_happened_is_written_with_desk_and_staff(hand: Hand) -> None:
    ticket = hand.give()
    hand.call("3")
    tickets.recall(hand.conn, "3", moment=hand.clock.read(), settings=hand.settings, staff_id=7)
    hand.finish(ticket)
    told = [
        (event.what, event.detail, event.desk, event.staff_id)
        for event in views.history(hand.conn, ticket.id)
    ]
    assert told == [
        (What.ISSUED, "giay-to", None, None),
        (What.CALLED, "", "3", 7),
        (What.RECALLED, "", "3", 7),
        (What.FINISHED, "done", "3", 7),
    ]


def test_events_only_grow(hand: Hand) -> None:
    hand.give()
    for statement in ("UPDATE ticket_events SET what = 'called'", "DELETE FROM ticket_events"):
        with pytest.raises(sqlite3.IntegrityError, match="ticket events"):
            hand.conn.execute(statement)


def test_a_second_slip_is_marked_as_a_copy(conn: sqlite3.Connection, hand: Hand) -> None:
    ticket = hand.give()
    job_id = tickets.reprint(conn, ticket.id, moment=hand.clock.read(), settings=hand.settings)
    newest, oldest = jobs.for_subject(conn, f"ticket:{ticket.id}")
    assert (newest.id, newest.copy, oldest.copy) == (job_id, True, False)
    hand.finish(ticket, Outcome.GAVE_UP)
    with pytest.raises(Conflict, match="tickets.already_over"):
        tickets.reprint(conn, ticket.id, moment=hand.clock.read(), settings=hand.settings)


def test_the_code_on_the_slip_finds_the_number_however_it_is_typed(hand: Hand) -> None:
    ticket = hand.give()
    token = ticket.token
    for typed in (token, token.lower(), f" {token[:3]}-{token[3:6]} {token[6:]}"):
        assert views.by_token(hand.conn, typed).id == ticket.id
    for typed in ("", str(ticket.id), token[:-1], "\ud800\x00", "x" * 10_000):
        with pytest.raises(Missing, match="tickets.unknown"):
            views.follow(hand.conn, typed, hand.clock.read())


def test_codes_cannot_be_guessed_from_each_other(hand: Hand) -> None:
    tokens = {hand.give().token for _ in range(50)}
    assert len(tokens) == 50 and {len(token) for token in tokens} == {9}
    assert len({token[:3] for token in tokens}) > 40


def test_every_refusal_has_its_sentence_in_both_languages(hand: Hand) -> None:
    first, second = hand.give(), hand.give()
    hand.call()
    settings = with_queue(Settings(), recalls=1)
    tickets.recall(hand.conn, "1", moment=hand.clock.read(), settings=settings)
    acts = (
        lambda: hand.issue("khong-co"),
        lambda: hand.call("9"),
        lambda: hand.call(finish=None),
        lambda: tickets.recall(hand.conn, "1", moment=hand.clock.read(), settings=settings),
        lambda: hand.miss(second),
        lambda: hand.come_back(first),
        lambda: hand.move(first),
        lambda: hand.finish(second),
        lambda: views.get(hand.conn, 99),
    )
    for act in acts:
        with pytest.raises(HubError) as told:
            act()
        for lang in phrases.LANGUAGES:
            assert "{" not in phrases.say(lang, told.value.key, **told.value.values)


def test_every_word_of_the_queue_has_phrases() -> None:
    for room, words in (
        ("priority", Priority),
        ("state", State),
        ("outcome", Outcome),
        ("event", What),
    ):
        assert all(phrases.has(f"tickets.{room}_{word}") for word in words)
