"""The bench's voice: one sound a call, its hours, its second time, and a loudspeaker that comes and goes."""

from __future__ import annotations

import array
import dataclasses
import datetime as dt
import shutil
import sqlite3
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.config import SpeakerConfig
from devices.ports import State
from devices.simulator.speaker import Fault, SimulatedSpeaker
from hub.base import settings as all_settings
from hub.base.errors import NotReady
from hub.base.settings import SoundHours, SoundSettings
from hub.overview import calling
from hub.post import signals
from hub.post.signals import Announced
from hub.trades.speech import calls
from hub.trades.tickets import service as tickets
from hub.workers import bench_slot
from hub.workers.bench_slot import Slot
from hub.workers.bench_voice import Voice
from tests.fakes import FakeClock
from tests.workers.house import issue, made, noted, running, until

needs_voice = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
pytestmark = needs_voice
NIGHT = SoundHours(since="20:00", until="06:00", volume=0.0)
NOON = SoundHours(since="11:30", until="13:30", volume=0.25)
TOLD = Announced("5", "1", "papers", ("vi",))


class Hand:
    """A voice without its thread, and a clock that obeys."""

    def __init__(self, data: Path, **sound: object) -> None:
        self.clock = FakeClock()
        settled = msgspec.structs.replace(SoundSettings(), **sound)
        self.house = dataclasses.replace(made(data, sound=settled), clock=self.clock)
        self.speaker = SimulatedSpeaker(self.house.simulated)
        self.conn = self.house.connect()
        slot = Slot("speaker", "simulator", lambda: self.speaker, hang_s=60)
        self.voice = Voice(self.house, slot, threading.Event())

    def calls(self, told: Announced = TOLD, *, at: str = "", chime: bool = True) -> list[tuple[str, float]]:
        """Call, let the voice take a turn, and return what was heard: name and loudness."""
        if at:
            hour = dt.time.fromisoformat(at)
            day = dt.datetime(2026, 11, 21, hour.hour, hour.minute, tzinfo=dt.timezone(dt.timedelta(hours=7)))
            self.clock.at = day.astimezone(dt.UTC)
        before = len(self.heard())
        signals.announce(self.conn, told, moment=self.clock.read(), ttl_s=20, chime=chime)
        self.voice.turn(self.conn)
        return self.heard()[before:]

    def heard(self) -> list[tuple[str, float]]:
        return [(one["sound"], one["volume"]) for one in noted(self.house, "speaker.json", "played")]

    def waiting(self) -> int:
        return int(self.conn.execute("SELECT count(*) FROM signals").fetchone()[0])


class _Pulled(SimulatedSpeaker):
    """A loudspeaker whose cable goes right after a chime."""

    def chime(self, volume: float = 1.0) -> None:
        super().chime(volume)
        self.inject(Fault.CABLE_PULLED)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_a_call_is_a_chime_and_one_sound(data: Path) -> None:
    hand = Hand(data)
    assert hand.calls(dataclasses.replace(TOLD, langs=("vi", "en"))) == [("chime", 1.0), ("call", 1.0)]
    assert hand.waiting() == 0


@pytest.mark.parametrize(
    ("chime", "speech", "heard"),
    [(True, True, ["chime", "call"]), (False, True, ["call"]), (True, False, ["chime"]), (False, False, [])],
)
def test_turning_one_off_leaves_the_other(data: Path, chime: bool, speech: bool, heard: list[str]) -> None:
    hand = Hand(data, chime=chime, speech=speech)
    assert [name for name, _ in hand.calls()] == heard
    assert hand.waiting() == 0


@pytest.mark.parametrize(
    ("at", "heard"),
    [
        ("08:30", [("chime", 0.8), ("call", 0.8)]),
        ("11:29", [("chime", 0.8), ("call", 0.8)]),
        ("11:30", [("chime", 0.25), ("call", 0.25)]),
        ("13:29", [("chime", 0.25), ("call", 0.25)]),
        ("13:30", [("chime", 0.8), ("call", 0.8)]),
        ("19:59", [("chime", 0.8), ("call", 0.8)]),
        ("20:00", []),
        ("23:59", []),
        ("00:00", []),
        ("05:59", []),
        ("06:00", [("chime", 0.8), ("call", 0.8)]),
    ],
)
def test_every_hour_has_its_loudness_also_across_midnight(
    data: Path, at: str, heard: list[tuple[str, float]]
) -> None:
    hand = Hand(data, volume=0.8, hours=(NIGHT, NOON))
    assert hand.calls(at=at) == heard
    assert hand.waiting() == 0


def test_a_clock_in_doubt_keeps_no_quiet_hours(data: Path) -> None:
    hand = Hand(data, hours=(NIGHT,))
    hand.clock.trusted = False
    assert hand.calls(at="23:00") == [("chime", 1.0), ("call", 1.0)]


def test_the_first_hours_that_hold_count(data: Path) -> None:
    hand = Hand(data, hours=(SoundHours(since="22:00", until="23:00", volume=0.5), NIGHT))
    assert {loud for _, loud in hand.calls(at="22:30")} == {0.5}
    assert hand.calls(at="23:00") == []


@given(st.times(), st.times(), st.times())
def test_hours_and_the_hours_that_are_left_never_hold_together(a: dt.time, b: dt.time, at: dt.time) -> None:
    first, last = f"{a:%H:%M}", f"{b:%H:%M}"
    if first == last:
        return
    inside = SoundHours(since=first, until=last, volume=0.0)
    outside = SoundHours(since=last, until=first, volume=0.0)
    assert inside.holds(at) != outside.holds(at)


@pytest.mark.parametrize(
    "row",
    [
        'from = "20:00", to = "20:00", volume = 0',
        'from = "24:00", to = "06:00", volume = 0',
        'from = "8:00", to = "06:00", volume = 0',
        'from = "20:00", to = "06:00", volume = 1.5',
        'from = "20:00", to = "06:00"',
        'since = "20:00", until = "06:00", volume = 0',
    ],
)
def test_hours_that_make_no_sense_stop_the_start(row: str) -> None:
    with pytest.raises(NotReady, match="settings.bad"):
        all_settings.read(f"[sound]\nhours = [{{ {row} }}]\n", "hub.toml")


def test_hours_are_read_as_they_are_documented() -> None:
    found = all_settings.read('[sound]\nhours = [{ from = "20:00", to = "06:00", volume = 0 }]\n', "hub.toml")
    assert found.sound.hours == (NIGHT,)
    assert all_settings.read(all_settings.write(found), "again").sound == found.sound


def test_a_call_is_said_twice_with_a_pause_and_without_a_second_chime(data: Path) -> None:
    hand = Hand(data, times=2, again_s=0.05)
    assert [name for name, _ in hand.calls()] == ["chime", "call"]
    wait = hand.voice.turn(hand.conn)
    assert 0 < wait <= 0.05 and len(hand.heard()) == 2
    until(lambda: hand.voice.turn(hand.conn) is not None and len(hand.heard()) == 3)
    first, second = [one for one in noted(hand.house, "speaker.json", "played") if one["sound"] == "call"]
    assert first["ms"] == second["ms"]
    hand.voice.turn(hand.conn)
    assert len(hand.heard()) == 3


def test_the_second_time_gives_way_to_the_next_call(data: Path) -> None:
    hand = Hand(data, times=2, again_s=0.001)
    hand.calls()
    assert [name for name, _ in hand.calls(Announced("6", "2", "papers", ("vi",)))] == ["chime", "call"]
    until(lambda: hand.voice.turn(hand.conn) is not None and len(hand.heard()) == 5)
    assert [name for name, _ in hand.heard()] == ["chime", "call", "chime", "call", "call"]


def test_the_second_time_is_quiet_when_quiet_hours_have_begun(data: Path) -> None:
    hand = Hand(data, times=2, again_s=0.001, hours=(NIGHT,))
    assert len(hand.calls(at="19:59")) == 2
    hand.clock.advance(60)
    until(lambda: hand.voice.turn(hand.conn) == 1.0)
    assert len(hand.heard()) == 2


def test_a_call_that_went_stale_while_the_loudspeaker_was_away_is_not_made(data: Path) -> None:
    hand = Hand(data)
    hand.speaker.inject(Fault.CABLE_PULLED)
    assert hand.calls() == []
    assert hand.waiting() == 1
    hand.clock.advance(21)
    hand.speaker.mend()
    hand.voice.turn(hand.conn)
    assert hand.heard() == [] and hand.waiting() == 0


def test_a_call_interrupted_after_its_chime_is_said_without_another_chime(data: Path) -> None:
    hand = Hand(data)
    hand.speaker = _Pulled(hand.house.simulated)
    assert [name for name, _ in hand.calls()] == ["chime"]
    hand.speaker.mend()
    hand.voice.turn(hand.conn)
    assert [name for name, _ in hand.heard()] == ["chime", "call"]


def test_a_service_is_named_where_the_settings_want_it(data: Path) -> None:
    short, long = Hand(data / "a"), Hand(data / "b", service=True)
    for hand in (short, long):
        hand.calls()
    lengths = [noted(hand.house, "speaker.json", "played")[-1]["ms"] for hand in (short, long)]
    assert lengths[1] > lengths[0] + 500


def test_a_guides_call_goes_all_the_way_to_the_loudspeaker(tmp_path: Path) -> None:
    house = made(tmp_path / "data")
    conn = house.connect()
    ticket = issue(conn, house)
    with running(house):
        tickets.call_next(conn, "1", None, moment=house.clock.read(), settings=house.settings)
        until(lambda: len(noted(house, "speaker.json", "played")) == 2)
    needs = calling.needs(conn, house.settings)
    told = signals.Call(1, (), True, Announced(ticket.label, "1", ticket.service_id, ("vi",)))
    expected = calls.sound(conn, told, calls.Voices(house.speech, house.settings.sound), needs)
    assert expected is not None
    assert noted(house, "speaker.json", "played")[-1]["ms"] == round(1000 * expected.seconds)
    conn.close()


def test_a_cable_that_is_pulled_while_nobody_is_called_is_seen_within_three_seconds(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000.0]
    monkeypatch.setattr(bench_slot, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def seen_after(wanted: State) -> float:
        began = now[0]
        while now[0] - began < 60:
            now[0] += hand.voice.turn(hand.conn)
            if hand.voice.slot.status.state is wanted:
                break
        return now[0] - began

    hand = Hand(data)
    hand.voice.turn(hand.conn)
    assert hand.voice.slot.status.state is State.READY
    hand.speaker.inject(Fault.CABLE_PULLED)
    assert seen_after(State.OFFLINE) <= 3
    hand.speaker.mend()
    assert seen_after(State.READY) <= 3


@pytest.fixture
def sink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """ALSA whose only device writes what it hears to a file; without the file of rules it has none."""
    if shutil.which("aplay") is None:
        pytest.skip("aplay is not installed (alsa-utils)")
    rules = tmp_path / "asound.conf"
    rules.write_text(
        f'pcm.sink {{ type file slave.pcm "nothing" file "{tmp_path}/heard.wav" format "wav" }}\n'
        "pcm.nothing { type null }\n"
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(rules))
    yield rules


def test_the_real_player_hears_every_sample_of_a_call_as_one_sound(tmp_path: Path, sink: Path) -> None:
    house = made(
        tmp_path / "data", sound=SoundSettings(chime=False, volume=0.5), speaker=SpeakerConfig("alsa", "sink")
    )
    conn = house.connect()
    with running(house):
        signals.announce(conn, TOLD, moment=house.clock.read(), ttl_s=20)
        until(lambda: conn.execute("SELECT count(*) FROM signals").fetchone()[0] == 0, 10)
    told = signals.Call(1, (), True, TOLD)
    spoken = calls.Voices(house.speech, house.settings.sound)
    expected = calls.sound(conn, told, spoken, calling.needs(conn, house.settings))
    conn.close()
    assert expected is not None
    with wave.open(str(tmp_path / "heard.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (22_050, 1, 2)
    heard = array.array("h", (tmp_path / "heard.wav").read_bytes()[44:])
    samples = array.array("h", expected.frames)
    assert list(heard[: len(samples)]) == [int(sample * 0.5) for sample in samples]


def test_a_loudspeaker_that_is_pulled_and_plugged_in_again_makes_the_call_that_waited(
    tmp_path: Path, sink: Path
) -> None:
    house = made(tmp_path / "data", speaker=SpeakerConfig("alsa", "sink"))
    conn = house.connect()
    rules = sink.read_text()
    sink.write_text("pcm.nothing { type null }\n")
    with running(house):
        signals.announce(conn, TOLD, moment=house.clock.read(), ttl_s=20)
        until(lambda: _state(conn) == "offline", 10)
        assert not (tmp_path / "heard.wav").exists()
        sink.write_text(rules)
        until(lambda: conn.execute("SELECT count(*) FROM signals").fetchone()[0] == 0, 15)
        assert (tmp_path / "heard.wav").stat().st_size > 44
        until(lambda: _state(conn) == "ready", 10)
    conn.close()


def _state(conn: sqlite3.Connection) -> str:
    row = conn.execute("SELECT state FROM devices WHERE name = 'speaker'").fetchone()
    return str(row[0]) if row else ""
