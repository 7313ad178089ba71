"""The programs that make sound: espeak-ng speaks, opusenc packs, opusdec unpacks.

Keeps true: each runs as a process of its own with a deadline, gets its text through a pipe and never
through its command line, and leaves either a whole file or none. It never keeps anything: the cache does.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from hub.base.errors import NotReady

_log = logging.getLogger(__name__)

DEADLINE_S = 10.0
OPUS_RATE = 48_000
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


def unpacked(opus: bytes, most: int) -> bytes:
    """Return an Opus file's samples: 16 bits, 48,000 a second, two channels; at most ``most`` bytes of them.

    Nothing touches the disk. Raises ``NotReady("speech.no_engine")`` without opusdec,
    ``NotReady("speech.failed")`` when it fails or takes longer than ten seconds.
    """
    program = shutil.which("opusdec")
    if program is None:
        raise NotReady("speech.no_engine")
    command = [program, "--quiet", "--force-stereo", "--rate", str(OPUS_RATE), "-", "-"]
    quiet = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **quiet) as running:  # type: ignore[call-overload]
        late = threading.Timer(DEADLINE_S, running.kill)
        feeder = threading.Thread(target=_feed, args=(running.stdin, opus), daemon=True)
        late.start()
        feeder.start()
        try:
            # A small file can hold hours of silence: no more is read than anybody may say.
            samples = bytes(running.stdout.read(most))
            whole = not running.stdout.read(1)
        finally:
            late.cancel()
            if running.poll() is None and not running.stdout.closed:
                running.stdout.close()
            ended = _ended(running)
            feeder.join()
    if whole and (ended != 0 or not samples):
        _log.error("opusdec ended with %d", ended)
        raise NotReady("speech.failed")
    return samples


def _feed(pipe: IO[bytes], content: bytes) -> None:
    # The decoder may end before it has read everything, and then it says why itself.
    with contextlib.suppress(OSError), pipe:
        pipe.write(content)


def _ended(running: subprocess.Popen[bytes]) -> int:
    try:
        return running.wait(1)
    except subprocess.TimeoutExpired:
        running.kill()
        return running.wait()


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
