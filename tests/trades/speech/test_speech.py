"""Sound files of texts: made once, whole, pruned, recorded ones first, and only for signed words."""

from __future__ import annotations

import os
import shutil
import stat
import threading
import time
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base.errors import NotReady, Refused
from hub.trades.speech import cache
from hub.trades.speech import service as speech

CALL = "Mời số 12, đến bàn số 1"

needs_voice = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
needs_opus = pytest.mark.skipif(shutil.which("opusenc") is None, reason="opusenc is not installed")


def _program(folder: Path, name: str, lines: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@needs_voice
def test_a_text_becomes_a_wav_once(tmp_path: Path) -> None:
    first = speech.render(tmp_path, "vi", CALL, words_per_minute=130)
    with wave.open(str(first)) as sound:
        assert sound.getnchannels() == 1
        assert 1 < sound.getnframes() / sound.getframerate() < 10
    made = first.stat().st_ino
    assert speech.render(tmp_path, "vi", CALL, words_per_minute=130) == first
    assert first.stat().st_ino == made
    assert [path.name for path in tmp_path.iterdir()] == [first.name]


@needs_voice
def test_digits_and_their_words_are_one_sound_and_speed_is_another(tmp_path: Path) -> None:
    digits = speech.render(tmp_path, "vi", "số 12", words_per_minute=130)
    assert speech.render(tmp_path, "vi", "số mười hai", words_per_minute=130) == digits
    assert speech.render(tmp_path, "vi", "số 12", words_per_minute=180) != digits
    assert speech.render(tmp_path, "en", "số 12", words_per_minute=130) != digits


@needs_voice
@needs_opus
def test_a_tablet_gets_a_small_opus_file(tmp_path: Path) -> None:
    path = speech.clip(tmp_path, "vi", CALL, words_per_minute=130)
    assert path.suffix == ".ogg"
    assert path.read_bytes()[:4] == b"OggS"
    assert path.stat().st_size < speech.render(tmp_path, "vi", CALL, words_per_minute=130).stat().st_size / 5
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


@needs_voice
def test_without_opusenc_a_tablet_gets_the_wav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = shutil.which("espeak-ng")
    assert engine is not None
    _program(tmp_path / "bin", "espeak-ng", f'exec {engine} "$@"')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert speech.clip(tmp_path / "speech", "vi", CALL, words_per_minute=130).suffix == ".wav"


def test_without_an_engine_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotReady) as told:
        speech.render(tmp_path, "vi", CALL, words_per_minute=130)
    assert told.value.key == "speech.no_engine"


def test_an_engine_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path / "bin", "espeak-ng", 'printf broken > "$8"; exit 1')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    folder = tmp_path / "speech"
    with pytest.raises(NotReady) as told:
        speech.render(folder, "vi", CALL, words_per_minute=130)
    assert told.value.key == "speech.failed"
    assert list(folder.iterdir()) == []


def test_an_engine_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path / "bin", "espeak-ng", "exec sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr("hub.trades.speech.engine.DEADLINE_S", 0.3)
    began = time.monotonic()
    with pytest.raises(NotReady):
        speech.render(tmp_path / "speech", "vi", CALL, words_per_minute=130)
    assert time.monotonic() - began < 3


@needs_voice
def test_words_that_look_like_options_are_only_words(tmp_path: Path) -> None:
    path = speech.render(tmp_path, "vi", "-w /etc/passwd --version", words_per_minute=130)
    assert path.parent == tmp_path and path.stat().st_size > 1000


@needs_voice
def test_many_at_once_make_one_whole_file(tmp_path: Path) -> None:
    found: list[Path] = []

    def make() -> None:
        found.append(speech.render(tmp_path, "vi", CALL, words_per_minute=130))

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 6 and len(set(found)) == 1
    with wave.open(str(found[0])) as sound:
        assert sound.getnframes() > 0


@needs_voice
def test_a_recorded_clip_wins_for_tablet_and_loudspeaker(tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    (clips / "vi").mkdir(parents=True)
    recorded = clips / "vi" / f"{speech.clip_name('vi', CALL)}.wav"
    shutil.copy(speech.render(tmp_path / "speech", "vi", "Giọng người thật", words_per_minute=130), recorded)
    for say in (speech.render, speech.clip):
        assert say(tmp_path / "speech", "vi", CALL, words_per_minute=130, clips=(clips,)) == recorded
        assert say(tmp_path / "speech", "en", CALL, words_per_minute=130, clips=(clips,)) != recorded


@needs_voice
@needs_opus
def test_a_recorded_opus_clip_by_key_is_unpacked_for_the_loudspeaker(tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    (clips / "vi").mkdir(parents=True)
    recorded = clips / "vi" / "welcome.ogg"
    shutil.copy(speech.clip(tmp_path / "speech", "vi", "Giọng người thật", words_per_minute=130), recorded)
    wav = speech.render(
        tmp_path / "speech", "vi", "Xin chào", words_per_minute=130, clips=(clips,), key="welcome"
    )
    with wave.open(str(wav)) as sound:
        assert sound.getnframes() > 0
    assert wav != speech.render(tmp_path / "speech", "vi", "Xin chào", words_per_minute=130)
    assert (
        speech.clip(tmp_path, "vi", "Xin chào", words_per_minute=130, clips=(clips,), key="welcome")
        == recorded
    )


def test_a_key_cannot_leave_the_folder_of_clips(tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    (clips / "vi").mkdir(parents=True)
    (tmp_path / "secret.ogg").write_bytes(b"OggS")
    with pytest.raises(Refused):
        speech.clip(tmp_path, "vi", "...", words_per_minute=130, clips=(clips,), key="../../secret")


def test_nothing_to_say_and_too_much_to_say_are_refused(tmp_path: Path) -> None:
    for text, key in (("… !", "speech.nothing"), ("a" * (speech.LONGEST + 1), "speech.too_long")):
        with pytest.raises(Refused) as told:
            speech.render(tmp_path, "vi", text, words_per_minute=130)
        assert told.value.key == key


@needs_voice
def test_build_makes_what_is_missing_and_goes_on_after_what_cannot_be_said(tmp_path: Path) -> None:
    texts = [("vi", "Bài một"), ("vi", "…"), ("en", "Lesson one")]
    assert speech.build(tmp_path, texts, words_per_minute=130) == speech.Built(made=2, present=0, failed=1)
    assert speech.build(tmp_path, texts, words_per_minute=130) == speech.Built(made=0, present=2, failed=1)


def test_the_longest_unused_files_go_first_and_a_used_one_stays(tmp_path: Path) -> None:
    for number in range(4):
        path = tmp_path / f"{number}.wav"
        path.write_bytes(bytes(100))
        os.utime(path, (1_000_000 + number, 1_000_000 + number))
    assert cache.find(tmp_path / "0.wav") == tmp_path / "0.wav"
    assert cache.prune(tmp_path, 250) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.wav", "3.wav"]
    assert cache.find(tmp_path / "1.wav") is None


def test_a_name_that_a_power_cut_left_without_a_content_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    path.touch()
    assert cache.find(path) is None
    cache.make(path, lambda draft: draft.write_bytes(b"OggS"))
    assert cache.find(path) == path and path.read_bytes() == b"OggS"


def test_drafts_left_by_a_power_cut_are_swept_and_fresh_ones_are_not(tmp_path: Path) -> None:
    old, fresh = tmp_path / ".old.wav", tmp_path / ".fresh.wav"
    for path in (old, fresh):
        path.write_bytes(b"x")
    os.utime(old, (1_000_000, 1_000_000))
    cache.prune(tmp_path, 10**9)
    assert [path.name for path in tmp_path.iterdir()] == [".fresh.wav"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "speech").write_text("a file where the folder should be")
    with pytest.raises(NotReady) as told:
        cache.make(tmp_path / "speech" / "a.wav", lambda draft: None)
    assert told.value.key == "speech.no_room"


@given(st.text(max_size=200), st.sampled_from(["vi", "en"]))
def test_what_the_house_signed_can_be_asked_for(text: str, lang: str) -> None:
    signature = speech.sign(b"k" * 32, lang, text)
    assert speech.check(b"k" * 32, lang, text, signature)
    assert not speech.check(b"k" * 32, lang, text + "!", signature)
    assert not speech.check(b"k" * 32, "xx", text, signature)
    assert not speech.check(b"l" * 32, lang, text, signature)


def test_a_long_text_is_never_signed_and_a_strange_signature_never_raises() -> None:
    with pytest.raises(Refused):
        speech.sign(b"k" * 32, "vi", "a" * (speech.LONGEST + 1))
    assert not speech.check(b"k" * 32, "vi", "a" * (speech.LONGEST + 1), "")
    assert not speech.check(b"k" * 32, "vi", "a", "ế\udc80")
