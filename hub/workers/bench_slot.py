"""One device in the bench's care: opened, used by one thread, watched by another.

Keeps true: a device that fails alone is a sick device and not a dead bench; it is opened anew after a pause
that grows; a call that does not come back is seen from outside as "hangs". It never lets two threads use
one device.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, get_type_hints

from devices.ports import DeviceError, Offline, State, Status, Unsupported
from hub.base.errors import HubError
from hub.post import health

_log = logging.getLogger(__name__)

_OPEN_FIRST_S, _OPEN_MOST_S = 1.0, 30.0
# A state that only a fresh opening can heal: a library that was missing, a pin that was taken.
_REOPENED = (State.UNSUPPORTED, State.BROKEN)


class _Device(Protocol):
    def status(self) -> Status:
        """See ``devices.ports``."""

    def close(self) -> None:
        """See ``devices.ports``."""


P = TypeVar("P", bound=_Device)
R = TypeVar("R")


class Slot(Generic[P]):
    """The place of one device: ``call`` and ``look`` for its thread, ``told`` and ``hangs`` for a watcher."""

    def __init__(self, name: str, kind: str, opener: Callable[[], P], *, hang_s: float) -> None:
        self.name = name
        self.last_job: int | None = None
        self.status = Status(State.UNKNOWN, "not asked yet")
        self.looks = 0
        self._kind = kind
        self._opener = opener
        self._hang_s = hang_s
        self._port: P | None = None
        self._busy_since: float | None = None
        self._open_at = float("-inf")
        self._open_wait = _OPEN_FIRST_S
        self._looked_at = float("-inf")

    def call(self, what: Callable[[P], R]) -> R:
        """Have the device do something, opening it first if need be; raises its ``DeviceError``.

        An error that is none of the family closes the device and is passed on.
        """
        self._busy_since = time.monotonic()
        try:
            done = what(self._opened())
        except DeviceError as bad:
            self._saw(Status.of(bad))
            raise
        except (HubError, sqlite3.Error):
            # The House's own trouble (a full card, say), told from inside a call: no fault of the device.
            raise
        except Exception:
            self._drop(Status(State.BROKEN, "unexpected error, see the log"))
            raise
        finally:
            self._busy_since = None
        return done

    def look(self) -> Status:
        """Ask the device how it is; never raises a ``DeviceError``."""
        try:
            self._saw(self.call(lambda port: port.status()))
        except DeviceError:
            pass
        except Exception:
            _log.exception("%s could not say how it is", self.name)
        self._looked_at = time.monotonic()
        return self.status

    def look_due(self, calm_s: float, sick_s: float) -> bool:
        """Return whether the last look is ``calm_s`` ago, or ``sick_s`` while something is wrong."""
        wait = calm_s if self.status.state.usable and self.looks else sick_s
        return time.monotonic() - self._looked_at >= wait

    def reset(self) -> None:
        """Forget the pauses: someone says that it is mended."""
        self._open_at, self._open_wait = float("-inf"), _OPEN_FIRST_S
        self._looked_at = float("-inf")

    def hangs(self) -> bool:
        """Return whether a call has been away for too long."""
        since = self._busy_since
        return since is not None and time.monotonic() - since > self._hang_s

    @property
    def busy(self) -> bool:
        """Whether a call is on its way."""
        return self._busy_since is not None

    def told(self, *, looked: bool) -> health.Told:
        """Return what the snapshot should say."""
        return health.Told(
            name=self.name,
            kind=self._kind,
            simulated=self._kind == "simulator",
            status=self.status,
            hangs=self.hangs(),
            last_job=self.last_job,
            looked=looked,
        )

    def close(self) -> None:
        """Let go of the device."""
        port, self._port = self._port, None
        if port is not None:
            try:
                port.close()
            except Exception:
                _log.exception("%s could not be closed", self.name)

    def _opened(self) -> P:
        if self._port is None:
            if time.monotonic() < self._open_at:
                raise Offline(self.status.detail or "waits to be opened again")
            self._open_at = time.monotonic() + self._open_wait
            self._open_wait = min(2 * self._open_wait, _OPEN_MOST_S)
            try:
                self._port = self._opener()
            except DeviceError:
                raise
            except Exception as bad:
                _log.exception("%s could not be opened", self.name)
                raise Unsupported(f"cannot be opened: {type(bad).__name__}") from bad
        return self._port

    def _saw(self, status: Status) -> None:
        self.looks += 1
        if status.state in _REOPENED and self._port is not None:
            self._drop(status)
            return
        if status.state.usable:
            self._open_wait = _OPEN_FIRST_S
        self.status = status

    def _drop(self, status: Status) -> None:
        self.close()
        self._open_at = time.monotonic() + self._open_wait
        self.status = status


def inject(port: Any, fault: str) -> None:
    """Make a simulated device fail; raises ``Unsupported`` for a device that cannot be told to.

    Every simulator names its own faults in the type of ``inject``'s argument.
    """
    told = getattr(port, "inject", None)
    if told is None:
        raise Unsupported("not a simulator")
    faults = get_type_hints(told)["fault"]
    try:
        wanted = faults(fault)
    except ValueError:
        raise Unsupported(f"this simulator knows no fault {fault!r}") from None
    told(wanted)


def mend(port: Any) -> None:
    """Put a simulated device right; raises ``Unsupported`` for a device that cannot be told to."""
    told = getattr(port, "mend", None)
    if told is None:
        raise Unsupported("not a simulator")
    told()


def press(port: Any, button: str) -> None:
    """Press a button of a simulated panel; raises ``Unsupported`` for another panel or an unknown button."""
    told = getattr(port, "press", None)
    if told is None:
        raise Unsupported("not a simulator")
    told(button)
