"""A speaker without sound: it checks every sound as a real one would and notes what would have been heard.

The last sounds are kept in ``speaker.json``: name, length, loudness and when. It takes no time to play.
"""

from __future__ import annotations

import threading
from enum import StrEnum
from pathlib import Path

from devices import journal
from devices import sound as sounds
from devices.ports import Speaker, State, Status, refuse_unusable
from devices.sound import Sound

INDEX = "speaker.json"
_KEEP = 50


class Fault(StrEnum):
    """What can be wrong with the practice speaker."""

    CABLE_PULLED = "cable_pulled"
    BUSY = "busy"


_STATES = {Fault.CABLE_PULLED: State.OFFLINE, Fault.BUSY: State.BUSY}


class SimulatedSpeaker(Speaker):
    """The practice speaker."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / INDEX
        self._fault: Fault | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._played = journal.entries(journal.read(self._path), "played")
        self._note()

    def inject(self, fault: Fault) -> None:
        """Make the speaker fail this way until ``mend``."""
        self._fault = fault
        self._note()

    def mend(self) -> None:
        """Put everything right again."""
        self._fault = None
        self._note()

    def play(self, sound: Sound, volume: float = 1.0) -> None:
        self._hear(sounds.softer(sound, volume), volume)

    def chime(self, volume: float = 1.0) -> None:
        self.play(sounds.chime(), volume)

    def status(self) -> Status:
        if self._closed:
            return Status(State.OFFLINE, "closed")
        return Status(_STATES[self._fault], self._fault) if self._fault else Status(State.READY)

    def close(self) -> None:
        self._closed = True

    def _hear(self, heard: Sound, volume: float) -> None:
        refuse_unusable(self.status())
        entry: dict[str, object] = {"sound": heard.name, "ms": round(1000 * heard.seconds), "volume": volume}
        with self._lock:
            self._played.append(entry | {"played_at": journal.now()})
            self._played = self._played[-_KEEP:]
        self._note()

    def _note(self) -> None:
        with self._lock:
            told = {"state": self.status().state, "fault": self._fault, "played": self._played}
            journal.write(self._path, told)
