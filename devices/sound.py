"""Sounds as bytes: read a WAV file, make it softer, and synthesise the House's chime.

Nothing here plays anything; nothing needs more than the standard library. Files are checked by content:
what is not an uncompressed WAV of at most two minutes is refused.
"""

from __future__ import annotations

import array
import functools
import io
import math
import sys
import wave
from dataclasses import dataclass, replace
from pathlib import Path

from devices.ports import Malformed, NoVolume

LONGEST_S = 120.0
_CHIME_RATE = 22_050
_CHIME = ((0.00, 587.33), (0.28, 440.00))
"""Start in seconds and pitch in hertz: a falling fourth, d'' to a', as a doorbell says it."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Uncompressed samples and how to play them."""

    rate: int
    channels: int
    sample_bytes: int
    frames: bytes
    name: str = "sound"
    """What it is, for a journal."""

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return len(self.frames) / (self.rate * self.channels * self.sample_bytes)


def read(path: Path) -> Sound:
    """Read a WAV file; raise Malformed when it is missing, or as ``parse``."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Malformed(f"{path.name} cannot be read: {error.strerror}") from None
    return parse(content, path.name)


def parse(content: bytes, name: str = "sound") -> Sound:
    """Read the bytes of a WAV file; raise Malformed when it is something else, empty, or longer than two
    minutes.
    """
    try:
        with wave.open(io.BytesIO(content), "rb") as file:
            if file.getnframes() > LONGEST_S * file.getframerate():
                raise Malformed(f"{name} plays longer than {LONGEST_S:.0f} s")
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError, RuntimeError, ZeroDivisionError) as error:
        raise Malformed(f"{name} is not a WAV file: {error}") from None
    if not frames or not rate or len(frames) % (channels * width):
        raise Malformed(f"{name} holds no whole sound")
    return Sound(rate, channels, width, frames, name)


def softer(sound: Sound, volume: float) -> Sound:
    """Return the sound at ``volume`` (0.0 to 1.0); raise NoVolume unless its samples are 16 bits wide."""
    if not 0.0 <= volume <= 1.0:
        raise Malformed(f"a volume is 0.0 to 1.0, not {volume}")
    if volume == 1.0:
        return sound
    if sound.sample_bytes != 2:
        raise NoVolume(f"only 16-bit sounds can be softened, not {8 * sound.sample_bytes}-bit")
    samples = array.array("h", sound.frames)
    swapped = sys.byteorder == "big"  # WAV is little-endian
    if swapped:
        samples.byteswap()
    samples = array.array("h", (int(sample * volume) for sample in samples))
    if swapped:
        samples.byteswap()
    return replace(sound, frames=samples.tobytes())


def as_wav(sound: Sound) -> bytes:
    """Write the sound as a WAV file."""
    with io.BytesIO() as memory:
        with wave.open(memory, "wb") as file:
            file.setnchannels(sound.channels)
            file.setsampwidth(sound.sample_bytes)
            file.setframerate(sound.rate)
            file.writeframes(sound.frames)
        return memory.getvalue()


@functools.cache
def chime() -> Sound:
    """Return the House's two notes, about one second of 16-bit mono."""
    length = int(1.05 * _CHIME_RATE)
    samples = array.array("h", bytes(2 * length))
    for start, pitch in _CHIME:
        first = int(start * _CHIME_RATE)
        for i in range(first, length):
            t = (i - first) / _CHIME_RATE
            # A soft start keeps small loudspeakers from clicking; the second partial makes it wood.
            swell = min(1.0, t / 0.008) * math.exp(-5.0 * t) * min(1.0, (length - i) / 400)
            tone = math.sin(2 * math.pi * pitch * t) + 0.35 * math.sin(4 * math.pi * pitch * t) * math.exp(
                -6 * t
            )
            samples[i] = max(-32_767, min(32_767, samples[i] + int(11_000 * swell * tone)))
    if sys.byteorder == "big":
        samples.byteswap()
    return Sound(_CHIME_RATE, 1, 2, samples.tobytes(), "chime")
