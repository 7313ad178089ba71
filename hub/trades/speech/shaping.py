"""Sounds made alike, so that they can be joined: one rate, no silence at the ends, the same loudness.

Keeps true: every shaped sound is 16-bit mono at ``RATE`` and begins and ends softly, so a joint is never
heard as a click; what is too quiet, too loud or too noisy is told, not hidden. It never makes an object of
every sample that comes in: half a minute from a good microphone has to fit beside everything else on a Pi.
Nothing but the standard library.
"""

from __future__ import annotations

import array
import math
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import accumulate, pairwise
from operator import mul

from devices.ports import Malformed
from devices.sound import Sound

RATE = 22_050
"""Samples a second of every shaped sound: what espeak-ng speaks at and the chime has."""

_WINDOW = RATE // 50
_EDGE = RATE // 50
_FADE = RATE // 200
_FULL = 32_767.0
_TARGET, _MOST_PEAK, _MOST_GAIN = 0.12, 0.89, 12.0
_SILENT, _QUIET, _CLIPPED_SHARE = 0.006, 0.02, 0.001
_BELOW_VOICE, _VOICED, _NOISE_SHARE = 0.06, 0.25, 0.12
_SHORTEST_S = 0.15


class Verdict(StrEnum):
    """How a recording is: good, or what to do better."""

    GOOD = "good"
    SILENT = "silent"
    QUIET = "quiet"
    NOISY = "noisy"
    CLIPPED = "clipped"


def even(sound: Sound) -> Sound:
    """Return ``sound`` as 16-bit mono at ``RATE``; raises Malformed for samples of another kind."""
    if sound.sample_bytes not in (1, 2, 3, 4) or not 1 <= sound.channels <= 8:
        raise Malformed(f"{sound.channels} channels of {sound.sample_bytes} bytes")
    return _made(_resampled(_mono(_values(sound), sound.channels), sound.rate), sound.name)


def judge(sound: Sound) -> Verdict:
    """Say how an even sound is as a recording: its voice against full scale, its noise against the voice."""
    samples = _samples(sound)
    levels = sorted(_levels(_centred(samples)))
    if not levels or levels[-1] < _SILENT:
        return Verdict.SILENT
    voiced = [level for level in levels if level >= _VOICED * levels[-1]]
    voice, floor = voiced[len(voiced) // 2], levels[int(0.05 * (len(levels) - 1))]
    loud = sum(1 for sample in samples if abs(sample) >= 32_600)
    if loud > _CLIPPED_SHARE * len(samples):
        return Verdict.CLIPPED
    if levels[-1] < _QUIET:
        return Verdict.QUIET
    return Verdict.NOISY if floor > _NOISE_SHARE * voice else Verdict.GOOD


def shaped(sound: Sound) -> Sound:
    """Return ``sound`` even, without silence at its ends, at the House's loudness, with soft ends.

    Raises Malformed when nothing is to be heard in it.
    """
    return _levelled(_trimmed(_centred(_samples(even(sound))), sound.name), sound.name)


def joined(sounds: Iterable[Sound], pause_s: float = 0.0, name: str = "call") -> Sound:
    """Return shaped sounds one after the other, with ``pause_s`` of silence between."""
    silence = bytes(2 * round(RATE * pause_s))
    return Sound(RATE, 1, 2, silence.join(one.frames for one in sounds), name)


def _values(sound: Sound) -> array.array[int]:
    frames, width = sound.frames, sound.sample_bytes
    if width == 1:
        # The only unsigned kind.
        return array.array("h", ((byte - 128) << 8 for byte in frames))
    if width == 2:
        return _samples(sound)
    # The two upper bytes of each sample are as much as a voice needs.
    upper = bytearray(2 * (len(frames) // width))
    upper[0::2], upper[1::2] = frames[width - 2 :: width], frames[width - 1 :: width]
    return _native(bytes(upper))


def _samples(sound: Sound) -> array.array[int]:
    return _native(sound.frames)


def _native(frames: bytes) -> array.array[int]:
    samples = array.array("h", frames)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _made(samples: Iterable[int], name: str) -> Sound:
    made = array.array("h", samples)
    if sys.byteorder == "big":
        made.byteswap()
    return Sound(RATE, 1, 2, made.tobytes(), name)


def _mono(values: array.array[int], channels: int) -> array.array[int]:
    if channels == 1:
        return values
    each = (values[i::channels] for i in range(channels))
    return array.array("h", (sum(frame) // channels for frame in zip(*each)))


def _resampled(samples: array.array[int], rate: int) -> Sequence[int]:
    if rate == RATE or not samples:
        return samples
    if not 4_000 <= rate <= 192_000:
        raise Malformed(f"{rate} samples a second")
    count = max(1, len(samples) * RATE // rate)
    step = rate / RATE
    if step < 1:
        last = len(samples) - 1
        between = (
            round(samples[i] + (at - i) * (samples[min(i + 1, last)] - samples[i]))
            for at in (n * step for n in range(count))
            for i in (min(int(at), last),)
        )
        return array.array("h", between)
    # The mean of what each new sample covers: picking single ones would fold hiss into the voice.
    sums = array.array("q", accumulate(samples, initial=0))
    edges = pairwise(min(int(n * step), len(samples)) for n in range(count + 1))
    return array.array("h", ((sums[b] - sums[a]) // max(1, b - a) for a, b in edges))


def _centred(samples: array.array[int]) -> array.array[int]:
    # A cheap microphone's silence is not zero: it would neither be trimmed nor pass for silence.
    rest = round(sum(samples) / max(1, len(samples)))
    if not rest:
        return samples
    return array.array("h", (max(-32_768, min(32_767, sample - rest)) for sample in samples))


def _levels(samples: Sequence[int]) -> list[float]:
    found: list[float] = []
    for start in range(0, len(samples), _WINDOW):
        window = samples[start : start + _WINDOW]
        # A last piece of a few samples says nothing about the room.
        if len(window) == _WINDOW or not found:
            found.append(math.sqrt(sum(map(mul, window, window)) / len(window)) / _FULL)
    return found


def _trimmed(samples: array.array[int], name: str) -> array.array[int]:
    levels = _levels(samples)
    loudest = max(levels, default=0.0)
    if loudest < _SILENT:
        raise Malformed(f"nothing is to be heard in {name}")
    heard = [i for i, level in enumerate(levels) if level >= max(_SILENT / 2, _BELOW_VOICE * loudest)]
    first = max(0, heard[0] * _WINDOW - _EDGE)
    last = min(len(samples), (heard[-1] + 1) * _WINDOW + _EDGE)
    if last - first < _SHORTEST_S * RATE:
        raise Malformed(f"{name} is no word: it is over in a moment")
    return samples[first:last]


def _levelled(samples: array.array[int], name: str) -> Sound:
    levels = _levels(samples)
    least = _VOICED * max(levels)
    voiced = [level for level in levels if level >= least]
    loudness = math.sqrt(sum(level * level for level in voiced) / len(voiced))
    peak = max(max(samples), -min(samples)) / _FULL
    gain = min(_TARGET / loudness, _MOST_PEAK / peak, _MOST_GAIN)
    made = [int(sample * gain) for sample in samples]
    for i in range(min(_FADE, len(made))):
        made[i] = made[i] * i // _FADE
        made[-1 - i] = made[-1 - i] * i // _FADE
    return _made(made, name)
