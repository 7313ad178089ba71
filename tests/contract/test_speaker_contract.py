"""What every speaker keeps: the same cases on the simulator and on the real aplay with a file device."""

from __future__ import annotations

import array
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
from devices.drivers import speaker_alsa
from devices.ports import Busy, Denied, Malformed, NoVolume, Offline, Speaker, State
from devices.simulator.speaker import Fault, SimulatedSpeaker


def tone(seconds: float = 0.2, sample_bytes: int = 2) -> sound.Sound:
    frames = bytes((i * 37) % 251 for i in range(int(8_000 * seconds) * sample_bytes))
    return sound.Sound(8_000, 1, sample_bytes, frames)


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


def test_a_sound_is_heard_in_its_whole_length(rig: Rig) -> None:
    rig.speaker.play(tone(0.25))
    (seconds,) = rig.heard()
    assert 0.24 < seconds < 0.50  # aplay fills the last period with silence


def test_the_chime_is_heard(rig: Rig) -> None:
    rig.speaker.chime()
    (seconds,) = rig.heard()
    assert 1.04 < seconds < 1.30  # aplay fills the last period with silence


def test_a_healthy_speaker_is_ready(rig: Rig) -> None:
    assert rig.speaker.status().state is State.READY


@pytest.mark.parametrize("volume", [-0.1, 1.1, float("nan")])
def test_a_volume_outside_its_range_is_refused(rig: Rig, volume: float) -> None:
    with pytest.raises(Malformed):
        rig.speaker.play(tone(), volume)


def test_a_sound_that_cannot_be_softened_says_so_and_plays_at_full_volume(rig: Rig) -> None:
    odd = tone(sample_bytes=1)
    with pytest.raises(NoVolume):
        rig.speaker.play(odd, 0.5)
    rig.speaker.play(odd)
    assert len(rig.heard()) == 1


def test_a_closed_speaker_is_offline_and_closing_twice_is_calm(rig: Rig) -> None:
    rig.speaker.close()
    rig.speaker.close()
    assert rig.speaker.status().state is State.OFFLINE
    with pytest.raises(Offline):
        rig.speaker.play(tone())
    with pytest.raises(Offline):
        rig.speaker.chime()


@needs_aplay
def test_what_is_heard_is_the_very_samples_at_the_loudness_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = AlsaRig(tmp_path, monkeypatch)
    samples = array.array("h", (1000 * ((i * 7) % 30) for i in range(4_000)))
    rig.speaker.play(sound.Sound(8_000, 1, 2, samples.tobytes()), 0.5)
    rig.close()
    heard = array.array("h", (tmp_path / "heard.wav").read_bytes()[44:])
    assert list(heard[: len(samples)]) == [sample // 2 for sample in samples]
    assert not any(heard[len(samples) :])


@needs_aplay
def test_the_chime_is_as_loud_as_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = AlsaRig(tmp_path, monkeypatch)
    rig.speaker.chime(0.25)
    rig.close()
    loud = array.array("h", sound.chime().frames)
    heard = array.array("h", (tmp_path / "heard.wav").read_bytes()[44:])
    assert max(heard) == int(0.25 * max(loud))


def _card(folder: Path, number: int, id: str, usb: str = "") -> Path:
    place = folder / f"card{number}"
    place.mkdir(parents=True)
    (place / "id").write_text(f"{id}\n")
    if usb:
        (place / "usbid").write_text(f"{usb}\n")
    return place


@needs_aplay
@pytest.mark.parametrize("name", ["Device", "0d8c:0014"])
def test_a_card_that_is_plugged_in_elsewhere_is_found_by_its_name_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    rules = tmp_path / "asound.conf"
    rules.write_text(
        'pcm.plughw { @args [ CARD ] @args.CARD { type string default "" }\n'
        f'file {{ @func concat strings [ "{tmp_path}/" $CARD ".wav" ] }}\n'
        'type file slave.pcm "nothing" format "wav" }\n'
        "pcm.nothing { type null }\n"
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(rules))
    cards = tmp_path / "asound"
    first = _card(cards, 1, "Device", "0d8c:0014")
    _card(cards, 0, "Headphones")
    speaker = speaker_alsa.AlsaSpeaker(SpeakerConfig(kind="alsa", card=name), cards)
    out = tmp_path / "Device.wav"
    speaker.play(tone())
    assert out.stat().st_size > 44
    shutil.rmtree(first)
    with pytest.raises(Offline, match=f"no sound card {name} is plugged in"):
        speaker.play(tone())
    assert speaker.status().state is State.OFFLINE
    out.unlink()
    _card(cards, 5, "Device", "0d8c:0014")
    assert speaker.status().state is State.READY
    speaker.play(tone())
    assert out.stat().st_size > 44
    assert not (tmp_path / "Headphones.wav").exists()
    speaker.close()


@needs_aplay
def test_a_card_that_is_pulled_is_known_at_the_next_look_without_a_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = _player(tmp_path, f"cat >/dev/null; echo played >> {tmp_path}/played", monkeypatch)
    cards = tmp_path / "asound"
    place = _card(cards, 1, "Device")
    speaker = speaker_alsa.AlsaSpeaker(SpeakerConfig(kind="alsa", card="Device"), cards)
    assert [speaker.status().state for _ in range(3)] == [State.READY] * 3
    shutil.rmtree(place)
    assert speaker.status().state is State.OFFLINE
    assert (tmp_path / "played").read_text().splitlines() == ["played"]
    _card(cards, 2, "Device")
    assert speaker.status().state is State.READY


def test_the_cards_of_a_machine_are_listed_with_what_stays_the_same(tmp_path: Path) -> None:
    _card(tmp_path, 0, "Headphones")
    _card(tmp_path, 1, "Device", "0d8c:0014")
    (tmp_path / "card2").mkdir()
    assert speaker_alsa.cards(tmp_path) == (
        speaker_alsa.Card("Headphones", ""),
        speaker_alsa.Card("Device", "0d8c:0014"),
    )
    assert speaker_alsa.cards(tmp_path / "none") == ()


@pytest.mark.parametrize("card", ["plughw:1", "a b", "0D8C:0014", "x" * 33, "Device; rm"])
def test_a_card_that_is_no_name_is_refused_with_its_field(card: str) -> None:
    with pytest.raises(ValueError, match="^card: "):
        SpeakerConfig(kind="alsa", card=card)


def test_a_card_that_only_others_may_use_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "cat >/dev/null; echo 'aplay: main:831: audio open error: Permission denied' >&2; exit 1"
    speaker = _player(tmp_path, script, monkeypatch)
    with pytest.raises(Denied):
        speaker.play(tone())
    assert speaker.status().state is State.DENIED


def test_a_card_that_is_pulled_in_mid_sound_is_offline_and_well_again_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = "head -c 2000 >/dev/null; echo 'aplay: pcm_write:2127: write error: No such device' >&2; exit 1"
    speaker = _player(tmp_path, f"[ -e {tmp_path}/back ] && exec cat >/dev/null; {gone}", monkeypatch)
    with pytest.raises(Offline, match="No such device"):
        speaker.play(tone(2))
    assert speaker.status().state is State.OFFLINE
    (tmp_path / "back").touch()
    assert speaker.status().state is State.READY
    speaker.play(tone(2))


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
        speaker.play(tone(0.1))
    assert time.monotonic() - started < 2
    assert speaker.status().state is State.OFFLINE


def test_a_device_in_use_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "cat >/dev/null; echo 'aplay: main:831: audio open error: Device or resource busy' >&2; exit 1"
    speaker = _player(tmp_path, script, monkeypatch)
    with pytest.raises(Busy):
        speaker.play(tone())
    assert speaker.status().state is State.BUSY


def test_one_sound_at_a_time_and_closing_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = _player(tmp_path, f"touch {tmp_path}/started; exec sleep 60", monkeypatch)
    failed: list[BaseException] = []

    def play() -> None:
        try:
            speaker.play(tone(2))
        except Offline as error:
            failed.append(error)

    thread = threading.Thread(target=play)
    thread.start()
    until = time.monotonic() + 20
    while not (tmp_path / "started").exists() and time.monotonic() < until:
        time.sleep(0.005)
    assert speaker.status().detail == "playing"
    with pytest.raises(Busy):
        speaker.chime()
    started = time.monotonic()
    speaker.close()
    thread.join(timeout=20)
    assert not thread.is_alive()
    # The player would sleep for a minute, its deadline is at five seconds.
    assert time.monotonic() - started < 4
    assert len(failed) == 1


def test_without_aplay_the_speaker_is_sick_and_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    speaker = choose.speaker(SpeakerConfig(kind="alsa"), tmp_path)
    assert speaker.status().state is State.UNSUPPORTED
    assert "alsa-utils" in speaker.status().detail


def test_a_speaker_meant_to_be_silent_still_refuses_what_a_real_one_refuses(tmp_path: Path) -> None:
    speaker = choose.speaker(SpeakerConfig(kind="silent"), tmp_path)
    speaker.play(tone())
    speaker.chime()
    assert speaker.status().state is State.READY
    with pytest.raises(Malformed):
        speaker.play(tone(), 1.5)


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
