"""The programs that make sound: espeak-ng speaks, opusenc packs, opusdec unpacks.

Keeps true: each runs as a process of its own with a deadline, gets its text through a pipe and never
through its command line, and leaves either a whole file or none. It never keeps anything: the cache does.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hub.base.errors import NotReady

_log = logging.getLogger(__name__)

DEADLINE_S = 10.0
_VOICES = {"vi": "vi", "en": "en"}
_OPUS_KBIT = "20"


def speak(text: str, lang: str, words_per_minute: int, target: Path) -> None:
    """Write ``text`` as a mono WAV to ``target``.

    Raises ``NotReady("speech.no_engine")`` without espeak-ng, ``NotReady("speech.failed")`` when it fails
    or takes longer than ten seconds.
    """
    engine = shutil.which("espeak-ng")
    if engine is None:
        raise NotReady("speech.no_engine")
    voice = _VOICES.get(lang, "en")
    command = [engine, "-b", "1", "-v", voice, "-s", str(words_per_minute), "-w", str(target), "--stdin"]
    _run(command, text.encode("utf-8"))
    if not target.is_file() or target.stat().st_size <= 44:
        raise NotReady("speech.failed")


def can_pack() -> bool:
    """Return whether Opus files can be made here."""
    return shutil.which("opusenc") is not None


def pack(wav: Path, target: Path) -> None:
    """Write the WAV as Opus (20 kbit/s, speech) to ``target``; raises ``NotReady("speech.failed")``."""
    _run(["opusenc", "--quiet", "--speech", "--bitrate", _OPUS_KBIT, str(wav), str(target)])


def unpack(ogg: Path, target: Path) -> None:
    """Write the Opus file as a WAV to ``target``.

    Raises ``NotReady("speech.no_engine")`` without opusdec, ``NotReady("speech.failed")`` when it fails.
    """
    if shutil.which("opusdec") is None:
        raise NotReady("speech.no_engine")
    _run(["opusdec", "--quiet", str(ogg), str(target)])


def _run(command: Sequence[str], given: bytes = b"") -> None:
    try:
        ended = subprocess.run(
            command,
            input=given,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        _log.error("%s took longer than %.0f s", command[0], DEADLINE_S)
        raise NotReady("speech.failed") from late
    except OSError as bad:
        _log.error("%s cannot be started: %s", command[0], bad)
        raise NotReady("speech.no_engine") from bad
    if ended.returncode != 0:
        _log.error(
            "%s ended with %d: %s",
            command[0],
            ended.returncode,
            ended.stderr.decode("utf-8", "replace")[:300],
        )
        raise NotReady("speech.failed")
