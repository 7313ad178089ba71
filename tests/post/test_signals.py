"""Sounds that go stale: heard in time or never."""

from __future__ import annotations

import sqlite3

import pytest

from hub.post import signals
from tests.fakes import FakeClock


def test_a_fresh_buzz_is_due_until_it_was_heard(conn: sqlite3.Connection, clock: FakeClock) -> None:
    signals.chirp(conn, "press", moment=clock.read(), ttl_s=3)
    (chirp,) = signals.chirps(conn, clock.read())
    assert chirp.pattern == signals.PATTERNS["press"]
    signals.heard(conn, [chirp.id])
    assert signals.chirps(conn, clock.read()) == ()


def test_a_stale_signal_is_never_due_and_is_swept(conn: sqlite3.Connection, clock: FakeClock) -> None:
    signals.chirp(conn, "call", moment=clock.read(), ttl_s=3)
    signals.say(conn, [("vi", "Mời số 12")], moment=clock.read(), ttl_s=20)
    clock.advance(3)
    assert signals.chirps(conn, clock.read()) == ()
    assert signals.next_call(conn, clock.read()) is not None
    assert signals.sweep(conn, clock.read()) == 1
    clock.advance(17)
    assert signals.next_call(conn, clock.read()) is None
    assert signals.sweep(conn, clock.read()) == 1


def test_a_reboot_makes_every_signal_stale(conn: sqlite3.Connection, clock: FakeClock) -> None:
    signals.say(conn, [("vi", "Mời số 12")], moment=clock.read(), ttl_s=600)
    clock.reboot()
    assert signals.next_call(conn, clock.read()) is None
    assert signals.sweep(conn, clock.read()) == 1


def test_calls_come_one_after_the_other_in_their_languages(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    texts = [("vi", "Mời số 12, đến bàn số 1"), ("en", "Number 12 to desk 1")]
    signals.say(conn, texts, moment=clock.read(), ttl_s=20)
    signals.say(conn, [("vi", "Mời số 13")], moment=clock.read(), ttl_s=20, chime=False)
    first = signals.next_call(conn, clock.read())
    assert first is not None and first.texts == tuple(texts) and first.chime
    signals.heard(conn, [first.id])
    second = signals.next_call(conn, clock.read())
    assert second is not None and second.texts == (("vi", "Mời số 13"),) and not second.chime


def test_an_unknown_pattern_is_a_mistake_in_the_program(conn: sqlite3.Connection, clock: FakeClock) -> None:
    with pytest.raises(ValueError):
        signals.chirp(conn, "tada", moment=clock.read(), ttl_s=3)


def test_a_signal_of_an_instant_after_the_look_is_not_swept(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    looked = clock.read()
    clock.advance(0.01)
    signals.chirp(conn, "press", moment=clock.read(), ttl_s=3)
    assert signals.sweep(conn, looked) == 0
