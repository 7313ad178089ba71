"""Play sounds through ALSA's ``aplay``, one at a time, each with a deadline of its own length and a few
seconds more.

The sound goes through a pipe, so no file is left behind. The device is opened anew for every sound, and a
card is looked up by its name each time, so one that was pulled and plugged in elsewhere is found again. A
player that hangs is ended; none outlives ``close``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from devices import sound as sounds
from devices.config import SpeakerConfig
from devices.ports import Busy, Denied, DeviceError, Offline, Speaker, State, Status, Unsupported
from devices.sound import Sound

CARDS = Path("/proc/asound")
_GRACE_S = 3.0
_TRUST_S = 30.0
_TURN_S = 0.5
"""Longer than the silence that a status question plays, shorter than a person notices."""
_HUSH = Sound(22_050, 1, 2, bytes(2 * 441))
"""20 ms of silence: opening the device for it shows whether it could play, and nobody hears it."""


@dataclass(frozen=True, slots=True)
class Card:
    """A sound card that is plugged in: ALSA's id, and USB's vendor:product where it is a USB card."""

    id: str
    usb: str


def cards(folder: Path = CARDS) -> tuple[Card, ...]:
    """Return the sound cards this machine has now, in ALSA's order."""
    found = []
    for place in sorted(folder.glob("card[0-9]*")):
        told = _first_line(place / "id")
        if told:
            found.append(Card(told, _first_line(place / "usbid")))
    return tuple(found)


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


class AlsaSpeaker(Speaker):
    """A loudspeaker on an ALSA device."""

    def __init__(self, config: SpeakerConfig, cards: Path = CARDS) -> None:
        found = shutil.which("aplay")
        if found is None:
            raise Unsupported("aplay not found: install alsa-utils")
        self._aplay = found
        self._config = config
        self._cards = cards
        self._one = threading.Lock()
        self._player: subprocess.Popen[bytes] | None = None
        self._closed = threading.Event()
        self._last: tuple[float, Status] | None = None

    def play(self, sound: Sound, volume: float = 1.0) -> None:
        self._play(sounds.softer(sound, volume))

    def chime(self, volume: float = 1.0) -> None:
        self.play(sounds.chime(), volume)

    def status(self) -> Status:
        if self._closed.is_set():
            return Status(State.OFFLINE, "closed")
        if self._one.locked():
            return Status(State.READY, "playing")
        try:
            # Costs a look at a small file: a card that was pulled is known before anything is played.
            self._device()
        except Offline as error:
            self._last = None
            return Status.of(error)
        if (
            self._last is None
            or time.monotonic() - self._last[0] > _TRUST_S
            or not self._last[1].state.usable
        ):
            try:
                self._play(_HUSH)
            except DeviceError as error:
                return Status.of(error)
        return self._last[1] if self._last else Status(State.READY)

    def close(self) -> None:
        self._closed.set()
        player = self._player
        if player is not None:
            player.kill()

    def _play(self, what: Sound) -> None:
        if not self._one.acquire(timeout=_TURN_S):
            raise Busy("another sound is playing")
        try:
            self._run(what)
        except DeviceError as error:
            self._last = (time.monotonic(), Status.of(error))
            raise
        else:
            self._last = (time.monotonic(), Status(State.READY))
        finally:
            self._one.release()

    def _run(self, what: Sound) -> None:
        if self._closed.is_set():
            raise Offline("closed")
        command = [self._aplay, "--quiet", f"--device={self._device()}", "-"]
        environment = os.environ | {"LC_ALL": "C"}
        try:
            player = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise Offline(f"aplay does not start: {error.strerror}") from None
        self._player = player
        if self._closed.is_set():  # close() may have looked before the player was there
            player.kill()
        try:
            _, said = player.communicate(sounds.as_wav(what), timeout=what.seconds + _GRACE_S)
        except subprocess.TimeoutExpired:
            player.kill()
            player.communicate()
            raise Offline(f"no end after {what.seconds + _GRACE_S:.1f} s") from None
        finally:
            self._player = None
        if self._closed.is_set():
            raise Offline("closed while playing")
        if player.returncode:
            words = said.decode("utf-8", "replace").strip().splitlines()
            detail = words[-1] if words else f"aplay ended with {player.returncode}"
            told = " ".join(words).lower()
            kind = Busy if "busy" in told else Denied if "permission denied" in told else Offline
            raise kind(detail)

    def _device(self) -> str:
        wanted = self._config.card
        if not wanted:
            return self._config.device
        for card in cards(self._cards):
            if wanted in (card.id, card.usb):
                return f"plughw:CARD={card.id}"
        raise Offline(f"no sound card {wanted} is plugged in")
