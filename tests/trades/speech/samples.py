"""Sounds made for the tests: a voice-like tone with silence around it, noise, and too much of it."""

from __future__ import annotations

import array
import functools
import math
import random

from devices import sound as sounds
from devices.sound import Sound


@functools.cache
def tone(
    pitch: float = 220.0,
    seconds: float = 0.6,
    *,
    rate: int = 22_050,
    loud: float = 0.3,
    before: float = 0.4,
    after: float = 0.4,
    noise: float = 0.0,
    channels: int = 1,
    offset: float = 0.0,
) -> Sound:
    """Return a tone between two silences; ``noise`` and a microphone's ``offset`` lie under all of it."""
    chance = random.Random(7)
    samples = array.array("h")
    for i in range(int(rate * (before + seconds + after))):
        at = i / rate - before
        value = offset + (noise * chance.uniform(-1, 1) if noise else 0.0)
        if 0 <= at < seconds:
            value += loud * math.sin(2 * math.pi * pitch * at)
        samples.extend([round(32_767 * max(-1.0, min(1.0, value)))] * channels)
    return Sound(rate, channels, 2, samples.tobytes())


@functools.cache
def wav(pitch: float = 220.0, seconds: float = 0.6, **more: float) -> bytes:
    """Return a tone as a WAV file."""
    return sounds.as_wav(tone(pitch, seconds, **more))  # type: ignore[arg-type]


def word(pitch: float = 220.0) -> bytes:
    """Return as little as passes for a recorded word, as a WAV file."""
    return wav(pitch, 0.25, before=0.1, after=0.1)


def pitch_of(sound: Sound) -> float:
    """Return the pitch of a tone by counting how often it rises through zero, first time to last."""
    samples = array.array("h", sound.frames)
    rises = [i for i, (a, b) in enumerate(zip(samples, samples[1:])) if a < 0 <= b]
    return (len(rises) - 1) * sound.rate / (rises[-1] - rises[0])
