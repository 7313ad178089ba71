"""Stand-ins for a device that is not there: one that could not be set up, and a speaker that is meant to be
silent.

A missing library or a pin that cannot be opened makes a sick device, whose status says why and whose every
ability fails with that reason; the bench and all other devices go on.
"""

from __future__ import annotations

from collections.abc import Callable

from devices import sound as sounds
from devices.desk_ports import (
    CodeReader,
    ScannedPage,
    Scanner,
    ScanSource,
    ScanWish,
    SheetPrinter,
    SheetProgress,
)
from devices.ports import DeviceError, Panel, Pattern, SlipPrinter, Speaker, State, Status
from devices.slip import Slip
from devices.sound import Sound


class SickPrinter(SlipPrinter):
    """A slip printer that could not be set up."""

    def __init__(self, error: DeviceError, width: int) -> None:
        self._error = error
        self._width = width

    @property
    def width(self) -> int:
        return self._width

    def print(self, slip: Slip, *, on_first_byte: Callable[[], None] | None = None) -> bool:
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

    def leave_lit(self, name: str) -> None:
        raise type(self._error)(self._error.detail)


class SickSpeaker(Speaker):
    """A speaker that could not be set up."""

    def __init__(self, error: DeviceError) -> None:
        self._error = error

    def play(self, sound: Sound, volume: float = 1.0) -> None:
        raise type(self._error)(self._error.detail)

    def chime(self, volume: float = 1.0) -> None:
        raise type(self._error)(self._error.detail)

    def status(self) -> Status:
        return Status.of(self._error)

    def close(self) -> None:
        pass


class SilentSpeaker(Speaker):
    """A House that wants no sound: every sound is checked as a real speaker would, and none is heard."""

    def play(self, sound: Sound, volume: float = 1.0) -> None:
        sounds.softer(sound, volume)

    def chime(self, volume: float = 1.0) -> None:
        self.play(sounds.chime(), volume)

    def status(self) -> Status:
        return Status(State.READY, "silent by settings")

    def close(self) -> None:
        pass


class SickSheetPrinter(SheetPrinter):
    """A sheet printer that could not be set up, or that this House does not have."""

    def __init__(self, error: DeviceError) -> None:
        self._error = error

    def submit(self, pdf: bytes, *, name: str, copies: int = 1) -> str:
        raise type(self._error)(self._error.detail)

    def find(self, name: str) -> str | None:
        raise type(self._error)(self._error.detail)

    def follow(self, handle: str) -> SheetProgress:
        raise type(self._error)(self._error.detail)

    def cancel(self, handle: str) -> None:
        raise type(self._error)(self._error.detail)

    def status(self) -> Status:
        return Status.of(self._error)

    def close(self) -> None:
        pass


class SickScanner(Scanner):
    """A scanner that could not be set up, or that this House does not have."""

    def __init__(self, error: DeviceError) -> None:
        self._error = error

    def sources(self) -> tuple[ScanSource, ...]:
        raise type(self._error)(self._error.detail)

    def scan(
        self,
        wish: ScanWish,
        *,
        on_page: Callable[[ScannedPage], None],
        on_progress: Callable[[int, float], None],
        stopped: Callable[[], bool],
    ) -> int:
        raise type(self._error)(self._error.detail)

    def status(self) -> Status:
        return Status.of(self._error)

    def close(self) -> None:
        pass


class SickCodeReader(CodeReader):
    """A code reader that could not be set up, or that this House does not have: it never reports a code."""

    def __init__(self, error: DeviceError) -> None:
        self._error = error

    def on_code(self, callback: Callable[[str], None]) -> None:
        pass

    def status(self) -> Status:
        return Status.of(self._error)

    def close(self) -> None:
        pass
