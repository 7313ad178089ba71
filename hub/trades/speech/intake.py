"""What somebody hands in as a recording: looked at by content, bounded, unpacked, and judged.

Keeps true: a WAV or an Ogg Opus file and nothing else; at most ``LONGEST_S`` seconds and ``MOST_BYTES``
bytes, also once unpacked, and ``LONGEST_SAID_S`` from the first word to the last, so that no call holds up
the loudspeaker. A file's name decides nothing.
"""

from __future__ import annotations

from devices import sound as sounds
from devices.ports import Malformed
from devices.sound import Sound
from hub.base.errors import NotReady, Refused
from hub.trades.speech import engine, shaping
from hub.trades.speech.shaping import Verdict

LONGEST_S = 30
LONGEST_SAID_S = 8
MOST_BYTES = 6 * 1024 * 1024


def read(content: bytes) -> tuple[Sound, Verdict]:
    """Return the shaped sound of a recording and how good it is.

    Raises ``Refused``: "recording.empty", "recording.too_big", "recording.not_a_sound",
    "recording.too_long", "recording.silent"; ``NotReady("speech.…")`` where Opus cannot be unpacked.
    """
    if not content:
        raise Refused("recording.empty")
    if len(content) > MOST_BYTES:
        raise Refused("recording.too_big", megabytes=MOST_BYTES // 1024 // 1024)
    found = _parsed(content)
    if found.seconds > LONGEST_S:
        raise Refused("recording.too_long", seconds=LONGEST_S)
    try:
        even = shaping.even(found)
        verdict = shaping.judge(even)
        if verdict is Verdict.SILENT:
            raise Refused("recording.silent")
        shaped = shaping.shaped(even)
    except Malformed:
        raise Refused("recording.silent") from None
    if shaped.seconds > LONGEST_SAID_S:
        raise Refused("recording.too_long", seconds=LONGEST_SAID_S)
    return shaped, verdict


def _parsed(content: bytes) -> Sound:
    if content[:4] == b"OggS" and content[28:36] == b"OpusHead":
        return _opus(content)
    try:
        return sounds.parse(content)
    except Malformed as bad:
        key = "recording.too_long" if "longer than" in bad.detail else "recording.not_a_sound"
        raise Refused(key, seconds=LONGEST_S) from None


def _opus(content: bytes) -> Sound:
    longest = LONGEST_S * engine.OPUS_RATE * 4
    try:
        samples = engine.unpacked(content, longest + 4)
    except NotReady as bad:
        if bad.key == "speech.failed":
            raise Refused("recording.not_a_sound") from bad
        raise
    return Sound(engine.OPUS_RATE, 2, 2, samples[: len(samples) // 4 * 4])
