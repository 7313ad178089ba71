"""What the House may ask of a slip printer, a panel and a speaker, and how every device says no.

Sheet printer, scanner and code reader stand in ``devices.desk_ports``, with the same errors.

Every driver and every simulator keeps the same promises, and the contract tests hold them to it. Nothing
here touches hardware, knows a language or imports a driver.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:  # these modules need Malformed from here
    from devices.slip import Slip
    from devices.sound import Sound


class State(StrEnum):
    """How a device is, in the words that pages, logs and ``/health`` use as keys."""

    READY = "ready"
    LOW_PAPER = "low_paper"
    UNKNOWN = "unknown"
    """Reachable, but it does not say how it is; work is given to it blind."""
    BUSY = "busy"
    OFFLINE = "offline"
    NO_PAPER = "no_paper"
    COVER_OPEN = "cover_open"
    JAMMED = "jammed"
    LOW_INK = "low_ink"
    NO_INK = "no_ink"
    NO_DOCUMENT = "no_document"
    DENIED = "denied"
    PAUSED = "paused"
    """Somebody stopped it, or it stopped itself: a technician lets it go on."""
    STUCK = "stuck"
    """A button of the panel stays down; everything else of it works."""
    UNSUPPORTED = "unsupported"
    BROKEN = "broken"

    @property
    def usable(self) -> bool:
        """Whether it makes sense to give the device work now."""
        return self in (
            State.READY,
            State.LOW_PAPER,
            State.LOW_INK,
            State.NO_DOCUMENT,
            State.STUCK,
            State.UNKNOWN,
        )


class DeviceError(Exception):
    """A device could not do what was asked.

    ``detail`` is for a technician's log, in English, without personal data.
    """

    state: ClassVar[State] = State.BROKEN

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class Offline(DeviceError, ConnectionError):
    """Not reachable: switched off, cable out, connection closed, or no progress before the deadline."""

    state = State.OFFLINE


class OutOfPaper(DeviceError, OSError):
    """The roll is at its end."""

    state = State.NO_PAPER


class CoverOpen(DeviceError, OSError):
    """The lid is open."""

    state = State.COVER_OPEN


class Jammed(DeviceError, OSError):
    """Paper or cutter is stuck; someone must open the device."""

    state = State.JAMMED


class Busy(DeviceError, BlockingIOError):
    """Someone else is using the device; try again in a moment."""

    state = State.BUSY


class NoInk(DeviceError, OSError):
    """Ink or toner is at its end."""

    state = State.NO_INK


class NoDocument(DeviceError, EOFError):
    """Nothing lies in the scanner's feeder; the scanner itself is well."""

    state = State.NO_DOCUMENT


class Denied(DeviceError, PermissionError):
    """The machine does not let the bench use the device: a group or a udev rule is missing."""

    state = State.DENIED


class Paused(DeviceError, OSError):
    """The print service holds its queue back or takes no jobs; a technician lets it go on."""

    state = State.PAUSED


class Unsupported(DeviceError, NotImplementedError):
    """This device, or this machine, does not have the ability (or the library) that was asked for."""

    state = State.UNSUPPORTED


class NoBuzzer(Unsupported):
    """The panel was set up without a buzzer."""


class NoLight(Unsupported):
    """The panel was set up without a light of that name."""


class NoVolume(Unsupported):
    """The loudness of this kind of sound file cannot be changed; it plays at full volume only."""


class Malformed(DeviceError, ValueError):
    """What was handed in is not what it should be: a slip, a picture or a sound that cannot be understood."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a device is now; ``detail`` is for a technician, in English."""

    state: State
    detail: str = ""

    @classmethod
    def of(cls, error: DeviceError) -> Status:
        """Tell an error as a status."""
        return cls(error.state, error.detail)


_ERRORS: dict[State, type[DeviceError]] = {
    kind.state: kind
    for kind in (
        Offline,
        OutOfPaper,
        CoverOpen,
        Jammed,
        Busy,
        NoInk,
        NoDocument,
        Denied,
        Paused,
        Unsupported,
        DeviceError,
    )
}


def refuse_unusable(status: Status) -> None:
    """Raise the error that belongs to a state in which no work can be done; stay quiet in a usable one."""
    if not status.state.usable:
        raise _ERRORS[status.state](status.detail)


class SlipPrinter(ABC):
    """A printer of narrow paper slips."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Printable dots in a line: 576 or 512 (80 mm paper) or 384 (58 mm)."""

    @abstractmethod
    def print(self, slip: Slip, *, on_first_byte: Callable[[], None] | None = None) -> bool:
        """Print one slip and cut it.

        ``on_first_byte`` is called once, just before the first byte leaves: as long as it was not called,
        no paper was touched and trying again cannot make a second copy. Returns when the printer has taken
        everything: True when it has itself confirmed that the paper came out, False when it cannot. Bounded
        by deadlines. Raises Offline, OutOfPaper, CoverOpen, Jammed, Busy.
        """

    def print_probe(self, *, on_first_byte: Callable[[], None] | None = None) -> bool:
        """Print the probe slip of ``devices.probe``; promises and errors are those of ``print``.

        A printer that could not be set up has nothing to try: Unsupported.
        """
        raise Unsupported("no probe slip for this printer")

    @abstractmethod
    def status(self) -> Status:
        """Ask the printer how it is; bounded in time, never raises a DeviceError."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the device; may be called twice. Printing afterwards is Offline."""


Pattern = tuple[int, ...]
"""Milliseconds of sound, silence, sound, …"""

LONGEST_PATTERN_MS = 10_000


def checked_pattern(pattern: Pattern) -> Pattern:
    """Return the pattern if it is one: positive milliseconds, ten seconds in all; else raise Malformed."""
    if not pattern or any(part <= 0 for part in pattern) or sum(pattern) > LONGEST_PATTERN_MS:
        raise Malformed(f"not a buzzer pattern: {pattern!r}")
    return pattern


TICKET = "ticket"
"""The name of the button on the wall."""


def desk_button(desk: str) -> str:
    """Name the button of a desk, as ``on_press`` reports it."""
    return f"desk-{desk}"


class Panel(ABC):
    """Buttons, a buzzer and small lights."""

    @abstractmethod
    def on_press(self, callback: Callable[[str], None]) -> None:
        """Have ``callback(name)`` called once a press, already debounced; the name is TICKET or a
        ``desk_button``.

        It comes from a thread of the panel's own and must only drop the name into a queue.
        """

    @abstractmethod
    def buzz(self, pattern: Pattern) -> None:
        """Start a pattern and return at once.

        A new one replaces the old. Raises NoBuzzer, Malformed, Offline.
        """

    @abstractmethod
    def light(self, name: str, on: bool) -> None:
        """Switch a light; it stays so. Raises NoLight, Offline."""

    @abstractmethod
    def status(self) -> Status:
        """Say how the panel is; never raises a DeviceError."""

    @abstractmethod
    def close(self) -> None:
        """Silence, darkness, and no more presses; may be called twice. Buzzing afterwards is Offline."""

    @abstractmethod
    def leave_lit(self, name: str) -> None:
        """Close, but leave one light burning for as long as the machine holds its pins as they are.

        Raises NoLight, Offline.
        """


class Speaker(ABC):
    """A loudspeaker."""

    @abstractmethod
    def play(self, sound: Sound, volume: float = 1.0) -> None:
        """Play one sound to its end, bounded by its own length and a few seconds more.

        Blocks: call it from a thread that may wait. ``volume`` is 0.0 to 1.0. Raises Malformed for a volume
        outside that, NoVolume, Busy, Denied, Offline.
        """

    @abstractmethod
    def chime(self, volume: float = 1.0) -> None:
        """Play the House's two notes; blocks about a second. Raises as ``play``."""

    @abstractmethod
    def status(self) -> Status:
        """Say how the speaker is; bounded in time, never raises a DeviceError."""

    @abstractmethod
    def close(self) -> None:
        """Stop what is playing; may be called twice. Playing afterwards is Offline."""
