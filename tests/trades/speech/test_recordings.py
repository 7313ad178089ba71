"""Villagers' voices: consent, one word after the other, heard whole or not at all, gone when they wish."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import wave
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from devices import sound as sounds
from devices.sound import Sound
from hub.base import backups, db, ids
from hub.base.errors import Missing, NotReady, Refused
from hub.base.house import House, Ports
from hub.base.settings import Settings, SoundSettings
from hub.post import jobs
from hub.post.signals import Announced, Call
from hub.trades.speech import calls, engine, intake, languages, recordings, shaping
from hub.trades.speech.languages import Needs
from hub.trades.speech.model import Voice
from hub.trades.speech.shaping import Verdict
from tests.fakes import FakeClock
from tests.trades.speech import samples

NEEDS = Needs(("1", "2"), ("",))
QUIET = SoundSettings()
needs_voice = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
needs_opus = pytest.mark.skipif(shutil.which("opusdec") is None, reason="opusdec is not installed")


def _no_port() -> None:
    raise AssertionError("a voice needs no device")


@pytest.fixture
def house(database: Path, clock: FakeClock) -> House:
    ports = Ports(*[_no_port] * len(Ports.__dataclass_fields__))  # type: ignore[arg-type]
    return House(Settings(), database.parent, database.parent, clock, ports)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the machine's voice keeps what it made."""
    made = tmp_path / "speech"
    made.mkdir()
    return made


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hmong with three numbers: the set is small enough to be recorded in every test."""
    table = {"call": "call number, desk", "numbers": "whole", "most": 3}
    known = dict(languages.all()) | {"hmn": languages.read("hmn", table)}
    monkeypatch.setattr(languages, "all", lambda: known)


def begin(conn: sqlite3.Connection, house: House, lang: str = "hmn", agreed: bool = True) -> Voice:
    return recordings.begin(
        conn, lang, agreed=agreed, by=1, moment=house.clock.read(), house=house.settings.house
    )


def say(conn: sqlite3.Connection, voice: Voice, slot: str, content: bytes | None = None) -> Voice:
    recordings.take(conn, voice, slot, content or samples.word(), NEEDS)
    return recordings.keep(conn, voice, slot, NEEDS)


def whole(conn: sqlite3.Connection, house: House, base: float = 200.0) -> Voice:
    """Record a whole set; the pitch of a word tells which it is and whose."""
    voice = begin(conn, house)
    for place, slot in enumerate(recordings.missing(conn, voice, NEEDS)):
        voice = say(conn, voice, slot.name, samples.word(base + 40 * place))
    return voice


def call(
    conn: sqlite3.Connection, folder: Path, label: str, langs: tuple[str, ...] = (), **more: object
) -> Sound | None:
    told = Call(1, (), True, Announced(label, "1", "", langs))
    voices = calls.Voices(folder, msgspec.structs.replace(QUIET, **more))
    return calls.sound(conn, told, voices, NEEDS)


def test_without_a_yes_nothing_begins(conn: sqlite3.Connection, house: House) -> None:
    with pytest.raises(Refused, match="recording.consent_needed"):
        begin(conn, house, agreed=False)
    assert recordings.listing(conn) == () and jobs.waiting(conn) == ()


def test_a_yes_gives_a_code_on_a_slip_and_keeps_no_name(conn: sqlite3.Connection, house: House) -> None:
    voice = begin(conn, house)
    (job,) = jobs.for_subject(conn, f"voice:{voice.id}")
    assert voice.code in str(jobs.slip(conn, job.id))
    assert recordings.find(conn, voice.code.lower().replace("-", " ")) == voice
    columns = {
        row["name"]
        for table in ("voices", "recordings")
        for row in conn.execute(f"PRAGMA table_info({table})")
    }
    assert not columns & {"name", "label", "phone"}


def test_a_language_that_nobody_named_is_missing(conn: sqlite3.Connection, house: House) -> None:
    with pytest.raises(Missing, match="recording.no_language"):
        begin(conn, house, "fr")


def test_a_code_that_nobody_has_is_missing_and_a_slip_of_the_pen_is_told(conn: sqlite3.Connection) -> None:
    with pytest.raises(Refused, match="ids.code_wrong"):
        recordings.find(conn, "AAAA-AAAB")
    with pytest.raises(Missing, match="recording.no_voice"):
        recordings.find(conn, ids.new_follow_code())


def test_a_take_is_heard_before_it_is_kept_and_can_be_said_again(
    conn: sqlite3.Connection, house: House, short: None
) -> None:
    voice = begin(conn, house)
    first = recordings.take(conn, voice, "call", samples.wav(300.0), NEEDS)
    assert (first.kept, first.verdict) == (False, Verdict.GOOD)
    heard = sounds.parse(recordings.heard(conn, voice, "call"))
    assert heard.rate == shaping.RATE and abs(samples.pitch_of(heard) - 300) < 15
    assert "call" in {slot.name for slot in recordings.missing(conn, voice, NEEDS)}
    recordings.again(conn, voice)
    with pytest.raises(Missing, match="recording.no_take"):
        recordings.keep(conn, voice, "call", NEEDS)
    say(conn, voice, "call", samples.wav(400.0))
    assert recordings.takes(conn, voice)["call"].kept
    recordings.take(conn, voice, "call", samples.wav(500.0), NEEDS)
    assert abs(samples.pitch_of(sounds.parse(recordings.heard(conn, voice, "call"))) - 500) < 25
    recordings.again(conn, voice)
    assert abs(samples.pitch_of(sounds.parse(recordings.heard(conn, voice, "call"))) - 400) < 20


def test_only_one_take_waits_to_be_listened_to(conn: sqlite3.Connection, house: House, short: None) -> None:
    voice = begin(conn, house)
    for slot in ("call", "number-1", "desk-1"):
        recordings.take(conn, voice, slot, samples.word(), NEEDS)
    assert set(recordings.takes(conn, voice)) == {"desk-1"}


def test_a_word_that_no_call_has_is_not_recorded(conn: sqlite3.Connection, house: House) -> None:
    voice = begin(conn, house)
    with pytest.raises(Missing, match="recording.no_slot"):
        recordings.take(conn, voice, "number-999", samples.wav(), NEEDS)


def test_a_language_is_heard_once_its_set_is_whole_and_not_a_word_before(
    conn: sqlite3.Connection, house: House, short: None, folder: Path
) -> None:
    voice = begin(conn, house)
    for slot in recordings.missing(conn, voice, NEEDS)[:-1]:
        voice = say(conn, voice, slot.name)
    assert not voice.speaks and call(conn, folder, "1") is None
    (last,) = recordings.missing(conn, voice, NEEDS)
    assert say(conn, voice, last.name).speaks
    assert call(conn, folder, "1") is not None
    assert list(folder.glob("*.wav")) == []


def test_a_call_is_the_recorded_words_in_their_order_without_a_gap_but_the_comma(
    conn: sqlite3.Connection, house: House, short: None, folder: Path
) -> None:
    voice = whole(conn, house)
    made = call(conn, folder, "2")
    assert made is not None
    words = [sounds.parse(recordings.heard(conn, voice, slot)) for slot in ("call", "number-2", "desk-1")]
    comma = bytes(2 * round(calls.COMMA_S * shaping.RATE))
    assert made.frames == words[0].frames + words[1].frames + comma + words[2].frames


def test_one_sentence_is_never_two_voices(
    conn: sqlite3.Connection, house: House, short: None, folder: Path
) -> None:
    first = whole(conn, house, 200.0)
    only_first = call(conn, folder, "2")
    second = begin(conn, house)
    say(conn, second, "number-2", samples.wav(900.0))
    assert call(conn, folder, "2") == only_first
    whole(conn, house, 1000.0)
    newest = call(conn, folder, "2")
    assert newest is not None and only_first is not None and newest.frames != only_first.frames
    with db.write(conn):
        conn.execute("DELETE FROM recordings WHERE slot = 'number-3' AND voice_id > ?", (second.id,))
    three = call(conn, folder, "3")
    assert three is not None
    assert three.frames.startswith(sounds.parse(recordings.heard(conn, first, "call")).frames)


def test_a_number_beyond_the_set_and_a_new_desk_are_left_to_vietnamese(
    conn: sqlite3.Connection, house: House, short: None, folder: Path
) -> None:
    whole(conn, house)
    assert call(conn, folder, "4") is None
    new = Call(1, (), True, Announced("2", "9", "", ()))
    assert calls.sound(conn, new, calls.Voices(folder, QUIET), NEEDS) is None


def test_the_settings_may_name_the_valleys_languages(
    conn: sqlite3.Connection, house: House, short: None, folder: Path
) -> None:
    whole(conn, house)
    assert call(conn, folder, "1", languages=("ium",)) is None
    assert call(conn, folder, "1", languages=("ium", "hmn")) is not None


@needs_voice
def test_vietnamese_is_said_first_by_the_machine_and_then_the_village_speaks(
    conn: sqlite3.Connection, house: House, short: None, folder: Path
) -> None:
    machine = call(conn, folder, "1", ("vi",))
    whole(conn, house)
    both = call(conn, folder, "1", ("vi",))
    village = call(conn, folder, "1")
    assert machine is not None and both is not None and village is not None
    assert both.frames == machine.frames + bytes(2 * round(calls.STOP_S * shaping.RATE)) + village.frames


@needs_voice
def test_a_whole_vietnamese_voice_takes_the_machines_place(
    conn: sqlite3.Connection, house: House, folder: Path
) -> None:
    voice = begin(conn, house, "vi")
    for slot in recordings.missing(conn, voice, NEEDS):
        voice = say(conn, voice, slot.name)
    assert voice.speaks
    made = call(conn, folder, "105", ("vi",))
    assert made is not None and list(folder.iterdir()) == []
    named = call(conn, folder, "1000", ("vi",))
    assert named is not None and len(list(folder.iterdir())) == 1


def test_withdrawing_erases_it_everywhere_and_at_once(
    conn: sqlite3.Connection, house: House, short: None, folder: Path
) -> None:
    voice = begin(conn, house)
    voice = say(conn, voice, "call", samples.wav(333.0))
    other = whole(conn, house, 700.0)
    marker = recordings.heard(conn, voice, "call")[2_000:2_400]
    copy = backups.make(house)
    assert marker in copy.read_bytes()
    assert recordings.withdraw(house, conn, voice, moment=house.clock.read()) == 1
    gone = recordings.get(conn, voice.id)
    assert gone.withdrawn_at is not None and (gone.kept, gone.speaks) == (0, False)
    for path in house.data.rglob("*"):
        if path.is_file():
            assert marker not in path.read_bytes(), path
    with closing(sqlite3.connect(copy)) as kept:
        assert kept.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        (left,) = kept.execute("SELECT count(*) FROM recordings WHERE voice_id = ?", (other.id,)).fetchone()
        assert left == other.kept
    assert call(conn, folder, "1") is not None
    with pytest.raises(Refused, match="recording.withdrawn"):
        recordings.take(conn, voice, "call", samples.wav(), NEEDS)


def test_what_was_withdrawn_as_the_power_went_leaves_the_copies_at_night(
    conn: sqlite3.Connection, house: House, short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice = say(conn, begin(conn, house), "call", samples.wav(333.0))
    marker = recordings.heard(conn, voice, "call")[2_000:2_400]
    copy = backups.make(house)
    with monkeypatch.context() as cut:
        cut.setattr(backups, "erase", lambda *_: 0)
        recordings.withdraw(house, conn, voice, moment=house.clock.read())
    assert marker in copy.read_bytes()
    assert recordings.withdrawn_again(house, conn) == 1
    assert marker not in copy.read_bytes()
    assert recordings.withdrawn_again(house, conn) == 0


def test_withdrawing_the_only_voice_makes_the_loudspeaker_forget_the_language(
    conn: sqlite3.Connection, house: House, short: None, folder: Path
) -> None:
    voice = whole(conn, house)
    recordings.withdraw(house, conn, voice, moment=house.clock.read())
    assert call(conn, folder, "1") is None


def test_a_copy_that_cannot_be_changed_is_told_after_all_others_were(
    conn: sqlite3.Connection, house: House, short: None, clock: FakeClock
) -> None:
    voice = begin(conn, house)
    say(conn, voice, "call")
    good = backups.make(house)
    clock.advance(60)
    bad = backups.make(house)
    bad.write_bytes(b"not a database" * 400)
    with pytest.raises(NotReady, match="base.read_only"):
        recordings.withdraw(house, conn, voice, moment=house.clock.read())
    assert recordings.get(conn, voice.id).kept == 0
    with closing(sqlite3.connect(good)) as kept:
        assert kept.execute("SELECT count(*) FROM recordings").fetchone()[0] == 0


def test_a_voice_is_in_the_copies(conn: sqlite3.Connection, house: House, short: None) -> None:
    voice = whole(conn, house)
    with closing(db.connect(backups.make(house), read_only=True)) as copy:
        assert recordings.get(copy, voice.id).kept == voice.kept


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "recording.empty"),
        (b"x" * (intake.MOST_BYTES + 1), "recording.too_big"),
        (b"RIFF", "recording.not_a_sound"),
        (b"\xff\xfb\x90\x00" * 50, "recording.not_a_sound"),
        (b"OggS" + bytes(24) + b"OpusHead" + bytes(60), "recording.not_a_sound"),
        (b"OggS" + bytes(24) + b"\x01vorbis" + bytes(60), "recording.not_a_sound"),
        (sounds.as_wav(Sound(8_000, 1, 2, bytes(16_000 * 31))), "recording.too_long"),
        (sounds.as_wav(Sound(4_000, 1, 2, bytes(8_000 * 130))), "recording.too_long"),
        (sounds.as_wav(Sound(8_000, 1, 2, b"\0\x20\0\xe0" * 36_000)), "recording.too_long"),
        (samples.wav(loud=0.0), "recording.silent"),
        (samples.wav(seconds=0.03), "recording.silent"),
    ],
    ids=[
        "empty",
        "too big",
        "cut off",
        "mp3",
        "half an opus",
        "vorbis",
        "long",
        "very long",
        "much talk",
        "silence",
        "a click",
    ],
)
def test_what_is_no_recording_is_refused_with_one_sentence(content: bytes, key: str) -> None:
    if key == "recording.not_a_sound" and content[28:36] == b"OpusHead" and not shutil.which("opusdec"):
        pytest.skip("opusdec is not installed")
    with pytest.raises(Refused, match=key):
        intake.read(content)


@needs_opus
def test_an_opus_file_from_a_telephone_is_taken(tmp_path: Path) -> None:
    wav, opus = tmp_path / "a.wav", tmp_path / "a.opus"
    wav.write_bytes(samples.wav(440.0, rate=48_000))
    subprocess.run(["opusenc", "--quiet", str(wav), str(opus)], check=True, timeout=20)
    sound, verdict = intake.read(opus.read_bytes())
    assert verdict is Verdict.GOOD and abs(samples.pitch_of(sound) - 440) < 25 and sound.seconds < 0.75


@needs_opus
def test_a_small_file_that_holds_minutes_of_silence_is_never_unpacked_whole(tmp_path: Path) -> None:
    wav, opus = tmp_path / "a.wav", tmp_path / "a.opus"
    with wave.open(str(wav), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000 * 61))
    subprocess.run(["opusenc", "--quiet", "--bitrate", "6", str(wav), str(opus)], check=True, timeout=20)
    assert opus.stat().st_size < 200_000
    with pytest.raises(Refused, match="recording.too_long"):
        intake.read(opus.read_bytes())


def test_a_decoder_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "opusdec"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(engine, "DEADLINE_S", 0.3)
    with pytest.raises(NotReady, match="speech.failed"):
        engine.unpacked(b"OggS" * 100_000, 1_000)


@needs_voice
def test_every_clause_of_every_call_is_made_ahead_once_with_its_progress(folder: Path) -> None:
    voices = calls.Voices(folder, QUIET)
    told: list[tuple[int, int]] = []
    needs = Needs(("1", "2"), ("", "B"), {"x": {"vi": "Giá cả", "en": "Prices"}})
    first = calls.build(voices, needs, ahead=2, tell=lambda there, of: told.append((there, of)))
    # "Mời số một" and "hai", "Mời số B", one and two behind it, two desks, a service; Vietnamese and English.
    assert first.made == 2 * (2 + 1 + 2 + 2 + 1) and (first.present, first.failed) == (0, 0)
    assert told[-1] == (first.made, first.made)
    assert calls.build(voices, needs, ahead=2).present == first.made


@needs_voice
def test_after_building_a_call_makes_no_new_file(conn: sqlite3.Connection, folder: Path) -> None:
    calls.build(calls.Voices(folder, QUIET), NEEDS, ahead=2)
    before = {path.name for path in folder.iterdir()}
    for label in "12":
        assert call(conn, folder, label, ("vi", "en")) is not None
    assert {path.name for path in folder.iterdir()} == before


@needs_voice
def test_a_file_that_a_power_cut_broke_is_made_again(conn: sqlite3.Connection, folder: Path) -> None:
    first = call(conn, folder, "1", ("vi",))
    for path in folder.iterdir():
        path.write_bytes(b"RIFF")
    assert call(conn, folder, "1", ("vi",)) == first


def test_without_an_engine_building_says_so_and_a_call_has_no_words(
    conn: sqlite3.Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotReady, match="speech.no_engine"):
        calls.build(calls.Voices(folder, QUIET), NEEDS, ahead=2)
    assert call(conn, folder, "1", ("vi",)) is None
