"""What every speaker keeps: the same cases on the simulator and on the real aplay with a file device."""

from __future__ import annotations

import json
import shutil
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from devices import choose, sound
from devices.config import SpeakerConfig
from devices.ports import Busy, Malformed, NoVolume, Offline, Speaker, State
from devices.simulator.speaker import Fault, SimulatedSpeaker


def tone(path: Path, seconds: float = 0.2, sample_bytes: int = 2) -> Path:
    frames = bytes((i * 37) % 251 for i in range(int(8_000 * seconds) * sample_bytes))
    path.write_bytes(sound.as_wav(sound.Sound(8_000, 1, sample_bytes, frames)))
    return path


class Rig(Protocol):
    speaker: Speaker

    def heard(self) -> list[float]: ...
    def close(self) -> None: ...


class SimulatorRig:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.speaker = choose.speaker(SpeakerConfig(), folder)
        self._file = folder / "speaker.json"

    def heard(self) -> list[float]:
        return [entry["ms"] / 1000 for entry in json.loads(self._file.read_text("utf-8"))["played"]]

    def close(self) -> None:
        self.speaker.close()


class AlsaRig:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._out = folder / "heard.wav"
        rules = folder / "asound.conf"
        rules.write_text(
            f'pcm.sink {{ type file slave.pcm "nothing" file "{self._out}" format "wav" }}\n'
            "pcm.nothing { type null }\n"
        )
        monkeypatch.setenv("ALSA_CONFIG_PATH", str(rules))
        self.speaker = choose.speaker(SpeakerConfig(kind="alsa", device="sink"), folder)

    def heard(self) -> list[float]:
        if not self._out.exists():
            return []
        size = self._out.stat().st_size - 44
        with wave.open(str(self._out)) as file:
            return [size / (file.getframerate() * file.getnchannels() * file.getsampwidth())]

    def close(self) -> None:
        self.speaker.close()


needs_aplay = pytest.mark.skipif(shutil.which("aplay") is None, reason="aplay is not installed (alsa-utils)")


@pytest.fixture(params=[SimulatorRig, pytest.param(AlsaRig, marks=needs_aplay)], ids=["simulator", "alsa"])
def rig(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    made = request.param(tmp_path, monkeypatch)
    yield made
    made.close()


def test_a_file_is_heard_in_its_whole_length(rig: Rig, tmp_path: Path) -> None:
    rig.speaker.play(tone(tmp_path / "call.wav", 0.25))
    (seconds,) = rig.heard()
    assert 0.24 < seconds < 0.50  # aplay fills the last period with silence


def test_the_chime_is_heard(rig: Rig) -> None:
    rig.speaker.chime()
    (seconds,) = rig.heard()
    assert 1.04 < seconds < 1.30  # aplay fills the last period with silence


def test_a_healthy_speaker_is_ready(rig: Rig) -> None:
    assert rig.speaker.status().state is State.READY


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a sound at all", b"\xff\xfb\x90\x00" * 50, None])
def test_what_is_no_wav_is_refused_and_nothing_is_heard(
    rig: Rig, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "call.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Malformed):
        rig.speaker.play(path)
    assert rig.heard() == []


@pytest.mark.parametrize("volume", [-0.1, 1.1, float("nan")])
def test_a_volume_outside_its_range_is_refused(rig: Rig, tmp_path: Path, volume: float) -> None:
    with pytest.raises(Malformed):
        rig.speaker.play(tone(tmp_path / "call.wav"), volume)


def test_a_sound_that_cannot_be_softened_says_so_and_plays_at_full_volume(rig: Rig, tmp_path: Path) -> None:
    path = tone(tmp_path / "call.wav", sample_bytes=1)
    with pytest.raises(NoVolume):
        rig.speaker.play(path, 0.5)
    rig.speaker.play(path)
    assert len(rig.heard()) == 1


def test_a_closed_speaker_is_offline_and_closing_twice_is_calm(rig: Rig, tmp_path: Path) -> None:
    rig.speaker.close()
    rig.speaker.close()
    assert rig.speaker.status().state is State.OFFLINE
    with pytest.raises(Offline):
        rig.speaker.play(tone(tmp_path / "call.wav"))
    with pytest.raises(Offline):
        rig.speaker.chime()


@needs_aplay
def test_a_device_that_is_not_there_is_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = tmp_path / "asound.conf"
    rules.write_text("pcm.nothing { type null }\n")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(rules))
    speaker = choose.speaker(SpeakerConfig(kind="alsa", device="missing"), tmp_path)
    assert speaker.status().state is State.OFFLINE
    with pytest.raises(Offline):
        speaker.chime()


def _player(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Speaker:
    """A speaker whose aplay is a script: the vendor's edge."""
    programme = folder / "aplay"
    programme.write_text(f"#!/bin/sh\n{script}\n")
    programme.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return choose.speaker(SpeakerConfig(kind="alsa"), folder)


def test_a_player_that_hangs_is_ended_at_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.drivers.speaker_alsa._GRACE_S", 0.3)
    speaker = _player(tmp_path, "exec sleep 60", monkeypatch)
    started = time.monotonic()
    with pytest.raises(Offline):
        speaker.play(tone(tmp_path / "call.wav", 0.1))
    assert time.monotonic() - started < 2
    assert speaker.status().state is State.OFFLINE


def test_a_device_in_use_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "cat >/dev/null; echo 'aplay: main:831: audio open error: Device or resource busy' >&2; exit 1"
    speaker = _player(tmp_path, script, monkeypatch)
    with pytest.raises(Busy):
        speaker.play(tone(tmp_path / "call.wav"))
    assert speaker.status().state is State.BUSY


def test_one_sound_at_a_time_and_closing_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = _player(tmp_path, f"touch {tmp_path}/started; exec sleep 60", monkeypatch)
    failed: list[BaseException] = []

    def play() -> None:
        try:
            speaker.play(tone(tmp_path / "call.wav", 2))
        except Offline as error:
            failed.append(error)

    thread = threading.Thread(target=play)
    thread.start()
    until = time.monotonic() + 2
    while not (tmp_path / "started").exists() and time.monotonic() < until:
        time.sleep(0.005)
    assert speaker.status().detail == "playing"
    with pytest.raises(Busy):
        speaker.chime()
    started = time.monotonic()
    speaker.close()
    thread.join(timeout=2)
    assert not thread.is_alive()
    assert time.monotonic() - started < 1
    assert len(failed) == 1


def test_without_aplay_the_speaker_is_sick_and_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    speaker = choose.speaker(SpeakerConfig(kind="alsa"), tmp_path)
    assert speaker.status().state is State.UNSUPPORTED
    assert "alsa-utils" in speaker.status().detail


def test_a_speaker_meant_to_be_silent_still_refuses_what_is_no_sound(tmp_path: Path) -> None:
    speaker = choose.speaker(SpeakerConfig(kind="silent"), tmp_path)
    speaker.play(tone(tmp_path / "call.wav"))
    speaker.chime()
    assert speaker.status().state is State.READY
    with pytest.raises(Malformed):
        speaker.play(tmp_path / "missing.wav")


def test_the_practice_speaker_fails_as_told_until_it_is_mended(tmp_path: Path) -> None:
    speaker = choose.speaker(SpeakerConfig(), tmp_path)
    assert isinstance(speaker, SimulatedSpeaker)
    speaker.inject(Fault.BUSY)
    with pytest.raises(Busy):
        speaker.chime()
    speaker.inject(Fault.CABLE_PULLED)
    with pytest.raises(Offline):
        speaker.chime()
    speaker.mend()
    speaker.chime()
    assert json.loads((tmp_path / "speaker.json").read_text())["played"][0]["sound"] == "chime"
