"""Sounds made alike: one rate, no silence at the ends, one loudness; what is told of a recording."""

from __future__ import annotations

import array
import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.ports import Malformed
from devices.sound import Sound
from hub.trades.speech import shaping
from hub.trades.speech.shaping import RATE, Verdict
from tests.trades.speech.samples import pitch_of, tone


def samples(sound: Sound) -> array.array[int]:
    return array.array("h", sound.frames)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_becomes_the_houses_with_the_same_pitch_and_length(rate: int, channels: int) -> None:
    made = shaping.even(tone(440.0, 1.0, rate=rate, channels=channels, before=0, after=0))
    assert (made.rate, made.channels, made.sample_bytes) == (RATE, 1, 2)
    assert abs(made.seconds - 1.0) < 0.01
    assert abs(pitch_of(made) - 440) < 5


def _at_width(sound: Sound, width: int) -> Sound:
    values = samples(sound)
    if width == 1:
        frames = bytes((value >> 8) + 128 for value in values)
    else:
        frames = b"".join(bytes(width - 2) + value.to_bytes(2, "little", signed=True) for value in values)
    return Sound(sound.rate, 1, width, frames)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_samples_of_any_width_mean_the_same(width: int) -> None:
    first = tone()
    made = samples(shaping.even(_at_width(first, width)))
    assert max(abs(a - b) for a, b in zip(made, samples(first), strict=True)) < 256


def test_hiss_above_what_the_house_can_hold_folds_into_the_voice_by_half_at_most() -> None:
    above = shaping.even(tone(17_000.0, 0.5, rate=48_000, before=0, after=0))
    voice = shaping.even(tone(400.0, 0.5, rate=48_000, before=0, after=0))
    assert max(samples(above)) < 0.5 * max(samples(voice))


def test_silence_goes_and_the_word_stays_whole() -> None:
    made = shaping.shaped(tone(220.0, 0.5, before=1.2, after=0.9))
    assert 0.5 <= made.seconds < 0.6


def test_a_microphone_whose_silence_is_not_zero_is_trimmed_like_any_other() -> None:
    made, usual = shaping.shaped(tone(loud=0.2, offset=0.03)), shaping.shaped(tone(loud=0.2))
    assert abs(made.seconds - usual.seconds) < 0.05
    assert abs(sum(samples(made)) / len(samples(made))) < 50


@pytest.mark.parametrize(("rate", "channels", "width"), [(192_000, 1, 1), (192_000, 1, 2), (48_000, 2, 2)])
def test_a_long_recording_of_a_good_microphone_fits_beside_everything_else(
    rate: int, channels: int, width: int
) -> None:
    sound = Sound(rate, channels, width, bytes(range(256)) * (rate * channels * width // 256 // 12))
    tracemalloc.start()
    try:
        shaping.even(sound)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 15 * len(sound.frames)


@pytest.mark.parametrize("loud", [0.02, 0.05, 0.2, 0.6, 0.95])
def test_words_said_softly_and_loudly_come_out_alike_and_never_clipped(loud: float) -> None:
    made = samples(shaping.shaped(tone(loud=loud)))
    peak = max(made) / 32_767
    assert 0.14 < peak < 0.9
    assert made[0] == 0 and abs(made[-1]) < 200


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 2), st.sampled_from([4_000, 22_050, 48_000]))
@settings(max_examples=40, deadline=None)
def test_any_bytes_are_shaped_or_refused_and_nothing_else(
    seed: int, width: int, channels: int, rate: int
) -> None:
    chance = random.Random(seed)
    count = chance.randrange(1, 4_000) * width * channels
    sound = Sound(rate, channels, width, chance.randbytes(count))
    try:
        made = shaping.shaped(sound)
    except Malformed:
        return
    assert (made.rate, made.channels, made.sample_bytes) == (RATE, 1, 2) and made.frames
    assert max(abs(value) for value in samples(made)) <= 0.9 * 32_767


@pytest.mark.parametrize("sound", [tone(loud=0.0), tone(seconds=0.02), Sound(1_000, 1, 2, bytes(4_000))])
def test_what_is_no_word_is_refused(sound: Sound) -> None:
    with pytest.raises(Malformed):
        shaping.shaped(sound)


@pytest.mark.parametrize(
    ("sound", "verdict"),
    [
        (tone(), Verdict.GOOD),
        (tone(loud=0.05, noise=0.002), Verdict.GOOD),
        (tone(seconds=0.3, before=2.0, after=1.5, noise=0.002), Verdict.GOOD),
        (tone(offset=0.03), Verdict.GOOD),
        (tone(loud=0.0, offset=0.03), Verdict.SILENT),
        (tone(seconds=0.3, before=2.0, after=1.5, loud=0.2, noise=0.08), Verdict.NOISY),
        (tone(loud=1.6, offset=0.03), Verdict.CLIPPED),
        (tone(loud=0.0), Verdict.SILENT),
        (tone(loud=0.0, noise=0.004), Verdict.SILENT),
        (tone(loud=0.02), Verdict.QUIET),
        (tone(loud=0.2, noise=0.08), Verdict.NOISY),
        (tone(loud=1.6), Verdict.CLIPPED),
    ],
)
def test_a_recording_is_told_what_to_do_better(sound: Sound, verdict: Verdict) -> None:
    assert shaping.judge(shaping.even(sound)) is verdict


def test_sounds_are_joined_without_a_gap_of_their_own_and_without_a_click() -> None:
    first, second = shaping.shaped(tone(220.0)), shaping.shaped(tone(330.0, loud=0.1))
    made = shaping.joined([first, second], 0.1)
    assert len(made.frames) == len(first.frames) + len(second.frames) + 2 * round(0.1 * RATE)
    close = shaping.joined([first, second])
    steps = [abs(a - b) for a, b in zip(samples(close), samples(close)[1:])]
    inside = max(abs(a - b) for one in (first, second) for a, b in zip(samples(one), samples(one)[1:]))
    assert max(steps) <= inside
