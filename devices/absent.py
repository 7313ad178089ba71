"""Stand-ins for a device that is not there: one that could not be set up, and a speaker that is meant to be
silent.

A missing library or a pin that cannot be opened makes a sick device, whose status says why and whose every
ability fails with that reason; the bench and all other devices go on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from devices import sound
from devices.ports import DeviceError, Panel, Pattern, SlipPrinter, Speaker, State, Status
from devices.slip import Slip


class SickPrinter(SlipPrinter):
    """A slip printer that could not be set up."""

    def __init__(self, error: DeviceError, width: int) -> None:
        self._error = error
        self._width = width

    @property
    def width(self) -> int:
        return self._width

    def print(self, slip: Slip, *, on_first_byte: Callable[[], None] | None = None) -> None:
        raise type(self._error)(self._error.detail)

    def status(self) -> Status:
        return Status.of(self._error)

    def close(self) -> None:
        pass


class SickPanel(Panel):
    """A panel that could not be set up: it never reports a press."""

    def __init__(self, error: DeviceError) -> None:
        self._error = error

    def on_press(self, callback: Callable[[str], None]) -> None:
        pass

    def buzz(self, pattern: Pattern) -> None:
        raise type(self._error)(self._error.detail)

    def light(self, name: str, on: bool) -> None:
        raise type(self._error)(self._error.detail)

    def status(self) -> Status:
        return Status.of(self._error)

    def close(self) -> None:
        pass


class SickSpeaker(Speaker):
    """A speaker that could not be set up."""

    def __init__(self, error: DeviceError) -> None:
        self._error = error

    def play(self, wav_path: Path, volume: float = 1.0) -> None:
        raise type(self._error)(self._error.detail)

    def chime(self) -> None:
        raise type(self._error)(self._error.detail)

    def status(self) -> Status:
        return Status.of(self._error)

    def close(self) -> None:
        pass


class SilentSpeaker(Speaker):
    """A House that wants no sound: every sound is checked as a real speaker would, and none is heard."""

    def play(self, wav_path: Path, volume: float = 1.0) -> None:
        sound.softer(sound.read(wav_path), volume)

    def chime(self) -> None:
        pass

    def status(self) -> Status:
        return Status(State.READY, "silent by settings")

    def close(self) -> None:
        pass
